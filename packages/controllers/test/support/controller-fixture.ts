// Controllers of workloads against an API in memory and a clock that stands still, anew for each test of a file.

import { type Client, Informers, createClient } from '@binnacle/client'
import { type FakeClock, createFakeClock } from '@binnacle/testing'
import { afterEach, beforeEach, expect } from 'vitest'
import type { ControllerContext } from '../../src/context.ts'
import { workloadControllers } from '../../src/workloads/index.ts'
import { type MemoryApi, createMemoryApi } from './memory-api.ts'

export interface ControllerFixture {
  api: MemoryApi
  client: Client
  clock: FakeClock
  /** Events, as `type reason: message`. */
  recorded: string[]
  /** What reconciles have thrown; each test ends with none. */
  failures: unknown[]
  /** Moves the clock and lets the controllers come to rest. */
  settle(ms?: number): Promise<void>
}

/** Enough for the longest chain of reconciles that the tests have. */
const rounds = 20

/** The fixture's parts are those of the running test. */
export function useControllers(...names: readonly string[]): ControllerFixture {
  const stop: AbortController[] = []
  const fixture = create()
  beforeEach(async () => {
    Object.assign(fixture, create())
    const { client, clock, recorded, failures } = fixture
    const stopping = new AbortController()
    stop.push(stopping)
    const context: ControllerContext = {
      client,
      informers: new Informers({ client }),
      events: { record: (_object, type, reason, message) => void recorded.push(`${type} ${reason}: ${message}`) },
      clock,
      signal: stopping.signal,
      onError: (error) => void failures.push(error),
    }
    for (const name of names) workloadControllers[name]?.(context)
    context.informers.start(stopping.signal)
    await context.informers.synced()
  })
  afterEach(() => {
    for (const stopping of stop.splice(0)) stopping.abort()
    expect(fixture.failures).toEqual([])
  })
  return fixture
}

function create(): ControllerFixture {
  const api = createMemoryApi()
  const clock = createFakeClock()
  return {
    api,
    client: createClient(api),
    clock,
    recorded: [],
    failures: [],
    async settle(ms = 0) {
      for (let round = 0; round < rounds; round++) await clock.advanceAsync(round === 0 ? ms : 0)
    },
  }
}
