// Random operations on the store beside a model that keeps every state it ever had. Run again with SEED=<printed seed>.

import type { KubeObject } from '@binnacle/api'
import { checkInvariants, createFakeClock, testObject } from '@binnacle/testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Store } from '../src/index.ts'
import { CompactedError, createMemoryStore, openLmdbStore } from '../src/index.ts'
import { temporaryFolder } from './temporary-folder.ts'

const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31))

interface ModelEvent {
  revision: number
  type: string
  key: string
  data: unknown
}

/** The state after each revision, and the event that led to it. */
class Model {
  states: Map<string, { revision: number; data: unknown }>[] = [new Map()]
  events: ModelEvent[] = []
  compacted = 0

  get revision(): number {
    return this.events.length
  }

  put(key: string, data: unknown): void {
    this.#next(this.#newest.has(key) ? 'update' : 'create', key, data)
  }

  remove(key: string): void {
    const current = this.#newest.get(key)
    if (current !== undefined) this.#next('delete', key, current.data)
  }

  range(options: {
    prefix: string
    after?: string
    revision: number
  }): { key: string; revision: number; data: unknown }[] {
    return [...(this.states[options.revision] ?? [])]
      .filter(
        ([key]) =>
          key.startsWith(options.prefix) &&
          (options.after === undefined || Buffer.compare(Buffer.from(key), Buffer.from(options.after)) > 0),
      )
      .map(([key, value]) => ({ key, ...value }))
      .sort((one, other) => Buffer.compare(Buffer.from(one.key), Buffer.from(other.key)))
  }

  get #newest(): Map<string, { revision: number; data: unknown }> {
    return this.states[this.revision] ?? new Map<string, never>()
  }

  #next(type: string, key: string, data: unknown): void {
    const revision = this.revision + 1
    const state = new Map(this.#newest)
    if (type === 'delete') state.delete(key)
    else state.set(key, { revision, data })
    this.states.push(state)
    this.events.push({ revision, type, key, data })
  }
}

const key = fc.constantFrom('a/1', 'a/10', 'a/2', 'ab/1', 'b/1', 'b/\ufffd', 'b/🏁', 'c')
const prefix = fc.constantFrom('', 'a', 'a/', 'a/1', 'ab/', 'b/', 'b/🏁', 'c', 'none/')
/** Where between the oldest readable revision and the newest: a fraction, as the bounds are known only when it runs. */
const fraction = fc.double({ min: 0, max: 1, noNaN: true })
const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('put' as const), key, n: fc.nat() }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('remove' as const), key }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('keep' as const), key }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('settle' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('watch' as const), prefix, from: fraction }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('stop' as const), which: fc.nat() }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('range' as const),
      prefix,
      at: fraction,
      limit: fc.integer({ min: 1, max: 4 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('compact' as const), at: fraction }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('reopen' as const) }) },
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

interface Watch {
  prefix: string
  from: number
  /** The last revision whose events it must have got; undefined while it runs. */
  until: number | undefined
  seen: ModelEvent[]
  stop: () => void
}

class Run {
  #model = new Model()
  #store: Store
  #open: (() => Promise<Store>) | undefined
  #writes: Promise<unknown>[] = []
  #watches: Watch[] = []

  constructor(store: Store, open: (() => Promise<Store>) | undefined) {
    this.#store = store
    this.#open = open
  }

  async take(step: Step): Promise<void> {
    const store = this.#store
    const model = this.#model
    switch (step.do) {
      case 'put':
        this.#writes.push(
          store.write(step.key, (current) =>
            this.#expectCurrent(step.key, current?.object, { put: testObject('x', { n: step.n }) }),
          ),
        )
        model.put(step.key, { n: step.n })
        return
      case 'remove':
        this.#writes.push(
          store.write(step.key, (current) => this.#expectCurrent(step.key, current?.object, { remove: true })),
        )
        model.remove(step.key)
        return
      case 'keep':
        this.#writes.push(
          store.write(step.key, (current) => this.#expectCurrent(step.key, current?.object, { keep: true })),
        )
        return
      case 'settle':
        return this.#settle()
      case 'watch':
        return this.#watch(step.prefix, this.#visible(step.from))
      case 'stop': {
        const watch = this.#watches[step.which % Math.max(1, this.#watches.length)]
        if (watch === undefined) return
        watch.until ??= store.revision
        watch.stop()
        return
      }
      case 'range':
        return this.#page(step.prefix, { revision: this.#visible(step.at), limit: step.limit })
      case 'compact':
        store.compact(this.#visible(step.at))
        model.compacted = store.compactedRevision
        if (model.compacted > 0)
          expect(() => store.range({ prefix: '', revision: model.compacted - 1 })).toThrow(CompactedError)
        return
      case 'reopen':
        return this.#reopen()
    }
  }

