// A local copy of one resource that follows the server: the list, then every change, in order. Upstream: client-go's
// Reflector, Indexer and SharedIndexInformer in one. Level-based: what handlers see may skip states, never the last one.

import { type KubeObject, type RequestOptions, type WatchEvent, StatusError, isExpired } from '@binnacle/api'
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
  /** Told of every failed list or watch; the informer goes on trying. */
  onError?: (error: unknown) => void
}

const initialBackoffMs = 100
const maxBackoffMs = 30_000
const initialEventsEnd = 'k8s.io/initial-events-end'

export class Informer<T extends KubeObject> {
  /** Resolves when the first full state is here; rejects when the informer is stopped before. */
  readonly synced: Promise<void>
  readonly #options: InformerOptions<T>
  readonly #objects = new Map<string, T>()
  readonly #indexers = new Map<string, Indexer<T>>()
  readonly #indices = new Map<string, Map<string, Set<string>>>()
  readonly #handlers = new Set<InformerHandlers<T>>()
  readonly #setSynced: () => void
  readonly #rejectSynced: (error: Error) => void
  #isSynced = false
  #resourceVersion: string | undefined
  #started = false

  constructor(options: InformerOptions<T>) {
    this.#options = options
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
    if (handlers.added) for (const object of this.#objects.values()) handlers.added(object)
    return () => this.#handlers.delete(handlers)
  }

  async #run(signal: AbortSignal): Promise<void> {
    let backoffMs = initialBackoffMs
    while (!signal.aborted) {
      const before = this.#resourceVersion
      try {
        await this.#follow(signal)
        backoffMs = initialBackoffMs
      } catch (error) {
        if (signal.aborted) break
        if (isExpired(error)) {
          this.#resourceVersion = undefined
          continue
        }
        this.#options.onError?.(error)
        if (this.#resourceVersion !== before) backoffMs = initialBackoffMs
        await pause(backoffMs * (0.5 + Math.random()), signal)
        backoffMs = Math.min(backoffMs * 2, maxBackoffMs)
      }
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
    /** Collects the initial state, so that what vanished meanwhile is noticed. */
    let collecting = this.#resourceVersion === undefined ? new Map<string, T>() : undefined
    for await (const batch of events) {
      for (const event of batch) {
        const { resourceVersion, annotations } = event.object.metadata
        if (collecting !== undefined) {
          if (event.type === 'BOOKMARK' && annotations?.[initialEventsEnd] === 'true') {
            this.#replace(collecting)
            collecting = undefined
          } else if (event.type !== 'BOOKMARK') {
            collect(collecting, event)
            continue
          }
        } else if (event.type !== 'BOOKMARK') {
          this.#apply(event)
        }
        if (collecting === undefined && resourceVersion !== undefined) this.#resourceVersion = resourceVersion
      }
    }
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
    const list = await client.list<T>(ref, { ...this.#selection(), resourceVersion: '0' })
    this.#replace(new Map(list.items.map((object) => [objectKey(object), object])))
    this.#resourceVersion = list.metadata.resourceVersion
  }

  #replace(state: ReadonlyMap<string, T>): void {
    for (const [key, old] of this.#objects) if (!state.has(key)) this.#remove(key, old)
    for (const [key, object] of state) this.#set(key, object)
    if (this.#isSynced) return
    this.#isSynced = true
    this.#setSynced()
  }

  #apply(event: WatchEvent<T>): void {
    if (event.type === 'BOOKMARK') return
    const key = objectKey(event.object)
    if (event.type === 'DELETED') {
      if (this.#objects.has(key)) this.#remove(key, event.object)
    } else {
      this.#set(key, event.object)
    }
  }

  #set(key: string, object: T): void {
    const old = this.#objects.get(key)
    if (old !== undefined && old.metadata.resourceVersion === object.metadata.resourceVersion) return
    this.#objects.set(key, object)
    for (const [name, indexer] of this.#indexers) {
      if (old !== undefined) this.#removeFromIndex(name, indexer, key, old)
      this.#addToIndex(name, indexer, key, object)
    }
    for (const handlers of this.#handlers) {
      if (old === undefined) handlers.added?.(object)
      // Deleted and made anew between two looks: to handlers these are two objects.
      else if (old.metadata.uid !== object.metadata.uid) {
        handlers.deleted?.(old)
        handlers.added?.(object)
      } else handlers.updated?.(object, old)
    }
  }

  #remove(key: string, last: T): void {
    const old = this.#objects.get(key)
    this.#objects.delete(key)
    if (old !== undefined) for (const [name, indexer] of this.#indexers) this.#removeFromIndex(name, indexer, key, old)
    for (const handlers of this.#handlers) handlers.deleted?.(last)
  }

  #addToIndex(name: string, indexer: Indexer<T>, key: string, object: T): void {
    const index = this.#indices.get(name)
    for (const value of indexer(object)) {
      const keys = index?.get(value)
      if (keys === undefined) index?.set(value, new Set([key]))
      else keys.add(key)
    }
  }

  #removeFromIndex(name: string, indexer: Indexer<T>, key: string, object: T): void {
    const index = this.#indices.get(name)
    for (const value of indexer(object)) {
      const keys = index?.get(value)
      keys?.delete(key)
      if (keys?.size === 0) index?.delete(value)
    }
  }
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

/** Waits, or ends early when `signal` aborts. Back-off is against a real server's faults, so this is real time. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    signal.addEventListener('abort', end)
  })
}
