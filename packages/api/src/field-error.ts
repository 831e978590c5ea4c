// What validation returns: every error with its path, bad value and detail (k8s.io/apimachinery field.ErrorList), and
// the one place that turns such a list into the 422 Status that clients see.

import { failure, type GroupResource, type StatusCause, type StatusError } from './errors.ts'

export type FieldErrorType =
  | 'FieldValueNotFound'
  | 'FieldValueRequired'
  | 'FieldValueDuplicate'
  | 'FieldValueInvalid'
  | 'FieldValueNotSupported'
  | 'FieldValueForbidden'
  | 'FieldValueTooLong'
  | 'FieldValueTooMany'
  | 'InternalError'
  | 'FieldValueTypeInvalid'

export interface FieldError {
  type: FieldErrorType
  /** As upstream prints it: `spec.containers[0].name`, `metadata.labels[a/b]`, `spec.ports[0].name`. */
  field: string
  /** Shown for the types that show values; a Secret's content is never passed here. */
  badValue?: unknown
  detail: string
  /** The value is not shown (field.OmitValueType). */
  omitsValue?: true
}

const labelByType: Record<FieldErrorType, string> = {
  FieldValueNotFound: 'Not found',
  FieldValueRequired: 'Required value',
  FieldValueDuplicate: 'Duplicate value',
  FieldValueInvalid: 'Invalid value',
  FieldValueNotSupported: 'Unsupported value',
  FieldValueForbidden: 'Forbidden',
  FieldValueTooLong: 'Too long',
  FieldValueTooMany: 'Too many',
  InternalError: 'Internal error',
  FieldValueTypeInvalid: 'Invalid value',
}

const typesWithoutValue: ReadonlySet<FieldErrorType> = new Set([
  'FieldValueRequired',
  'FieldValueForbidden',
  'FieldValueTooLong',
  'InternalError',
])

export const field = {
  notFound: (path: string, badValue: unknown): FieldError => ({
    type: 'FieldValueNotFound',
    field: path,
    badValue,
    detail: '',
  }),
  required: (path: string, detail: string): FieldError => ({
    type: 'FieldValueRequired',
    field: path,
    badValue: '',
    detail,
  }),
  duplicate: (path: string, badValue: unknown): FieldError => ({
    type: 'FieldValueDuplicate',
    field: path,
    badValue,
    detail: '',
  }),
  invalid: (path: string, badValue: unknown, detail: string): FieldError => ({
    type: 'FieldValueInvalid',
    field: path,
    badValue,
    detail,
  }),
  /** Invalid as a whole, without showing what it is. */
  invalidWhole: (path: string, detail: string): FieldError => ({
    type: 'FieldValueInvalid',
    field: path,
    badValue: '',
    detail,
    omitsValue: true,
  }),
  typeInvalid: (path: string, badValue: unknown, detail: string): FieldError => ({
    type: 'FieldValueTypeInvalid',
    field: path,
    badValue,
    detail,
  }),
  /** `validValues` stand in the detail in their order; most of upstream's lists are sorted. */
  notSupported: (path: string, badValue: unknown, validValues: readonly string[]): FieldError => ({
    type: 'FieldValueNotSupported',
    field: path,
    badValue,
    detail:
      validValues.length === 0
        ? ''
        : `supported values: ${validValues.map((value) => JSON.stringify(value)).join(', ')}`,
  }),
  forbidden: (path: string, detail: string): FieldError => ({
    type: 'FieldValueForbidden',
    field: path,
    badValue: '',
    detail,
  }),
  tooLong: (path: string, max: number): FieldError => ({
    type: 'FieldValueTooLong',
    field: path,
    badValue: '',
    detail: `may not be more than ${max} bytes`,
  }),
  tooMany: (path: string, actual: number, max: number): FieldError => ({
    type: 'FieldValueTooMany',
    field: path,
    badValue: actual,
    detail: `must have at most ${max} items`,
  }),
  internal: (path: string, detail: string): FieldError => ({
    type: 'InternalError',
    field: path,
    badValue: '',
    detail,
  }),
}

/** As field.Error.ErrorBody: label, the value as Go prints it, detail. */
function fieldErrorBody(error: FieldError): string {
  const label = labelByType[error.type]
  const head = typesWithoutValue.has(error.type) || error.omitsValue ? label : `${label}: ${printValue(error.badValue)}`
  return error.detail === '' ? head : `${head}: ${error.detail}`
}

function printValue(value: unknown): string {
  if (value === undefined || value === null) return 'null'
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'object') return JSON.stringify(value)
  // What is left has a plain form: numbers, booleans.
  return JSON.stringify(value)
}

export function fieldErrorText(error: FieldError): string {
  return `${error.field}: ${fieldErrorBody(error)}`
}

/** The 422 of a failed validation; `kind` is the object's GroupKind, as upstream's NewInvalid takes it. */
export function invalid(
  kind: { group: string; kind: string },
  name: string,
  errors: readonly FieldError[],
): StatusError {
  const causes: StatusCause[] = errors.map((error) => ({
    reason: error.type,
    message: fieldErrorBody(error),
    field: error.field,
  }))
  const qualified: GroupResource = { group: kind.group, resource: kind.kind }
  const texts = [...new Set(errors.map(fieldErrorText))]
  const text = texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`
  const what = qualified.group === '' ? kind.kind : `${kind.kind}.${kind.group}`
  const details = {
    ...(name === '' ? {} : { name }),
    ...(kind.group === '' ? {} : { group: kind.group }),
    ...(kind.kind === '' ? {} : { kind: kind.kind }),
    causes,
  }
  return failure('Invalid', `${what} "${name}" is invalid: ${text}`, { details })
}
