// The sub-resources that are connections: exec, attach, port-forward, log and the proxies. An upgrade is a tunnel of
// bytes to the node agent, which speaks WebSocket and SPDY itself; everything else is a reverse proxy over HTTP/1.1 or
// HTTP/2 on our side. The HTTP server authenticates, authorizes and admits, then calls in here.

import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { type ClientRequest, type RequestOptions, Agent as HttpAgent, request as httpRequest } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import type { Duplex, Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type StatusReason, badRequest, failure, methodNotSupported, serviceUnavailable } from '@binnacle/api'
import type { Reader } from '../strategy.ts'
import { rewriteHtml, rewriteLocation } from './rewrite.ts'
import { type ConnectCall, type Target, targetOf } from './target.ts'

export type { ConnectCall } from './target.ts'

export interface ConnectorOptions {
  reader: Reader
  /** PEM; with which the API server shows itself to node agents, and by which it knows them. */
  kubeletClient: { certificate: string; key: string; ca: string }
}

type Request = IncomingMessage | Http2ServerRequest
type Response = ServerResponse | Http2ServerResponse

export interface Connector {
  /** Answers a plain request. Throws StatusError as long as nothing has been sent. */
  respond(call: ConnectCall, request: Request, response: Response): Promise<void>
  /** Answers an HTTP/1.1 upgrade (WebSocket, SPDY). Throws StatusError as long as nothing has been sent. */
  upgrade(call: ConnectCall, request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void>
  close(): void
}

export function createConnector(options: ConnectorOptions): Connector {
  const { certificate, key, ca } = options.kubeletClient
  const kubelet = new HttpsAgent({ cert: certificate, key, ca, keepAlive: true, checkServerIdentity: () => undefined })
  const plain = new HttpAgent({ keepAlive: true })
  // Upstream's proxy transport does not verify the certificates of pods either.
  const secure = new HttpsAgent({ keepAlive: true, rejectUnauthorized: false })

  const send = (target: Target, request: { method: string; headers: OutgoingHttpHeaders }): ClientRequest => {
    const { host, port, path } = target
    const agent = target.kubelet ? kubelet : target.secure ? secure : plain
    const common: RequestOptions = { host, port, path, method: request.method, headers: request.headers, agent }
    return target.secure ? httpsRequest(common) : httpRequest(common)
  }

  return {
    async respond(call, request, response) {
      checkMethod(call, request.method ?? 'GET')
      const prefix = proxyPrefix(call)
      if (call.subresource === 'proxy' && (call.path ?? '') === '' && ['GET', 'HEAD'].includes(request.method ?? '')) {
        const query = call.query.toString()
        writeHead(response, 301, { location: `${prefix}/${query === '' ? '' : `?${query}`}` })
        response.end()
        return
      }
      if (['exec', 'attach', 'portforward'].includes(call.subresource)) throw badRequest('Upgrade request required')
      const target = targetOf(call, options.reader)
      const outgoing = send(target, {
        method: request.method ?? 'GET',
        headers: forwardedHeaders(request, target, prefix),
      })
      const answer = await exchange(outgoing, request, response)
      if (call.subresource === 'log') await sendLog(answer, response)
      else await sendProxied(answer, response, { prefix, host: `${target.host}:${target.port}` })
    },

    async upgrade(call, request, socket, head) {
      const target = targetOf(call, options.reader)
      const headers: OutgoingHttpHeaders = {
        ...forwardedHeaders(request, target, proxyPrefix(call)),
        connection: 'Upgrade',
        upgrade: request.headers.upgrade,
      }
      // The node agent takes WebSocket upgrades as GET only, SPDY ones as either.
      const outgoing = send(target, { method: request.method ?? 'GET', headers })
      await tunnel(outgoing, socket, head)
    },

    close() {
      for (const agent of [kubelet, plain, secure]) agent.destroy()
    },
  }
}

function checkMethod(call: ConnectCall, method: string): void {
  if (call.subresource === 'log' && method !== 'GET')
    throw methodNotSupported({ group: '', resource: 'pods/log' }, method.toLowerCase())
}

function proxyPrefix({ resource, namespace, name }: ConnectCall): string {
  const scope = namespace === undefined ? '' : `namespaces/${namespace}/`
  return `/api/v1/${scope}${resource}/${name}/proxy`
}

/** Of one hop only, or of our own authentication: none of them is for the other side. */
const notForwarded = new Set([
  'authorization',
  'connection',
  'host',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

function forwardedHeaders(request: Request, target: Target, prefix: string): OutgoingHttpHeaders {
  const incoming: IncomingHttpHeaders = request.headers
  const headers: OutgoingHttpHeaders = {}
  for (const [name, value] of Object.entries(incoming))
    if (!name.startsWith(':') && !name.startsWith('impersonate-') && !notForwarded.has(name)) headers[name] = value
  const from = request.socket.remoteAddress
  headers['host'] = `${target.host}:${target.port}`
  if (from !== undefined) headers['x-forwarded-for'] = [incoming['x-forwarded-for'], from].filter(Boolean).join(', ')
  if (!target.kubelet) {
    headers['x-forwarded-uri'] = `${prefix}${target.path}`
    headers['x-forwarded-host'] = incoming[':authority'] ?? incoming.host
    headers['x-forwarded-proto'] = 'https'
  }
  // The rewriting of pages needs to read them.
  if (!target.kubelet) headers['accept-encoding'] = 'identity'
  return headers
}

/** Sends the client's body and waits for the head of the answer; a client that goes away ends it. */
async function exchange(outgoing: ClientRequest, request: Request, response: Response): Promise<IncomingMessage> {
  response.once('close', () => outgoing.destroy())
  const answer = new Promise<IncomingMessage>((resolve, reject) => {
    outgoing.once('response', resolve)
    outgoing.once('error', (error) => reject(unreachable(error)))
  })
  const body: Readable = request
  // A failure to send shows as the error of the request, which `answer` reports.
  pipeline(body, outgoing).catch(() => undefined)
  return answer
}

function unreachable(error: Error): Error {
  return failure('ServiceUnavailable', `error trying to reach service: ${error.message}`, { cause: error })
}

const reasonByCode: Readonly<Record<number, StatusReason>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
}

/** Node agents refuse with a plain text; clients of the API get a Status. */
async function sendLog(answer: IncomingMessage, response: Response): Promise<void> {
  const code = answer.statusCode ?? 500
  if (code !== 200) {
    let text = ''
    for await (const chunk of answer) text += String(chunk)
    throw failure(reasonByCode[code] ?? 'InternalError', text, { code })
  }
  writeHead(response, 200, { 'content-type': 'text/plain' })
  // A log that is followed may be silent for long; the client waits for the head.
  if ('flushHeaders' in response) response.flushHeaders()
  await copy(answer, response)
}

async function sendProxied(
  answer: IncomingMessage,
  response: Response,
  own: { prefix: string; host: string },
): Promise<void> {
  const headers: OutgoingHttpHeaders = {}
  for (const [name, value] of Object.entries(answer.headers)) if (!notForwarded.has(name)) headers[name] = value
  const { location } = answer.headers
  if (location !== undefined) headers['location'] = rewriteLocation(location, own)
  const isPage =
    (answer.headers['content-type'] ?? '').startsWith('text/html') && answer.headers['content-encoding'] === undefined
  if (!isPage) {
    writeHead(response, answer.statusCode ?? 502, headers)
    await copy(answer, response)
    return
  }
  let page = ''
  answer.setEncoding('utf8')
  for await (const chunk of answer) page += String(chunk)
  const rewritten = Buffer.from(rewriteHtml(page, own.prefix))
  // An answer to HEAD announces the length that the other side told.
  if (page !== '') headers['content-length'] = rewritten.length
  writeHead(response, answer.statusCode ?? 502, headers)
  response.end(rewritten)
}

/** Both kinds of response have it, with overloads that TypeScript cannot unite. */
function writeHead(response: Response, code: number, headers: OutgoingHttpHeaders): void {
  response.statusCode = code
  for (const [name, value] of Object.entries(headers)) if (value !== undefined) response.setHeader(name, value)
}

async function copy(answer: IncomingMessage, response: Response): Promise<void> {
  try {
    await pipeline(answer, response as NodeJS.WritableStream)
  } catch {
    // One of the two sides went away in the middle; the head is sent, so breaking off is all that can be said.
    answer.destroy()
    response.destroy()
  }
}

/** Joins the two connections; what the other side answers, 101 or not, goes to the client as it is. */
async function tunnel(outgoing: ClientRequest, socket: Duplex, head: Buffer): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  outgoing.once('error', (error) => reject(serviceUnavailable(`error dialing backend: ${error.message}`)))
  outgoing.once('upgrade', (answer: IncomingMessage, backend: Duplex, backendHead: Buffer) => {
    socket.write(headText(answer))
    if (backendHead.length > 0) socket.write(backendHead)
    if (head.length > 0) backend.write(head)
    const end = (): void => {
      socket.destroy()
      backend.destroy()
    }
    socket.on('error', end)
    backend.on('error', end)
    socket.on('close', end)
    backend.on('close', () => socket.end())
    socket.pipe(backend)
    backend.pipe(socket)
    resolve()
  })
  outgoing.once('response', (answer: IncomingMessage) => {
    socket.write(headText(answer))
    answer.pipe(socket)
    resolve()
  })
  outgoing.end()
  await promise
}

function headText(answer: IncomingMessage): string {
  const lines = [`HTTP/1.1 ${answer.statusCode} ${answer.statusMessage}`]
  for (let index = 0; index + 1 < answer.rawHeaders.length; index += 2) {
    const name = answer.rawHeaders[index]
    // The body of a refusal is passed on without its framing in chunks.
    if (name?.toLowerCase() === 'transfer-encoding') continue
    lines.push(`${name}: ${answer.rawHeaders[index + 1]}`)
  }
  if (answer.statusCode !== 101) lines.push('Connection: close')
  return `${lines.join('\r\n')}\r\n\r\n`
}
