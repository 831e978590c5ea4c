// Volumes of pods: one source each, and what the common sources require (ValidateVolumes of
// pkg/apis/core/validation).

import { field } from '../field-error.ts'
import type {
  DownwardAPIVolumeFile,
  KeyToPath,
  ProjectedVolumeSource,
  Volume,
  VolumeProjection,
} from '../generated/kinds.ts'
import { isDns1123Label } from '../names.ts'
import { compareQuantities, parseQuantity } from '../quantity.ts'
import { validateFieldRef, validateNoBacksteps, validateResourceFieldRef, volumeFields } from './env-vars.ts'
import { requireValid, type FieldErrors } from './fields.ts'
import { validateDriverName, validateHostPath, validateNfs } from './volume-sources.ts'

const modeProblem = 'must be a number between 0 and 0777 (octal), both inclusive'

function validateMode(errors: FieldErrors, path: string, mode: number | null | undefined): void {
  if (mode != null && (mode < 0 || mode > 0o777)) errors.push(field.invalid(path, mode, modeProblem))
}

/** A path below the volume. */
export function validateDescendingPath(errors: FieldErrors, path: string, target: string): void {
  if (target.startsWith('/')) errors.push(field.invalid(path, target, 'must be a relative path'))
  validateNoBacksteps(errors, path, target)
}

/** Names that start with two dots are the kubelet's own. */
function validateFilePath(errors: FieldErrors, path: string, target: string | undefined): void {
  if (!target) {
    errors.push(field.required(path, ''))
    return
  }
  validateDescendingPath(errors, path, target)
  if (target.startsWith('..') && target !== '..' && !target.startsWith('../')) {
    errors.push(field.invalid(path, target, "must not start with '..'"))
  }
}

function validateItems(errors: FieldErrors, path: string, items: readonly KeyToPath[] | null | undefined): void {
  for (const [index, item] of (items ?? []).entries()) {
    const at = `${path}.items[${index}]`
    if (!item.key) errors.push(field.required(`${at}.key`, ''))
    validateFilePath(errors, `${at}.path`, item.path)
    validateMode(errors, `${at}.mode`, item.mode)
  }
}

/** Errors stand at the list's owner, without an index, as upstream has them. */
function validateDownwardFiles(
  errors: FieldErrors,
  path: string,
  files: readonly DownwardAPIVolumeFile[] | null | undefined,
): void {
  for (const { path: target, fieldRef, resourceFieldRef, mode } of files ?? []) {
    validateFilePath(errors, `${path}.path`, target)
    if (fieldRef) {
      validateFieldRef(errors, `${path}.fieldRef`, fieldRef, volumeFields)
      if (resourceFieldRef) {
        const why = 'fieldRef and resourceFieldRef can not be specified simultaneously'
        errors.push(field.invalid(path, 'resource', why))
      }
    } else if (resourceFieldRef) {
      validateResourceFieldRef(errors, `${path}.resourceFieldRef`, resourceFieldRef, { inVolume: true })
    } else errors.push(field.required(path, 'one of fieldRef and resourceFieldRef is required'))
    validateMode(errors, `${path}.mode`, mode)
  }
}

function validateProjection(errors: FieldErrors, path: string, source: VolumeProjection): void {
  const { secret, configMap, downwardAPI, serviceAccountToken: token } = source
  if (secret) {
    if (!secret.name) errors.push(field.required(`${path}.secret.name`, ''))
    validateItems(errors, `${path}.secret`, secret.items)
  }
  if (configMap) {
    if (!configMap.name) errors.push(field.required(`${path}.configMap.name`, ''))
    validateItems(errors, `${path}.configMap`, configMap.items)
  }
  if (downwardAPI) validateDownwardFiles(errors, `${path}.downwardAPI`, downwardAPI.items)
  if (token) {
    const at = `${path}.serviceAccountToken`
    const seconds = token.expirationSeconds
    if (seconds != null && seconds < 600) {
      const why = 'may not specify a duration less than 10 minutes'
      errors.push(field.invalid(`${at}.expirationSeconds`, seconds, why))
    } else if (seconds != null && seconds > 2 ** 32) {
      const why = 'may not specify a duration larger than 2^32 seconds'
      errors.push(field.invalid(`${at}.expirationSeconds`, seconds, why))
    }
    validateFilePath(errors, `${at}.path`, token.path)
  }
}

/** The files that a projection names itself, with what stands for its source in an error. */
function projectedFiles({ secret, configMap, downwardAPI }: VolumeProjection): [string, string][] {
  const files: [string, string][] = []
  for (const source of [secret, configMap]) {
    for (const { path } of source?.items ?? []) files.push([path, source?.name ?? ''])
  }
  for (const { path } of downwardAPI?.items ?? []) files.push([path, path])
  return files
}

