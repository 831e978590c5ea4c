// From a patch document and the object as it is to the object as it shall be.

import {
  type KubeObject,
  applyJsonPatch,
  applyMergePatch,
  applyServerSide,
  applyStrategicMergePatch,
  badRequest,
  cloneJson,
  failure,
  formatTime,
  resetFields,
} from '@binnacle/api'
import type { Call } from '../call.ts'
import { requireAppliedKind, requireKind, requireName } from './metadata.ts'
import { type Engine, finishDecoding, reportFieldErrors, setManagedFields } from './write.ts'

export interface PatchedObject {
  /** A private draft, decoded and defaulted. */
  object: KubeObject
  /** managedFields are right already. */
  tracked: boolean
}

/** `old` is absent where an apply makes the object. */
export async function patchObject(engine: Engine, call: Call, old: KubeObject | undefined): Promise<PatchedObject> {
  const { request } = call
  if (request.patchType === 'application/apply-patch+yaml') return { object: applied(engine, call, old), tracked: true }
  if (old === undefined) throw badRequest('there is nothing to patch')
  // The result shares what did not change with the frozen original; defaulting needs a draft of its own.
  const merged = requireKind(call, cloneJson(mergedOf(call, old)))
  const object = finishDecoding(engine, call, merged, call.decodeErrors)
  requireName(call, object)
  return { object, tracked: false }
}

function mergedOf({ request, row }: Call, old: KubeObject): unknown {
  const { body } = request
  if (
    request.patchType !== 'application/json-patch+json' &&
    (typeof body !== 'object' || body === null || Array.isArray(body))
  ) {
    const found = Array.isArray(body) ? 'array' : body === null ? 'null' : typeof body
    const why = `json: cannot unmarshal ${found} into Go value of type map[string]interface {}`
    // Upstream's two decoders word it differently.
    const isStrategic = request.patchType === 'application/strategic-merge-patch+json'
    throw badRequest(isStrategic ? why : `error decoding patch: ${why}`)
  }
  switch (request.patchType) {
    case 'application/json-patch+json':
      return applyJsonPatch(old, body)
    case 'application/merge-patch+json':
      return applyMergePatch(old, body)
    case 'application/strategic-merge-patch+json':
      if (row.isCustom)
        throw failure(
          'UnsupportedMediaType',
          'the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml',
        )
      return applyStrategicMergePatch(row.info.schema, old, body)
    default:
      throw failure(
        'UnsupportedMediaType',
        'the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml, application/strategic-merge-patch+json',
      )
  }
}

function applied(engine: Engine, call: Call, old: KubeObject | undefined): KubeObject {
  const { request, row, options } = call
  requireAppliedKind(call)
  const patch = requireKind(call, cloneJson(request.body))
  if (patch.metadata.managedFields !== undefined) throw badRequest('metadata.managedFields must be nil')
  if (!patch.metadata.name) patch.metadata.name = request.name
  requireName(call, patch)
  // Messages name the object as it was sent; the result gets its namespace back.
  if (!namespaceOf(request.body)) delete patch.metadata.namespace
  // Unknown fields are what applying itself refuses, whatever fieldValidation says.
  reportFieldErrors(call, patch, call.decodeErrors)
  const { object, managedFields } = applyServerSide({
    schema: row.info.schema,
    live: old,
    applied: patch,
    manager: call.fieldManager,
    force: options.force ?? false,
    apiVersion: row.apiVersion,
    time: formatTime(engine.backend.clock.now()),
    resetFields: resetFields(row.info, request.subresource),
    ...(request.subresource === undefined ? {} : { subresource: request.subresource }),
  })
  const draft = finishDecoding(engine, { ...call, decodeErrors: [] }, requireKind(call, cloneJson(object)))
  setManagedFields(draft, managedFields)
  return draft
}

function namespaceOf(body: unknown): string | undefined {
  return (body as Partial<KubeObject>).metadata?.namespace
}
