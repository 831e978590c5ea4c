// Everything that a person does to a document, as data: applied it gives the next document and the command that undoes it.

import type { Unstructured } from '@binnacle/api'
import type { Frame, Note, Position } from './canvas-layout.ts'
import { asNew } from './content.ts'
import { discardedObject } from './diff.ts'
import { type CanvasDocument, mineKept, schemaOf, theirsTaken } from './document.ts'
import { type DocumentChange, Draft, reversed } from './draft.ts'
import { type FieldPath, removeField, setField } from './field-path.ts'
import { type ObjectKey, keyOf, objectKey, parseKey } from './object-key.ts'
import { drawableKind, whyNot, wireKindOf, wiresTo } from './wires/wires.ts'
import type { Wire } from './wires/wire-kind.ts'

/** Which wire: what is needed of it to change it. */
export type WireRef = Pick<Wire, 'kind' | 'from' | 'to' | 'path'>

export type Command =
  | {
      readonly type: 'addResource'
      readonly object: Unstructured
      readonly position?: Position
      readonly group?: string
    }
  /** With `keepWires` the wires that lead to it stay and lead nowhere. */
  | { readonly type: 'removeResource'; readonly key: ObjectKey; readonly keepWires?: boolean }
  /** A new object takes the place of the old one: wires follow, variables keep their names. */
  | { readonly type: 'renameResource'; readonly key: ObjectKey; readonly name: string }
  | { readonly type: 'setField'; readonly key: ObjectKey; readonly path: FieldPath; readonly value: unknown }
  | { readonly type: 'removeField'; readonly key: ObjectKey; readonly path: FieldPath }
  /** The whole object as written by hand. Its name and kind stay. */
  | { readonly type: 'replaceResource'; readonly key: ObjectKey; readonly object: Unstructured }
  | { readonly type: 'connect'; readonly from: ObjectKey; readonly to: ObjectKey }
  | { readonly type: 'disconnect'; readonly wire: WireRef }
  /** Leads one end of a wire elsewhere. */
  | { readonly type: 'reconnect'; readonly wire: WireRef; readonly from?: ObjectKey; readonly to?: ObjectKey }
  | { readonly type: 'move'; readonly positions: ReadonlyMap<ObjectKey, Position> }
  /** Puts nodes into a frame, or out of theirs. */
  | { readonly type: 'setGroup'; readonly keys: readonly ObjectKey[]; readonly group: string | undefined }
  | { readonly type: 'setFrame'; readonly frame: Frame }
  /** The nodes in it stay where they are. */
  | { readonly type: 'removeFrame'; readonly name: string }
  | { readonly type: 'collapseGroup'; readonly name: string; readonly isCollapsed: boolean }
  | { readonly type: 'setNote'; readonly note: Note }
  | { readonly type: 'removeNote'; readonly id: string }
  /** Takes back the edit of an object, or of one field of it as a line of the diff names it. */
  | { readonly type: 'discard'; readonly key: ObjectKey; readonly path?: FieldPath }
  | { readonly type: 'discardAll' }
  | { readonly type: 'keepMine'; readonly key: ObjectKey; readonly path: FieldPath }
  | { readonly type: 'takeTheirs'; readonly key: ObjectKey; readonly path: FieldPath }
  /** Several as one step. */
  | { readonly type: 'batch'; readonly commands: readonly Command[] }
  /** Goes from one side of a change to the other: what undo and redo do. */
  | { readonly type: 'restore'; readonly change: DocumentChange }

/** The command cannot be carried out; the message says to a person why. */
export class CommandError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'CommandError'
  }
}

export interface Applied {
  readonly document: CanvasDocument
  /** What the command changed. */
  readonly change: DocumentChange
  /** The command that undoes it. */
  readonly inverse: Command
}

/** @throws CommandError where the command cannot be carried out; FieldPathError for a path through a text or number */
export function apply(document: CanvasDocument, command: Command): Applied {
  const draft = new Draft(document)
  run(draft, command)
  const change = draft.change()
  return { document: draft.document, change, inverse: { type: 'restore', change: reversed(change) } }
}

