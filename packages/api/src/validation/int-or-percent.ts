// Counts that may be percentages (pkg/apis/apps/validation).

import { field } from '../field-error.ts'
import { isPercent, type IntOrString } from '../int-or-string.ts'
import { isPercentText } from '../names.ts'
import { addInvalid, validateNonNegative, type FieldErrors } from './fields.ts'

/** A count or percentage that is not negative (ValidatePositiveIntOrPercent). */
export function validateCountOrPercent(errors: FieldErrors, path: string, value: IntOrString): void {
  if (typeof value === 'number') validateNonNegative(errors, path, value)
  else addInvalid(errors, path, value, isPercentText(value))
}

export function validateAtMost100Percent(errors: FieldErrors, path: string, value: IntOrString): void {
  if (isPercent(value) && Number(value.slice(0, -1)) > 100) {
    errors.push(field.invalid(path, value, 'must not be greater than 100%'))
  }
}

/** The number without its sign of percentage; 0 for a text that has no number (getIntOrPercentValue). */
export function countOrPercent(value: IntOrString): number {
  if (typeof value === 'number') return value
  if (isPercent(value)) return Number(value.slice(0, -1))
  return /^[+-]?\d+$/.test(value) ? Number(value) : 0
}
