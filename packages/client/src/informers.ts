// One informer for each resource, or selection of one, shared by all controllers of a process.

import type { Clock, KubeObject } from '@binnacle/api'
import type { Client, ResourceRef } from './client.ts'
import { Informer, type Indexer } from './informer.ts'

export class Informers {
  readonly #client: Client
  readonly #clock: Clock | undefined
  readonly #onError: ((error: unknown) => void) | undefined
  // Informers of different kinds live in one map; `of` gives each caller its own kind back.
  readonly #informers = new Map<string, { start(signal: AbortSignal): void; readonly synced: Promise<void> }>()
  #signal: AbortSignal | undefined

  constructor(options: { client: Client; clock?: Clock; onError?: (error: unknown) => void }) {
    this.#client = options.client
    this.#clock = options.clock
    this.#onError = options.onError
  }

  /** The informer of all objects of the resource, in all namespaces; it starts with the others, or at once after them. */
  of<T extends KubeObject>(ref: ResourceRef, indexers: Record<string, Indexer<T>> = {}): Informer<T> {
    const informer = this.#informer<T>(ref)
    informer.addIndexers(indexers)
    return informer
  }

  /** The same for those objects of the resource that a field selector picks: for who needs few of many. */
  select<T extends KubeObject>(ref: ResourceRef, fieldSelector: string): Informer<T> {
    return this.#informer<T>(ref, fieldSelector)
  }

  #informer<T extends KubeObject>(ref: ResourceRef, fieldSelector?: string): Informer<T> {
    const key = `${ref.group}/${ref.version}/${ref.resource}?${fieldSelector ?? ''}`
    const known = this.#informers.get(key) as Informer<T> | undefined
    if (known !== undefined) return known
    const clock = this.#clock
    const onError = this.#onError
    const informer = new Informer<T>({
      client: this.#client,
      ref,
      ...(fieldSelector === undefined ? {} : { fieldSelector }),
      ...(clock === undefined ? {} : { clock }),
      ...(onError === undefined ? {} : { onError }),
    })
    this.#informers.set(key, informer)
    if (this.#signal !== undefined) informer.start(this.#signal)
    return informer
  }

  start(signal: AbortSignal): void {
    this.#signal = signal
    for (const informer of this.#informers.values()) informer.start(signal)
  }

  /** Resolves when all informers that exist now are in step. */
  async synced(): Promise<void> {
    await Promise.all([...this.#informers.values()].map(({ synced }) => synced))
  }
}
