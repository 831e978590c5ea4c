// One of several processes leads: who holds a Lease that is renewed in time. Upstream: client-go tools/leaderelection
// (leaderelection.go, resourcelock/leaselock.go), with its timings; coordinated leader election is not supported.

import { type Clock, type Lease, type LeaseSpec, formatMicroTime, isNotFound } from '@binnacle/api'
import type { Client } from './client.ts'
import { leases } from './resources.ts'

export interface LeaderElectionOptions {
  client: Client
  lease: { namespace: string; name: string }
  /** Tells candidates apart. */
  identity: string
  clock: Clock
  /** How long others wait for a sign of life, by their own clock, before they take over. */
  leaseDurationMs?: number
  /** How long a leader tries to renew before it gives up; less than the lease lasts. */
  renewDeadlineMs?: number
  retryPeriodMs?: number
  /** Gives the lease up when `signal` aborts: only where all guarded work has ended by then. */
  releaseOnCancel?: boolean
  /** The work; its signal aborts when this one leads no more. */
  onStartedLeading: (signal: AbortSignal) => void
  /** Always called when the election ends, even where this one never led. */
  onStoppedLeading: () => void
  onNewLeader?: (identity: string) => void
  /** A try that failed; a lease that another holds is no failure. */
  onError?: (error: unknown) => void
}

export interface LeaderElection {
  readonly isLeader: boolean
  /** The last known holder; '' while there is none. */
  readonly leader: string
  /** Ends when `signal` aborts or the lease was lost. */
  run(signal: AbortSignal): Promise<void>
}

const jitterFactor = 1.2

/** Throws where the durations do not fit each other. */
export function createLeaderElection(options: LeaderElectionOptions): LeaderElection {
  const { leaseDurationMs = 15_000, renewDeadlineMs = 10_000, retryPeriodMs = 2000 } = options
  if (options.identity === '') throw new Error('leader election: the identity is empty')
  if (leaseDurationMs <= renewDeadlineMs) throw new Error('leaseDuration must be greater than renewDeadline')
  if (renewDeadlineMs <= jitterFactor * retryPeriodMs)
    throw new Error('renewDeadline must be greater than retryPeriod*JitterFactor')
  if (retryPeriodMs < 1) throw new Error('retryPeriod must be greater than zero')
  return new Election({ ...options, leaseDurationMs, renewDeadlineMs, retryPeriodMs })
}

type Settings = LeaderElectionOptions & { leaseDurationMs: number; renewDeadlineMs: number; retryPeriodMs: number }

class Election implements LeaderElection {
  readonly #settings: Settings
  /** As read or written last. */
  #observed: Lease | undefined
  /** When it last changed, by our own clock: clocks of different machines are never compared. */
  #observedAt = 0
  #reportedLeader = ''

  constructor(settings: Settings) {
    this.#settings = settings
  }

  get leader(): string {
    return this.#observed?.spec?.holderIdentity ?? ''
  }

  get isLeader(): boolean {
    return this.leader === this.#settings.identity
  }

  async run(signal: AbortSignal): Promise<void> {
    const { onStartedLeading, onStoppedLeading, releaseOnCancel } = this.#settings
    const leading = new AbortController()
    try {
      if (!(await this.#acquire(signal))) return
      onStartedLeading(leading.signal)
      await this.#renew(signal)
      leading.abort()
      if (releaseOnCancel === true) await this.#within(this.#release())
    } finally {
      leading.abort()
      onStoppedLeading()
    }
  }

  /** False where `signal` aborted first. */
  async #acquire(signal: AbortSignal): Promise<boolean> {
    const { retryPeriodMs } = this.#settings
    while (!signal.aborted) {
      const isAcquired = await this.#try()
      this.#reportTransition()
      if (isAcquired) return !signal.aborted
      await this.#pause(retryPeriodMs * (1 + Math.random() * jitterFactor), signal)
    }
    return false
  }

  /** Ends when the lease could not be renewed in time or `signal` aborted. */
  async #renew(signal: AbortSignal): Promise<void> {
    const { clock, renewDeadlineMs, retryPeriodMs } = this.#settings
    let deadline = clock.now() + renewDeadlineMs
    while (!signal.aborted) {
      const isRenewed = await this.#within(this.#try(), deadline - clock.now(), signal)
      this.#reportTransition()
      const now = clock.now()
      if (isRenewed !== true && (now >= deadline || signal.aborted)) return
      const waitMs = isRenewed === true ? retryPeriodMs : Math.min(retryPeriodMs, deadline - now)
      await this.#pause(waitMs, signal)
      if (isRenewed === true) deadline = clock.now() + renewDeadlineMs
      else if (clock.now() >= deadline) return
    }
  }