function run(draft: Draft, command: Command): void {
  switch (command.type) {
    case 'addResource':
      return addResource(draft, command)
    case 'removeResource':
      return removeResource(draft, command)
    case 'renameResource':
      return renameResource(draft, command)
    case 'setField':
      return edit(draft, command.key, (object) =>
        setField(object, writable(command.path), command.value, schemaOf(draft.document, object)),
      )
    case 'removeField':
      return edit(draft, command.key, (object) =>
        removeField(object, writable(command.path), schemaOf(draft.document, object)),
      )
    case 'replaceResource':
      return replaceResource(draft, command)
    case 'connect':
      return connect(draft, command)
    case 'disconnect':
      return disconnect(draft, command.wire)
    case 'reconnect':
      return reconnect(draft, command)
    case 'move':
      for (const [key, position] of command.positions) move(draft, key, position)
      return
    case 'setGroup':
      for (const key of command.keys) setGroup(draft, key, command.group)
      return
    case 'setFrame':
      return draft.setFrame(command.frame.name, command.frame)
    case 'removeFrame':
      return removeFrame(draft, command.name)
    case 'collapseGroup':
      return collapseGroup(draft, command)
    case 'setNote':
      return draft.setNote(command.note.id, command.note)
    case 'removeNote':
      return draft.setNote(command.id, undefined)
    case 'discard':
      return discard(draft, command)
    case 'discardAll':
      for (const key of draft.document.staged.keys()) discard(draft, { key })
      return
    case 'keepMine':
      return keepMine(draft, command)
    case 'takeTheirs':
      return takeTheirs(draft, command)
    case 'batch':
      for (const one of command.commands) run(draft, one)
      return
    case 'restore':
      return draft.restore(command.change)
  }
}

type Of<Type extends Command['type']> = Extract<Command, { type: Type }>

function existing(draft: Draft, key: ObjectKey): Unstructured {
  const object = draft.object(key)
  if (object !== undefined) return object
  const { kind, name } = parseKey(key)
  throw new CommandError(`${kind} ${name} is not there any more`)
}

/** What is no content cannot be edited. */
function writable(path: FieldPath): FieldPath {
  if (/^(?:spec|data|stringData|binaryData|metadata\.(?:labels|annotations))\b/.test(path)) return path
  if (!/^(?:status|metadata|apiVersion|kind)\b/.test(path) && path !== '') return path
  throw new CommandError(`${path === '' ? 'the object' : path} cannot be edited`)
}

function edit(draft: Draft, key: ObjectKey, change: (object: Unstructured) => Unstructured): void {
  draft.put(key, change(existing(draft, key)))
}

function addResource(draft: Draft, { object, position, group }: Of<'addResource'>): void {
  const key = keyOf(object)
  const { kind, metadata } = object
  if (metadata.name === undefined || metadata.name === '') throw new CommandError(`the new ${kind} has no name`)
  if (draft.object(key) !== undefined) throw new CommandError(`there is a ${kind} ${metadata.name} already`)
  draft.put(key, asNew(object))
  if (position !== undefined) move(draft, key, position)
  if (group !== undefined) setGroup(draft, key, group)
}

function removeResource(draft: Draft, { key, keepWires = false }: Of<'removeResource'>): void {
  existing(draft, key)
  if (!keepWires)
    for (const wire of wiresTo(draft.document, key)) if (wire.isDrawn && wire.from !== key) disconnect(draft, wire)
  draft.put(key, undefined)
  // An object that was never deployed leaves nothing behind.
  if (!draft.document.live.has(key)) draft.setPlace(key, undefined)
}

function renameResource(draft: Draft, { key, name }: Of<'renameResource'>): void {
  const object = existing(draft, key)
  const renamed = objectKey({ ...parseKey(key), name })
  if (renamed === key) return
  if (name === '') throw new CommandError('a name is needed')
  if (draft.object(renamed) !== undefined) throw new CommandError(`there is a ${object.kind} ${name} already`)
  const incoming = wiresTo(draft.document, key)
  const fresh = asNew(object)
  const successor = { ...fresh, metadata: { ...fresh.metadata, name } }
  draft.put(renamed, successor)
  draft.setPlace(renamed, draft.place(key))
  for (const wire of incoming) if (wire.from !== key) follow(draft, wire, successor)
  draft.put(key, undefined)
  if (!draft.document.live.has(key)) draft.setPlace(key, undefined)
}

