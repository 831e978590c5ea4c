// How much of a device's capacity one claim may ask for (pkg/apis/resource/validation).

import { field } from '../field-error.ts'
import type { CapacityRequestPolicy, CapacityRequestPolicyRange, DeviceCapacity } from '../generated/kinds.ts'
import {
  addQuantities,
  canonicalQuantity,
  compareQuantities,
  formatQuantity,
  parseQuantity,
  quantityValue,
} from '../quantity.ts'
import { validateItems } from './devices.ts'
import type { FieldErrors } from './fields.ts'

type Amount = string | number

const maxOptions = 10

function compare(left: Amount, right: Amount): number {
  return compareQuantities(parseQuantity(left), parseQuantity(right))
}

/** `isShared`: several claims may have a part of the device each. */
export function validateDeviceCapacity(
  errors: FieldErrors,
  path: string,
  { value, requestPolicy: policy }: DeviceCapacity,
  { isShared }: { isShared: boolean },
): void {
  if (policy == null) return
  const at = `${path}.requestPolicy`
  if (isShared) validatePolicy(errors, at, policy, value)
  else errors.push(field.forbidden(at, 'allowMultipleAllocations must be true'))
}

function validatePolicy(
  errors: FieldErrors,
  path: string,
  { default: preset, validValues, validRange }: CapacityRequestPolicy,
  capacity: Amount,
): void {
  const hasValues = (validValues ?? []).length > 0
  if (!hasValues && validRange == null) return
  const ruled = hasValues ? 'validValues' : 'validRange'
  if (hasValues && validRange != null) {
    const why = 'exactly one policy can be specified, cannot specify "validValues" and "validRange" at the same time'
    errors.push(field.forbidden(path, why))
  } else if (preset == null) errors.push(field.required(`${path}.default`, `required when ${ruled} is defined`))
  else if (validRange != null) validateRange(errors, `${path}.validRange`, validRange, { preset, capacity })
  else validateValues(errors, `${path}.validValues`, validValues ?? [], { preset, capacity })
}

interface Bounds {
  preset: Amount
  capacity: Amount
}

function validateValues(
  errors: FieldErrors,
  path: string,
  values: readonly Amount[],
  { preset, capacity }: Bounds,
): void {
  for (const [index, value] of values.entries()) {
    const next = values[index + 1]
    if (next === undefined || compare(value, next) <= 0) continue
    const why = 'values must be sorted in ascending order'
    errors.push(field.invalid(`${path}[${index + 1}]`, canonicalQuantity(next), why))
  }
  validateItems(errors, path, values, {
    max: maxOptions,
    key: (value) => String(quantityValue(value)),
    each: (at, value) => {
      const why = `option is larger than capacity value: ${canonicalQuantity(capacity)}`
      if (compare(value, capacity) > 0) errors.push(field.invalid(at, canonicalQuantity(value), why))
    },
  })
  if (values.length <= maxOptions && values.some((value) => compare(value, preset) === 0)) return
  const why = 'default value is not valid according to the requestPolicy'
  errors.push(field.invalid(path, canonicalQuantity(preset), why))
}

function validateRange(
  errors: FieldErrors,
  path: string,
  { min, max, step }: Partial<CapacityRequestPolicyRange>,
  { preset, capacity }: Bounds,
): void {
  if (min == null) {
    errors.push(field.required(`${path}.min`, 'required when validRange is defined'))
    return
  }
  const refuse = (name: string, value: Amount, why: string): void => {
    errors.push(field.invalid(`${path}.${name}`, canonicalQuantity(value), why))
  }
  const [least, whole] = [canonicalQuantity(min), canonicalQuantity(capacity)]
  if (compare(min, capacity) > 0) refuse('min', min, `min is larger than capacity value: ${whole}`)
  if (compare(preset, min) < 0) refuse('min', preset, `default is less than min: ${least}`)
  if (max != null) {
    const most = canonicalQuantity(max)
    if (compare(min, max) > 0) refuse('max', min, `min is larger than max: ${most}`)
    if (compare(max, capacity) > 0) refuse('max', max, `max is larger than capacity value: ${whole}`)
    if (compare(preset, max) > 0) refuse('max', preset, `default is more than max: ${most}`)
  }
  if (step == null) return
  const added = formatQuantity(addQuantities(parseQuantity(min), parseQuantity(step)))
  if (compare(added, capacity) > 0) refuse('step', step, `one step ${added} is larger than capacity value: ${whole}`)
  const why = `value is not a multiple of a given step (${canonicalQuantity(step)}) from (${least})`
  for (const value of max == null ? [preset] : [preset, max]) {
    if ((quantityValue(value) - quantityValue(min)) % quantityValue(step) !== 0) refuse('step', value, why)
  }
}
