// A Transport over a map of objects that behaves as the API server does where controllers can tell: resource versions,
// conflicts, finalizers, propagation, graceful pod deletion, watches. No validation, defaulting or authorization.

import {
  alreadyExists,
  conflict,
  notFound,
  staleObject,
  type KubeObject,
  type KubeList,
  type OwnerReference,
  type ResourceRequest,
  type ServedResource,
  type Transport,
  type WatchEvent,
} from '@binnacle/api'
import { deepFrozen } from '@binnacle/testing'

type Draft = KubeObject & Record<string, unknown>
type Listener = (event: WatchEvent) => void

export interface MemoryApi extends Transport {
  /** Every request, as `verb resource[/subresource] namespace/name`. */
  readonly requests: string[]
  /** Serves one more resource from now on. */
  serve(resource: ServedResource): void
  /** What is stored now. */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- as Client.get: the caller knows the kind
  get<T extends KubeObject = KubeObject>(resource: string, key: string): T | undefined
  list<T = KubeObject>(resource: string, namespace?: string): T[]
  /** Resolves when the predicate holds, looked at after each write. */
  until(predicate: () => boolean): Promise<void>
}

const builtIn: readonly ServedResource[] = [
  row('', 'pods', 'Pod'),
  row('', 'services', 'Service'),
  row('', 'endpoints', 'Endpoints'),
  row('', 'configmaps', 'ConfigMap'),
  row('', 'serviceaccounts', 'ServiceAccount'),
  row('', 'nodes', 'Node', false),
  row('', 'resourcequotas', 'ResourceQuota'),
  row('', 'persistentvolumeclaims', 'PersistentVolumeClaim'),
  row('', 'persistentvolumes', 'PersistentVolume', false),
  row('', 'namespaces', 'Namespace', false),
  row('apps', 'replicasets', 'ReplicaSet'),
  row('apps', 'statefulsets', 'StatefulSet'),
  row('apps', 'daemonsets', 'DaemonSet'),
  row('apps', 'controllerrevisions', 'ControllerRevision'),
  row('batch', 'jobs', 'Job'),
  row('batch', 'cronjobs', 'CronJob'),
  row('discovery.k8s.io', 'endpointslices', 'EndpointSlice'),
]

export function row(group: string, resource: string, kind: string, namespaced = true): ServedResource {
  const verbs = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection']
  return { group, version: 'v1', resource, kind, namespaced, verbs, subresources: [] }
}

const listKeys: Readonly<Record<string, string>> = { conditions: 'type', ownerReferences: 'uid', containers: 'name' }