/** Leads a wire to the object under its new name; a wire that is guessed from text stays as it is written. */
function follow(draft: Draft, wire: Wire, successor: Unstructured): void {
  const kind = wireKindOf(wire.kind)
  const { namePath } = wire
  if (kind?.reconnect !== undefined)
    edit(draft, wire.from, (object) => kind.reconnect?.(object, wire.path, successor) ?? object)
  else if (namePath !== undefined)
    edit(draft, wire.from, (object) =>
      setField(object, namePath, successor.metadata.name, schemaOf(draft.document, object)),
    )
}

function replaceResource(draft: Draft, { key, object }: Of<'replaceResource'>): void {
  const before = existing(draft, key)
  if (keyOf({ ...object, metadata: { namespace: before.metadata.namespace, ...object.metadata } }) !== key)
    throw new CommandError('kind and name stay: rename the object, or paste it as a new one')
  const { name, namespace } = before.metadata
  draft.put(key, { ...asNew(object), metadata: { ...asNew(object).metadata, name, namespace } })
}

function connect(draft: Draft, { from, to }: Of<'connect'>): void {
  refuseWhere(draft, from, to)
  const target = existing(draft, to)
  edit(draft, from, (object) => drawableKind(object, target)?.connect?.(object, target) ?? object)
}

function disconnect(draft: Draft, { kind, from, path }: WireRef): void {
  const disconnected = wireKindOf(kind)?.disconnect
  if (disconnected === undefined)
    throw new CommandError(`this wire is read from ${path} of ${parseKey(from).name}: edit the field to remove it`)
  edit(draft, from, (object) => disconnected(object, path))
}

function reconnect(draft: Draft, { wire, from = wire.from, to = wire.to }: Of<'reconnect'>): void {
  const kind = wireKindOf(wire.kind)
  if (from === wire.from && to === wire.to) return
  const [old, source, target] = [existing(draft, wire.from), existing(draft, from), existing(draft, to)]
  const isSameKind = drawableKind(source, target) === kind
  if (isSameKind && from === wire.from && kind?.reconnect !== undefined) {
    refuseWhere(draft, from, to)
    return draft.put(from, kind.reconnect(source, wire.path, target))
  }
  disconnect(draft, wire)
  if (!isSameKind || to !== wire.to || kind?.carry === undefined) return connect(draft, { type: 'connect', from, to })
  refuseWhere(draft, from, to)
  draft.put(from, kind.carry(old, wire.path, source))
}

/** @throws CommandError where no wire can be drawn between the two */
function refuseWhere({ document }: Draft, from: ObjectKey, to: ObjectKey): void {
  const why = whyNot(document, from, to)
  if (why !== undefined) throw new CommandError(why)
}

function move(draft: Draft, key: ObjectKey, position: Position): void {
  draft.setPlace(key, { ...draft.place(key), position: { x: Math.round(position.x), y: Math.round(position.y) } })
}

function setGroup(draft: Draft, key: ObjectKey, group: string | undefined): void {
  const { group: _, ...place } = draft.place(key) ?? {}
  draft.setPlace(key, group === undefined ? place : { ...place, group })
}

function removeFrame(draft: Draft, name: string): void {
  draft.setFrame(name, undefined)
  for (const [key, place] of draft.document.layout.places) if (place.group === name) setGroup(draft, key, undefined)
}

function collapseGroup(draft: Draft, { name, isCollapsed }: Of<'collapseGroup'>): void {
  const { isCollapsed: _, ...frame } = draft.frame(name) ?? { name }
  draft.setFrame(name, isCollapsed ? { ...frame, isCollapsed } : frame)
}

function discard(draft: Draft, { key, path }: Pick<Of<'discard'>, 'key' | 'path'>): void {
  const change = draft.document.staged.get(key)
  if (change === undefined) return
  const live = draft.document.live.get(key)
  if (path !== undefined && path !== '' && change.type === 'update' && live !== undefined)
    return draft.put(key, discardedObject(draft.document, key, path))
  draft.stage(key, undefined)
  if (live === undefined) draft.setPlace(key, undefined)
}

function keepMine(draft: Draft, { key, path }: Of<'keepMine'>): void {
  const change = draft.document.staged.get(key)
  if (change !== undefined) draft.stage(key, mineKept(change, path, draft.document.live.get(key)))
}

function takeTheirs(draft: Draft, { key, path }: Of<'takeTheirs'>): void {
  const change = draft.document.staged.get(key)
  if (change === undefined) return
  if (path === '') return discard(draft, { key })
  draft.put(key, theirsTaken(draft.document, { key, path }))
}
