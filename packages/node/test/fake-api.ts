// An API server for the node agent's tests: objects in a map, the verbs that the agent uses, watches. Everything that
// is handed out is a fresh copy, so that a test sees what was written and nothing else.

import {
  type KubeObject,
  type ResourceRequest,
  type Transport,
  type WatchEvent,
  alreadyExists,
  notFound,
} from '@binnacle/api'

type Listener = (event: WatchEvent) => void

export class FakeApi {
  readonly #objects = new Map<string, KubeObject>()
  readonly #listeners = new Map<string, Set<Listener>>()
  readonly #changes = new Set<() => void>()
  #revision = 1
  /** Verb and path of every write, for tests that count. */
  readonly writes: string[] = []

  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the test says which kind it put there
  get<T extends KubeObject>(resource: string, key: string): T | undefined {
    return this.#objects.get(`${resource}/${key}`) as T | undefined
  }

  list<T extends KubeObject>(resource: string): T[] {
    return [...this.#objects].filter(([path]) => path.startsWith(`${resource}/`)).map(([, object]) => object as T)
  }

  put(resource: string, object: KubeObject): void {
    const { namespace, name } = object.metadata
    const path = [resource, namespace, name].filter((part) => part !== undefined).join('/')
    const isNew = !this.#objects.has(path)
    const stored = structuredClone(object)
    stored.metadata.resourceVersion = String(++this.#revision)
    stored.metadata.uid ??= `uid-${this.#revision}`
    this.#objects.set(path, stored)
    this.#tell(resource, { type: isNew ? 'ADDED' : 'MODIFIED', object: stored })
  }

  /** As the API server does for a pod on a node: marked first, gone when the agent says so. */
  deletePod(key: string, graceSeconds: number): void {
    const pod = structuredClone(this.get('pods', key)) as KubeObject
    pod.metadata.deletionTimestamp = new Date().toISOString()
    pod.metadata.deletionGracePeriodSeconds = graceSeconds
    this.put('pods', pod)
  }

  remove(resource: string, key: string): void {
    const object = this.#objects.get(`${resource}/${key}`)
    if (object === undefined) return
    this.#objects.delete(`${resource}/${key}`)
    this.#tell(resource, { type: 'DELETED', object })
  }

  /** Resolves with what `check` gives, once it gives something. */
  async until<T>(check: () => T | undefined | false): Promise<T> {
    for (;;) {
      const found = check()
      if (found !== undefined && found !== false) return found
      await new Promise<void>((resolve) => {
        const changed = (): void => {
          this.#changes.delete(changed)
          resolve()
        }
        this.#changes.add(changed)
      })
    }
  }

  #tell(resource: string, event: WatchEvent): void {
    for (const listener of this.#listeners.get(resource) ?? []) listener(event)
    for (const changed of Array.from(this.#changes)) changed()
  }

  readonly transport: Transport = {
    send: <T>(request: ResourceRequest) => Promise.resolve().then(() => this.#answer(request) as T),
    watch: <T>(request: ResourceRequest, signal: AbortSignal) =>
      Promise.resolve(this.#watch(request, signal) as AsyncIterable<readonly WatchEvent<T>[]>),
    discover: () => Promise.resolve([]),
  }

  async *#watch({ resource, options }: ResourceRequest, signal: AbortSignal): AsyncGenerator<readonly WatchEvent[]> {
    const queue: WatchEvent[] = []
    if (options?.sendInitialEvents === true) {
      for (const object of this.list(resource)) queue.push({ type: 'ADDED', object })
      const annotations = { 'k8s.io/initial-events-end': 'true' }
      queue.push({
        type: 'BOOKMARK',
        object: { metadata: { resourceVersion: String(this.#revision), annotations } },
      })
    }
    let wake = (): void => {}
    const listener = (event: WatchEvent): void => {
      queue.push(event)
      wake()
    }
    const listeners = this.#listeners.get(resource) ?? new Set()
    this.#listeners.set(resource, listeners.add(listener))
    signal.addEventListener('abort', () => wake())
    while (!signal.aborted) {
      if (queue.length === 0) await new Promise<void>((resolve) => (wake = resolve))
      if (queue.length > 0) yield queue.splice(0)
    }
    listeners.delete(listener)
  }

  #answer(request: ResourceRequest): unknown {
    const { verb, resource, namespace, name, body } = request
    const path = [resource, namespace, name].filter((part) => part !== undefined).join('/')
    const found = this.#objects.get(path)
    if (verb !== 'get' && verb !== 'list') this.writes.push(`${verb} ${path}${request.subresource ?? ''}`)
    if (verb === 'list') return { metadata: { resourceVersion: String(this.#revision) }, items: this.list(resource) }
    if (verb === 'create' && request.subresource === 'token')
      return { metadata: {}, status: { token: `token-${++this.#revision}` } }
    if (verb === 'create') {
      const object = structuredClone(body) as KubeObject
      const key = [resource, namespace, object.metadata.name].filter((part) => part !== undefined).join('/')
      if (this.#objects.has(key)) throw alreadyExists({ group: '', resource }, object.metadata.name ?? '')
      if (namespace !== undefined) object.metadata.namespace = namespace
      this.put(resource, object)
      return this.#objects.get(key)
    }
    if (found === undefined) throw notFound({ group: '', resource }, name ?? '')
    if (verb === 'patch') {
      this.put(resource, merge(structuredClone(found), body) as KubeObject)
      return this.#objects.get(path)
    }
    if (verb === 'delete') this.remove(resource, path.slice(resource.length + 1))
    return found
  }
}

/** A merge patch; enough for strategic ones too, since the agent writes whole lists. */
function merge(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return structuredClone(patch)
  const result = (typeof target === 'object' && target !== null ? target : {}) as Record<string, unknown>
  for (const [key, value] of Object.entries(patch)) {
    if (value === undefined) continue
    if (value === null) delete result[key]
    else result[key] = merge(result[key], value)
  }
  return result
}
