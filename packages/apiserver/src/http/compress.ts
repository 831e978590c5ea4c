// Large answers: joined in memory that is used again for the next one, and compressed on the thread pool where the client
// takes gzip. A gzip stream may be several members one after the other (RFC 1952), so a large body is cut and its parts
// are compressed at the same time.

import type { Writable } from 'node:stream'
import { promisify } from 'node:util'
import { constants, gzip } from 'node:zlib'

const compress = promisify(gzip)

/** Smaller answers are sent as they are (upstream's 128 KiB). */
const threshold = 128 * 1024
/** What is joined, compressed and written at a time. */
const chunkBytes = 1024 * 1024
/** Chunks on their way at once: enough to keep two threads and the socket busy. */
const chunksAhead = 4

/** To a client on this machine, packing and unpacking takes longer than sending (`kubectl --disable-compression`). */
const thisMachine = /^(::ffff:)?127\.|^::1$/

export function wantsGzip(
  acceptEncoding: string | string[] | undefined,
  { bytes, remoteAddress = '' }: { bytes: number; remoteAddress: string | undefined },
): boolean {
  return (
    bytes > threshold &&
    !thisMachine.test(remoteAddress) &&
    String(acceptEncoding ?? '')
      .split(',')
      .some((part) => /^\s*gzip\s*(;\s*q=(?!0(\.0*)?\s*$))?/.test(part) && !/;\s*q=0(\.0*)?\s*$/.test(part))
  )
}

/** Level 1: on loopback, time counts more than size. Resolves when all is handed to the socket or the client is gone. */
export async function writeGzip(out: Writable, parts: readonly Uint8Array[]): Promise<void> {
  const writer = new Writer(out)
  const members: Promise<Uint8Array>[] = []
  for (const { bytes, release } of chunksOf(parts)) {
    members.push(compress(bytes, { level: constants.Z_BEST_SPEED, memLevel: 9, chunkSize: 64 * 1024 }).finally(release))
    if (members.length < chunksAhead) continue
    const first = await members.shift()
    if (first !== undefined && !(await writer.write(first))) return
  }
  for (const member of members) if (!(await writer.write(await member))) return
  out.end()
}

export async function writeParts(out: Writable, parts: readonly Uint8Array[]): Promise<void> {
  const writer = new Writer(out)
  for (const { bytes, release } of chunksOf(parts)) if (!(await writer.write(bytes, release))) return
  out.end()
}

/** Keeps a few writes under way, so that the socket never waits for the next one. */
class Writer {
  readonly #out: Writable
  readonly #closed: Promise<void>
  readonly #pending: Promise<void>[] = []

  constructor(out: Writable) {
    this.#out = out
    this.#closed = new Promise((resolve) => out.once('close', resolve))
  }

  /** False: the client is gone. */
  async write(bytes: Uint8Array, written: () => void = () => undefined): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#out.write(bytes, () => {
      written()
      resolve()
    })
    this.#pending.push(promise)
    if (this.#pending.length >= chunksAhead) await Promise.race([this.#pending.shift(), this.#closed])
    return !this.#out.destroyed
  }
}

interface Chunk {
  readonly bytes: Uint8Array
  /** To be called when the bytes are not needed any more. */
  readonly release: () => void
}

/** Fresh memory for each chunk would cost more than the copy: pages to be zeroed, and collections to get rid of it. */
const spare: Buffer[] = []

/** Few large chunks instead of many small parts. A part that is as large as a chunk goes as it is. */
function* chunksOf(parts: readonly Uint8Array[]): Iterable<Chunk> {
  let buffer: Buffer | undefined
  let size = 0
  for (const part of parts) {
    if (buffer !== undefined && size + part.length > chunkBytes) {
      yield chunkOf(buffer, size)
      buffer = undefined
      size = 0
    }
    if (part.length >= chunkBytes) {
      yield { bytes: part, release: () => undefined }
      continue
    }
    buffer ??= spare.pop() ?? Buffer.allocUnsafeSlow(chunkBytes)
    buffer.set(part, size)
    size += part.length
  }
  if (buffer !== undefined) yield chunkOf(buffer, size)
}

function chunkOf(buffer: Buffer, size: number): Chunk {
  const release = (): void => {
    if (spare.length < chunksAhead) spare.push(buffer)
  }
  return { bytes: buffer.subarray(0, size), release }
}
