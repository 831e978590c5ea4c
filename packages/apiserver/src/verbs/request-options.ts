// The options of a write are checked before anything else is looked at.
// Upstream: apimachinery pkg/apis/meta/v1/validation ValidateCreateOptions, ValidateUpdateOptions, ValidatePatchOptions.

import { type FieldError, type RequestOptions, type ResourceRequest, type Verb, field, invalid } from '@binnacle/api'

const kindOfOptions: Partial<Record<Verb, string>> = {
  create: 'CreateOptions',
  update: 'UpdateOptions',
  patch: 'PatchOptions',
  delete: 'DeleteOptions',
  deletecollection: 'DeleteOptions',
}

const maxManagerBytes = 128

/** Throws Invalid with all errors. */
export function validateOptions({ verb, patchType, options = {} }: ResourceRequest): void {
  const kind = kindOfOptions[verb]
  if (kind === undefined) return
  const errors = dryRunErrors(options)
  if (kind !== 'DeleteOptions') errors.push(...managerErrors(options), ...validationErrors(options))
  if (verb === 'patch') errors.push(...applyErrors(options, patchType))
  if (errors.length > 0) throw invalid({ group: 'meta.k8s.io', kind }, '', errors)
}

function dryRunErrors({ dryRun = [] }: RequestOptions): FieldError[] {
  return dryRun.every((value) => value === 'All') ? [] : [field.notSupported('dryRun', dryRun, ['All'])]
}

function managerErrors({ fieldManager = '' }: RequestOptions): FieldError[] {
  if (Buffer.byteLength(fieldManager) > maxManagerBytes) return [field.tooLong('fieldManager', maxManagerBytes)]
  return /\p{Cc}/u.test(fieldManager)
    ? [field.invalid('fieldManager', fieldManager, 'should only contain printable characters')]
    : []
}

function validationErrors({ fieldValidation = 'Warn' }: RequestOptions): FieldError[] {
  const known = ['', 'Ignore', 'Strict', 'Warn']
  return known.includes(fieldValidation) ? [] : [field.notSupported('fieldValidation', fieldValidation, known)]
}

function applyErrors(
  { fieldManager = '', force }: RequestOptions,
  patchType: ResourceRequest['patchType'],
): FieldError[] {
  if (patchType !== 'application/apply-patch+yaml')
    return force === undefined ? [] : [field.forbidden('force', 'may not be specified for non-apply patch')]
  return fieldManager === '' ? [field.required('fieldManager', 'is required for apply patch')] : []
}
