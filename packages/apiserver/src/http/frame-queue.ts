// What a watch still has to say to its client. The state at its start is encoded only as fast as the client reads, however
// large it is; changes after that wait up to a bound, and a client that lets more wait is cut off.

import type { Writable } from 'node:stream'

/** Changes that may wait for one watcher. */
const maxWaitingBytes = 64 * 1024 * 1024
/** What is handed to the socket before it asks for more. */
const maxBufferedBytes = 1024 * 1024
const chunkBytes = 256 * 1024

export type Frame = Uint8Array | (() => Uint8Array)

export class FrameQueue {
  readonly #out: Writable
  readonly #onOverflow: () => void
  #frames: Frame[] = []
  #head = 0
  /** Of the frames in the queue that are encoded. */
  #waitingBytes = 0
  #isScheduled = false
  #isBlocked = false
  #isEnded = false

  constructor(out: Writable, onOverflow: () => void) {
    this.#out = out
    this.#onOverflow = onOverflow
  }

  /** A function is called when it is the frame's turn. */
  push(frame: Frame): void {
    this.#frames.push(frame)
    if (typeof frame !== 'function') this.#waitingBytes += frame.length
    if (this.#waitingBytes + this.#out.writableLength > maxWaitingBytes) {
      this.#frames = []
      this.#onOverflow()
      this.#out.destroy()
      return
    }
    this.#schedule()
  }

  /** The answer ends after the last frame. */
  end(): void {
    this.#isEnded = true
    this.#schedule()
  }

  /** All that comes in one turn of the event loop goes in one write. */
  #schedule(): void {
    if (this.#isScheduled || this.#isBlocked) return
    this.#isScheduled = true
    process.nextTick(() => {
      this.#isScheduled = false
      this.#write()
    })
  }

  #write(): void {
    while (this.#head < this.#frames.length) {
      if (this.#out.destroyed) return
      if (this.#out.writableLength >= maxBufferedBytes) {
        this.#isBlocked = true
        this.#out.once('drain', () => {
          this.#isBlocked = false
          this.#write()
        })
        return
      }
      this.#out.write(this.#nextChunk())
    }
    this.#frames = []
    this.#head = 0
    if (this.#isEnded && !this.#out.destroyed) this.#out.end()
  }

  #nextChunk(): Uint8Array {
    const parts: Uint8Array[] = []
    let size = 0
    while (size < chunkBytes && this.#head < this.#frames.length) {
      const frame = this.#frames[this.#head++] ?? new Uint8Array()
      const bytes = typeof frame === 'function' ? frame() : frame
      if (typeof frame !== 'function') this.#waitingBytes -= bytes.length
      parts.push(bytes)
      size += bytes.length
    }
    return parts.length === 1 ? (parts[0] ?? new Uint8Array()) : Buffer.concat(parts, size)
  }
}
