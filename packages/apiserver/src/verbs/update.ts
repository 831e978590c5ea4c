// update and the four patches: a change of the object as it is now, tried again when somebody else was faster.
// Upstream: pkg/endpoints/handlers/{update,patch}.go, pkg/registry/generic/registry/store.go Update.

import {
  type KubeObject,
  conflict,
  deepEqual,
  failure,
  field,
  invalid,
  isNotFound,
  notFound,
  prepareForStatusUpdate,
  prepareForUpdate,
  staleObject,
  tooManyRequests,
  unclassified,
} from '@binnacle/api'
import type { StoredObject } from '@binnacle/store'
import type { Call, Outcome } from '../call.ts'
import { objectKeyOf } from '../registry.ts'
import { createObject } from './create.ts'
import { isReadyToGo, removeNow } from './delete.ts'
import { keepSystemFields, requireName } from './metadata.ts'
import { type PatchedObject, patchObject } from './patch.ts'
import { itemOf, notUnsigned } from './read.ts'
import {
  type Engine,
  admissionRequest,
  admit,
  decodeBody,
  strategyOf,
  toStorage,
  trackFields,
  validateAdmission,
  validateObject,
  writeContext,
} from './write.ts'

/** Kinds that an update makes when they are not there (AllowCreateOnUpdate). */
const createdByUpdate: ReadonlySet<string> = new Set([
  'clusterrolebindings.rbac.authorization.k8s.io',
  'clusterroles.rbac.authorization.k8s.io',
  'endpoints',
  'events',
  'leases.coordination.k8s.io',
  'limitranges',
  'rolebindings.rbac.authorization.k8s.io',
  'roles.rbac.authorization.k8s.io',
  'runtimeclasses.node.k8s.io',
  'services',
])

/** Kinds that refuse an update without resourceVersion (AllowUnconditionalUpdate is false). */
const onlyConditionally: ReadonlySet<string> = new Set([
  'clustertrustbundles.certificates.k8s.io',
  'csidrivers.storage.k8s.io',
  'csinodes.storage.k8s.io',
  'csistoragecapacities.storage.k8s.io',
  'leases.coordination.k8s.io',
  'mutatingadmissionpolicies.admissionregistration.k8s.io',
  'mutatingadmissionpolicybindings.admissionregistration.k8s.io',
  'mutatingwebhookconfigurations.admissionregistration.k8s.io',
  'poddisruptionbudgets.policy',
  'runtimeclasses.node.k8s.io',
  'validatingadmissionpolicies.admissionregistration.k8s.io',
  'validatingadmissionpolicybindings.admissionregistration.k8s.io',
  'validatingwebhookconfigurations.admissionregistration.k8s.io',
  'volumeattachments.storage.k8s.io',
])

/** A patch that meets a conflict is made again on the newer object this often. */
const patchAttempts = 5

export async function update(engine: Engine, call: Call): Promise<Outcome> {
  const body = decodeBody(engine, call)
  const { row, request } = call
  requireName(call, body)
  try {
    return await change(engine, call, () => ({ object: structuredCopy(body), tracked: false }))
  } catch (error) {
    if (!isNotFound(error) || request.subresource !== undefined || !createdByUpdate.has(row.info.storageKey))
      throw error
    return createObject(engine, call, body)
  }
}

export async function patch(engine: Engine, call: Call): Promise<Outcome> {
  const { request } = call
  try {
    return await change(engine, call, (old) => patchObject(engine, call, old))
  } catch (error) {
    if (!isNotFound(error) || request.patchType !== 'application/apply-patch+yaml' || request.subresource !== undefined)
      throw error
    const { object } = await patchObject(engine, call, undefined)
    return createObject(engine, call, object)
  }
}

/** The body may be needed again after a conflict, and each try changes its draft. */
function structuredCopy(body: KubeObject): KubeObject {
  return JSON.parse(JSON.stringify(body)) as KubeObject
}

type MakeDraft = (old: KubeObject) => PatchedObject | Promise<PatchedObject>

/** Thrown inside the write when the object is no longer the one that the draft was made from. */
class Overtaken extends Error {}

async function change(engine: Engine, call: Call, makeDraft: MakeDraft): Promise<Outcome> {
  const { row, request } = call
  const { store } = engine.backend
  const key = objectKeyOf(row, request.namespace, request.name ?? '')
  let current = store.get(key)
  for (let attempt = 1; ; attempt++) {
    if (current === undefined) throw notFound(row.info, request.name ?? '')
    const { object: old } = await itemOf(row, current)
    const draft = await makeDraft(old)
    const isConditional = requireVersion(call, draft.object, old)
    try {
      return await writeChange(engine, call, { key, current, old, draft })
    } catch (error) {
      if (!(error instanceof Overtaken)) throw error
      if (isConditional) throw conflict(row.info, request.name ?? '', staleObject)
      if (request.patchType !== undefined && attempt === patchAttempts)
        throw conflict(row.info, request.name ?? '', staleObject)
      if (attempt > 100) throw tooManyRequests('too many writers change this object at once, please try again later', 1)
      // The newest version that was accepted, once it is durable.
      current = await store.write(key, () => ({ keep: true }))
    }
  }
}

