// Deletes Jobs when their ttlSecondsAfterFinished is over. Upstream: pkg/controller/ttlafterfinished.

import { type Job, isNotFound } from '@binnacle/api'
import { type Controller, type Result, jobs, objectKey, splitKey } from '@binnacle/client'
import { runController } from '../../cluster/run-controller.ts'
import type { ControllerContext } from '../../context.ts'
import { finishedCondition } from './job-conditions.ts'

export function startTtlAfterFinishedController(context: ControllerContext): Controller {
  const { client, clock, informers } = context
  const informer = informers.of<Job>(jobs)
  const controller = runController(context, {
    name: 'ttl-after-finished-controller',
    reconcile: async (key): Promise<Result> => {
      const known = informer.get(key)
      const wait = known && timeLeft(known, clock.now())
      if (wait === undefined) return
      if (wait > 0) return { requeueAfterMs: wait }
      try {
        // The time may have been changed meanwhile.
        const fresh = await client.get<Job>(jobs, splitKey(key))
        const left = timeLeft(fresh, clock.now())
        if (left === undefined) return
        if (left > 0) return { requeueAfterMs: left }
        const { uid = '' } = fresh.metadata
        await client.delete(jobs, splitKey(key), { propagationPolicy: 'Foreground', preconditions: { uid } })
      } catch (error) {
        if (!isNotFound(error)) throw error
      }
    },
  })
  const enqueue = (job: Job): void => controller.enqueue(objectKey(job))
  informer.on({ added: enqueue, updated: enqueue })
  return controller
}

/** Milliseconds; undefined where the Job is not to be deleted. */
function timeLeft(job: Job, now: number): number | undefined {
  const seconds = job.spec?.ttlSecondsAfterFinished
  const finished = finishedCondition(job)
  if (seconds === undefined || finished === undefined || job.metadata.deletionTimestamp !== undefined) return undefined
  return Date.parse(finished.lastTransitionTime ?? '') + seconds * 1000 - now
}
