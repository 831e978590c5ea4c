// Whose turn it is: round robin over the backends, or the backend that this client had (ClientIP affinity).

import type { Backend, Frontend } from './frontend.ts'

export class Balancer {
  #backends: readonly Backend[] = []
  #affinityMs = 0
  #next = 0
  readonly #sticky = new Map<string, { backend: Backend; until: number }>()
  readonly #now: () => number

  constructor(frontend: Frontend, now: () => number = Date.now) {
    this.#now = now
    this.update(frontend)
  }

  update(frontend: Frontend): void {
    this.#backends = frontend.backends
    this.#affinityMs = (frontend.affinitySeconds ?? 0) * 1000
    for (const [client, { backend }] of this.#sticky) {
      if (this.#affinityMs === 0 || !this.#has(backend)) this.#sticky.delete(client)
    }
  }

  /** All backends, the one to try first in front. */
  order(client: string): Backend[] {
    const count = this.#backends.length
    if (count === 0) return []
    const start = this.#next++ % count
    const turns = [...this.#backends.slice(start), ...this.#backends.slice(0, start)]
    const sticky = this.#affinityMs > 0 ? this.#sticky.get(client) : undefined
    if (sticky === undefined || sticky.until <= this.#now()) return turns
    return [sticky.backend, ...turns.filter((backend) => !same(backend, sticky.backend))]
  }

  /** The client was connected to this backend. */
  chosen(client: string, backend: Backend): void {
    if (this.#affinityMs > 0) this.#sticky.set(client, { backend, until: this.#now() + this.#affinityMs })
  }

  #has(wanted: Backend): boolean {
    return this.#backends.some((backend) => same(backend, wanted))
  }
}

function same(a: Backend, b: Backend): boolean {
  return a.address === b.address && a.port === b.port
}
