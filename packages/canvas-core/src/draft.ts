// A document being changed by one command: what is written to it, and what was there before, so that the command can be
// undone. What it gives back is a document like any other.

import { type Unstructured, deepEqual } from '@binnacle/api'
import { type CanvasLayout, type Frame, type Note, type Place } from './canvas-layout.ts'
import { contentOf, withContent } from './content.ts'
import {
  type CanvasDocument,
  type StagedChange,
  type StagedConflict,
  objectOf,
  schemaOf,
  stagedUpdate,
} from './document.ts'
import type { ObjectKey } from './object-key.ts'
import { mergeThreeWays } from './three-way-merge.ts'

/** An object at one side of a step. */
export interface ObjectState {
  /** With staged edits; undefined where there is none. */
  readonly object: Unstructured | undefined
  /** As the cluster had it then. */
  readonly live: Unstructured | undefined
  /** How it was staged then. */
  readonly change: StagedChange | undefined
}

export interface Entry<T> {
  readonly before: T
  readonly after: T
}

/** What a command changed. The reverse of it undoes the command, whatever else has changed meanwhile. */
export interface DocumentChange {
  readonly objects: ReadonlyMap<ObjectKey, Entry<ObjectState>>
  readonly places: ReadonlyMap<ObjectKey, Entry<Place | undefined>>
  readonly frames: ReadonlyMap<string, Entry<Frame | undefined>>
  readonly notes: ReadonlyMap<string, Entry<Note | undefined>>
}

export class Draft {
  readonly #from: CanvasDocument
  readonly #staged: Map<ObjectKey, StagedChange>
  readonly #places: Layer<Place>
  readonly #frames: Layer<Frame>
  readonly #notes: Layer<Note>
  readonly #touched = new Set<ObjectKey>()

  constructor(document: CanvasDocument) {
    this.#from = document
    this.#staged = new Map(document.staged)
    this.#places = new Layer(document.layout.places)
    this.#frames = new Layer(document.layout.frames)
    this.#notes = new Layer(document.layout.notes)
  }

