// Makes a Job each time a CronJob's schedule comes round, follows the Jobs it made, and deletes the oldest that have
// ended. Upstream: pkg/controller/cronjob.

import {
  type CronJob,
  type CronJobStatus,
  type Job,
  type KubeObject,
  cloneJson,
  deepEqual,
  formatTime,
  isAlreadyExists,
  isNotFound,
} from '@binnacle/api'
import { type Controller, type Informer, type Result, cronJobs, jobs, objectKey, splitKey } from '@binnacle/client'
import { runController } from '../../cluster/run-controller.ts'
import { isTerminating } from '../../cluster/namespace-terminating.ts'
import type { ControllerContext } from '../../context.ts'
import { finishedCondition, trueCondition } from '../job/job-conditions.ts'
import { messageOf } from '../pod-control.ts'
import { byControllerUid, controllerOf, controllerReference } from '../replica-pods.ts'
import { type CronSchedule, parseSchedule } from './cron-schedule.ts'
import { dueTime, timeToNext } from './missed-schedules.ts'
import { rfc1123, rfc3339In } from './zoned-time.ts'

const self = { apiVersion: 'batch/v1', kind: 'CronJob' }
const scheduledTimeAnnotation = 'batch.kubernetes.io/cronjob-scheduled-timestamp'
const maxTimerMs = 24 * 60 * 60_000

export function startCronJobController(context: ControllerContext): Controller {
  return new CronJobController(context).start()
}

class CronJobController {
  readonly #context: ControllerContext
  readonly #cronJobs: Informer<CronJob>
  readonly #jobs: Informer<Job>
  readonly #controller: Controller