export function createMemoryApi(): MemoryApi {
  const objects = new Map<string, Map<string, Draft>>()
  const listeners = new Map<string, Set<Listener>>()
  const waiting = new Set<() => void>()
  const requests: string[] = []
  const served = [...builtIn]
  let revision = 0
  let names = 0

  const tableOf = (resource: string): Map<string, Draft> => {
    let table = objects.get(resource)
    if (!table) objects.set(resource, (table = new Map()))
    return table
  }
  const keyOf = ({ namespace, name }: { namespace?: string | undefined; name?: string | undefined }): string =>
    namespace ? `${namespace}/${name}` : (name ?? '')

  const emit = (resource: string, type: 'ADDED' | 'MODIFIED' | 'DELETED', object: Draft): void => {
    for (const listener of listeners.get(resource) ?? []) listener({ type, object })
    for (const check of waiting) check()
  }
  const store = (resource: string, draft: Draft, type: 'ADDED' | 'MODIFIED'): Draft => {
    const object = deepFrozen({ ...draft, metadata: { ...draft.metadata, resourceVersion: String(++revision) } })
    tableOf(resource).set(keyOf(object.metadata), object)
    emit(resource, type, object)
    return object
  }
  const erase = (resource: string, object: Draft): Draft => {
    tableOf(resource).delete(keyOf(object.metadata))
    const last = deepFrozen({ ...object, metadata: { ...object.metadata, resourceVersion: String(++revision) } })
    emit(resource, 'DELETED', last)
    return last
  }
  const find = ({ group, resource, namespace, name }: ResourceRequest): Draft => {
    const found = tableOf(resource).get(keyOf({ namespace, name }))
    if (!found) throw notFound({ group, resource }, name ?? '')
    return found
  }

  function create(request: ResourceRequest): Draft {
    const { resource, group, namespace } = request
    const body = request.body as Draft
    const name = body.metadata.name ?? `${body.metadata.generateName}${String(++names).padStart(5, 'x')}`
    const metadata = {
      ...body.metadata,
      name,
      ...(namespace ? { namespace } : {}),
      uid: `uid-${resource}-${++revision}`,
      creationTimestamp: '2026-01-01T00:00:00Z',
      generation: 1,
    }
    if (tableOf(resource).has(keyOf(metadata))) throw alreadyExists({ group, resource }, name)
    const spec = resource === 'namespaces' ? { finalizers: ['kubernetes'] } : {}
    const status = resource === 'namespaces' ? { status: { phase: 'Active' } } : {}
    return store(resource, { ...body, ...(resource === 'namespaces' ? { spec } : {}), ...status, metadata }, 'ADDED')
  }

  function write(request: ResourceRequest, old: Draft, next: Draft): Draft {
    const { resource, group, subresource } = request
    const wanted = next.metadata.resourceVersion
    if (wanted !== undefined && wanted !== old.metadata.resourceVersion) {
      throw conflict({ group, resource }, old.metadata.name ?? '', staleObject)
    }
    if (next.metadata.uid !== undefined && next.metadata.uid !== old.metadata.uid) {
      throw conflict({ group, resource }, old.metadata.name ?? '', 'uid mismatch')
    }
    let { generation } = old.metadata
    const merged: Draft = subresource === 'status' ? { ...old, status: next['status'] } : { ...next }
    if ('status' in old && subresource !== 'status') merged['status'] = old['status']
    if (JSON.stringify(merged['spec']) !== JSON.stringify(old['spec'])) generation = (generation ?? 0) + 1
    const { uid, creationTimestamp, deletionTimestamp, name, namespace } = old.metadata
    const source = subresource === 'status' ? old.metadata : next.metadata
    merged.metadata = { ...source, uid, creationTimestamp, name, generation }
    if (namespace !== undefined) merged.metadata.namespace = namespace
    if (deletionTimestamp !== undefined) merged.metadata.deletionTimestamp = deletionTimestamp
    if (
      JSON.stringify({ ...merged, metadata: { ...merged.metadata, resourceVersion: '' } }) ===
      JSON.stringify({ ...old, metadata: { ...old.metadata, resourceVersion: '' } })
    )
      return old
    if (deletionTimestamp !== undefined && mayGo(resource, merged)) return erase(resource, merged)
    return store(resource, merged, 'MODIFIED')
  }

  const mayGo = (resource: string, object: Draft): boolean => {
    const held = (object.metadata.finalizers?.length ?? 0) > 0
    if (held) return false
    if (resource === 'namespaces') return ((object['spec'] as { finalizers?: string[] })?.finalizers?.length ?? 0) === 0
    return object.metadata.deletionGracePeriodSeconds === undefined || object.metadata.deletionGracePeriodSeconds === 0
  }

  function remove(request: ResourceRequest): Draft {
    const old = find(request)
    const { resource, group, options = {} } = request
    const { uid, resourceVersion } = options.preconditions ?? {}
    if (uid !== undefined && uid !== old.metadata.uid)
      throw conflict({ group, resource }, old.metadata.name ?? '', 'uid')
    if (resourceVersion !== undefined && resourceVersion !== old.metadata.resourceVersion) {
      throw conflict({ group, resource }, old.metadata.name ?? '', 'resourceVersion')
    }
    const finalizers = new Set(old.metadata.finalizers)
    if (options.propagationPolicy === 'Foreground') finalizers.add('foregroundDeletion')
    if (options.propagationPolicy === 'Orphan') finalizers.add('orphan')
    const isBoundPod = resource === 'pods' && !!(old['spec'] as { nodeName?: string })?.nodeName
    const grace = isBoundPod ? (options.gracePeriodSeconds ?? 30) : 0
    const marked: Draft = {
      ...old,
      metadata: { ...old.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' },
    }
    if (grace > 0) marked.metadata.deletionGracePeriodSeconds = grace
    else delete marked.metadata.deletionGracePeriodSeconds
    if (finalizers.size > 0) marked.metadata.finalizers = [...finalizers]
    if (resource === 'namespaces') marked['status'] = { ...(old['status'] as object), phase: 'Terminating' }
    if (mayGo(resource, marked)) return erase(resource, marked)
    if (old.metadata.deletionTimestamp !== undefined && finalizers.size === (old.metadata.finalizers?.length ?? 0))
      return old
    return store(resource, marked, 'MODIFIED')
  }

  function subresource(request: ResourceRequest): Draft {
    const old = find(request)
    switch (request.subresource) {
      case 'binding': {
        const { target } = request.body as { target: { name: string } }
        return store('pods', { ...old, spec: { ...(old['spec'] as object), nodeName: target.name } }, 'MODIFIED')
      }
      case 'finalize': {
        const finalized: Draft = { ...old, spec: (request.body as Draft)['spec'] }
        return old.metadata.deletionTimestamp && mayGo('namespaces', finalized)
          ? erase('namespaces', finalized)
          : store('namespaces', finalized, 'MODIFIED')
      }
      case 'token':
        return { metadata: old.metadata, status: { token: 'a.signed.token' } }
      case 'scale':
        return { metadata: old.metadata, spec: { replicas: (old['spec'] as { replicas?: number }).replicas } }
      default:
        throw new Error(`memory api: no sub-resource ${request.subresource}`)
    }
  }

  function handle(request: ResourceRequest): unknown {
    const { verb, resource, namespace } = request
    if (request.subresource !== undefined && request.subresource !== 'status') return subresource(request)
    switch (verb) {
      case 'get':
        return find(request)
      case 'list':
        return listOf(resource, namespace)
      case 'create':
        return create(request)
      case 'update':
        return write(request, find(request), request.body as Draft)
      case 'patch': {
        const old = find(request)
        const strategic = request.patchType === 'application/strategic-merge-patch+json'
        const patched = merge(
          { ...old, metadata: { ...old.metadata, resourceVersion: undefined } },
          request.body,
          strategic,
        )
        return write(request, old, patched as Draft)
      }
      case 'delete':
        return remove(request)
      case 'deletecollection': {
        for (const { metadata } of listOf(resource, namespace).items) {
          remove({ ...request, verb: 'delete', name: metadata.name ?? '' })
        }
        return { kind: 'Status', status: 'Success' }
      }
      default:
        throw new Error(`memory api: no verb ${verb}`)
    }
  }

  const listOf = (resource: string, namespace?: string): KubeList<Draft> => ({
    metadata: { resourceVersion: String(revision) },
    items: [...tableOf(resource).values()].filter(
      ({ metadata }) => namespace === undefined || namespace === '' || metadata.namespace === namespace,
    ),
  })

  return {
    requests,
    serve: (resource) => void served.push(resource),
    // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- as Client.get: the caller knows the kind
    get: <T>(resource: string, key: string) => tableOf(resource).get(key) as T | undefined,
    list: <T>(resource: string, namespace?: string) => listOf(resource, namespace).items as T[],
    until: (predicate) =>
      new Promise((resolve) => {
        const check = (): void => {
          if (!predicate()) return
          waiting.delete(check)
          resolve()
        }
        waiting.add(check)
        check()
      }),
    async send<T>(request: ResourceRequest): Promise<T> {
      const { verb, resource, subresource: sub, namespace = '', name = '' } = request
      requests.push(`${verb} ${resource}${sub ? `/${sub}` : ''} ${namespace}/${name}`)
      return handle(request) as T
    },
    discover: async () => served,
    async watch<T = KubeObject>(request: ResourceRequest, signal: AbortSignal) {
      const events: WatchEvent[] = []
      let wake: (() => void) | undefined
      if (request.options?.sendInitialEvents) {
        for (const object of listOf(request.resource).items) events.push({ type: 'ADDED', object })
        events.push({
          type: 'BOOKMARK',
          object: {
            metadata: { resourceVersion: String(revision), annotations: { 'k8s.io/initial-events-end': 'true' } },
          },
        })
      }
      const set = listeners.get(request.resource) ?? new Set()
      listeners.set(request.resource, set)
      const listener: Listener = (event) => {
        events.push(event)
        wake?.()
      }
      set.add(listener)
      signal.addEventListener('abort', () => wake?.(), { once: true })
      return (async function* batches() {
        while (!signal.aborted) {
          if (events.length > 0) yield events.splice(0) as WatchEvent<T>[]
          else {
            await new Promise<void>((resolve) => {
              wake = resolve
            })
          }
        }
        set.delete(listener)
      })()
    },
  }
}

/** RFC 7386, and where `strategic` lists of objects by the keys of `listKeys`. */
function merge(target: unknown, patch: unknown, strategic: boolean, field = ''): unknown {
  if (Array.isArray(patch)) {
    const key = listKeys[field]
    if (!strategic || key === undefined || !Array.isArray(target)) return patch
    const items = [...(target as Record<string, unknown>[])]
    for (const one of patch as Record<string, unknown>[]) {
      const index = items.findIndex((item) => item[key] === one[key])
      if (one['$patch'] === 'delete') items.splice(index, index < 0 ? 0 : 1)
      else if (index < 0) items.push(one)
      else items[index] = merge(items[index], one, strategic) as Record<string, unknown>
    }
    return items
  }
  if (typeof patch !== 'object' || patch === null) return patch
  const result: Record<string, unknown> = typeof target === 'object' && target !== null ? { ...target } : {}
  for (const [name, value] of Object.entries(patch)) {
    const [directive, list = ''] = name.split('/')
    if (strategic && directive === '$deleteFromPrimitiveList') {
      const kept = ((result[list] ?? []) as unknown[]).filter((item) => !(value as unknown[]).includes(item))
      if (kept.length > 0) result[list] = kept
      else delete result[list]
    } else if (value === null) delete result[name]
    else if (value !== undefined) result[name] = merge(result[name], value, strategic, name)
  }
  return result
}

export function ownerOf(object: KubeObject, kind: string, apiVersion = 'v1'): OwnerReference {
  const { name = '', uid = '' } = object.metadata
  return { apiVersion, kind, name, uid, controller: true, blockOwnerDeletion: true }
}
