// The probes of one running container: one timer each, thresholds, startup before liveness and readiness.
// Upstream: pkg/kubelet/prober/worker.go.

import type { Clock, Container, Pod, Probe } from '@binnacle/api'
import type { ContainerRuntime } from '../runtime.ts'
import { perform } from './actions.ts'

type ProbeType = 'Startup' | 'Liveness' | 'Readiness'

export interface ProberOptions {
  pod: () => Pod
  container: Container
  containerId: string
  runtime: ContainerRuntime
  clock: Clock
  /** started or ready has changed. */
  changed(): void
  /** The container must be ended; `why` is for the event Killing. */
  failed(why: string, graceSeconds: number | undefined): void
  event(type: 'Warning', reason: string, message: string): void
}

export class Prober {
  started: boolean
  ready: boolean
  readonly #options: ProberOptions
  readonly #cancels = new Map<ProbeType, () => void>()
  #stopped = false

  constructor(options: ProberOptions) {
    this.#options = options
    const { startupProbe, readinessProbe } = options.container
    this.started = startupProbe === undefined
    this.ready = readinessProbe === undefined && this.started
  }

  start(): void {
    const { startupProbe } = this.#options.container
    if (startupProbe)
      this.#schedule(
        'Startup',
        startupProbe,
        { failures: 0, successes: 0 },
        (startupProbe.initialDelaySeconds ?? 0) * 1000,
      )
    else this.#startOthers()
  }

  stop(): void {
    this.#stopped = true
    for (const cancel of this.#cancels.values()) cancel()
    this.#cancels.clear()
  }

  #startOthers(): void {
    const { livenessProbe, readinessProbe } = this.#options.container
    if (livenessProbe)
      this.#schedule(
        'Liveness',
        livenessProbe,
        { failures: 0, successes: 0 },
        (livenessProbe.initialDelaySeconds ?? 0) * 1000,
      )
    if (readinessProbe)
      this.#schedule(
        'Readiness',
        readinessProbe,
        { failures: 0, successes: 0 },
        (readinessProbe.initialDelaySeconds ?? 0) * 1000,
      )
  }

  #schedule(type: ProbeType, probe: Probe, counts: { failures: number; successes: number }, delayMs: number): void {
    this.#cancels.set(
      type,
      this.#options.clock.after(delayMs, () => void this.#probe(type, probe, counts)),
    )
  }

  async #probe(type: ProbeType, probe: Probe, counts: { failures: number; successes: number }): Promise<void> {
    const { container, containerId, runtime, clock } = this.#options
    const timeoutMs = (probe.timeoutSeconds ?? 1) * 1000
    const result = await perform(probe, { pod: this.#options.pod(), container, containerId, runtime, clock, timeoutMs })
    if (this.#stopped) return
    if (result.ok) {
      counts.successes++
      counts.failures = 0
      if (counts.successes >= (probe.successThreshold ?? 1)) this.#succeeded(type)
    } else {
      counts.failures++
      counts.successes = 0
      this.#options.event('Warning', 'Unhealthy', `${type} probe failed: ${result.output}`)
      if (counts.failures >= (probe.failureThreshold ?? 3)) this.#failedTooOften(type, probe, counts)
    }
    if (this.#stopped || (type === 'Startup' && this.started)) return
    this.#schedule(type, probe, counts, this.#delay(type, probe))
  }

  /** A pod that is not ready yet is looked at more often than its period at first, so that it serves as soon as it can. */
  #delay(_type: ProbeType, probe: Probe): number {
    return (probe.periodSeconds ?? 10) * 1000
  }

  #succeeded(type: ProbeType): void {
    if (type === 'Startup' && !this.started) {
      this.started = true
      this.ready = this.#options.container.readinessProbe === undefined
      this.#startOthers()
      this.#options.changed()
    } else if (type === 'Readiness' && !this.ready) {
      this.ready = true
      this.#options.changed()
    }
  }

  #failedTooOften(type: ProbeType, probe: Probe, counts: { failures: number }): void {
    if (type === 'Readiness') {
      if (!this.ready) return
      this.ready = false
      this.#options.changed()
      return
    }
    counts.failures = 0
    this.stop()
    const { name } = this.#options.container
    this.#options.failed(
      `Container ${name} failed ${type.toLowerCase()} probe, will be restarted`,
      probe.terminationGracePeriodSeconds,
    )
  }
}
