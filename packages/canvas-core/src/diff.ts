// A staged change line by line against what the cluster has. Each line can be discarded by itself, and the object without
// any of its lines is the live one. What is secret is never shown.

import { type Unstructured, deepEqual } from '@binnacle/api'
import type { AnySchema } from '@binnacle/model'
import { contentOf, withContent } from './content.ts'
import { type CanvasDocument, schemaOf } from './document.ts'
import { type FieldPath, fieldPath, getField, itemPath, parsePath, removeField, setField } from './field-path.ts'
import type { ObjectKey } from './object-key.ts'
import { childSchema, isListSchema, isRecord, itemKeys, withDefaults } from './schemas.ts'

export interface DiffLine {
  /** As kubectl writes it: `spec.env[STRIPE_KEY].value`. '' is the whole object. */
  readonly path: FieldPath
  readonly type: 'added' | 'removed' | 'changed' | 'reordered'
  /** The field in a person's words: `Environment › STRIPE_KEY › value`. */
  readonly label: string
  /** What the field is for, from its schema. */
  readonly description?: string
  /** Undefined where there was nothing. Of a secret, `maskedValue`. */
  readonly before: unknown
  readonly after: unknown
  readonly isSecret: boolean
}

export interface ObjectDiff {
  readonly key: ObjectKey
  readonly type: 'create' | 'update' | 'delete'
  readonly lines: readonly DiffLine[]
}

/** Stands in for each secret value. */
export const maskedValue = '••••••••'

/** What would change, object by object in the order in which it was edited. */
export function diffOf(document: CanvasDocument): readonly ObjectDiff[] {
  return [...document.staged.keys()].flatMap((key) => objectDiff(document, key) ?? [])
}

export function objectDiff(document: CanvasDocument, key: ObjectKey): ObjectDiff | undefined {
  const change = document.staged.get(key)
  if (change === undefined) return undefined
  if (change.type === 'create') return createdDiff(key, change.object)
  if (change.type === 'delete') return deletedDiff(key, change.base)
  // Deleted by somebody else: whether it is made anew is a conflict.
  const live = document.live.get(key)
  if (live === undefined) return createdDiff(key, change.object)
  return { key, type: 'update', lines: diffLines(live, change.object, schemaOf(document, live)) }
}

/** Of an object that is new: one line. */
export function createdDiff(key: ObjectKey, object: Unstructured): ObjectDiff {
  return { key, type: 'create', lines: [wholeLine(undefined, object)] }
}

/** Of an object that goes: one line. */
export function deletedDiff(key: ObjectKey, object: Unstructured): ObjectDiff {
  return { key, type: 'delete', lines: [wholeLine(object, undefined)] }
}

function wholeLine(before: Unstructured | undefined, after: Unstructured | undefined): DiffLine {
  const object = after ?? before
  return {
    path: '',
    type: after === undefined ? 'removed' : 'added',
    label: `${object?.kind} ${object?.metadata.name}`,
    before: before && maskedObject(before),
    after: after && maskedObject(after),
    isSecret: false,
  }
}

/** The lines between two versions of an object. */
export function diffLines(
  before: Unstructured,
  after: Unstructured,
  schema: AnySchema | undefined,
): readonly DiffLine[] {
  const differ = new Differ(after.kind === 'Secret', schema)
  differ.compare(contentOf(before), contentOf(after), { path: '', schema })
  return differ.lines
}

interface Place {
  path: FieldPath
  schema: AnySchema | undefined
}

class Differ {
  readonly lines: DiffLine[] = []
  readonly #isSecret: boolean
  readonly #root: AnySchema | undefined

  constructor(isSecret: boolean, root: AnySchema | undefined) {
    this.#isSecret = isSecret
    this.#root = root
  }

