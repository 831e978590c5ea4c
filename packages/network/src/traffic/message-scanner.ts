// One direction of an HTTP/1.x connection: finds where each message begins and ends, as its bytes pass in pieces of any
// size. Keeps nothing of a body, and of a head only what has not arrived whole.

/** How the bytes after a head are delimited. */
export type Body = { kind: 'length'; bytes: number } | { kind: 'chunked' } | { kind: 'close' }

/** Thrown by the handlers and here: these bytes are not understood. The connection is then left alone for good. */
export class LostFooting extends Error {
  override name = 'LostFooting'
}

export interface MessageHandlers {
  /** The first line, without its end; `startedAt` is when its first byte passed. */
  onFirstLine(line: string, startedAt: number): void
  /** Whether bytes that are no whole line yet may become a first line. */
  mayBeFirstLine(begun: string): boolean
  /** `head` with its empty line; `fieldsAt` is where the first field begins. Says how the body ends. */
  onHead(head: string, fieldsAt: number): Body
  onEnd(at: number): void
}

/** Longest head, in bytes: twice what Node.js accepts by default. */
const headLimit = 32_768
/** Longest line with a chunk's size and extensions, or of a trailer. */
const lineLimit = 4096

type State = 'head' | 'length' | 'chunk-size' | 'chunk-data' | 'chunk-end' | 'trailer' | 'close'

const nothing = Buffer.alloc(0)
const emptyLine = Buffer.from('\r\n\r\n')
const carriageReturn = 13
const lineFeed = 10

export class MessageScanner {
  readonly #handlers: MessageHandlers
  #state: State = 'head'
  /** Begin of a head or line whose end has not arrived. */
  #held: Buffer = nothing
  #startedAt = 0
  #firstLineSeen = false
  /** Bytes of the body or chunk that are to come. */
  #left = 0
  #trailerBytes = 0

  constructor(handlers: MessageHandlers) {
    this.#handlers = handlers
  }

  /** `at` is the time of these bytes. Throws LostFooting. */
  feed(bytes: Buffer, at: number): void {
    let offset = 0
    while (offset < bytes.length) offset = this.#step(bytes, offset, at)
  }

  #step(bytes: Buffer, offset: number, at: number): number {
    switch (this.#state) {
      case 'head':
        return this.#head(bytes, offset, at)
      case 'length':
      case 'chunk-data': {
        const taken = Math.min(this.#left, bytes.length - offset)
        this.#left -= taken
        if (this.#left === 0) {
          if (this.#state === 'length') this.#end(at)
          else this.#state = 'chunk-end'
        }
        return offset + taken
      }
      case 'close':
        return bytes.length
      default:
        return this.#line(bytes, offset, at)
    }
  }

  #head(bytes: Buffer, offset: number, at: number): number {
    if (this.#held.length === 0) {
      // Empty lines between messages (RFC 9112, 2.2).
      const code = bytes[offset]
      if (code === carriageReturn || code === lineFeed) return offset + 1
      this.#startedAt = at
    }
    const known = this.#held.length
    const rest = bytes.subarray(offset, offset + headLimit + emptyLine.length)
    const text = known === 0 ? rest : Buffer.concat([this.#held, rest])
    const found = text.indexOf(emptyLine, Math.max(0, known - 3))
    if (found < 0 || found > headLimit) {
      // The same bytes are looked at before giving up, in however many pieces they came.
      this.#firstLine(text.toString('latin1', 0, headLimit + emptyLine.length))
      if (text.length >= headLimit + emptyLine.length) throw new LostFooting('head too long')
      this.#held = Buffer.from(text)
      return bytes.length
    }
    const head = text.toString('latin1', 0, found + emptyLine.length)
    const fieldsAt = this.#firstLine(head)
    this.#held = nothing
    this.#firstLineSeen = false
    this.#body(this.#handlers.onHead(head, fieldsAt), at)
    return offset + found + emptyLine.length - known
  }

  /** Where the second line begins; 0 while the first is not whole. */
  #firstLine(head: string): number {
    const end = head.indexOf('\r\n')
    if (end < 0) {
      if (!this.#handlers.mayBeFirstLine(head)) throw new LostFooting('no first line')
      return 0
    }
    if (!this.#firstLineSeen) {
      this.#firstLineSeen = true
      this.#handlers.onFirstLine(head.slice(0, end), this.#startedAt)
    }
    return end + 2
  }

  #body(body: Body, at: number): void {
    switch (body.kind) {
      case 'length':
        this.#left = body.bytes
        if (body.bytes === 0) this.#end(at)
        else this.#state = 'length'
        return
      case 'chunked':
        this.#state = 'chunk-size'
        this.#trailerBytes = 0
        return
      case 'close':
        this.#state = 'close'
    }
  }

  /** A line of the chunked coding: a size, the end of a chunk's data, a trailer field. */
  #line(bytes: Buffer, offset: number, at: number): number {
    const end = bytes.indexOf(lineFeed, offset)
    const piece = bytes.subarray(offset, end < 0 ? undefined : end)
    if (this.#held.length + piece.length > lineLimit) throw new LostFooting('line too long')
    const line = this.#held.length === 0 ? piece : Buffer.concat([this.#held, piece])
    if (end < 0) {
      this.#held = Buffer.from(line)
      return bytes.length
    }
    this.#held = nothing
    if (line.at(-1) !== carriageReturn) throw new LostFooting('line without carriage return')
    this.#onLine(line.toString('latin1', 0, line.length - 1), at)
    return end + 1
  }

  #onLine(line: string, at: number): void {
    if (this.#state === 'chunk-size') {
      const size = /^([0-9A-Fa-f]{1,12})[ \t]*(?:;.*)?$/.exec(line)?.[1]
      if (size === undefined) throw new LostFooting('no chunk size')
      this.#left = Number.parseInt(size, 16)
      this.#state = this.#left === 0 ? 'trailer' : 'chunk-data'
    } else if (this.#state === 'chunk-end') {
      if (line !== '') throw new LostFooting('chunk longer than its size')
      this.#state = 'chunk-size'
    } else if (line === '') this.#end(at)
    else {
      this.#trailerBytes += line.length
      if (this.#trailerBytes > headLimit) throw new LostFooting('trailers too long')
    }
  }

  #end(at: number): void {
    this.#state = 'head'
    this.#handlers.onEnd(at)
  }
}