  constructor(context: ControllerContext) {
    this.#context = context
    this.#cronJobs = context.informers.of<CronJob>(cronJobs)
    this.#jobs = context.informers.of<Job>(jobs, { byControllerUid })
    this.#controller = runController(context, {
      name: 'cronjob-controller',
      workers: 5,
      reconcile: (key) => this.#reconcile(key),
    })
  }

  start(): Controller {
    const enqueue = (cronJob: CronJob): void => this.#controller.enqueue(objectKey(cronJob))
    this.#cronJobs.on({ added: enqueue, updated: enqueue, deleted: enqueue })
    const jobChanged = (job: Job): void => {
      const owner = controllerOf(job)
      if (owner?.kind === self.kind) this.#controller.enqueue(`${job.metadata.namespace}/${owner.name}`)
    }
    this.#jobs.on({
      added: jobChanged,
      updated: (job, old) => {
        jobChanged(job)
        if (controllerOf(old)?.uid !== controllerOf(job)?.uid) jobChanged(old)
      },
      deleted: jobChanged,
    })
    return this.#controller
  }

  async #reconcile(key: string): Promise<Result> {
    const cronJob = this.#cronJobs.get(key)
    if (cronJob === undefined) return
    const children = this.#jobs.byIndex('byControllerUid', cronJob.metadata.uid ?? '')
    const status = cloneJson(cronJob.status ?? {})
    let problem: unknown
    let wait: number | undefined
    try {
      await this.#followJobs(cronJob, status, children)
      await this.#deleteOldJobs(cronJob, status, children)
      wait = await this.#schedule({ ...cronJob, status }, status)
    } catch (error) {
      problem = error
    }
    // What was found out is kept even where something else went wrong.
    if (status.active?.length === 0) delete status.active
    if (!deepEqual(status, cronJob.status)) await this.#writeStatus({ ...cronJob, status })
    if (problem !== undefined) throw problem
    if (wait !== undefined) return { requeueAfterMs: Math.min(wait, maxTimerMs) }
  }

  async #writeStatus(cronJob: CronJob): Promise<void> {
    try {
      await this.#context.client.updateStatus(cronJobs, cronJob)
    } catch (error) {
      if (!isNotFound(error)) throw error
    }
  }

  /** Takes what has ended, or is gone, off the list of active Jobs. */
  async #followJobs(cronJob: CronJob, status: CronJobStatus, children: readonly Job[]): Promise<void> {
    const { events, client } = this.#context
    for (const job of children) {
      const isListed = status.active?.some(({ uid }) => uid === job.metadata.uid) === true
      const finished = finishedCondition(job)
      if (finished === undefined) {
        if (isListed || (await this.#isListedByNow(cronJob, job))) continue
        const message = `Saw a job that the controller did not create or forgot: ${job.metadata.name}`
        events.record(cronJob, 'Warning', 'UnexpectedJob', message)
        continue
      }
      if (isListed) {
        forget(status, job)
        const message = `Saw completed job: ${job.metadata.name}, condition: ${finished.type}`
        events.record(cronJob, 'Normal', 'SawCompletedJob', message)
      }
      const { completionTime } = job.status ?? {}
      const isNewer = Date.parse(completionTime ?? '') > Date.parse(status.lastSuccessfulTime ?? '1970-01-01T00:00:00Z')
      if (finished.type === 'Complete' && isNewer) status.lastSuccessfulTime = completionTime
    }
    for (const { uid = '', name = '' } of status.active ?? []) {
      if (children.some(({ metadata }) => metadata.uid === uid)) continue
      try {
        await client.get(jobs, { namespace: cronJob.metadata.namespace ?? '', name })
      } catch (error) {
        if (!isNotFound(error)) throw error
        events.record(cronJob, 'Normal', 'MissingJob', `Active job went missing: ${name}`)
        forget(status, { metadata: { uid } })
      }
    }
  }

  /** The informer may be behind what was written here. */
  async #isListedByNow(cronJob: CronJob, job: Job): Promise<boolean> {
    const { status } = await this.#context.client.get<CronJob>(cronJobs, splitKey(objectKey(cronJob)))
    return status?.active?.some(({ uid }) => uid === job.metadata.uid) === true
  }

  async #deleteOldJobs({ spec, ...rest }: CronJob, status: CronJobStatus, children: readonly Job[]): Promise<void> {
    const limits = { Complete: spec?.successfulJobsHistoryLimit, Failed: spec?.failedJobsHistoryLimit }
    for (const [type, limit] of Object.entries(limits)) {
      if (limit === undefined) continue
      const ended = children.filter((job) => trueCondition(job, type) !== undefined).sort(byStartTime)
      for (const job of ended.slice(0, Math.max(0, ended.length - limit))) {
        if (job.metadata.deletionTimestamp === undefined) await this.#deleteJob(rest, status, job)
      }
    }
  }

  async #deleteJob(cronJob: KubeObject, status: CronJobStatus, job: Job): Promise<boolean> {
    const { client, events } = this.#context
    try {
      await client.delete(jobs, splitKey(objectKey(job)), { propagationPolicy: 'Background' })
    } catch (error) {
      events.record(cronJob, 'Warning', 'FailedDelete', `Deleted job: ${messageOf(error)}`)
      return false
    }
    forget(status, job)
    events.record(cronJob, 'Normal', 'SuccessfulDelete', `Deleted job ${job.metadata.name}`)
    return true
  }

  /** Makes the Job that is due; milliseconds until the next, where there is one. */
  async #schedule(cronJob: CronJob, status: CronJobStatus): Promise<number | undefined> {
    const { clock, events } = this.#context
    const { spec, metadata } = cronJob
    if (metadata.deletionTimestamp !== undefined || spec === undefined || spec.suspend === true) return undefined
    const now = clock.now()
    const schedule = this.#parse(cronJob)
    if (schedule === undefined) return undefined
    const due = this.#due(cronJob, schedule, now)
    if (due === undefined) return undefined
    const wait = (): number => timeToNext({ ...cronJob, status }, schedule, now)
    const { at, isFarBehind } = due
    if (at === undefined) return wait()
    if (isFarBehind) {
      const message = 'too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew'
      events.record(cronJob, 'Warning', 'TooManyMissedTimes', message)
    }
    if (spec.startingDeadlineSeconds !== undefined && at + spec.startingDeadlineSeconds * 1000 < now) {
      events.record(cronJob, 'Warning', 'MissSchedule', `Missed scheduled time to start a job: ${rfc1123(at)}`)
      return wait()
    }
    const name = jobName(cronJob, at)
    const isStarted = status.active?.some((job) => job.name === name) === true
    if (isStarted || Date.parse(status.lastScheduleTime ?? '') === at) return wait()
    const active = status.active ?? []
    if (spec.concurrencyPolicy === 'Forbid' && active.length > 0) {
      const message = 'Not starting job because prior execution is running and concurrency policy is Forbid'
      events.record(cronJob, 'Normal', 'JobAlreadyActive', message)
      return wait()
    }
    if (spec.concurrencyPolicy === 'Replace') await this.#deleteActive(cronJob, status)
    const job = await this.#createJob(cronJob, at)
    if (job === undefined || status.active?.some(({ uid }) => uid === job.metadata.uid) === true) return undefined
    const { uid, namespace, resourceVersion } = job.metadata
    status.active = [
      ...(status.active ?? []),
      { apiVersion: 'batch/v1', kind: 'Job', name, namespace, uid, resourceVersion },
    ]
    status.lastScheduleTime = formatTime(at)
    return wait()
  }

  /** Undefined, with an event, where nothing can be done until the spec changes. */
  #parse(cronJob: CronJob): CronSchedule | undefined {
    const { events } = this.#context
    const { schedule, timeZone } = cronJob.spec ?? { schedule: '' }
    if (timeZone !== undefined && !isTimeZone(timeZone)) {
      const message = `invalid timeZone: ${JSON.stringify(timeZone)}: unknown time zone ${timeZone}`
      events.record(cronJob, 'Warning', 'UnknownTimeZone', message)
      return undefined
    }
    if (schedule.includes('TZ')) {
      const message = `CRON_TZ or TZ used in schedule ${JSON.stringify(schedule)} is not officially supported, see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details`
      events.record(cronJob, 'Warning', 'UnsupportedSchedule', message)
    }
    try {
      return parseSchedule(schedule, timeZone)
    } catch (error) {
      const message = `unparseable schedule: ${JSON.stringify(schedule)} : ${messageOf(error)}`
      events.record(cronJob, 'Warning', 'UnparseableSchedule', message)
      return undefined
    }
  }

  #due(cronJob: CronJob, schedule: CronSchedule, now: number): ReturnType<typeof dueTime> | undefined {
    try {
      return dueTime(cronJob, schedule, now)
    } catch (error) {
      const message = `invalid schedule: ${cronJob.spec?.schedule} : ${messageOf(error)}`
      this.#context.events.record(cronJob, 'Warning', 'InvalidSchedule', message)
      return undefined
    }
  }

  async #deleteActive(cronJob: CronJob, status: CronJobStatus): Promise<void> {
    const { client, events } = this.#context
    for (const { name = '' } of status.active ?? []) {
      let job: Job
      try {
        job = await client.get<Job>(jobs, { namespace: cronJob.metadata.namespace ?? '', name })
      } catch (error) {
        events.record(cronJob, 'Warning', 'FailedGet', `Get job: ${messageOf(error)}`)
        throw error
      }
      if (!(await this.#deleteJob(cronJob, status, job)))
        throw new Error(`could not replace job ${cronJob.metadata.namespace}/${name}`)
    }
  }

  /** The Job of that time, made now or by a try before; undefined where the name is another's. */
  async #createJob(cronJob: CronJob, at: number): Promise<Job | undefined> {
    const { client, events } = this.#context
    const { namespace = '', uid } = cronJob.metadata
    const { metadata: template, spec } = cronJob.spec?.jobTemplate ?? {}
    const name = jobName(cronJob, at)
    const job: Job = {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: {
        name,
        namespace,
        labels: template?.labels,
        annotations: {
          ...template?.annotations,
          [scheduledTimeAnnotation]: rfc3339In(cronJob.spec?.timeZone ?? 'UTC', at),
        },
        ownerReferences: [controllerReference(self, cronJob)],
      },
      spec,
    }
    try {
      const created = await client.create<Job>(jobs, job)
      events.record(cronJob, 'Normal', 'SuccessfulCreate', `Created job ${name}`)
      return created
    } catch (error) {
      if (isAlreadyExists(error)) {
        const known = await client.get<Job>(jobs, { namespace, name })
        return controllerOf(known)?.uid === uid ? known : undefined
      }
      if (!isTerminating(error))
        events.record(cronJob, 'Warning', 'FailedCreate', `Error creating job: ${messageOf(error)}`)
      throw error
    }
  }
}

function jobName({ metadata }: CronJob, at: number): string {
  return `${metadata.name}-${Math.floor(at / 60_000)}`
}

function forget(status: CronJobStatus, { metadata }: KubeObject): void {
  status.active = status.active?.filter(({ uid }) => uid !== metadata.uid)
}

function byStartTime(a: Job, b: Job): number {
  const [first, second] = [a, b].map(({ status }) => Date.parse(status?.startTime ?? '9999-12-31T00:00:00Z'))
  return (first ?? 0) - (second ?? 0) || ((a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1)
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: name }).format(0)
    return true
  } catch {
    // The only thing that can be wrong is the name.
    return false
  }
}
