// Values seen through their schema: which fields they set, how two of them differ, merging, and removal of fields
// (structured-merge-diff's typed package). Values are read only; results share what did not change.

import { deepEqual, setOwn } from '../clone.ts'
import type { Field, ListSchema, ObjectSchema, Schema } from '../schema.ts'
import { elementText, fieldElement, FieldSet, keyElement, valueElement } from './field-set.ts'

type JsonObject = Readonly<Record<string, unknown>>

/** The value does not fit its schema; the message is upstream's, with the path in front. */
export class TypedError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'TypedError'
  }
}

const scalar: Schema = { type: 'scalar', format: 'any' }
/** Of what a schema leaves open: objects are granular, lists are replaced as a whole. */
const openObject: ObjectSchema = { type: 'object', fields: new Map(), atomic: false, preserveUnknown: true }

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function schemaOfMember(schema: ObjectSchema, key: string, value: unknown): Schema | undefined {
  const known = schema.fields.get(key)?.schema ?? schema.values
  if (known) return known
  if (!schema.preserveUnknown) return undefined
  return isObject(value) ? openObject : scalar
}

const emptyObject: JsonObject = Object.freeze({})

/** What Go would have written for a field that is absent here: structs and lists that are not left out when empty. */
function memberOf(object: JsonObject, key: string, field: Field | undefined): unknown {
  const value = object[key]
  if (value !== undefined || object === nothing || !field || field.pointer !== false) return value
  const { schema } = field
  if (schema.type === 'object' && !schema.values) return emptyObject
  return schema.type !== 'scalar' && field.omitEmpty === false ? null : undefined
}

function elementOf(schema: ListSchema, item: unknown): string {
  if (schema.listType === 'set') {
    if (item === null) throw new TypedError("associative list without keys has an element that's an explicit null")
    if (Array.isArray(item)) throw new TypedError('not supported: associative list with lists as elements')
    if (isObject(item)) throw new TypedError("associative list without keys has an element that's a map type")
    return valueElement(item)
  }
  if (item === null) throw new TypedError('associative list with keys may not have a null element')
  if (!isObject(item)) throw new TypedError('associative list with keys may not have non-map elements')
  const keys: Record<string, unknown> = {}
  for (const key of schema.keys) {
    const fallback = schema.items.type === 'object' ? schema.items.fields.get(key)?.default : undefined
    const value = item[key] ?? fallback
    if (value !== undefined) keys[key] = value
  }
  if (Object.keys(keys).length === 0) {
    const names = schema.keys.map((key) => JSON.stringify(key)).join(' ')
    throw new TypedError(
      `associative list with keys has an element that omits all key fields [${names}] (and doesn't have default values for any key fields)`,
    )
  }
  return keyElement(keys)
}

function isAtomic(schema: Schema): boolean {
  return schema.type === 'scalar' || (schema.type === 'list' ? schema.listType === 'atomic' : schema.atomic)
}

/** All fields that a value sets. Refuses unknown fields and items that are there twice, unless `lenient`. */
export function toFieldSet(schema: Schema, value: unknown, options: { lenient?: boolean } = {}): FieldSet {
  const set = new FieldSet()
  const walker = new FieldCollector(options.lenient === true)
  if (isObject(value) && schema.type === 'object') walker.members(schema, value, set, '')
  return set
}

class FieldCollector {
  readonly #lenient: boolean

  constructor(lenient: boolean) {
    this.#lenient = lenient
  }

  members(schema: ObjectSchema, object: JsonObject, set: FieldSet, path: string): void {
    for (const [key, value] of Object.entries(object)) {
      if (value === undefined) continue
      const element = fieldElement(key)
      let memberSchema = schemaOfMember(schema, key, value)
      if (!memberSchema) {
        if (!this.#lenient) throw new TypedError(`${path}.${key}: field not declared in schema`)
        memberSchema = scalar
      }
      this.#value(memberSchema, value, set, element, `${path}.${key}`)
      const isNamed = schema.fields.has(key)
      if (value === null || (isObject(value) && isBlank(value)) || !isNamed) set.members.add(element)
    }
  }

  #value(schema: Schema, value: unknown, parent: FieldSet, element: string, path: string): void {
    if (isAtomic(schema)) parent.members.add(element)
    else if (value === null) return
    else if (schema.type === 'list') this.#items(schema, value, parent.descend(element), path)
    else if (schema.type === 'object') {
      if (!isObject(value)) throw new TypedError(`${path}: expected map, got &{${JSON.stringify(value)}}`)
      this.members(schema, value, parent.descend(element), path)
    }
  }

