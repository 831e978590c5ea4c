// How a ResourceRequest is written in HTTP: method, path, query and body. Upstream: client-go rest/request.go, and
// meta/v1's conversion of options to query values.

import type { RequestOptions, ResourceRequest, Verb } from '@binnacle/api'

export const methodByVerb: Readonly<Record<Verb, 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'>> = {
  get: 'GET',
  list: 'GET',
  watch: 'GET',
  create: 'POST',
  update: 'PUT',
  patch: 'PATCH',
  delete: 'DELETE',
  deletecollection: 'DELETE',
}

/** What DeleteOptions say goes into the body of a deletion, since preconditions have no query parameter. */
const deleteOptions = ['gracePeriodSeconds', 'propagationPolicy', 'preconditions', 'dryRun'] as const
const deletingVerbs: ReadonlySet<Verb> = new Set(['delete', 'deletecollection'])

/** `/apis/apps/v1/namespaces/default/deployments/web/status?fieldManager=me` */
export function requestPath(request: ResourceRequest): string {
  const { group, version, resource, namespace, name, subresource } = request
  const parts = group === '' ? ['api', version] : ['apis', group, version]
  if (namespace !== undefined && namespace !== '') parts.push('namespaces', namespace)
  parts.push(resource)
  if (name !== undefined && name !== '') parts.push(name)
  // A sub-resource may go on below itself, as proxy does.
  if (subresource !== undefined) parts.push(...subresource.split('/'))
  const query = queryOf(request).toString()
  return `/${parts.map(encodeURIComponent).join('/')}${query === '' ? '' : `?${query}`}`
}

function queryOf({ verb, options = {} }: ResourceRequest): URLSearchParams {
  const query = new URLSearchParams()
  if (verb === 'watch') query.set('watch', 'true')
  for (const [name, value] of Object.entries(options)) {
    const isInBody = deletingVerbs.has(verb) && deleteOptions.some((option) => option === name)
    if (value === undefined || isInBody || name === 'preconditions') continue
    if (Array.isArray(value)) for (const one of value as unknown[]) query.append(name, String(one))
    else query.set(name, String(value))
  }
  return query
}

/** undefined: none. */
export function requestBody({ verb, body, options = {} }: ResourceRequest): string | undefined {
  if (!deletingVerbs.has(verb)) return body === undefined ? undefined : JSON.stringify(body)
  const given: Partial<RequestOptions> = {}
  for (const name of deleteOptions) if (options[name] !== undefined) Object.assign(given, { [name]: options[name] })
  if (body === undefined && Object.keys(given).length === 0) return undefined
  return JSON.stringify({ kind: 'DeleteOptions', apiVersion: 'v1', ...(body as object | undefined), ...given })
}
