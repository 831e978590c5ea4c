// metav1.Condition (apimachinery pkg/apis/meta/v1/validation).

import { field } from '../field-error.ts'
import { isQualifiedName, regexError } from '../names.ts'
import { addInvalid, type FieldErrors } from './fields.ts'
import { utf8Length } from './metadata.ts'

interface Condition {
  type?: string
  status?: string
  observedGeneration?: number | undefined
  lastTransitionTime?: string | null | undefined
  reason?: string | undefined
  message?: string | undefined
}

const statuses = ['False', 'True', 'Unknown']
const maxReasonBytes = 1024
const maxMessageBytes = 32 * 1024
const reason = '[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?'
const reasonPattern = new RegExp(`^${reason}$`)
const reasonProblem = regexError(
  "a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric characters or '_,:', and must end with an alphanumeric character or '_'",
  reason,
  'my_name',
  'MY_NAME',
  'MyName',
  'ReasonA,ReasonB',
  'ReasonA:ReasonB',
)

export function validateConditions(
  errors: FieldErrors,
  path: string,
  conditions: readonly Condition[] | null | undefined,
): void {
  const seen = new Set<string>()
  for (const [index, condition] of (conditions ?? []).entries()) {
    const at = `${path}[${index}]`
    const type = condition.type ?? ''
    if (seen.has(type)) errors.push(field.duplicate(`${at}.type`, type))
    seen.add(type)
    validateCondition(errors, at, condition)
  }
}

export function validateCondition(errors: FieldErrors, path: string, condition: Condition): void {
  const { type = '', status = '', observedGeneration = 0, reason: why = '', message = '' } = condition
  addInvalid(errors, `${path}.type`, type, isQualifiedName(type))
  if (!statuses.includes(status)) errors.push(field.notSupported(`${path}.status`, status, statuses))
  if (observedGeneration < 0) {
    errors.push(
      field.invalid(`${path}.observedGeneration`, observedGeneration, 'must be greater than or equal to zero'),
    )
  }
  if (!condition.lastTransitionTime) errors.push(field.required(`${path}.lastTransitionTime`, ''))
  if (why === '') errors.push(field.required(`${path}.reason`, ''))
  else {
    if (!reasonPattern.test(why)) errors.push(field.invalid(`${path}.reason`, why, reasonProblem))
    if (utf8Length(why) > maxReasonBytes) errors.push(field.tooLong(`${path}.reason`, maxReasonBytes))
  }
  if (utf8Length(message) > maxMessageBytes) errors.push(field.tooLong(`${path}.message`, maxMessageBytes))
}