  #items(schema: ListSchema, value: unknown, set: FieldSet, path: string): void {
    if (!Array.isArray(value)) throw new TypedError(`${path}: expected list, got &{${JSON.stringify(value)}}`)
    const seen = new Set<string>()
    for (const [index, item] of value.entries()) {
      const element = located(`${path}: element ${index}: `, () => elementOf(schema, item))
      if (seen.has(element) && !this.#lenient) {
        throw new TypedError(`${path}: duplicate entries for key ${elementText(element)}`)
      }
      seen.add(element)
      this.#value(schema.items, item, set, element, path + elementText(element))
      set.members.add(element)
    }
  }
}

function located<T>(prefix: string, run: () => T): T {
  try {
    return run()
  } catch (error) {
    if (error instanceof TypedError) throw new TypedError(prefix + error.message)
    throw error
  }
}

export interface Comparison {
  /** Fields that were added or whose value is another. */
  changed: FieldSet
  removed: FieldSet
}

/** How `after` differs from `before`: typed.TypedValue.Compare. */
export function compare(schema: Schema, before: unknown, after: unknown): Comparison {
  const comparison = { changed: new FieldSet(), removed: new FieldSet() }
  if (schema.type === 'object' && isObject(before) && isObject(after)) {
    compareMembers(schema, before, after, comparison)
  }
  return comparison
}

function compareAt(schema: Schema, element: string, before: unknown, after: unknown, parent: Comparison): void {
  if (before === after) return
  if (isLeaf(schema, before, after)) {
    if (after === undefined) parent.removed.members.add(element)
    else if (before === undefined || !sameValue(before, after)) parent.changed.members.add(element)
    return
  }
  const inner = { changed: new FieldSet(), removed: new FieldSet() }
  if (schema.type === 'list') compareItems(schema, asList(before), asList(after), inner)
  else if (schema.type === 'object') {
    compareMembers(schema, before === undefined ? nothing : asObject(before), asObject(after), inner)
  }
  attach(parent.changed, element, inner.changed)
  attach(parent.removed, element, inner.removed)
  if (before === undefined) parent.changed.members.add(element)
  else if (after === undefined) parent.removed.members.add(element)
}

function attach(parent: FieldSet, element: string, child: FieldSet): void {
  if (child.members.size > 0 || child.children.size > 0) parent.children.set(element, child)
}

/** What a new item or pointer was before: unlike an empty struct it has no empty structs in it. */
const nothing: JsonObject = Object.freeze({})

/** Two empty values are compared as leaves, which keeps null and empty apart. */
function isLeaf(schema: Schema, before: unknown, after: unknown): boolean {
  return isAtomic(schema) || (isBlank(before) && isBlank(after))
}

function isBlank(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true
  for (const _ in value) return false
  return true
}

function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

function asObject(value: unknown): JsonObject {
  return isObject(value) ? value : emptyObject
}

/** Strict: absent and empty differ, as in value.Equals. */
function sameValue(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, index) => sameValue(item, b[index]))
  }
  if (!isObject(a) || !isObject(b)) return false
  for (const key in a) if (a[key] !== undefined && !sameValue(a[key], b[key])) return false
  for (const key in b) if (b[key] !== undefined && a[key] === undefined) return false
  return true
}

function compareMembers(schema: ObjectSchema, before: JsonObject, after: JsonObject, into: Comparison): void {
  for (const key in after) {
    const value = after[key]
    const old = before[key]
    if (value === old) continue
    const field = schema.fields.get(key)
    const memberSchema = field?.schema ?? schemaOfMember(schema, key, value ?? old) ?? scalar
    const [left, right] = [memberOf(before, key, field), memberOf(after, key, field)]
    if (left !== undefined || right !== undefined) compareAt(memberSchema, fieldElement(key), left, right, into)
  }
  for (const key in before) {
    if (before[key] === undefined || after[key] !== undefined || key in after) continue
    const field = schema.fields.get(key)
    const memberSchema = field?.schema ?? schemaOfMember(schema, key, before[key]) ?? scalar
    compareAt(memberSchema, fieldElement(key), before[key], memberOf(after, key, field), into)
  }
}

function indexItems(schema: ListSchema, items: readonly unknown[]): Map<string, unknown[]> {
  const byElement = new Map<string, unknown[]>()
  for (const item of items) {
    const element = elementOf(schema, item)
    const same = byElement.get(element)
    if (same) same.push(item)
    else byElement.set(element, [item])
  }
  return byElement
}

/** Items of one key that are there several times are compared as one atomic value. */
function compareItems(
  schema: ListSchema,
  before: readonly unknown[],
  after: readonly unknown[],
  into: Comparison,
): void {
  const old = indexItems(schema, before)
  const fresh = indexItems(schema, after)
  for (const element of new Set([...old.keys(), ...fresh.keys()])) {
    const left = old.get(element) ?? []
    const right = fresh.get(element) ?? []
    if (left.length <= 1 && right.length <= 1) {
      compareAt(schema.items, element, left[0], right[0], into)
    } else if (left.length > 1 && right.length > 1) {
      if (!sameValue(left, right)) into.changed.members.add(element)
    } else if (left.length > 1) {
      if (right.length > 0) compareAt(schema.items, element, undefined, right[0], into)
      into.removed.members.add(element)
    } else {
      if (left.length > 0) compareAt(schema.items, element, left[0], undefined, into)
      into.changed.members.add(element)
    }
  }
}

