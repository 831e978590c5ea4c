// Checks a value against its schema, with the paths and words of the API server (kube-openapi validation).

import { type FieldError, deepEqual, field } from '@binnacle/api'
import type { AnySchema } from '@binnacle/model'
import { isRecord } from '../schemas.ts'
import { brokenRules } from './rules.ts'

/** Every error, each at its path; items of lists are named by their index, as the server does. */
export function schemaErrors(schema: AnySchema, value: unknown, path: string): FieldError[] {
  if (value === undefined) return []
  const mistyped = typeError(schema, value, path)
  if (mistyped !== undefined) return [mistyped]
  const errors: FieldError[] = []
  if (schema.enum !== undefined && !schema.enum.some((choice) => deepEqual(choice, value)))
    errors.push(field.notSupported(path, value, schema.enum.map(String)))
  if (typeof value === 'number') errors.push(...numberErrors(schema, value, path))
  if (typeof value === 'string') errors.push(...textErrors(schema, value, path))
  if (Array.isArray(value)) errors.push(...listErrors(schema, value, path))
  else if (isRecord(value)) errors.push(...memberErrors(schema, value, path))
  // As the server: rules are for values whose form is right.
  return errors.length > 0 ? errors : brokenRules(schema, value, path)
}

function typeName(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number'
  return typeof value
}

function typeError(schema: AnySchema, value: unknown, path: string): FieldError | undefined {
  const actual = typeName(value)
  const wanted = schema['x-kubernetes-int-or-string'] === true ? 'integer,string' : schema.type
  if (wanted === undefined || wanted.split(',').includes(actual)) return undefined
  if (wanted === 'number' && actual === 'integer') return undefined
  return field.typeInvalid(path, actual, `${path} in body must be of type ${wanted}: ${JSON.stringify(actual)}`)
}

function numberErrors({ minimum, maximum, format }: AnySchema, value: number, path: string): FieldError[] {
  const refused = (detail: string): FieldError => field.invalid(path, value, `${path} in body ${detail}`)
  return [
    ...(maximum !== undefined && value > maximum ? [refused(`should be less than or equal to ${maximum}`)] : []),
    ...(minimum !== undefined && value < minimum ? [refused(`should be greater than or equal to ${minimum}`)] : []),
    ...(format === 'int32' && Math.abs(value) >= 2 ** 31
      ? [refused(`must be of type int32: ${JSON.stringify(String(value))}`)]
      : []),
  ]
}

function textErrors({ minLength, maxLength, pattern }: AnySchema, value: string, path: string): FieldError[] {
  const length = Array.from(value).length
  const refused = (detail: string): FieldError => field.invalid(path, value, `${path} in body ${detail}`)
  return [
    ...(maxLength !== undefined && length > maxLength ? [field.tooLong(path, maxLength)] : []),
    ...(minLength !== undefined && length < minLength ? [refused(`should be at least ${minLength} chars long`)] : []),
    ...(pattern !== undefined && patternOf(pattern)?.test(value) === false
      ? [refused(`should match '${pattern}'`)]
      : []),
  ]
}

const patterns = new Map<string, RegExp | undefined>()

/** Undefined for a pattern that only the server's engine (RE2) understands: the server will say. */
function patternOf(pattern: string): RegExp | undefined {
  if (!patterns.has(pattern)) patterns.set(pattern, compiled(pattern))
  return patterns.get(pattern)
}

function compiled(pattern: string): RegExp | undefined {
  try {
    return new RegExp(pattern, 'u')
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

function listErrors(schema: AnySchema, list: readonly unknown[], path: string): FieldError[] {
  const { items, maxItems, minItems } = schema
  return [
    ...(maxItems !== undefined && list.length > maxItems ? [field.tooMany(path, list.length, maxItems)] : []),
    ...(minItems !== undefined && list.length < minItems
      ? [field.invalid(path, list, `${path} in body should have at least ${minItems} items`)]
      : []),
    ...repeatedItems(schema, list, path),
    ...(items === undefined ? [] : list.flatMap((item, index) => schemaErrors(items, item, `${path}[${index}]`))),
  ]
}

function repeatedItems(schema: AnySchema, list: readonly unknown[], path: string): FieldError[] {
  const type = schema['x-kubernetes-list-type']
  if (type !== 'set' && type !== 'map') return []
  const keys = schema['x-kubernetes-list-map-keys'] ?? []
  const seen = new Set<string>()
  return list.flatMap((item, index) => {
    const shown =
      type === 'set' || !isRecord(item) ? item : Object.fromEntries(keys.map((key) => [key, item[key]] as const))
    const identity = JSON.stringify(shown)
    if (seen.has(identity)) return [field.duplicate(`${path}[${index}]`, shown)]
    seen.add(identity)
    return []
  })
}

function memberErrors(schema: AnySchema, object: Readonly<Record<string, unknown>>, path: string): FieldError[] {
  const at = (name: string): string => (path === '' ? name : `${path}.${name}`)
  const errors = (schema.required ?? [])
    .filter((name) => object[name] === undefined)
    .map((name) => field.required(at(name), ''))
  for (const [name, value] of Object.entries(object)) {
    const member = schema.properties?.[name] ?? schema.additionalProperties
    if (member !== undefined) errors.push(...schemaErrors(member, value, at(name)))
    // Under strict field validation, which the Canvas asks for, the server refuses what it does not know.
    else if (schema.properties !== undefined && schema['x-kubernetes-preserve-unknown-fields'] !== true)
      errors.push(field.forbidden(at(name), 'unknown field: it would not be kept'))
  }
  return errors
}
