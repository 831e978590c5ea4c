// x-kubernetes-validations: the CEL rules of a structural schema, run on the values that it describes. Integers reach CEL
// as BigInt where the schema says integer. Upstream: apiextensions-apiserver pkg/apiserver/schema/cel.

import { type FieldError, field } from '@binnacle/api'
import { type Props, type ValidationRule, itemsOf, propertyOf, valuesOf } from '../custom/structural-schema.ts'
import { compile, totalLimit } from './environment.ts'
import { checkFields } from './field-check.ts'
import { parseDuration, parseTimestamp } from './time-library.ts'
import { Budget, CostExceeded, Optional } from './values.ts'

const variables = ['self', 'oldSelf']

/** What is wrong with the expression; undefined where it compiles. `isRoot`: a rule of the whole object. */
export function compileRule(expression: string, props: Props, isRoot: boolean): string | undefined {
  try {
    compile(expression, variables)
    checkFields(expression, props, isRoot, escaped)
    return undefined
  } catch (error) {
    return textOf(error)
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** All rules of the object and of what is in it; `old` makes transition rules run. */
export function validateRules(props: Props, object: unknown, old?: unknown): FieldError[] {
  return rulesOf(props, object, { old, path: '', budget: new Budget(totalLimit) })
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
  /** Shared by all rules of the object. */
  budget: Budget
}

function rulesOf(props: Props, value: unknown, { old, path, budget }: Place): FieldError[] {
  if (value === undefined || value === null || !hasRules(props)) return []
  const errors: FieldError[] = []
  for (const rule of props['x-kubernetes-validations'] ?? []) {
    const error = runRule(rule, props, { value, old, path, budget })
    if (error !== undefined) errors.push(error)
  }
  if (Array.isArray(value)) {
    const items = itemsOf(props)
    if (items === undefined) return errors
    for (const [index, item] of value.entries()) {
      errors.push(...rulesOf(items, item, { old: oldItem(props, item, old), path: `${path}[${index}]`, budget }))
    }
  } else if (typeof value === 'object') {
    const values = valuesOf(props)
    for (const [name, member] of Object.entries(value)) {
      const child = propertyOf(props, name) ?? values
      if (child === undefined) continue
      const before = typeof old === 'object' && old !== null ? (old as Record<string, unknown>)[name] : undefined
      errors.push(...rulesOf(child, member, { old: before, path: path === '' ? name : `${path}.${name}`, budget }))
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
  const { value, old, path, budget } = place
  const isTransition = /\boldSelf\b/.test(rule.rule)
  if (isTransition && old === undefined && rule.optionalOldSelf !== true) return undefined
  const context = { self: celValue(props, value), ...(isTransition ? { oldSelf: oldValue(rule, props, old) } : {}) }
  const where = `${path}${rule.fieldPath ?? ''}`.replace(/^\./, '')
  try {
    if (compile(rule.rule, variables)(context, budget) === true) return undefined
  } catch (error) {
    const why =
      error instanceof CostExceeded
        ? 'no further validation rules will be run due to call cost exceeds limit for rule'
        : 'evaluation error'
    return field.invalid(where, shown(value), `${why}: ${rule.rule}: ${textOf(error)}`)
  }
  const detail = messageOf(rule, context, budget)
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

function oldValue(rule: ValidationRule, props: Props, old: unknown): unknown {
  if (rule.optionalOldSelf !== true) return celValue(props, old)
  return old === undefined ? Optional.none : new Optional(celValue(props, old))
}

function messageOf(rule: ValidationRule, context: Record<string, unknown>, budget: Budget): string {
  const given = rule.message?.trim() ?? ''
  const fallback = given === '' ? `failed rule: ${rule.rule.trim().replaceAll(/\s+/g, ' ')}` : given
  if (rule.messageExpression === undefined) return fallback
  try {
    const text = compile(rule.messageExpression, variables)(context, budget)
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

/** Names that CEL keeps for itself. Upstream: k8s.io/apiserver pkg/cel/escaping.go. */
const reserved: ReadonlySet<string> = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(
    ' ',
  ),
)
const escapes: Readonly<Record<string, string>> = {
  __: '__underscores__',
  '.': '__dot__',
  '-': '__dash__',
  '/': '__slash__',
}

/** A property's name as an expression writes it. */
function escaped(name: string): string {
  if (reserved.has(name)) return `__${name}__`
  return name.replaceAll(/__|[-./]/g, (part) => escapes[part] ?? part)
}

function celValue(props: Props | undefined, value: unknown): unknown {
  if (typeof value === 'number') return props?.type === 'number' || !Number.isInteger(value) ? value : BigInt(value)
  if (typeof value === 'string') return celText(props, value)
  if (Array.isArray(value)) {
    const items = props === undefined ? undefined : itemsOf(props)
    return value.map((item) => celValue(items, item))
  }
  if (typeof value !== 'object' || value === null) return value
  const values = props === undefined ? undefined : valuesOf(props)
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => {
      const property = propertyOf(props, name)
      return property === undefined ? [name, celValue(values, member)] : [escaped(name), celValue(property, member)]
    }),
  )
}

function celText(props: Props | undefined, text: string): unknown {
  switch (props?.type === 'string' ? props.format : undefined) {
    case 'date-time':
      return parseTimestamp(text) ?? text
    case 'date':
      return parseTimestamp(`${text}T00:00:00Z`) ?? text
    case 'duration':
      return parseDuration(text) ?? text
    case 'byte':
      return new Uint8Array(Buffer.from(text, 'base64'))
    default:
      return text
  }
}
