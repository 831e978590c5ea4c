// The arithmetic of rollouts: pure functions of a Deployment and its ReplicaSets. Upstream:
// pkg/controller/deployment/util/deployment_util.go.

import {
  type Deployment,
  type DeploymentStatus,
  type PodTemplateSpec,
  type ReplicaSet,
  scaledValue,
  semanticallyEqual,
} from '@binnacle/api'
import { podTemplateHashLabel } from './pod-template-hash.ts'

export const annotations = {
  revision: 'deployment.kubernetes.io/revision',
  revisionHistory: 'deployment.kubernetes.io/revision-history',
  desiredReplicas: 'deployment.kubernetes.io/desired-replicas',
  maxReplicas: 'deployment.kubernetes.io/max-replicas',
} as const

export function replicasOf({ spec }: { spec?: { replicas?: number | undefined } | undefined }): number {
  return spec?.replicas ?? 1
}

export function availableOf({ status }: ReplicaSet): number {
  return status?.availableReplicas ?? 0
}

export function sum(sets: readonly ReplicaSet[], count: (set: ReplicaSet) => number): number {
  return sets.reduce((total, set) => total + count(set), 0)
}

export function isRollingUpdate({ spec }: Deployment): boolean {
  return (spec?.strategy?.type ?? 'RollingUpdate') === 'RollingUpdate'
}

/** Surge rounds up, unavailability down; both zero would never move, so one may then be unavailable (ResolveFenceposts). */
function fenceposts(deployment: Deployment): { surge: number; unavailable: number } {
  if (!isRollingUpdate(deployment)) return { surge: 0, unavailable: 0 }
  const { maxSurge = '25%', maxUnavailable = '25%' } = deployment.spec?.strategy?.rollingUpdate ?? {}
  const desired = replicasOf(deployment)
  const surge = scaledValue(maxSurge, desired, 'up')
  const unavailable = scaledValue(maxUnavailable, desired, 'down')
  return surge === 0 && unavailable === 0 ? { surge, unavailable: 1 } : { surge, unavailable }
}

export function maxSurge(deployment: Deployment): number {
  return fenceposts(deployment).surge
}

export function maxUnavailable(deployment: Deployment): number {
  const desired = replicasOf(deployment)
  return desired === 0 ? 0 : Math.min(fenceposts(deployment).unavailable, desired)
}

/** The same template but for the hash label that ReplicaSets add. */
export function hasSameTemplate(a: PodTemplateSpec | undefined, b: PodTemplateSpec | undefined): boolean {
  return semanticallyEqual(withoutHash(a), withoutHash(b))
}

function withoutHash(template: PodTemplateSpec | undefined): PodTemplateSpec | undefined {
  if (template?.metadata?.labels?.[podTemplateHashLabel] === undefined) return template
  const { [podTemplateHashLabel]: _hash, ...labels } = template.metadata.labels
  return { ...template, metadata: { ...template.metadata, labels } }
}

/** Oldest first; of one second, by name. */
export function byCreation(a: ReplicaSet, b: ReplicaSet): number {
  const [left = '', right = ''] = [a.metadata.creationTimestamp, b.metadata.creationTimestamp]
  if (left !== right) return left < right ? -1 : 1
  return (a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1
}

export function findNewReplicaSet({ spec }: Deployment, sets: readonly ReplicaSet[]): ReplicaSet | undefined {
  return [...sets].sort(byCreation).find((set) => hasSameTemplate(set.spec?.template, spec?.template))
}

export function revisionOf({ metadata }: { metadata: { annotations?: Record<string, string> | undefined } }): number {
  return Number(metadata.annotations?.[annotations.revision] ?? 0) || 0
}

/** How large the new ReplicaSet may be now (NewRSNewReplicas). */
export function newReplicaSetSize(
  deployment: Deployment,
  sets: readonly ReplicaSet[],
  newSet: { replicas: number },
): number {
  const desired = replicasOf(deployment)
  if (!isRollingUpdate(deployment)) return desired
  const current = sum(sets, replicasOf)
  const most = desired + maxSurge(deployment)
  if (current >= most) return newSet.replicas
  return newSet.replicas + Math.min(most - current, desired - newSet.replicas)
}

/** The one ReplicaSet that has pods, or the newest where none has; undefined where several have. */
export function activeOrLatest(newSet: ReplicaSet | undefined, oldSets: readonly ReplicaSet[]): ReplicaSet | undefined {
  const active = [...oldSets, ...(newSet === undefined ? [] : [newSet])].filter((set) => replicasOf(set) > 0)
  if (active.length > 1) return undefined
  return active[0] ?? newSet ?? [...oldSets].sort(byCreation).at(-1)
}

export function isSaturated(deployment: Deployment, set: ReplicaSet | undefined): boolean {
  if (set === undefined) return false
  const desired = replicasOf(deployment)
  return (
    replicasOf(set) === desired &&
    Number(set.metadata.annotations?.[annotations.desiredReplicas]) === desired &&
    availableOf(set) === desired
  )
}

/** A share of `toAdd` for the set, by its part of the whole before (GetReplicaSetProportion). */
export function proportionOf(
  set: ReplicaSet,
  deployment: Deployment,
  { toAdd, added }: { toAdd: number; added: number },
): number {
  if (replicasOf(set) === 0 || toAdd === 0 || toAdd === added) return 0
  const fraction = fractionOf(set, deployment)
  const left = toAdd - added
  return toAdd > 0 ? Math.min(fraction, left) : Math.max(fraction, left)
}

function fractionOf(set: ReplicaSet, deployment: Deployment): number {
  const size = replicasOf(set)
  if (replicasOf(deployment) === 0) return -size
  const whole = replicasOf(deployment) + maxSurge(deployment)
  const before = Number(set.metadata.annotations?.[annotations.maxReplicas]) || deployment.status?.replicas || 0
  if (before === 0) return 0
  return Math.round((size * whole) / before) - size
}

export function isComplete({ spec, metadata }: Deployment, status: DeploymentStatus): boolean {
  const desired = spec?.replicas ?? 1
  return (
    (status.updatedReplicas ?? 0) === desired &&
    (status.replicas ?? 0) === desired &&
    (status.availableReplicas ?? 0) === desired &&
    (status.observedGeneration ?? 0) >= (metadata.generation ?? 0)
  )
}

export function isProgressing({ status: old = {} }: Deployment, status: DeploymentStatus): boolean {
  const updated = status.updatedReplicas ?? 0
  const oldUpdated = old.updatedReplicas ?? 0
  return (
    updated > oldUpdated ||
    (status.replicas ?? 0) - updated < (old.replicas ?? 0) - oldUpdated ||
    (status.readyReplicas ?? 0) > (old.readyReplicas ?? 0) ||
    (status.availableReplicas ?? 0) > (old.availableReplicas ?? 0)
  )
}
