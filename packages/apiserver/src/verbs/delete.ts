// delete and deletecollection: at once, gracefully, or when the last finalizer is gone.
// Upstream: pkg/registry/rest/delete.go, pkg/registry/generic/registry/store.go Delete.

import { setImmediate as nextTurn } from 'node:timers/promises'
import {
  type KubeObject,
  type RequestOptions,
  type Status,
  badRequest,
  cloneJson,
  conflict,
  deepEqual,
  failure,
  field,
  formatTime,
  invalid,
  isNotFound,
  notFound,
} from '@binnacle/api'
import type { StoredObject } from '@binnacle/store'
import type { Call, Outcome } from '../call.ts'
import { objectKeyOf } from '../registry.ts'
import type { Strategy } from '../strategy.ts'
import { itemOf, list } from './read.ts'
import { validateOptions } from './request-options.ts'
import { type Engine, admissionRequest, admit, strategyOf, validateAdmission, writeContext } from './write.ts'

const orphanFinalizer = 'orphan'
const foregroundFinalizer = 'foregroundDeletion'

/** Resources whose deletion answers with the object instead of a Status (ReturnDeletedObject). */
const answersWithObject: ReadonlySet<string> = new Set([
  'csidrivers.storage.k8s.io',
  'csinodes.storage.k8s.io',
  'deviceclasses.resource.k8s.io',
  'namespaces',
  'persistentvolumeclaims',
  'persistentvolumes',
  'pods',
  'podtemplates',
  'resourceclaims.resource.k8s.io',
  'resourceclaimtemplates.resource.k8s.io',
  'resourcequotas',
  'resourceslices.resource.k8s.io',
  'serviceaccounts',
  'services',
  'storageclasses.storage.k8s.io',
  'volumeattachments.storage.k8s.io',
  'volumeattributesclasses.storage.k8s.io',
])

export async function remove(engine: Engine, call: Call): Promise<Outcome> {
  const { row, request } = call
  const { store } = engine.backend
  const options = deleteOptions(call)
  const key = objectKeyOf(row, request.namespace, request.name ?? '')
  const current = store.get(key)
  if (current === undefined) throw notFound(row.info, request.name ?? '')
  const old = (await itemOf(row, current)).object
  const admission = admissionRequest({ ...call, options, dryRun: isDryRun(options) }, 'DELETE', undefined, old)
  await admit(engine, admission)
  await validateAdmission(engine, admission)
  return removeKey(engine, { ...call, options, dryRun: isDryRun(options) }, key)
}

/** Asked for in the query or in the body; both are in the options by now. */
function isDryRun({ dryRun }: RequestOptions): boolean {
  return (dryRun ?? []).length > 0
}

/** After admission: one synchronous decision on the newest version, inside the write. */
async function removeKey(engine: Engine, call: Call, key: string): Promise<Outcome> {
  const { row, request } = call
  const { backend } = engine
  const strategy = strategyOf(engine, row)
  let isGone = false
  const decide = (current: StoredObject | undefined): ReturnType<Parameters<typeof backend.store.write>[1]> => {
    if (current === undefined) throw notFound(row.info, request.name ?? '')
    requirePreconditions(call, current.object)
    const marked = markDeleted(engine, call, current.object)
    isGone =
      marked === undefined || (isReadyToGo(strategy, marked) && (marked.metadata.deletionGracePeriodSeconds ?? 0) === 0)
    if (isGone) return marked === undefined ? { remove: true } : { remove: true, lastState: marked }
    return marked === undefined || deepEqual(marked, current.object) ? { keep: true } : { put: marked }
  }
  if (call.dryRun) {
    const current = backend.store.get(key)
    decide(current)
    if (current === undefined) throw notFound(row.info, request.name ?? '')
    return isGone
      ? gone(call, current, await itemOf(row, current))
      : { type: 'object', code: 200, item: await itemOf(row, current), row }
  }
  const stored = await backend.store.write(key, decide)
  if (stored === undefined) throw notFound(row.info, request.name ?? '')
  const item = await itemOf(row, stored)
  if (!isGone) return { type: 'object', code: 200, item, row }
  strategy.afterDelete?.(stored.object, writeContext(engine, call))
  return gone(call, stored, item)
}

