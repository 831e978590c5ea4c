// The scale sub-resource of the built-in workloads. Upstream: pkg/registry/apps/*/storage, pkg/registry/core/replicationcontroller/storage.

import {
  type KubeObject,
  type LabelSelector,
  type ObjectMeta,
  apiVersionOf,
  conflict,
  field,
  formatLabelSelector,
  formatTime,
  invalid,
  notFound,
  staleObject,
  updateManagedFields,
} from '@binnacle/api'
import type { SubresourceCall, SubresourceHandler } from '../strategy.ts'
import { patchScale } from '../verbs/scale-patch.ts'
import { readObject, writeObject } from './write-object.ts'

interface Scalable extends KubeObject {
  spec?: { replicas?: number; selector?: unknown }
  status?: { replicas?: number }
}

interface Scale extends KubeObject {
  spec?: { replicas?: number }
  status: { replicas: number; selector?: string }
}

const scaleInfo = { group: 'autoscaling', kind: 'Scale' }

/** Get, update and patch of Scale; a write counts the generation of the workload. */
export const scale: SubresourceHandler = async (call) => {
  if (call.request.verb === 'get') return scaleOf(readObject<Scalable>(call))
  const written = await writeObject(call, (workload) => ({ put: scaled(call, workload) }))
  return scaleOf(written)
}

function scaled(call: SubresourceCall, workload: Scalable | undefined): Scalable {
  if (workload === undefined) throw notFound(call.resource, call.name)
  const current = scaleOf(workload)
  const wanted = (call.request.verb === 'update' ? call.request.body : patchScale(current, call.request)) as Scale
  if (wanted.metadata.resourceVersion && wanted.metadata.resourceVersion !== workload.metadata.resourceVersion) {
    throw conflict(call.resource, call.name, staleObject)
  }
  const replicas = wanted.spec?.replicas ?? 0
  if (replicas < 0) {
    throw invalid(scaleInfo, call.name, [
      field.invalid('spec.replicas', replicas, 'must be greater than or equal to 0'),
    ])
  }
  if (replicas === workload.spec?.replicas) return workload
  const metadata: ObjectMeta = { ...workload.metadata, generation: (workload.metadata.generation ?? 0) + 1 }
  const changed: Scalable = { ...workload, metadata, spec: { ...workload.spec, replicas } }
  const managedFields = updateManagedFields({
    schema: call.resource.schema,
    old: workload,
    new: changed,
    manager: call.fieldManager,
    apiVersion: apiVersionOf(call.resource),
    time: formatTime(call.backend.clock.now()),
    subresource: 'scale',
  })
  if (managedFields !== undefined) metadata.managedFields = managedFields
  return changed
}

function scaleOf({ metadata, spec, status }: Scalable): Scale {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = metadata
  const selector = selectorText(spec?.selector)
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: spec?.replicas ? { replicas: spec.replicas } : {},
    status: { replicas: status?.replicas ?? 0, ...(selector === '' ? {} : { selector }) },
  }
}

/** ReplicationControllers have a plain map where the others have a LabelSelector. */
function selectorText(selector: unknown): string {
  if (typeof selector !== 'object' || selector === null) return ''
  const isLabelSelector = 'matchLabels' in selector || 'matchExpressions' in selector
  return formatLabelSelector((isLabelSelector ? selector : { matchLabels: selector }) as LabelSelector)
}