  compare(before: unknown, after: unknown, place: Place): void {
    const { schema } = place
    if (deepEqual(before, after) || deepEqual(withDefaults(before, schema), withDefaults(after, schema))) return
    const [object, nextObject] = [before ?? {}, after ?? {}]
    if (isRecord(object) && isRecord(nextObject) && (place.path === '' || isStrewn(before, after, schema)))
      return this.#members(object, nextObject, place)
    const [was, is]: unknown[] = [before ?? [], after ?? []]
    if (Array.isArray(was) && Array.isArray(is)) {
      const [oldKeys, newKeys] = [itemKeys(was, schema), itemKeys(is, schema)]
      if (oldKeys !== undefined && newKeys !== undefined)
        return this.#items(
          new Map(oldKeys.map((key, i) => [key, was[i]])),
          new Map(newKeys.map((key, i) => [key, is[i]])),
          place,
        )
    }
    this.#line(before, after, place)
  }

  #members(before: Fields, after: Fields, { path, schema }: Place): void {
    for (const name of new Set([...Object.keys(before), ...Object.keys(after)]))
      this.compare(before[name], after[name], { path: fieldPath(path, name), schema: childSchema(schema, name) })
  }

  #items(before: Map<string, unknown>, after: Map<string, unknown>, { path, schema }: Place): void {
    for (const key of new Set([...before.keys(), ...after.keys()])) {
      const place = { path: itemPath(path, key), schema: schema?.items }
      const [was, is] = [before.get(key), after.get(key)]
      // An item that is new or gone is one line: half of it would be no item.
      if (was === undefined || is === undefined) this.#line(was, is, place)
      else this.compare(was, is, place)
    }
    const wasOrder = [...before.keys()].filter((key) => after.has(key))
    const order = [...after.keys()].filter((key) => before.has(key))
    if (!deepEqual(wasOrder, order)) this.lines.push(this.#lineOf(wasOrder, order, { path, schema }, 'reordered'))
  }

  #line(before: unknown, after: unknown, place: Place): void {
    const type = before === undefined ? 'added' : after === undefined ? 'removed' : 'changed'
    this.lines.push(this.#lineOf(before, after, place, type))
  }

  #lineOf(before: unknown, after: unknown, { path, schema }: Place, type: DiffLine['type']): DiffLine {
    const isSecret = type !== 'reordered' && this.#isSecret && /^(?:data|stringData)\b/.test(path)
    const shown = (value: unknown): unknown => (isSecret && value !== undefined ? maskedValue : value)
    const description = schema?.description
    return {
      path,
      type,
      label: fieldLabel(this.#root, path),
      ...(description === undefined ? {} : { description }),
      before: shown(before),
      after: shown(after),
      isSecret,
    }
  }
}

type Fields = Readonly<Record<string, unknown>>

/** An object that is on one side only is compared field by field where a part of it can stand by itself. */
function isStrewn(before: unknown, after: unknown, schema: AnySchema | undefined): boolean {
  if (before !== undefined && after !== undefined) return true
  const isWhole = (schema?.required ?? []).length > 0 || schema?.['x-kubernetes-validations'] !== undefined
  return schema !== undefined && !isWhole && schema['x-kubernetes-preserve-unknown-fields'] !== true
}

/** `Environment › STRIPE_KEY › value`: titles where schemas have them, else the names in words. */
export function fieldLabel(schema: AnySchema | undefined, path: FieldPath): string {
  const steps = parsePath(path)
  const words: string[] = []
  let at = schema
  for (const [index, step] of steps.entries()) {
    const isItem = isListSchema(at)
    const isKey = at?.properties === undefined && at?.additionalProperties !== undefined
    at = childSchema(at, step)
    if (index === 0 && step === 'spec') continue
    if (index === 0 && step === 'metadata' && steps.length > 1) continue
    words.push(at?.title ?? (isItem || isKey ? step : inWords(step)))
  }
  return words.join(' › ')
}

function inWords(name: string): string {
  if (!/^[a-z][A-Za-z]*$/.test(name)) return name
  return name.replaceAll(/([a-z])([A-Z])/g, (_, end: string, start: string) => `${end} ${start.toLowerCase()}`)
}

