// Who owns which field (metadata.managedFields), and server-side apply: k8s.io/apimachinery util/managedfields over
// structured-merge-diff's Updater.

import { badRequest, failure, type StatusCause, type StatusError, unclassified } from '../errors.ts'
import type { KubeObject, ManagedFieldsEntry } from '../object.ts'
import { objectMetaSchema, type ObjectSchema, type Schema } from '../schema.ts'
import { FieldSet, fieldSetOf, pathText, type FieldsV1 } from './field-set.ts'
import { compare, merge, removeItems, sameObject, toFieldSet, TypedError, withNamedParents } from './typed.ts'

const lastAppliedAnnotation = 'kubectl.kubernetes.io/last-applied-configuration'
/** A longer last-applied annotation is not written: metadata.annotations may hold 256 KiB in all. */
const annotationLimit = 256 * 1024
const maxUpdateManagers = 10

/** An entry with its set read. */
interface Manager {
  readonly entry: ManagedFieldsEntry
  set: FieldSet
}

/** Never owned by anybody: the server or the path of the request says them. */
const neverOwned = FieldSet.of(
  ['f:apiVersion'],
  ['f:kind'],
  ['f:metadata'],
  ...[
    'name',
    'namespace',
    'creationTimestamp',
    'selfLink',
    'uid',
    'clusterName',
    'generation',
    'managedFields',
    'resourceVersion',
  ].map((name) => ['f:metadata', `f:${name}`]),
)

interface Identity {
  manager: string
  operation: 'Apply' | 'Update'
  /** Of the request. */
  apiVersion: string
  subresource?: string | undefined
}

interface Options {
  schema: Schema
  manager: string
  apiVersion: string
  /** RFC 3339 with seconds. */
  time: string
  subresource?: string | undefined
  /** Paths such as `['status']` that the strategy resets on this request; their changes are nobody's. */
  resetFields?: readonly (readonly string[])[] | undefined
}

export interface UpdateOptions extends Options {
  /** Undefined on create. */
  old?: KubeObject | undefined
  new: KubeObject
}

export interface ApplyOptions extends Options {
  /** Undefined when the object does not exist. */
  live?: KubeObject | undefined
  applied: KubeObject
  force: boolean
}

export interface Applied {
  object: KubeObject
  managedFields: ManagedFieldsEntry[] | undefined
  /** The object is as it was; only ownership may differ. */
  unchanged: boolean
}

function sameIdentity(entry: ManagedFieldsEntry, identity: Identity): boolean {
  return (
    entry.manager === identity.manager &&
    entry.operation === identity.operation &&
    entry.apiVersion === identity.apiVersion &&
    (entry.subresource ?? '') === (identity.subresource ?? '')
  )
}

/** Undefined where an entry cannot be read. */
function readManagers(entries: readonly ManagedFieldsEntry[] | undefined): Manager[] | undefined {
  try {
    return (entries ?? []).map((entry) => {
      if (entry.operation !== 'Apply' && entry.operation !== 'Update')
        throw new Error('operation must be Apply or Update')
      return { entry, set: fieldSetOf((entry.fieldsV1 ?? {}) as FieldsV1) }
    })
  } catch {
    // As upstream: entries that cannot be decoded count as none.
    return undefined
  }
}

function isReset(entries: readonly ManagedFieldsEntry[] | undefined): boolean {
  if (entries === undefined || entries === null) return false
  return entries.length === 0 || (entries.length === 1 && Object.keys(entries[0] ?? {}).length === 0)
}

function encode(managers: readonly Manager[]): ManagedFieldsEntry[] | undefined {
  if (managers.length === 0) return undefined
  const entries = managers.map(({ entry, set }) => {
    if (entry.fieldsV1 && fieldSetOf(entry.fieldsV1 as FieldsV1) === set) return entry
    return { ...entry, fieldsType: 'FieldsV1' as const, fieldsV1: set.toJSON() }
  })
  return entries.sort(compareEntries)
}

function compareEntries(a: ManagedFieldsEntry, b: ManagedFieldsEntry): number {
  return (
    compareText(a.operation, b.operation) ||
    compareText(a.time, b.time) ||
    compareText(a.manager, b.manager) ||
    compareText(a.apiVersion, b.apiVersion) ||
    compareText(a.subresource, b.subresource)
  )
}

function compareText(a = '', b = ''): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** An object of the request's kind with nothing set. */
function emptyObject(model: KubeObject): KubeObject {
  return { apiVersion: model.apiVersion, kind: model.kind, metadata: {} }
}

