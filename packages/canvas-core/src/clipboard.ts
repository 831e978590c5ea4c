// Copies of nodes as YAML text, and YAML text as nodes: of this Canvas, of another one, or from a file of anybody's.

import type { Unstructured } from '@binnacle/api'
import { parseAllDocuments, stringify } from 'yaml'
import { freePlace } from './arrange.ts'
import { type Position, placeOf } from './canvas-layout.ts'
import type { Command } from './commands.ts'
import { asNew } from './content.ts'
import { type CanvasDocument, objectOf } from './document.ts'
import { setField } from './field-path.ts'
import { freeName } from './free-name.ts'
import { type ObjectKey, keyOf, kindKeyOf, objectKey, parseKey } from './object-key.ts'
import { isRecord } from './schemas.ts'
import { referencesOf, wireKindOf } from './wires/wires.ts'

export interface PasteOptions {
  /** Where the upper left one goes; beside the copied ones where absent. */
  position?: Position
  /** Keeps wires to objects that were not copied with it. */
  keepWires?: boolean
}

export interface Paste {
  /** Undefined where there is nothing to paste. */
  readonly command?: Command
  /** Of the new objects. */
  readonly keys: readonly ObjectKey[]
  /** Why the text cannot be pasted. */
  readonly problem?: string
}

/** The objects as YAML, with their positions and without what the server says about them. */
export function copyText(document: CanvasDocument, keys: readonly ObjectKey[]): string {
  return keys
    .flatMap((key) => {
      const object = objectOf(document, key)
      return object === undefined ? [] : [stringify(asCopied(document, key, object), { lineWidth: 0 })]
    })
    .join('---\n')
}

function asCopied(document: CanvasDocument, key: ObjectKey, object: Unstructured): Unstructured {
  const position = document.layout.places.get(key)?.position
  const copy = asNew(object)
  if (position === undefined) return copy
  return setField(copy, 'metadata.annotations[binnacle.dev/position]', `${position.x},${position.y}`)
}

/** Copies beside the originals, with names of their own and the wires between them. */
export function duplicateCommand(
  document: CanvasDocument,
  keys: readonly ObjectKey[],
  options: PasteOptions = {},
): { command: Command; keys: readonly ObjectKey[] } {
  const objects = keys.flatMap((key) => {
    const object = objectOf(document, key)
    return object === undefined ? [] : [asCopied(document, key, object)]
  })
  return added(document, objects, { keepWires: true, ...options })
}

/** The command that adds what the text says. */
export function pasteCommand(document: CanvasDocument, text: string, options: PasteOptions = {}): Paste {
  const parsed = parseObjects(text)
  if ('problem' in parsed) return { keys: [], problem: parsed.problem }
  if (parsed.objects.length === 0)
    return { keys: [], problem: 'the text holds no objects: each needs apiVersion, kind and metadata.name' }
  return added(document, parsed.objects, options)
}

/** Objects of YAML (or JSON) text; members of a List are objects of their own. */
export function parseObjects(text: string): { objects: readonly Unstructured[] } | { problem: string } {
  const documents = parseAllDocuments(text, { merge: true })
  const objects: Unstructured[] = []
  for (const document of Array.isArray(documents) ? documents : []) {
    const [error] = document.errors
    if (error !== undefined) return { problem: `not YAML: ${error.message.split('\n')[0]}` }
    const value: unknown = document.toJS()
    if (value === null || value === undefined) continue
    const items = isRecord(value) && String(value['kind']).endsWith('List') ? value['items'] : [value]
    for (const item of Array.isArray(items) ? (items as unknown[]) : []) {
      const why = whyNoObject(item)
      if (why !== undefined) return { problem: why }
      objects.push(item as Unstructured)
    }
  }
  return { objects }
}

