// A clock that moves only when a test says so.

import type { Clock } from '@binnacle/api'

export interface FakeClock extends Clock {
  /** Moves time forward and runs the callbacks that fall due, in the order of their times, each at its own time. */
  advance(byMs: number): void
  /** As `advance`, letting promises settle after each callback, so that what they lead to can set the next timer. */
  advanceAsync(byMs: number): Promise<void>
  /** Jumps to the next timer and runs it; false when there is none. */
  next(): boolean
  /** How many timers wait. */
  readonly pending: number
  /** When the next timer falls due; undefined when none waits. */
  readonly nextAt: number | undefined
}

interface Timer {
  at: number
  /** Timers of one moment run in the order in which they were set. */
  order: number
  callback: () => void
}

/** Starts at 2026-01-01T00:00:00Z unless told otherwise. */
export function createFakeClock(start: number = Date.UTC(2026, 0, 1)): FakeClock {
  let now = start
  let order = 0
  const timers = new Set<Timer>()

  const earliest = (until: number): Timer | undefined => {
    let found: Timer | undefined
    for (const timer of timers) {
      if (timer.at > until) continue
      if (found === undefined || timer.at < found.at || (timer.at === found.at && timer.order < found.order))
        found = timer
    }
    return found
  }
  const run = (timer: Timer): void => {
    timers.delete(timer)
    now = Math.max(now, timer.at)
    timer.callback()
  }

  return {
    now: () => now,
    after(delayMs, callback) {
      const timer = { at: now + Math.max(0, delayMs), order: order++, callback }
      timers.add(timer)
      return () => {
        timers.delete(timer)
      }
    },
    advance(byMs) {
      const until = now + byMs
      for (let timer = earliest(until); timer !== undefined; timer = earliest(until)) run(timer)
      now = until
    },
    async advanceAsync(byMs) {
      const until = now + byMs
      await settle()
      for (let timer = earliest(until); timer !== undefined; timer = earliest(until)) {
        run(timer)
        await settle()
      }
      now = until
    },
    next() {
      const timer = earliest(Infinity)
      if (timer !== undefined) run(timer)
      return timer !== undefined
    },
    get pending() {
      return timers.size
    },
    get nextAt() {
      return earliest(Infinity)?.at
    },
  }
}

/** Lets every promise that is ready settle, and those that become ready thereby. */
export async function settle(): Promise<void> {
  await new Promise((resolve) => {
    setImmediate(resolve)
  })
}
