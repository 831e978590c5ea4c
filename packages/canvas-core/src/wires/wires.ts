// Wires between the objects of a document: read from their fields, and what may be wired to what.

import type { Unstructured } from '@binnacle/api'
import { type CanvasDocument, objectOf, objectsOf } from '../document.ts'
import { type KindKey, type ObjectKey, kindKeyOf, parseKey } from '../object-key.ts'
import { inferredWireKinds } from './inferred-wires.ts'
import { bindingsWire, configurationWire, credentialsWire, usesWire } from './own-wires.ts'
import { WireIndex } from './wire-index.ts'
import type { Reference, Wire, WireKind, WireTarget } from './wire-kind.ts'

/** All kinds of wires that are known, those that can be drawn first. */
export const wireKinds: readonly WireKind[] = [
  usesWire,
  bindingsWire,
  configurationWire,
  credentialsWire,
  ...inferredWireKinds,
]

export function wireKindOf(id: string): WireKind | undefined {
  return wireKinds.find((kind) => kind.id === id)
}

function fits(kinds: readonly KindKey[] | 'any', kind: KindKey): boolean {
  return kinds === 'any' || kinds.includes(kind)
}

/** A reference with the kind of wire that it is. */
export interface KindReference extends Reference {
  readonly kind: WireKind
}

const read = new WeakMap<Unstructured, readonly KindReference[]>()

/** Everything that an object's fields refer to. Objects are read-only, so that each is read once. */
export function referencesOf(object: Unstructured): readonly KindReference[] {
  let references = read.get(object)
  if (references === undefined) {
    const from = kindKeyOf(object)
    references = wireKinds
      .filter((kind) => fits(kind.from, from))
      .flatMap((kind) => kind.read(object).map((reference) => ({ ...reference, kind })))
    read.set(object, references)
  }
  return references
}

/** The wires that start at an object. */
export function wiresFrom(key: ObjectKey, object: Unstructured, index: WireIndex): readonly Wire[] {
  return referencesOf(object).flatMap((reference) =>
    index.resolve(reference.target).flatMap((to) => (to === key ? [] : [wireOf(reference, key, to)])),
  )
}

function wireOf({ kind, path, label, reason, namePath }: KindReference, from: ObjectKey, to: ObjectKey): Wire {
  return {
    id: `${kind.id}:${from}:${path}:${to}`,
    kind: kind.id,
    from,
    to,
    path,
    isDrawn: reason === undefined && kind.disconnect !== undefined,
    ...(label === undefined ? {} : { label }),
    ...(reason === undefined ? {} : { reason }),
    ...(namePath === undefined ? {} : { namePath }),
  }
}

/** All wires of the document as it will be once all is deployed. */
export function wiresOf(document: CanvasDocument): readonly Wire[] {
  const objects = objectsOf(document)
  const index = new WireIndex(objects)
  return [...objects].flatMap(([key, object]) => wiresFrom(key, object, index))
}

/** The wires that end at an object. */
export function wiresTo(document: CanvasDocument, key: ObjectKey): readonly Wire[] {
  return wiresOf(document).filter(({ to }) => to === key)
}

/** References of which nothing is at the other end, where that can be said. */
export function danglingReferences(
  object: Unstructured,
  index: WireIndex,
  complete: ReadonlySet<KindKey>,
): readonly KindReference[] {
  return referencesOf(object).filter(
    ({ target, isGuess }) =>
      isGuess !== true &&
      isNamed(target) &&
      target.kinds.every((kind) => complete.has(kind)) &&
      index.resolve(target).length === 0,
  )
}

function isNamed(target: WireTarget): boolean {
  return 'name' in target
}

/** The kind of wire that drawing from one object to the other makes; undefined where there is none. */
export function drawableKind(from: Unstructured, to: Unstructured): WireKind | undefined {
  return wireKinds.find(
    (kind) => kind.connect !== undefined && fits(kind.from, kindKeyOf(from)) && fits(kind.to, kindKeyOf(to)),
  )
}

/** Why no wire can be drawn from one object to the other; undefined where one can. */
export function whyNot(document: CanvasDocument, from: ObjectKey, to: ObjectKey): string | undefined {
  const [source, target] = [objectOf(document, from), objectOf(document, to)]
  if (source === undefined) return `${parseKey(from).name} is deleted`
  if (target === undefined) return `${parseKey(to).name} is deleted`
  if (from === to) return 'a wire needs two ends: this is the same object'
  const kind = drawableKind(source, target)
  if (kind !== undefined) return kind.refuse?.(source, target)
  if (drawableKind(target, source) !== undefined)
    return `draw it the other way: ${nameOf(target)} is what needs ${nameOf(source)}`
  const ends = wireKinds.filter((one) => one.connect !== undefined && fits(one.from, kindKeyOf(source)))
  if (ends.length === 0) return `no wire can start at a ${source.kind}: its wires are read from its fields`
  const kinds = [...new Set(ends.flatMap((one) => (one.to === 'any' ? [] : one.to)))].map((kind) => parseKey(kind).kind)
  return `a ${source.kind} can be wired to ${listed(kinds)}, not to a ${target.kind}`
}

function nameOf({ metadata }: Unstructured): string {
  return metadata.name ?? ''
}

function listed(kinds: readonly string[]): string {
  const named = kinds.map((kind) => `a ${kind}`)
  return named.length < 2 ? (named[0] ?? '') : `${named.slice(0, -1).join(', ')} or ${named.at(-1)}`
}

/** Where a wire from this object may end. */
export function legalTargets(document: CanvasDocument, from: ObjectKey): readonly ObjectKey[] {
  return [...objectsOf(document).keys()].filter((to) => whyNot(document, from, to) === undefined)
}

/** Where a wire to this object may start. */
export function legalSources(document: CanvasDocument, to: ObjectKey): readonly ObjectKey[] {
  return [...objectsOf(document).keys()].filter((from) => whyNot(document, from, to) === undefined)
}

/**
 * What is to be known of a wire that may be drawn: the services that would call each other in a circle, which works at run
 * time but leaves none that can be started first. Undefined where there is nothing.
 */
export function wireWarning(document: CanvasDocument, from: ObjectKey, to: ObjectKey): string | undefined {
  const path = pathOfUses(document, to, from)
  if (path === undefined) return undefined
  const names = [from, ...path].map((key) => parseKey(key).name)
  return `${names.join(' → ')} call each other in a circle: none of them can be ready before the others`
}

function pathOfUses(document: CanvasDocument, from: ObjectKey, to: ObjectKey): readonly ObjectKey[] | undefined {
  const next = new Map<ObjectKey, ObjectKey[]>()
  for (const wire of wiresOf(document))
    if (wire.kind === usesWire.id) next.set(wire.from, [...(next.get(wire.from) ?? []), wire.to])
  const trail: (readonly ObjectKey[])[] = [[from]]
  const seen = new Set<ObjectKey>()
  for (const path of trail) {
    const last = path.at(-1) ?? from
    if (last === to) return path
    if (seen.has(last)) continue
    seen.add(last)
    for (const key of next.get(last) ?? []) trail.push([...path, key])
  }
  return undefined
}
