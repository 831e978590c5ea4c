// Who sends a request: a client certificate of our authority, a bearer token, or nobody.
// Upstream: apiserver pkg/authentication.

import type { IncomingHttpHeaders } from 'node:http2'
import type { TLSSocket } from 'node:tls'
import { type UserInfo, unauthorized } from '@binnacle/api'
import type { TokenVerifier } from './tokens.ts'

const authenticated = 'system:authenticated'
const anonymous: UserInfo = { username: 'system:anonymous', groups: ['system:unauthenticated'] }

/** Sockets keep their certificate, so its subject is read once. */
const users = new WeakMap<TLSSocket, UserInfo | undefined>()

export async function authenticate(
  headers: IncomingHttpHeaders,
  socket: TLSSocket,
  tokens: TokenVerifier,
): Promise<UserInfo> {
  return certificateUser(socket) ?? (await tokenUser(headers, tokens)) ?? anonymous
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
