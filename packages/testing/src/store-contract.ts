// What every Store promises, whatever it stands on. Memory and LMDB run the same suite.

import type { KubeObject } from '@binnacle/api'
import type { Store, StoredObject, StoreEvent } from '@binnacle/store'
import { CompactedError, FutureRevisionError } from '@binnacle/store'
import { describe, expect, test } from 'vitest'
import { unfrozenPath } from './deep-freeze.ts'
import type { FakeClock } from './fake-clock.ts'
import { createFakeClock } from './fake-clock.ts'

export interface OpenStoreOptions {
  clock: FakeClock
  history?: { minAgeMs?: number; maxEvents?: number; maxBytes?: number }
  onError?: (error: unknown, prefix: string) => void
}

/** Opens an empty store; the suite closes it. */
export type OpenStore = (options: OpenStoreOptions) => Promise<Store>

export interface TestObject extends KubeObject {
  data?: Record<string, unknown>
}

export function testObject(name: string, data?: Record<string, unknown>): TestObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, ...(data === undefined ? {} : { data }) }
}

/** Collects what a watch is told: one array for each batch. */
export function collectingSink(): {
  sink: { events(batch: readonly StoreEvent[]): void; closed(): void }
  batches: StoreEvent[][]
  ended: boolean[]
} {
  const batches: StoreEvent[][] = []
  const ended: boolean[] = []
  return {
    batches,
    ended,
    sink: { events: (batch) => void batches.push([...batch]), closed: () => void ended.push(true) },
  }
}

export function storeContract(name: string, open: OpenStore): void {
  const withStore = async (
    use: (store: Store, clock: FakeClock) => Promise<void>,
    options: Partial<OpenStoreOptions> = {},
  ): Promise<void> => {
    const clock = createFakeClock()
    const store = await open({ clock, ...options })
    try {
      await use(store, clock)
      checkInvariants(store)
    } finally {
      await store.close()
    }
  }

  describe(`${name} keeps the promises of a Store`, () => {
    describe('writes', () => writeContract(withStore))
    describe('ranges', () => rangeContract(withStore))
    describe('watches', () => watchContract(withStore))
    describe('history', () => historyContract(withStore))
  })
}

type WithStore = (
  use: (store: Store, clock: FakeClock) => Promise<void>,
  options?: Partial<OpenStoreOptions>,
) => Promise<void>

/** What holds for a store at rest. */
export function checkInvariants(store: Store): void {
  const { items, revision, remaining } = store.range({ prefix: '' })
  expect(revision).toBe(store.revision)
  expect(remaining).toBe(0)
  expect(store.count('')).toBe(items.length)
  expect(store.compactedRevision).toBeLessThanOrEqual(store.revision)
  let before: Buffer | undefined
  for (const item of items) {
    const key = Buffer.from(item.key)
    if (before !== undefined) expect(Buffer.compare(before, key)).toBe(-1)
    before = key
    expect(item.revision).toBeLessThanOrEqual(store.revision)
    expect(item.object.metadata.resourceVersion).toBe(String(item.revision))
    expect(JSON.parse(Buffer.from(item.bytes).toString())).toEqual(item.object)
    expect(unfrozenPath(item.object)).toBeUndefined()
    expect(store.get(item.key)).toBe(item)
  }
}

export function putObject(
  store: Store,
  key: string,
  data?: Record<string, unknown>,
): Promise<StoredObject | undefined> {
  return store.write(key, () => ({ put: testObject(key.slice(key.lastIndexOf('/') + 1), data) }))
}

function removeObject(store: Store, key: string): Promise<StoredObject | undefined> {
  return store.write(key, () => ({ remove: true }))
}

function dataOf(stored: StoredObject | undefined): TestObject['data'] {
  const object: TestObject | undefined = stored?.object
  return object?.data
}

function keysOf(items: readonly StoredObject[]): string[] {
  return items.map(({ key }) => key)
}

function describeEvents(events: readonly StoreEvent[]): string[] {
  return events.map(({ type, revision, current }) => `${revision} ${type} ${current.key}`)
}

