// How much history is kept without anybody asking: enough for a client to list page by page and to reconnect a watch.

import type { Clock } from '@binnacle/api'

export interface HistoryLimits {
  /** History younger than this is kept unless it is too large: the API server's --etcd-compaction-interval, five minutes. */
  minAgeMs: number
  maxEvents: number
  /** Bytes of versions that only history keeps in memory. */
  maxBytes: number
}

export const defaultHistoryLimits: HistoryLimits = { minAgeMs: 300_000, maxEvents: 100_000, maxBytes: 64 << 20 }

/** What the policy sees of the store, and the one thing it does to it. */
export interface Compactable {
  readonly revision: number
  readonly history: { readonly events: number; readonly bytes: number }
  compact(revision: number): void
}

export class HistoryPolicy {
  #limits: HistoryLimits
  #clock: Clock
  #store: Compactable
  /** Which revision was reached when, at most ten for each `minAgeMs`. */
  #marks: { time: number; revision: number }[] = []
  #cancelTimer: (() => void) | undefined

  constructor(store: Compactable, options: { clock: Clock; limits: HistoryLimits }) {
    this.#store = store
    this.#clock = options.clock
    this.#limits = options.limits
  }

  /** To be called after each commit. */
  committed(): void {
    const { maxEvents, maxBytes, minAgeMs } = this.#limits
    const { events, bytes } = this.#store.history
    if (events > maxEvents || bytes > maxBytes) {
      // A tenth more than needed, so that a store at its limit does not compact after each commit.
      const share = Math.max(1 - (0.9 * maxEvents) / events, 1 - (0.9 * maxBytes) / bytes)
      this.#store.compact(this.#store.revision - events + Math.ceil(events * Math.min(1, share)))
    }
    const time = this.#clock.now()
    const last = this.#marks.at(-1)
    if (last === undefined || time - last.time >= minAgeMs / 10)
      this.#marks.push({ time, revision: this.#store.revision })
    else last.revision = this.#store.revision
    this.#cancelTimer ??= this.#clock.after(minAgeMs / 5, () => this.#expire())
  }

  close(): void {
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
  }

  #expire(): void {
    const { minAgeMs } = this.#limits
    // A mark covers the commits of the tenth that follows its time.
    const expired = this.#marks.findLastIndex(({ time }) => this.#clock.now() - time >= minAgeMs * 1.1)
    if (expired >= 0) {
      const [mark] = this.#marks.splice(0, expired + 1).slice(-1)
      if (mark !== undefined) this.#store.compact(mark.revision)
    }
    // No timer while there is no history: an idle engine sleeps.
    this.#cancelTimer = this.#marks.length === 0 ? undefined : this.#clock.after(minAgeMs / 5, () => this.#expire())
  }
}