  /** The document so far. */
  get document(): CanvasDocument {
    return { ...this.#from, staged: this.#staged, layout: this.#layout }
  }

  get #layout(): CanvasLayout {
    const { places, frames, notes } = this.#from.layout
    if (![this.#places, this.#frames, this.#notes].some((layer) => layer.isChanged)) return this.#from.layout
    return {
      places: this.#places.isChanged ? this.#places.values : places,
      frames: this.#frames.isChanged ? this.#frames.values : frames,
      notes: this.#notes.isChanged ? this.#notes.values : notes,
    }
  }

  object(key: ObjectKey): Unstructured | undefined {
    return objectOf(this.document, key)
  }

  /** Stages the object as it is to be; undefined deletes it. */
  put(key: ObjectKey, object: Unstructured | undefined, conflicts?: readonly StagedConflict[]): void {
    this.stage(key, this.#changeTo(key, object, conflicts))
  }

  /** Stages a change as it is, or none. */
  stage(key: ObjectKey, change: StagedChange | undefined): void {
    this.#touched.add(key)
    if (change === undefined) this.#staged.delete(key)
    else this.#staged.set(key, change)
  }

  #changeTo(
    key: ObjectKey,
    object: Unstructured | undefined,
    conflicts: readonly StagedConflict[] | undefined,
  ): StagedChange | undefined {
    const live = this.#from.live.get(key)
    const before = this.#staged.get(key)
    if (object === undefined) return live && { type: 'delete', base: live, conflicts: conflicts ?? [] }
    const open = conflicts ?? (before === undefined || before.type === 'create' ? [] : before.conflicts)
    if (live !== undefined)
      return stagedUpdate(this.#from, { live, object: withContent(contentOf(object), live), conflicts: open })
    // Somebody deleted it, which has to be decided about before it is made anew.
    if (before?.type === 'update') return { ...before, object, conflicts: open }
    return { type: 'create', object }
  }

  place(key: ObjectKey): Place | undefined {
    return this.#places.values.get(key)
  }

  setPlace(key: ObjectKey, place: Place | undefined): void {
    this.#places.set(key, place)
  }

  frame(name: string): Frame | undefined {
    return this.#frames.values.get(name)
  }

  setFrame(name: string, frame: Frame | undefined): void {
    this.#frames.set(name, frame)
  }

  note(id: string): Note | undefined {
    return this.#notes.values.get(id)
  }

  setNote(id: string, note: Note | undefined): void {
    this.#notes.set(id, note)
  }

  /** Goes to one side of a change from the other, and keeps what others changed since. */
  restore({ objects, places, frames, notes }: DocumentChange): void {
    for (const [key, { before, after }] of objects) this.#restoreObject(key, before, after)
    for (const [key, { after }] of places) {
      // An object that was deployed meanwhile stays where it is while its deletion is staged.
      const unmade = objects.get(key)?.after
      const isDeployed = unmade?.object === undefined && unmade?.live === undefined && this.#from.live.has(key)
      if (after !== undefined || unmade === undefined || !isDeployed) this.setPlace(key, after)
    }
    for (const [name, { after }] of frames) this.setFrame(name, after)
    for (const [id, { after }] of notes) this.setNote(id, after)
  }

  #restoreObject(key: ObjectKey, from: ObjectState, to: ObjectState): void {
    const now = this.object(key)
    const live = this.#from.live.get(key)
    if (now === from.object && live === to.live) return this.stage(key, to.change)
    const conflicts = to.change === undefined || to.change.type === 'create' ? [] : to.change.conflicts
    if (to.object === undefined) return this.put(key, undefined, conflicts)
    const wasThere = from.object !== undefined && now !== undefined
    const [base, theirs] = wasThere ? [from.object, now] : [to.live, live]
    if (base === undefined || theirs === undefined) return this.put(key, to.object, conflicts)
    const { merged } = mergeThreeWays(
      { base: contentOf(base), mine: contentOf(to.object), theirs: contentOf(theirs) },
      schemaOf(this.#from, to.object),
    )
    this.put(key, withContent(merged, live ?? to.object), conflicts)
  }

  /** What was changed: nothing where all is as it was. */
  change(): DocumentChange {
    const objects = new Map<ObjectKey, Entry<ObjectState>>()
    const after = this.document
    for (const key of this.#touched) {
      const entry = { before: stateOf(this.#from, key), after: stateOf(after, key) }
      if (!deepEqual(this.#from.staged.get(key), this.#staged.get(key))) objects.set(key, entry)
    }
    return {
      objects,
      places: this.#places.changes(this.#from.layout.places),
      frames: this.#frames.changes(this.#from.layout.frames),
      notes: this.#notes.changes(this.#from.layout.notes),
    }
  }
}

function stateOf(document: CanvasDocument, key: ObjectKey): ObjectState {
  return { object: objectOf(document, key), live: document.live.get(key), change: document.staged.get(key) }
}

/** One map of the layout: copied at the first write. */
class Layer<T> {
  values: ReadonlyMap<string, T>
  readonly #touched = new Set<string>()
  #copy: Map<string, T> | undefined

  constructor(values: ReadonlyMap<string, T>) {
    this.values = values
  }

  get isChanged(): boolean {
    return this.#copy !== undefined
  }

  set(id: string, value: T | undefined): void {
    if (deepEqual(this.values.get(id), value)) return
    this.#copy ??= new Map(this.values)
    this.values = this.#copy
    this.#touched.add(id)
    if (value === undefined) this.#copy.delete(id)
    else this.#copy.set(id, value)
  }

  changes(from: ReadonlyMap<string, T>): Map<string, Entry<T | undefined>> {
    const changes = new Map<string, Entry<T | undefined>>()
    for (const id of this.#touched) {
      const entry = { before: from.get(id), after: this.values.get(id) }
      if (!deepEqual(entry.before, entry.after)) changes.set(id, entry)
    }
    return changes
  }
}

/** The change that leads back. */
export function reversed({ objects, places, frames, notes }: DocumentChange): DocumentChange {
  return { objects: turned(objects), places: turned(places), frames: turned(frames), notes: turned(notes) }
}

function turned<T>(entries: ReadonlyMap<string, Entry<T>>): Map<string, Entry<T>> {
  return new Map([...entries].map(([id, { before, after }]) => [id, { before: after, after: before }] as const))
}

/** Two changes, one after the other, as one. */
export function joined(first: DocumentChange, second: DocumentChange): DocumentChange {
  return {
    objects: chained(first.objects, second.objects),
    places: chained(first.places, second.places),
    frames: chained(first.frames, second.frames),
    notes: chained(first.notes, second.notes),
  }
}

function chained<T>(
  first: ReadonlyMap<string, Entry<T>>,
  second: ReadonlyMap<string, Entry<T>>,
): Map<string, Entry<T>> {
  const all = new Map(first)
  for (const [id, entry] of second) all.set(id, { before: (first.get(id) ?? entry).before, after: entry.after })
  return all
}

export function isNoChange({ objects, places, frames, notes }: DocumentChange): boolean {
  return objects.size === 0 && places.size === 0 && frames.size === 0 && notes.size === 0
}
