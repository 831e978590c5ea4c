// Events of one watch that go to the page together: what comes in one turn of the event loop, and at most one message
// in the time of one frame of a screen.

import type { Clock } from '@binnacle/api'

const frameMs = 16
/** A batch of this size goes at once: waiting is for small things. */
const fullBytes = 512 * 1024
const comma = Buffer.from(',')

export interface EventBatchOptions {
  clock: Clock
  /** `parts` joined are the events with commas between them; `bytes` is the sum of the events alone. */
  send: (parts: readonly Buffer[], bytes: number) => void
}

export class EventBatch {
  readonly #options: EventBatchOptions
  #parts: Buffer[] = []
  #bytes = 0
  #sentAt = -Infinity
  #cancel: (() => void) | undefined

  constructor(options: EventBatchOptions) {
    this.#options = options
  }

  add(event: Buffer): void {
    if (this.#parts.length > 0) this.#parts.push(comma)
    this.#parts.push(event)
    this.#bytes += event.length
    if (this.#bytes >= fullBytes) this.flush()
    else this.#cancel ??= this.#schedule()
  }

  flush(): void {
    this.#cancel?.()
    this.#cancel = undefined
    if (this.#parts.length === 0) return
    const parts = this.#parts
    const bytes = this.#bytes
    this.#parts = []
    this.#bytes = 0
    this.#sentAt = this.#options.clock.now()
    this.#options.send(parts, bytes)
  }

  /** Answers how many bytes are not sent. */
  discard(): number {
    this.#cancel?.()
    this.#cancel = undefined
    const bytes = this.#bytes
    this.#parts = []
    this.#bytes = 0
    return bytes
  }

  #schedule(): () => void {
    const waitMs = this.#sentAt + frameMs - this.#options.clock.now()
    if (waitMs > 0) return this.#options.clock.after(waitMs, () => this.flush())
    const immediate = setImmediate(() => this.flush())
    return () => clearImmediate(immediate)
  }
}