function writeContract(withStore: WithStore): void {
  test('a create gives the object the next revision and its bytes carry it', () =>
    withStore(async (store) => {
      expect(store.revision).toBe(0)
      const stored = await putObject(store, 'pods/default/a', { greeting: 'grüß 🌊' })
      expect(stored?.revision).toBe(1)
      expect(store.revision).toBe(1)
      expect(store.get('pods/default/a')).toBe(stored)
      expect(JSON.parse(Buffer.from(stored?.bytes ?? []).toString())).toEqual({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'a', resourceVersion: '1' },
        data: { greeting: 'grüß 🌊' },
      })
    }))

  test('the parsed object is what the bytes say, even where the object given was not quite JSON', () =>
    withStore(async (store) => {
      const stored = await putObject(store, 'pods/default/a', {
        gone: undefined,
        infinite: Infinity,
        at: new Date(0),
        list: [undefined],
      })
      expect(stored?.object).toEqual({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'a', resourceVersion: '1' },
        data: { infinite: null, at: '1970-01-01T00:00:00.000Z', list: [null] },
      })
      expect(Object.keys(dataOf(stored) ?? {})).toEqual(['infinite', 'at', 'list'])
    }))

  test('a write sees the newest accepted version, which readers do not see before it is committed', () =>
    withStore(async (store) => {
      const first = putObject(store, 'pods/default/a', { n: 1 })
      const second = store.write('pods/default/a', (current) => {
        expect(current?.revision).toBe(1)
        expect(dataOf(current)).toEqual({ n: 1 })
        return { put: testObject('a', { n: 2 }) }
      })
      expect(store.get('pods/default/a')).toBeUndefined()
      expect(store.revision).toBe(0)
      expect((await first)?.revision).toBe(1)
      expect((await second)?.revision).toBe(2)
    }))

  test('a refusal that goes by a version on its way to disk is told once readers see that version', () =>
    withStore(async (store) => {
      const first = putObject(store, 'a', { n: 1 })
      const refused = store
        .write('a', () => {
          throw new RangeError('exists')
        })
        .catch((error: unknown) => ({ error, seen: dataOf(store.get('a')) }))
      expect(store.get('a')).toBeUndefined()
      expect(await refused).toEqual({ error: new RangeError('exists'), seen: { n: 1 } })
      expect((await first)?.revision).toBe(1)
      expect(store.revision).toBe(1)
    }))

  test('writes resolve in the order of acceptance, `keep` included', () =>
    withStore(async (store) => {
      const order: string[] = []
      await Promise.all([
        putObject(store, 'a', {}).then(() => order.push('put a')),
        store.write('a', () => ({ keep: true })).then((kept) => order.push(`keep a@${kept?.revision}`)),
        putObject(store, 'b', {}).then(() => order.push('put b')),
        store.write('nothing', () => ({ keep: true })).then((kept) => order.push(`keep ${kept?.revision}`)),
      ])
      expect(order).toEqual(['put a', 'keep a@1', 'put b', 'keep undefined'])
      expect(store.revision).toBe(2)
    }))

  test('what `change` throws rejects the write and takes no revision', () =>
    withStore(async (store) => {
      await expect(
        store.write('a', () => {
          throw new RangeError('no')
        }),
      ).rejects.toThrow(new RangeError('no'))
      const cyclic: Record<string, unknown> = {}
      cyclic['self'] = cyclic
      await expect(putObject(store, 'a', cyclic)).rejects.toThrow(TypeError)
      expect((await putObject(store, 'a'))?.revision).toBe(1)
    }))

  test('a removal gives the last state with the revision of the removal', () =>
    withStore(async (store) => {
      await putObject(store, 'a', { n: 1 })
      const removed = await removeObject(store, 'a')
      expect(removed?.revision).toBe(2)
      expect(removed?.object).toMatchObject({ metadata: { name: 'a', resourceVersion: '2' }, data: { n: 1 } })
      expect(store.get('a')).toBeUndefined()
      expect(await removeObject(store, 'a')).toBeUndefined()
      expect(store.revision).toBe(2)
    }))

  test('a removal can say what the last state was', () =>
    withStore(async (store) => {
      await putObject(store, 'a', { n: 1 })
      const removed = await store.write('a', () => ({ remove: true, lastState: testObject('a', { n: 'last' }) }))
      expect(dataOf(removed)).toEqual({ n: 'last' })
    }))

  test('a removed key can be made again while its removal is still on its way', () =>
    withStore(async (store) => {
      const { sink, batches } = collectingSink()
      store.watch({ prefix: '', fromRevision: 0, sink })
      await Promise.all([
        putObject(store, 'a'),
        removeObject(store, 'a'),
        store.write('a', (current) => {
          expect(current).toBeUndefined()
          return { put: testObject('a') }
        }),
      ])
      expect(describeEvents(batches.flat())).toEqual(['1 create a', '2 delete a', '3 create a'])
      expect(batches.flat()[2]?.previous).toBeUndefined()
    }))

  test('of many compare-and-swap increments none is lost', () =>
    withStore(async (store) => {
      await putObject(store, 'counter', { n: 0 })
      const increment = (): Promise<unknown> =>
        store.write('counter', (current) => ({
          put: testObject('counter', { n: Number(dataOf(current)?.['n']) + 1 }),
        }))
      await Promise.all(Array.from({ length: 200 }, increment))
      expect(dataOf(store.get('counter'))).toEqual({ n: 200 })
      expect(store.revision).toBe(201)
    }))

  test('closing waits for what was accepted, ends watches and refuses further writes', () =>
    withStore(async (store) => {
      const { sink, batches, ended } = collectingSink()
      store.watch({ prefix: '', fromRevision: 0, sink })
      const last = putObject(store, 'a')
      await store.close()
      expect((await last)?.revision).toBe(1)
      expect(batches).toHaveLength(1)
      expect(ended).toEqual([true])
      await expect(putObject(store, 'b')).rejects.toThrow('the store is closed')
    }))
}

