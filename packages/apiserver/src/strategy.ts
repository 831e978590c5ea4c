// What is special about one kind, beside its row in the table: the hooks that the generic resource handler calls, and
// the sub-resources that are more than a view of the object. Modelled on k8s.io/apiserver registry/rest strategies.

import type { Clock, KubeObject, RequestOptions, ResourceInfo, ResourceRequest, UserInfo } from '@binnacle/api'
import type { Store } from '@binnacle/store'
import type { ServiceAccountTokens } from './auth/tokens.ts'

/** Reads of the newest state, for hooks and admission; objects are frozen. */
// Whoever reads names the type: what is under a storage key is of its kind.
/* oxlint-disable typescript/no-unnecessary-type-parameters */
export interface Reader {
  get<T = KubeObject>(storageKey: string, namespace: string | undefined, name: string): T | undefined
  list<T = KubeObject>(storageKey: string, namespace?: string): readonly T[]
}
/* oxlint-enable typescript/no-unnecessary-type-parameters */

/** What every hook may use. */
export interface Backend extends Reader {
  readonly store: Store
  readonly clock: Clock
  /** The engine's own full request path (admission, validation, …) under another or the same identity. */
  dispatch<T>(request: ResourceRequest, user: UserInfo): Promise<T>
  /** CIDR from which Services get their addresses. */
  readonly serviceClusterIPRange: string
  /** Signs and checks service-account tokens. */
  readonly tokens: ServiceAccountTokens
  /** The row for a resource at its storage version; undefined where nothing serves it. */
  resource(group: string, resource: string): ResourceInfo | undefined
}

export interface WriteContext {
  backend: Backend
  resource: ResourceInfo
  subresource?: string
  user: UserInfo
  /** Name under which changes are recorded in managedFields. */
  fieldManager: string
  options: RequestOptions
  dryRun: boolean
  warn(message: string): void
}

export interface SubresourceCall extends WriteContext {
  request: ResourceRequest
  name: string
  namespace?: string
}

/** Answers one request to a sub-resource with an object. */
export type SubresourceHandler = (call: SubresourceCall) => Promise<KubeObject>

export interface Strategy {
  /** Before defaulting's result is validated. `object` is a private draft: status is reset, system fields are set here. */
  prepareForCreate?(object: KubeObject, context: WriteContext): void | Promise<void>
  prepareForUpdate?(object: KubeObject, old: KubeObject, context: WriteContext): void | Promise<void>
  /** Runs when the create did not happen after all (it was refused later, or was a dry run): gives back what was allocated. */
  undoCreate?(object: KubeObject, context: WriteContext): void
  /** After the object is durably gone. */
  afterDelete?(object: KubeObject, context: WriteContext): void
  /** Changes the object that a first DELETE marks (Namespace: phase Terminating); runs on a draft. */
  markDeleted?(object: KubeObject, context: WriteContext): void
  /** Something besides metadata.finalizers keeps the object (a Namespace's spec.finalizers). */
  isHeld?(object: KubeObject): boolean
  /**
   * Grace period of a first DELETE in seconds; undefined or 0: removed at once. Upstream's RESTGracefulDeleteStrategy
   * (pods: options.gracePeriodSeconds, else spec.terminationGracePeriodSeconds; 0 for pods that no node has or that ended).
   */
  gracePeriodSeconds?(object: KubeObject, options: RequestOptions): number | undefined
  /** By sub-resource name; `status` and CRD-style `scale` are generic and not listed here. */
  subresources?: Readonly<Record<string, SubresourceHandler>>
}
