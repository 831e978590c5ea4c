// Fields by their path as kubectl and the API server write it: `spec.env[STRIPE_KEY].value`, `spec.ports[0].port`,
// `metadata.labels[app.kubernetes.io/name]`. What is in brackets is the key of a list's item, its index, or a map's key.
// Values are never changed: a new value shares what it has in common with the old one.

import type { AnySchema } from '@binnacle/model'
import { childSchema, isListSchema, isRecord, itemKey, listKeys } from './schemas.ts'

export type FieldPath = string

/** The path leads through a value that has no fields. */
export class FieldPathError extends Error {
  readonly path: FieldPath
  constructor(path: FieldPath, why: string) {
    super(`${path}: ${why}`)
    this.name = 'FieldPathError'
    this.path = path
  }
}

const plainName = /^[A-Za-z_$][-\w$]*$/

function bracketed(text: string): string {
  return /[[\]"]/.test(text) || text === '' ? `[${JSON.stringify(text)}]` : `[${text}]`
}

/** The path of a field of the object at `path`. */
export function fieldPath(path: FieldPath, name: string): FieldPath {
  if (!plainName.test(name)) return path + bracketed(name)
  return path === '' ? name : `${path}.${name}`
}

/** The path of an item of the list at `path`, by its key or index. */
export function itemPath(path: FieldPath, key: string | number): FieldPath {
  return path + bracketed(String(key))
}

const stepPattern = /\[("(?:[^"\\]|\\.)*"|[^\]]*)\]|([^.[\]]+)/g

const parsed = new Map<FieldPath, readonly string[]>()
/** Paths come from code and schemas for the most part: few, and read again and again. */
const mostParsed = 4096

export function parsePath(path: FieldPath): readonly string[] {
  let steps = parsed.get(path)
  if (steps === undefined) {
    if (parsed.size >= mostParsed) parsed.clear()
    steps = stepsOf(path)
    parsed.set(path, steps)
  }
  return steps
}

function stepsOf(path: FieldPath): readonly string[] {
  const steps: string[] = []
  for (const [, inBrackets, plain] of path.matchAll(stepPattern)) {
    if (plain !== undefined) steps.push(plain)
    else if (inBrackets?.startsWith('"') === true) steps.push(JSON.parse(inBrackets) as string)
    else steps.push(inBrackets ?? '')
  }
  return steps
}

/** Index of the item that a step means: the item with that key, else the one at that index. -1 where there is none. */
function itemIndex(list: readonly unknown[], step: string, schema: AnySchema | undefined): number {
  const byKey = list.findIndex((item) => itemKey(item, schema) === step)
  if (byKey !== -1) return byKey
  const index = /^\d+$/.test(step) ? Number(step) : -1
  return index < list.length ? index : -1
}

function child(value: unknown, step: string, schema: AnySchema | undefined): unknown {
  if (Array.isArray(value)) return value[itemIndex(value, step, schema)]
  return isRecord(value) && Object.hasOwn(value, step) ? value[step] : undefined
}

export function getField(value: unknown, path: FieldPath, schema?: AnySchema): unknown {
  let at = value
  let shape = schema
  for (const step of parsePath(path)) {
    at = child(at, step, shape)
    shape = childSchema(shape, step)
  }
  return at
}

/** The schema of the field, where it is known. */
export function schemaAt(schema: AnySchema | undefined, path: FieldPath): AnySchema | undefined {
  return parsePath(path).reduce(childSchema, schema)
}

/**
 * The value with the field set; objects, lists and items on the way are made where they are missing.
 * @throws FieldPathError where the path leads through a text or a number
 */
export function setField<T>(value: T, path: FieldPath, next: unknown, schema?: AnySchema): T {
  return write(value, { path, steps: parsePath(path), at: 0, next }, schema) as T
}

/**
 * The value without the field or item. `prune` also removes the objects and lists around it that it leaves empty, up to
 * but not including the top level.
 */
export function removeField<T>(
  value: T,
  path: FieldPath,
  schema?: AnySchema,
  { prune = false }: { prune?: boolean } = {},
): T {
  return write(value, { path, steps: parsePath(path), at: 0, next: undefined, prune }, schema) as T
}

interface Write {
  path: FieldPath
  steps: readonly string[]
  at: number
  /** Undefined removes. */
  next: unknown
  prune?: boolean
}

function write(value: unknown, order: Write, schema: AnySchema | undefined): unknown {
  const step = order.steps[order.at]
  if (step === undefined) return order.next
  if (Array.isArray(value)) return writeItem(value, step, order, schema)
  if (value === undefined || value === null) {
    if (order.next === undefined) return value
    return isListSchema(schema) ? writeItem([], step, order, schema) : writeMember({}, step, order, schema)
  }
  if (!isRecord(value))
    throw new FieldPathError(order.path, `${order.steps.slice(0, order.at).join('.')} has no fields`)
  return writeMember(value, step, order, schema)
}

function writeMember(
  object: Readonly<Record<string, unknown>>,
  step: string,
  order: Write,
  schema: AnySchema | undefined,
): unknown {
  const before = Object.hasOwn(object, step) ? object[step] : undefined
  const after = write(before, { ...order, at: order.at + 1 }, childSchema(schema, step))
  if (after === before && (after !== undefined || !Object.hasOwn(object, step))) return object
  if (!isGone(after, order)) return { ...object, [step]: after }
  const { [step]: _, ...rest } = object
  return rest
}

function writeItem(list: readonly unknown[], step: string, order: Write, schema: AnySchema | undefined): unknown {
  const index = itemIndex(list, step, schema)
  const isNew = index === -1
  if (isNew && order.next === undefined) return list
  const before = isNew ? newItem(step, schema, order) : list[index]
  const after = write(before, { ...order, at: order.at + 1 }, schema?.items)
  if (isNew) return [...list, after]
  if (after === before) return list
  return isGone(after, order) ? list.toSpliced(index, 1) : list.with(index, after)
}

function isGone(value: unknown, { prune = false }: Write): boolean {
  if (value === undefined) return true
  return prune && typeof value === 'object' && value !== null && Object.keys(value).length === 0
}

/** An item that a path names by its key has that key. */
function newItem(step: string, schema: AnySchema | undefined, { path }: Write): unknown {
  const keys = listKeys(schema) ?? (schema === undefined && !/^\d+$/.test(step) ? ['name'] : undefined)
  if (keys === undefined) {
    if (!/^\d+$/.test(step)) throw new FieldPathError(path, `there is no item ${step}`)
    return undefined
  }
  const parts = keys.length === 1 ? [step] : step.split(',')
  return Object.fromEntries(
    keys.map((key, index) => {
      const isNumber = schema?.items?.properties?.[key]?.type === 'integer'
      const text = parts[index] ?? ''
      return [key, isNumber && /^\d+$/.test(text) ? Number(text) : text]
    }),
  )
}
