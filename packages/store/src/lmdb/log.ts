// The log: two files of a fixed length, of which one is appended to while what the other holds goes into the data file.
// They are filled with zeroes when the folder is made, so that an append changes no length and no map of blocks: one
// write that is synced with it, on a thread of libuv's, is all that a commit waits for.

import {
  closeSync,
  constants,
  existsSync,
  fdatasync,
  fdatasyncSync,
  fstatSync,
  openSync,
  readSync,
  write,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Frame } from './frame.ts'
import { findFrames } from './frame.ts'
import { RecordError } from './record.ts'

const writeAt = promisify(write)
const sync = promisify(fdatasync)

/** Linux syncs a write with the write itself, which saves a turn through the thread pool; elsewhere the flag promises less. */
const syncedWrites = process.platform === 'linux'

const logNames = ['log.0', 'log.1'] as const

/** Makes both files anew, `length` bytes each. What they are called is not durable before the folder is synced. */
export function createLog(directory: string, length: number): void {
  for (const name of logNames) {
    const file = openSync(join(directory, name), 'w', 0o600)
    try {
      const zeroes = Buffer.alloc(length)
      for (let at = 0; at < length;) at += writeSync(file, zeroes, at, length - at, at)
      fdatasyncSync(file)
    } finally {
      closeSync(file)
    }
  }
}

export class Log {
  #files: readonly number[]
  #length: number
  /** Which file is appended to, and where; before the first `turn`, none. */
  #current = 1
  #position = Infinity

  /** Throws RecordError, or the file system's error. */
  constructor(directory: string, length: number) {
    this.#length = length
    const flags = constants.O_RDWR | (syncedWrites ? constants.O_DSYNC : 0)
    const missing = logNames.find((name) => !existsSync(join(directory, name)))
    if (missing !== undefined) throw new RecordError(`${missing} is missing`)
    this.#files = logNames.map((name) => openSync(join(directory, name), flags))
  }

  /**
   * The groups after `revision`, in order. A group that is torn was the last and was not acknowledged. Where one is
   * missing before another, or a file is shorter than it was made, something acknowledged is gone: RecordError.
   */
  read(revision: number): Frame[] {
    const frames = this.#files.flatMap((file, index) => findFrames(this.#contentOf(file, logNames[index] ?? '')))
    const groups = frames.filter((frame) => frame.revision > revision).sort((one, other) => one.after - other.after)
    let reached = revision
    for (const { after, revision: last } of groups) {
      if (after !== reached) throw new RecordError(`the log lacks revisions ${reached + 1} to ${after}`)
      reached = last
    }
    return groups
  }

  /** Whether a group can be appended before the next `turn`. One that is longer than a file makes that file longer. */
  hasRoomFor({ bytes }: Frame): boolean {
    return this.#position === 0 || this.#position + bytes.length <= this.#length
  }

  /** Goes on at the beginning of the other file: nothing that is in there may be needed any more. */
  turn(): void {
    this.#current = 1 - this.#current
    this.#position = 0
  }

  /** Resolves when the group is on disk. */
  async append({ bytes }: Frame): Promise<void> {
    const file = this.#files[this.#current] as number
    for (let done = 0; done < bytes.length;) {
      const { bytesWritten } = await writeAt(file, bytes, done, bytes.length - done, this.#position + done)
      done += bytesWritten
    }
    if (!syncedWrites) await sync(file)
    this.#position += bytes.length
  }

  close(): void {
    for (const file of this.#files) closeSync(file)
  }

  #contentOf(file: number, name: string): Buffer {
    const { size } = fstatSync(file)
    if (size < this.#length) throw new RecordError(`${name} has ${size} bytes where ${this.#length} are expected`)
    const content = Buffer.allocUnsafeSlow(size)
    for (let at = 0; at < size;) {
      const got = readSync(file, content, at, size - at, at)
      if (got === 0) throw new RecordError(`${name} cannot be read whole`)
      at += got
    }
    return content
  }
}
