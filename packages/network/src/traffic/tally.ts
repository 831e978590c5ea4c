// The figures of one connection or flow: its own until it is known who called and which protocol it speaks, the edge's
// from then on.

import { Counters } from './counters.ts'
import type { Edge, EdgeTable } from './edge-table.ts'
import type { ServiceReference, TrafficProtocol, TrafficSource } from './snapshot.ts'

export interface TallyOptions {
  edges: EdgeTable
  service: ServiceReference
  /** Resolves always; `unknown` where it cannot be found out. */
  source: Promise<TrafficSource>
  now: () => number
}

export class Tally {
  readonly #options: TallyOptions
  /** Resolves when it is known who called, or that this cannot be known. */
  readonly sourceKnown: Promise<void>
  #source: TrafficSource | undefined
  #protocol: TrafficProtocol | undefined
  #edge: Edge | undefined
  #own = new Counters()

  constructor(options: TallyOptions) {
    this.#options = options
    this.sourceKnown = this.#learnSource()
  }

  async #learnSource(): Promise<void> {
    this.#source = await this.#options.source
    this.#settle()
  }

  /** Is said once. */
  speaks(protocol: TrafficProtocol): void {
    this.#protocol ??= protocol
    this.#settle()
  }

  /** Where to count now: do not keep it. */
  get counters(): Counters {
    if (this.#edge === undefined) return this.#own
    this.#edge.usedAt = this.#options.now()
    return this.#edge.counters
  }

  #settle(): void {
    if (this.#edge !== undefined || this.#source === undefined || this.#protocol === undefined) return
    const { edges, service, now } = this.#options
    this.#edge = edges.edge(this.#source, service, this.#protocol, now())
    this.#edge.counters.add(this.#own)
  }
}
