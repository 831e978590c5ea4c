// What decoding into a Go type does to a request's body: unknown fields are found or dropped, values of a wrong type are
// refused, fields that are there twice are reported (sigs.k8s.io/json with the strict option).

import { base64Error } from './base64.ts'
import { setOwn } from './clone.ts'
import type { ObjectSchema, Schema, ScalarFormat } from './schema.ts'

type JsonObject = Readonly<Record<string, unknown>>

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export interface StrictErrors {
  /** `unknown field "spec.foo"` */
  unknown: string[]
  /** `duplicate field "spec.foo"`; only when the text is given. */
  duplicate: string[]
}

/** What `fieldValidation` Strict refuses and Warn warns about. `text` is the JSON that the value was read from. */
export function decodeStrict(schema: Schema, value: unknown, text?: string): StrictErrors {
  const unknown: string[] = []
  findUnknown(schema, value, '', unknown)
  return { unknown, duplicate: text === undefined ? [] : duplicateFields(text) }
}

function memberSchema(schema: ObjectSchema, key: string): Schema | 'open' | undefined {
  return schema.fields.get(key)?.schema ?? schema.values ?? (schema.preserveUnknown ? 'open' : undefined)
}

function findUnknown(schema: Schema, value: unknown, path: string, found: string[]): void {
  if (schema.type === 'list') {
    if (Array.isArray(value))
      value.forEach((item, index) => findUnknown(schema.items, item, `${path}[${index}]`, found))
  } else if (schema.type === 'object' && isObject(value)) {
    for (const key in value) {
      const at = path === '' ? key : `${path}.${key}`
      const member = memberSchema(schema, key)
      if (member === undefined) found.push(`unknown field "${at}"`)
      else if (member !== 'open') findUnknown(member, value[key], at, found)
    }
  }
}

/** The value without fields that the schema does not have; the same value when there are none. */
export function prune<T>(schema: Schema, value: T): T {
  return pruned(schema, value) as T
}

function pruned(schema: Schema, value: unknown): unknown {
  if (schema.type === 'list' && Array.isArray(value)) {
    let copy: unknown[] | undefined
    value.forEach((item: unknown, index) => {
      const kept = pruned(schema.items, item)
      if (kept === item) return
      copy ??= [...(value as unknown[])]
      copy[index] = kept
    })
    return copy ?? value
  }
  if (schema.type !== 'object' || !isObject(value)) return value
  let changed = false
  const result: Record<string, unknown> = {}
  for (const key in value) {
    const member = memberSchema(schema, key)
    if (member === undefined) {
      changed = true
      continue
    }
    const kept = member === 'open' ? value[key] : pruned(member, value[key])
    if (kept !== value[key]) changed = true
    setOwn(result, key, kept)
  }
  return changed ? result : value
}

const goScalars: Partial<Record<ScalarFormat, string>> = {
  string: 'string',
  boolean: 'bool',
  int32: 'int32',
  int64: 'int64',
  uint32: 'uint32',
  double: 'float64',
  bytes: '[]uint8',
}

const ranges: Partial<Record<ScalarFormat, readonly [number, number]>> = {
  int32: [-(2 ** 31), 2 ** 31 - 1],
  uint32: [0, 2 ** 32 - 1],
}

/**
 * Why Go could not decode the value, in the words of encoding/json; undefined where it can. Null is nothing everywhere.
 * Callers put `<Kind> in version "v1" cannot be handled as a <Kind>: ` in front and answer 400.
 */
export function decodeError(schema: Schema, value: unknown): string | undefined {
  return findMismatch(schema, value, { struct: '', path: '' })
}

interface Place {
  /** Name of the innermost struct. */
  struct: string
  path: string
}

function mismatch(value: unknown, type: string, { struct, path }: Place): string {
  const isNumber = typeof value === 'number'
  const what = Array.isArray(value) ? 'array' : isNumber ? 'number' : isObject(value) ? 'object' : typeof value
  const found = what === 'boolean' ? 'bool' : what
  const where = path === '' ? `Go value of type ${type}` : `Go struct field ${struct}.${path} of type ${type}`
  return `json: cannot unmarshal ${found} into ${where}`
}

function findMismatch(schema: Schema, value: unknown, place: Place): string | undefined {
  if (value === null || value === undefined) return undefined
  if (schema.type === 'scalar') return scalarMismatch(schema.format, value, place)
  if (schema.type === 'list') {
    if (!Array.isArray(value)) return mismatch(value, goTypeOf(schema), place)
    for (const item of value) {
      const error = findMismatch(schema.items, item, place)
      if (error !== undefined) return error
    }
    return undefined
  }
  if (!isObject(value)) return mismatch(value, goTypeOf(schema), place)
  const struct = schema.values ? place.struct : (schema.name?.slice(schema.name.lastIndexOf('.') + 1) ?? '')
  for (const key in value) {
    const member = memberSchema(schema, key)
    if (member === undefined || member === 'open') continue
    const path = schema.values ? place.path : place.path === '' ? key : `${place.path}.${key}`
    const error = findMismatch(member, value[key], { struct, path })
    if (error !== undefined) return error
  }
  return undefined
}

