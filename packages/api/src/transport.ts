// How a client asks an API server for something, independent of the way there: over HTTP, or in process, where objects
// pass as they are and nothing is serialised. The API server implements it, `client` offers it.

import type { KubeObject } from './object.ts'

export type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete' | 'deletecollection'

/** Who asks. `extra` and `uid` are as in authentication.k8s.io UserInfo. */
export interface UserInfo {
  username: string
  uid?: string
  groups: readonly string[]
  extra?: Readonly<Record<string, readonly string[]>>
}

export type PatchType =
  | 'application/json-patch+json'
  | 'application/merge-patch+json'
  | 'application/strategic-merge-patch+json'
  | 'application/apply-patch+yaml'

/** The query of a request, by the names of metav1's List-, Get-, Create-, Update-, Patch- and DeleteOptions. */
export interface RequestOptions {
  labelSelector?: string
  fieldSelector?: string
  limit?: number
  continue?: string
  resourceVersion?: string
  resourceVersionMatch?: string
  sendInitialEvents?: boolean
  allowWatchBookmarks?: boolean
  timeoutSeconds?: number
  fieldManager?: string
  fieldValidation?: 'Strict' | 'Warn' | 'Ignore'
  dryRun?: readonly string[]
  force?: boolean
  gracePeriodSeconds?: number
  propagationPolicy?: 'Orphan' | 'Background' | 'Foreground'
  preconditions?: { uid?: string; resourceVersion?: string }
}

export interface ResourceRequest {
  verb: Verb
  /** '' for core. */
  group: string
  version: string
  /** Plural name, such as `pods`. */
  resource: string
  subresource?: string
  /** Absent for cluster-scoped resources and for lists over all namespaces. */
  namespace?: string
  name?: string
  options?: RequestOptions
  /** The object, the patch document or the DeleteOptions. The server copies what it keeps; the caller may share frozen parts. */
  body?: unknown
  patchType?: PatchType
}

export type WatchEvent<T = KubeObject> =
  | { type: 'ADDED' | 'MODIFIED' | 'DELETED'; object: T }
  /** Only metadata.resourceVersion (and perhaps the initial-events-end annotation) is set. */
  | { type: 'BOOKMARK'; object: KubeObject }

/** One row of discovery. */
export interface ServedResource {
  group: string
  version: string
  resource: string
  kind: string
  namespaced: boolean
  verbs: readonly string[]
  subresources: readonly string[]
}

export interface Transport {
  /** Answers with the object, list or Status, deeply frozen when it came from the store. Throws StatusError. */
  send<T>(request: ResourceRequest, signal?: AbortSignal): Promise<T>
  /**
   * Opens a watch. Rejects with StatusError where the server refuses it; the iteration ends when the server ends it and
   * throws StatusError for an ERROR event (410 Expired: list again). Batches keep what arrived together together.
   */
  watch<T = KubeObject>(request: ResourceRequest, signal: AbortSignal): Promise<AsyncIterable<readonly WatchEvent<T>[]>>
  /** All resources that are served, the preferred version of each group first. */
  discover(): Promise<readonly ServedResource[]>
}