function gone({ row }: Call, { object }: StoredObject, item: Awaited<ReturnType<typeof itemOf>>): Outcome {
  if (answersWithObject.has(row.info.storageKey)) return { type: 'object', code: 200, item, row }
  const { name = '', uid = '' } = object.metadata
  const status: Status = {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    details: { name, ...(row.info.group === '' ? {} : { group: row.info.group }), kind: row.info.resource, uid },
  }
  return { type: 'status', code: 200, status }
}

/** DeleteOptions come as the body, as the query, or as both; the body wins. */
function deleteOptions({ request, options }: Call): RequestOptions {
  const body = request.body as
    | (RequestOptions & { orphanDependents?: boolean; apiVersion?: string; kind?: string })
    | undefined
  if (body !== undefined && (typeof body !== 'object' || body === null))
    throw badRequest('the body of a delete must be DeleteOptions')
  if (body?.kind !== undefined && body.kind !== '' && body.kind !== 'DeleteOptions') {
    throw badRequest(
      `no kind ${JSON.stringify(body.kind)} is registered for version ${JSON.stringify(body.apiVersion ?? '')} in scheme "pkg/runtime/scheme.go:111"`,
    )
  }
  const merged = { ...options, ...body }
  if (body?.orphanDependents !== undefined) {
    if (merged.propagationPolicy !== undefined) {
      throw invalid({ group: 'meta.k8s.io', kind: 'DeleteOptions' }, '', [
        field.invalid(
          'propagationPolicy',
          merged.propagationPolicy,
          'orphanDependents and deletionPropagation cannot be both set',
        ),
      ])
    }
    merged.propagationPolicy = body.orphanDependents ? 'Orphan' : 'Background'
  }
  const policy = merged.propagationPolicy
  if (policy !== undefined && policy !== null && !['Orphan', 'Background', 'Foreground'].includes(policy)) {
    throw invalid({ group: 'meta.k8s.io', kind: 'DeleteOptions' }, '', [
      {
        type: 'FieldValueNotSupported',
        field: 'propagationPolicy',
        badValue: policy,
        detail: 'supported values: "Foreground", "Background", "Orphan", "nil"',
      },
    ])
  }
  validateOptions({ ...request, options: merged })
  return merged
}

function requirePreconditions({ options, row, request }: Call, { metadata }: KubeObject): void {
  const { uid, resourceVersion } = options.preconditions ?? {}
  // Upstream names the kind here, not the resource.
  const refuse = (why: string): Error =>
    conflict({ group: row.info.group, resource: row.info.kind }, request.name ?? '', why)
  if (uid !== undefined && uid !== null && uid !== metadata.uid) {
    throw refuse(
      `the UID in the precondition (${uid}) does not match the UID in record (${metadata.uid}). The object might have been deleted and then recreated`,
    )
  }
  if (resourceVersion !== undefined && resourceVersion !== null && resourceVersion !== metadata.resourceVersion) {
    throw refuse(
      `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${metadata.resourceVersion}). The object might have been modified`,
    )
  }
}

/** The object with its deletion noted; undefined where it goes without a trace. */
function markDeleted(engine: Engine, call: Call, current: KubeObject): KubeObject | undefined {
  const { options, row } = call
  const { clock } = engine.backend
  const strategy = strategyOf(engine, row)
  const grace = options.gracePeriodSeconds ?? undefined
  const wanted = strategy.gracePeriodSeconds?.(current, options) ?? 0
  const finalizers = finalizersFor(current, options)
  const before = current.metadata
  if (before.deletionTimestamp !== undefined) {
    const running = before.deletionGracePeriodSeconds ?? 0
    // A grace period can be cut, never prolonged; without one nothing changes.
    const shorter = grace !== undefined && wanted < running ? wanted : running
    if (shorter === running && deepEqual(finalizers, before.finalizers ?? [])) return cloneJson(current)
    const since = Date.parse(before.deletionTimestamp) - running * 1000
    return withDeletion(current, { at: since + shorter * 1000, grace: shorter, finalizers })
  }
  const isHeld = finalizers.length > 0 || (strategy.isHeld?.(current) ?? false)
  // Kinds with a grace period are marked even where it is 0: their last state says when they were deleted.
  if (wanted <= 0 && !isHeld && strategy.gracePeriodSeconds === undefined) return undefined
  const marked = withDeletion(current, { at: clock.now() + wanted * 1000, grace: wanted, finalizers })
  if (marked.metadata.generation !== undefined) marked.metadata.generation++
  strategy.markDeleted?.(marked, writeContext(engine, call))
  return marked
}