function withMeta(schema: Schema): ObjectSchema {
  if (schema.type !== 'object') throw new Error('the schema of a kind is an object')
  const metadata = schema.fields.get('metadata')
  if (metadata?.schema.type === 'object' && metadata.schema.name !== undefined) return schema
  let complete = completed.get(schema)
  if (!complete) {
    const text: Schema = { type: 'scalar', format: 'string' }
    const fields = new Map(schema.fields)
    fields.set('apiVersion', { name: 'apiVersion', schema: text, required: false })
    fields.set('kind', { name: 'kind', schema: text, required: false })
    fields.set('metadata', { name: 'metadata', schema: objectMetaSchema(), required: false, pointer: false })
    complete = { ...schema, fields }
    completed.set(schema, complete)
  }
  return complete
}

/** Schemas of custom resources say little about metadata; here they all have the same. */
const completed = new WeakMap<ObjectSchema, ObjectSchema>()

function withoutReset(set: FieldSet, options: Options): FieldSet {
  if (!options.resetFields || options.resetFields.length === 0) return set
  return set.recursiveDifference(FieldSet.of(...options.resetFields.map((path) => path.map((name) => `f:${name}`))))
}

function withoutManagedFields(object: KubeObject): KubeObject {
  if (object.metadata.managedFields === undefined) return object
  return { ...object, metadata: { ...object.metadata, managedFields: undefined } }
}

/** The entries after a create, update or patch (`new` may bring entries of its own). Undefined: no field is tracked. */
export function updateManagedFields(options: UpdateOptions): ManagedFieldsEntry[] | undefined {
  const { old } = options
  const brought = options.new.metadata.managedFields
  let managers: Manager[] | undefined
  if (options.subresource) managers = readManagers(old?.metadata.managedFields)
  else if (isReset(brought)) managers = []
  else {
    managers = readManagers(brought)
    if (!managers || managers.length === 0) managers = readManagers(old?.metadata.managedFields)
  }
  managers ??= []
  if (managers.length === 0 && old !== undefined && old.metadata.uid !== undefined) return undefined
  try {
    return encode(capUpdates(recordUpdate(managers, old ?? emptyObject(options.new), options)))
  } catch (error) {
    // As upstream: an object that its schema cannot type (an item without its key) is written all the same, and the
    // record of who owns what stays as it was.
    if (error instanceof TypedError) return encode(managers)
    throw error
  }
}

function recordUpdate(managers: readonly Manager[], old: KubeObject, options: UpdateOptions): Manager[] {
  const { changed, removed } = compare(
    withMeta(options.schema),
    withoutManagedFields(old),
    withoutManagedFields(options.new),
  )
  const change = withoutReset(changed, options)
  const loss = withoutReset(removed, options)
  const result = release(managers, change, loss, options.apiVersion)
  const own = change.difference(neverOwned)
  if (own.empty) return result
  const identity: Identity = {
    manager: options.manager || 'unknown',
    operation: 'Update',
    apiVersion: options.apiVersion,
    subresource: options.subresource,
  }
  const index = result.findIndex(({ entry }) => sameIdentity(entry, identity))
  const previous = result[index]
  const fresh: Manager = { entry: entryOf(identity, options.time), set: previous ? previous.set.union(own) : own }
  if (previous) result[index] = fresh
  else result.push(fresh)
  return result
}

function entryOf(identity: Identity, time: string | undefined): ManagedFieldsEntry {
  const entry: ManagedFieldsEntry = {
    manager: identity.manager,
    operation: identity.operation,
    apiVersion: identity.apiVersion,
  }
  if (time !== undefined) entry.time = time
  if (identity.subresource) entry.subresource = identity.subresource
  return entry
}

/** What changed is no longer theirs. Entries of other versions are left alone: they speak of other fields. */
function release(managers: readonly Manager[], change: FieldSet, loss: FieldSet, apiVersion: string): Manager[] {
  if (change.empty && loss.empty) return [...managers]
  return managers
    .map((manager) => {
      if (manager.entry.apiVersion !== apiVersion) return manager
      const taken = manager.set.intersection(change)
      const lost = manager.set.intersection(loss)
      if (taken.empty && lost.empty) return manager
      return { entry: manager.entry, set: manager.set.difference(change).difference(loss) }
    })
    .filter(({ set }) => !set.empty)
}

/** At most ten entries by updates: the oldest of a version are united as `ancient-changes`. */
function capUpdates(managers: Manager[]): Manager[] {
  const updates = managers
    .filter(({ entry }) => entry.operation === 'Update')
    .sort((a, b) => compareText(a.entry.time, b.entry.time) || compareText(a.entry.manager, b.entry.manager))
  if (updates.length <= maxUpdateManagers) return managers
  let rest = managers
  let excess = updates.length - maxUpdateManagers
  const first = new Map<string, Manager>()
  for (const manager of updates) {
    if (excess === 0) break
    const apiVersion = manager.entry.apiVersion ?? ''
    const bucket = first.get(apiVersion)
    if (!bucket) {
      first.set(apiVersion, manager)
      continue
    }
    const united: Manager = {
      entry: entryOf({ manager: 'ancient-changes', operation: 'Update', apiVersion }, manager.entry.time),
      set: bucket.set.union(manager.set),
    }
    rest = [...rest.filter((other) => other !== bucket && other !== manager), united]
    first.set(apiVersion, united)
    excess--
  }
  return rest
}

