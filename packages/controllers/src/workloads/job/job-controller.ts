// Runs pods until as many have succeeded as a Job asks for, or too many have failed. A finalizer keeps every pod until
// it is counted: first its uid is written to status.uncountedTerminatedPods, then the finalizer goes, then the counter
// rises. So no pod is counted twice or not at all, whoever deletes it and wherever we stop. Upstream: pkg/controller/job.

import { type Job, type Pod, cloneJson, isNotFound } from '@binnacle/api'
import { type Controller, type Informer, jobs, objectKey } from '@binnacle/client'
import { runController } from '../../cluster/run-controller.ts'
import type { ControllerContext } from '../../context.ts'
import { Expectations } from '../expectations.ts'
import { PodControl } from '../pod-control.ts'
import { byNamespace, controllerOf, isPodReady } from '../replica-pods.ts'
import { slowStart } from '../slow-start.ts'
import { hasBackoffLimitPerIndex, isIndexed, validIndexOf } from './completion-indexes.ts'
import { ensureCondition, finishedCondition, jobCondition, trueCondition } from './job-conditions.ts'
import { failureVerdict } from './job-policies.ts'
import { missingPods, podTemplateOf, surplusPods } from './job-pods.ts'
import {
  type JobRound,
  beginRound,
  hasEnoughCompletions,
  hasTrackingFinalizer,
  isPodFailed,
  isSuspended,
  noteSuspension,
  terminalCondition,
  trackingFinalizer,
} from './job-round.ts'
import { type BackOff, noBackOff } from './pod-back-off.ts'

const self = { apiVersion: 'batch/v1', kind: 'Job', ref: jobs }
const ownName = 'kubernetes.io/job-controller'
/** Uids in uncountedTerminatedPods at one time, so that the status stays below 20 KB. */
const maxUncounted = 500
const completionModes: ReadonlySet<string | undefined> = new Set([undefined, 'NonIndexed', 'Indexed'])

export function startJobController(context: ControllerContext): Controller {
  return new JobController(context).start()
}

class JobController {
  readonly #context: ControllerContext
  readonly #jobs: Informer<Job>
  readonly #pods: PodControl
  /** Pods whose finalizer was removed. */
  readonly #released: Expectations
  readonly #backOffs = new Map<string, BackOff>()
  /** The newest version of each Job's status that was written here. */
  readonly #written = new Map<string, { uid: string; version: number }>()
  readonly #controller: Controller
  readonly #orphans: Controller

