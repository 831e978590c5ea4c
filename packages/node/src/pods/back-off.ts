// How long something that failed is left alone: a first delay, doubled with each failure up to a maximum.
// Upstream: k8s.io/client-go/util/flowcontrol/backoff.go, pkg/kubelet/kubelet.go (backOffPeriod, MaxContainerBackOff).

import type { Clock } from '@binnacle/api'

/** Milliseconds; as the kubelet's, for crashing containers and for images alike. */
const firstMs = 10_000
const maximumMs = 300_000

export class BackOff {
  readonly #clock: Clock
  readonly #firstMs: number
  #delayMs = 0
  #notBefore = 0

  constructor(clock: Clock, first: number = firstMs) {
    this.#clock = clock
    this.#firstMs = first
  }

  /** Milliseconds of the wait that `grow` has set; 0 before the first failure. */
  get delayMs(): number {
    return this.#delayMs
  }

  /** Milliseconds until the next attempt; 0 where it may be made now. */
  get leftMs(): number {
    return Math.max(0, this.#notBefore - this.#clock.now())
  }

  /** The wait is counted from this moment, in milliseconds since the epoch. */
  startAt(moment: number): void {
    this.#notBefore = moment + this.#delayMs
  }

  /** The next wait is longer. */
  grow(): void {
    this.#delayMs = this.#delayMs === 0 ? this.#firstMs : Math.min(maximumMs, this.#delayMs * 2)
  }

  /** The next failure is the first one again. */
  reset(): void {
    this.#delayMs = 0
    this.#notBefore = 0
  }

  /** A container that ran for longer than this has recovered: its next end is the first one again. */
  static readonly recoveryMs: number = 2 * maximumMs
}

/** As Go prints a duration: 10s, 1m20s, 5m0s. */
export function goDuration(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000)
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`
}