function rangeContract(withStore: WithStore): void {
  test('keys come in the order of their UTF-8 bytes, as in etcd', () =>
    withStore(async (store) => {
      // In UTF-16, which JavaScript compares, the flag (a surrogate pair) would sort before U+FFFD.
      const keys = ['p/a', 'p/a!', 'p/a-b', 'p/a.b', 'p/a/b', 'p/b', 'p/ü', 'p/\ue000', 'p/\ufffd', 'p/🏁', 'p/🏁x']
      for (const key of keys.toReversed()) await putObject(store, key)
      expect(keysOf(store.range({ prefix: 'p/' }).items)).toEqual(keys)
      expect(keysOf(store.range({ prefix: 'p/🏁' }).items)).toEqual(['p/🏁', 'p/🏁x'])
      expect(store.count('p/🏁')).toBe(2)
      expect(store.count('p/a')).toBe(5)
    }))

  test('a range has the keys of its prefix and of no other', () =>
    withStore(async (store) => {
      for (const key of ['pods/a/x', 'pods/ab/x', 'pods/b/x', 'podsx/a/x', 'pod']) await putObject(store, key)
      expect(keysOf(store.range({ prefix: 'pods/a/' }).items)).toEqual(['pods/a/x'])
      expect(keysOf(store.range({ prefix: 'pods/' }).items)).toEqual(['pods/a/x', 'pods/ab/x', 'pods/b/x'])
      expect(store.range({ prefix: 'none/' })).toEqual({ items: [], revision: 5, remaining: 0 })
      expect(store.count('pods/')).toBe(3)
      expect(store.count('')).toBe(5)
    }))

  test('pages at one revision show that state whatever is written meanwhile', () =>
    withStore(async (store) => {
      const keys = Array.from({ length: 10 }, (_, index) => `pods/${index}`)
      for (const key of keys) await putObject(store, key, { n: 0 })
      const first = store.range({ prefix: 'pods/', limit: 4 })
      expect(keysOf(first.items)).toEqual(keys.slice(0, 4))
      expect(first.remaining).toBe(6)
      await removeObject(store, 'pods/1')
      await removeObject(store, 'pods/5')
      await putObject(store, 'pods/5')
      await removeObject(store, 'pods/9')
      await putObject(store, 'pods/41')
      await putObject(store, 'pods/6', { n: 1 })
      const { revision } = first
      const second = store.range({ prefix: 'pods/', limit: 4, after: 'pods/3', revision })
      expect(keysOf(second.items)).toEqual(keys.slice(4, 8))
      expect(second.items.map(({ object }) => (object as TestObject).data)).toEqual([
        { n: 0 },
        { n: 0 },
        { n: 0 },
        { n: 0 },
      ])
      expect(second.remaining).toBe(2)
      expect(second.revision).toBe(revision)
      const third = store.range({ prefix: 'pods/', limit: 4, after: 'pods/7', revision })
      expect(keysOf(third.items)).toEqual(keys.slice(8))
      expect(third.remaining).toBe(0)
      expect(keysOf(store.range({ prefix: 'pods/' }).items)).toEqual(
        ['0', '2', '3', '4', '41', '5', '6', '7', '8'].map((name) => `pods/${name}`),
      )
    }))

  test('a limit that the last page meets exactly leaves nothing', () =>
    withStore(async (store) => {
      for (const key of ['a/1', 'a/2']) await putObject(store, key)
      expect(store.range({ prefix: 'a/', limit: 2 }).remaining).toBe(0)
      expect(store.range({ prefix: 'a/', limit: 2, after: 'a/2' })).toEqual({ items: [], revision: 2, remaining: 0 })
    }))

  test('a revision that is still to come is refused', () =>
    withStore(async (store) => {
      await putObject(store, 'a')
      expect(() => store.range({ prefix: '', revision: 2 })).toThrow(FutureRevisionError)
    }))
}