  constructor(context: ControllerContext) {
    this.#context = context
    this.#jobs = context.informers.of<Job>(jobs, { byNamespace })
    this.#pods = new PodControl(context, self)
    this.#released = new Expectations(() => context.clock.now())
    this.#controller = runController(context, {
      name: 'job-controller',
      workers: 5,
      reconcile: (key) => this.#reconcile(key),
    })
    this.#orphans = runController(context, {
      name: 'job-controller-orphans',
      reconcile: (key) => this.#reconcileOrphan(key),
    })
  }

  start(): Controller {
    this.#jobs.on({
      added: (job) => this.#controller.enqueue(objectKey(job)),
      updated: (job) => this.#jobUpdated(job),
      deleted: (job) => this.#jobDeleted(job),
    })
    this.#pods.follow({
      owned: (key, pod, isGone) => {
        if (isGone || !hasTrackingFinalizer(pod)) this.#released.observed(key, pod.metadata.uid ?? '')
        this.#controller.enqueue(key)
        if (!isGone) this.#enqueueOrphan(pod)
      },
      orphan: (pod, isGone) => {
        if (!isGone) this.#enqueueOrphan(pod)
      },
    })
    const [main, orphans] = [this.#controller, this.#orphans]
    return {
      name: main.name,
      enqueue: (key) => main.enqueue(key),
      enqueueAfter: (key, delayMs) => main.enqueueAfter(key, delayMs),
      stop: async () => {
        await Promise.all([main.stop(), orphans.stop()])
      },
    }
  }

  #jobUpdated(job: Job): void {
    this.#controller.enqueue(objectKey(job))
    if (finishedCondition(job) !== undefined) this.#freePodsOf(job)
  }

  #jobDeleted(job: Job): void {
    this.#controller.enqueue(objectKey(job))
    this.#freePodsOf(job)
  }

  /** Nobody counts them any more, so that nothing may hold them. */
  #freePodsOf({ metadata }: Job): void {
    for (const pod of this.#pods.informer.byIndex('byControllerUid', metadata.uid ?? '')) this.#enqueueOrphan(pod)
  }

  #enqueueOrphan(pod: Pod): void {
    if (hasTrackingFinalizer(pod) && this.#isFree(pod)) this.#orphans.enqueue(objectKey(pod))
    else if (controllerOf(pod) === undefined) this.#enqueueAdopters(pod)
  }

  #enqueueAdopters(pod: Pod): void {
    const name = pod.metadata.labels?.['batch.kubernetes.io/job-name'] ?? pod.metadata.labels?.['job-name']
    for (const job of this.#jobs.byIndex('byNamespace', pod.metadata.namespace ?? '')) {
      if (job.spec?.manualSelector === true || job.metadata.name === name) this.#controller.enqueue(objectKey(job))
    }
  }

  /** No Job of ours will count the pod. */
  #isFree(pod: Pod): boolean {
    const owner = controllerOf(pod)
    if (owner === undefined) return true
    if (owner.kind !== self.kind || owner.apiVersion !== self.apiVersion) return false
    const job = this.#jobs.get(`${pod.metadata.namespace}/${owner.name}`)
    if (job === undefined || job.metadata.uid !== owner.uid) return true
    return !isManagedElsewhere(job) && finishedCondition(job) !== undefined
  }

  async #reconcileOrphan(key: string): Promise<void> {
    const pod = this.#pods.informer.get(key)
    if (pod !== undefined && hasTrackingFinalizer(pod) && this.#isFree(pod)) await this.#removeFinalizer(pod)
  }

  async #removeFinalizer(pod: Pod): Promise<void> {
    const { uid } = pod.metadata
    await this.#pods.patch(pod, {
      metadata: { uid, '$deleteFromPrimitiveList/finalizers': [trackingFinalizer] },
    })
  }

  async #reconcile(key: string): Promise<void | { requeueAfterMs: number }> {
    const job = this.#jobs.get(key)
    if (job === undefined) {
      this.#pods.forget(key)
      this.#released.forget(key)
    }
    if (job === undefined || finishedCondition(job) !== undefined) {
      this.#backOffs.delete(key)
      this.#written.delete(key)
      return
    }
    if (isManagedElsewhere(job) || this.#isBehind(key, job)) return
    if (!completionModes.has(job.spec?.completionMode)) {
      const message = 'Skipped Job sync because completion mode is unknown'
      this.#context.events.record(job, 'Warning', 'UnknownCompletionMode', message)
      return
    }
    return this.#sync(key, job)
  }

  /** The informer does not show yet what was written here; its event brings us back. */
  #isBehind(key: string, { metadata }: Job): boolean {
    const written = this.#written.get(key)
    return written !== undefined && written.uid === metadata.uid && Number(metadata.resourceVersion) < written.version
  }

  async #sync(key: string, job: Job): Promise<void | { requeueAfterMs: number }> {
    // Asked before the pods are looked at: one that comes in between must not be missed.
    const isSettled = this.#pods.isSettled(key)
    const pods = await this.#pods.claim(job, { selector: job.spec?.selector, finalizer: trackingFinalizer })
    const round = beginRound({
      job,
      pods,
      backOff: this.#backOffs.get(key) ?? noBackOff,
      now: this.#context.clock.now(),
      isReleased: (pod) => this.#released.isPending(key, pod.metadata.uid ?? ''),
    })
    let problem: unknown
    let isDirty = false
    if (round.finished !== undefined) {
      const isSwept = await this.#deleteActivePods(round)
      if (!isSwept.isComplete || !isSettled) round.finished = undefined
      problem = isSwept.problem
    } else {
      const manages = isSettled && job.metadata.deletionTimestamp === undefined
      if (manages) problem = await this.#managePods(round)
      const now = this.#context.clock.now()
      if (hasEnoughCompletions(round)) {
        const message = 'Reached expected number of succeeded pods'
        const state = { type: 'SuccessCriteriaMet', status: 'True', reason: 'CompletionsReached', message } as const
        round.finished = jobCondition(state, now)
      } else if (manages) {
        const event = noteSuspension(round, now)
        if (event !== undefined) this.#context.events.record(job, 'Normal', event.reason, event.message)
        isDirty = event !== undefined
      }
    }
    isDirty = noteCounts(round) || isDirty
    await this.#track(key, round, isDirty)
    if (problem !== undefined) throw problem
    if (round.requeueAfterMs !== undefined) return { requeueAfterMs: Math.max(1, round.requeueAfterMs) }
  }

  /** The finalizers stay until the pods are counted. */
  async #deleteActivePods(round: JobRound): Promise<{ isComplete: boolean; problem?: unknown }> {
    const results = await Promise.allSettled(round.activePods.map((pod) => this.#pods.delete(round.job, pod)))
    const problem: unknown = results.find((result) => result.status === 'rejected')?.reason
    this.#noteDeleted(
      round,
      round.activePods.filter((_, index) => results[index]?.status === 'fulfilled'),
    )
    return { isComplete: problem === undefined, problem }
  }

  #noteDeleted(round: JobRound, deleted: readonly Pod[]): void {
    round.active -= deleted.length
    round.terminating += deleted.length
    round.ready -= deleted.filter(isPodReady).length
  }

  /** Makes or removes pods, never both in one round; the first thing that went wrong. */
  async #managePods(round: JobRound): Promise<unknown> {
    const now = this.#context.clock.now()
    const surplus = surplusPods(round, now)
    if (surplus.length > 0) {
      const results = await Promise.allSettled(
        surplus.map(async (pod) => {
          // Removed because there are too many: it counts neither as failed nor as succeeded.
          if (hasTrackingFinalizer(pod)) await this.#removeFinalizer(pod)
          await this.#pods.delete(round.job, pod)
        }),
      )
      this.#noteDeleted(
        round,
        surplus.filter((_, index) => results[index]?.status === 'fulfilled'),
      )
      return results.find((result) => result.status === 'rejected')?.reason
    }
    if (isSuspended(round.job)) return undefined
    const demand = missingPods(round, now)
    if ('waitMs' in demand) {
      round.requeueAfterMs = Math.min(demand.waitMs, round.requeueAfterMs ?? Number.POSITIVE_INFINITY)
      return undefined
    }
    const { succeeded, error } = await slowStart(demand.indexes.length, async (position) => {
      const { template, generateName } = podTemplateOf(round, demand.indexes[position])
      await this.#pods.create(round.job, template, generateName)
    })
    round.active += succeeded
    return error
  }

  /** Counts the pods that have ended and lets them go; then marks the Job as finished if nothing is left to wait for. */
  async #track(key: string, round: JobRound, isDirty: boolean): Promise<void> {
    const { clock, events } = this.#context
    const tracked = new Set([...round.tracked].map((pod) => pod.metadata.uid ?? ''))
    let mustWrite = countReleased(round, tracked) || isDirty
    const { ended, isFull, changed } = collectEnded(round)
    mustWrite = mustWrite || changed
    if (isIndexed(round.job)) mustWrite = noteIndexes(round) || mustWrite
    if (round.finished !== undefined) {
      const { type } = round.finished
      // Written before the pods are let go, so that the reason outlives them.
      if (type === 'FailureTarget' || (type === 'SuccessCriteriaMet' && trueCondition(round.job, type) === undefined)) {
        round.status.conditions = [...(round.status.conditions ?? []), round.finished]
        mustWrite = true
      }
      if (type === 'FailureTarget' || type === 'SuccessCriteriaMet')
        round.finished = terminalCondition(round.finished, clock.now())
    }
    if (mustWrite) {
      await this.#writeStatus(key, round)
      this.#backOffs.set(key, round.backOff)
    }
    const failure = await this.#release(key, ended, tracked)
    mustWrite = countReleased(round, tracked)
    if (failure !== undefined) {
      if (mustWrite) await this.#writeStatus(key, round)
      throw failure.reason
    }
    const { finished } = round
    const isFinished = finished !== undefined && !isFull && isReadyToFinish(round)
    if (isFinished) {
      const { type, reason = '', message = '', lastTransitionTime } = finished
      ensureCondition(round.status, { type, status: 'True', reason, message }, clock.now())
      if (type === 'Complete') round.status.completionTime = lastTransitionTime
    }
    if (mustWrite || isFinished) await this.#writeStatus(key, round)
    if (!isFinished) return
    const { job, status } = round
    if (finished.type === 'Complete') {
      if (job.spec?.completions !== undefined && (status.succeeded ?? 0) > job.spec.completions) {
        const message = 'Too many succeeded pods running after completion count reached'
        events.record(job, 'Warning', 'TooManySucceededPods', message)
      }
      events.record(job, 'Normal', 'Completed', 'Job completed')
    } else events.record(job, 'Warning', finished.reason ?? '', finished.message ?? '')
  }

  /** Removes the finalizers, and from `tracked` the uids of those for which it worked. */
  async #release(key: string, ended: readonly Pod[], tracked: Set<string>): Promise<PromiseRejectedResult | undefined> {
    const results = await Promise.allSettled(
      ended.map(async (pod) => {
        const uid = pod.metadata.uid ?? ''
        this.#released.expect(key, uid)
        try {
          await this.#removeFinalizer(pod)
          tracked.delete(uid)
          if (this.#pods.informer.get(objectKey(pod))?.metadata.uid !== uid) this.#released.observed(key, uid)
        } catch (error) {
          this.#released.observed(key, uid)
          throw error
        }
      }),
    )
    return results.find((result) => result.status === 'rejected')
  }

  /** With the version that the counts were made from: a conflict where there is a newer one, and another round. */
  async #writeStatus(key: string, round: JobRound): Promise<void> {
    try {
      const written = await this.#context.client.updateStatus<Job>(jobs, { ...round.job, status: round.status })
      round.job = written
      round.status = cloneJson(written.status ?? {})
      round.status.uncountedTerminatedPods ??= {}
      const { uid = '', resourceVersion } = written.metadata
      this.#written.set(key, { uid, version: Number(resourceVersion) })
    } catch (error) {
      if (!isNotFound(error)) throw error
    }
  }
}

