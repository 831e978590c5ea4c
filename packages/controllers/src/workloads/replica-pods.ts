// What controllers of pods share: whose a pod is, whether it counts, whether it is ready and available, and which one
// goes first. Upstream: pkg/controller/controller_utils.go, pkg/api/v1/pod.

import type { KubeObject, OwnerReference, Pod } from '@binnacle/api'

export function controllerOf({ metadata }: KubeObject): OwnerReference | undefined {
  return metadata.ownerReferences?.find(({ controller }) => controller === true)
}

export function controllerReference(
  { apiVersion, kind }: { apiVersion: string; kind: string },
  { metadata }: KubeObject,
): OwnerReference {
  return {
    apiVersion,
    kind,
    name: metadata.name ?? '',
    uid: metadata.uid ?? '',
    controller: true,
    blockOwnerDeletion: true,
  }
}

/** Index of pods by the uid of their controller. */
export function byControllerUid(pod: KubeObject): readonly string[] {
  const uid = controllerOf(pod)?.uid
  return uid === undefined ? [] : [uid]
}

/** Index of objects that no controller owns, by namespace. */
export function orphansByNamespace(object: KubeObject): readonly string[] {
  return controllerOf(object) === undefined ? [object.metadata.namespace ?? ''] : []
}

/** Index of owners by namespace: an orphan is looked at by those of its own only. */
export function byNamespace({ metadata }: KubeObject): readonly string[] {
  return [metadata.namespace ?? '']
}

export function isPodActive({ status, metadata }: Pod): boolean {
  return status?.phase !== 'Succeeded' && status?.phase !== 'Failed' && metadata.deletionTimestamp === undefined
}

export function isPodTerminating({ status, metadata }: Pod): boolean {
  return metadata.deletionTimestamp !== undefined && status?.phase !== 'Succeeded' && status?.phase !== 'Failed'
}

export function isPodReady(pod: Pod): boolean {
  return readyCondition(pod)?.status === 'True'
}

function readyCondition({ status }: Pod): { status: string; lastTransitionTime?: string | undefined } | undefined {
  return status?.conditions?.find(({ type }) => type === 'Ready')
}

/** Milliseconds since the epoch at which the pod became, or becomes, available; undefined while it is not ready. */
export function availableAt(pod: Pod, minReadySeconds: number): number | undefined {
  const condition = readyCondition(pod)
  if (condition?.status !== 'True') return undefined
  if (minReadySeconds === 0) return 0
  // Ready since nobody knows when: upstream, too, does not count it until it has a time.
  const since = Date.parse(condition.lastTransitionTime ?? '')
  return Number.isNaN(since) ? Number.POSITIVE_INFINITY : since + minReadySeconds * 1000
}

const phaseOrder: Readonly<Record<string, number>> = { Pending: 0, Unknown: 1, Running: 2 }
const deletionCost = 'controller.kubernetes.io/pod-deletion-cost'

function costOf({ metadata }: Pod): number {
  const cost = Number(metadata.annotations?.[deletionCost] ?? 0)
  return Number.isInteger(cost) ? cost : 0
}

function restartsOf({ status }: Pod): number {
  return Math.max(0, ...(status?.containerStatuses ?? []).map(({ restartCount }) => restartCount))
}

/** Ages count by their logarithm, so that pods of about one age are told apart by other things (LogarithmicScaleDown). */
function ageRank(timestamp: string | undefined, now: number): number {
  const age = now - Date.parse(timestamp ?? '')
  return Number.isNaN(age) || age <= 0 ? -1 : Math.floor(Math.log2(age))
}

/** Those that go first stand first. `ranks` says how many pods of the same kind share each pod's node. */
export function byDeletionOrder(now: number, ranks: ReadonlyMap<Pod, number>): (a: Pod, b: Pod) => number {
  return (a, b) => {
    const unassigned = Number(Boolean(a.spec?.nodeName)) - Number(Boolean(b.spec?.nodeName))
    if (unassigned !== 0) return unassigned
    const phase = (phaseOrder[a.status?.phase ?? ''] ?? 0) - (phaseOrder[b.status?.phase ?? ''] ?? 0)
    if (phase !== 0) return phase
    const ready = Number(isPodReady(a)) - Number(isPodReady(b))
    if (ready !== 0) return ready
    const cost = costOf(a) - costOf(b)
    if (cost !== 0) return cost
    const doubled = (ranks.get(b) ?? 0) - (ranks.get(a) ?? 0)
    if (doubled !== 0) return doubled
    const readyFor =
      ageRank(readyCondition(a)?.lastTransitionTime, now) - ageRank(readyCondition(b)?.lastTransitionTime, now)
    if (isPodReady(a) && readyFor !== 0) return readyFor
    const restarts = restartsOf(b) - restartsOf(a)
    if (restarts !== 0) return restarts
    const age = ageRank(a.metadata.creationTimestamp, now) - ageRank(b.metadata.creationTimestamp, now)
    if (age !== 0) return age
    return (a.metadata.uid ?? '') < (b.metadata.uid ?? '') ? -1 : 1
  }
}
