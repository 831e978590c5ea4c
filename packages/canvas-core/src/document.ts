// What a Canvas shows: the objects as the API says they are now (`live`), the edits that are not deployed yet (`staged`),
// and where things stand (`layout`). A document is never changed: each function gives a new one that shares the rest.

import { type KubeObject, type Unstructured, type WatchEvent, deepEqual } from '@binnacle/api'
import { type AnySchema, group } from '@binnacle/model'
import { type CanvasLayout, emptyLayout, framesAndNotes, placeOf, samePlace } from './canvas-layout.ts'
import { contentOf, sameContent, withContent } from './content.ts'
import { CopiedMap } from './copied-map.ts'
import { type FieldPath, getField, removeField, setField } from './field-path.ts'
import { type KindKey, type ObjectKey, keyOf, kindKeyOf, objectKey } from './object-key.ts'
import { type Schemas, ownSchemas } from './schemas.ts'
import { mergeThreeWays } from './three-way-merge.ts'

/** An edit of one object that is not deployed yet. */
export type StagedChange =
  | { readonly type: 'create'; readonly object: Unstructured }
  | {
      readonly type: 'update'
      /** The version that the edit stands on: always the newest, edits are carried over to each. */
      readonly base: Unstructured
      /** Content as wanted; status and what the server says are the base's. */
      readonly object: Unstructured
      readonly conflicts: readonly StagedConflict[]
    }
  | { readonly type: 'delete'; readonly base: Unstructured; readonly conflicts: readonly StagedConflict[] }

/** A field that was edited here and by somebody else. Path '' is the whole object. */
export interface StagedConflict {
  readonly path: FieldPath
  /** What it was before both edits. */
  readonly base: unknown
}

/** A conflict with the values of now, for a person to decide. */
export interface Conflict extends StagedConflict {
  readonly key: ObjectKey
  readonly mine: unknown
  readonly theirs: unknown
}

export interface CanvasDocument {
  /** Namespace that the Canvas shows. */
  readonly namespace: string
  /** Name of the Application, whose annotation keeps frames and notes; undefined where there is none. */
  readonly application: string | undefined
  readonly schemas: Schemas
  readonly live: ReadonlyMap<ObjectKey, Unstructured>
  readonly staged: ReadonlyMap<ObjectKey, StagedChange>
  readonly layout: CanvasLayout
  /** Kinds all of whose objects are in `live`: only of these it can be said that an object does not exist. */
  readonly complete: ReadonlySet<KindKey>
}

export interface DocumentOptions {
  namespace: string
  application?: string
  /** Schemas of kinds beside ours, by kind. */
  schemas?: Schemas
}

export function createDocument({ namespace, application, schemas }: DocumentOptions): CanvasDocument {
  return {
    namespace,
    application,
    schemas: schemas === undefined ? ownSchemas : new Map([...ownSchemas, ...schemas]),
    live: new Map(),
    staged: new Map(),
    layout: emptyLayout,
    complete: new Set(),
  }
}

/** The object as it will be once all is deployed; undefined where there is none, or where it will be deleted. */
export function objectOf({ live, staged }: CanvasDocument, key: ObjectKey): Unstructured | undefined {
  const change = staged.get(key)
  if (change === undefined) return live.get(key)
  return change.type === 'delete' ? undefined : change.object
}

/** All objects as they will be once all is deployed. */
export function objectsOf(document: CanvasDocument): Map<ObjectKey, Unstructured> {
  const { live, staged } = document
  if (staged.size === 0) return live as Map<ObjectKey, Unstructured>
  const objects = new Map(live)
  for (const [key, change] of staged) {
    if (change.type === 'delete') objects.delete(key)
    else objects.set(key, change.object)
  }
  return objects
}

export function schemaOf({ schemas }: CanvasDocument, object: KubeObject): AnySchema | undefined {
  return schemas.get(kindKeyOf(object))
}

/** The document with the schema of one more kind, which the cluster told. Ours stay as they are. */
export function withSchema(document: CanvasDocument, kind: KindKey, schema: AnySchema): CanvasDocument {
  if (ownSchemas.has(kind)) return document
  return { ...document, schemas: new Map([...document.schemas, [kind, schema]]) }
}

