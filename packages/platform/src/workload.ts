// Why a workload of ours is not as it should be.

import type { Deployment, Event, Pod, StatefulSet } from '@binnacle/api'
import { type Trouble, podTrouble } from './pod-trouble.ts'

/** A workload as it was seen last. */
export interface WorkloadState {
  deployment?: Deployment | undefined
  statefulSet?: StatefulSet | undefined
  pods: readonly Pod[]
  warningsOf: (kind: 'Pod' | 'StatefulSet', object: Pod | StatefulSet) => readonly Event[]
}

/** The cause with the most to do about it: what keeps replicas from being made, then what keeps them from being ready. */
export function workloadTrouble({ deployment, statefulSet, pods, warningsOf }: WorkloadState): Trouble | undefined {
  const failed = deployment?.status?.conditions?.find(
    ({ type, status }) => type === 'ReplicaFailure' && status === 'True',
  )
  if (failed !== undefined) return cannotCreate(failed.message ?? '')
  for (const pod of newestFirst(pods)) {
    const trouble = podTrouble(pod, warningsOf('Pod', pod))
    if (trouble !== undefined) return trouble
  }
  const wanted = statefulSet?.spec?.replicas ?? 1
  if (statefulSet !== undefined && pods.length < wanted) {
    const refused = warningsOf('StatefulSet', statefulSet).findLast(({ reason }) => reason === 'FailedCreate')
    if (refused !== undefined) return cannotCreate(refused.message ?? '')
  }
  const stuck = deployment?.status?.conditions?.find(({ type }) => type === 'Progressing')
  if (stuck?.reason === 'ProgressDeadlineExceeded')
    return {
      reason: 'ProgressDeadlineExceeded',
      message: `the rollout made no progress in time: ${stuck.message ?? ''}; look at the log of its newest replica`,
    }
  return undefined
}

export function newestFirst(pods: readonly Pod[]): Pod[] {
  return pods.toSorted((a, b) => (creation(a) < creation(b) ? 1 : -1))
}

function creation({ metadata }: Pod): string {
  return metadata.creationTimestamp ?? ''
}

function cannotCreate(why: string): Trouble {
  if (why.includes('exceeded quota'))
    return {
      reason: 'QuotaExceeded',
      message: `replicas cannot be made: ${why}; lower replicas or resources, or raise the quota`,
    }
  const hint = /service ?account/i.test(why) ? '; create the ServiceAccount, or correct serviceAccountName' : ''
  return { reason: 'FailedCreate', message: `replicas cannot be made: ${why}${hint}` }
}
