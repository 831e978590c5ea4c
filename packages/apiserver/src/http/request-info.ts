// What a path asks for. Upstream: apiserver pkg/endpoints/request/requestinfo.go.

import { type RequestOptions, type ResourceRequest, type Verb, badRequest } from '@binnacle/api'

export interface ParsedPath {
  group: string
  version: string
  resource: string
  namespace?: string
  name?: string
  subresource?: string
  /** What follows `proxy/`. */
  rest: string
  hasTrailingSlash: boolean
  /** The old form /api/v1/watch/… */
  isWatchPath: boolean
}

/** undefined for paths that are no resources (/healthz, /apis, …). */
export function parsePath(path: string): ParsedPath | undefined {
  const parts: string[] = []
  for (const part of path.split('/')) if (part !== '') parts.push(decodePart(part))
  let group = ''
  let index: number
  if (parts[0] === 'api' && parts.length >= 3) index = 2
  else if (parts[0] === 'apis' && parts.length >= 4) {
    group = parts[1] ?? ''
    index = 3
  } else return undefined
  const version = parts[index - 1] ?? ''
  let rest = parts.slice(index)
  const isWatchPath = rest[0] === 'watch'
  if (isWatchPath) rest = rest.slice(1)
  let namespace: string | undefined
  // /namespaces/<name>/<resource> is in the namespace; /namespaces/<name> and its own sub-resources are about it.
  if (rest[0] === 'namespaces' && rest.length > 2 && rest[2] !== 'status' && rest[2] !== 'finalize') {
    namespace = rest[1]
    rest = rest.slice(2)
  }
  const [resource = '', name, subresource, ...below] = rest
  return {
    group,
    version,
    resource,
    rest: below.join('/'),
    isWatchPath,
    hasTrailingSlash: path.endsWith('/'),
    ...(namespace === undefined ? {} : { namespace }),
    ...(name === undefined ? {} : { name }),
    ...(subresource === undefined ? {} : { subresource }),
  }
}

function decodePart(part: string): string {
  if (!part.includes('%')) return part
  try {
    return decodeURIComponent(part)
  } catch {
    throw badRequest(`malformed escape in ${JSON.stringify(part)}`)
  }
}

export function verbOf(method: string, path: ParsedPath, query: URLSearchParams): Verb | undefined {
  switch (method) {
    case 'GET':
      if (path.isWatchPath) return 'watch'
      // `watch` on one object means nothing: that is a get.
      if (path.name !== undefined) return 'get'
      return isTrue(query.get('watch')) ? 'watch' : 'list'
    case 'POST':
      return 'create'
    case 'PUT':
      return 'update'
    case 'PATCH':
      return 'patch'
    case 'DELETE':
      return path.name === undefined ? 'deletecollection' : 'delete'
    default:
      return undefined
  }
}

/** As Go's conversion of query values: present and neither "false" nor "0". */
function isTrue(value: string | null): boolean {
  return value !== null && value !== 'false' && value !== '0'
}

const textOptions = [
  'labelSelector',
  'fieldSelector',
  'continue',
  'resourceVersion',
  'resourceVersionMatch',
  'fieldManager',
] as const
const numberOptions = ['limit', 'timeoutSeconds', 'gracePeriodSeconds'] as const
const booleanOptions = ['sendInitialEvents', 'allowWatchBookmarks', 'force'] as const

/** Throws BadRequest for a number that is none. Unknown parameters are ignored, as upstream does. */
export function optionsOf(query: URLSearchParams): RequestOptions {
  const options: RequestOptions = {}
  if (query.size === 0) return options
  for (const name of textOptions) {
    const value = query.get(name)
    if (value !== null) options[name] = value
  }
  for (const name of numberOptions) {
    const value = query.get(name)
    if (value === null || value === '') continue
    if (!/^-?\d+$/.test(value)) throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(value)}: invalid syntax`)
    options[name] = Number(value)
  }
  for (const name of booleanOptions) {
    const value = query.get(name)
    if (value !== null) options[name] = isTrue(value)
  }
  const validation = query.get('fieldValidation')
  // What is none of the known words is refused where it is used, as for propagationPolicy.
  if (validation !== null && validation !== '')
    options.fieldValidation = validation as NonNullable<RequestOptions['fieldValidation']>
  const policy = query.get('propagationPolicy')
  if (policy !== null) options.propagationPolicy = policy as NonNullable<RequestOptions['propagationPolicy']>
  if (query.has('dryRun')) options.dryRun = query.getAll('dryRun')
  return options
}

export function resourceRequest(path: ParsedPath, verb: Verb, options: RequestOptions): ResourceRequest {
  return {
    verb,
    group: path.group,
    version: path.version,
    resource: path.resource,
    options,
    ...(path.namespace === undefined ? {} : { namespace: path.namespace }),
    ...(path.name === undefined ? {} : { name: path.name }),
    ...(path.subresource === undefined ? {} : { subresource: path.subresource }),
  }
}