function isManagedElsewhere({ spec }: Job): boolean {
  return spec?.managedBy !== undefined && spec.managedBy !== ownName
}

/** What is seen of the pods now; whether it is something new. */
function noteCounts(round: JobRound): boolean {
  const { status, active, ready, terminating } = round
  const changed = (status.active ?? 0) !== active || status.ready !== ready || status.terminating !== terminating
  if (active === 0) delete status.active
  else status.active = active
  status.ready = ready
  status.terminating = terminating
  return changed
}

/** Moves the uids of pods that have lost their finalizer from the lists to the counters. */
function countReleased({ status }: JobRound, tracked: ReadonlySet<string>): boolean {
  const uncounted = status.uncountedTerminatedPods ?? {}
  let changed = false
  for (const outcome of ['succeeded', 'failed'] as const) {
    const uids = uncounted[outcome] ?? []
    const left = uids.filter((uid) => tracked.has(uid))
    if (left.length === uids.length) continue
    changed = true
    status[outcome] = (status[outcome] ?? 0) + uids.length - left.length
    if (left.length === 0) delete uncounted[outcome]
    else uncounted[outcome] = left
  }
  return changed
}

/** The pods to let go now; those that count are noted in the status first. */
function collectEnded(round: JobRound): { ended: Pod[]; isFull: boolean; changed: boolean } {
  const { job, status, tracked, previousIndexes } = round
  const uncounted = (status.uncountedTerminatedPods ??= {})
  const succeeded = new Set(uncounted.succeeded)
  const failed = new Set(uncounted.failed)
  const isEnding = round.finished !== undefined && round.finished.type !== 'SuccessCriteriaMet'
  const ended: Pod[] = []
  let newIndexes = 0
  let changed = false
  let isFull = false
  for (const pod of tracked) {
    const uid = pod.metadata.uid ?? ''
    const index = validIndexOf(pod, job)
    const isFailed = isPodFailed(pod, job)
    if (!mayRelease(round, pod, isFailed)) continue
    ended.push(pod)
    if (pod.status?.phase === 'Succeeded' && !failed.has(uid)) {
      if (isIndexed(job)) {
        // The index itself says that it was counted.
        if (index !== undefined && !previousIndexes.has(index)) {
          newIndexes++
          changed = true
        }
      } else if (!succeeded.has(uid)) {
        succeeded.add(uid)
        changed = true
      }
    } else if (isFailed || isEnding) {
      // When the Job ends, what still runs has failed.
      const isValid = !isIndexed(job) || index !== undefined
      if (isValid && !failed.has(uid) && failureVerdict(job, pod).isCounted) {
        failed.add(uid)
        changed = true
      }
    }
    isFull = newIndexes + succeeded.size + failed.size >= maxUncounted
    if (isFull) break
  }
  if (succeeded.size > 0) uncounted.succeeded = [...succeeded]
  if (failed.size > 0) uncounted.failed = [...failed]
  return { ended, isFull, changed }
}

