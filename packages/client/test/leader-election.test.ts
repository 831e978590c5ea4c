// Who leads, and when another takes over: client-go's timings on a clock that only the test moves.

import { type Lease, type ResourceRequest, type Transport, conflict, notFound } from '@binnacle/api'
import { type FakeClock, createFakeClock, settle } from '@binnacle/testing'
import { describe, expect, test } from 'vitest'
import { createClient } from '../src/client.ts'
import { type LeaderElection, type LeaderElectionOptions, createLeaderElection } from '../src/leader-election.ts'

const leases = { group: 'coordination.k8s.io', resource: 'leases' }

interface LeaseServer extends Transport {
  lease: Lease | undefined
  isDown: boolean
  /** Answers nothing any more. */
  isSilent: boolean
}

/** Keeps one Lease, with optimistic concurrency. */
function createLeaseServer(): LeaseServer {
  let version = 0
  const server: LeaseServer = {
    lease: undefined,
    isDown: false,
    isSilent: false,
    send: async <T>({ verb, body, name = '' }: ResourceRequest) => {
      if (server.isSilent) await new Promise(() => undefined)
      if (server.isDown) throw new Error('connection refused')
      if (verb !== 'create' && server.lease === undefined) throw notFound(leases, name)
      if (verb === 'get') return server.lease as T
      const given = body as Lease
      const isStale = given.metadata.resourceVersion !== server.lease?.metadata.resourceVersion
      if (isStale) throw conflict(leases, name, 'stale')
      server.lease = { ...given, metadata: { ...given.metadata, resourceVersion: String(++version) } }
      return server.lease as T
    },
    watch: () => Promise.reject(new Error('not asked for')),
    discover: async () => [],
  }
  return server
}

interface Candidate {
  election: LeaderElection
  events: string[]
  stop: AbortController
  ended: Promise<void>
}

function startCandidate(
  identity: string,
  server: Transport,
  { clock, ...rest }: { clock: FakeClock } & Partial<LeaderElectionOptions>,
): Candidate {
  const events: string[] = []
  const stop = new AbortController()
  const election = createLeaderElection({
    client: createClient(server),
    lease: { namespace: 'kube-system', name: 'test' },
    identity,
    clock,
    onStartedLeading: (signal) => {
      events.push('started')
      signal.addEventListener('abort', () => events.push('ended'))
    },
    onStoppedLeading: () => events.push('stopped'),
    onNewLeader: (leader) => events.push(`leader ${leader}`),
    ...rest,
  })
  return { election, events, stop, ended: election.run(stop.signal) }
}

describe('leader election', () => {
  test('makes the first candidate the leader and lets the second wait', async () => {
    const [server, clock] = [createLeaseServer(), createFakeClock()]
    const a = startCandidate('a', server, { clock })
    await settle()
    const b = startCandidate('b', server, { clock })
    await clock.advanceAsync(60_000)
    expect(a.events).toEqual(['leader a', 'started'])
    expect(b.events).toEqual(['leader a'])
    expect(server.lease?.spec).toMatchObject({ holderIdentity: 'a', leaseDurationSeconds: 15, leaseTransitions: 0 })
    expect(server.lease?.spec?.acquireTime).toBe('2026-01-01T00:00:00.000000Z')
    expect(server.lease?.spec?.renewTime).toBe('2026-01-01T00:01:00.000000Z')
    a.stop.abort()
    b.stop.abort()
    await Promise.all([a.ended, b.ended])
    expect(b.events).toEqual(['leader a', 'stopped'])
    expect(clock.pending).toBe(0)
  })

  test('passes to another only after the lease was not renewed for its whole duration', async () => {
    const [server, clock] = [createLeaseServer(), createFakeClock()]
    const a = startCandidate('a', server, { clock })
    await settle()
    const b = startCandidate('b', server, { clock })
    await settle()
    a.stop.abort()
    await a.ended
    await clock.advanceAsync(14_000)
    expect(b.election.isLeader).toBe(false)
    // The next try comes 2 to 4.4 seconds after the last one.
    await clock.advanceAsync(5500)
    expect(b.election.isLeader).toBe(true)
    expect(server.lease?.spec?.leaseTransitions).toBe(1)
    b.stop.abort()
  })

  test('passes at the next try when the leader releases the lease', async () => {
    const [server, clock] = [createLeaseServer(), createFakeClock()]
    const a = startCandidate('a', server, { clock, releaseOnCancel: true })
    await settle()
    const b = startCandidate('b', server, { clock })
    await settle()
    a.stop.abort()
    await a.ended
    expect(a.events).toEqual(['leader a', 'started', 'ended', 'stopped'])
    expect(server.lease?.spec).toMatchObject({ holderIdentity: '', leaseDurationSeconds: 1 })
    await clock.advanceAsync(4400)
    expect(b.election.isLeader).toBe(true)
    b.stop.abort()
  })

  test('ends the leader that cannot renew for ten seconds, before another can begin', async () => {
    const [server, clock] = [createLeaseServer(), createFakeClock()]
    const errors: unknown[] = []
    const a = startCandidate('a', server, { clock, onError: (error) => errors.push(error) })
    await settle()
    server.isDown = true
    // It renews each two seconds, so it has failed for ten when twelve have passed; another has to wait for fifteen.
    await clock.advanceAsync(12_000)
    await a.ended
    expect(a.events).toEqual(['leader a', 'started', 'ended', 'stopped'])
    expect(errors.length).toBeGreaterThan(2)
    expect(clock.pending).toBe(0)
  })

  test('ends the leader whose server answers nothing any more', async () => {
    const [server, clock] = [createLeaseServer(), createFakeClock()]
    const a = startCandidate('a', server, { clock })
    await settle()
    server.isSilent = true
    await clock.advanceAsync(12_000)
    await a.ended
    expect(a.events).toEqual(['leader a', 'started', 'ended', 'stopped'])
  })

  test('keeps the leader over a short failure', async () => {
    const [server, clock] = [createLeaseServer(), createFakeClock()]
    const a = startCandidate('a', server, { clock })
    await settle()
    server.isDown = true
    await clock.advanceAsync(7000)
    server.isDown = false
    await clock.advanceAsync(60_000)
    expect(a.election.isLeader).toBe(true)
    expect(a.events).toEqual(['leader a', 'started'])
    a.stop.abort()
  })

  test('refuses durations that do not fit each other', () => {
    const start = (durations: { leaseDurationMs?: number; renewDeadlineMs?: number }): Candidate =>
      startCandidate('a', createLeaseServer(), { clock: createFakeClock(), ...durations })
    expect(() => start({ leaseDurationMs: 10_000 })).toThrow('leaseDuration must be greater than renewDeadline')
    expect(() => start({ renewDeadlineMs: 2000 })).toThrow(
      'renewDeadline must be greater than retryPeriod*JitterFactor',
    )
  })
})