/** The object without the change of one line. */
export function discardedObject(document: CanvasDocument, key: ObjectKey, path: FieldPath): Unstructured | undefined {
  const change = document.staged.get(key)
  const live = document.live.get(key)
  if (change?.type !== 'update' || live === undefined) return live
  const schema = schemaOf(document, live)
  const lines = diffLines(live, change.object, schema)
  const line = lines.find((one) => one.path === path)
  const mine = contentOf(change.object)
  const theirs = contentOf(live)
  const order = { mine, theirs, path, schema }
  return withContent(line?.type === 'reordered' ? reordered(order) : restored(order), live)
}

interface Restoration {
  mine: Fields
  theirs: Fields
  path: FieldPath
  schema: AnySchema | undefined
}

function restored({ mine, theirs, path, schema }: Restoration): Fields {
  const value = getField(theirs, path, schema)
  if (value === undefined) return withoutEmptied(removeField(mine, path, schema), { mine, theirs, path, schema })
  if (getField(mine, path, schema) !== undefined) return setField(mine, path, value, schema)
  const steps = parsePath(path)
  const parent = parentOf(path)
  const list = getField(theirs, parent, schema)
  if (!Array.isArray(list)) return setField(mine, path, value, schema)
  // A removed item goes back to behind the one that it stood behind.
  const shape = parsePath(parent).reduce(childSchema, schema)
  const here = getField(mine, parent, schema)
  const now: readonly unknown[] = Array.isArray(here) ? here : []
  const order = itemKeys(list, shape) ?? []
  const present = itemKeys(now, shape) ?? []
  const before = order.slice(0, order.indexOf(steps.at(-1) ?? '')).findLast((key) => present.includes(key))
  return setField(mine, parent, now.toSpliced(before === undefined ? 0 : present.indexOf(before) + 1, 0, value), schema)
}

/** Objects that the change had brought go with their last field. */
function withoutEmptied(value: Fields, { theirs, path, schema }: Restoration): Fields {
  const parent = parentOf(path)
  const left = getField(value, parent, schema)
  const isEmpty = typeof left === 'object' && left !== null && Object.keys(left).length === 0
  if (parent === '' || !isEmpty || getField(theirs, parent, schema) !== undefined) return value
  return withoutEmptied(removeField(value, parent, schema), { mine: value, theirs, path: parent, schema })
}

/** The items that both have, in the order of theirs; the others keep their places. */
function reordered({ mine, theirs, path, schema }: Restoration): Fields {
  const shape = parsePath(path).reduce(childSchema, schema)
  const [now, then] = [getField(mine, path, schema), getField(theirs, path, schema)]
  if (!Array.isArray(now) || !Array.isArray(then)) return mine
  const keys = itemKeys(now, shape) ?? []
  const common = (itemKeys(then, shape) ?? []).filter((key) => keys.includes(key))
  const items = new Map(keys.map((key, index) => [key, now[index] as unknown]))
  const queue = common.values()
  const list = keys.map((key) => items.get(common.includes(key) ? (queue.next().value ?? key) : key))
  return setField(mine, path, list, schema)
}

function parentOf(path: FieldPath): FieldPath {
  const steps = parsePath(path).slice(0, -1)
  return steps.reduce<FieldPath>((parent, step) => fieldPath(parent, step), '')
}

/** The object with its secret values hidden. */
export function maskedObject<T extends Unstructured>(object: T): T {
  if (object.kind !== 'Secret') return object
  const masked = (values: unknown): unknown =>
    isRecord(values) ? Object.fromEntries(Object.keys(values).map((key) => [key, maskedValue])) : values
  return {
    ...object,
    ...(object['data'] === undefined ? {} : { data: masked(object['data']) }),
    ...(object['stringData'] === undefined ? {} : { stringData: masked(object['stringData']) }),
  }
}
