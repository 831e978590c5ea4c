// OpenAPI v3 validation of custom resources with upstream's texts (kube-openapi pkg/validation, apiextensions-apiserver
// pkg/apiserver/validation): every error, each at its path.

import { type FieldError, deepEqual, field, parseTime } from '@binnacle/api'
import { RE2JS } from 're2js'
import { type Props, itemsOf, valuesOf } from './structural-schema.ts'

export function validateValue(props: Props, value: unknown, path: string): FieldError[] {
  if (value === undefined || (value === null && props.nullable === true)) return []
  const mistyped = typeError(props, value, path)
  if (mistyped !== undefined) return [mistyped]
  const errors: FieldError[] = []
  const refuse = (detail: string): number => errors.push(field.invalid(path, value, `${path} in body ${detail}`))
  if (
    props.enum !== undefined &&
    !props.enum.some((choice) => deepEqual(choice, value) && typeof choice === typeof value)
  ) {
    const choices = props.enum.map((choice) => (typeof choice === 'string' ? choice : JSON.stringify(choice)))
    errors.push({
      type: 'FieldValueNotSupported',
      field: path,
      badValue: value,
      detail: `supported values: ${choices.map((choice) => JSON.stringify(choice)).join(', ')}`,
    })
  }
  if (typeof value === 'number') validateNumber(props, value, refuse)
  else if (typeof value === 'string') errors.push(...validateText(props, value, path))
  else if (Array.isArray(value)) errors.push(...validateList(props, value, path))
  else if (typeof value === 'object' && value !== null)
    errors.push(...validateMap(props, value as Record<string, unknown>, path))
  errors.push(...validateCombinations(props, value, path))
  return errors
}

function typeName(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number'
  return typeof value
}

function typeError(props: Props, value: unknown, path: string): FieldError | undefined {
  const actual = typeName(value)
  if (props['x-kubernetes-int-or-string'] === true) {
    return actual === 'integer' || actual === 'string' ? undefined : typeInvalid(path, 'integer,string', actual)
  }
  const { type } = props
  if (type === undefined || type === '') return undefined
  if (type === actual || (type === 'number' && actual === 'integer')) return undefined
  return typeInvalid(path, type, actual)
}

function typeInvalid(path: string, wanted: string, actual: string): FieldError {
  const name = path === '' ? '<nil>' : path
  return field.typeInvalid(name, actual, `${path} in body must be of type ${wanted}: ${JSON.stringify(actual)}`)
}

function validateNumber(props: Props, value: number, refuse: (detail: string) => void): void {
  const { minimum, maximum, multipleOf, format } = props
  if (maximum !== undefined) {
    if (props.exclusiveMaximum === true && value >= maximum) refuse(`should be less than ${maximum}`)
    else if (value > maximum) refuse(`should be less than or equal to ${maximum}`)
  }
  if (minimum !== undefined) {
    if (props.exclusiveMinimum === true && value <= minimum) refuse(`should be greater than ${minimum}`)
    else if (value < minimum) refuse(`should be greater than or equal to ${minimum}`)
  }
  if (multipleOf !== undefined && multipleOf > 0 && !Number.isInteger(value / multipleOf))
    refuse(`should be a multiple of ${multipleOf}`)
  if (format === 'int32' && (value > 2 ** 31 - 1 || value < -(2 ** 31)))
    refuse(`must be of type int32: ${JSON.stringify(String(value))}`)
}

const formats: Readonly<Record<string, (text: string) => boolean>> = {
  'date-time': (text) => parseTime(text) !== undefined,
  date: (text) => /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text)),
  email: (text) => /^[^\s@<>]+@[^\s@<>]+$/.test(text),
  ipv4: (text) => /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}$/.test(text),
  uri: (text) => URL.canParse(text) || text.startsWith('/'),
  uuid: (text) => /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i.test(text),
  byte: (text) => /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text),
  duration: (text) => /^-?(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h|d|w))+$|^0$/.test(text),
}

function validateText(props: Props, value: string, path: string): FieldError[] {
  const errors: FieldError[] = []
  const length = props.maxLength === undefined && props.minLength === undefined ? 0 : Array.from(value).length
  if (props.maxLength !== undefined && length > props.maxLength) errors.push(field.tooLong(path, props.maxLength))
  if (props.minLength !== undefined && length < props.minLength) {
    errors.push(field.invalid(path, value, `${path} in body should be at least ${props.minLength} chars long`))
  }
  if (props.pattern !== undefined && !patternOf(props.pattern).test(value)) {
    errors.push(field.invalid(path, value, `${path} in body should match '${props.pattern}'`))
  }
  const isFormatted = props.format === undefined || (formats[props.format]?.(value) ?? true)
  if (!isFormatted)
    errors.push(
      field.typeInvalid(path, value, `${path} in body must be of type ${props.format}: ${JSON.stringify(value)}`),
    )
  return errors
}

