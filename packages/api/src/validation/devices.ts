// What the kinds of resource.k8s.io share (pkg/apis/resource/validation): names, CEL selectors, configurations, taints.

import { field } from '../field-error.ts'
import type { DeviceSelector, DeviceTaint, DeviceToleration, OpaqueDeviceConfiguration } from '../generated/kinds.ts'
import { isCIdentifier, isDns1123Label, isDns1123Subdomain, isLabelValue, isQualifiedName } from '../names.ts'
import type { CelVariables, CompileExpression } from './expressions.ts'
import { addInvalid, requireValid, type FieldErrors } from './fields.ts'
import { utf8Length } from './metadata.ts'
import { validateDriverName } from './volume-sources.ts'

export interface ListRules<T> {
  /** Absent: any number. */
  max?: number
  /** What no two items may have in common; absent: they may be alike. */
  key?: (item: T) => unknown
}

/** Each item, unless there are too many of them; then items that are there twice. */
export function validateItems<T>(
  errors: FieldErrors,
  path: string,
  items: readonly T[] | null | undefined,
  { max, key, each }: ListRules<T> & { each: (path: string, item: T) => void },
): void {
  const all = items ?? []
  if (max !== undefined && all.length > max) {
    errors.push(field.tooMany(path, all.length, max))
    return
  }
  for (const [index, item] of all.entries()) each(`${path}[${index}]`, item)
  if (key === undefined) return
  const seen = new Set<string>()
  for (const [index, item] of all.entries()) {
    const text = JSON.stringify(key(item))
    if (seen.has(text)) errors.push(field.duplicate(`${path}[${index}]`, key(item)))
    seen.add(text)
  }
}

export function validateLabelName(errors: FieldErrors, path: string, name: string): void {
  addInvalid(errors, path, name, isDns1123Label(name))
}

export function validateClassName(errors: FieldErrors, path: string, name: string | undefined): void {
  requireValid(errors, path, name, isDns1123Subdomain)
}

const maxPoolName = 253

/** DNS subdomains, separated by slashes. */
export function validatePoolName(errors: FieldErrors, path: string, name: string | undefined): void {
  if (!name) {
    errors.push(field.required(path, ''))
    return
  }
  if (name.length > maxPoolName) errors.push(field.tooLong(path, maxPoolName))
  for (const part of name.split('/')) addInvalid(errors, path, part, isDns1123Subdomain(part))
}

const maxIdentifier = 32

function validateIdentifier(errors: FieldErrors, path: string, name: string): void {
  if (name.length > maxIdentifier) errors.push(field.tooLong(path, maxIdentifier))
  addInvalid(errors, path, name, isCIdentifier(name))
}

/** A C identifier, perhaps after a domain and a slash; names with more slashes are not looked at, as upstream. */
export function validateDeviceQualifiedName(errors: FieldErrors, path: string, name: string): void {
  const [first = '', second, ...others] = name.split('/')
  if (others.length > 0) return
  if (second === undefined) {
    validateIdentifier(errors, path, first)
    return
  }
  if (first === '') errors.push(field.invalid(path, '', 'the domain must not be empty'))
  else validateDriverName(errors, path, first)
  if (second === '') errors.push(field.invalid(path, '', 'the name must not be empty'))
  else validateIdentifier(errors, path, second)
}

export function validateFullyQualifiedName(errors: FieldErrors, path: string, name: string): void {
  validateDeviceQualifiedName(errors, path, name)
  if (name.includes('/')) return
  errors.push(field.invalid(path, name, 'a fully qualified name must be a domain and a name separated by a slash'))
}

/** Upstream: k8s.io/dynamic-resource-allocation cel/compile.go. */
const deviceVariables: CelVariables = {
  device: {
    fields: { allowMultipleAllocations: 'bool', attributes: undefined, capacity: undefined, driver: 'string' },
  },
}
/** An attribute may turn out to be of any type. */
const selectorTypes: ReadonlySet<string> = new Set(['bool', 'dyn'])
const maxSelectors = 32
const maxExpressionBytes = 10 * 1024

export function validateSelectors(
  errors: FieldErrors,
  path: string,
  selectors: readonly DeviceSelector[] | null | undefined,
  compile: CompileExpression,
): void {
  const each = (at: string, { cel }: DeviceSelector): void => {
    if (cel == null) errors.push(field.required(`${at}.cel`, ''))
    else validateSelectorExpression(errors, `${at}.cel.expression`, cel.expression ?? '', compile)
  }
  validateItems(errors, path, selectors, { max: maxSelectors, each })
}

