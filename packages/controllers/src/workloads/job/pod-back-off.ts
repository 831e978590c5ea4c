// How long a Job waits before it replaces failed pods: 10 s, doubled for each failure since the last success, at most
// 10 minutes. Upstream: pkg/controller/job/backoff_utils.go.

import type { ContainerStatus, Pod } from '@binnacle/api'
import { ignoredIndexFailureCount, indexFailureCount } from './completion-indexes.ts'

const baseDelayMs = 10_000
const maxDelayMs = 600_000

/** Failures since the last success, and when the newest of them was. */
export interface BackOff {
  failures: number
  lastFailureAt: number
}

export const noBackOff: BackOff = { failures: 0, lastFailureAt: 0 }

/** The record after pods have newly ended. */
export function nextBackOff(before: BackOff, succeeded: readonly Pod[], failed: readonly Pod[]): BackOff {
  if (failed.length === 0) return succeeded.length === 0 ? before : noBackOff
  const failedAt = failed.map(finishedAt)
  const lastFailureAt = Math.max(...failedAt)
  if (succeeded.length === 0) return { failures: before.failures + failed.length, lastFailureAt }
  const lastSuccessAt = Math.max(...succeeded.map(finishedAt))
  const failures = failedAt.filter((at) => at > lastSuccessAt).length
  return failures === 0 ? noBackOff : { failures, lastFailureAt }
}

/** Milliseconds until the next pod may be made. */
export function remainingMs({ failures, lastFailureAt }: BackOff, now: number): number {
  if (failures === 0) return 0
  const delay = Math.min(baseDelayMs * 2 ** (failures - 1), maxDelayMs)
  return Math.max(0, delay - (now - lastFailureAt))
}

/** The same for one index, from the pod that failed last in it. */
export function remainingMsOfIndex(lastFailed: Pod | undefined, now: number): number {
  if (lastFailed === undefined) return 0
  const failures = indexFailureCount(lastFailed) + ignoredIndexFailureCount(lastFailed) + 1
  return remainingMs({ failures, lastFailureAt: finishedAt(lastFailed) }, now)
}

/** When the pod ended: by its containers, else by when it stopped being ready, or was deleted, or was created. */
export function finishedAt(pod: Pod): number {
  const { metadata, status } = pod
  const byContainers = containersFinishedAt(pod)
  if (byContainers !== undefined) return byContainers
  const ready = status?.conditions?.find(({ type }) => type === 'Ready')
  if (ready?.status === 'False' && ready.lastTransitionTime !== undefined) return Date.parse(ready.lastTransitionTime)
  if (metadata.deletionTimestamp !== undefined)
    return Date.parse(metadata.deletionTimestamp) - (metadata.deletionGracePeriodSeconds ?? 0) * 1000
  return Date.parse(metadata.creationTimestamp ?? '')
}

/** The last end of a container or sidecar; undefined while one of them has none. */
function containersFinishedAt({ spec, status }: Pod): number | undefined {
  const sidecars = new Set(
    spec?.initContainers?.filter(({ restartPolicy }) => restartPolicy === 'Always').map(({ name }) => name),
  )
  const statuses: ContainerStatus[] = [
    ...(status?.containerStatuses ?? []),
    ...(status?.initContainerStatuses ?? []).filter(({ name }) => sidecars.has(name)),
  ]
  const ends = statuses.map(({ state }) => Date.parse(state?.terminated?.finishedAt ?? ''))
  return ends.length === 0 || ends.some(Number.isNaN) ? undefined : Math.max(...ends)
}