function watchContract(withStore: WithStore): void {
  test('a watch gets every event after its revision once and in order: first the replay, then what comes', () =>
    withStore(async (store) => {
      await putObject(store, 'pods/a')
      await putObject(store, 'nodes/n')
      await putObject(store, 'pods/a', { n: 1 })
      const { sink, batches } = collectingSink()
      store.watch({ prefix: 'pods/', fromRevision: 1, sink })
      expect(describeEvents(batches.flat())).toEqual(['3 update pods/a'])
      await putObject(store, 'nodes/n')
      await removeObject(store, 'pods/a')
      expect(describeEvents(batches.flat())).toEqual(['3 update pods/a', '5 delete pods/a'])
      const [update, deletion] = batches.flat()
      expect(update?.previous?.revision).toBe(1)
      expect(deletion?.previous?.revision).toBe(3)
      expect(deletion?.current.object.metadata.resourceVersion).toBe('5')
    }))

  test('a watch from a revision to come waits for it', () =>
    withStore(async (store) => {
      const { sink, batches } = collectingSink()
      store.watch({ prefix: '', fromRevision: 2, sink })
      for (const key of ['a', 'b', 'c']) await putObject(store, key)
      expect(describeEvents(batches.flat())).toEqual(['3 create c'])
    }))

  test('what is accepted in one turn arrives as one batch', () =>
    withStore(async (store) => {
      const { sink, batches } = collectingSink()
      store.watch({ prefix: '', fromRevision: 0, sink })
      await Promise.all(['a', 'b', 'c'].map((key) => putObject(store, key)))
      expect(batches.map((batch) => batch.length)).toEqual([3])
    }))

  test('a prefix may be a namespace, one object or part of a name', () =>
    withStore(async (store) => {
      const prefixes = ['', 'pods/', 'pods/ns/', 'pods/ns/web', 'pods/ns/web-1', 'nodes/']
      const seen = prefixes.map((prefix) => {
        const { sink, batches } = collectingSink()
        store.watch({ prefix, fromRevision: 0, sink })
        return batches
      })
      for (const key of ['pods/ns/web-1', 'pods/ns/db', 'pods/other/web-1']) await putObject(store, key)
      expect(seen.map((batches) => batches.flat().map(({ revision }) => revision))).toEqual([
        [1, 2, 3],
        [1, 2, 3],
        [1, 2],
        [1],
        [1],
        [],
      ])
    }))

  test('events are seen with the state that they led to', () =>
    withStore(async (store) => {
      const states: unknown[] = []
      store.watch({
        prefix: '',
        fromRevision: 0,
        sink: {
          events: (batch) =>
            states.push(store.revision === batch.at(-1)?.revision, store.get('a') === batch.at(-1)?.current),
        },
      })
      await putObject(store, 'a')
      expect(states).toEqual([true, true])
    }))

  test('a watch that has ended gets nothing more, even if it ends while a batch is being delivered', () =>
    withStore(async (store) => {
      const second = collectingSink()
      let stopSecond: () => void = () => undefined
      const stopFirst = store.watch({ prefix: '', fromRevision: 0, sink: { events: () => stopSecond() } })
      stopSecond = store.watch({ prefix: '', fromRevision: 0, sink: second.sink })
      await putObject(store, 'a')
      expect(second.batches).toEqual([])
      stopFirst()
      stopFirst()
      await putObject(store, 'b')
      await store.close()
      expect(second.ended).toEqual([])
    }))

  test('a watch started by a sink gets the batch at hand once', () =>
    withStore(async (store) => {
      const inner = collectingSink()
      let started = false
      store.watch({
        prefix: '',
        fromRevision: 0,
        sink: {
          events() {
            if (!started) store.watch({ prefix: '', fromRevision: 0, sink: inner.sink })
            started = true
          },
        },
      })
      await Promise.all([putObject(store, 'a'), putObject(store, 'b')])
      await putObject(store, 'c')
      expect(describeEvents(inner.batches.flat())).toEqual(['1 create a', '2 create b', '3 create c'])
    }))

  test('a write made by a sink comes to all watches after the event that led to it', () =>
    withStore(async (store) => {
      const seen: string[][] = [[], []]
      let written: Promise<unknown> | undefined
      for (const list of seen) {
        store.watch({
          prefix: '',
          fromRevision: 0,
          sink: {
            events(batch) {
              list.push(...describeEvents(batch))
              written ??= putObject(store, 'b')
            },
          },
        })
      }
      await putObject(store, 'a')
      await written
      expect(seen).toEqual([
        ['1 create a', '2 create b'],
        ['1 create a', '2 create b'],
      ])
    }))

  test('a sink that throws loses its watch; the write and the other watches do not notice', async () => {
    const errors: unknown[] = []
    await withStore(
      async (store) => {
        const broken = new Error('broken')
        store.watch({
          prefix: '',
          fromRevision: 0,
          sink: {
            events() {
              throw broken
            },
          },
        })
        const { sink, batches } = collectingSink()
        store.watch({ prefix: '', fromRevision: 0, sink })
        await putObject(store, 'a')
        await putObject(store, 'b')
        expect(errors).toEqual([broken])
        expect(batches).toHaveLength(2)
      },
      { onError: (error) => errors.push(error) },
    )
  })
}

