// Pods: grace, binding, eviction, ephemeral containers, resize. Upstream: pkg/registry/core/pod/{strategy.go,storage/storage.go}.

import {
  type KubeObject,
  type Pod,
  type PodCondition,
  type RequestOptions,
  conflict,
  field,
  formatTime,
  invalid,
  notFound,
} from '@binnacle/api'
import type { Strategy, SubresourceCall } from '../strategy.ts'
import { evict } from './eviction.ts'
import { success } from './status-success.ts'
import { writeObject } from './write-object.ts'

export const pods: Strategy = {
  gracePeriodSeconds: grace,

  prepareForUpdate(object, old, { subresource }) {
    if (subresource === 'ephemeralcontainers') keepAllButEphemeralContainers(object, old)
    if (subresource === 'resize') keepAllButResources(object, old)
  },

  subresources: { binding: bind, eviction: evict },
}

/** podStrategy.CheckGracefulDelete: a pod that no node has, or that has ended, goes at once. */
function grace(object: KubeObject, options: RequestOptions): number {
  const { spec, status } = object as Pod
  if (!spec?.nodeName || status?.phase === 'Failed' || status?.phase === 'Succeeded') return 0
  const seconds = options.gracePeriodSeconds ?? spec.terminationGracePeriodSeconds ?? 0
  return seconds < 0 ? 1 : seconds
}

interface Binding extends KubeObject {
  target?: { kind?: string; name?: string }
}

async function bind(call: SubresourceCall): Promise<KubeObject> {
  const binding = call.request.body as Binding
  const node = binding.target?.name ?? ''
  if (binding.target?.kind && binding.target.kind !== 'Node') {
    throw invalid({ group: '', kind: 'Binding' }, call.name, [
      field.notSupported('target.kind', binding.target.kind, ['Node', '<empty>']),
    ])
  }
  if (node === '') throw invalid({ group: '', kind: 'Binding' }, call.name, [field.required('target.name', '')])
  await writeObject(call, (current) => ({ put: boundPod(current, node, call) }))
  return success()
}

function boundPod(pod: Pod | undefined, node: string, call: SubresourceCall): Pod {
  if (pod === undefined) throw notFound(call.resource, call.name)
  const refuse = (why: string): Error => conflict({ group: '', resource: 'pods/binding' }, call.name, why)
  const { uid, resourceVersion, annotations, labels } = (call.request.body as Binding).metadata
  if (uid && uid !== pod.metadata.uid) {
    throw refuse(`Precondition failed: UID in precondition: ${uid}, UID in object meta: ${pod.metadata.uid}`)
  }
  if (resourceVersion && resourceVersion !== pod.metadata.resourceVersion) {
    throw refuse(
      `Precondition failed: ResourceVersion in precondition: ${resourceVersion}, ResourceVersion in object meta: ${pod.metadata.resourceVersion}`,
    )
  }
  if (pod.metadata.deletionTimestamp) throw refuse(`pod ${call.name} is being deleted, cannot be assigned to a host`)
  if (pod.spec?.nodeName) throw refuse(`pod ${call.name} is already assigned to node "${pod.spec.nodeName}"`)
  if ((pod.spec?.schedulingGates?.length ?? 0) > 0) throw refuse(`pod ${call.name} has non-empty .spec.schedulingGates`)
  const scheduled: PodCondition = {
    type: 'PodScheduled',
    status: 'True',
    lastTransitionTime: formatTime(call.backend.clock.now()),
    observedGeneration: pod.metadata.generation,
  }
  const conditions = [...(pod.status?.conditions ?? []).filter(({ type }) => type !== 'PodScheduled'), scheduled]
  const metadata = {
    ...pod.metadata,
    ...(annotations === undefined ? {} : { annotations: { ...pod.metadata.annotations, ...annotations } }),
    ...(labels === undefined ? {} : { labels: { ...labels, ...pod.metadata.labels } }),
  }
  return {
    ...pod,
    metadata,
    spec: { ...(pod.spec as NonNullable<Pod['spec']>), nodeName: node },
    status: { ...pod.status, conditions },
  }
}

/** podEphemeralContainersStrategy: all but spec.ephemeralContainers stays; what runs may neither change nor go. */
function keepAllButEphemeralContainers(object: KubeObject, old: KubeObject): void {
  const pod = object as Pod
  const before = old as Pod
  const wanted = pod.spec?.ephemeralContainers ?? []
  const known = before.spec?.ephemeralContainers ?? []
  const errors = known.flatMap(({ name }) =>
    wanted.some((container) => container.name === name)
      ? []
      : [field.forbidden('spec.ephemeralContainers', `existing ephemeral containers "${name}" may not be removed\n`)],
  )
  for (const [index, container] of wanted.entries()) {
    const existing = known.find(({ name }) => name === container.name)
    if (existing !== undefined && JSON.stringify(existing) !== JSON.stringify(container)) {
      const why = `existing ephemeral containers "${container.name}" may not be changed\n`
      errors.push(field.forbidden(`spec.ephemeralContainers[${index}]`, why))
    }
  }
  if (errors.length > 0) throw invalid({ group: '', kind: 'Pod' }, pod.metadata.name ?? '', errors)
  pod.spec = { ...(before.spec as NonNullable<Pod['spec']>), ephemeralContainers: wanted }
  if (before.status === undefined) delete pod.status
  else pod.status = before.status
  keepMetadata(pod, before)
  countGeneration(pod, before, wanted.length !== known.length)
}

/**
 * podResizeStrategy: of the spec only the pod's resources and the containers' resources and resizePolicy change.
 * Containers that were added, renamed or reordered are left for validation to refuse.
 */
function keepAllButResources(object: KubeObject, old: KubeObject): void {
  const pod = object as Pod
  const before = old as Pod
  const spec = before.spec as NonNullable<Pod['spec']>
  const [wanted, wantedFirst] = [pod.spec?.containers ?? [], pod.spec?.initContainers ?? []]
  const isSameNumber = wanted.length === spec.containers.length
  if (!isSameNumber || wantedFirst.length !== (spec.initContainers?.length ?? 0)) return
  const containers = withResources(spec.containers, wanted)
  const initContainers = withResources(spec.initContainers ?? [], wantedFirst)
  const resources = pod.spec?.resources
  pod.spec = { ...spec, containers, ...(spec.initContainers === undefined ? {} : { initContainers }) }
  if (resources === undefined) delete pod.spec.resources
  else pod.spec.resources = resources
  if (before.status === undefined) delete pod.status
  else pod.status = before.status
  keepMetadata(pod, before)
  countGeneration(pod, before, JSON.stringify(spec) !== JSON.stringify(pod.spec))
}

type Container = NonNullable<Pod['spec']>['containers'][number]

function withResources(kept: readonly Container[], wanted: readonly Container[]): Container[] {
  if (wanted.some(({ name }, index) => name !== kept[index]?.name)) return [...wanted]
  return kept.map((container, index) => {
    const merged = { ...container }
    for (const name of ['resources', 'resizePolicy'] as const) {
      delete merged[name]
      if (wanted[index]?.[name] !== undefined) Object.assign(merged, { [name]: wanted[index][name] })
    }
    return merged
  })
}

function keepMetadata(pod: Pod, before: Pod): void {
  const { resourceVersion, managedFields } = pod.metadata
  pod.metadata = { ...before.metadata, resourceVersion, managedFields }
}

function countGeneration(pod: Pod, before: Pod, hasChanged: boolean): void {
  if (hasChanged) pod.metadata.generation = (before.metadata.generation ?? 0) + 1
}
