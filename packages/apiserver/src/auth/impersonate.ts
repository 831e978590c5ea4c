// Acting as somebody else: `Impersonate-User` and its companions. The constrained modes are tried first (they need a
// right to impersonate and one for what is then done), then the old verb `impersonate`.
// Upstream: apiserver pkg/endpoints/filters/impersonation (KEP-5284, on by default in 1.36).

import type { IncomingHttpHeaders } from 'node:http2'
import { type UserInfo, badRequest } from '@binnacle/api'
import type { AccessAttributes, Authorizer } from './authorizer.ts'

const authenticationGroup = 'authentication.k8s.io'
const extraPrefix = 'impersonate-extra-'

interface Wanted {
  username: string
  uid: string
  groups: readonly string[]
  extra: Readonly<Record<string, readonly string[]>>
}

/** `user`, or whom it may act as for this request. Throws Forbidden. */
export function impersonate(
  headers: IncomingHttpHeaders,
  user: UserInfo,
  { attributes, authorizer }: { attributes: AccessAttributes; authorizer: Authorizer },
): UserInfo {
  const wanted = wantedUser(headers)
  if (wanted === undefined) return user
  let refusal: unknown
  for (const mode of modesFor(wanted, user)) {
    try {
      if (mode !== 'legacy')
        authorizer.require({ ...attributes, verb: `impersonate-on:${mode}:${attributes.verb}` }, user)
      requireParts(authorizer, user, { wanted, mode })
      return actualUser(wanted, mode)
    } catch (error) {
      // The first reason is the one that is told.
      refusal ??= error
    }
  }
  throw refusal
}

type Mode = 'associated-node' | 'arbitrary-node' | 'serviceaccount' | 'user-info' | 'legacy'

function modesFor({ username, uid, groups, extra }: Wanted, { extra: own }: UserInfo): Mode[] {
  const onlyName = uid === '' && groups.length === 0 && Object.keys(extra).length === 0
  const node = nodeOf(username)
  if (node !== undefined) {
    if (!onlyName) return ['legacy']
    const isOwn = own?.['authentication.kubernetes.io/node-name']?.includes(node) ?? false
    return isOwn ? ['associated-node', 'arbitrary-node', 'legacy'] : ['arbitrary-node', 'legacy']
  }
  if (serviceAccountOf(username) !== undefined) return onlyName ? ['serviceaccount', 'legacy'] : ['legacy']
  return ['user-info', 'legacy']
}

function requireParts(authorizer: Authorizer, user: UserInfo, { wanted, mode }: { wanted: Wanted; mode: Mode }): void {
  const isLegacy = mode === 'legacy'
  const verb = isLegacy ? 'impersonate' : `impersonate:${mode}`
  const nameGroup = isLegacy ? '' : authenticationGroup
  const require = (
    resource: string,
    name: string,
    more: { group?: string; namespace?: string; subresource?: string },
  ): void =>
    authorizer.require({ verb, group: nameGroup, resource, subresource: '', name, namespace: '', ...more }, user)
  const account = serviceAccountOf(wanted.username)
  const node = isLegacy ? undefined : nodeOf(wanted.username)
  if (account !== undefined) require('serviceaccounts', account.name, { namespace: account.namespace })
  else if (node !== undefined) require('nodes', mode === 'associated-node' ? '*' : node, {})
  else require('users', wanted.username, {})
  if (wanted.uid !== '') require('uids', wanted.uid, { group: authenticationGroup })
  for (const name of wanted.groups) require('groups', name, {})
  for (const [subresource, values] of Object.entries(wanted.extra))
    for (const value of values) require('userextras', value, { group: authenticationGroup, subresource })
}

const authenticated = 'system:authenticated'
const unauthenticated = 'system:unauthenticated'

function actualUser({ username, uid, groups, extra }: Wanted, mode: Mode): UserInfo {
  const account = serviceAccountOf(username)
  let all = [...groups]
  if (account !== undefined && groups.length === 0)
    all = ['system:serviceaccounts', `system:serviceaccounts:${account.namespace}`]
  if (mode === 'associated-node' || mode === 'arbitrary-node') all = ['system:nodes']
  if (username === 'system:anonymous') {
    if (!all.includes(unauthenticated)) all.push(unauthenticated)
  } else if (!all.includes(unauthenticated) && !all.includes(authenticated)) all.push(authenticated)
  return {
    username,
    ...(uid === '' ? {} : { uid }),
    groups: all,
    ...(Object.keys(extra).length === 0 ? {} : { extra }),
  }
}

function wantedUser(headers: IncomingHttpHeaders): Wanted | undefined {
  let isAsked = false
  const extra: Record<string, string[]> = {}
  for (const header in headers) {
    if (!header.startsWith('impersonate-')) continue
    isAsked = true
    if (header.startsWith(extraPrefix)) extra[extraKey(header.slice(extraPrefix.length))] = listOf(headers[header])
  }
  if (!isAsked) return undefined
  const username = textOf(headers['impersonate-user'])
  const groups = listOf(headers['impersonate-group'])
  const uid = textOf(headers['impersonate-uid'])
  if (username !== '') return { username, uid, groups, extra }
  const asked = [uid, ...groups, ...Object.keys(extra)].filter((one) => one !== '')
  if (asked.length === 0) return undefined
  throw badRequest(`requested ${shownUser(uid, groups, extra)} without impersonating a user name`)
}

/** As fmt's `%#v` prints upstream's type. */
function shownUser(uid: string, groups: readonly string[], extra: Readonly<Record<string, readonly string[]>>): string {
  const list = (items: readonly string[]): string => `{${items.map((item) => JSON.stringify(item)).join(', ')}}`
  const entries = Object.keys(extra)
    .sort()
    .map((key) => `${JSON.stringify(key)}:[]string${list(extra[key] ?? [])}`)
  const shownGroups = groups.length === 0 ? '[]string(nil)' : `[]string${list(groups)}`
  const shownExtra = entries.length === 0 ? 'map[string][]string(nil)' : `map[string][]string{${entries.join(', ')}}`
  return `&user.DefaultInfo{Name:"", UID:${JSON.stringify(uid)}, Groups:${shownGroups}, Extra:${shownExtra}}`
}

/** Keys may be percent-encoded; what is no encoding is taken as it is. */
function extraKey(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function textOf(value: string | string[] | undefined): string {
  return [value ?? ''].flat().join(',')
}

/** Node joins repeated headers with a comma. */
function listOf(value: string | string[] | undefined): string[] {
  return textOf(value)
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '')
}

function nodeOf(username: string): string | undefined {
  return /^system:node:(.+)$/.exec(username)?.[1]
}

function serviceAccountOf(username: string): { namespace: string; name: string } | undefined {
  const [, namespace, name] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(username) ?? []
  return namespace === undefined || name === undefined ? undefined : { namespace, name }
}
