// x-kubernetes-validations: the CEL rules of a structural schema, run on the values that it describes. Integers reach CEL
// as BigInt where the schema says integer. Upstream: apiextensions-apiserver pkg/apiserver/schema/cel.

import { type FieldError, field } from '@binnacle/api'
import { type Props, type ValidationRule, itemsOf, propertyOf, valuesOf } from '../custom/structural-schema.ts'
import { type Program, compile } from './environment.ts'

const programs = new Map<string, Program>()

/** A program is kept for as long as the process lives; there are as many as rules in definitions. */
function programOf(expression: string): Program {
  let program = programs.get(expression)
  if (program === undefined) {
    program = compile(expression)
    programs.set(expression, program)
  }
  return program
}

/** What is wrong with the expression; undefined where it compiles. */
export function compileRule(expression: string): string | undefined {
  try {
    programOf(expression)
    return undefined
  } catch (error) {
    return `ERROR: <input>:1:1: ${textOf(error)}`
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** All rules of the object and of what is in it; `old` makes transition rules run. */
export function validateRules(props: Props, object: unknown, old?: unknown): FieldError[] {
  return rulesOf(props, object, { old, path: '' })
}

const known = new WeakMap<Props, boolean>()

function hasRules(props: Props): boolean {
  let has = known.get(props)
  if (has === undefined) {
    const children = [...Object.values(props.properties ?? {}), itemsOf(props), valuesOf(props)]
    has =
      (props['x-kubernetes-validations']?.length ?? 0) > 0 ||
      children.some((child) => child !== undefined && hasRules(child))
    known.set(props, has)
  }
  return has
}

interface Place {
  /** Undefined where there was no such value before. */
  old: unknown
  path: string
}

function rulesOf(props: Props, value: unknown, { old, path }: Place): FieldError[] {
  if (value === undefined || value === null || !hasRules(props)) return []
  const errors: FieldError[] = []
  for (const rule of props['x-kubernetes-validations'] ?? []) {
    const error = runRule(rule, props, { value, old, path })
    if (error !== undefined) errors.push(error)
  }
  if (Array.isArray(value)) {
    const items = itemsOf(props)
    if (items === undefined) return errors
    for (const [index, item] of value.entries()) {
      errors.push(...rulesOf(items, item, { old: oldItem(props, item, old), path: `${path}[${index}]` }))
    }
  } else if (typeof value === 'object') {
    const values = valuesOf(props)
    for (const [name, member] of Object.entries(value)) {
      const child = propertyOf(props, name) ?? values
      if (child === undefined) continue
      const before = typeof old === 'object' && old !== null ? (old as Record<string, unknown>)[name] : undefined
      errors.push(...rulesOf(child, member, { old: before, path: path === '' ? name : `${path}.${name}` }))
    }
  }
  return errors
}

/** Items of a list that is a map are compared by key; those of other lists have no past. */
function oldItem(props: Props, item: unknown, old: unknown): unknown {
  if (props['x-kubernetes-list-type'] !== 'map' || !Array.isArray(old)) return undefined
  const keys = props['x-kubernetes-list-map-keys'] ?? []
  const read = (value: unknown, key: string): unknown => (value as Record<string, unknown> | null)?.[key]
  return old.find((candidate) => keys.every((key) => read(candidate, key) === read(item, key)))
}

function runRule(rule: ValidationRule, props: Props, place: Place & { value: unknown }): FieldError | undefined {
  const { value, old, path } = place
  const isTransition = /\boldSelf\b/.test(rule.rule)
  if (isTransition && old === undefined) return undefined
  const context = { self: celValue(props, value), ...(isTransition ? { oldSelf: celValue(props, old) } : {}) }
  const where = `${path}${rule.fieldPath ?? ''}`.replace(/^\./, '')
  try {
    if (programOf(rule.rule)(context) === true) return undefined
  } catch (error) {
    return field.invalid(where, shown(value), `rule: ${rule.rule}: evaluation error: ${textOf(error)}`)
  }
  const detail = messageOf(rule, context)
  switch (rule.reason) {
    case 'FieldValueForbidden':
      return field.forbidden(where, detail)
    case 'FieldValueRequired':
      return field.required(where, detail)
    case 'FieldValueDuplicate':
      return { ...field.duplicate(where, shown(value)), detail }
    default:
      return field.invalid(where, shown(value), detail)
  }
}

function messageOf(rule: ValidationRule, context: Record<string, unknown>): string {
  const given = rule.message?.trim() ?? ''
  const fallback = given === '' ? `failed rule: ${rule.rule.trim().replaceAll(/\s+/g, ' ')}` : given
  if (rule.messageExpression === undefined) return fallback
  try {
    const text = programOf(rule.messageExpression)(context)
    return typeof text === 'string' && text.trim() !== '' && !text.includes('\n') ? text : fallback
  } catch {
    // As upstream: a message that cannot be made never hides the rule's failure.
    return fallback
  }
}

/** As upstream shows it: objects and lists by their type name only. */
function shown(value: unknown): unknown {
  if (Array.isArray(value)) return 'array'
  return typeof value === 'object' && value !== null ? 'object' : value
}

function celValue(props: Props | undefined, value: unknown): unknown {
  if (typeof value === 'number') return props?.type === 'number' || !Number.isInteger(value) ? value : BigInt(value)
  if (Array.isArray(value)) {
    const items = props === undefined ? undefined : itemsOf(props)
    return value.map((item) => celValue(items, item))
  }
  if (typeof value !== 'object' || value === null) return value
  const values = props === undefined ? undefined : valuesOf(props)
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, celValue(propertyOf(props, name) ?? values, member)]),
  )
}
