// SPDY/3.1 as Kubernetes speaks it (moby/spdystream): streams with named headers over one connection, header
// blocks compressed with one zlib context for each direction. Windows are not kept: the Go side announces none and
// sends no WINDOW_UPDATE, so a sender that waits for one stalls at 64 KiB; back-pressure is that of the connection.

import { EventEmitter } from 'node:events'
import type { Duplex } from 'node:stream'
import { Writable } from 'node:stream'
import { type Deflate, type Inflate, constants, createDeflate, createInflate } from 'node:zlib'
import { spdyDictionary } from './spdy-dictionary.ts'

const frames = {
  synStream: 1,
  synReply: 2,
  rstStream: 3,
  settings: 4,
  ping: 6,
  goAway: 7,
  headers: 8,
  windowUpdate: 9,
} as const
const flagFin = 1
/** Larger writes are cut, so that streams of one connection take turns. */
const maxData = 32 * 1024
/** No header block of a client comes near it. */
const maxControlFrame = 64 * 1024

interface SpdyStreamOptions {
  id: number
  headers: ReadonlyMap<string, string>
  /** Resolves when the peer takes data, or never will. */
  accepted?: Promise<void>
}

/** One stream: readable by its `data` and `end` events, writable with back-pressure. Closed when both ways have ended. */
export class SpdyStream extends Writable {
  readonly id: number
  readonly headers: ReadonlyMap<string, string>
  readonly #connection: SpdyConnection
  readonly #accepted: Promise<void> | undefined
  #hasEnded = false
  #wasCut = false

  constructor(connection: SpdyConnection, { id, headers, accepted }: SpdyStreamOptions) {
    // What the peer still sends after our end is to arrive.
    super({ autoDestroy: false })
    this.#connection = connection
    this.#accepted = accepted
    this.id = id
    this.headers = headers
    // A peer that goes away is no fault of ours.
    this.on('error', () => this.destroy())
    this.on('finish', () => this.#hasEnded && this.destroy())
  }

  /** The peer broke it off, or the connection did: what came is not all. Known when `end` is told. */
  get wasCut(): boolean {
    return this.#wasCut
  }

  /** For the connection: the peer's last. */
  endReading(): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    this.emit('end')
    if (this.writableFinished) this.destroy()
  }

  /** For the connection: the stream is no more. */
  cut(): void {
    if (!this.#hasEnded) this.#wasCut = true
    this.endReading()
    this.destroy()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    void this.#send(chunk, false, done)
  }

  override _final(done: (error?: Error | null) => void): void {
    void this.#send(Buffer.alloc(0), true, done)
  }

  async #send(chunk: Buffer, fin: boolean, done: (error?: Error | null) => void): Promise<void> {
    await this.#accepted
    await this.#connection.sendData(this.id, chunk, fin)
    done()
  }
}

export interface SpdyConnectionOptions {
  /** Who opens streams: the client, with odd numbers. */
  role?: 'client' | 'server'
}

/**
 * Events: `stream` (SpdyStream) where the peer opens one, `close`. A stream's `data` and `end` events come with the bytes of the peer; while
 * `pause` is called, nothing more is read from the connection.
 */
export class SpdyConnection extends EventEmitter<{ stream: [SpdyStream]; close: [] }> {
  readonly #socket: Duplex
  readonly #inflate: Inflate = createInflate({ dictionary: spdyDictionary, flush: constants.Z_SYNC_FLUSH })
  readonly #deflate: Deflate = createDeflate({ dictionary: spdyDictionary, flush: constants.Z_SYNC_FLUSH })
  readonly #streams = new Map<number, SpdyStream>()
  /** Streams of ours that the peer has not answered. */
  readonly #unanswered = new Map<number, () => void>()
  readonly #role: 'client' | 'server'
  #nextId = 1
  #nextPing: number
  /** One header block after the other goes through the zlib context. */
  #opening: Promise<void> = Promise.resolve()
  #closed = false

