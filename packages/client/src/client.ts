// Typed requests over a Transport. Objects that come back may be shared with others in the process: they are read-only.

import type {
  KubeList,
  KubeObject,
  PatchType,
  RequestOptions,
  ResourceRequest,
  ServedResource,
  Status,
  Transport,
  Verb,
  WatchEvent,
} from '@binnacle/api'

/** Which resource, at which version. The constants are in resources.ts. */
export interface ResourceRef {
  group: string
  version: string
  resource: string
  namespaced: boolean
}

export interface ObjectKey {
  namespace?: string
  name: string
}

export interface DiscoveredResource extends ServedResource {
  ref: ResourceRef
}

export interface PatchRequest extends RequestOptions {
  type: PatchType
  body: unknown
  subresource?: string
}

export interface SubresourceRequest extends ObjectKey {
  verb: Verb
  body?: unknown
  options?: RequestOptions
}

/** Every method rejects with StatusError where the server refuses. */
export interface Client {
  readonly transport: Transport
  get<T extends KubeObject>(ref: ResourceRef, key: ObjectKey, options?: RequestOptions): Promise<T>
  list<T extends KubeObject>(ref: ResourceRef, options?: RequestOptions & { namespace?: string }): Promise<KubeList<T>>
  watch<T extends KubeObject>(
    ref: ResourceRef,
    options: RequestOptions & { namespace?: string },
    signal: AbortSignal,
  ): Promise<AsyncIterable<readonly WatchEvent<T>[]>>
  /** Into the object's own namespace. */
  create<T extends KubeObject>(ref: ResourceRef, object: T, options?: RequestOptions): Promise<T>
  /** With the object's resourceVersion, if it has one: a conflict where it is not the newest. */
  update<T extends KubeObject>(ref: ResourceRef, object: T, options?: RequestOptions): Promise<T>
  updateStatus<T extends KubeObject>(ref: ResourceRef, object: T, options?: RequestOptions): Promise<T>
  patch<T extends KubeObject>(ref: ResourceRef, key: ObjectKey, patch: PatchRequest): Promise<T>
  /** Server-side apply: makes the object or takes over the fields that are named. */
  apply<T extends KubeObject>(
    ref: ResourceRef,
    object: T,
    options: { fieldManager: string; force?: boolean; subresource?: string },
  ): Promise<T>
  /** Answers with the object that is now being deleted, or with a Status once it is gone. */
  delete(ref: ResourceRef, key: ObjectKey, options?: RequestOptions): Promise<KubeObject | Status>
  deleteCollection(ref: ResourceRef, options: RequestOptions & { namespace?: string }): Promise<void>
  subresource<T extends KubeObject>(ref: ResourceRef, subresource: string, request: SubresourceRequest): Promise<T>
  discover(): Promise<readonly DiscoveredResource[]>
}

export function createClient(transport: Transport): Client {
  const send = <T>(verb: Verb, ref: ResourceRef, rest: Partial<ResourceRequest>): Promise<T> =>
    transport.send<T>({ verb, group: ref.group, version: ref.version, resource: ref.resource, ...rest })

  return {
    transport,
    get: (ref, key, options) => send('get', ref, { ...target(ref, key), ...withOptions(options) }),
    list: (ref, { namespace, ...options } = {}) => send('list', ref, { ...scope(ref, namespace), options }),
    watch: (ref, { namespace, ...options }, signal) =>
      transport.watch(
        {
          verb: 'watch',
          group: ref.group,
          version: ref.version,
          resource: ref.resource,
          ...scope(ref, namespace),
          options,
        },
        signal,
      ),
    create: (ref, object, options) =>
      send('create', ref, { ...scope(ref, object.metadata.namespace), body: object, ...withOptions(options) }),
    update: (ref, object, options) =>
      send('update', ref, { ...target(ref, keyOf(object)), body: object, ...withOptions(options) }),
    updateStatus: (ref, object, options) =>
      send('update', ref, {
        ...target(ref, keyOf(object)),
        subresource: 'status',
        body: object,
        ...withOptions(options),
      }),
    patch: (ref, key, { type, body, subresource, ...options }) =>
      send('patch', ref, {
        ...target(ref, key),
        ...(subresource === undefined ? {} : { subresource }),
        patchType: type,
        body,
        options,
      }),
    apply: (ref, object, { subresource, ...options }) =>
      send('patch', ref, {
        ...target(ref, keyOf(object)),
        ...(subresource === undefined ? {} : { subresource }),
        patchType: 'application/apply-patch+yaml',
        body: object,
        options,
      }),
    delete: (ref, key, options) => send('delete', ref, { ...target(ref, key), ...withOptions(options) }),
    deleteCollection: async (ref, { namespace, ...options }) => {
      await send('deletecollection', ref, { ...scope(ref, namespace), options })
    },
    subresource: (ref, subresource, { verb, body, options, ...key }) =>
      send(verb, ref, {
        ...target(ref, key),
        subresource,
        ...(body === undefined ? {} : { body }),
        ...withOptions(options),
      }),
    discover: async () =>
      (await transport.discover()).map((row) => ({
        ...row,
        ref: { group: row.group, version: row.version, resource: row.resource, namespaced: row.namespaced },
      })),
  }
}

/** `namespace/name`, or the name alone where there is no namespace: the key of informers and work queues. */
export function objectKey({ metadata }: KubeObject): string {
  return metadata.namespace ? `${metadata.namespace}/${metadata.name}` : (metadata.name ?? '')
}

/** The parts of an informer's key. */
export function splitKey(key: string): ObjectKey {
  const slash = key.indexOf('/')
  return slash < 0 ? { name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) }
}

function keyOf({ metadata }: KubeObject): ObjectKey {
  return { name: metadata.name ?? '', ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }) }
}

function scope(ref: ResourceRef, namespace: string | undefined): { namespace?: string } {
  return ref.namespaced && namespace !== undefined && namespace !== '' ? { namespace } : {}
}

function target(ref: ResourceRef, { namespace, name }: ObjectKey): { namespace?: string; name: string } {
  return { ...scope(ref, namespace), name }
}

function withOptions(options: RequestOptions | undefined): { options?: RequestOptions } {
  return options === undefined ? {} : { options }
}
