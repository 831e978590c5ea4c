// The API server behind this server's own address: requests, streams and WebSockets go through as bytes, with the user's
// credentials in place of the browser's.

import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { pipeline } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { type StatusError, failure } from '@binnacle/api'
import type { ApiConnection } from '@binnacle/client'
import { refuseUpgrade, securityHeaders } from './answers.ts'

/** RFC 9110 7.6.1: of one connection, not of the message. */
const hopByHop = ['connection', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade']

/** Who asks is said by the credentials; what the browser says of itself is not the API server's business. */
const ofTheBrowser =
  /^(host|cookie|authorization|origin|referer|forwarded|(proxy|sec|x-forwarded|x-remote|impersonate)-.*)$/

/** What would act on this server's own origin: its cookies, its policy, its transport. */
const ofTheOrigin =
  /^(:.*|set-cookie.*|www-authenticate|proxy-.*|strict-transport-security|alt-svc|clear-site-data|access-control-.*|content-security-policy.*|x-frame-options|location)$/

/** A page that a program in the cluster answers with (service proxy) is not this server's page. */
const foreignPolicy = "sandbox; default-src 'none'; frame-ancestors 'none'"

export const proxyRoot = '/k8s'

/** Rejects where the API server does not answer. `path` has the query and no root. */
export async function proxyRequest(
  api: ApiConnection,
  { request, response, path }: { request: IncomingMessage; response: ServerResponse; path: string },
): Promise<void> {
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  const hasBody = request.headers['content-length'] !== undefined || 'transfer-encoding' in request.headers
  const answer = await api.request({
    method: request.method ?? 'GET',
    path,
    headers: forwardedHeaders(request.headers),
    signal: gone.signal,
    ...(hasBody ? { body: request } : {}),
  })
  response.writeHead(answer.status, answerHeaders(answer.headers, api))
  response.flushHeaders()
  // Where one side breaks off the other is broken off too, which is all there is to say by then.
  pipeline(answer.body, response, () => request.resume())
}

/** Joins the browser's connection with one to the API server once that has agreed to upgrade. */
export async function proxyUpgrade(
  api: ApiConnection,
  { request, socket, head, path }: { request: IncomingMessage; socket: Duplex; head: Buffer; path: string },
): Promise<void> {
  const gone = new AbortController()
  const abort = (): void => gone.abort()
  socket.once('close', abort)
  const answer = await api.upgrade({
    path,
    headers: {
      ...forwardedHeaders(request.headers),
      ...webSocketHeaders(request.headers),
      connection: 'Upgrade',
      upgrade: request.headers.upgrade ?? 'websocket',
    },
    signal: gone.signal,
  })
  socket.off('close', abort)
  if (answer.type === 'refused') {
    const body = await buffer(answer.response)
    refuseUpgrade(socket, answer.response.statusCode ?? 502, body.toString(), answer.response.headers['content-type'])
    return
  }
  const { response, socket: upstream, head: first } = answer
  const lines = Object.entries(response.headers)
    .filter(([name]) => /^(connection|upgrade|sec-websocket-.*)$/.test(name))
    .map(([name, value]) => `${name}: ${String(value)}\r\n`)
  socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join('')}\r\n`)
  if (first.length > 0) socket.write(first)
  if (head.length > 0) upstream.write(head)
  join(socket, upstream)
}

/** The answer where there is none from the API server. */
export function unreachable(api: ApiConnection, cause: unknown): StatusError {
  const why = cause instanceof Error ? cause.message : String(cause)
  return failure('ServiceUnavailable', `the API server at ${api.origin} does not answer: ${why}`, { code: 502, cause })
}

function forwardedHeaders(headers: IncomingHttpHeaders): OutgoingHttpHeaders {
  const named = (headers.connection ?? '').split(',').map((name) => name.trim().toLowerCase())
  const dropped = new Set([...hopByHop, ...named])
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !dropped.has(name) && !ofTheBrowser.test(name)))
}

/** kubectl's way to send a token in a subprotocol is closed to the browser, as the Authorization header is. */
function webSocketHeaders(headers: IncomingHttpHeaders): OutgoingHttpHeaders {
  const protocols = (headers['sec-websocket-protocol'] ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '' && !name.startsWith('base64url.bearer.authorization.'))
  return {
    'sec-websocket-key': headers['sec-websocket-key'],
    'sec-websocket-version': headers['sec-websocket-version'],
    ...(protocols.length === 0 ? {} : { 'sec-websocket-protocol': protocols.join(', ') }),
  }
}

function answerHeaders(headers: IncomingHttpHeaders, api: ApiConnection): OutgoingHttpHeaders {
  const { location } = headers
  return {
    ...Object.fromEntries(
      Object.entries(headers).filter(([name]) => !hopByHop.includes(name) && !ofTheOrigin.test(name)),
    ),
    ...(location === undefined ? {} : { location: ownLocation(location, api) }),
    ...securityHeaders,
    'content-security-policy': foreignPolicy,
  }
}

/** The API server's own paths lie below the root here. */
function ownLocation(location: string, { origin, prefix }: ApiConnection): string {
  const path = location.startsWith(`${origin}/`) ? location.slice(origin.length) : location
  if (!path.startsWith('/') || path.startsWith('//')) return location
  return `${proxyRoot}${path.startsWith(`${prefix}/`) ? path.slice(prefix.length) : path}`
}

function join(one: Duplex, other: Duplex): void {
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const) {
    from.on('error', () => to.destroy())
    from.once('close', () => to.destroy())
    from.pipe(to)
  }
}