/** Checks uid and resourceVersion of the draft against the object; says whether the client named a version. */
function requireVersion(call: Call, draft: KubeObject, old: KubeObject): boolean {
  const { row, request } = call
  const name = request.name ?? ''
  const { uid, resourceVersion = '' } = draft.metadata
  if (request.patchType === undefined && uid !== undefined && uid !== '' && uid !== old.metadata.uid) {
    throw conflict(
      row.info,
      name,
      `StorageError: invalid object, Code: 4, Key: /registry/${objectKeyOf(row, request.namespace, name)}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: ${uid}, UID in object meta: ${old.metadata.uid ?? ''}`,
    )
  }
  if (resourceVersion === '' || resourceVersion === '0') {
    if (request.patchType === undefined && onlyConditionally.has(row.info.storageKey)) {
      throw invalid({ group: row.info.group, kind: row.info.resource }, name, [
        field.invalid('metadata.resourceVersion', 0, 'must be specified for an update'),
      ])
    }
    return false
  }
  if (!/^\d+$/.test(resourceVersion)) throw unclassified(notUnsigned(resourceVersion))
  if (resourceVersion !== old.metadata.resourceVersion) throw conflict(row.info, name, staleObject)
  // A patch that does not mention the version carries that of the object it was made from.
  return request.patchType === undefined || patchNamesVersion(request.body)
}

function patchNamesVersion(body: unknown): boolean {
  const metadata = typeof body === 'object' && body !== null && 'metadata' in body ? body.metadata : undefined
  return typeof metadata === 'object' && metadata !== null && 'resourceVersion' in metadata
}

interface ChangeStep {
  key: string
  current: StoredObject
  old: KubeObject
  draft: PatchedObject
}

async function writeChange(engine: Engine, call: Call, { key, current, old, draft }: ChangeStep): Promise<Outcome> {
  const { row, request } = call
  const { backend } = engine
  const { object, tracked } = draft
  const context = writeContext(engine, call)
  const strategy = strategyOf(engine, row)
  keepSystemFields(object, old)
  if (!tracked) trackFields(engine, call, object, old)
  await admit(engine, admissionRequest(call, 'UPDATE', object, old))
  if (request.subresource === 'status') prepareForStatusUpdate(row.info, object, old, () => backend.clock.now())
  else if (request.subresource === undefined) prepareForUpdate(row.info, object, old)
  await strategy.prepareForUpdate?.(object, old, context)
  await validateObject(call, object, old)
  await validateAdmission(engine, admissionRequest(call, 'UPDATE', object, old))
  object.metadata.resourceVersion = old.metadata.resourceVersion
  if (isSame(object, old)) return { type: 'object', code: 200, item: await itemOf(row, current), row }
  if (call.dryRun) return { type: 'object', code: 200, item: { object, revision: current.revision }, row }
  if (isReadyToGo(strategy, object) && old.metadata.deletionTimestamp !== undefined) {
    // The last finalizer is gone: this update is what removes the object.
    const last = await removeNow(engine, call, {
      key,
      expected: current.revision,
      lastState: object,
      overtaken: () => new Overtaken(),
    })
    return { type: 'object', code: 200, item: await itemOf(row, last), row }
  }
  const kept = await toStorage(row, object)
  const stored = await backend.store.write(key, (newest) => {
    if (newest?.revision !== current.revision) throw new Overtaken()
    return { put: kept }
  })
  if (stored === undefined) throw failure('InternalError', 'Internal error occurred: the store kept nothing')
  return { type: 'object', code: 200, item: await itemOf(row, stored), row }
}

/** Nothing changed but the times in managedFields: then nothing is written and no watcher hears of it. */
function isSame(object: KubeObject, old: KubeObject): boolean {
  const { managedFields: a, ...metadata } = object.metadata
  const { managedFields: b, ...before } = old.metadata
  if (!deepEqual({ ...object, metadata }, { ...old, metadata: before })) return false
  const withoutTimes = (entries: typeof a): unknown => entries?.map(({ time: _time, ...entry }) => entry)
  return deepEqual(withoutTimes(a), withoutTimes(b))
}
