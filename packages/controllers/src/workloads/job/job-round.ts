// One look at a Job and its pods, with everything that is counted from them. Upstream: syncJobCtx in
// pkg/controller/job/job_controller.go.

import { type Job, type JobCondition, type JobStatus, type Pod, cloneJson, formatTime } from '@binnacle/api'
import { isPodActive, isPodReady, isPodTerminating } from '../replica-pods.ts'
import {
  IndexSet,
  completionIndexOf,
  hasBackoffLimitPerIndex,
  ignoredIndexFailureCount,
  indexFailureCount,
  indexesOf,
  isIndexed,
  validIndexOf,
} from './completion-indexes.ts'
import { ensureCondition, jobCondition, trueCondition } from './job-conditions.ts'
import { failureVerdict, successPolicyMatch } from './job-policies.ts'
import { type BackOff, finishedAt, nextBackOff } from './pod-back-off.ts'

export const trackingFinalizer = 'batch.kubernetes.io/job-tracking'

export interface JobRound {
  /** As the server has it. */
  job: Job
  /** What is to be written next; ours to change. */
  status: JobStatus
  readonly pods: readonly Pod[]
  readonly activePods: readonly Pod[]
  /** Pods whose finalizer is still there for all that is known. */
  readonly tracked: ReadonlySet<Pod>
  readonly backOff: BackOff
  active: number
  ready: number
  terminating: number
  succeeded: number
  failed: number
  previousIndexes: IndexSet
  succeededIndexes: IndexSet
  failedIndexes: IndexSet | undefined
  /** By index: the failed pod that stays until another takes over its failure count. */
  delayedPods: ReadonlyMap<number, Pod>
  /** How the Job is about to end. */
  finished: JobCondition | undefined
  requeueAfterMs: number | undefined
}

export interface RoundInput {
  job: Job
  pods: readonly Pod[]
  backOff: BackOff
  now: number
  /** The removal of its finalizer was done, and is not in the informer yet. */
  isReleased: (pod: Pod) => boolean
}

export function isSuspended({ spec }: Job): boolean {
  return spec?.suspend === true
}

export function replacesOnlyFailed({ spec }: Job): boolean {
  return spec?.podReplacementPolicy === 'Failed' || spec?.podFailurePolicy !== undefined
}

export function hasTrackingFinalizer({ metadata }: Pod): boolean {
  return metadata.finalizers?.includes(trackingFinalizer) === true
}

/** A deleted pod counts as failed even if it never comes to that phase, unless the Job waits for the phase. */
export function isPodFailed({ metadata, status }: Pod, job: Job): boolean {
  if (status?.phase === 'Failed') return true
  if (replacesOnlyFailed(job)) return false
  return metadata.deletionTimestamp !== undefined && status?.phase !== 'Succeeded'
}

export function beginRound({ job, pods, backOff, now, isReleased }: RoundInput): JobRound {
  const status = cloneJson(job.status ?? {})
  status.uncountedTerminatedPods ??= {}
  if (status.startTime === undefined && !isSuspended(job)) status.startTime = formatTime(now)
  const tracked = new Set(pods.filter((pod) => hasTrackingFinalizer(pod) && !isReleased(pod)))
  const uncountedSucceeded = new Set(status.uncountedTerminatedPods.succeeded)
  const uncountedFailed = new Set(status.uncountedTerminatedPods.failed)
  const valid = [...tracked].filter((pod) => !isIndexed(job) || validIndexOf(pod, job) !== undefined)
  const newSucceeded = valid.filter(
    (pod) => pod.status?.phase === 'Succeeded' && !uncountedSucceeded.has(pod.metadata.uid ?? ''),
  )
  const newFailed = valid.filter((pod) => isPodFailed(pod, job) && !uncountedFailed.has(pod.metadata.uid ?? ''))
  const activePods = pods.filter(isPodActive)
  const round: JobRound = {
    job,
    status,
    pods,
    activePods,
    tracked,
    backOff: nextBackOff(backOff, newSucceeded, newFailed),
    active: activePods.length,
    ready: activePods.filter(isPodReady).length,
    terminating: pods.filter(isPodTerminating).length,
    succeeded: (status.succeeded ?? 0) + newSucceeded.length + uncountedSucceeded.size,
    failed:
      (status.failed ?? 0) +
      newFailed.filter((pod) => failureVerdict(job, pod).isCounted).length +
      uncountedFailed.size,
    previousIndexes: IndexSet.of([]),
    succeededIndexes: IndexSet.of([]),
    failedIndexes: undefined,
    delayedPods: new Map(),
    finished: undefined,
    requeueAfterMs: undefined,
  }
  countIndexes(round, valid)
  round.finished = conclusion(round, now)
  return round
}

function countIndexes(round: JobRound, valid: readonly Pod[]): void {
  const { job, status } = round
  if (!isIndexed(job)) return
  const completions = job.spec?.completions ?? 0
  round.previousIndexes = IndexSet.parse(status.completedIndexes, completions)
  round.succeededIndexes = round.previousIndexes.union(
    indexesOf(valid.filter((pod) => pod.status?.phase === 'Succeeded')),
  )
  round.succeeded = round.succeededIndexes.size
  if (!hasBackoffLimitPerIndex(job)) return
  round.failedIndexes = IndexSet.parse(status.failedIndexes, completions).union(
    indexesOf(valid.filter((pod) => failsIndex(pod, job))),
  )
  round.delayedPods = delayedPodsOf(round, valid)
}

