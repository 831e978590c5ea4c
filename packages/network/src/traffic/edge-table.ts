// The figures by edge: who called which Service how.

import { Counters } from './counters.ts'
import type { ServiceReference, TrafficEdge, TrafficProtocol, TrafficSource } from './snapshot.ts'

export interface Edge {
  readonly source: TrafficSource
  readonly service: ServiceReference
  readonly protocol: TrafficProtocol
  readonly counters: Counters
  /** When something was counted last, in milliseconds since the epoch. */
  usedAt: number
}

export class EdgeTable {
  readonly #edges = new Map<string, Edge>()

  /** Makes the edge where it is new. */
  edge(source: TrafficSource, service: ServiceReference, protocol: TrafficProtocol, now: number): Edge {
    const from = typeof source === 'string' ? source : `${source.pod.uid}/${source.container}`
    const key = `${from} ${service.namespace}/${service.name}:${service.port} ${protocol}`
    let edge = this.#edges.get(key)
    if (edge === undefined) {
      edge = { source, service, protocol, counters: new Counters(), usedAt: now }
      this.#edges.set(key, edge)
    }
    edge.usedAt = now
    return edge
  }

  /** Edges on which nothing happened since then and nothing is open. */
  idleSince(time: number): Edge[] {
    return [...this.#edges.values()].filter(({ usedAt, counters }) => usedAt <= time && counters.open === 0)
  }

  /** Forgets those of the edges that are still idle. */
  forget(edges: readonly Edge[]): void {
    const gone = new Set(edges.filter(({ counters }) => counters.open === 0))
    for (const [key, edge] of this.#edges) if (gone.has(edge)) this.#edges.delete(key)
  }

  figures(): TrafficEdge[] {
    return [...this.#edges.values()].map(({ source, service, protocol, counters }) => ({
      source,
      service,
      protocol,
      ...counters.figures(),
    }))
  }
}
