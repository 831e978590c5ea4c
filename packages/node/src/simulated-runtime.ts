// A runtime that runs nothing: containers are entries in a map that start at once and run until they are stopped. For
// tests and for scale; no timer, file or process for a pod.

import type {
  ContainerConfig,
  ContainerRuntime,
  ContainerSnapshot,
  ContainerStats,
  ExecSession,
  RuntimeEvent,
  SandboxConfig,
} from './runtime.ts'
import type { Clock } from '@binnacle/api'

const noPorts: ReadonlyMap<string, number> = new Map()

export function createSimulatedRuntime(options: { clock: Clock }): ContainerRuntime {
  return new SimulatedRuntime(options.clock)
}

class SimulatedRuntime implements ContainerRuntime {
  readonly name = 'simulated'
  readonly version = '1'
  readonly plays = true
  readonly #clock: Clock
  readonly #pods = new Map<string, Map<string, ContainerSnapshot>>()
  readonly #listeners = new Set<(event: RuntimeEvent) => void>()
  #created = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  start(): Promise<void> {
    return Promise.resolve()
  }

  close(): Promise<void> {
    this.#listeners.clear()
    return Promise.resolve()
  }

  subscribe(listener: (event: RuntimeEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  createSandbox(config: SandboxConfig): Promise<{ addresses: readonly string[] }> {
    this.#pods.set(config.podUid, new Map())
    // Addresses of 10.0.0.0/8 in order; they only have to look right and differ.
    const number = this.#created++
    const octets = [10 + ((number >> 16) & 0xff), (number >> 8) & 0xff, number & 0xff]
    return Promise.resolve({ addresses: [`10.${octets[0]}.${octets[1]}.${octets[2]}`] })
  }

  removeSandbox(podUid: string): Promise<void> {
    this.#pods.delete(podUid)
    return Promise.resolve()
  }

  containers(podUid?: string): readonly ContainerSnapshot[] {
    if (podUid !== undefined) return [...(this.#pods.get(podUid)?.values() ?? [])]
    return [...this.#pods.values()].flatMap((pod) => [...pod.values()])
  }

  startContainer(config: ContainerConfig): Promise<ContainerSnapshot> {
    const snapshot: ContainerSnapshot = {
      id: `${config.podUid}-${config.name}-${config.attempt}`,
      podUid: config.podUid,
      podNamespace: config.podNamespace,
      podName: config.podName,
      name: config.name,
      attempt: config.attempt,
      image: config.image,
      imageId: config.imageId,
      state: 'running',
      startedAt: this.#clock.now(),
      hostPorts: noPorts,
      portsSettled: true,
    }
    this.#pods.get(config.podUid)?.set(snapshot.id, snapshot)
    return Promise.resolve(snapshot)
  }

  stopContainer(id: string): Promise<void> {
    for (const pod of this.#pods.values()) {
      const found = pod.get(id)
      if (found?.state !== 'running') continue
      pod.set(id, { ...found, state: 'exited', finishedAt: this.#clock.now(), exitCode: 0, reason: 'Completed' })
      for (const listener of this.#listeners) listener({ podUid: found.podUid, containerId: id })
    }
    return Promise.resolve()
  }

  removeContainer(id: string): Promise<void> {
    for (const pod of this.#pods.values()) pod.delete(id)
    return Promise.resolve()
  }

  exec(): Promise<ExecSession> {
    return Promise.reject(new Error('the simulated runtime runs no programs: exec is not supported'))
  }

  attach(): Promise<ExecSession> {
    return Promise.reject(new Error('the simulated runtime runs no programs: attach is not supported'))
  }

  async *readLog(): AsyncGenerator<Buffer> {
    // A container that runs nothing prints nothing.
  }

  address(_podUid: string, port: number): { host: string; port: number } {
    throw new Error(`the simulated runtime runs no programs: nothing listens on port ${port}`)
  }

  stats(): Promise<ContainerStats | undefined> {
    return Promise.resolve({ cpuNanoseconds: 0, memoryBytes: 0 })
  }

  abilities(): readonly { what: string; allowed: boolean; consequence: string }[] {
    return []
  }
}