interface Conflict {
  entry: ManagedFieldsEntry
  path: string[]
}

/** PATCH with application/apply-patch+yaml. Throws the 409 with a FieldManagerConflict cause for each field. */
export function applyServerSide(options: ApplyOptions): Applied {
  const { applied, manager } = options
  if (applied.apiVersion !== options.apiVersion) {
    const versions = `Specified patch version: ${applied.apiVersion}, expected: ${options.apiVersion}`
    throw badRequest(`Incorrect version specified in apply patch. ${versions}`)
  }
  if (applied.metadata.managedFields !== undefined && applied.metadata.managedFields !== null) {
    throw badRequest('metadata.managedFields must be nil')
  }
  const live = options.live ?? emptyObject(applied)
  const managers = readManagers(live.metadata.managedFields)
  if (!managers) throw unclassified('failed to decode managed fields: invalid entry')
  const known =
    managers.length > 0
      ? managers
      : recordUpdate([], emptyObject(live), { ...options, new: live, manager: 'before-first-apply' })
  const attempt = applyTo(live, known, options)
  if (attempt.conflicts.length === 0 || options.force) return finish(attempt, live, options)
  let { conflicts } = attempt
  if (manager === 'kubectl') {
    const allowed = lastAppliedFields(live, options)
    if (allowed) {
      conflicts = conflicts.filter(({ path }) => !allowed.has(path))
      if (conflicts.length === 0) return finish(attempt, live, options)
    }
  }
  throw conflictError(conflicts)
}

interface Attempt {
  object: KubeObject
  managers: Manager[]
  conflicts: Conflict[]
  unchanged: boolean
}

function applyTo(live: KubeObject, managers: readonly Manager[], options: ApplyOptions): Attempt {
  const schema = withMeta(options.schema)
  const identity: Identity = {
    manager: options.manager || 'unknown',
    operation: 'Apply',
    apiVersion: options.apiVersion,
    subresource: options.subresource,
  }
  const base = withoutManagedFields(live)
  const set = typed(options.applied, () => withoutReset(toFieldSet(schema, options.applied), options))
  const merged = typed(options.applied, () => merge(schema, base, options.applied)) as KubeObject
  const previous = managers.find(({ entry }) => sameIdentity(entry, identity))
  const own: Manager = { entry: entryOf(identity, previous?.entry.time), set }
  const others = managers.filter((other) => other !== previous)
  const object = previous ? pruneDropped(schema, merged, [...others, own], previous.set) : merged
  const { changed, removed } = compare(schema, base, object)
  const change = withoutReset(changed, options)
  const loss = withoutReset(removed, options)
  const conflicts = others
    .filter(({ entry }) => entry.apiVersion === options.apiVersion)
    .flatMap((other) => [...other.set.intersection(change).paths()].map((path) => ({ entry: other.entry, path })))
  const kept = release(others, change, loss, options.apiVersion)
  const unchanged = options.live !== undefined && sameObject(base, object)
  const stripped = set.difference(neverOwned)
  const entry = unchanged ? own.entry : entryOf(identity, options.time)
  return {
    object,
    managers: stripped.empty ? kept : [...kept, { entry, set: stripped }],
    conflicts,
    unchanged,
  }
}

/** Stored objects may hold items twice, or fields of which the schema no longer knows. */
const lenient = { lenient: true }

/** Removes what this manager applied before and now does not, and nobody else owns. */
function pruneDropped(
  schema: ObjectSchema,
  merged: KubeObject,
  managers: readonly Manager[],
  last: FieldSet,
): KubeObject {
  if (last.empty) return merged
  const remove = (set: FieldSet): unknown => removeItems(schema, merged, set)
  const all = withNamedParents(schema, toFieldSet(schema, merged, lenient))
  const wanted = withNamedParents(schema, last)
  let pruned = remove(wanted)
  let owned = new FieldSet()
  for (const { set } of managers) owned = owned.union(set)
  const left = withNamedParents(schema, toFieldSet(schema, pruned, lenient))
  pruned = remove(all.difference(left.union(withNamedParents(schema, owned))))
  const kept = withNamedParents(schema, toFieldSet(schema, pruned, lenient))
  return withoutNulls(remove(all.difference(kept).intersection(wanted)), merged) as KubeObject
}

