// The figures of one edge, or of one connection as long as nobody knows to which edge it belongs.

import { bucketOf, latencyBuckets } from './latency-histogram.ts'
import type { TrafficEdge } from './snapshot.ts'

type Figures = Omit<TrafficEdge, 'source' | 'service' | 'protocol'>

export class Counters {
  requests = 0
  bytesIn = 0
  bytesOut = 0
  opened = 0
  open = 0
  failures = 0
  readonly #codes = new Map<number, number>()
  /** Absent until there is a response: most edges of plain TCP never have one. */
  #latencies: number[] | undefined
  #latencySum = 0

  /** `latencyMs` is absent where no answer came. */
  response(code: number, latencyMs?: number): void {
    this.#codes.set(code, (this.#codes.get(code) ?? 0) + 1)
    if (latencyMs === undefined) return
    this.#latencies ??= noLatencies()
    const bucket = bucketOf(latencyMs)
    this.#latencies[bucket] = (this.#latencies[bucket] ?? 0) + 1
    this.#latencySum += latencyMs
  }

  add(other: Counters): void {
    this.requests += other.requests
    this.bytesIn += other.bytesIn
    this.bytesOut += other.bytesOut
    this.opened += other.opened
    this.open += other.open
    this.failures += other.failures
    for (const [code, count] of other.#codes) this.#codes.set(code, (this.#codes.get(code) ?? 0) + count)
    this.#latencySum += other.#latencySum
    if (other.#latencies === undefined) return
    const latencies = (this.#latencies ??= noLatencies())
    for (const [index, count] of other.#latencies.entries()) latencies[index] = (latencies[index] ?? 0) + count
  }

  figures(): Figures {
    return {
      requests: this.requests,
      codes: Object.fromEntries(this.#codes),
      latencyMs: {
        buckets: latencyBuckets,
        counts: [...(this.#latencies ?? noLatencies())],
        sum: this.#latencySum,
      },
      bytesIn: this.bytesIn,
      bytesOut: this.bytesOut,
      connectionsOpened: this.opened,
      connectionsOpen: this.open,
      failures: this.failures,
    }
  }
}

function noLatencies(): number[] {
  return Array.from({ length: latencyBuckets.length + 1 }, () => 0)
}