function whyNoObject(value: unknown): string | undefined {
  if (!isRecord(value)) return 'the text is no object: expected apiVersion, kind and metadata'
  const { apiVersion, kind, metadata } = value
  if (typeof apiVersion !== 'string' || typeof kind !== 'string') return 'an object has no apiVersion and kind'
  if (!isRecord(metadata) || typeof metadata['name'] !== 'string') return `a ${kind} has no metadata.name`
  return undefined
}

function added(
  document: CanvasDocument,
  objects: readonly Unstructured[],
  { position, keepWires = false }: PasteOptions,
): { command: Command; keys: readonly ObjectKey[] } {
  const here = objects.map((object) => inNamespace(object, document.namespace))
  const keys = new Map<ObjectKey, ObjectKey>()
  const taken = new Set<ObjectKey>()
  for (const object of here) {
    const old = keyOf(object)
    const at = parseKey(old)
    const name = freeName(at.name, (wanted) => {
      const key = objectKey({ ...at, name: wanted })
      return taken.has(key) || objectOf(document, key) !== undefined
    })
    const key = objectKey({ ...at, name })
    taken.add(key)
    keys.set(old, key)
  }
  const corner = cornerOf(here)
  const offset = { x: (position?.x ?? corner.x + 32) - corner.x, y: (position?.y ?? corner.y + 32) - corner.y }
  const places = [...document.layout.places.values()].flatMap((place) => place.position ?? [])
  const commands = here.map((object): Command => {
    const place = placeOf(object).position
    const wanted =
      place === undefined
        ? { x: corner.x + offset.x, y: corner.y + offset.y }
        : { x: place.x + offset.x, y: place.y + offset.y }
    const free = place === undefined ? freePlace(places, wanted) : wanted
    places.push(free)
    return { type: 'addResource', object: rewired(object, { document, keys, keepWires }), position: free }
  })
  return { command: { type: 'batch', commands }, keys: [...keys.values()] }
}

function inNamespace(object: Unstructured, namespace: string): Unstructured {
  return { ...object, metadata: { ...object.metadata, namespace } }
}

function cornerOf(objects: readonly Unstructured[]): Position {
  const positions = objects.flatMap((object) => placeOf(object).position ?? [])
  if (positions.length === 0) return { x: 0, y: 0 }
  return { x: Math.min(...positions.map(({ x }) => x)), y: Math.min(...positions.map(({ y }) => y)) }
}

interface Rewiring {
  document: CanvasDocument
  /** From the copied objects to the new ones. */
  keys: ReadonlyMap<ObjectKey, ObjectKey>
  keepWires: boolean
}

/** The object under its new name: wires within the copy lead to the copies, others stay or go. */
function rewired(object: Unstructured, { document, keys, keepWires }: Rewiring): Unstructured {
  const { name } = parseKey(keys.get(keyOf(object)) ?? keyOf(object))
  const schema = document.schemas.get(kindKeyOf(object))
  let copy: Unstructured = { ...object, metadata: { ...object.metadata, name } }
  // Backwards, so that the indices of those before stay right where one is removed.
  for (const { kind, path, namePath, target, reason } of referencesOf(object).toReversed()) {
    if (!('name' in target)) continue
    const candidates = target.kinds.map((one) => `${one}/${target.namespace}/${target.name}`)
    const old = candidates.find((key) => keys.has(key))
    const next = old === undefined ? undefined : keys.get(old)
    if (next === undefined) {
      const isDrawn = reason === undefined && kind.disconnect !== undefined
      if (!keepWires && isDrawn) copy = wireKindOf(kind.id)?.disconnect?.(copy, path) ?? copy
    } else if (next !== old && kind.reconnect !== undefined) {
      const { name: wanted, namespace } = parseKey(next)
      copy = kind.reconnect(copy, path, { ...object, kind: parseKey(next).kind, metadata: { name: wanted, namespace } })
    } else if (next !== old && namePath !== undefined) copy = setField(copy, namePath, parseKey(next).name, schema)
  }
  return copy
}
