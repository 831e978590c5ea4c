// The status of a Deployment and its three conditions. Upstream: pkg/controller/deployment/{sync,progress}.go.

import {
  type Deployment,
  type DeploymentCondition,
  type DeploymentStatus,
  type ReplicaSet,
  deepEqual,
  formatTime,
} from '@binnacle/api'
import { availableOf, isComplete, isProgressing, maxUnavailable, replicasOf, sum } from './deployment-math.ts'

type ConditionType = 'Available' | 'Progressing' | 'ReplicaFailure'

/** Upstream's word for "no deadline". */
const noDeadline = 2_147_483_647

export function condition(
  type: ConditionType,
  state: { status: 'True' | 'False' | 'Unknown'; reason: string; message: string },
  now: number,
): DeploymentCondition {
  const time = formatTime(now)
  return { type, ...state, lastUpdateTime: time, lastTransitionTime: time }
}

export function findCondition(
  status: DeploymentStatus | undefined,
  type: ConditionType,
): DeploymentCondition | undefined {
  return status?.conditions?.find((one) => one.type === type)
}

/** A condition of the same status and reason stays; of the same status it keeps its transition time. */
export function setCondition(status: DeploymentStatus, wanted: DeploymentCondition): void {
  const current = status.conditions?.find(({ type }) => type === wanted.type)
  if (current?.status === wanted.status && current.reason === wanted.reason) return
  const kept = current?.status === wanted.status ? { lastTransitionTime: current.lastTransitionTime } : {}
  status.conditions = [...(status.conditions ?? []).filter(({ type }) => type !== wanted.type), { ...wanted, ...kept }]
}

function removeCondition(status: DeploymentStatus, type: ConditionType): void {
  status.conditions = (status.conditions ?? []).filter((one) => one.type !== type)
}

export function hasDeadline({ spec }: Deployment): boolean {
  return spec?.progressDeadlineSeconds !== undefined && spec.progressDeadlineSeconds !== noDeadline
}

export interface ReplicaSets {
  newSet: ReplicaSet | undefined
  all: readonly ReplicaSet[]
}

/** Everything but the progress. */
export function statusOf(deployment: Deployment, { newSet, all }: ReplicaSets, now: number): DeploymentStatus {
  const available = sum(all, availableOf)
  const replicas = sum(all, (set) => set.status?.replicas ?? 0)
  const ready = sum(all, (set) => set.status?.readyReplicas ?? 0)
  const updated = newSet?.status?.replicas ?? 0
  const unavailable = Math.max(0, sum(all, replicasOf) - available)
  const { collisionCount, conditions } = deployment.status ?? {}
  const status: DeploymentStatus = {
    observedGeneration: deployment.metadata.generation,
    ...positive({
      replicas,
      updatedReplicas: updated,
      readyReplicas: ready,
      availableReplicas: available,
      unavailableReplicas: unavailable,
    }),
    terminatingReplicas: sum(all, (set) => set.status?.terminatingReplicas ?? 0),
    ...(conditions === undefined ? {} : { conditions: [...conditions] }),
    ...(collisionCount === undefined ? {} : { collisionCount }),
  }
  const isAvailable = available >= replicasOf(deployment) - maxUnavailable(deployment)
  const state = isAvailable
    ? ({ status: 'True', reason: 'MinimumReplicasAvailable', message: 'Deployment has minimum availability.' } as const)
    : ({
        status: 'False',
        reason: 'MinimumReplicasUnavailable',
        message: 'Deployment does not have minimum availability.',
      } as const)
  setCondition(status, condition('Available', state, now))
  return status
}

/** Counts of zero are left out, as the API does. */
function positive<K extends string>(counts: Record<K, number>): Partial<Record<K, number>> {
  const kept: Partial<Record<K, number>> = {}
  for (const name in counts) if (counts[name] > 0) kept[name] = counts[name]
  return kept
}

