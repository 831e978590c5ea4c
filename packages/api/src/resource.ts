// One row of the table of kinds: what a resource is called, where it is kept, what may be done with it, and its schema.
// Built-in kinds come from the generated table, custom ones from their CustomResourceDefinition; nothing else differs.

import type { Schema } from './schema.ts'
import type { Verb } from './transport.ts'

export interface SubresourceInfo {
  /** `status`, `scale`, `binding`, `eviction`, `log`, … */
  name: string
  /** Kind of the body; the group and version where they are not the resource's own (autoscaling/v1 Scale, policy/v1 Eviction). */
  kind: string
  group?: string
  version?: string
  verbs: readonly Verb[]
}

export interface ResourceInfo {
  /** '' for core. */
  group: string
  version: string
  /** Plural name, as in the path. */
  resource: string
  singular: string
  kind: string
  listKind: string
  shortNames: readonly string[]
  categories: readonly string[]
  namespaced: boolean
  verbs: readonly Verb[]
  subresources: readonly SubresourceInfo[]
  /**
   * First part of the key in the store, shared by all versions of the resource (and by core and events.k8s.io events):
   * `pods`, `deployments.apps`.
   */
  storageKey: string
  /** apiVersion in which objects are kept. */
  storageVersion: string
  schema: Schema
  /** A custom kind's own JSON schema (openAPIV3Schema), which OpenAPI shows as it is. */
  jsonSchema?: Readonly<Record<string, unknown>>
}

/** `v1`, `apps/v1`. */
export function apiVersionOf(info: { group: string; version: string }): string {
  return info.group === '' ? info.version : `${info.group}/${info.version}`
}