function validateProjected(errors: FieldErrors, path: string, projected: ProjectedVolumeSource): void {
  validateMode(errors, `${path}.defaultMode`, projected.defaultMode)
  const paths = new Set<string>()
  for (const [index, source] of (projected.sources ?? []).entries()) {
    const at = `${path}.sources[${index}]`
    validateProjection(errors, at, source)
    for (const [file, shown] of projectedFiles(source)) {
      if (!file) continue
      if (paths.has(file)) errors.push(field.invalid(path, shown, 'conflicting duplicate paths'))
      paths.add(file)
    }
    if (Object.values(source).filter((value) => value != null).length > 1) {
      errors.push(field.forbidden(at, 'may not specify more than 1 volume type per source'))
    }
  }
}

const zero = parseQuantity('0')

type SourceCheck = (errors: FieldErrors, path: string, volume: Volume) => void

/** What the sources that this engine can mount require; `path` is the source's. */
const sourceChecks: Readonly<Partial<Record<keyof Volume, SourceCheck>>> = {
  emptyDir: (errors, path, { emptyDir }) => {
    const limit = emptyDir?.sizeLimit
    if (limit != null && compareQuantities(parseQuantity(limit), zero) < 0) {
      errors.push(field.forbidden(`${path}.sizeLimit`, 'SizeLimit field must be a valid resource quantity'))
    }
  },
  hostPath: (errors, path, { hostPath }) => validateHostPath(errors, path, hostPath),
  gitRepo: (errors, path, { gitRepo }) => {
    if (!gitRepo?.repository) errors.push(field.required(`${path}.repository`, ''))
    validateDescendingPath(errors, `${path}.directory`, gitRepo?.directory ?? '')
  },
  secret: (errors, path, { secret }) => {
    if (!secret?.secretName) errors.push(field.required(`${path}.secretName`, ''))
    validateMode(errors, `${path}.defaultMode`, secret?.defaultMode)
    validateItems(errors, path, secret?.items)
  },
  configMap: (errors, path, { configMap }) => {
    if (!configMap?.name) errors.push(field.required(`${path}.name`, ''))
    validateMode(errors, `${path}.defaultMode`, configMap?.defaultMode)
    validateItems(errors, path, configMap?.items)
  },
  downwardAPI: (errors, path, { downwardAPI }) => {
    validateMode(errors, `${path}.defaultMode`, downwardAPI?.defaultMode)
    validateDownwardFiles(errors, path, downwardAPI?.items)
  },
  projected: (errors, path, { projected }) => {
    if (projected) validateProjected(errors, path, projected)
  },
  persistentVolumeClaim: (errors, path, { persistentVolumeClaim }) => {
    if (!persistentVolumeClaim?.claimName) errors.push(field.required(`${path}.claimName`, ''))
  },
  nfs: (errors, path, { nfs }) => validateNfs(errors, path, nfs),
  ephemeral: (errors, path, { ephemeral }) => {
    if (!ephemeral?.volumeClaimTemplate) errors.push(field.required(`${path}.volumeClaimTemplate`, ''))
  },
  csi: (errors, path, { csi }) => {
    validateDriverName(errors, `${path}.driver`, csi?.driver)
    if (csi?.nodePublishSecretRef && !csi.nodePublishSecretRef.name) {
      errors.push(field.required(`${path}.nodePublishSecretRef.name`, ''))
    }
  },
}

function validateSource(errors: FieldErrors, path: string, volume: Volume): void {
  let chosen = false
  for (const name in volume) {
    const kind = name as keyof Volume
    if (kind === 'name' || volume[kind] == null) continue
    if (chosen) errors.push(field.forbidden(`${path}.${name}`, 'may not specify more than 1 volume type'))
    else sourceChecks[kind]?.(errors, `${path}.${name}`, volume)
    chosen = true
  }
  if (!chosen) errors.push(field.required(path, 'must specify a volume type'))
}

/** The valid volumes by name, to which mounts may refer. */
export function validateVolumes(
  errors: FieldErrors,
  path: string,
  volumes: readonly Volume[] | null | undefined,
): ReadonlyMap<string, Volume> {
  const byName = new Map<string, Volume>()
  for (const [index, volume] of (volumes ?? []).entries()) {
    const at = `${path}[${index}]`
    const before = errors.length
    validateSource(errors, at, volume)
    requireValid(errors, `${at}.name`, volume.name, isDns1123Label)
    if (byName.has(volume.name)) errors.push(field.duplicate(`${at}.name`, volume.name))
    if (errors.length === before) byName.set(volume.name, volume)
  }
  return byName
}
