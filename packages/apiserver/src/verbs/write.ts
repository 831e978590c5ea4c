// What create, update and patch share: decoding, defaulting, managed fields, admission, validation, and the write itself.

import {
  type FieldError,
  type KubeObject,
  type ManagedFieldsEntry,
  applyDefaults,
  badRequest,
  cloneJson,
  decodeError,
  decodeStrict,
  field,
  formatTime,
  invalid,
  prune,
  resetFields,
  validateCreate,
  validateStatusUpdate,
  validateUpdate,
  warningsFor,
  goText,
  inTextOrder,
} from '@binnacle/api'
import { updateManagedFields } from '@binnacle/api'
import type { AdmissionPlugin, AdmissionRequest } from '../admission.ts'
import type { Call } from '../call.ts'
import { checkExpression } from '../cel/result-type.ts'
import type { Row } from '../registry.ts'
import type { Backend, Strategy, WriteContext } from '../strategy.ts'
import { dedupeOwnerReferences, requireKind } from './metadata.ts'

/** What the verbs work with: the same for all requests. */
export interface Engine {
  readonly backend: Backend
  readonly plugins: readonly AdmissionPlugin[]
  readonly strategies: Readonly<Record<string, Strategy>>
}

export function strategyOf(engine: Engine, row: Row): Strategy {
  return engine.strategies[row.info.storageKey] ?? {}
}

export function writeContext(engine: Engine, call: Call): WriteContext {
  const { row, user, fieldManager, options, dryRun, request } = call
  return {
    backend: engine.backend,
    resource: row.info,
    user,
    fieldManager,
    options,
    dryRun,
    warn: (message) => call.warn(message),
    ...(request.subresource === undefined ? {} : { subresource: request.subresource }),
  }
}

/** A private draft of the body: unknown fields handled as fieldValidation says, then defaults. */
export function decodeBody(engine: Engine, call: Call): KubeObject {
  const object = finishDecoding(engine, call, requireKind(call, cloneJson(call.request.body)), call.decodeErrors)
  dedupeOwnerReferences(object, (message) => call.warn(message))
  return object
}

/** Also for the result of a patch, which is decoded like a body. `object` is given away. */
export function finishDecoding(
  engine: Engine,
  call: Call,
  object: KubeObject,
  earlier: readonly string[] = [],
): KubeObject {
  const { row } = call
  if (row.hooks.prune !== undefined) {
    const before = call.options.fieldValidation === 'Strict' ? cloneJson(object) : object
    reportFieldErrors(call, before, [...earlier, ...row.hooks.prune(object)])
    row.hooks.applyDefaults?.(object)
    return object
  }
  const mistyped = decodeError(row.info.schema, object)
  if (mistyped !== undefined) throw undecodable(call, object, mistyped)
  const { unknown } = decodeStrict(row.info.schema, object)
  // What a patch makes is, upstream, an object with its fields in order.
  const isPatch = call.request.patchType !== undefined
  const errors = [...earlier, ...(isPatch ? unknown.toSorted() : unknown)]
  reportFieldErrors(call, object, isPatch || call.text === undefined ? errors : inTextOrder(call.text, errors))
  const known = unknown.length === 0 ? object : prune(row.info.schema, object)
  if (row.hooks.applyDefaults === undefined) applyDefaults(row.info, known, () => engine.backend.clock.now())
  else row.hooks.applyDefaults(known)
  return known
}

/** A body that is no such object; of a patch, its result is what is told of, or the patch that is merged by a schema. */
function undecodable({ row, request: { patchType, body } }: Call, object: KubeObject, why: string): Error {
  if (patchType === undefined || patchType === 'application/apply-patch+yaml') {
    const { kind, version } = row.info
    return badRequest(`${kind} in version ${JSON.stringify(version)} cannot be handled as a ${kind}: ${why}`)
  }
  const shown = patchType === 'application/strategic-merge-patch+json' ? goText(body) : JSON.stringify(object)
  return invalid({ group: '', kind: '' }, '', [field.invalid('patch', shown, why)])
}

