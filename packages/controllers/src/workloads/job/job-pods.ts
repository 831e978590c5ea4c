// Which pods a Job needs now, which it has too many of, and what a new one looks like. Upstream: manageJob in
// pkg/controller/job/job_controller.go.

import { type Container, type Job, type Pod, type PodTemplateSpec } from '@binnacle/api'
import { byDeletionOrder, isPodTerminating } from '../replica-pods.ts'
import {
  completionIndexAnnotation,
  completionIndexOf,
  failureCountAnnotation,
  hasBackoffLimitPerIndex,
  ignoredFailureCountAnnotation,
  ignoredIndexFailureCount,
  indexFailureCount,
  indexesOf,
  isIndexed,
} from './completion-indexes.ts'
import { failureVerdict } from './job-policies.ts'
import { type JobRound, isSuspended, replacesOnlyFailed, trackingFinalizer } from './job-round.ts'
import { remainingMs, remainingMsOfIndex } from './pod-back-off.ts'

/** Pods made or removed in one go. */
const maxPodsPerRound = 500
/** A generated name has at most 63 characters, five of them random. */
const maxGeneratedPrefix = 58

function wantedActive({ job, active, succeeded }: JobRound): number {
  const parallelism = job.spec?.parallelism ?? 1
  const completions = job.spec?.completions
  if (isSuspended(job)) return 0
  if (completions === undefined) return succeeded > 0 ? active : parallelism
  return Math.max(0, Math.min(completions - succeeded, parallelism))
}

/** Pods of indexes that are taken or out of range, then those that are least far on. */
export function surplusPods(round: JobRound, now: number): Pod[] {
  const { job, activePods, active } = round
  const atLeast = Math.max(0, active - wantedActive(round))
  const sorted = [...activePods].sort(byDeletionOrder(now, new Map()))
  const surplus: Pod[] = []
  const left: Pod[] = []
  if (isIndexed(job) && !isSuspended(job)) {
    const taken = new Set<number>()
    for (const pod of sorted.toReversed()) {
      const index = completionIndexOf(pod)
      if (index === undefined || index >= (job.spec?.completions ?? 0) || taken.has(index)) surplus.push(pod)
      else left.unshift(pod)
      if (index !== undefined) taken.add(index)
    }
  } else left.push(...sorted)
  return [...surplus, ...left.slice(0, Math.max(0, atLeast - surplus.length))].slice(
    0,
    isSuspended(job) ? undefined : maxPodsPerRound,
  )
}

/** What to make now: for each pod its completion index, where the Job has those; or how long to wait first. */
export type Demand = { indexes: readonly (number | undefined)[] } | { waitMs: number }

export function missingPods(round: JobRound, now: number): Demand {
  const { job, active, terminating, backOff } = round
  const held = replacesOnlyFailed(job) ? terminating : 0
  const missing = Math.min(wantedActive(round) - held - active, maxPodsPerRound)
  if (missing <= 0) return { indexes: [] }
  if (!hasBackoffLimitPerIndex(job)) {
    const waitMs = remainingMs(backOff, now)
    if (waitMs > 0) return { waitMs }
  }
  if (!isIndexed(job)) return { indexes: Array.from({ length: missing }, () => undefined) }
  const indexes = pendingIndexes(round, missing)
  if (!hasBackoffLimitPerIndex(job)) return { indexes }
  const waits = indexes.map((index) => ({ index, waitMs: remainingMsOfIndex(round.delayedPods.get(index), now) }))
  const due = waits.filter(({ waitMs }) => waitMs === 0).map(({ index }) => index)
  if (due.length > 0 || waits.length === 0) return { indexes: due }
  return { waitMs: Math.min(...waits.map(({ waitMs }) => waitMs)) }
}

function pendingIndexes({ job, pods, activePods, succeededIndexes, failedIndexes }: JobRound, count: number): number[] {
  let taken = succeededIndexes.union(indexesOf(activePods))
  if (replacesOnlyFailed(job)) taken = taken.union(indexesOf(pods.filter(isPodTerminating)))
  if (failedIndexes !== undefined) taken = taken.union(failedIndexes)
  return taken.firstMissing(count, job.spec?.completions ?? 0)
}

/** The template of the pod with this completion index, and the start of its name. */
export function podTemplateOf(
  { job, delayedPods }: JobRound,
  index: number | undefined,
): { template: PodTemplateSpec; generateName?: string } {
  const { metadata, spec } = job.spec?.template ?? {}
  const finalizers = [...new Set([...(metadata?.finalizers ?? []), trackingFinalizer])]
  if (index === undefined || spec === undefined) {
    return { template: { metadata: { ...metadata, finalizers }, ...(spec === undefined ? {} : { spec }) } }
  }
  const position = { [completionIndexAnnotation]: String(index) }
  const suffix = `-${index}-`
  const name = job.metadata.name ?? ''
  return {
    generateName: name.slice(0, maxGeneratedPrefix - suffix.length) + suffix,
    template: {
      metadata: {
        ...metadata,
        finalizers,
        labels: { ...metadata?.labels, ...position },
        annotations: {
          ...metadata?.annotations,
          ...position,
          ...(hasBackoffLimitPerIndex(job) ? failureCounts(job, delayedPods.get(index)) : {}),
        },
      },
      spec: {
        ...spec,
        hostname: `${name}-${index}`,
        containers: spec.containers.map(withIndexVariable),
        ...(spec.initContainers === undefined ? {} : { initContainers: spec.initContainers.map(withIndexVariable) }),
      },
    },
  }
}

function withIndexVariable(container: Container): Container {
  const name = 'JOB_COMPLETION_INDEX'
  if (container.env?.some((variable) => variable.name === name)) return container
  const fieldRef = { apiVersion: 'v1', fieldPath: `metadata.labels['${completionIndexAnnotation}']` }
  return { ...container, env: [...(container.env ?? []), { name, valueFrom: { fieldRef } }] }
}

/** The failures of the index so far, of which the pod that is replaced brings the newest. */
function failureCounts(job: Job, replaced: Pod | undefined): Record<string, string> {
  if (replaced === undefined) return { [failureCountAnnotation]: '0' }
  const { isCounted } = failureVerdict(job, replaced)
  const counted = indexFailureCount(replaced) + (isCounted ? 1 : 0)
  const ignored = ignoredIndexFailureCount(replaced) + (isCounted ? 0 : 1)
  return {
    [failureCountAnnotation]: String(counted),
    ...(ignored > 0 ? { [ignoredFailureCountAnnotation]: String(ignored) } : {}),
  }
}
