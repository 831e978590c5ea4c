// A local copy of one resource that follows the server: the list, then every change, in order. Upstream: client-go's
// Reflector, Indexer and SharedIndexInformer in one. Level-based: what handlers see may skip states, never the last one.

import {
  type Clock,
  type KubeObject,
  type RequestOptions,
  type WatchEvent,
  StatusError,
  isExpired,
  systemClock,
} from '@binnacle/api'
import { type Client, type ResourceRef, objectKey } from './client.ts'

export type Indexer<T> = (object: T) => readonly string[]

export interface InformerHandlers<T> {
  added?(object: T): void
  updated?(object: T, old: T): void
  deleted?(object: T): void
}

export interface InformerOptions<T> {
  client: Client
  ref: ResourceRef
  namespace?: string
  labelSelector?: string
  fieldSelector?: string
  indexers?: Record<string, Indexer<T>>
  /** What the copy keeps of each object (its identity and resource version at least): client-go's TransformFunc. */
  transform?: (object: T) => T
  /** Times the pauses between watches. */
  clock?: Clock
  /** Told of every failed list or watch, and of what a handler or an indexer threw; the informer goes on. */
  onError?: (error: unknown) => void
}

/** What handlers are to be told once the state is complete. */
interface Notification<T> {
  object: T
  old: T | undefined
  isDeleted: boolean
}

const initialBackoffMs = 100
const maxBackoffMs = 30_000
/** A watch that lived shorter than this counts as a failure, or a server that closes at once would be asked in a loop. */
const shortWatchMs = 1000
const initialEventsEnd = 'k8s.io/initial-events-end'

export class Informer<T extends KubeObject> {
  /** Resolves when the first full state is here; rejects when the informer is stopped before. */
  readonly synced: Promise<void>
  readonly #options: InformerOptions<T>
  readonly #clock: Clock
  readonly #objects = new Map<string, T>()
  readonly #indexers = new Map<string, Indexer<T>>()
  readonly #indices = new Map<string, Map<string, Set<string>>>()
  readonly #handlers = new Set<InformerHandlers<T>>()
  readonly #setSynced: () => void
  readonly #rejectSynced: (error: Error) => void
  #isSynced = false
  #resourceVersion: string | undefined
  /** After 410: an older state than the one that was lost must not come back. */
  #mustBeNewest = false
  /** When the current watch was answered. */
  #openedAt: number | undefined
  #started = false