const patterns = new Map<string, { test(text: string): boolean }>()

/** A linear-time engine: patterns come from whoever may make a definition, values from whoever may use it. */
function patternOf(pattern: string): { test(text: string): boolean } {
  let compiled = patterns.get(pattern)
  if (compiled === undefined) {
    const program = RE2JS.compile(pattern)
    compiled = { test: (text) => program.matcher(text).find() }
    patterns.set(pattern, compiled)
  }
  return compiled
}

function validateList(props: Props, value: readonly unknown[], path: string): FieldError[] {
  const errors: FieldError[] = []
  if (props.maxItems !== undefined && value.length > props.maxItems)
    errors.push(field.tooMany(path, value.length, props.maxItems))
  if (props.minItems !== undefined && value.length < props.minItems) {
    errors.push(field.invalid(path, value, `${path} in body should have at least ${props.minItems} items`))
  }
  errors.push(...duplicates(props, value, path))
  const items = itemsOf(props)
  if (items !== undefined)
    for (const [index, item] of value.entries()) errors.push(...validateValue(items, item, `${path}[${index}]`))
  return errors
}

/** apiextensions-apiserver pkg/apiserver/schema/listtype. */
function duplicates(props: Props, value: readonly unknown[], path: string): FieldError[] {
  const listType = props['x-kubernetes-list-type']
  if (listType !== 'set' && listType !== 'map') return []
  const keys = props['x-kubernetes-list-map-keys'] ?? []
  const seen = new Set<string>()
  return value.flatMap((item, index) => {
    const shown =
      listType === 'set'
        ? item
        : Object.fromEntries(keys.map((key) => [key, (item as Record<string, unknown> | null)?.[key]]))
    const identity = JSON.stringify(shown)
    if (seen.has(identity)) return [field.duplicate(`${path}[${index}]`, shown)]
    seen.add(identity)
    return []
  })
}

function validateMap(props: Props, value: Record<string, unknown>, path: string): FieldError[] {
  const errors: FieldError[] = []
  const child = (name: string): string => (path === '' ? name : `${path}.${name}`)
  const count = Object.keys(value).length
  if (props.maxProperties !== undefined && count > props.maxProperties)
    errors.push(field.tooMany(path, count, props.maxProperties))
  if (props.minProperties !== undefined && count < props.minProperties) {
    errors.push(field.invalid(path, value, `${path} in body should have at least ${props.minProperties} properties`))
  }
  for (const name of props.required ?? []) if (value[name] === undefined) errors.push(field.required(child(name), ''))
  const values = valuesOf(props)
  for (const [name, item] of Object.entries(value)) {
    const property = props.properties?.[name] ?? values
    if (property !== undefined) errors.push(...validateValue(property, item, child(name)))
  }
  if (props['x-kubernetes-embedded-resource'] === true) {
    for (const name of ['apiVersion', 'kind'])
      if (!value[name]) errors.push(field.required(child(name), 'must not be empty'))
  }
  return errors
}

function validateCombinations(props: Props, value: unknown, path: string): FieldError[] {
  const errors: FieldError[] = []
  const refuse = (detail: string): number =>
    errors.push(field.invalid(path, value, `${path === '' ? '""' : path} ${detail}`))
  const isValid = (alternative: Props): boolean => validateValue(alternative, value, path).length === 0
  for (const part of props.allOf ?? []) {
    const found = validateValue(part, value, path)
    if (found.length > 0) {
      errors.push(...found)
      refuse('must validate all the schemas (allOf)')
    }
  }
  if (props.anyOf !== undefined && props.anyOf.length > 0 && !props.anyOf.some(isValid))
    refuse('must validate at least one schema (anyOf)')
  if (props.oneOf !== undefined && props.oneOf.length > 0) {
    const valid = props.oneOf.filter(isValid).length
    if (valid !== 1)
      refuse(
        `must validate one and only one schema (oneOf). Found ${valid === 0 ? 'none valid' : `${valid} valid alternatives`}`,
      )
  }
  if (props.not !== undefined && isValid(props.not)) refuse('must not validate the schema (not)')
  return errors
}
