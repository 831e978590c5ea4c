// CPU in use, from the time that containers have used so far: the kubelet's usageNanoCores. Upstream: cAdvisor's
// summary of the last readings.

/** Readings closer together than this say more about the clock than about the container. */
const shortestMs = 500

interface Reading {
  atMs: number
  nanoseconds: number
  /** Nanoseconds of CPU a second, over the time before this reading. */
  nanoCores: number | undefined
}

export class CpuRates {
  readonly #readings = new Map<string, Reading>()

  /** Undefined until there are two readings of the container. */
  rate(container: string, nanoseconds: number, nowMs: number): number | undefined {
    const before = this.#readings.get(container)
    const elapsedMs = before === undefined ? 0 : nowMs - before.atMs
    if (before !== undefined && elapsedMs < shortestMs) return before.nanoCores
    // A container that was started anew counts from zero.
    const used = before === undefined || nanoseconds < before.nanoseconds ? undefined : nanoseconds - before.nanoseconds
    const nanoCores = used === undefined ? undefined : Math.round((used * 1000) / elapsedMs)
    this.#readings.set(container, { atMs: nowMs, nanoseconds, nanoCores })
    return nanoCores
  }

  /** Forgets the containers that are gone. */
  keep(containers: ReadonlySet<string>): void {
    for (const container of this.#readings.keys()) if (!containers.has(container)) this.#readings.delete(container)
  }
}