  async finish(): Promise<void> {
    await this.#settle()
    await this.#store.close()
    for (const { prefix, from, until, seen } of this.#watches) {
      const due = this.#model.events.filter(
        ({ key, revision }) => key.startsWith(prefix) && revision > from && revision <= (until ?? Infinity),
      )
      expect(seen).toEqual(due)
    }
  }

  #expectCurrent<T>(key: string, object: KubeObject | undefined, mutation: T): T {
    const expected = this.#model.states[this.#model.revision]?.get(key)
    expect(
      object === undefined ? undefined : { revision: Number(object.metadata.resourceVersion), data: dataOf(object) },
    ).toEqual(expected)
    return mutation
  }

  #visible(fraction: number): number {
    const { revision, compactedRevision } = this.#store
    return compactedRevision + Math.round(fraction * (revision - compactedRevision))
  }

  async #settle(): Promise<void> {
    await Promise.all(this.#writes)
    this.#writes = []
    expect(this.#store.revision).toBe(this.#model.revision)
    checkInvariants(this.#store)
  }

  #watch(prefix: string, from: number): void {
    const seen: ModelEvent[] = []
    const stop = this.#store.watch({
      prefix,
      fromRevision: from,
      sink: {
        events: (batch) => {
          for (const { type, revision, current } of batch)
            seen.push({ revision, type, key: current.key, data: dataOf(current.object) })
        },
      },
    })
    this.#watches.push({ prefix, from, until: undefined, seen, stop })
  }

  /** All pages of a list, with another write between them for good measure. */
  #page(prefix: string, { revision, limit }: { revision: number; limit: number }): void {
    const expected = this.#model.range({ prefix, revision })
    const got: { key: string; revision: number; data: unknown }[] = []
    for (let after: string | undefined; ; after = got.at(-1)?.key) {
      const page = this.#store.range({ prefix, revision, limit, ...(after === undefined ? {} : { after }) })
      got.push(...page.items.map((item) => ({ key: item.key, revision: item.revision, data: dataOf(item.object) })))
      expect(page.remaining).toBe(expected.length - got.length)
      if (page.remaining === 0) break
    }
    expect(got).toEqual(expected)
  }

  async #reopen(): Promise<void> {
    if (this.#open === undefined) return
    await this.#settle()
    for (const watch of this.#watches) watch.until ??= this.#store.revision
    await this.#store.close()
    this.#store = await this.#open()
    this.#model.compacted = this.#model.revision
    expect(this.#store.compactedRevision).toBe(this.#model.revision)
  }
}

function dataOf(object: KubeObject): unknown {
  return 'data' in object ? object.data : undefined
}

async function follow(steps: readonly Step[], open: () => Promise<Store>, durable: boolean): Promise<void> {
  const run = new Run(await open(), durable ? open : undefined)
  for (const step of steps) await run.take(step)
  await run.finish()
}

const options = (numRuns: number): fc.Parameters<[Step[]]> => ({ seed, numRuns })
const steps = fc.array(step, { maxLength: 120, size: 'max' })

test(`random operations on the memory store agree with the model (SEED=${seed})`, async () => {
  const open = (): Promise<Store> => Promise.resolve(createMemoryStore({ clock: createFakeClock() }))
  await fc.assert(
    fc.asyncProperty(steps, (list) => follow(list, open, false)),
    options(150),
  )
})

test(`random operations and restarts of the LMDB store agree with the model (SEED=${seed})`, async () => {
  const parent = temporaryFolder()
  let count = 0
  await fc.assert(
    fc.asyncProperty(steps, (list) => {
      const directory = `${parent}/${count++}`
      return follow(list, () => openLmdbStore({ directory, clock: createFakeClock() }), true)
    }),
    options(15),
  )
})