/** The status with the progress of the rollout in it (syncRolloutStatus). */
export function rolloutStatus(deployment: Deployment, sets: ReplicaSets, now: number): DeploymentStatus {
  const status = statusOf(deployment, sets, now)
  if (!hasDeadline(deployment)) removeCondition(status, 'Progressing')
  const current = findCondition(deployment.status, 'Progressing')
  const wasComplete =
    (deployment.status?.replicas ?? 0) === (deployment.status?.updatedReplicas ?? 0) &&
    current?.reason === 'NewReplicaSetAvailable'
  if (hasDeadline(deployment) && !wasComplete) setProgress(deployment, sets, status, now)
  const failure = sets.newSet === undefined ? replicaFailure(sets.all) : replicaFailure([sets.newSet])
  if (failure === undefined) removeCondition(status, 'ReplicaFailure')
  else setCondition(status, condition('ReplicaFailure', failure, now))
  if (status.conditions?.length === 0) delete status.conditions
  return status
}

function setProgress(deployment: Deployment, { newSet }: ReplicaSets, status: DeploymentStatus, now: number): void {
  const subject =
    newSet === undefined ? `Deployment "${deployment.metadata.name}"` : `ReplicaSet "${newSet.metadata.name}"`
  if (isComplete(deployment, status)) {
    setCondition(
      status,
      condition(
        'Progressing',
        { status: 'True', reason: 'NewReplicaSetAvailable', message: `${subject} has successfully progressed.` },
        now,
      ),
    )
  } else if (isProgressing(deployment, status)) {
    const progressing = condition(
      'Progressing',
      { status: 'True', reason: 'ReplicaSetUpdated', message: `${subject} is progressing.` },
      now,
    )
    const current = findCondition(status, 'Progressing')
    if (current?.status === 'True') progressing.lastTransitionTime = current.lastTransitionTime
    // Written anew each time: its update time is what the deadline counts from.
    removeCondition(status, 'Progressing')
    setCondition(status, progressing)
  } else if (hasTimedOut(deployment, status, now)) {
    setCondition(
      status,
      condition(
        'Progressing',
        { status: 'False', reason: 'ProgressDeadlineExceeded', message: `${subject} has timed out progressing.` },
        now,
      ),
    )
  }
}

function hasTimedOut({ spec }: Deployment, status: DeploymentStatus, now: number): boolean {
  const current = findCondition(status, 'Progressing')
  if (current === undefined || current.reason === 'NewReplicaSetAvailable') return false
  if (current.reason === 'ProgressDeadlineExceeded') return true
  return Date.parse(current.lastUpdateTime ?? '') + (spec?.progressDeadlineSeconds ?? 0) * 1000 < now
}

/** Milliseconds until the deadline is to be looked at; undefined where there is nothing to wait for. */
export function timeToDeadline({ spec }: Deployment, status: DeploymentStatus, now: number): number | undefined {
  const current = findCondition(status, 'Progressing')
  if (
    current === undefined ||
    current.reason === 'NewReplicaSetAvailable' ||
    current.reason === 'ProgressDeadlineExceeded'
  )
    return undefined
  const deadline = Date.parse(current.lastUpdateTime ?? '') + (spec?.progressDeadlineSeconds ?? 0) * 1000
  // A second more than the deadline, since times are kept in whole seconds.
  return Math.max(1, deadline - now + 1000)
}

function replicaFailure(sets: readonly ReplicaSet[]): { status: 'True'; reason: string; message: string } | undefined {
  for (const { status } of sets) {
    const failed = status?.conditions?.find(({ type }) => type === 'ReplicaFailure')
    if (failed !== undefined) return { status: 'True', reason: failed.reason ?? '', message: failed.message ?? '' }
  }
  return undefined
}

export function isSameStatus(a: DeploymentStatus | undefined, b: DeploymentStatus): boolean {
  return deepEqual(a, b)
}
