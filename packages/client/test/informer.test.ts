// How an informer behaves when watches end, fail and expire, against a transport that does as the test says.

import { type KubeObject, badRequest, resourceExpired } from '@binnacle/api'
import { type FakeClock, createFakeClock, settle } from '@binnacle/testing'
import { afterEach, describe, expect, test } from 'vitest'
import { createClient } from '../src/client.ts'
import { Informer } from '../src/informer.ts'
import { configMaps } from '../src/resources.ts'
import { type ScriptedTransport, bookmark, configMap, createScriptedTransport } from './support/scripted-transport.ts'

let stop = new AbortController()

afterEach(() => {
  stop.abort()
  stop = new AbortController()
})

function names(informer: Informer<KubeObject>): string {
  const all = informer.list().map(({ metadata }) => metadata.name)
  return all.join(',')
}

function startInformer(transport: ScriptedTransport): {
  informer: Informer<KubeObject>
  clock: FakeClock
  errors: unknown[]
} {
  const clock = createFakeClock()
  const errors: unknown[] = []
  const informer = new Informer<KubeObject>({
    client: createClient(transport),
    ref: configMaps,
    clock,
    onError: (error) => errors.push(error),
    indexers: { size: (object) => [String(Object.keys(object).length)] },
  })
  informer.start(stop.signal)
  return { informer, clock, errors }
}

describe('the handlers of an informer', () => {
  test('see the whole initial state, whichever object they are told of', async () => {
    const transport = createScriptedTransport()
    const { informer } = startInformer(transport)
    const seen: number[] = []
    informer.on({ added: () => seen.push(informer.list().length) })
    await settle()
    transport.watches[0]?.send(
      { type: 'ADDED', object: configMap('a', '1') },
      { type: 'ADDED', object: configMap('b', '2') },
      bookmark('2', true),
    )
    await informer.synced
    expect(seen).toEqual([2, 2])
  })

  test('see the whole batch applied', async () => {
    const transport = createScriptedTransport()
    const { informer } = startInformer(transport)
    await settle()
    transport.watches[0]?.send({ type: 'ADDED', object: configMap('a', '1') }, bookmark('1', true))
    await informer.synced
    const seen: string[] = []
    informer.on({
      added: (object) => seen.push(`${object.metadata.name}: ${names(informer)}`),
      deleted: (object) => seen.push(`-${object.metadata.name}: ${names(informer)}`),
    })
    transport.watches[0]?.send(
      { type: 'ADDED', object: configMap('b', '2') },
      { type: 'DELETED', object: configMap('a', '3') },
      { type: 'ADDED', object: configMap('c', '4') },
    )
    await settle()
    expect(seen).toEqual(['a: a', 'b: b,c', '-a: b,c', 'c: b,c'])
  })

  test('that subscribe within a batch are told of each object once', async () => {
    const transport = createScriptedTransport()
    const { informer } = startInformer(transport)
    const late: (string | undefined)[] = []
    let isSubscribed = false
    informer.on({
      added: () => {
        if (isSubscribed) return
        isSubscribed = true
        informer.on({ added: (object) => late.push(object.metadata.name) })
      },
    })
    await settle()
    transport.watches[0]?.send(
      { type: 'ADDED', object: configMap('a', '1') },
      { type: 'ADDED', object: configMap('b', '2') },
      bookmark('2', true),
    )
    await informer.synced
    expect(late).toEqual(['a', 'b'])
  })

  test('do not suffer from one that throws, nor does the watch', async () => {
    const transport = createScriptedTransport()
    const { informer, errors } = startInformer(transport)
    const told: (string | undefined)[] = []
    const fault = new Error('handler fault')
    informer.on({
      added: () => {
        throw fault
      },
    })
    informer.on({ added: (object) => told.push(object.metadata.name) })
    await settle()
    transport.watches[0]?.send({ type: 'ADDED', object: configMap('a', '1') }, bookmark('1', true))
    await informer.synced
    transport.watches[0]?.send({ type: 'ADDED', object: configMap('b', '2') })
    await settle()
    expect(told).toEqual(['a', 'b'])
    expect(errors).toEqual([fault, fault])
    expect(transport.watches).toHaveLength(1)
  })
})

