// The CronJob controller against an API in memory. The clock starts at 2026-01-01T00:00:00Z.

import type { CronJob, CronJobSpec, Job } from '@binnacle/api'
import { cronJobs, jobs } from '@binnacle/client'
import { expect, test } from 'vitest'
import { parseSchedule } from '../src/workloads/cron-job/cron-schedule.ts'
import { useControllers } from './support/controller-fixture.ts'

const minute = 60_000
const fixture = useControllers('cronjob-controller')

async function createCronJob(spec: Partial<CronJobSpec> = {}): Promise<void> {
  await fixture.client.create<CronJob>(cronJobs, {
    metadata: { name: 'tick', namespace: 'default' },
    spec: {
      schedule: '*/5 * * * *',
      concurrencyPolicy: 'Allow',
      successfulJobsHistoryLimit: 1,
      failedJobsHistoryLimit: 1,
      jobTemplate: { metadata: { labels: { app: 'tick' } }, spec: { template: { spec: { containers: [] } } } },
      ...spec,
    },
  })
  await fixture.settle()
}

async function finish(job: Job | undefined, type: 'Complete' | 'Failed' = 'Complete'): Promise<void> {
  const time = new Date(fixture.clock.now()).toISOString()
  const status = { conditions: [{ type, status: 'True' }], startTime: time, completionTime: time }
  await fixture.client.updateStatus<Job>(jobs, { metadata: { ...job?.metadata, resourceVersion: undefined }, status })
  await fixture.settle()
}

const cronJob = (): CronJob | undefined => fixture.api.get<CronJob>('cronjobs', 'default/tick')
const allJobs = (): Job[] => fixture.api.list<Job>('jobs')

test('makes a Job each time its schedule comes round', async () => {
  await createCronJob({ timeZone: 'Asia/Kolkata' })
  await fixture.settle(5 * minute)
  expect(allJobs()).toHaveLength(0)
  await fixture.settle(100)
  expect(allJobs()).toHaveLength(1)
  expect(allJobs()[0]?.metadata).toMatchObject({
    name: `tick-${Date.UTC(2026, 0, 1, 0, 5) / minute}`,
    labels: { app: 'tick' },
    annotations: { 'batch.kubernetes.io/cronjob-scheduled-timestamp': '2026-01-01T05:35:00+05:30' },
    ownerReferences: [{ kind: 'CronJob', name: 'tick', controller: true }],
  })
  expect(cronJob()?.status).toMatchObject({
    active: [{ kind: 'Job', name: allJobs()[0]?.metadata.name }],
    lastScheduleTime: '2026-01-01T00:05:00Z',
  })
  await finish(allJobs()[0])
  expect(cronJob()?.status?.active).toBeUndefined()
  expect(cronJob()?.status?.lastSuccessfulTime).toBeDefined()
  expect(fixture.recorded.at(-1)).toMatch(/^Normal SawCompletedJob: Saw completed job: tick-\d+, condition: Complete$/)
  await fixture.settle(5 * minute)
  await finish(allJobs()[1])
  expect(allJobs()).toHaveLength(1)
})

test('does not start a second Job where that is forbidden', async () => {
  await createCronJob({ concurrencyPolicy: 'Forbid' })
  await fixture.settle(10 * minute + 100)
  expect(allJobs()).toHaveLength(1)
  expect(fixture.recorded.at(-1)).toMatch(/^Normal JobAlreadyActive: /)
})

test('replaces the running Job where that is asked for', async () => {
  await createCronJob({ concurrencyPolicy: 'Replace' })
  await fixture.settle(5 * minute + 100)
  const first = allJobs()[0]?.metadata.name
  await fixture.settle(5 * minute)
  expect(allJobs()).toHaveLength(1)
  expect(allJobs()[0]?.metadata.name).not.toBe(first)
  expect(cronJob()?.status?.active).toHaveLength(1)
})

test('does nothing while it is suspended, and catches up once', async () => {
  await createCronJob({ suspend: true })
  await fixture.settle(600 * minute)
  expect(allJobs()).toHaveLength(0)
  await fixture.client.patch(
    cronJobs,
    { namespace: 'default', name: 'tick' },
    { type: 'application/merge-patch+json', body: { spec: { suspend: false } } },
  )
  await fixture.settle()
  expect(allJobs()).toHaveLength(1)
  expect(fixture.recorded).toContain(
    'Warning TooManyMissedTimes: too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew',
  )
})

test('tells of a schedule that it cannot read', async () => {
  await createCronJob({ schedule: '0 0 L * *' })
  await fixture.settle()
  expect(fixture.recorded).toEqual([
    'Warning UnparseableSchedule: unparseable schedule: "0 0 L * *" : failed to parse int from L',
  ])
})

const times = (text: string, zone: string, from: string, count: number): string[] => {
  const found: string[] = []
  let at = Date.parse(from)
  for (let index = 0; index < count; index++) {
    at = parseSchedule(text, zone).next(at) ?? Number.NaN
    found.push(new Date(at).toISOString().slice(0, 16))
  }
  return found
}

test.each([
  [
    'a skipped local time does not come round',
    '30 2 * * *',
    '2026-03-07T12:00:00Z',
    ['2026-03-09T06:30', '2026-03-10T06:30'],
  ],
  [
    'a repeated local time comes round twice',
    '30 1 * * *',
    '2026-10-31T12:00:00Z',
    ['2026-11-01T05:30', '2026-11-01T06:30'],
  ],
  ['either kind of day is enough', '0 0 13 * FRI', '2026-03-07T12:00:00Z', ['2026-03-13T04:00', '2026-03-20T04:00']],
  [
    'both kinds must match where one is free',
    '0 0 * * MON',
    '2026-03-09T12:00:00Z',
    ['2026-03-16T04:00', '2026-03-23T04:00'],
  ],
])('%s', (_name, text, from, expected) => {
  expect(times(text, 'America/New_York', from, 2)).toEqual(expected)
})

test.each(['* * * * * *', '@never', '60 * * * *', '0 0 * * 5#2', '0 0 LW * *'])('refuses %s', (text) => {
  expect(() => parseSchedule(text)).toThrow()
})
