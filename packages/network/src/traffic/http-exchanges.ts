// Requests and their responses on one HTTP/1.x connection, recognised in passing. Nothing is delayed or changed: what is
// not understood makes the connection opaque for good, and its bytes go on as before.
//
// Not read: HTTP/2. Its status codes are compressed over the whole connection (HPACK), which is not cheap to follow.

import { type Fields, mayBeRequestLine, readFields, readRequestLine, readStatusLine } from './http-head.ts'
import { type Body, LostFooting, MessageScanner } from './message-scanner.ts'

export interface ExchangeListener {
  /** A request line has passed; the first one says that this is HTTP. */
  onRequest(): void
  /** `latencyMs`: from the request's last byte to the response's first; 0 for an answer that came before that. */
  onResponse(code: number, latencyMs: number): void
  /** From now on these are only bytes: an upgrade, a tunnel, or something that is not understood. */
  onOpaque(): void
}

interface Exchange {
  method: string
  /** The connection may change its protocol with the answer. */
  switches: boolean
  endedAt: number | undefined
}

/** Requests under way on one connection; more means that nobody answers, or that this is no HTTP. */
const pipelineLimit = 1024

const noBody: Body = { kind: 'length', bytes: 0 }

export class HttpExchanges {
  readonly #listener: ExchangeListener
  readonly #requests: MessageScanner
  readonly #responses: MessageScanner
  /** Without an answer, oldest first. */
  readonly #waiting: Exchange[] = []
  #recognised = false
  #opaque = false
  #answer = { code: 0, startedAt: 0 }

  constructor(listener: ExchangeListener) {
    this.#listener = listener
    this.#requests = new MessageScanner({
      onFirstLine: (line) => this.#requestLine(line),
      mayBeFirstLine: mayBeRequestLine,
      onHead: (head, fieldsAt) => this.#requestHead(head, fieldsAt),
      onEnd: (at) => {
        const last = this.#waiting.at(-1)
        // Absent where the answer came before the request's end.
        if (last !== undefined) last.endedAt = at
      },
    })
    this.#responses = new MessageScanner({
      onFirstLine: (line, startedAt) => this.#statusLine(line, startedAt),
      mayBeFirstLine: (begun) => 'HTTP/1.'.startsWith(begun.slice(0, 7)),
      onHead: (head, fieldsAt) => this.#responseHead(head, fieldsAt),
      onEnd: () => undefined,
    })
  }

  /** `at` in milliseconds of any clock that only goes forward. */
  fromClient(bytes: Buffer, at: number): void {
    this.#feed(this.#requests, bytes, at)
  }

  fromServer(bytes: Buffer, at: number): void {
    // Who speaks first in HTTP is the client.
    if (this.#recognised) this.#feed(this.#responses, bytes, at)
    else this.#giveUp()
  }

  /** Requests that have no answer yet; what is left of them when the connection ends got none. Nothing when opaque. */
  get unanswered(): number {
    return this.#opaque ? 0 : this.#waiting.length
  }

  #feed(scanner: MessageScanner, bytes: Buffer, at: number): void {
    if (this.#opaque) return
    try {
      scanner.feed(bytes, at)
    } catch (error) {
      if (!(error instanceof LostFooting)) throw error
      this.#giveUp()
    }
  }

  #giveUp(): void {
    if (this.#opaque) return
    this.#opaque = true
    this.#listener.onOpaque()
  }

  #requestLine(line: string): void {
    const request = readRequestLine(line)
    if (request === undefined) throw new LostFooting('no request line')
    if (this.#waiting.at(-1)?.switches === true) throw new LostFooting('the protocol may have changed')
    if (this.#waiting.length >= pipelineLimit) throw new LostFooting('too many requests under way')
    this.#recognised = true
    this.#waiting.push({ method: request.method, switches: false, endedAt: undefined })
    this.#listener.onRequest()
  }

  #requestHead(head: string, fieldsAt: number): Body {
    const fields = readFields(head, fieldsAt)
    if (fields === undefined || fields.transfer === 'other') throw new LostFooting('no telling where the request ends')
    const last = this.#waiting.at(-1)
    if (last !== undefined) last.switches = fields.upgrade || last.method === 'CONNECT'
    return fields.transfer === 'chunked' ? { kind: 'chunked' } : { kind: 'length', bytes: fields.length ?? 0 }
  }

  #statusLine(line: string, startedAt: number): void {
    const status = readStatusLine(line)
    if (status === undefined) throw new LostFooting('no status line')
    if (this.#waiting.length === 0) throw new LostFooting('an answer to nothing')
    this.#answer = { code: status.code, startedAt }
  }

  #responseHead(head: string, fieldsAt: number): Body {
    const { code, startedAt } = this.#answer
    const interim = code < 200 && code !== 101
    if (interim) return noBody
    const request = this.#waiting.shift()
    if (request === undefined) throw new LostFooting('an answer to nothing')
    const { endedAt = startedAt } = request
    this.#listener.onResponse(code, Math.max(0, startedAt - endedAt))
    const tunnel = request.method === 'CONNECT' && code < 300
    if (code === 101 || tunnel) throw new LostFooting('another protocol from here on')
    if (request.method === 'HEAD' || code === 204 || code === 304) return noBody
    const fields = readFields(head, fieldsAt)
    if (fields === undefined) throw new LostFooting('no telling where the response ends')
    return responseBody(fields)
  }
}

/** RFC 9112, 6.3. */
function responseBody({ transfer, length }: Fields): Body {
  if (transfer === 'chunked') return { kind: 'chunked' }
  if (transfer === 'other' || length === undefined) return { kind: 'close' }
  return { kind: 'length', bytes: length }
}