export function reportFieldErrors(call: Call, object: KubeObject, errors: readonly string[]): void {
  if (errors.length === 0) return
  switch (call.options.fieldValidation ?? 'Warn') {
    case 'Ignore':
      return
    case 'Warn':
      for (const error of errors) call.warn(error)
      return
    case 'Strict':
      throw undecodable(call, object, `strict decoding error: ${strictText(errors)}`)
  }
}

/** What the YAML decoder found comes as one error with lines. */
function strictText(errors: readonly string[]): string {
  const lines = errors.filter((error) => /^line \d+: /.test(error))
  if (lines.length === 0) return errors.join(', ')
  const others = errors.filter((error) => !lines.includes(error))
  return [`yaml: unmarshal errors:\n  ${lines.join('\n  ')}`, ...others].join(', ')
}

/** Records in managedFields who set what. `old` is absent on create. */
export function trackFields(engine: Engine, call: Call, object: KubeObject, old: KubeObject | undefined): void {
  const { row, fieldManager, request } = call
  const managed = updateManagedFields({
    schema: row.info.schema,
    old,
    new: object,
    manager: fieldManager,
    apiVersion: row.apiVersion,
    time: formatTime(engine.backend.clock.now()),
    resetFields: resetFields(row.info, request.subresource),
    ...(request.subresource === undefined ? {} : { subresource: request.subresource }),
  })
  setManagedFields(object, managed)
}

export function setManagedFields(object: KubeObject, managed: ManagedFieldsEntry[] | undefined): void {
  if (managed === undefined || managed.length === 0) delete object.metadata.managedFields
  else object.metadata.managedFields = managed
}

export function admissionRequest(
  call: Call,
  operation: AdmissionRequest['operation'],
  object: KubeObject | undefined,
  old: KubeObject | undefined,
): AdmissionRequest {
  const { row, request, user, options, dryRun } = call
  return {
    operation,
    resource: row.info,
    name: request.name ?? object?.metadata.name ?? '',
    user,
    options,
    dryRun,
    warn: (message) => call.warn(message),
    ...(request.subresource === undefined ? {} : { subresource: request.subresource }),
    ...(request.namespace === undefined ? {} : { namespace: request.namespace }),
    ...(object === undefined ? {} : { object }),
    ...(old === undefined ? {} : { oldObject: old }),
  }
}

/** Plugins that answer at once cost no turn of the event loop. */
export async function admit(engine: Engine, admission: AdmissionRequest): Promise<void> {
  for (const plugin of engine.plugins) {
    const pending = plugin.admit?.(admission, engine.backend)
    if (pending !== undefined) await pending
  }
}

export async function validateAdmission(engine: Engine, admission: AdmissionRequest): Promise<void> {
  for (const plugin of engine.plugins) {
    const pending = plugin.validate?.(admission, engine.backend)
    if (pending !== undefined) await pending
  }
}

/** Throws 422 with all errors of the object. */
export async function validateObject(call: Call, object: KubeObject, old: KubeObject | undefined): Promise<void> {
  const { row } = call
  const errors = await validationErrors(call, object, old)
  if (errors.length > 0) {
    throw invalid(
      { group: row.info.group, kind: row.info.kind },
      object.metadata.name ?? object.metadata.generateName ?? '',
      errors,
    )
  }
  if (!row.isCustom) for (const warning of warningsFor(row.info, object, old)) call.warn(warning)
}

function validationErrors(
  { row, request }: Call,
  object: KubeObject,
  old: KubeObject | undefined,
): FieldError[] | Promise<FieldError[]> {
  const { info, hooks } = row
  if (old === undefined) return hooks.validateCreate?.(object) ?? validateCreate(info, object, checkExpression)
  if (request.subresource === 'status')
    return hooks.validateStatusUpdate?.(object, old) ?? validateStatusUpdate(info, object, old)
  const { subresource } = request
  const compile = checkExpression
  return hooks.validateUpdate?.(object, old) ?? validateUpdate(info, object, old, { subresource, compile })
}

/** The object as it is kept. */
export async function toStorage(row: Row, object: KubeObject): Promise<KubeObject> {
  if (row.isStorageVersion || row.hooks.toStorage === undefined) return object
  return row.hooks.toStorage(object)
}
