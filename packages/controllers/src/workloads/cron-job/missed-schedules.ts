// Which of a CronJob's times is due, and when to look again. Upstream: mostRecentScheduleTime and its callers in
// pkg/controller/cronjob/utils.go.

import type { CronJob } from '@binnacle/api'
import type { CronSchedule } from './cron-schedule.ts'

/** After the due time, so that a clock that is set back a little does not bring us too early. */
const paddingMs = 100
/** More missed times than this are told as a sign of a wrong clock. */
const manyMissed = 100

export interface DueTime {
  /** The newest time that has come; undefined where none has. */
  at: number | undefined
  isFarBehind: boolean
}

interface Missed extends DueTime {
  earliest: number
  count: number
}

/** Throws where the schedule never comes round. */
function missedTimes(
  { metadata, status, spec }: CronJob,
  schedule: CronSchedule,
  now: number,
  useDeadline: boolean,
): Missed {
  const last = Date.parse(status?.lastScheduleTime ?? metadata.creationTimestamp ?? '')
  const deadline = useDeadline ? spec?.startingDeadlineSeconds : undefined
  const earliest = deadline === undefined ? last : Math.max(last, now - deadline * 1000)
  const first = schedule.next(earliest)
  const second = first === undefined ? undefined : schedule.next(first)
  if (first === undefined || second === undefined)
    throw new Error('time difference between two schedules is less than 1 second')
  if (now < first) return { earliest, at: undefined, isFarBehind: false, count: 0 }
  if (now < second) return { earliest, at: first, isFarBehind: false, count: 0 }
  const period = second - first
  const count = Math.floor((now - first) / period) + 1
  // From one period before the last one on, since periods differ in length.
  let at: number | undefined
  let next = schedule.next(first + (count - 2) * period)
  while (next !== undefined && next <= now) {
    at = next
    next = schedule.next(next)
  }
  return { earliest, at, isFarBehind: count > manyMissed, count }
}

export function dueTime(cronJob: CronJob, schedule: CronSchedule, now: number): DueTime {
  return missedTimes(cronJob, schedule, now, true)
}

/** Milliseconds until the schedule comes round again. */
export function timeToNext(cronJob: CronJob, schedule: CronSchedule, now: number): number {
  const from = lastTime(cronJob, schedule, now)
  const next = schedule.next(from)
  return next === undefined ? Number.POSITIVE_INFINITY : Math.max(1, next + paddingMs - now)
}

function lastTime(cronJob: CronJob, schedule: CronSchedule, now: number): number {
  try {
    const { at, earliest, count } = missedTimes(cronJob, schedule, now, false)
    return at ?? (count === 0 ? earliest : now)
  } catch {
    // A schedule that never comes round has no last time either.
    return now
  }
}
