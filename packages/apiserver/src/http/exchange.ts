// One HTTP request with its answer, over HTTP/1.1 or HTTP/2. HTTP/2 uses Node's stream API: its compatibility layer
// costs a third of the throughput.

import type { IncomingMessage, ServerResponse } from 'node:http'
import { type IncomingHttpHeaders, type OutgoingHttpHeaders, type ServerHttp2Stream, constants } from 'node:http2'
import type { TLSSocket } from 'node:tls'
import type { Readable, Writable } from 'node:stream'

export interface Exchange {
  readonly method: string
  /** Path and query as they came. */
  readonly target: string
  readonly headers: IncomingHttpHeaders
  readonly socket: TLSSocket
  readonly body: Readable
  /** Sends head and whole body. */
  respond(status: number, headers: OutgoingHttpHeaders, body?: Uint8Array | string): void
  /** Sends the head; the body is written to what comes back. */
  stream(status: number, headers: OutgoingHttpHeaders): Writable
  readonly isAnswered: boolean
  /** Called when the other side is gone or all is sent. */
  onClose(callback: () => void): void
}

/** Headers that HTTP/2 forbids. */
const connectionHeaders = new Set(['connection', 'transfer-encoding', 'keep-alive', 'upgrade'])

export class Http2Exchange implements Exchange {
  readonly #stream: ServerHttp2Stream
  readonly headers: IncomingHttpHeaders

  constructor(stream: ServerHttp2Stream, headers: IncomingHttpHeaders) {
    this.#stream = stream
    this.headers = headers
    // A client that goes away is no fault of ours.
    stream.on('error', () => stream.destroy())
  }

  get method(): string {
    return String(this.headers[constants.HTTP2_HEADER_METHOD] ?? 'GET')
  }

  get target(): string {
    return String(this.headers[constants.HTTP2_HEADER_PATH] ?? '/')
  }

  get socket(): TLSSocket {
    return this.#stream.session?.socket as TLSSocket
  }

  get body(): Readable {
    return this.#stream
  }

  get isAnswered(): boolean {
    return this.#stream.headersSent || this.#stream.destroyed
  }

  respond(status: number, headers: OutgoingHttpHeaders, body?: Uint8Array | string): void {
    if (this.isAnswered) return
    const empty = body === undefined || body.length === 0 || this.method === 'HEAD'
    this.#stream.respond({ ...headers, ':status': status }, { endStream: empty })
    if (!empty) this.#stream.end(body)
    if (this.#stream.readableEnded) return
    // What is left of an unread body is not wanted any more (RFC 9113, 8.1).
    this.#stream.resume()
    this.#stream.once('finish', () => this.#stream.close(constants.NGHTTP2_NO_ERROR))
  }

  stream(status: number, headers: OutgoingHttpHeaders): Writable {
    const allowed = Object.fromEntries(
      Object.entries(headers).filter(([name]) => !connectionHeaders.has(name.toLowerCase())),
    )
    this.#stream.respond({ ...allowed, ':status': status })
    return this.#stream
  }

  onClose(callback: () => void): void {
    this.#stream.once('close', callback)
  }
}

/** So much of a refused body is read on, so that the client, who sends first and reads then, gets to the answer. */
const maxDiscardedBytes = 64 * 1024 * 1024

export class Http1Exchange implements Exchange {
  readonly #request: IncomingMessage
  readonly #response: ServerResponse

  constructor(request: IncomingMessage, response: ServerResponse) {
    this.#request = request
    this.#response = response
    response.on('error', () => response.destroy())
  }

  get method(): string {
    return this.#request.method ?? 'GET'
  }

  get target(): string {
    return this.#request.url ?? '/'
  }

  get headers(): IncomingHttpHeaders {
    return this.#request.headers
  }

  get socket(): TLSSocket {
    return this.#request.socket as TLSSocket
  }

  get body(): Readable {
    return this.#request
  }

  get isAnswered(): boolean {
    return this.#response.headersSent || this.#response.destroyed
  }

  respond(status: number, headers: OutgoingHttpHeaders, body?: Uint8Array | string): void {
    if (this.isAnswered) return
    const rest = this.#restOfBody()
    this.#response.writeHead(status, {
      ...headers,
      ...rest,
      'content-length': body === undefined ? 0 : Buffer.byteLength(body),
    })
    this.#response.end(this.method === 'HEAD' ? undefined : body)
  }

  /** A body that is not read to its end would be taken for the next request. */
  #restOfBody(): OutgoingHttpHeaders {
    if (this.#request.complete) return {}
    const isSmall = Number(this.#request.headers['content-length'] ?? Infinity) <= maxDiscardedBytes
    if (!isSmall) return { connection: 'close' }
    this.#request.resume()
    return {}
  }

  stream(status: number, headers: OutgoingHttpHeaders): Writable {
    this.#response.writeHead(status, headers)
    this.#response.flushHeaders()
    return this.#response
  }

  onClose(callback: () => void): void {
    this.#response.once('close', callback)
  }
}
