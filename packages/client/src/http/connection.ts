// The connections to one API server: HTTP/2 sessions that all requests share, or HTTP/1.1 where the server speaks no
// other. A session that takes no further stream gets a sibling; one whose other side is silent is given up.
// Upstream: net/http's and x/net/http2's transport as client-go sets it up.

import {
  Agent as HttpAgent,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  request as httpRequest,
} from 'node:http'
import { type ClientHttp2Session, connect as connectHttp2, constants } from 'node:http2'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { isIP } from 'node:net'
import type { Readable, Writable } from 'node:stream'
import { type ConnectionOptions, type TLSSocket, connect as connectTls } from 'node:tls'
import type { Clock } from '@binnacle/api'

export interface HttpRequest {
  method: string
  /** With the query. */
  path: string
  headers: OutgoingHttpHeaders
  body?: string | Readable
  signal?: AbortSignal
}

export interface HttpResponse {
  status: number
  headers: IncomingHttpHeaders
  body: Readable
}

export interface ConnectionSettings {
  url: URL
  tls: Pick<ConnectionOptions, 'ca' | 'cert' | 'key' | 'servername' | 'rejectUnauthorized'>
  clock: Clock
}

export interface HttpConnection {
  request(request: HttpRequest): Promise<HttpResponse>
  close(): void
}

const dialTimeoutMs = 30_000
/** client-go's ReadIdleTimeout and PingTimeout: a connection that a router forgot looks open for ever otherwise. */
const pingEachMs = 30_000
const pingTimeoutMs = 15_000
const sessionWindow = 64 * 1024 * 1024
const streamWindow = 4 * 1024 * 1024

/** The server did not begin with the request: it may be sent again whatever it is. */
export class NotProcessedError extends Error {}

/** Asks the server which HTTP it speaks. */
export async function openConnection(settings: ConnectionSettings): Promise<HttpConnection> {
  if (settings.url.protocol !== 'https:') return new Http1Connection(settings)
  const socket = await dial(settings)
  if (socket.alpnProtocol === 'h2') return new Http2Connection(settings, await openSession(settings, socket))
  socket.destroy()
  return new Http1Connection(settings)
}

function dial({ url, tls, clock }: ConnectionSettings): Promise<TLSSocket> {
  const host = hostOf(url)
  const { promise, resolve, reject } = Promise.withResolvers<TLSSocket>()
  const socket = connectTls({
    host,
    port: Number(url.port || 443),
    ALPNProtocols: ['h2', 'http/1.1'],
    // TLS names no addresses.
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...tls,
  })
  const cancel = clock.after(dialTimeoutMs, () => socket.destroy(new Error(`no answer from ${url.host}`)))
  socket.setNoDelay(true)
  socket.once('error', reject)
  socket.once('secureConnect', () => {
    socket.off('error', reject)
    resolve(socket)
  })
  return promise.finally(cancel)
}

/** Without the brackets of an IPv6 address. */
function hostOf(url: URL): string {
  return url.hostname.replace(/^\[(.*)\]$/, '$1')
}

/** A session is of use once the server has said how many streams it takes. */
function openSession({ url }: ConnectionSettings, socket: TLSSocket): Promise<ClientHttp2Session> {
  const { promise, resolve, reject } = Promise.withResolvers<ClientHttp2Session>()
  const session = connectHttp2(url.origin, {
    createConnection: () => socket,
    settings: { initialWindowSize: streamWindow, enablePush: false },
  })
  session.once('connect', () => session.setLocalWindowSize(sessionWindow))
  session.once('remoteSettings', () => resolve(session))
  session.once('close', () => reject(new Error(`${url.host} closed the connection`)))
  session.on('error', reject)
  return promise
}

class Http2Connection implements HttpConnection {
  readonly #settings: ConnectionSettings
  readonly #sessions = new Set<SharedSession>()
  #opening: Promise<SharedSession> | undefined

  constructor(settings: ConnectionSettings, first: ClientHttp2Session) {
    this.#settings = settings
    this.#add(first)
  }

  async request(request: HttpRequest): Promise<HttpResponse> {
    for (;;) {
      const session = this.#free() ?? (await this.#open())
      // Others may have taken the last stream while this one waited.
      if (session.isFree) return session.request(request)
    }
  }

