// The Job and TTL controllers against an API in memory.

import type { Job, JobSpec, Pod } from '@binnacle/api'
import { jobs, pods } from '@binnacle/client'
import { expect, test } from 'vitest'
import { useControllers } from './support/controller-fixture.ts'

const fixture = useControllers('job-controller', 'ttl-after-finished-controller')

async function createJob(spec: Partial<JobSpec> = {}): Promise<void> {
  await fixture.client.create<Job>(jobs, {
    metadata: { name: 'work', namespace: 'default' },
    spec: {
      parallelism: 1,
      completions: 1,
      backoffLimit: 6,
      completionMode: 'NonIndexed',
      podReplacementPolicy: spec.podFailurePolicy === undefined ? 'TerminatingOrFailed' : 'Failed',
      selector: { matchLabels: { 'job-name': 'work' } },
      template: {
        metadata: { labels: { 'job-name': 'work' } },
        spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i' }] },
      },
      ...spec,
    },
  })
}

const job = (): Job | undefined => fixture.api.get<Job>('jobs', 'default/work')
const allPods = (): Pod[] => fixture.api.list<Pod>('pods')
const running = (): Pod[] =>
  allPods().filter(({ status, metadata }) => status?.phase === undefined && metadata.deletionTimestamp === undefined)
const conditions = (): string[] =>
  (job()?.status?.conditions ?? []).map(({ type, status, reason }) => `${type}=${status} ${reason}`)

/** Until the controllers have nothing left to do; `ms` passes meanwhile. */
async function end(pod: Pod | undefined, phase: 'Succeeded' | 'Failed', exitCode = 1): Promise<void> {
  const finishedAt = new Date(fixture.clock.now()).toISOString()
  const terminated = { exitCode: phase === 'Failed' ? exitCode : 0, finishedAt }
  const status = { phase, containerStatuses: [{ name: 'c', state: { terminated } }] }
  await fixture.client.patch(
    pods,
    { namespace: 'default', name: pod?.metadata.name ?? '' },
    {
      type: 'application/merge-patch+json',
      subresource: 'status',
      body: { status },
    },
  )
  await fixture.settle()
}

test('runs as many pods as asked for at a time, and completes', async () => {
  await createJob({ parallelism: 2, completions: 3 })
  await fixture.settle()
  expect(running()).toHaveLength(2)
  expect(running()[0]?.metadata).toMatchObject({
    generateName: 'work-',
    finalizers: ['batch.kubernetes.io/job-tracking'],
    ownerReferences: [{ kind: 'Job', name: 'work', controller: true }],
  })
  expect(job()?.status).toMatchObject({ active: 2, ready: 0, terminating: 0, startTime: '2026-01-01T00:00:00Z' })
  await end(running()[0], 'Succeeded')
  await end(running()[0], 'Succeeded')
  expect(running()).toHaveLength(1)
  await end(running()[0], 'Succeeded')
  expect(conditions()).toEqual(['SuccessCriteriaMet=True CompletionsReached', 'Complete=True CompletionsReached'])
  expect(job()?.status).toMatchObject({
    succeeded: 3,
    uncountedTerminatedPods: {},
    completionTime: '2026-01-01T00:00:00Z',
  })
  expect(allPods().flatMap(({ metadata }) => metadata.finalizers ?? [])).toEqual([])
  expect(fixture.recorded.at(-1)).toBe('Normal Completed: Job completed')
})

test('waits ten seconds, then twenty, before it replaces a failed pod, and gives up at the limit', async () => {
  await createJob({ backoffLimit: 2 })
  await fixture.settle()
  await end(running()[0], 'Failed')
  expect(running()).toHaveLength(0)
  await fixture.settle(9999)
  expect(running()).toHaveLength(0)
  await fixture.settle(1)
  expect(running()).toHaveLength(1)
  await end(running()[0], 'Failed')
  await fixture.settle(19_999)
  expect(running()).toHaveLength(0)
  await fixture.settle(1)
  expect(running()).toHaveLength(1)
  await end(running()[0], 'Failed')
  expect(conditions()).toEqual(['FailureTarget=True BackoffLimitExceeded', 'Failed=True BackoffLimitExceeded'])
  expect(job()?.status?.failed).toBe(3)
  expect(fixture.recorded.at(-1)).toBe('Warning BackoffLimitExceeded: Job has reached the specified backoff limit')
})

test('gives each index one pod that knows it', async () => {
  await createJob({ parallelism: 3, completions: 3, completionMode: 'Indexed' })
  await fixture.settle()
  const [first, second, third] = running()
  expect(second?.metadata).toMatchObject({
    generateName: 'work-1-',
    labels: { 'batch.kubernetes.io/job-completion-index': '1' },
    annotations: { 'batch.kubernetes.io/job-completion-index': '1' },
  })
  expect(second?.spec).toMatchObject({ hostname: 'work-1', containers: [{ env: [{ name: 'JOB_COMPLETION_INDEX' }] }] })
  await end(third, 'Succeeded')
  await end(first, 'Succeeded')
  expect(job()?.status).toMatchObject({ completedIndexes: '0,2', succeeded: 2 })
  await end(second, 'Succeeded')
  expect(job()?.status).toMatchObject({ completedIndexes: '0-2', succeeded: 3 })
  expect(conditions()).toContain('Complete=True CompletionsReached')
})