/** `config` laid over `live`: typed.TypedValue.Merge. */
export function merge(schema: Schema, live: unknown, config: unknown): unknown {
  if (config === undefined) return live
  if (live === undefined || isLeaf(schema, live, config)) return config
  if (schema.type === 'list') return mergeItems(schema, asList(live), asList(config))
  if (schema.type !== 'object') return config
  const result: Record<string, unknown> = {}
  const [left, right] = [asObject(live), asObject(config)]
  for (const key of new Set([...Object.keys(left), ...Object.keys(right)])) {
    const memberSchema = schemaOfMember(schema, key, right[key] ?? left[key]) ?? scalar
    const value = merge(memberSchema, left[key], right[key])
    if (value !== undefined) setOwn(result, key, value)
  }
  return result
}

/** The order of `config` wins for the items that it names; the others keep their places as well as that allows. */
function mergeItems(schema: ListSchema, live: readonly unknown[], config: readonly unknown[]): readonly unknown[] {
  const leftElements = live.map((item) => elementOf(schema, item))
  const rightElements = config.map((item) => elementOf(schema, item))
  const left = indexItems(schema, live)
  const right = new Map(rightElements.map((element, index) => [element, config[index]]))
  const single = (element: string): unknown => {
    const items = left.get(element)
    return items?.length === 1 ? items[0] : undefined
  }
  const shared = rightElements.filter((element) => left.has(element))
  const merged = new Set<string>()
  const result: unknown[] = []
  const take = (element: string): void => {
    merged.add(element)
    result.push(merge(schema.items, single(element), right.get(element)))
    if (shared[0] === element) shared.shift()
  }
  let l = 0
  let r = 0
  while (l < live.length || r < config.length) {
    const element = leftElements[l]
    const wanted = rightElements[r]
    if (element !== undefined && element === wanted) {
      take(element)
      l++
      r++
    } else if (
      element !== undefined &&
      wanted !== undefined &&
      right.has(element) &&
      shared[0] !== element &&
      shared.length > 0
    ) {
      // Named by the configuration, at another place.
      l++
    } else if (element !== undefined && !right.has(element)) {
      result.push(live[l])
      l++
    } else {
      if (element !== undefined && merged.has(element)) l++
      if (wanted !== undefined) {
        take(wanted)
        r++
      }
    }
  }
  return result
}

/** The value without the items of the set: typed.TypedValue.RemoveItems. Undefined where nothing is left. */
export function removeItems(schema: Schema, value: unknown, set: FieldSet): unknown {
  if (schema.type === 'scalar') return value
  if (isBlank(value) || isAtomic(schema)) return undefined
  if (schema.type === 'list') {
    const items = asList(value).flatMap((item) => {
      const element = elementOf(schema, item)
      if (set.members.has(element)) return []
      const below = set.children.get(element)
      return [below && !below.empty ? removeItems(schema.items, item, below) : item]
    })
    return items.length > 0 ? items : undefined
  }
  const result: Record<string, unknown> = {}
  for (const [key, member] of Object.entries(asObject(value))) {
    const element = fieldElement(key)
    if (set.members.has(element)) continue
    const below = set.children.get(element)
    const memberSchema = schemaOfMember(schema, key, member) ?? scalar
    const rest = below && !below.empty ? removeItems(memberSchema, member, below) : member
    // A map that lost all its members is null in Go.
    setOwn(result, key, rest === undefined ? null : rest)
  }
  return Object.keys(result).length > 0 ? result : undefined
}

/** Makes the named fields above each member members too, so that removal takes emptied parents along. */
export function withNamedParents(schema: Schema | undefined, set: FieldSet): FieldSet {
  const result = new FieldSet()
  for (const element of set.members) result.members.add(element)
  for (const [element, child] of set.children) {
    let below: Schema | undefined
    if (schema?.type === 'object' && element.startsWith('f:')) {
      const name = element.slice(2)
      below = schemaOfMember(schema, name, emptyObject)
      if (schema.fields.has(name)) result.members.add(element)
    } else if (schema?.type === 'list') {
      below = schema.items
    }
    result.children.set(element, withNamedParents(below, child))
  }
  return result
}

/** Equality after a merge, where null and absent are the same. */
export function sameObject(a: unknown, b: unknown): boolean {
  return deepEqual(a, b)
}
