// Who sends a request: a client certificate of our authority, a bearer token, or nobody; then whom they act as.
// Upstream: apiserver pkg/authentication, pkg/endpoints/filters/impersonation.

import type { IncomingHttpHeaders } from 'node:http2'
import type { TLSSocket } from 'node:tls'
import { type UserInfo, unauthorized } from '@binnacle/api'
import { type Authorizer, forbiddenRequest } from './authorizer.ts'
import type { TokenVerifier } from './tokens.ts'

const authenticated = 'system:authenticated'
const anonymous: UserInfo = { username: 'system:anonymous', groups: ['system:unauthenticated'] }

export interface AuthenticationOptions {
  tokens: TokenVerifier
  authorizer: Authorizer
}

/** Sockets keep their certificate, so its subject is read once. */
const users = new WeakMap<TLSSocket, UserInfo | undefined>()

export async function authenticate(
  headers: IncomingHttpHeaders,
  socket: TLSSocket,
  { tokens, authorizer }: AuthenticationOptions,
): Promise<UserInfo> {
  const user = certificateUser(socket) ?? (await tokenUser(headers, tokens)) ?? anonymous
  return impersonated(headers, user, authorizer)
}

function certificateUser(socket: TLSSocket): UserInfo | undefined {
  if (users.has(socket)) return users.get(socket)
  const user = readCertificate(socket)
  users.set(socket, user)
  return user
}

function readCertificate(socket: TLSSocket): UserInfo | undefined {
  // Only what our own authority signed counts; others are as if they had none.
  if (!socket.authorized) return undefined
  const { subject } = socket.getPeerCertificate()
  const [name] = [subject?.CN].flat()
  if (name === undefined) return undefined
  const groups: string[] = subject?.O === undefined ? [] : [subject.O].flat()
  return { username: name, groups: [...groups, authenticated] }
}

async function tokenUser(headers: IncomingHttpHeaders, tokens: TokenVerifier): Promise<UserInfo | undefined> {
  const token = bearerToken(headers)
  if (token === undefined) return undefined
  const found = await tokens.verify(token)
  if ('error' in found) throw unauthorized()
  return found.user
}

function bearerToken(headers: IncomingHttpHeaders): string | undefined {
  const [, token] = /^Bearer +(\S+)$/i.exec(headers.authorization ?? '') ?? []
  if (token !== undefined) return token
  // Browsers cannot set headers on a WebSocket: the token comes as a sub-protocol.
  const prefix = 'base64url.bearer.authorization.k8s.io.'
  const protocol = (headers['sec-websocket-protocol'] ?? '')
    .split(',')
    .map((part) => part.trim())
    .find((part) => part.startsWith(prefix))
  return protocol === undefined ? undefined : Buffer.from(protocol.slice(prefix.length), 'base64url').toString()
}

/** `Impersonate-User` and its companions, each allowed by the verb `impersonate`. */
function impersonated(headers: IncomingHttpHeaders, user: UserInfo, authorizer: Authorizer): UserInfo {
  const name = headers['impersonate-user']
  if (name === undefined && !Object.keys(headers).some((key) => key.startsWith('impersonate-'))) return user
  const groups = listOf(headers['impersonate-group'])
  const extra = Object.entries(headers).filter(([key]) => key.startsWith('impersonate-extra-'))
  const uid = headers['impersonate-uid']
  if (name === undefined) {
    if (groups.length > 0 || extra.length > 0 || uid !== undefined)
      throw unauthorized('requested impersonation without a user name')
    return user
  }
  const target = [name].flat().join()
  const [, namespace, account] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(target) ?? []
  const require = (group: string, resource: string, resourceName: string, inNamespace = '', subresource = ''): void => {
    const attributes = { verb: 'impersonate', group, resource, subresource, name: resourceName, namespace: inNamespace }
    if (!authorizer.decide(attributes, user).allowed) throw forbiddenRequest(attributes, user)
  }
  if (account === undefined || namespace === undefined) require('', 'users', target)
  else require('', 'serviceaccounts', account, namespace)
  for (const group of groups) require('', 'groups', group)
  if (uid !== undefined) require('authentication.k8s.io', 'uids', String(uid))
  const extras: Record<string, string[]> = {}
  for (const [header, value] of extra) {
    const key = decodeURIComponent(header.slice('impersonate-extra-'.length))
    for (const one of listOf(value)) require('authentication.k8s.io', 'userextras', one, '', key)
    extras[key] = listOf(value)
  }
  return {
    username: target,
    ...(uid === undefined ? {} : { uid: String(uid) }),
    groups: impersonatedGroups(target, groups, namespace),
    ...(extra.length === 0 ? {} : { extra: extras }),
  }
}

function impersonatedGroups(target: string, groups: readonly string[], namespace: string | undefined): string[] {
  if (target === anonymous.username) return groups.length === 0 ? [...anonymous.groups] : [...groups]
  const base =
    groups.length === 0 && namespace !== undefined
      ? ['system:serviceaccounts', `system:serviceaccounts:${namespace}`]
      : groups
  return base.includes(authenticated) ? [...base] : [...base, authenticated]
}

function listOf(value: string | string[] | undefined): string[] {
  // Node joins repeated headers with a comma.
  return value === undefined
    ? []
    : [value]
        .flat()
        .flatMap((one) => one.split(','))
        .map((one) => one.trim())
}