test('gives up an index after its own limit and goes on with the others', async () => {
  await createJob({
    parallelism: 2,
    completions: 2,
    completionMode: 'Indexed',
    backoffLimitPerIndex: 1,
    backoffLimit: 2147483647,
  })
  await fixture.settle()
  await end(running()[0], 'Failed')
  await fixture.settle(10_000)
  const replaced = running().find(
    ({ metadata }) => metadata.annotations?.['batch.kubernetes.io/job-completion-index'] === '0',
  )
  expect(replaced?.metadata.annotations).toMatchObject({ 'batch.kubernetes.io/job-index-failure-count': '1' })
  await end(replaced, 'Failed')
  expect(job()?.status?.failedIndexes).toBe('0')
  await end(running()[0], 'Succeeded')
  expect(conditions()).toEqual(['FailureTarget=True FailedIndexes', 'Failed=True FailedIndexes'])
  expect(job()?.status).toMatchObject({ completedIndexes: '1', failedIndexes: '0', failed: 2, succeeded: 1 })
})

test('fails at once where the failure policy says so', async () => {
  const rules = [{ action: 'FailJob', onExitCodes: { operator: 'In', values: [42] } }]
  await createJob({ podFailurePolicy: { rules } })
  await fixture.settle()
  const pod = running()[0]
  await end(pod, 'Failed', 42)
  expect(conditions()).toContain('Failed=True PodFailurePolicy')
  expect(fixture.recorded.at(-1)).toBe(
    `Warning PodFailurePolicy: Container c for pod default/${pod?.metadata.name} failed with exit code 42 matching FailJob rule at index 0`,
  )
})

test('does not count fixture.failures that the policy ignores', async () => {
  const rules = [{ action: 'Ignore', onExitCodes: { operator: 'In', values: [42] } }]
  await createJob({ podFailurePolicy: { rules }, backoffLimit: 0 })
  await fixture.settle()
  await end(running()[0], 'Failed', 42)
  await fixture.settle(10_000)
  expect(running()).toHaveLength(1)
  expect(job()?.status?.failed).toBeUndefined()
})

test('ends early when the success policy is met', async () => {
  await createJob({
    parallelism: 3,
    completions: 3,
    completionMode: 'Indexed',
    successPolicy: { rules: [{ succeededIndexes: '1' }] },
  })
  await fixture.settle()
  await end(running()[1], 'Succeeded')
  await fixture.settle()
  expect(conditions()).toEqual(['SuccessCriteriaMet=True SuccessPolicy', 'Complete=True SuccessPolicy'])
  expect(running()).toHaveLength(0)
  expect(job()?.status?.failed).toBeUndefined()
})

test('is suspended and resumed', async () => {
  await createJob({ suspend: true })
  await fixture.settle()
  expect(allPods()).toHaveLength(0)
  expect(conditions()).toEqual(['Suspended=True JobSuspended'])
  expect(job()?.status?.startTime).toBeUndefined()
  await fixture.client.patch(
    jobs,
    { namespace: 'default', name: 'work' },
    { type: 'application/merge-patch+json', body: { spec: { suspend: false } } },
  )
  await fixture.settle()
  expect(running()).toHaveLength(1)
  expect(conditions()).toEqual(['Suspended=False JobResumed'])
  await fixture.client.patch(
    jobs,
    { namespace: 'default', name: 'work' },
    { type: 'application/merge-patch+json', body: { spec: { suspend: true } } },
  )
  await fixture.settle()
  expect(allPods()).toHaveLength(0)
  expect(job()?.status?.failed).toBeUndefined()
  expect(fixture.recorded).toContain('Normal Suspended: Job suspended')
  expect(fixture.recorded).toContain('Normal Resumed: Job resumed')
})

test('fails when it was active too long', async () => {
  await createJob({ activeDeadlineSeconds: 30 })
  await fixture.settle()
  await fixture.settle(29_000)
  expect(conditions()).toEqual([])
  await fixture.settle(1000)
  expect(conditions()).toContain('Failed=True DeadlineExceeded')
  expect(allPods()).toHaveLength(0)
})

test('is left to whom managedBy names', async () => {
  await createJob({ managedBy: 'example.com/other' })
  await fixture.settle()
  expect(allPods()).toHaveLength(0)
  expect(job()?.status).toBeUndefined()
})

test('goes when its time to live after the end is over', async () => {
  await createJob({ ttlSecondsAfterFinished: 5 })
  await fixture.settle()
  await end(running()[0], 'Succeeded')
  await fixture.settle(4999)
  expect(job()?.metadata.deletionTimestamp).toBeUndefined()
  await fixture.settle(1)
  expect(job()?.metadata.deletionTimestamp).toBeDefined()
})

test('a pod loses its finalizer when its Job is gone', async () => {
  await createJob()
  await fixture.settle()
  await fixture.client.delete(jobs, { namespace: 'default', name: 'work' })
  await fixture.settle()
  expect(allPods().flatMap(({ metadata }) => metadata.finalizers ?? [])).toEqual([])
})
