// A queue of keys with client-go's guarantees (util/workqueue): fair (in order of arrival), stingy (a key added twice
// before it is taken is taken once), never two workers on one key (added meanwhile, it comes again when done), and
// delayed and rate-limited adds.

import type { Clock } from '@binnacle/api'

/** client-go's default item back-off: 5 ms, doubled for each failure, at most 1000 s. */
const baseDelayMs = 5
const maxDelayMs = 1_000_000

export class WorkQueue {
  readonly #clock: Clock
  readonly #waiting: string[] = []
  #head = 0
  /** Keys that wait, or have to wait again after the work on them ends. */
  readonly #dirty = new Set<string>()
  readonly #processing = new Set<string>()
  readonly #failures = new Map<string, number>()
  readonly #delayed = new Map<string, { at: number; cancel: () => void }>()
  readonly #onAdded: () => void
  #closed = false

  constructor(options: { clock: Clock; onAdded: () => void }) {
    this.#clock = options.clock
    this.#onAdded = options.onAdded
  }

  /** Keys that wait to be taken. */
  get length(): number {
    return this.#waiting.length - this.#head
  }

  add(key: string): void {
    if (this.#closed || this.#dirty.has(key)) return
    this.#dirty.add(key)
    if (this.#processing.has(key)) return
    this.#waiting.push(key)
    this.#onAdded()
  }

  /** The earlier of two delayed adds of a key counts. */
  addAfter(key: string, delayMs: number): void {
    if (delayMs <= 0) {
      this.add(key)
      return
    }
    if (this.#closed) return
    const at = this.#clock.now() + delayMs
    const known = this.#delayed.get(key)
    if (known !== undefined) {
      if (known.at <= at) return
      known.cancel()
    }
    const cancel = this.#clock.after(delayMs, () => {
      this.#delayed.delete(key)
      this.add(key)
    })
    this.#delayed.set(key, { at, cancel })
  }

  addRateLimited(key: string): void {
    const failures = this.#failures.get(key) ?? 0
    this.#failures.set(key, failures + 1)
    this.addAfter(key, Math.min(baseDelayMs * 2 ** failures, maxDelayMs))
  }

  /** The key's next failure starts at the shortest delay again. */
  forget(key: string): void {
    this.#failures.delete(key)
  }

  /** How often in a row the key was rate-limited. */
  failures(key: string): number {
    return this.#failures.get(key) ?? 0
  }

  /** Hands out the key that waits longest; `done` must be called for it. */
  take(): string | undefined {
    const key = this.#waiting[this.#head]
    if (key === undefined) return undefined
    this.#head++
    // Cut now and then: shifting for each key would move the whole list.
    if (this.#head > 1024 && this.#head * 2 > this.#waiting.length) {
      this.#waiting.splice(0, this.#head)
      this.#head = 0
    }
    this.#dirty.delete(key)
    this.#processing.add(key)
    return key
  }

  done(key: string): void {
    this.#processing.delete(key)
    if (!this.#dirty.has(key) || this.#closed) return
    this.#waiting.push(key)
    this.#onAdded()
  }

  /** Drops what waits and takes nothing more. */
  close(): void {
    this.#closed = true
    this.#waiting.length = 0
    this.#head = 0
    for (const { cancel } of this.#delayed.values()) cancel()
    this.#delayed.clear()
  }
}
