// Lines of several containers in the order of their times. What arrives within a moment is put in order; nothing waits
// longer than that for a slower stream.

import type { Clock } from '@binnacle/api'
import { type LogLine, compareLines } from './log-line.ts'

/** How far behind another a stream may be and still be put in its place. */
const windowMs = 120

export interface LineMerger {
  add(lines: readonly LogLine[]): void
  /** Passes on what is held back. */
  flush(): void
}

export function createLineMerger(emit: (lines: readonly LogLine[]) => void, clock: Clock): LineMerger {
  let held: LogLine[] = []
  let cancel: (() => void) | undefined
  const flush = (): void => {
    cancel?.()
    cancel = undefined
    if (held.length === 0) return
    // A stable sort: lines of one container keep their order whatever their times say.
    const lines = held.toSorted(compareLines)
    held = []
    emit(lines)
  }
  return {
    add(lines) {
      for (const line of lines) held.push(line)
      cancel ??= clock.after(windowMs, flush)
    },
    flush,
  }
}