  constructor(options: InformerOptions<T>) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.synced = promise
    this.#setSynced = resolve
    this.#rejectSynced = reject
    // Whoever does not wait for it must not be ended by it.
    promise.catch(() => undefined)
    this.addIndexers(options.indexers ?? {})
  }

  get isSynced(): boolean {
    return this.#isSynced
  }

  /** Follows the server until `signal` aborts. Calling it again has no effect. */
  start(signal: AbortSignal): void {
    if (this.#started) return
    this.#started = true
    void this.#run(signal)
  }

  get(key: string): T | undefined {
    return this.#objects.get(key)
  }

  list(): T[] {
    return [...this.#objects.values()]
  }

  /** Objects for which the indexer `index` gave `value`. */
  byIndex(index: string, value: string): T[] {
    const keys = this.#indices.get(index)?.get(value)
    if (keys === undefined) return []
    const found: T[] = []
    for (const key of keys) {
      const object = this.#objects.get(key)
      if (object !== undefined) found.push(object)
    }
    return found
  }

  /** Several users of one informer may each bring theirs; an index of the same name is the same index. */
  addIndexers(indexers: Record<string, Indexer<T>>): void {
    for (const [name, indexer] of Object.entries(indexers)) {
      if (this.#indexers.has(name)) continue
      this.#indexers.set(name, indexer)
      this.#indices.set(name, new Map())
      for (const [key, object] of this.#objects) this.#addToIndex(name, indexer, key, object)
    }
  }

  /** Calls `added` for what is here already. The returned function ends the subscription. */
  on(handlers: InformerHandlers<T>): () => void {
    this.#handlers.add(handlers)
    for (const object of this.#objects.values()) this.#tell(handlers, { object, old: undefined, isDeleted: false })
    return () => this.#handlers.delete(handlers)
  }

  async #run(signal: AbortSignal): Promise<void> {
    let backoffMs = initialBackoffMs
    while (!signal.aborted) {
      this.#openedAt = undefined
      try {
        await this.#follow(signal)
      } catch (error) {
        if (signal.aborted) break
        if (isExpired(error)) {
          this.#resourceVersion = undefined
          this.#mustBeNewest = true
        } else {
          this.#report(error)
        }
      }
      if (this.#openedAt !== undefined && this.#clock.now() - this.#openedAt >= shortWatchMs) {
        backoffMs = initialBackoffMs
        continue
      }
      await pause(this.#clock, backoffMs * (0.5 + Math.random()), signal)
      backoffMs = Math.min(backoffMs * 2, maxBackoffMs)
    }
    if (!this.#isSynced)
      this.#rejectSynced(new Error(`informer of ${this.#options.ref.resource} was stopped before it was in step`))
  }

  /** One watch, from the state that we have or with the whole state first. */
  async #follow(signal: AbortSignal): Promise<void> {
    const resume = this.#resourceVersion
    const initial: RequestOptions =
      resume === undefined
        ? { sendInitialEvents: true, resourceVersionMatch: 'NotOlderThan' }
        : { resourceVersion: resume }
    const events = await this.#watch(initial, signal).catch(async (error: unknown) => {
      if (resume !== undefined || !isRefusedInitialEvents(error)) throw error
      // A server without streaming lists: list first, then watch from there.
      await this.#list()
      return this.#watch({ resourceVersion: this.#resourceVersion ?? '0' }, signal)
    })
    this.#openedAt = this.#clock.now()
    /** Collects the initial state, so that what vanished meanwhile is noticed. */
    let collecting = this.#resourceVersion === undefined ? new Map<string, T>() : undefined
    for await (const batch of events) {
      const told: Notification<T>[] = []
      for (const received of batch) {
        const event = this.#kept(received)
        const { resourceVersion, annotations } = event.object.metadata
        if (collecting !== undefined) {
          if (event.type === 'BOOKMARK' && annotations?.[initialEventsEnd] === 'true') {
            told.push(...this.#replace(collecting))
            collecting = undefined
          } else {
            collect(collecting, event)
            continue
          }
        } else {
          told.push(...this.#apply(event))
        }
        if (resourceVersion !== undefined) this.#resourceVersion = resourceVersion
      }
      this.#notify(told)
      if (collecting === undefined) this.#becomeSynced()
    }
  }

  #kept(event: WatchEvent<T>): WatchEvent<T> {
    const { transform } = this.#options
    return transform === undefined || event.type === 'BOOKMARK' ? event : { ...event, object: transform(event.object) }
  }

  #watch(options: RequestOptions, signal: AbortSignal): Promise<AsyncIterable<readonly WatchEvent<T>[]>> {
    const { client, ref } = this.#options
    return client.watch<T>(ref, { ...this.#selection(), ...options, allowWatchBookmarks: true }, signal)
  }

  #selection(): RequestOptions & { namespace?: string } {
    const { namespace, labelSelector, fieldSelector } = this.#options
    return {
      ...(namespace === undefined ? {} : { namespace }),
      ...(labelSelector === undefined ? {} : { labelSelector }),
      ...(fieldSelector === undefined ? {} : { fieldSelector }),
    }
  }

  async #list(): Promise<void> {
    const { client, ref } = this.#options
    // Any state will do to begin with; later only the newest will.
    const version = this.#mustBeNewest ? {} : { resourceVersion: '0' }
    const list = await client.list<T>(ref, { ...this.#selection(), ...version })
    const { transform = same } = this.#options
    const told = this.#replace(new Map(list.items.map((object) => [objectKey(object), transform(object)])))
    this.#resourceVersion = list.metadata.resourceVersion
    this.#notify(told)
    this.#becomeSynced()
  }

  #becomeSynced(): void {
    if (this.#isSynced) return
    this.#isSynced = true
    this.#setSynced()
  }

  #replace(state: ReadonlyMap<string, T>): Notification<T>[] {
    const told: Notification<T>[] = []
    for (const [key, old] of this.#objects) if (!state.has(key)) told.push(...this.#remove(key, old))
    for (const [key, object] of state) told.push(...this.#set(key, object))
    return told
  }

  #apply(event: WatchEvent<T>): Notification<T>[] {
    if (event.type === 'BOOKMARK') return []
    const key = objectKey(event.object)
    return event.type === 'DELETED' ? this.#remove(key, event.object) : this.#set(key, event.object)
  }

  #set(key: string, object: T): Notification<T>[] {
    const old = this.#objects.get(key)
    if (old !== undefined && old.metadata.resourceVersion === object.metadata.resourceVersion) return []
    this.#objects.set(key, object)
    for (const [name, indexer] of this.#indexers) {
      if (old !== undefined) this.#removeFromIndex(name, indexer, key, old)
      this.#addToIndex(name, indexer, key, object)
    }
    // Deleted and made anew between two looks: to handlers these are two objects.
    if (old !== undefined && old.metadata.uid !== object.metadata.uid)
      return [
        { object: old, old: undefined, isDeleted: true },
        { object, old: undefined, isDeleted: false },
      ]
    return [{ object, old, isDeleted: false }]
  }

  #remove(key: string, last: T): Notification<T>[] {
    const old = this.#objects.get(key)
    if (old === undefined) return []
    this.#objects.delete(key)
    for (const [name, indexer] of this.#indexers) this.#removeFromIndex(name, indexer, key, old)
    return [{ object: last, old: undefined, isDeleted: true }]
  }

  /** Runs when the whole batch is in the copy, so that no handler sees a half of what belongs together. */
  #notify(told: readonly Notification<T>[]): void {
    if (told.length === 0) return
    // Whoever subscribes meanwhile is given the complete state by `on`.
    const subscribed = [...this.#handlers]
    for (const notification of told)
      for (const handlers of subscribed) if (this.#handlers.has(handlers)) this.#tell(handlers, notification)
  }

  #tell(handlers: InformerHandlers<T>, { object, old, isDeleted }: Notification<T>): void {
    try {
      if (isDeleted) handlers.deleted?.(object)
      else if (old === undefined) handlers.added?.(object)
      else handlers.updated?.(object, old)
    } catch (error) {
      this.#report(error)
    }
  }

  #report(error: unknown): void {
    this.#options.onError?.(error)
  }

  /** An indexer that throws indexes nothing. */
  #valuesOf(indexer: Indexer<T>, object: T): readonly string[] {
    try {
      return indexer(object)
    } catch (error) {
      this.#report(error)
      return []
    }
  }

  #addToIndex(name: string, indexer: Indexer<T>, key: string, object: T): void {
    const index = this.#indices.get(name)
    for (const value of this.#valuesOf(indexer, object)) {
      const keys = index?.get(value)
      if (keys === undefined) index?.set(value, new Set([key]))
      else keys.add(key)
    }
  }

  #removeFromIndex(name: string, indexer: Indexer<T>, key: string, object: T): void {
    const index = this.#indices.get(name)
    for (const value of this.#valuesOf(indexer, object)) {
      const keys = index?.get(value)
      keys?.delete(key)
      if (keys?.size === 0) index?.delete(value)
    }
  }
}

function same<T>(object: T): T {
  return object
}

function collect<T extends KubeObject>(state: Map<string, T>, event: WatchEvent<T>): void {
  if (event.type === 'BOOKMARK') return
  const key = objectKey(event.object)
  if (event.type === 'DELETED') state.delete(key)
  else state.set(key, event.object)
}

function isRefusedInitialEvents(error: unknown): boolean {
  return error instanceof StatusError && (error.code === 422 || error.code === 400)
}

/** Waits, or ends early when `signal` aborts. */
function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  const { promise, resolve } = Promise.withResolvers<void>()
  const cancel = clock.after(ms, resolve)
  const end = (): void => {
    cancel()
    resolve()
  }
  signal.addEventListener('abort', end, { once: true })
  return promise.finally(() => signal.removeEventListener('abort', end))
}
