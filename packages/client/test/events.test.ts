// What client-go's EventCorrelator promises: exact repeats are counted, similar events combined, floods held back.

import { type KubeObject, type ResourceRequest, type Transport, notFound } from '@binnacle/api'
import { type FakeClock, createFakeClock, settle } from '@binnacle/testing'
import { describe, expect, test } from 'vitest'
import { createClient } from '../src/client.ts'
import { type EventRecorder, createEventRecorder } from '../src/events.ts'
import { configMap } from './support/scripted-transport.ts'

interface Written extends KubeObject {
  message: string
  count: number
  lastTimestamp: string
}

interface Fixture {
  recorder: EventRecorder
  clock: FakeClock
  /** The events that a server would hold. */
  stored: Map<string, Written>
  requests: ResourceRequest[]
  errors: unknown[]
}

function createFixture(component = 'test'): Fixture {
  const clock = createFakeClock()
  const stored = new Map<string, Written>()
  const requests: ResourceRequest[] = []
  const errors: unknown[] = []
  const transport: Transport = {
    send: async <T>(request: ResourceRequest) => {
      requests.push(request)
      const body = request.body as Written
      const name = request.name ?? body.metadata.name ?? ''
      const old = stored.get(name)
      if (request.verb === 'patch' && old === undefined) throw notFound({ group: '', resource: 'events' }, name)
      stored.set(name, { ...old, ...body })
      return stored.get(name) as T
    },
    watch: () => Promise.reject(new Error('not asked for')),
    discover: async () => [],
  }
  const client = createClient(transport)
  const recorder = createEventRecorder({ client, component, clock, onError: (error) => errors.push(error) })
  return { recorder, clock, stored, requests, errors }
}

const object = configMap('a', '1')

function summary(stored: Map<string, Written>): string[] {
  return [...stored.values()].map(({ message, count }) => `${count} ${message}`)
}

describe('an event recorder', () => {
  test('counts exact repeats into the first event', async () => {
    const { recorder, clock, stored, errors } = createFixture()
    for (let time = 0; time < 3; time++) {
      recorder.record(object, 'Normal', 'Pulled', 'pulled the image')
      clock.advance(1000)
    }
    await settle()
    expect(summary(stored)).toEqual(['3 pulled the image'])
    expect([...stored.values()][0]?.lastTimestamp).toBe('2026-01-01T00:00:02Z')
    expect(errors).toEqual([])
  })

  test('combines similar events from the tenth message within ten minutes on', async () => {
    const { recorder, stored } = createFixture()
    for (let number = 1; number <= 12; number++) recorder.record(object, 'Warning', 'Failed', `try ${number}`)
    await settle()
    expect(summary(stored)).toEqual([
      ...Array.from({ length: 9 }, (_, index) => `1 try ${index + 1}`),
      '3 (combined from similar events): try 12',
    ])
  })

  test('writes messages one by one again when ten minutes passed without any', async () => {
    const { recorder, clock, stored } = createFixture()
    for (let number = 1; number <= 10; number++) recorder.record(object, 'Warning', 'Failed', `try ${number}`)
    clock.advance(600_001)
    recorder.record(object, 'Warning', 'Failed', 'later')
    await settle()
    expect(summary(stored).at(-1)).toBe('1 later')
  })

  test('does not combine events of different reasons, types or objects', async () => {
    const { recorder, stored } = createFixture()
    for (let number = 1; number <= 5; number++) {
      recorder.record(object, 'Warning', 'Failed', `try ${number}`)
      recorder.record(object, 'Warning', 'BackOff', `try ${number}`)
      recorder.record(object, 'Normal', 'Failed', `try ${number}`)
      recorder.record(configMap('b', '1'), 'Warning', 'Failed', `try ${number}`)
    }
    await settle()
    expect(summary(stored).every((line) => line.startsWith('1 try'))).toBe(true)
  })

  test('holds a flood back after 25 and then lets one pass each five minutes, with the whole count', async () => {
    const { recorder, clock, stored, requests } = createFixture()
    for (let time = 0; time < 40; time++) recorder.record(object, 'Warning', 'BackOff', 'again')
    await settle()
    expect(requests).toHaveLength(25)
    clock.advance(300_000)
    recorder.record(object, 'Warning', 'BackOff', 'again')
    recorder.record(object, 'Warning', 'BackOff', 'again')
    await settle()
    expect(requests).toHaveLength(26)
    // Both are known when the write goes out; only one write is made.
    expect(summary(stored)).toEqual(['42 again'])
  })

  test('holds back each source and object by itself, however many others there are', async () => {
    const { recorder, requests } = createFixture()
    for (let time = 0; time < 25; time++) recorder.record(object, 'Warning', 'BackOff', 'again')
    for (let number = 0; number < 4000; number++)
      recorder.record(configMap(`other-${number}`, '1'), 'Normal', 'Seen', 'seen')
    recorder.record(object, 'Warning', 'BackOff', 'again')
    await settle()
    expect(requests).toHaveLength(4025)
  })

  test('writes an event anew that the server has forgotten, with its count', async () => {
    const { recorder, stored, errors } = createFixture()
    recorder.record(object, 'Normal', 'Pulled', 'pulled the image')
    await settle()
    stored.clear()
    recorder.record(object, 'Normal', 'Pulled', 'pulled the image')
    await settle()
    expect(summary(stored)).toEqual(['2 pulled the image'])
    expect(errors).toEqual([])
  })
})
