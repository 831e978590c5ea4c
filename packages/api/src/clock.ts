// Time is passed in, so that tests never sleep.

export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number
  /** Runs `callback` once after `delayMs`; the returned function cancels it. */
  after(delayMs: number, callback: () => void): () => void
}

export const systemClock: Clock = {
  now: () => Date.now(),
  after: (delayMs, callback) => {
    // Longer delays than a 32-bit count of milliseconds would fire at once.
    const timer = setTimeout(callback, Math.min(delayMs, 0x7fff_ffff))
    return () => clearTimeout(timer)
  },
}
