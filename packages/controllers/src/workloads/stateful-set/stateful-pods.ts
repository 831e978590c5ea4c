// Names, ordinals and claims of a StatefulSet's pods, and what a new pod looks like. Upstream:
// pkg/controller/statefulset/stateful_set_utils.go.

import type { OwnerReference, PersistentVolumeClaim, Pod, PodTemplateSpec, StatefulSet } from '@binnacle/api'
import { revisionHashLabel } from '../controller-revisions.ts'
import { availableAt, controllerReference, isPodReady } from '../replica-pods.ts'

export const statefulSetKind = { apiVersion: 'apps/v1', kind: 'StatefulSet' }
const podKind = { apiVersion: 'v1', kind: 'Pod' }
const podNameLabel = 'statefulset.kubernetes.io/pod-name'
const podIndexLabel = 'apps.kubernetes.io/pod-index'

/** The ordinal of a pod that is named as the set's pods are; undefined for another. */
export function ordinalOf({ metadata }: Pod, { metadata: { name } }: StatefulSet): number | undefined {
  const match = /^(.*)-(\d+)$/.exec(metadata.name ?? '')
  return match !== null && match[1] === name ? Number(match[2]) : undefined
}

export function startOrdinal({ spec }: StatefulSet): number {
  return spec?.ordinals?.start ?? 0
}

export function replicasOf({ spec }: StatefulSet): number {
  return spec?.replicas ?? 1
}

export function isInRange(ordinal: number, set: StatefulSet): boolean {
  return ordinal >= startOrdinal(set) && ordinal < startOrdinal(set) + replicasOf(set)
}

export function revisionOf({ metadata }: Pod): string | undefined {
  return metadata.labels?.[revisionHashLabel]
}

export function isRunningAndReady(pod: Pod): boolean {
  return pod.status?.phase === 'Running' && isPodReady(pod)
}

export function isAvailable(pod: Pod, { spec }: StatefulSet, now: number): boolean {
  const at = availableAt(pod, spec?.minReadySeconds ?? 0)
  return at !== undefined && at <= now
}

export function isTerminating({ metadata }: Pod): boolean {
  return metadata.deletionTimestamp !== undefined
}

export interface Revision {
  name: string
  template: PodTemplateSpec
}

/** The pod as it is to be created. */
export function newPod(set: StatefulSet, ordinal: number, { name: revision, template }: Revision): Pod {
  const name = `${set.metadata.name}-${ordinal}`
  const claims = set.spec?.volumeClaimTemplates ?? []
  const ownNames = new Set(claims.map(({ metadata }) => metadata.name))
  const volumes = [
    ...claims.map(({ metadata }) => ({
      name: metadata.name ?? '',
      persistentVolumeClaim: { claimName: claimName(set, metadata.name, ordinal) },
    })),
    ...(template.spec?.volumes ?? []).filter((volume) => !ownNames.has(volume.name)),
  ]
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      // Kept by upstream, too: it tells that the name is not the user's.
      generateName: `${set.metadata.name}-`,
      namespace: set.metadata.namespace,
      labels: {
        ...template.metadata?.labels,
        [podNameLabel]: name,
        [podIndexLabel]: String(ordinal),
        [revisionHashLabel]: revision,
      },
      annotations: template.metadata?.annotations,
      finalizers: template.metadata?.finalizers,
      ownerReferences: [controllerReference(statefulSetKind, set)],
    },
    spec: {
      ...template.spec,
      containers: template.spec?.containers ?? [],
      hostname: name,
      subdomain: set.spec?.serviceName,
      ...(volumes.length === 0 ? {} : { volumes }),
    },
  }
}

/** The label that a Service for one pod selects by. */
export function hasIdentity({ metadata }: Pod): boolean {
  return metadata.labels?.[podNameLabel] === metadata.name
}

export function identityLabels({ metadata }: Pod, ordinal: number): Record<string, string> {
  return { [podNameLabel]: metadata.name ?? '', [podIndexLabel]: String(ordinal) }
}

function claimName({ metadata }: StatefulSet, template: string | undefined, ordinal: number): string {
  return `${template}-${metadata.name}-${ordinal}`
}

export function claimsOf(set: StatefulSet, ordinal: number): PersistentVolumeClaim[] {
  return (set.spec?.volumeClaimTemplates ?? []).map((template) => ({
    ...template,
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: {
      ...template.metadata,
      name: claimName(set, template.metadata.name, ordinal),
      namespace: set.metadata.namespace,
      labels: { ...template.metadata.labels, ...set.spec?.selector.matchLabels },
    },
  }))
}

export type ClaimOwners =
  | { kind: 'as they are' }
  /** Somebody else controls the claim: the retention policy does not count. */
  | { kind: 'foreign' }
  | { kind: 'change'; owners: OwnerReference[]; isForeign: boolean }

/** What is to become of the claim's owners by the set's persistentVolumeClaimRetentionPolicy. */
export function claimOwners(set: StatefulSet, pod: Pod, claim: PersistentVolumeClaim): ClaimOwners {
  const { whenDeleted = 'Retain', whenScaled = 'Retain' } = set.spec?.persistentVolumeClaimRetentionPolicy ?? {}
  const current = claim.metadata.ownerReferences ?? []
  const isSet = (owner: OwnerReference): boolean => isReferenceTo(owner, statefulSetKind, set.metadata.name)
  const isPod = (owner: OwnerReference): boolean => isReferenceTo(owner, podKind, pod.metadata.name)
  // Left over from an object of the same name: the garbage collector's business.
  const isStale = current.some(
    (owner) => (isSet(owner) && owner.uid !== set.metadata.uid) || (isPod(owner) && owner.uid !== pod.metadata.uid),
  )
  if (isStale) return { kind: 'as they are' }
  const others = current.filter((owner) => !isSet(owner) && !isPod(owner))
  const isRetained = whenDeleted === 'Retain' && whenScaled === 'Retain'
  if (!isRetained && others.some(({ controller }) => controller === true)) {
    return others.length === current.length ? { kind: 'foreign' } : { kind: 'change', owners: others, isForeign: true }
  }
  const isScaledDown = !isInRange(ordinalOf(pod, set) ?? -1, set)
  const byPod = whenScaled === 'Delete' && isScaledDown
  const bySet = whenDeleted === 'Delete' && !byPod
  const owners = [
    ...others,
    ...(byPod ? [controllerReference(podKind, pod)] : []),
    ...(bySet ? [controllerReference(statefulSetKind, set)] : []),
  ]
  const isSame =
    owners.length === current.length &&
    owners.every(({ uid, controller }) => current.some((owner) => owner.uid === uid && owner.controller === controller))
  return isSame ? { kind: 'as they are' } : { kind: 'change', owners, isForeign: false }
}

/** A claim that goes with a pod that is gone: no new pod may take it. */
export function isStaleClaim({ spec }: StatefulSet, podName: string, { metadata }: PersistentVolumeClaim): boolean {
  if ((spec?.persistentVolumeClaimRetentionPolicy?.whenScaled ?? 'Retain') === 'Retain') return false
  return metadata.ownerReferences?.some((owner) => isReferenceTo(owner, podKind, podName)) === true
}

function isReferenceTo(
  owner: OwnerReference,
  { apiVersion, kind }: { apiVersion: string; kind: string },
  name: string | undefined,
): boolean {
  return owner.apiVersion === apiVersion && owner.kind === kind && owner.name === name
}