  close(): void {
    for (const session of this.#sessions) session.close()
  }

  #free(): SharedSession | undefined {
    for (const session of this.#sessions) if (session.isFree) return session
    return undefined
  }

  #open(): Promise<SharedSession> {
    this.#opening ??= dial(this.#settings)
      .then((socket) => openSession(this.#settings, socket))
      .then((session) => this.#add(session))
      .finally(() => (this.#opening = undefined))
    return this.#opening
  }

  #add(session: ClientHttp2Session): SharedSession {
    const shared = new SharedSession(session, this.#settings.clock)
    this.#sessions.add(shared)
    session.once('close', () => this.#sessions.delete(shared))
    return shared
  }
}

class SharedSession {
  readonly #session: ClientHttp2Session
  readonly #clock: Clock
  #streams = 0
  #isLeaving = false
  #cancelPing: (() => void) | undefined

  constructor(session: ClientHttp2Session, clock: Clock) {
    this.#session = session
    this.#clock = clock
    session.once('goaway', () => (this.#isLeaving = true))
    session.once('close', () => this.#cancelPing?.())
    // An idle session keeps no process alive.
    session.unref()
  }

  get isFree(): boolean {
    const limit = this.#session.remoteSettings.maxConcurrentStreams ?? Infinity
    return !this.#isLeaving && !this.#session.closed && !this.#session.destroyed && this.#streams < limit
  }

  close(): void {
    this.#session.destroy()
  }

  request({ method, path, headers, body, signal }: HttpRequest): Promise<HttpResponse> {
    const { promise, resolve, reject } = Promise.withResolvers<HttpResponse>()
    const stream = this.#session.request(
      { ...headers, ':method': method, ':path': path },
      { endStream: body === undefined, ...(signal === undefined ? {} : { signal }) },
    )
    this.#enter()
    stream.once('response', (answer) => {
      resolve({ status: Number(answer[constants.HTTP2_HEADER_STATUS]), headers: answer, body: stream })
    })
    stream.on('error', (error) => {
      const isRefused = stream.rstCode === constants.NGHTTP2_REFUSED_STREAM
      reject(isRefused ? new NotProcessedError('the server refused the stream', { cause: error }) : error)
    })
    stream.once('close', () => {
      this.#leave()
      reject(new Error(`the server closed the connection without an answer to ${method} ${path}`))
    })
    if (body !== undefined) sendBody(body, stream)
    return promise
  }

  #enter(): void {
    this.#streams++
    if (this.#streams > 1) return
    this.#session.ref()
    this.#pingLater()
  }

  #leave(): void {
    this.#streams--
    if (this.#streams > 0) return
    this.#cancelPing?.()
    if (!this.#session.destroyed) this.#session.unref()
  }

  #pingLater(): void {
    this.#cancelPing = this.#clock.after(pingEachMs, () => this.#ping())
  }

  #ping(): void {
    const lost = (): void => this.#session.destroy(new Error('http2: client connection lost'))
    const cancel = this.#clock.after(pingTimeoutMs, lost)
    this.#cancelPing = cancel
    this.#session.ping((error) => {
      cancel()
      // Another ping may be due already where all streams ended and new ones began.
      if (error === null && this.#cancelPing === cancel && this.#streams > 0) this.#pingLater()
    })
  }
}

class Http1Connection implements HttpConnection {
  readonly #url: URL
  readonly #agent: HttpAgent
  readonly #send: typeof httpRequest

  constructor({ url, tls }: ConnectionSettings) {
    this.#url = url
    const isTls = url.protocol === 'https:'
    this.#agent = isTls ? new HttpsAgent({ keepAlive: true, ...tls }) : new HttpAgent({ keepAlive: true })
    this.#send = isTls ? httpsRequest : httpRequest
  }

  request({ method, path, headers, body, signal }: HttpRequest): Promise<HttpResponse> {
    const { promise, resolve, reject } = Promise.withResolvers<HttpResponse>()
    const request = this.#send({
      agent: this.#agent,
      host: hostOf(this.#url),
      port: this.#url.port,
      method,
      path,
      headers: typeof body === 'string' ? { ...headers, 'content-length': Buffer.byteLength(body) } : headers,
      ...(signal === undefined ? {} : { signal }),
    })
    request.once('response', (response) => {
      resolve({ status: response.statusCode ?? 0, headers: response.headers, body: response })
    })
    request.on('error', reject)
    if (body === undefined) request.end()
    else sendBody(body, request)
    return promise
  }

  close(): void {
    this.#agent.destroy()
  }
}

/** Only as fast as the server reads. A body that breaks off breaks off the request, lest half of it be taken for all. */
function sendBody(body: string | Readable, to: Writable): void {
  if (typeof body === 'string') {
    to.end(body)
    return
  }
  body.once('error', (error) => to.destroy(error))
  body.once('close', () => {
    if (!body.readableEnded) to.destroy(new Error('the body of the request broke off'))
  })
  body.pipe(to)
}
