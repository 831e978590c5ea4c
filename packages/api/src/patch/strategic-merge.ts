// application/strategic-merge-patch+json: a merge patch that knows which lists are maps by a key or sets
// (k8s.io/apimachinery util/strategicpatch).

import { cloneJson, deepEqual } from '../clone.ts'
import { badRequest, failure, type StatusError, unclassified } from '../errors.ts'
import type { Field, ObjectSchema, Schema } from '../schema.ts'

type JsonObject = Record<string, unknown>

const directive = '$patch'
const retainKeys = '$retainKeys'
const deleteFromPrimitiveList = '$deleteFromPrimitiveList/'
const setElementOrder = '$setElementOrder/'

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** As fmt's `%v` prints a map. */
export function goText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(goText).join(' ')}]`
  if (!isObject(value)) return typeof value === 'string' ? value : value === null ? '<nil>' : JSON.stringify(value)
  const members = Object.keys(value)
    .sort()
    .map((key) => `${key}:${goText(value[key])}`)
  return `map[${members.join(' ')}]`
}

function noMergeKey(item: JsonObject, key: string): StatusError {
  return unclassified(`map: ${goText(item)} does not contain declared merge key: ${key}`)
}

function unknownDirective(value: unknown, item: JsonObject): StatusError {
  return unclassified(`unknown patch type: ${goText(value)} in map: ${goText(item)}`)
}

function goType(value: unknown): string {
  if (Array.isArray(value)) return '[]interface {}'
  if (isObject(value)) return 'map[string]interface {}'
  if (value === null || value === undefined) return '%!s(<nil>)'
  if (typeof value === 'number') return Number.isInteger(value) ? 'int64' : 'float64'
  return typeof value === 'boolean' ? 'bool' : 'string'
}

/**
 * The patched object; `original` stays as it is. Only for kinds with a schema of their own: custom resources refuse this
 * type of patch (415) before it comes here.
 */
export function applyStrategicMergePatch<T>(schema: Schema, original: T, patch: unknown): T {
  if (!isObject(patch)) {
    throw badRequest(
      `json: cannot unmarshal ${Array.isArray(patch) ? 'array' : typeof patch} into Go value of type map[string]interface {}`,
    )
  }
  if (!isObject(original) || schema.type !== 'object') throw new Error('only objects are patched')
  return mergeObject(schema, cloneJson(original), cloneJson(patch)) as T
}

interface Strategy {
  list: boolean
  replace: boolean
  retainKeys: boolean
  mergeKey: string
}

function strategyOf(field: Field | undefined): Strategy {
  const words = field?.patchStrategy?.split(',') ?? []
  return {
    list: words.includes('merge'),
    replace: words.includes('replace'),
    retainKeys: words.includes('retainKeys'),
    mergeKey: field?.patchMergeKey ?? '',
  }
}

function fieldOf(schema: Schema | undefined, key: string): { field?: Field; schema?: Schema } {
  if (schema?.type !== 'object') return {}
  const field = schema.fields.get(key)
  if (field) return { field, schema: field.schema }
  if (schema.values) return { schema: schema.values }
  // Below a value whose fields nobody declares there is nothing to look up.
  if (schema.fields.size === 0 || schema.preserveUnknown) return {}
  throw unclassified(
    `unable to find api field in struct ${structName(schema)} for the json field ${JSON.stringify(key)}`,
  )
}

function structName(schema: ObjectSchema): string {
  return schema.name?.slice(schema.name.lastIndexOf('.') + 1) ?? ''
}

/** Both arguments are private and are changed. */
function mergeObject(schema: Schema | undefined, original: JsonObject, patch: JsonObject): JsonObject {
  if (Object.hasOwn(patch, directive)) {
    const value = patch[directive]
    if (value === 'replace') {
      delete patch[directive]
      return patch
    }
    if (value === 'delete') return {}
    // `merge` is what would happen anyway; upstream refuses it in an object all the same.
    throw unknownDirective(value, patch)
  }
  applyRetainKeys(original, patch)
  for (const key of Object.keys(patch)) {
    if (key.startsWith(setElementOrder)) mergeOrderedList(schema, original, patch, key)
  }
  for (const [patchKey, value] of Object.entries(patch)) {
    const deletes = patchKey.startsWith(deleteFromPrimitiveList)
    const key = deletes ? patchKey.slice(deleteFromPrimitiveList.length) : patchKey
    mergeMember(schema, original, { key, value, deletes })
  }
  return original
}

interface Member {
  key: string
  value: unknown
  deletes: boolean
}

function mergeMember(schema: Schema | undefined, original: JsonObject, { key, value, deletes }: Member): void {
  if (value === null) {
    delete original[key]
    return
  }
  const old = original[key]
  const bothObjects = isObject(old) && isObject(value)
  const bothLists = Array.isArray(old) && Array.isArray(value)
  if (!bothObjects && !bothLists) {
    if (deletes) return
    const kept = withoutDirectives(value)
    if (kept === undefined) delete original[key]
    else original[key] = kept
    return
  }
  const found = fieldOf(schema, key)
  const strategy = strategyOf(found.field)
  if (bothObjects) original[key] = strategy.replace ? value : mergeObject(found.schema, old, value)
  else if (bothLists)
    original[key] = deletes || strategy.list ? mergeList(found.schema, old, value, strategy.mergeKey, deletes) : value
}

/** Clears what the list does not name; the patch may not set anything else. */
function applyRetainKeys(original: JsonObject, patch: JsonObject): void {
  if (!Object.hasOwn(patch, retainKeys)) return
  const keys = patch[retainKeys]
  delete patch[retainKeys]
  if (!Array.isArray(keys)) throw badRequest('invalid patch format of retainKeys')
  const retained = new Set<unknown>(keys)
  for (const [key, value] of Object.entries(patch)) {
    const isDirective = key.startsWith(deleteFromPrimitiveList) || key.startsWith(setElementOrder)
    if (value !== null && !isDirective && !retained.has(key)) throw badRequest('invalid patch format of retainKeys')
  }
  for (const key of Object.keys(original)) if (!retained.has(key)) delete original[key]
}

/** A value that nothing is merged into: directives are dropped, and so is what they delete. Nulls stand for absence. */
function withoutDirectives(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutDirectives).filter((item) => item !== undefined)
  if (!isObject(value)) return value
  if (value[directive] === 'delete') return undefined
  const result: JsonObject = {}
  for (const [key, member] of Object.entries(value)) {
    if (key === directive || key === retainKeys || member === null) continue
    if (key.startsWith(deleteFromPrimitiveList) || key.startsWith(setElementOrder)) continue
    const kept = withoutDirectives(member)
    if (kept !== undefined) result[key] = kept
  }
  return result
}

function mergeList(
  schema: Schema | undefined,
  original: unknown[],
  patch: unknown[],
  mergeKey: string,
  deletes: boolean,
): unknown[] {
  if (original.length === 0 && patch.length === 0) return original
  const sample = original[0] ?? patch[0]
  if (Array.isArray(sample)) throw failure('Invalid', 'the server rejected our request due to an error in our request')
  if (!isObject(sample)) {
    if (deletes) return original.filter((item) => !patch.includes(item))
    return [...new Set([...original, ...patch])]
  }
  if (mergeKey === '') {
    const name = schema?.type === 'list' && schema.items.type === 'object' ? structName(schema.items) : ''
    throw unclassified(`cannot merge lists without merge key for ${name}`)
  }
  const items = schema?.type === 'list' ? schema.items : undefined
  return mergeItems(items, original, patch, mergeKey)
}

function mergeItems(
  schema: Schema | undefined,
  original: readonly unknown[],
  patch: readonly unknown[],
  mergeKey: string,
): unknown[] {
  let result = [...original]
  let rest: JsonObject[] = []
  let replaces = false
  for (const item of patch) {
    if (!isObject(item)) throw unclassified(`expected a map[string]interface {}, but received a ${goType(item)}`)
    const value = item[directive]
    if (!Object.hasOwn(item, directive)) rest.push(item)
    else if (value === 'delete') {
      if (!Object.hasOwn(item, mergeKey)) throw noMergeKey(item, mergeKey)
      result = result.filter((other) => !isObject(other) || other[mergeKey] !== item[mergeKey])
    } else if (value === 'replace') replaces = true
    else if (value === 'merge') throw unclassified('merging lists cannot yet be specified in the patch')
    else throw unknownDirective(value, item)
  }
  if (replaces) {
    result = rest
    rest = []
  }
  for (const item of rest) {
    if (!Object.hasOwn(item, mergeKey)) throw noMergeKey(item, mergeKey)
    const index = result.findIndex((other) => isObject(other) && other[mergeKey] === item[mergeKey])
    const same = result[index]
    if (isObject(same)) result[index] = mergeObject(schema, same, item)
    else result.push(withoutDirectives(item))
  }
  return result
}

/** A list whose patch says the order of its items: those it names in that order, the server's own where they were. */
function mergeOrderedList(schema: Schema | undefined, original: JsonObject, patch: JsonObject, orderKey: string): void {
  const order = patch[orderKey]
  delete patch[orderKey]
  if (!Array.isArray(order)) throw unclassified(`expected a []interface {}, but received a ${goType(order)}`)
  const key = orderKey.slice(setElementOrder.length)
  const [old, fresh] = [original[key], patch[key]]
  for (const list of [old, fresh]) {
    if (list !== undefined && list !== null && !Array.isArray(list)) {
      throw unclassified(`expected a []interface {}, but received a ${goType(list)}`)
    }
  }
  const found = fieldOf(schema, key)
  const { list, mergeKey } = strategyOf(found.field)
  const before: unknown[] = Array.isArray(old) ? old : []
  if (Array.isArray(fresh)) checkOrder(fresh, order, mergeKey)
  if (old === undefined && fresh === undefined) return
  let merged: unknown[] = before
  if (Array.isArray(fresh)) {
    if (!Array.isArray(old)) merged = withoutDirectives(fresh) as unknown[]
    else merged = list ? mergeList(found.schema, old, fresh, mergeKey, false) : fresh
  }
  // Primitives that a parallel list deletes go before the order is made.
  const rank = (items: readonly unknown[], item: unknown): number =>
    items.findIndex((other) => sameItem(other, item, mergeKey))
  const named = merged.filter((item) => rank(order, item) !== -1)
  const own = merged.filter((item) => rank(order, item) === -1)
  named.sort((a, b) => rank(order, a) - rank(order, b))
  original[key] = interleave(own, named, (item) => rank(before, item))
  delete patch[key]
}

function sameItem(a: unknown, b: unknown, mergeKey: string): boolean {
  return mergeKey === '' ? deepEqual(a, b) : isObject(a) && isObject(b) && a[mergeKey] === b[mergeKey]
}

/** The patch may not name items out of the order that it gives. */
function checkOrder(items: readonly unknown[], order: readonly unknown[], mergeKey: string): void {
  let from = 0
  for (const item of items) {
    if (isObject(item) && Object.hasOwn(item, directive)) continue
    const index = order.findIndex((other, position) => position >= from && sameItem(other, item, mergeKey))
    if (index === -1) throw badRequest('invalid patch format of setElementOrder list')
    from = index + 1
  }
}

/** Merges two ordered lists; an item of `own` goes first only where it stood before the other on the server. */
function interleave(
  own: readonly unknown[],
  named: readonly unknown[],
  position: (item: unknown) => number,
): unknown[] {
  const result: unknown[] = []
  let [left, right] = [0, 0]
  while (left < own.length || right < named.length) {
    const [a, b] = [position(own[left]), position(named[right])]
    const takeOwn = right >= named.length || (left < own.length && a !== -1 && b !== -1 && a < b)
    result.push(takeOwn ? own[left++] : named[right++])
  }
  return result
}