function withDeletion(
  current: KubeObject,
  { at, grace, finalizers }: { at: number; grace: number; finalizers: string[] },
): KubeObject {
  const object = cloneJson(current)
  object.metadata.deletionTimestamp = formatTime(at)
  object.metadata.deletionGracePeriodSeconds = grace
  if (finalizers.length > 0) object.metadata.finalizers = finalizers
  else delete object.metadata.finalizers
  return object
}

/** The propagation policy is carried to the garbage collector as a finalizer (store.go deletionFinalizersForGarbageCollection). */
function finalizersFor({ metadata }: KubeObject, { propagationPolicy: policy }: RequestOptions): string[] {
  const finalizers = metadata.finalizers ?? []
  if (policy === undefined || policy === null) return [...finalizers]
  const others = finalizers.filter((name) => name !== orphanFinalizer && name !== foregroundFinalizer)
  if (policy === 'Orphan') return [...others, orphanFinalizer]
  return policy === 'Foreground' ? [...others, foregroundFinalizer] : others
}

/** Nothing holds the object any more. */
export function isReadyToGo(strategy: Strategy, object: KubeObject): boolean {
  const { finalizers, deletionGracePeriodSeconds = 0 } = object.metadata
  return (finalizers?.length ?? 0) === 0 && deletionGracePeriodSeconds === 0 && !(strategy.isHeld?.(object) ?? false)
}

interface Removal {
  key: string
  /** Only this version is removed. */
  expected: number
  lastState: KubeObject
  overtaken: () => Error
}

export async function removeNow(
  engine: Engine,
  call: Call,
  { key, expected, lastState, overtaken }: Removal,
): Promise<StoredObject> {
  const last = await engine.backend.store.write(key, (newest) => {
    if (newest?.revision !== expected) throw overtaken()
    return { remove: true, lastState }
  })
  if (last === undefined)
    throw failure('InternalError', 'Internal error occurred: the object vanished while it was removed')
  strategyOf(engine, call.row).afterDelete?.(last.object, writeContext(engine, call))
  return last
}

/** Deletions after which others get their turn: a few milliseconds' worth. */
const deletionsPerTurn = 128

/** All that are selected, together: the store joins the writes into few commits. */
export async function removeCollection(engine: Engine, call: Call): Promise<Outcome> {
  const { row } = call
  const options = deleteOptions(call)
  const selected = await list(engine.backend.store, { ...call, options: listOptionsOf(call.options) })
  if (selected.type !== 'list') throw failure('InternalError', 'Internal error occurred: a list was expected')
  const single: Call = { ...call, options, dryRun: isDryRun(options) }
  const failures: unknown[] = []
  const removals: Promise<void>[] = []
  for (const { object } of selected.items) {
    removals.push(
      removeOne(engine, single, object).catch((error: unknown) => {
        failures.push(error)
      }),
    )
    if (removals.length % deletionsPerTurn > 0) continue
    await nextTurn()
    if (failures.length > 0) break
  }
  await Promise.all(removals)
  if (failures.length > 0) throw failures[0]
  return { type: 'list', items: selected.items, revision: selected.revision, row }
}

async function removeOne(engine: Engine, call: Call, object: KubeObject): Promise<void> {
  const { name = '', namespace } = object.metadata
  const request = { ...call.request, verb: 'delete', name, ...(namespace === undefined ? {} : { namespace }) } as const
  const single: Call = { ...call, request }
  const admission = admissionRequest(single, 'DELETE', undefined, object)
  try {
    await admit(engine, admission)
    await validateAdmission(engine, admission)
    await removeKey(engine, single, objectKeyOf(call.row, namespace, name))
  } catch (error) {
    // Somebody else was faster; that is what was wanted.
    if (!isNotFound(error)) throw error
  }
}

function listOptionsOf({
  labelSelector,
  fieldSelector,
  limit,
  continue: token,
  resourceVersion,
  resourceVersionMatch,
}: RequestOptions): RequestOptions {
  return Object.fromEntries(
    Object.entries({
      labelSelector,
      fieldSelector,
      limit,
      continue: token,
      resourceVersion,
      resourceVersionMatch,
    }).filter(([, value]) => value !== undefined),
  )
}
