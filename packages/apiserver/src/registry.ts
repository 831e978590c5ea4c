// The rows that are served now: built-in kinds from the table, custom ones as their definitions come and go. Whoever
// shows them (discovery, OpenAPI) asks for the version and makes its documents again when it has moved.

import { type FieldError, type KubeObject, type ResourceInfo, apiVersionOf, builtinResources } from '@binnacle/api'

/** What a row does differently from the table; built-in rows have conversions at most. */
export interface RowHooks {
  /** False: what is read from the store goes through `fromStorage` even at the version in which it is kept (defaults). */
  servesStoredBytes?: boolean
  /** From the version in which the object is kept to the row's. `object` is frozen. */
  fromStorage?(object: KubeObject): KubeObject | Promise<KubeObject>
  /** From the row's version to the one in which the object is kept. */
  toStorage?(object: KubeObject): KubeObject | Promise<KubeObject>
  /** Drops unknown fields of the draft in place and returns their paths. */
  prune?(object: KubeObject): string[]
  applyDefaults?(object: KubeObject): void
  validateCreate?(object: KubeObject): FieldError[] | Promise<FieldError[]>
  validateUpdate?(object: KubeObject, old: KubeObject): FieldError[] | Promise<FieldError[]>
  validateStatusUpdate?(object: KubeObject, old: KubeObject): FieldError[] | Promise<FieldError[]>
  columns?: TableColumns
  /** Generic scale of custom resources; paths such as `.spec.replicas`. */
  scale?: { specReplicasPath: string; statusReplicasPath: string; labelSelectorPath?: string }
  /** JSON paths that field selectors may name besides metadata. */
  selectableFields?: readonly string[]
  /** Warning that every request for this version of a custom kind is answered with. */
  deprecation?: string
}

export interface TableColumns {
  definitions: readonly { name: string; type: string; format: string; description: string; priority: number }[]
  cells(object: KubeObject, now: number): readonly unknown[]
}

export interface Row {
  readonly info: ResourceInfo
  readonly hooks: RowHooks
  /** `v1`, `apps/v1`. */
  readonly apiVersion: string
  readonly isCustom: boolean
  /** False where the store's bytes are not what this row serves. */
  readonly isStorageVersion: boolean
}

export class Registry {
  readonly #rows = new Map<string, Row>()
  readonly #storage = new Map<string, Row>()
  /** How many rows each group has. */
  readonly #groups = new Map<string, number>()
  readonly #listeners = new Set<() => void>()
  #version = 0

  constructor(conversions: Readonly<Record<string, RowHooks>> = {}) {
    for (const info of builtinResources()) {
      this.#set({
        info,
        hooks: conversions[`${apiVersionOf(info)}/${info.resource}`] ?? {},
        apiVersion: apiVersionOf(info),
        isCustom: false,
        isStorageVersion: info.storageVersion === apiVersionOf(info),
      })
    }
  }

  /** Counts up with each change of the rows. */
  get version(): number {
    return this.#version
  }

  find(group: string, version: string, resource: string): Row | undefined {
    return this.#rows.get(`${group}/${version}/${resource}`)
  }

  /** The row at the version in which objects are kept. */
  storageRow(group: string, resource: string): Row | undefined {
    return this.#storage.get(`${group}/${resource}`)
  }

  /** Whether any version of the group is served. */
  hasGroup(group: string): boolean {
    return (this.#groups.get(group) ?? 0) > 0
  }

  all(): readonly Row[] {
    return [...this.#rows.values()]
  }

  /** Adds or replaces one version of a custom resource. */
  add(info: ResourceInfo, hooks: RowHooks): void {
    const apiVersion = apiVersionOf(info)
    this.#set({
      info,
      hooks,
      apiVersion,
      isCustom: true,
      isStorageVersion: info.storageVersion === apiVersion && hooks.servesStoredBytes !== false,
    })
    this.#changed()
  }

  remove(group: string, version: string, resource: string): void {
    const row = this.find(group, version, resource)
    if (row === undefined) return
    this.#rows.delete(`${group}/${version}/${resource}`)
    this.#groups.set(group, (this.#groups.get(group) ?? 0) - 1)
    if (this.#storage.get(`${group}/${resource}`) === row) this.#storage.delete(`${group}/${resource}`)
    this.#changed()
  }

  /** Called after each change; the returned function ends it. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #set(row: Row): void {
    const { group, version, resource } = row.info
    const key = `${group}/${version}/${resource}`
    if (!this.#rows.has(key)) this.#groups.set(group, (this.#groups.get(group) ?? 0) + 1)
    this.#rows.set(key, row)
    if (row.info.storageVersion === row.apiVersion) this.#storage.set(`${group}/${resource}`, row)
  }

  #changed(): void {
    this.#version++
    for (const listener of this.#listeners) listener()
  }
}

/** Key prefix of a row's objects, in one namespace or in all. */
export function keyPrefix(row: Row, namespace: string | undefined): string {
  return namespace === undefined ? `${row.info.storageKey}/` : `${row.info.storageKey}/${namespace}/`
}

export function objectKeyOf(row: Row, namespace: string | undefined, name: string): string {
  return row.info.namespaced ? `${row.info.storageKey}/${namespace}/${name}` : `${row.info.storageKey}/${name}`
}