describe('an informer', () => {
  test('pauses longer and longer when a server closes watches at once', async () => {
    const transport = createScriptedTransport()
    transport.onWatch = (watch) => watch.end()
    const { clock } = startInformer(transport)
    await clock.advanceAsync(10_000)
    // 100 ms doubled each time, times 0.5 to 1.5: no more than nine in ten seconds.
    expect(transport.watches.length).toBeGreaterThan(4)
    expect(transport.watches.length).toBeLessThan(10)
  })

  test('opens the next watch at once, from where it was, when one that lived on ends', async () => {
    const transport = createScriptedTransport()
    const { informer, clock, errors } = startInformer(transport)
    await settle()
    transport.watches[0]?.send({ type: 'ADDED', object: configMap('a', '1') }, bookmark('1', true))
    await informer.synced
    transport.watches[0]?.send(bookmark('7', false))
    await settle()
    clock.advance(300_000)
    transport.watches[0]?.end()
    await settle()
    expect(transport.watches).toHaveLength(2)
    expect(transport.watches[1]?.request.options).toMatchObject({ resourceVersion: '7' })
    expect(errors).toEqual([])
  })

  test('pauses after 410, then takes the whole state anew and finds what vanished meanwhile', async () => {
    const transport = createScriptedTransport()
    const { informer, clock, errors } = startInformer(transport)
    await settle()
    transport.watches[0]?.send(
      { type: 'ADDED', object: configMap('a', '1') },
      { type: 'ADDED', object: configMap('b', '2') },
      bookmark('2', true),
    )
    await informer.synced
    const deleted: (string | undefined)[] = []
    informer.on({ deleted: (object) => deleted.push(object.metadata.name) })
    transport.watches[0]?.fail(resourceExpired('too old resource version: 2 (9)'))
    await settle()
    expect(transport.watches).toHaveLength(1)
    await clock.advanceAsync(150)
    expect(transport.watches[1]?.request.options).toMatchObject({ sendInitialEvents: true })
    expect(transport.watches[1]?.request.options).not.toHaveProperty('resourceVersion')
    transport.watches[1]?.send({ type: 'ADDED', object: configMap('b', '2') }, bookmark('9', true))
    await settle()
    expect(deleted).toEqual(['a'])
    expect(informer.list().map(({ metadata }) => metadata.name)).toEqual(['b'])
    expect(errors).toEqual([])
  })

  test('lists any state at first and only the newest after 410 where the server has no streaming lists', async () => {
    const transport = createScriptedTransport()
    transport.refuseWatch = ({ options }) =>
      options?.sendInitialEvents === true ? badRequest('sendInitialEvents is forbidden') : undefined
    transport.list = { metadata: { resourceVersion: '5' }, items: [configMap('a', '5')] }
    const { informer, clock } = startInformer(transport)
    await informer.synced
    await settle()
    transport.watches[0]?.fail(resourceExpired('too old resource version: 5 (9)'))
    await settle()
    await clock.advanceAsync(150)
    const lists = transport.requests.filter(({ verb }) => verb === 'list')
    expect(lists.map(({ options }) => options)).toEqual([{ resourceVersion: '0' }, {}])
    expect(transport.watches[1]?.request.options).toMatchObject({ resourceVersion: '5' })
  })

  test('reports a failed watch and goes on from where it was', async () => {
    const transport = createScriptedTransport()
    const { informer, clock, errors } = startInformer(transport)
    await settle()
    transport.watches[0]?.send({ type: 'ADDED', object: configMap('a', '1') }, bookmark('1', true))
    await informer.synced
    const fault = new Error('connection reset')
    transport.watches[0]?.fail(fault)
    await settle()
    expect(errors).toEqual([fault])
    await clock.advanceAsync(150)
    expect(transport.watches[1]?.request.options).toMatchObject({ resourceVersion: '1' })
  })

  test('waits for nothing any more once it is stopped', async () => {
    const transport = createScriptedTransport()
    transport.refuseWatch = () => new Error('refused')
    const { informer, clock } = startInformer(transport)
    await settle()
    expect(clock.pending).toBe(1)
    stop.abort()
    await expect(informer.synced).rejects.toThrow('stopped before it was in step')
    expect(clock.pending).toBe(0)
  })
})