function scalarMismatch(format: ScalarFormat, value: unknown, place: Place): string | undefined {
  const type = goScalars[format]
  switch (format) {
    case 'string':
      return typeof value === 'string' ? undefined : mismatch(value, type ?? '', place)
    case 'bytes':
      return typeof value === 'string' ? base64Error(value) : mismatch(value, type ?? '', place)
    case 'boolean':
      return typeof value === 'boolean' ? undefined : mismatch(value, 'bool', place)
    case 'double':
      return typeof value === 'number' ? undefined : mismatch(value, 'float64', place)
    case 'int32':
    case 'int64':
    case 'uint32': {
      if (typeof value !== 'number') return mismatch(value, type ?? '', place)
      const [low, high] = ranges[format] ?? [-(2 ** 63), 2 ** 63]
      if (Number.isInteger(value) && value >= low && value <= high) return undefined
      return mismatch(value, type ?? '', place).replace('unmarshal number', `unmarshal number ${value}`)
    }
    case 'time':
    case 'microTime':
      if (typeof value !== 'string') return mismatch(value, 'string', { struct: '', path: '' })
      return Number.isNaN(Date.parse(value)) ? timeError(value, format) : undefined
    case 'nullableStrings':
      return Array.isArray(value) ? undefined : mismatch(value, '[]string', place)
    case 'rawExtension':
    case 'fieldsV1':
    case 'any':
    case 'json':
    default:
      return undefined
  }
}

function timeError(value: string, format: 'time' | 'microTime'): string {
  const layout = format === 'time' ? '2006-01-02T15:04:05Z07:00' : '2006-01-02T15:04:05.000000Z07:00'
  return `parsing time ${JSON.stringify(value)} as "${layout}": cannot parse ${JSON.stringify(value)} as "2006"`
}

function goTypeOf(schema: Schema): string {
  if (schema.type === 'scalar') return goScalars[schema.format] ?? schema.format
  if (schema.type === 'list') return `[]${goTypeOf(schema.items)}`
  if (schema.values) return `map[string]${goTypeOf(schema.values)}`
  return schema.name?.split('.').slice(-2).join('.') ?? 'map[string]interface {}'
}

const quote = 34
const backslash = 92

/**
 * Fields that an object of valid JSON says twice, each once: JSON.parse keeps the last and is silent.
 */
export function duplicateFields(text: string): string[] {
  const found = new Set<string>()
  walkFields(text, (path, isDuplicate) => {
    if (isDuplicate) found.add(`duplicate field "${path}"`)
  })
  return [...found]
}

/** Unknown and duplicate fields of one text in the order in which a decoder that reads it meets them. */
export function inTextOrder(text: string, errors: readonly string[]): string[] {
  const left = new Set(errors)
  const met: string[] = []
  walkFields(text, (path, isDuplicate) => {
    const error = `${isDuplicate ? 'duplicate' : 'unknown'} field "${path}"`
    if (left.delete(error)) met.push(error)
  })
  return [...met, ...left]
}

/** Calls `visit` for each name of an object in valid JSON, in their order. */
function walkFields(text: string, visit: (path: string, isDuplicate: boolean) => void): void {
  const stack: { keys: Set<string> | undefined; index: number; at: string }[] = []
  const pathOf = (key: string): string => {
    const parent = stack.at(-1)?.at ?? ''
    return parent === '' ? key : `${parent}.${key}`
  }
  let pending = ''
  let position = 0
  const place = (): string => {
    const top = stack.at(-1)
    if (!top) return ''
    return top.keys ? pending : `${top.at}[${top.index}]`
  }
  while (position < text.length) {
    const code = text.charCodeAt(position)
    if (code === quote) {
      const start = position++
      while (text.charCodeAt(position) !== quote && position < text.length) {
        position += text.charCodeAt(position) === backslash ? 2 : 1
      }
      position++
      const top = stack.at(-1)
      if (top?.keys && isKeyAt(text, position)) {
        const key = JSON.parse(text.slice(start, position)) as string
        pending = pathOf(key)
        visit(pending, top.keys.has(key))
        top.keys.add(key)
      }
      continue
    }
    const sign = text[position]
    if (sign === '{') stack.push({ at: place(), keys: new Set(), index: 0 })
    else if (sign === '[') stack.push({ at: place(), keys: undefined, index: 0 })
    else if (sign === '}' || sign === ']') stack.pop()
    else if (sign === ',') {
      const top = stack.at(-1)
      if (top && !top.keys) top.index++
    }
    position++
  }
}

function isKeyAt(text: string, from: number): boolean {
  let position = from
  while (' \n\r\t'.includes(text[position] ?? 'x')) position++
  return text[position] === ':'
}
