// A container's output is one file that its processes append to by themselves: order between stdout and stderr is kept
// and nothing of the engine is in the way. When lines came is recorded beside it: pairs of (size, time) each time the
// file was seen to have grown, so that `--timestamps` and `--since` work on programs that print no time.

import { type FSWatcher, watch } from 'node:fs'
import { appendFile, copyFile, open, readFile, rename, rm, stat, truncate } from 'node:fs/promises'
import type { Clock } from '@binnacle/api'
import { ifMissing } from '../missing-file.ts'
import type { LogOptions } from '../runtime.ts'

/** kubelet's containerLogMaxSize and containerLogMaxFiles. */
const maxFileBytes = 10 * 1024 * 1024
const maxFiles = 5
const chunkBytes = 64 * 1024

interface Growth {
  /** Size of the file when it was looked at. */
  size: number
  /** Milliseconds since the epoch. */
  time: number
}

interface Place {
  offset: number
  /** Of the file that the offset is in. */
  generation: number
}

export interface LogFileOptions {
  path: string
  clock: Clock
  /** Size at which the file is rotated. */
  maxBytes?: number
  log: (message: string, error: unknown) => void
}

export class LogFile {
  readonly path: string
  readonly #clock: Clock
  readonly #maxBytes: number
  readonly #log: LogFileOptions['log']
  #hasFailed = false
  #growth: Growth[] = []
  #watcher: FSWatcher | undefined
  #looking: Promise<void> | undefined
  #lookAgain = false
  #ended = false
  readonly #waiting = new Set<() => void>()
  /** Counts rotations, so that a follower notices that offsets start anew. */
  #generation = 0

  constructor({ path, clock, maxBytes = maxFileBytes, log }: LogFileOptions) {
    this.path = path
    this.#clock = clock
    this.#maxBytes = maxBytes
    this.#log = log
  }

  /** Starts to note times; the file must exist. */
  async open(): Promise<void> {
    this.#growth = await readGrowth(timesPath(this.path))
    this.#watcher = watch(this.path, { persistent: false }, () => this.#look())
    // A watch that breaks (the file was removed by hand) must not end the engine; the log is then simply not timed.
    this.#watcher.on('error', () => this.#watcher?.close())
    this.#look()
  }

  /** No more output will come: followers end after what is there. */
  async end(): Promise<void> {
    this.#look()
    await this.#looking
    this.#ended = true
    this.close()
  }

  close(): void {
    this.#watcher?.close()
    this.#watcher = undefined
    this.#wake()
  }

  #wake(): void {
    for (const resume of this.#waiting) resume()
    this.#waiting.clear()
  }