  /** Takes a lease that nobody holds or whose holder gave no sign of life, or renews our own. */
  async #try(): Promise<boolean> {
    try {
      // The lease as we know it is most likely the newest: one request instead of two.
      if (this.isLeader && this.#isValid() && this.#observed !== undefined) {
        const known = this.#observed
        try {
          this.#observe(await this.#write(known, this.#ownSpec(known.spec)))
          return true
        } catch {
          // Whatever was wrong, what follows finds it out and reports it.
        }
      }
      const found = await this.#read()
      if (found === undefined) {
        this.#observe(await this.#create())
        return true
      }
      if (!isSameRecord(found.spec, this.#observed?.spec)) this.#observe(found)
      if (this.leader !== '' && this.#isValid() && !this.isLeader) return false
      this.#observe(await this.#write(found, this.#ownSpec(found.spec)))
      return true
    } catch (error) {
      this.#settings.onError?.(error)
      return false
    }
  }

  #observe(lease: Lease): void {
    this.#observed = lease
    this.#observedAt = this.#settings.clock.now()
  }

  #isValid(): boolean {
    const seconds = this.#observed?.spec?.leaseDurationSeconds ?? 0
    return this.#observedAt + seconds * 1000 > this.#settings.clock.now()
  }

  async #read(): Promise<Lease | undefined> {
    try {
      return await this.#settings.client.get<Lease>(leases, this.#settings.lease)
    } catch (error) {
      if (isNotFound(error)) return undefined
      throw error
    }
  }

  #create(): Promise<Lease> {
    const { client, lease } = this.#settings
    const spec = { ...this.#ownSpec(undefined), leaseTransitions: 0 }
    return client.create<Lease>(leases, {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { ...lease },
      spec,
    })
  }

  /** With the version that was read: of two who take over at once, one gets a conflict. */
  #write(lease: Lease, spec: LeaseSpec): Promise<Lease> {
    return this.#settings.client.update<Lease>(leases, { ...lease, spec: { ...lease.spec, ...spec } })
  }

  #ownSpec(old: LeaseSpec | undefined): LeaseSpec {
    const { identity, leaseDurationMs, clock } = this.#settings
    const now = formatMicroTime(clock.now())
    const isOurs = old?.holderIdentity === identity
    return {
      holderIdentity: identity,
      leaseDurationSeconds: Math.floor(leaseDurationMs / 1000),
      renewTime: now,
      acquireTime: isOurs ? old.acquireTime : now,
      leaseTransitions: (old?.leaseTransitions ?? 0) + (isOurs ? 0 : 1),
    }
  }

  async #release(): Promise<void> {
    try {
      const found = await this.#read()
      if (found === undefined || found.spec?.holderIdentity !== this.#settings.identity) return
      const now = formatMicroTime(this.#settings.clock.now())
      // A second, so that whoever comes next need not wait.
      const spec = { holderIdentity: '', leaseDurationSeconds: 1, renewTime: now, acquireTime: now }
      this.#observe(await this.#write(found, spec))
    } catch (error) {
      this.#settings.onError?.(error)
    }
  }

  #reportTransition(): void {
    if (this.leader === this.#reportedLeader) return
    this.#reportedLeader = this.leader
    this.#settings.onNewLeader?.(this.leader)
  }

  /** What `work` comes to; undefined where it takes too long. */
  #within<T>(
    work: Promise<T>,
    ms: number = this.#settings.renewDeadlineMs,
    signal?: AbortSignal,
  ): Promise<T | undefined> {
    const late = new AbortController()
    const tooLate = this.#pause(ms, signal === undefined ? late.signal : AbortSignal.any([signal, late.signal]))
    return Promise.race([work, tooLate.then(() => undefined)]).finally(() => late.abort())
  }

  /** Ends early when `signal` aborts. */
  #pause(ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve()
    const { promise, resolve } = Promise.withResolvers<void>()
    const cancel = this.#settings.clock.after(ms, resolve)
    const end = (): void => {
      cancel()
      resolve()
    }
    signal.addEventListener('abort', end, { once: true })
    return promise.finally(() => signal.removeEventListener('abort', end))
  }
}

function isSameRecord(a: LeaseSpec | undefined, b: LeaseSpec | undefined): boolean {
  return (
    a?.holderIdentity === b?.holderIdentity &&
    a?.leaseDurationSeconds === b?.leaseDurationSeconds &&
    a?.acquireTime === b?.acquireTime &&
    a?.renewTime === b?.renewTime &&
    a?.leaseTransitions === b?.leaseTransitions
  )
}
