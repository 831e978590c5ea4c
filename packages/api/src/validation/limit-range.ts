// LimitRanges (pkg/apis/core/validation).

import { field } from '../field-error.ts'
import type { LimitRange, LimitRangeItem } from '../generated/kinds.ts'
import { isQualifiedName } from '../names.ts'
import { canonicalQuantity, compareQuantities, milliValue, parseQuantity } from '../quantity.ts'
import { isOvercommitAllowed, validateContainerResourceName, validateResourceName } from './container-resources.ts'
import { addInvalid, type FieldErrors } from './fields.ts'
import type { KindValidation } from './kind-validation.ts'

function validateLimitRange({ spec }: LimitRange, errors: FieldErrors): void {
  const types = new Set<string>()
  for (const [index, item] of (spec?.limits ?? []).entries()) {
    const path = `spec.limits[${index}]`
    addInvalid(errors, `${path}.type`, item.type, isQualifiedName(item.type ?? ''))
    if (types.has(item.type)) errors.push(field.duplicate(`${path}.type`, item.type))
    types.add(item.type)
    validateItem(errors, path, item)
  }
}

function validateItem(errors: FieldErrors, path: string, item: LimitRangeItem): void {
  const checkNames = (list: 'max' | 'min' | 'default' | 'defaultRequest' | 'maxLimitRequestRatio'): void => {
    const isOfPods = item.type === 'Pod' || item.type === 'Container'
    const check = isOfPods ? validateContainerResourceName : validateResourceName
    for (const resource in item[list]) check(errors, `${path}.${list}[${resource}]`, resource)
  }
  checkNames('max')
  checkNames('min')
  for (const list of ['default', 'defaultRequest'] as const) {
    if (item.type !== 'Pod') checkNames(list)
    else if (Object.keys(item[list] ?? {}).length > 0) {
      errors.push(field.forbidden(`${path}.${list}`, "may not be specified when `type` is 'Pod'"))
    }
  }
  const hasStorage = item.min?.['storage'] != null || item.max?.['storage'] != null
  if (item.type === 'PersistentVolumeClaim' && !hasStorage) {
    const why = 'either minimum or maximum storage value is required, but neither was provided'
    errors.push(field.required(`${path}.limits`, why))
  }
  checkNames('maxLimitRequestRatio')
  const defaults = item.type === 'Pod' ? {} : { ...item.default, ...item.defaultRequest }
  const resources = Object.keys({ ...item.max, ...item.min, ...defaults, ...item.maxLimitRequestRatio })
  for (const resource of resources) {
    validateOrder(errors, path, item, resource)
    validateRatio(errors, path, item, resource)
    validateDefaults(errors, path, item, resource)
  }
}

type LimitName = 'min' | 'max' | 'default' | 'defaultRequest'

/** Each pair: the lower, the higher, where the error stands, and how both are called in it. */
const limitOrders: readonly {
  low: LimitName
  high: LimitName
  at: LimitName
  shown: LimitName
  names: [string, string]
}[] = [
  { low: 'min', high: 'max', at: 'min', shown: 'min', names: ['min', 'max'] },
  {
    low: 'min',
    high: 'defaultRequest',
    at: 'defaultRequest',
    shown: 'defaultRequest',
    names: ['min', 'default request'],
  },
  {
    low: 'defaultRequest',
    high: 'max',
    at: 'defaultRequest',
    shown: 'defaultRequest',
    names: ['default request', 'max'],
  },
  {
    low: 'defaultRequest',
    high: 'default',
    at: 'defaultRequest',
    shown: 'defaultRequest',
    names: ['default request', 'default limit'],
  },
  { low: 'min', high: 'default', at: 'default', shown: 'min', names: ['min', 'default'] },
  { low: 'default', high: 'max', at: 'default', shown: 'max', names: ['default', 'max'] },
]

function validateOrder(errors: FieldErrors, path: string, item: LimitRangeItem, resource: string): void {
  for (const { low, high, at, shown, names } of limitOrders) {
    const lower = item[low]?.[resource]
    const higher = item[high]?.[resource]
    if (lower == null || higher == null) continue
    if (compareQuantities(parseQuantity(lower), parseQuantity(higher)) <= 0) continue
    const why = `${names[0]} value ${lower} is greater than ${names[1]} value ${higher}`
    errors.push(field.invalid(`${path}.${at}[${resource}]`, item[shown]?.[resource], why))
  }
}

const one = parseQuantity('1')

function validateRatio(errors: FieldErrors, path: string, item: LimitRangeItem, resource: string): void {
  const value = item.maxLimitRequestRatio?.[resource]
  if (value === undefined) return
  const at = `${path}.maxLimitRequestRatio[${resource}]`
  const shown = canonicalQuantity(value)
  if (compareQuantities(parseQuantity(value), one) < 0) {
    errors.push(field.invalid(at, shown, `ratio ${shown} is less than 1`))
  }
  const [min, max] = [item.min?.[resource], item.max?.[resource]]
  if (min === undefined || max === undefined) return
  const limit = milliValue(max) / milliValue(min)
  if (milliValue(value) / 1000 <= limit) return
  errors.push(field.invalid(at, shown, `ratio ${shown} is greater than max/min = ${limit.toFixed(6)}`))
}

/** What cannot be overcommitted has one default. */
function validateDefaults(errors: FieldErrors, path: string, item: LimitRangeItem, resource: string): void {
  const [limit, request] = [item.default?.[resource], item.defaultRequest?.[resource]]
  if (limit === undefined || request === undefined || isOvercommitAllowed(resource)) return
  if (compareQuantities(parseQuantity(limit), parseQuantity(request)) === 0) return
  const why = `default value ${limit} must equal to defaultRequest value ${request} in ${resource}`
  errors.push(field.invalid(`${path}.defaultRequest[${resource}]`, request, why))
}

export const limitRangeValidation: KindValidation = { create: validateLimitRange }