  #look(): void {
    if (this.#looking) {
      this.#lookAgain = true
      return
    }
    this.#looking = this.#note()
      // The folder of a removed pod: nobody reads it any more.
      .catch(ifMissing(undefined))
      .catch((error: unknown) => this.#failed(error))
      .finally(() => {
        this.#looking = undefined
        if (!this.#lookAgain) return
        this.#lookAgain = false
        this.#look()
      })
  }

  /** A full disk, say: the output is there all the same, without the times of its lines. Said once, not for each line. */
  #failed(error: unknown): void {
    if (!this.#hasFailed) this.#log(`cannot note the times of ${this.path}`, error)
    this.#hasFailed = true
  }

  async #note(): Promise<void> {
    const { size } = await stat(this.path)
    const last = this.#growth.at(-1)?.size ?? 0
    if (size === last) return
    if (size < last) this.#growth = []
    const entry = { size, time: this.#clock.now() }
    this.#growth.push(entry)
    await appendFile(timesPath(this.path), `${entry.size} ${entry.time}\n`)
    if (size > this.#maxBytes) await this.#rotate()
    this.#wake()
  }

  /** The processes keep the file open, so its content is copied away and the file cut, as logrotate's copytruncate does. */
  async #rotate(): Promise<void> {
    const older = (index: number): string => `${this.path}.${index}`
    await rm(older(maxFiles - 1), { force: true })
    await rm(timesPath(older(maxFiles - 1)), { force: true })
    for (let index = maxFiles - 2; index >= 1; index--) {
      await rename(older(index), older(index + 1)).catch(ifMissing(undefined))
      await rename(timesPath(older(index)), timesPath(older(index + 1))).catch(ifMissing(undefined))
    }
    await copyFile(this.path, older(1))
    await truncate(this.path, 0)
    await rename(timesPath(this.path), timesPath(older(1))).catch(ifMissing(undefined))
    this.#growth = []
    this.#generation++
  }

  /** Reads as `kubectl logs` asks; ends at the end of the file, or with `follow` when the container has ended. */
  async *read(options: LogOptions, signal: AbortSignal): AsyncGenerator<Buffer> {
    let left = options.limitBytes ?? Number.POSITIVE_INFINITY
    for await (const chunk of this.#lines(options, signal)) {
      if (chunk.length >= left) {
        yield chunk.subarray(0, left)
        return
      }
      left -= chunk.length
      yield chunk
    }
  }

  /** Follows what comes from when this resolves on: a generator by itself begins only when it is first asked. */
  async readFromNow(signal: AbortSignal): Promise<AsyncIterable<Buffer>> {
    const generation = this.#generation
    return this.#lines({ follow: true, timestamps: false }, signal, {
      offset: await tailOffset(this.path, 0),
      generation,
    })
  }

  async *#lines(options: LogOptions, signal: AbortSignal, from?: Place): AsyncGenerator<Buffer> {
    this.#look()
    await this.#looking
    let generation = from?.generation ?? this.#generation
    let offset = from?.offset ?? (await this.#startOffset(options))
    let lineStart = true
    const since = options.since
    while (!signal.aborted) {
      const ended = this.#ended
      for await (const chunk of readChunks(this.path, offset)) {
        if (signal.aborted) return
        if (options.timestamps) {
          const { text, atLineStart } = this.#stamp(chunk, offset, lineStart)
          lineStart = atLineStart
          yield text
        } else yield chunk
        offset += chunk.length
      }
      if (!options.follow || ended || this.#watcher === undefined) return
      if (since !== undefined && offset === 0 && generation !== this.#generation) generation = this.#generation
      await this.#grown(offset, generation, signal)
      if (generation !== this.#generation) {
        generation = this.#generation
        offset = 0
      }
    }
  }

  /** Resolves when there may be more to read. */
  async #grown(offset: number, generation: number, signal: AbortSignal): Promise<void> {
    const { size } = await stat(this.path)
    if (size > offset || generation !== this.#generation || this.#ended || signal.aborted) return
    await new Promise<void>((resolve) => {
      this.#waiting.add(resolve)
      signal.addEventListener('abort', () => resolve(), { once: true })
    })
  }

  async #startOffset(options: LogOptions): Promise<number> {
    let offset = 0
    if (options.since !== undefined) {
      const since = options.since
      const before = this.#growth.findLast(({ time }) => time < since)
      offset = before?.size ?? 0
    }
    if (options.tailLines !== undefined) offset = Math.max(offset, await tailOffset(this.path, options.tailLines))
    return offset
  }

  /** Time at which the byte at `offset` was first seen. */
  #timeAt(offset: number): number {
    let low = 0
    let high = this.#growth.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#growth[middle]?.size ?? 0) > offset) high = middle
      else low = middle + 1
    }
    return this.#growth[low]?.time ?? this.#clock.now()
  }

  #stamp(chunk: Buffer, offset: number, atLineStart: boolean): { text: Buffer; atLineStart: boolean } {
    const parts: Buffer[] = []
    let from = 0
    let start = atLineStart
    while (from < chunk.length) {
      if (start) parts.push(Buffer.from(`${nanoTime(this.#timeAt(offset + from))} `))
      const newline = chunk.indexOf(10, from)
      const to = newline === -1 ? chunk.length : newline + 1
      parts.push(chunk.subarray(from, to))
      start = newline !== -1
      from = to
    }
    return { text: Buffer.concat(parts), atLineStart: start }
  }
}

function timesPath(path: string): string {
  return `${path}.times`
}

/** RFC 3339 with nanoseconds, as the log lines of CRI have it. */
function nanoTime(time: number): string {
  return new Date(time).toISOString().replace('Z', '000000Z')
}

async function readGrowth(path: string): Promise<Growth[]> {
  const text = await readFile(path, 'latin1').catch(ifMissing(''))
  return text
    .split('\n')
    .filter((line) => line.includes(' '))
    .map((line) => {
      const [size, time] = line.split(' ')
      return { size: Number(size), time: Number(time) }
    })
}

async function* readChunks(path: string, offset: number): AsyncGenerator<Buffer> {
  const file = await open(path, 'r')
  try {
    let position = offset
    for (;;) {
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(chunkBytes), 0, chunkBytes, position)
      if (bytesRead === 0) return
      position += bytesRead
      yield buffer.subarray(0, bytesRead)
    }
  } finally {
    await file.close()
  }
}

/** Offset of the first of the last `lines` lines; found backwards, so that a large file costs no more than its end. */
export async function tailOffset(path: string, lines: number): Promise<number> {
  const file = await open(path, 'r')
  try {
    const { size } = await file.stat()
    if (lines <= 0) return size
    let seen = 0
    for (let end = size; end > 0;) {
      const start = Math.max(0, end - chunkBytes)
      const { buffer } = await file.read(Buffer.alloc(end - start), 0, end - start, start)
      // The newline that ends the last line does not begin another one.
      for (let at = buffer.length - 1; at >= 0; at--) {
        if (buffer[at] !== 10 || start + at === size - 1) continue
        seen++
        if (seen === lines) return start + at + 1
      }
      end = start
    }
    return 0
  } finally {
    await file.close()
  }
}
