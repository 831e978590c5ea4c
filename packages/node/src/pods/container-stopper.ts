// Ends containers of one pod: a moment to drain, preStop hooks, SIGTERM, SIGKILL, sidecars last; all within one grace
// period, which a more impatient deletion may cut. Upstream: pkg/kubelet/kuberuntime/kuberuntime_container.go
// (killContainer, killContainersWithSyncResult), kuberuntime_termination_order.go.

import type { Clock, Container, Pod } from '@binnacle/api'
import type { EventType } from '@binnacle/client'
import type { ContainerRuntime, ContainerSnapshot } from '../runtime.ts'
import { perform } from './actions.ts'
import type { ManagedContainer } from './managed-container.ts'
import { isSidecar } from './pod-status.ts'

export interface StopperOptions {
  runtime: ContainerRuntime
  clock: Clock
  /** Aborts every wait; what has been told to end goes on ending. */
  closing: AbortSignal
  pod: () => Pod
  managed: ReadonlyMap<string, ManagedContainer>
  /** A container has ended, or could not be ended. */
  stopped(): void
  event: (type: EventType, reason: string, message: string, container: Container) => void
}

/** Milliseconds that programs get after a preStop hook that took the whole grace period. */
const minimumGraceMs = 2000
/** Milliseconds: many times what an endpoint's removal takes to reach the proxy. */
const drainMs = 200

export class ContainerStopper {
  readonly #options: StopperOptions
  readonly #closed: Promise<void>
  #cut = Promise.withResolvers<void>()
  /** Milliseconds; of the most impatient deletion so far. */
  #cutMs = Number.POSITIVE_INFINITY
  #hasDrained = false

  constructor(options: StopperOptions) {
    this.#options = options
    this.#closed = new Promise((resolve) => {
      options.closing.addEventListener('abort', () => resolve(), { once: true })
    })
  }

  /** Those that wait for their grace wait for no longer than this from now on. */
  cutGrace(graceMs: number): void {
    this.#cutMs = Math.min(this.#cutMs, graceMs)
    this.#cut.resolve()
    this.#cut = Promise.withResolvers()
  }

  /** preStop, SIGTERM, SIGKILL; callers of one stop share it. Resolves early when the worker closes. */
  stop(container: Container, graceMs: number, { quietly = false }: { quietly?: boolean } = {}): Promise<void> {
    const managed = this.#options.managed.get(container.name)
    const current = managed?.current
    if (managed === undefined || current?.state !== 'running') return Promise.resolve()
    managed.stopping ??= this.#stop(container, current, { graceMs, quietly }).finally(() => {
      managed.stopping = undefined
      this.#options.stopped()
    })
    return managed.stopping
  }

  /** Main containers together, then sidecars in reverse order. */
  async stopAll(containers: readonly Container[], graceMs: number): Promise<void> {
    const { clock, managed } = this.#options
    const running = containers.filter(({ name }) => managed.get(name)?.current?.state === 'running')
    const end = clock.now() + graceMs
    const left = (): number => Math.max(graceMs === 0 ? 0 : minimumGraceMs, end - clock.now())
    const main = running.filter((container) => !isSidecar(container))
    await Promise.all(main.map((container) => this.stop(container, left())))
    for (const sidecar of running.filter(isSidecar).toReversed()) await this.stop(sidecar, left())
  }

  /**
   * A moment for Services to stop sending new connections before the program is told to end: it closes its socket at
   * once then, and connections that wait in it would be reset. Upstream has the same gap and leaves it to preStop hooks.
   */
  async drain(graceMs: number): Promise<void> {
    const { runtime, clock, pod } = this.#options
    const serves = pod().spec?.containers.some(({ ports = [] }) => ports.length > 0) ?? false
    if (runtime.plays || !serves || this.#hasDrained) return
    this.#hasDrained = true
    const { promise, resolve } = Promise.withResolvers<void>()
    const cancel = clock.after(Math.min(drainMs, graceMs / 2), resolve)
    await this.#unlessHurried(promise)
    cancel()
  }

  async #stop(
    container: Container,
    current: ContainerSnapshot,
    { graceMs, quietly }: { graceMs: number; quietly: boolean },
  ): Promise<void> {
    const { runtime, closing, event, managed } = this.#options
    if (!quietly && !runtime.plays) event('Normal', 'Killing', `Stopping container ${container.name}`, container)
    managed.get(container.name)?.prober?.stop()
    const left = await this.#preStop(container, current, graceMs)
    if (closing.aborted) return
    const ended = [runtime.stopContainer(current.id, Math.min(left, this.#cutMs))]
    while ((await this.#unlessHurried(Promise.race(ended).then(() => 'ended'))) === undefined) {
      if (closing.aborted) return
      ended.push(runtime.stopContainer(current.id, this.#cutMs))
    }
  }

  /** Milliseconds of the grace period that are left after the hook. */
  async #preStop(container: Container, current: ContainerSnapshot, graceMs: number): Promise<number> {
    const { runtime, clock, closing, event, pod } = this.#options
    const hook = container.lifecycle?.preStop
    if (hook === undefined || graceMs <= 0 || runtime.plays) return graceMs
    const began = clock.now()
    const target = { pod: pod(), container, containerId: current.id, runtime, clock, timeoutMs: graceMs }
    const result = await this.#unlessHurried(perform(hook, { ...target, signal: closing }))
    if (result?.ok === false && !closing.aborted) event('Warning', 'FailedPreStopHook', 'PreStopHook failed', container)
    return Math.max(minimumGraceMs, graceMs - (clock.now() - began))
  }

  /** undefined as soon as the grace period is cut or the worker closes. */
  #unlessHurried<T>(work: Promise<T>): Promise<T | undefined> {
    const hurried = Promise.race([this.#cut.promise, this.#closed])
    return Promise.race([work, hurried.then(() => undefined)])
  }
}