export function applicationKey({ application, namespace }: CanvasDocument): ObjectKey | undefined {
  if (application === undefined) return undefined
  return objectKey({ kind: 'Application', group, namespace, name: application })
}

/**
 * The document after changes of the cluster. Edits that are staged stay: what others changed meanwhile appears beside
 * them, a field that both changed becomes a conflict, and an edit that the cluster now has is no edit any more.
 */
export function applyLive(document: CanvasDocument, events: readonly WatchEvent[]): CanvasDocument {
  const live = new Map(document.live)
  // What does not change stays the same value, by which a graph knows that it need not look at it.
  const staged = new CopiedMap(document.staged)
  const places = new CopiedMap(document.layout.places)
  let { frames, notes } = document.layout
  const ofApplication = applicationKey(document)
  for (const event of events) {
    if (event.type === 'BOOKMARK') continue
    const object = event.object as Unstructured
    const key = keyOf(object)
    const before = live.get(key)
    const after = event.type === 'DELETED' ? undefined : object
    if (after === undefined) live.delete(key)
    else live.set(key, after)
    const change = rebase(document, { key, change: staged.get(key), before, after })
    staged.set(key, change)
    if (key === ofApplication) ({ frames, notes } = mergeFramesAndNotes({ frames, notes }, before, after))
    // A place that was changed here and is not noted yet stays; any other follows the object's.
    const place = places.get(key)
    const isOurs = !samePlace(place, before && placeOf(before))
    if (after === undefined) {
      if (change === undefined) places.set(key, undefined)
    } else if (!isOurs && !samePlace(place, placeOf(after))) places.set(key, placeOf(after))
  }
  const { layout } = document
  const isSame = places.map === layout.places && frames === layout.frames && notes === layout.notes
  return { ...document, live, staged: staged.map, layout: isSame ? layout : { places: places.map, frames, notes } }
}

/** The document after the whole state of some kinds was told anew: what was not told again is gone. */
export function applySnapshot(
  document: CanvasDocument,
  objects: readonly KubeObject[],
  kinds: readonly KindKey[],
): CanvasDocument {
  const told = new Set(objects.map(keyOf))
  const gone = [...document.live].filter(([key, object]) => kinds.includes(kindKeyOf(object)) && !told.has(key))
  const events: WatchEvent[] = [
    ...gone.map(([, object]) => ({ type: 'DELETED' as const, object })),
    ...objects.map((object) => ({ type: 'MODIFIED' as const, object })),
  ]
  return markComplete(applyLive(document, events), kinds)
}

/** Notes that all objects of these kinds are known. */
export function markComplete(document: CanvasDocument, kinds: readonly KindKey[]): CanvasDocument {
  if (kinds.every((kind) => document.complete.has(kind))) return document
  return { ...document, complete: new Set([...document.complete, ...kinds]) }
}

interface LiveChange {
  key: ObjectKey
  change: StagedChange | undefined
  before: Unstructured | undefined
  after: Unstructured | undefined
}

/** The edit carried over from one version of the object to the next. */
function rebase(document: CanvasDocument, { change, before, after }: LiveChange): StagedChange | undefined {
  if (change === undefined) return undefined
  if (change.type === 'delete') {
    if (after === undefined) return undefined
    const isSame = sameContent(change.base, after, schemaOf(document, after))
    return {
      type: 'delete',
      base: after,
      conflicts: isSame ? change.conflicts : wholeObject(change.conflicts, change.base),
    }
  }
  if (after === undefined) {
    if (change.type === 'create') return change
    return { ...change, conflicts: wholeObject(change.conflicts, before ?? change.base) }
  }
  const base = before ?? (change.type === 'update' ? change.base : undefined)
  const { merged, conflicts } = mergeThreeWays(
    { base: base && contentOf(base), mine: contentOf(change.object), theirs: contentOf(after) },
    schemaOf(document, after),
  )
  const object = withContent(merged, after)
  const older = change.type === 'update' ? change.conflicts.filter(({ path }) => path !== '') : []
  return stagedUpdate(document, { live: after, object, conflicts: [...older, ...conflicts] })
}