function mayRelease({ job, finished, delayedPods }: JobRound, pod: Pod, isFailed: boolean): boolean {
  const isOver = job.metadata.deletionTimestamp !== undefined || finished !== undefined
  if (isOver || pod.status?.phase === 'Succeeded') return true
  if (!isFailed) return false
  if (!hasBackoffLimitPerIndex(job)) return true
  // Its failure count goes on to the pod that comes after it.
  const index = validIndexOf(pod, job)
  return index === undefined || delayedPods.get(index)?.metadata.uid !== pod.metadata.uid
}

function noteIndexes({ status, succeededIndexes, failedIndexes }: JobRound): boolean {
  const completed = succeededIndexes.toString()
  const failed = failedIndexes?.toString()
  const changed =
    completed !== (status.completedIndexes ?? '') ||
    failed !== status.failedIndexes ||
    succeededIndexes.size !== (status.succeeded ?? 0)
  if (completed === '') delete status.completedIndexes
  else status.completedIndexes = completed
  if (succeededIndexes.size === 0) delete status.succeeded
  else status.succeeded = succeededIndexes.size
  if (failed === undefined) delete status.failedIndexes
  else status.failedIndexes = failed
  return changed
}

function isReadyToFinish({ status, terminating }: JobRound): boolean {
  const { succeeded = [], failed = [] } = status.uncountedTerminatedPods ?? {}
  return succeeded.length + failed.length === 0 && terminating === 0
}
