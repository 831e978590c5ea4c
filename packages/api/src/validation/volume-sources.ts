// Sources that volumes of pods and PersistentVolumes have in common (pkg/apis/core/validation).

import { field } from '../field-error.ts'
import type { HostPathVolumeSource, NFSVolumeSource } from '../generated/kinds.ts'
import { nameIsDnsSubdomain } from '../names.ts'
import { validateNoBacksteps } from './env-vars.ts'
import { addInvalid, validateOptionalEnum, type FieldErrors } from './fields.ts'

const hostPathTypes = [
  '',
  'BlockDevice',
  'CharDevice',
  'Directory',
  'DirectoryOrCreate',
  'File',
  'FileOrCreate',
  'Socket',
]

export function validateHostPath(
  errors: FieldErrors,
  path: string,
  source: HostPathVolumeSource | null | undefined,
): void {
  if (!source?.path) {
    errors.push(field.required(`${path}.path`, ''))
    return
  }
  validateNoBacksteps(errors, `${path}.path`, source.path)
  validateOptionalEnum(errors, `${path}.type`, source.type, hostPathTypes)
}

export function validateNfs(errors: FieldErrors, path: string, source: NFSVolumeSource | null | undefined): void {
  if (!source?.server) errors.push(field.required(`${path}.server`, ''))
  if (!source?.path) errors.push(field.required(`${path}.path`, ''))
  if (source?.path?.startsWith('/')) return
  errors.push(field.invalid(`${path}.path`, source?.path ?? '', 'must be an absolute path'))
}

/** A CSI driver's name: a DNS subdomain of at most 63 characters, in any case. */
export function validateDriverName(errors: FieldErrors, path: string, name: string | null | undefined): void {
  if (!name) {
    errors.push(field.required(path, ''))
    return
  }
  if (name.length > 63) errors.push(field.tooLong(path, 63))
  addInvalid(errors, path, name, nameIsDnsSubdomain(name.toLowerCase()))
}