/** Members that became null by removal are absent, as after a round through the Go type. */
function withoutNulls(value: unknown, before: unknown): unknown {
  if (value === before || typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((item) => withoutNulls(item, undefined))
  const result: Record<string, unknown> = {}
  for (const [key, member] of Object.entries(value)) {
    const old = (before as Record<string, unknown> | undefined)?.[key]
    if (member !== null || old === null) result[key] = withoutNulls(member, old)
  }
  return result
}

function typed<T>(applied: KubeObject, run: () => T): T {
  try {
    return run()
  } catch (error) {
    if (!(error instanceof TypedError)) throw error
    const { name = '', namespace = '' } = applied.metadata
    const [version = '', group = ''] = (applied.apiVersion ?? '').split('/').toReversed()
    const kind = `${group === '' ? '' : `${group}/`}${version}, Kind=${applied.kind}`
    const where = group === '' ? `/${kind}` : kind
    throw unclassified(`failed to create typed patch object (${namespace}/${name}; ${where}): ${error.message}`, error)
  }
}

function finish(attempt: Attempt, live: KubeObject, options: ApplyOptions): Applied {
  let { object } = attempt
  const annotations = object.metadata.annotations
  if (options.manager === 'kubectl' && annotations?.[lastAppliedAnnotation] !== undefined) {
    object = { ...object, metadata: { ...object.metadata, annotations: withLastApplied(annotations, options.applied) } }
  }
  const managedFields = encode(attempt.managers)
  const unchanged = attempt.unchanged && object === attempt.object
  return { object: unchanged ? live : object, managedFields, unchanged }
}

/** kubectl's client-side apply finds in the annotation what server-side apply applied last. */
function withLastApplied(annotations: Record<string, string>, applied: KubeObject): Record<string, string> {
  const { [lastAppliedAnnotation]: _, ...own } = applied.metadata.annotations ?? {}
  const metadata = { ...applied.metadata, annotations: Object.keys(own).length > 0 ? own : undefined }
  const text = `${JSON.stringify({ ...applied, metadata })}\n`
  const rest = { ...annotations }
  delete rest[lastAppliedAnnotation]
  const total = Object.entries(rest).reduce((sum, [key, value]) => sum + key.length + value.length, text.length)
  return total > annotationLimit ? rest : { ...rest, [lastAppliedAnnotation]: text }
}

/** What kubectl applied on the client's side and is still so: `kubectl apply --server-side` takes it over by right. */
function lastAppliedFields(live: KubeObject, options: ApplyOptions): FieldSet | undefined {
  const text = live.metadata.annotations?.[lastAppliedAnnotation]
  if (!text) return undefined
  try {
    const last = JSON.parse(text) as KubeObject
    if (last.apiVersion !== options.apiVersion) return undefined
    const schema = withMeta(options.schema)
    const { changed, removed } = compare(schema, last, withoutManagedFields(live))
    return toFieldSet(schema, last).difference(changed).difference(removed)
  } catch {
    // An annotation that cannot be read gives no right to anything.
    return undefined
  }
}

function printManager(entry: ManagedFieldsEntry): string {
  const name = JSON.stringify(entry.manager ?? '')
  const where = entry.subresource ? `${name} with subresource ${JSON.stringify(entry.subresource)}` : name
  if (entry.operation !== 'Update') return where
  // Upstream has the time in its format, but never in what it identifies a manager by.
  return `${where} using ${entry.apiVersion}`
}

function conflictError(conflicts: readonly Conflict[]): StatusError {
  const sorted = [...conflicts].sort((a, b) => compareText(identityText(a.entry), identityText(b.entry)))
  const causes: StatusCause[] = sorted.map(({ entry, path }) => ({
    reason: 'FieldManagerConflict',
    message: `conflict with ${printManager(entry)}`,
    field: pathText(path),
  }))
  return failure('Conflict', conflictMessage(sorted), { details: { causes } })
}

function identityText({ manager, operation, apiVersion, subresource }: ManagedFieldsEntry): string {
  return JSON.stringify({ manager, operation, apiVersion, subresource })
}

function conflictMessage(conflicts: readonly Conflict[]): string {
  const [only] = conflicts
  if (conflicts.length === 1 && only) {
    return `Apply failed with 1 conflict: conflict with ${printManager(only.entry)}: ${pathText(only.path)}`
  }
  const lines: string[] = []
  let last = ''
  for (const { entry, path } of conflicts) {
    const manager = printManager(entry)
    if (manager !== last) lines.push(`conflicts with ${manager}:`)
    last = manager
    lines.push(`- ${pathText(path)}`)
  }
  return `Apply failed with ${conflicts.length} conflicts: ${lines.join('\n')}`
}