  constructor(socket: Duplex, { role = 'server' }: SpdyConnectionOptions = {}) {
    super()
    this.#socket = socket
    this.#role = role
    this.#nextPing = role === 'client' ? 1 : 2
    void this.#read()
    socket.on('error', () => socket.destroy())
    socket.on('close', () => this.#close())
  }

  get closed(): boolean {
    return this.#closed
  }

  #close(): void {
    if (this.#closed) return
    this.#closed = true
    for (const id of this.#unanswered.keys()) this.#answered(id)
    for (const stream of this.#streams.values()) stream.cut()
    this.emit('close')
  }

  /**
   * A client's new stream; names of headers are lower-case. What is written waits until the peer has answered, since Go's
   * side drops what comes before. A stream that the peer refuses ends as one that was cut.
   */
  open(headers: ReadonlyMap<string, string>): SpdyStream {
    const id = this.#nextId
    this.#nextId += 2
    const { promise: accepted, resolve } = Promise.withResolvers<void>()
    const stream = new SpdyStream(this, { id, headers, accepted })
    this.#add(stream)
    this.#unanswered.set(id, resolve)
    this.#opening = this.#opening.then(() => this.#sendSyn(stream))
    return stream
  }

  async #sendSyn({ id, headers }: SpdyStream): Promise<void> {
    if (this.#closed) {
      this.#answered(id)
      this.#streams.get(id)?.cut()
      return
    }
    // Its number; none that it belongs to; the highest priority.
    const head = Buffer.alloc(10)
    head.writeUInt32BE(id, 0)
    this.#sendControl(
      frames.synStream,
      0,
      Buffer.concat([head, await transform(this.#deflate, formatHeaders(headers))]),
    )
  }

  #add(stream: SpdyStream): void {
    this.#streams.set(stream.id, stream)
    stream.once('close', () => this.#streams.delete(stream.id))
  }

  #answered(id: number): void {
    this.#unanswered.get(id)?.()
    this.#unanswered.delete(id)
  }

  /** So that nobody on the way takes a silent connection for a dead one. */
  ping(): void {
    const payload = Buffer.alloc(4)
    payload.writeUInt32BE(this.#nextPing)
    this.#nextPing = (this.#nextPing + 2) >>> 0
    this.#sendControl(frames.ping, 0, payload)
  }

  /** Sends what is written, and ends the connection behind it. */
  end(): void {
    if (this.#closed) return
    const payload = Buffer.alloc(8)
    payload.writeUInt32BE(Math.max(0, ...this.#streams.keys()), 0)
    this.#sendControl(frames.goAway, 0, payload)
    this.#socket.end()
  }

  /** Breaks the connection off; its streams end as cut. */
  destroy(): void {
    this.#socket.destroy()
    this.#close()
  }

  async #read(): Promise<void> {
    let rest: Buffer = Buffer.alloc(0)
    try {
      for await (const chunk of this.#socket) {
        rest = rest.length === 0 ? (chunk as Buffer) : Buffer.concat([rest, chunk as Buffer])
        for (;;) {
          if (rest.length < 8) break
          const length = rest.readUIntBE(5, 3)
          const isControl = (rest[0] ?? 0) >= 0x80
          if (isControl && length > maxControlFrame) throw new Error('control frame is too long')
          if (rest.length < 8 + length) break
          const head = rest.subarray(0, 8)
          const payload = rest.subarray(8, 8 + length)
          rest = rest.subarray(8 + length)
          if (isControl) await this.#control(head.readUInt16BE(2), head[4] ?? 0, payload)
          else await this.#data(head.readUInt32BE(0), head[4] ?? 0, payload)
        }
      }
    } catch {
      // A broken connection or a peer that does not speak SPDY: both end it.
    }
    this.#socket.destroy()
    this.#close()
  }

  async #data(id: number, flags: number, payload: Buffer): Promise<void> {
    const stream = this.#streams.get(id)
    if (stream === undefined) return
    if (payload.length > 0) {
      const waits: Promise<void>[] = []
      // A listener may hand a promise to `waits`: reading goes on when it has taken the bytes.
      stream.emit('data', payload, waits)
      await Promise.all(waits)
    }
    if ((flags & flagFin) !== 0) stream.endReading()
  }

  async #control(type: number, flags: number, payload: Buffer): Promise<void> {
    switch (type) {
      case frames.synStream: {
        const id = payload.readUInt32BE(0) & 0x7fff_ffff
        const headers = parseHeaders(await transform(this.#inflate, payload.subarray(10)))
        const stream = new SpdyStream(this, { id, headers })
        this.#add(stream)
        const reply = Buffer.alloc(4)
        reply.writeUInt32BE(id, 0)
        const block = await transform(this.#deflate, Buffer.alloc(4))
        this.#sendControl(frames.synReply, 0, Buffer.concat([reply, block]))
        this.emit('stream', stream)
        if ((flags & flagFin) !== 0) stream.endReading()
        return
      }
      case frames.synReply:
      case frames.headers: {
        // Nothing in it matters, but the block must go through the shared zlib context.
        await transform(this.#inflate, payload.subarray(4))
        const id = payload.readUInt32BE(0)
        if (type === frames.synReply) this.#answered(id)
        if ((flags & flagFin) !== 0) this.#streams.get(id)?.endReading()
        return
      }
      case frames.rstStream: {
        const id = payload.readUInt32BE(0)
        this.#answered(id)
        this.#streams.get(id)?.cut()
        return
      }
      case frames.ping:
        // Odd numbers are the client's; one's own would come back.
        if (((payload[3] ?? 0) & 1) === (this.#role === 'server' ? 1 : 0)) this.#sendControl(frames.ping, 0, payload)
        return
      default:
        // SETTINGS, GOAWAY, WINDOW_UPDATE: nothing here depends on them.
        return
    }
  }

  #sendControl(type: number, flags: number, payload: Buffer): void {
    if (this.#closed || this.#socket.destroyed) return
    const head = Buffer.alloc(8)
    head.writeUInt16BE(0x8003, 0)
    head.writeUInt16BE(type, 2)
    head[4] = flags
    head.writeUIntBE(payload.length, 5, 3)
    this.#socket.write(Buffer.concat([head, payload]))
  }

  /** Resolves when the connection takes more. */
  async sendData(id: number, data: Buffer, fin: boolean): Promise<void> {
    for (let at = 0; at === 0 || at < data.length; at += maxData) {
      if (this.#closed || this.#socket.destroyed) return
      const part = data.subarray(at, at + maxData)
      const head = Buffer.alloc(8)
      head.writeUInt32BE(id, 0)
      head[4] = fin && at + maxData >= data.length ? flagFin : 0
      head.writeUIntBE(part.length, 5, 3)
      if (this.#socket.write(Buffer.concat([head, part]))) continue
      await new Promise<void>((resolve) => {
        const done = (): void => {
          this.#socket.off('drain', done)
          this.#socket.off('close', done)
          resolve()
        }
        this.#socket.on('drain', done)
        this.#socket.on('close', done)
      })
    }
  }
}

/** Resolves when the chunk is on its way, or the stream is no more. */
export function written(stream: SpdyStream, chunk: Buffer): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || stream.writableEnded) resolve()
    else stream.write(chunk, () => resolve())
  })
}

/** One block through a zlib context that lives as long as the connection. */
async function transform(codec: Inflate | Deflate, block: Buffer): Promise<Buffer> {
  await new Promise<void>((resolve, reject) => {
    codec.once('error', reject)
    codec.write(block, () => {
      codec.off('error', reject)
      resolve()
    })
  })
  return (codec.read() as Buffer | null) ?? Buffer.alloc(0)
}

function formatHeaders(headers: ReadonlyMap<string, string>): Buffer {
  const parts: Buffer[] = [lengthOf(headers.size)]
  for (const text of [...headers].flat()) {
    const bytes = Buffer.from(text)
    parts.push(lengthOf(bytes.length), bytes)
  }
  return Buffer.concat(parts)
}

function lengthOf(count: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(count)
  return bytes
}

function parseHeaders(block: Buffer): Map<string, string> {
  const headers = new Map<string, string>()
  let at = 4
  const text = (): string => {
    const length = block.readUInt32BE(at)
    at += 4 + length
    return block.toString('utf8', at - length, at)
  }
  for (let left = block.readUInt32BE(0); left > 0; left--) {
    const name = text()
    headers.set(name.toLowerCase(), text())
  }
  return headers
}