function validateSelectorExpression(
  errors: FieldErrors,
  path: string,
  expression: string,
  compile: CompileExpression,
): void {
  if (utf8Length(expression) > maxExpressionBytes) {
    errors.push(field.tooLong(path, maxExpressionBytes))
    return
  }
  const { problem, type } = compile(expression, deviceVariables)
  if (problem !== undefined) errors.push(field.invalid(path, expression, `compilation failed: ${problem}`))
  else if (typeof type === 'string' && !selectorTypes.has(type)) {
    errors.push(field.invalid(path, expression, `must evaluate to bool or the unknown type, not ${type}`))
  }
}

const maxParameterBytes = 10 * 1024

export function validateConfiguration(
  errors: FieldErrors,
  path: string,
  { opaque }: { opaque?: OpaqueDeviceConfiguration | null | undefined },
): void {
  if (opaque == null) {
    errors.push(field.required(`${path}.opaque`, ''))
    return
  }
  validateDriverName(errors, `${path}.opaque.driver`, opaque.driver)
  validateRawObject(errors, `${path}.opaque.parameters`, opaque.parameters)
}

/** An object of anybody's fields, whose content is not shown. */
export function validateRawObject(errors: FieldErrors, path: string, value: unknown): void {
  if (value == null) errors.push(field.required(path, ''))
  else if (utf8Length(JSON.stringify(value)) > maxParameterBytes) errors.push(field.tooLong(path, maxParameterBytes))
  else if (typeof value !== 'object' || Array.isArray(value)) {
    errors.push(field.invalid(path, '<value omitted>', 'must be a valid JSON object'))
  }
}

const taintEffects = ['NoExecute', 'NoSchedule', 'None']

export function validateTaint(
  errors: FieldErrors,
  path: string,
  { key = '', value = '', effect }: Partial<DeviceTaint>,
): void {
  addInvalid(errors, `${path}.key`, key, isQualifiedName(key))
  addInvalid(errors, `${path}.value`, value, isLabelValue(value))
  if (!effect) errors.push(field.required(`${path}.effect`, ''))
  else if (!taintEffects.includes(effect)) errors.push(field.notSupported(`${path}.effect`, effect, taintEffects))
}

export function validateToleration(errors: FieldErrors, path: string, toleration: DeviceToleration): void {
  const { key = '', operator, value = '', effect } = toleration
  if (key !== '') addInvalid(errors, `${path}.key`, key, isQualifiedName(key))
  const operators = ['Equal', 'Exists']
  if (operator === 'Exists') {
    if (value !== '') errors.push(field.invalid(`${path}.value`, value, 'must be empty for operator `Exists`'))
  } else if (operator === 'Equal') addInvalid(errors, `${path}.value`, value, isLabelValue(value))
  else if (!operator) errors.push(field.required(`${path}.operator`, ''))
  else errors.push(field.notSupported(`${path}.operator`, operator, operators))
  if (effect && !taintEffects.includes(effect)) {
    errors.push(field.notSupported(`${path}.effect`, effect, taintEffects))
  }
}

export interface BindingConditions {
  bindingConditions?: readonly string[] | null | undefined
  bindingFailureConditions?: readonly string[] | null | undefined
}

const maxBindingConditions = 4

/** Conditions of both sorts or none, no condition twice. */
export function validateBindingConditions(errors: FieldErrors, path: string, conditions: BindingConditions): void {
  const good = conditions.bindingConditions ?? []
  const bad = conditions.bindingFailureConditions ?? []
  const [goodPath, badPath] = [`${path}.bindingConditions`, `${path}.bindingFailureConditions`]
  const each = (at: string, name: string): void => addInvalid(errors, at, name, isQualifiedName(name))
  validateItems(errors, goodPath, good, { max: maxBindingConditions, each })
  validateItems(errors, badPath, bad, { max: maxBindingConditions, each })
  for (const [index, name] of good.entries()) {
    if (good.indexOf(name) < index) errors.push(field.duplicate(`${goodPath}[${index}]`, name))
  }
  for (const [index, name] of bad.entries()) {
    const at = `${badPath}[${index}]`
    if (bad.indexOf(name) < index) errors.push(field.duplicate(at, name))
    if (good.includes(name)) {
      errors.push(field.invalid(at, name, 'bindingFailureConditions must not overlap with bindingConditions'))
    }
  }
  if (good.length === 0 && bad.length > 0) {
    const shown = conditions.bindingConditions ?? null
    errors.push(field.invalid(goodPath, shown, 'bindingConditions are required to use bindingFailureConditions'))
  }
  if (bad.length === 0 && good.length > 0) {
    const shown = conditions.bindingFailureConditions ?? null
    errors.push(field.invalid(badPath, shown, 'bindingFailureConditions are required to use bindingConditions'))
  }
}