function failsIndex(pod: Pod, job: Job): boolean {
  if (!isPodFailed(pod, job)) return false
  const { action, isCounted } = failureVerdict(job, pod)
  return action === 'FailIndex' || (isCounted && indexFailureCount(pod) >= (job.spec?.backoffLimitPerIndex ?? 0))
}

/** Of each index that waits for another pod, the one that failed last. */
function delayedPodsOf(
  { job, activePods, succeededIndexes, failedIndexes }: JobRound,
  valid: readonly Pod[],
): Map<number, Pod> {
  const activeIndexes = indexesOf(activePods)
  const failures = (pod: Pod): number => indexFailureCount(pod) + ignoredIndexFailureCount(pod)
  const delayed = new Map<number, Pod>()
  for (const pod of valid) {
    const index = completionIndexOf(pod)
    if (index === undefined || !isPodFailed(pod, job)) continue
    if (succeededIndexes.has(index) || failedIndexes?.has(index) === true || activeIndexes.has(index)) continue
    const last = delayed.get(index)
    if (last === undefined || (failures(last) <= failures(pod) && finishedAt(pod) >= finishedAt(last)))
      delayed.set(index, pod)
  }
  return delayed
}

/** How the Job ends, if it does, leaving aside that enough pods have succeeded. What was found before comes first. */
function conclusion(round: JobRound, now: number): JobCondition | undefined {
  const { job, pods, failedIndexes, succeededIndexes } = round
  const { spec } = job
  const failure = (reason: string, message: string): JobCondition =>
    jobCondition({ type: 'FailureTarget', status: 'True', reason, message }, now)

  const met = trueCondition(job, 'SuccessCriteriaMet')
  if (met !== undefined) return met
  const target = trueCondition(job, 'FailureTarget')
  if (target !== undefined) return terminalCondition(target, now)
  for (const pod of spec?.podFailurePolicy === undefined ? [] : pods) {
    const { failJobMessage } = isPodFailed(pod, job) ? failureVerdict(job, pod) : {}
    if (failJobMessage !== undefined) return failure('PodFailurePolicy', failJobMessage)
  }
  if (round.failed > (spec?.backoffLimit ?? 6) || restartsExceedLimit(job, pods))
    return failure('BackoffLimitExceeded', 'Job has reached the specified backoff limit')
  const deadline = timeToDeadline(round, now)
  if (deadline !== undefined && deadline <= 0)
    return failure('DeadlineExceeded', 'Job was active longer than specified deadline')
  round.requeueAfterMs = deadline
  if (!isIndexed(job)) return undefined
  if (failedIndexes !== undefined && failedIndexes.size > 0) {
    if (spec?.maxFailedIndexes !== undefined && failedIndexes.size > spec.maxFailedIndexes)
      return failure('MaxFailedIndexesExceeded', 'Job has exceeded the specified maximal number of failed indexes')
    if (failedIndexes.size + succeededIndexes.size >= (spec?.completions ?? 0))
      return failure('FailedIndexes', 'Job has failed indexes')
  }
  const message = successPolicyMatch(job, succeededIndexes)
  return message === undefined
    ? undefined
    : jobCondition({ type: 'SuccessCriteriaMet', status: 'True', reason: 'SuccessPolicy', message }, now)
}

/** Milliseconds that the Job may still be active; undefined where it has no deadline now. */
function timeToDeadline({ job, status }: JobRound, now: number): number | undefined {
  const seconds = job.spec?.activeDeadlineSeconds
  if (seconds === undefined || isSuspended(job) || status.startTime === undefined) return undefined
  return Date.parse(status.startTime) + seconds * 1000 - now
}

/** Where containers are restarted in their pod, the restarts count instead of failed pods. */
function restartsExceedLimit({ spec }: Job, pods: readonly Pod[]): boolean {
  if (spec?.template.spec?.restartPolicy !== 'OnFailure') return false
  let restarts = 0
  for (const { status } of pods) {
    if (status?.phase !== 'Running' && status?.phase !== 'Pending') continue
    for (const { restartCount } of [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])])
      restarts += restartCount
  }
  const limit = spec.backoffLimit ?? 6
  return limit === 0 ? restarts > 0 : restarts >= limit
}

/** Complete for SuccessCriteriaMet, Failed for FailureTarget. */
export function terminalCondition({ type, reason, message }: JobCondition, now: number): JobCondition {
  return jobCondition(
    {
      type: type === 'SuccessCriteriaMet' ? 'Complete' : 'Failed',
      status: 'True',
      reason: reason ?? '',
      message: message ?? '',
    },
    now,
  )
}

/** Enough pods have succeeded, and none runs any more. */
export function hasEnoughCompletions({ job, succeeded, active }: JobRound): boolean {
  const completions = job.spec?.completions
  return active === 0 && (completions === undefined ? succeeded > 0 : succeeded >= completions)
}

/** The event of a Job that was suspended or resumed just now. */
export function noteSuspension(
  { job, status }: JobRound,
  now: number,
): { reason: string; message: string } | undefined {
  if (isSuspended(job)) {
    const state = { type: 'Suspended', status: 'True', reason: 'JobSuspended', message: 'Job suspended' } as const
    if (!ensureCondition(status, state, now)) return undefined
    // Its start does not count while it is suspended.
    delete status.startTime
    return { reason: 'Suspended', message: 'Job suspended' }
  }
  const state = { type: 'Suspended', status: 'False', reason: 'JobResumed', message: 'Job resumed' } as const
  if (!ensureCondition(status, state, now)) return undefined
  status.startTime = formatTime(now)
  return { reason: 'Resumed', message: 'Job resumed' }
}
