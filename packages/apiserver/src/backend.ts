// What strategies and admission see of the server.

import type { Clock, KubeObject, ResourceInfo, ResourceRequest, UserInfo } from '@binnacle/api'
import type { Store } from '@binnacle/store'
import type { ServiceAccountTokens } from './auth/tokens.ts'
import type { Registry } from './registry.ts'
import type { Backend } from './strategy.ts'

export class StoreBackend implements Backend {
  readonly store: Store
  readonly clock: Clock
  readonly serviceClusterIPRange: string
  readonly #registry: Registry
  #send: (<T>(request: ResourceRequest, user: UserInfo) => Promise<T>) | undefined
  #tokens: ServiceAccountTokens | undefined

  constructor(options: { store: Store; clock: Clock; registry: Registry; serviceClusterIPRange: string }) {
    this.store = options.store
    this.clock = options.clock
    this.#registry = options.registry
    this.serviceClusterIPRange = options.serviceClusterIPRange
  }

  /** Closes the circle between the backend and the dispatch that uses it. */
  connect(send: <T>(request: ResourceRequest, user: UserInfo) => Promise<T>, tokens: ServiceAccountTokens): void {
    this.#send = send
    this.#tokens = tokens
  }

  get tokens(): ServiceAccountTokens {
    if (this.#tokens === undefined) throw new Error('the backend is not connected yet')
    return this.#tokens
  }

  // The types are the callers' word, as in Reader.
  /* oxlint-disable typescript/no-unnecessary-type-parameters */
  get<T = KubeObject>(storageKey: string, namespace: string | undefined, name: string): T | undefined {
    const key = namespace === undefined ? `${storageKey}/${name}` : `${storageKey}/${namespace}/${name}`
    return this.store.get(key)?.object as T | undefined
  }

  list<T = KubeObject>(storageKey: string, namespace?: string): readonly T[] {
    const prefix = namespace === undefined ? `${storageKey}/` : `${storageKey}/${namespace}/`
    return this.store.range({ prefix }).items.map(({ object }) => object as T)
  }
  /* oxlint-enable typescript/no-unnecessary-type-parameters */

  dispatch<T>(request: ResourceRequest, user: UserInfo): Promise<T> {
    if (this.#send === undefined) throw new Error('the backend is not connected yet')
    return this.#send<T>(request, user)
  }

  resource(group: string, resource: string): ResourceInfo | undefined {
    return this.#registry.storageRow(group, resource)?.info
  }
}