function wholeObject(conflicts: readonly StagedConflict[], base: unknown): readonly StagedConflict[] {
  return conflicts.some(({ path }) => path === '') ? conflicts : [{ path: '', base }]
}

/** An update, unless the object already is as wanted; with the conflicts that are still some. */
export function stagedUpdate(
  document: CanvasDocument,
  { live, object, conflicts }: { live: Unstructured; object: Unstructured; conflicts: readonly StagedConflict[] },
): StagedChange | undefined {
  const schema = schemaOf(document, live)
  if (sameContent(object, live, schema)) return undefined
  const seen = new Set<FieldPath>()
  const open = conflicts.filter(({ path, base }) => {
    if (seen.has(path)) return false
    seen.add(path)
    const [mine, theirs] = [getField(object, path, schema), getField(live, path, schema)]
    return !deepEqual(mine, theirs) && !deepEqual(theirs, base)
  })
  return { type: 'update', base: live, object, conflicts: open }
}

/** What has to be decided before the object can be deployed. */
export function conflictsOf(document: CanvasDocument, key: ObjectKey): readonly Conflict[] {
  const change = document.staged.get(key)
  if (change === undefined || change.type === 'create') return []
  const theirs = document.live.get(key)
  const mine = change.type === 'delete' ? undefined : change.object
  const schema = schemaOf(document, change.base)
  return change.conflicts.map(({ path, base }) => ({
    key,
    path,
    base,
    mine: path === '' ? mine : getField(mine, path, schema),
    theirs: path === '' ? theirs : getField(theirs, path, schema),
  }))
}

export function allConflicts(document: CanvasDocument): readonly Conflict[] {
  return [...document.staged.keys()].flatMap((key) => conflictsOf(document, key))
}

/** The staged change after a conflict was decided for this side. */
export function mineKept(change: StagedChange, path: FieldPath, live: Unstructured | undefined): StagedChange {
  if (change.type === 'create') return change
  // The object is gone, and ours is wanted: it is made anew.
  if (change.type === 'update' && live === undefined) return { type: 'create', object: change.object }
  return { ...change, conflicts: change.conflicts.filter((conflict) => conflict.path !== path) }
}

/** The content after a conflict was decided for the other side; undefined where the object is gone. */
export function theirsTaken(
  document: CanvasDocument,
  { key, path }: { key: ObjectKey; path: FieldPath },
): Unstructured | undefined {
  const live = document.live.get(key)
  const mine = objectOf(document, key)
  if (path === '' || live === undefined || mine === undefined) return live
  const schema = schemaOf(document, live)
  const theirs = getField(live, path, schema)
  return theirs === undefined ? removeField(mine, path, schema) : setField(mine, path, theirs, schema)
}

type FramesAndNotes = Pick<CanvasLayout, 'frames' | 'notes'>

/** Frames and notes changed here and not noted yet stay; the others follow the Application's. */
function mergeFramesAndNotes(
  mine: FramesAndNotes,
  before: Unstructured | undefined,
  after: Unstructured | undefined,
): FramesAndNotes {
  if (after === undefined) return mine
  const [base, theirs] = [framesAndNotes(before), framesAndNotes(after)]
  return {
    frames: mergeMaps(mine.frames, base.frames, theirs.frames),
    notes: mergeMaps(mine.notes, base.notes, theirs.notes),
  }
}

function mergeMaps<T>(
  mine: ReadonlyMap<string, T>,
  base: ReadonlyMap<string, T>,
  theirs: ReadonlyMap<string, T>,
): ReadonlyMap<string, T> {
  const merged = new Map<string, T>()
  for (const id of new Set([...mine.keys(), ...theirs.keys()])) {
    const isMine = !deepEqual(mine.get(id), base.get(id))
    const value = isMine ? mine.get(id) : theirs.get(id)
    if (value !== undefined) merged.set(id, value)
  }
  return deepEqual([...merged], [...mine]) ? mine : merged
}
