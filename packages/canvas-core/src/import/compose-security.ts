// What a Compose service may do, and where it may write.

import type { ScratchFolder, Security } from '@binnacle/model'
import { isRecord } from '../schemas.ts'
import { type Fields, type Report, memory, scalarText } from './compose-fields.ts'
import { defined } from './defined.ts'

/** Fields of a service that `composeSecurity` and `composeScratch` read. */
export const securityFields = [
  'cap_add',
  'cap_drop',
  'group_add',
  'read_only',
  'security_opt',
  'tmpfs',
  'user',
] as const

export function composeSecurity(service: Fields, path: string, report: Report): Security | undefined {
  const [add, drop] = [capabilities(service['cap_add']), capabilities(service['cap_drop'])]
  const groups = listOf(service['group_add']).filter((group) => {
    if (/^\d+$/.test(group)) return true
    report(`${path}.group_add`, `${group} is a name, which only the image knows: give its number`)
    return false
  })
  const security: Security = defined({
    ...userOf(service['user'], `${path}.user`, report),
    supplementalGroups: groups.length === 0 ? undefined : groups.map(Number),
    ...optionsOf(service['security_opt'], `${path}.security_opt`, report),
    readOnlyRootFilesystem: service['read_only'] === true ? true : undefined,
    capabilities: add === undefined && drop === undefined ? undefined : defined({ add, drop }),
  })
  return Object.keys(security).length === 0 ? undefined : security
}

/** `tmpfs`, and volumes of that type. */
export function composeScratch(service: Fields, path: string, report: Report): ScratchFolder[] {
  const short = listOf(service['tmpfs']).map((text): ScratchFolder => {
    const [folder = '', options = ''] = text.split(':')
    const given = options.split(',').filter((option) => option !== '' && option !== 'rw')
    const size = given.find((option) => option.startsWith('size='))
    const others = given.filter((option) => option !== size)
    if (others.length > 0) report(`${path}.tmpfs`, `a scratch folder has no options: ${others.join(', ')}`)
    return folderOf(folder, size?.slice('size='.length))
  })
  const volumes = Array.isArray(service['volumes']) ? (service['volumes'] as unknown[]) : []
  const long = volumes.filter(isTmpfs).map((volume) => {
    const options = isRecord(volume['tmpfs']) ? volume['tmpfs'] : {}
    return folderOf(scalarText(volume['target']), options['size'])
  })
  return [...short, ...long]
}

export function isTmpfs(volume: unknown): volume is Fields {
  return isRecord(volume) && volume['type'] === 'tmpfs'
}

function folderOf(path: string, size: unknown): ScratchFolder {
  return defined({ path, medium: 'Memory' as const, sizeLimit: size === undefined ? undefined : memory(size) })
}

/** Names as core/v1 has them: without CAP_. */
function capabilities(value: unknown): string[] | undefined {
  const names = listOf(value).map((name) => name.toUpperCase().replace(/^CAP_/, ''))
  return names.length === 0 ? undefined : names
}

function userOf(value: unknown, path: string, report: Report): Pick<Security, 'runAsUser' | 'runAsGroup'> {
  const text = scalarText(value)
  if (text === '') return {}
  const [user = '', group] = text.split(':')
  if (!/^\d+$/.test(user) || (group !== undefined && !/^\d+$/.test(group))) {
    report(path, `${text} is a name, which only the image knows: give its number, or set it in the image`)
    return {}
  }
  return { runAsUser: Number(user), ...(group === undefined ? {} : { runAsGroup: Number(group) }) }
}

function optionsOf(
  value: unknown,
  path: string,
  report: Report,
): Pick<Security, 'allowPrivilegeEscalation' | 'seccompProfile'> {
  let found: Pick<Security, 'allowPrivilegeEscalation' | 'seccompProfile'> = {}
  for (const option of listOf(value)) {
    const [name = '', setting] = option.split(/[:=]/)
    if (name === 'no-new-privileges' && setting !== 'false') found = { ...found, allowPrivilegeEscalation: false }
    else if (name === 'seccomp' && setting === 'unconfined')
      found = { ...found, seccompProfile: { type: 'Unconfined' } }
    else report(path, `a Microservice has no counterpart to ${option}`)
  }
  return found
}

function listOf(value: unknown): string[] {
  return [value].flat().flatMap((item) => (item === undefined || item === null ? [] : [scalarText(item)]))
}