function historyContract(withStore: WithStore): void {
  test('after a compaction older revisions are refused and newer ones still readable', () =>
    withStore(async (store) => {
      await putObject(store, 'a', { n: 1 })
      await putObject(store, 'a', { n: 2 })
      await removeObject(store, 'a')
      await putObject(store, 'a', { n: 4 })
      store.compact(2)
      expect(store.compactedRevision).toBe(2)
      expect(() => store.range({ prefix: '', revision: 1 })).toThrow(CompactedError)
      expect(() => store.watch({ prefix: '', fromRevision: 1, sink: { events: () => undefined } })).toThrow(
        CompactedError,
      )
      const dataAt = (revision: number): unknown =>
        store.range({ prefix: '', revision }).items.map(({ object }) => (object as TestObject).data)
      expect([2, 3, 4].map(dataAt)).toEqual([[{ n: 2 }], [], [{ n: 4 }]])
      store.compact(3)
      store.compact(1)
      expect(store.compactedRevision).toBe(3)
      expect([3, 4].map(dataAt)).toEqual([[], [{ n: 4 }]])
      expect(() => store.compact(5)).toThrow(FutureRevisionError)
    }))

  test('history of the last five minutes is kept and older history is dropped by itself', () =>
    withStore(async (store, clock) => {
      await putObject(store, 'a', { n: 1 })
      clock.advance(200_000)
      await putObject(store, 'a', { n: 2 })
      clock.advance(99_000)
      expect(store.compactedRevision).toBe(0)
      clock.advance(150_000)
      expect(store.compactedRevision).toBe(1)
      clock.advance(300_000)
      expect(store.compactedRevision).toBe(2)
      expect(clock.pending).toBe(0)
    }))

  test('history that outgrows its limit of events is shortened', () =>
    withStore(
      async (store) => {
        for (let n = 0; n < 25; n++) await putObject(store, `k${n % 3}`, { n })
        expect(store.revision).toBe(25)
        expect(store.revision - store.compactedRevision).toBeLessThanOrEqual(10)
        expect(store.revision - store.compactedRevision).toBeGreaterThanOrEqual(8)
      },
      { history: { maxEvents: 10 } },
    ))

  test('history that outgrows its limit of bytes is shortened', () =>
    withStore(
      async (store) => {
        const filler = 'x'.repeat(1000)
        for (let n = 0; n < 50; n++) await putObject(store, 'k', { filler })
        expect(store.revision - store.compactedRevision).toBeLessThanOrEqual(10)
        expect(store.revision - store.compactedRevision).toBeGreaterThanOrEqual(5)
      },
      { history: { maxBytes: 10_000 } },
    ))
}
