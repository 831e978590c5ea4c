// The Deployment and ReplicaSet controllers against an API in memory.

import type { Deployment, Pod, ReplicaSet } from '@binnacle/api'
import { type Client, Informers, createClient, deployments, pods } from '@binnacle/client'
import { type FakeClock, createFakeClock } from '@binnacle/testing'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { ControllerContext } from '../../src/context.ts'
import { workloadControllers } from '../../src/workloads/index.ts'
import { type MemoryApi, createMemoryApi } from '../support/memory-api.ts'

let api: MemoryApi
let client: Client
let clock: FakeClock
let stop: AbortController
let failures: unknown[]

beforeEach(async () => {
  api = createMemoryApi()
  client = createClient(api)
  clock = createFakeClock()
  stop = new AbortController()
  failures = []
  const context: ControllerContext = {
    client,
    informers: new Informers({ client }),
    events: { record: () => undefined },
    clock,
    signal: stop.signal,
    onError: (error) => void failures.push(error),
  }
  workloadControllers['replicaset-controller']?.(context)
  workloadControllers['deployment-controller']?.(context)
  context.informers.start(stop.signal)
  await context.informers.synced()
})

afterEach(() => {
  stop.abort()
  expect(failures).toEqual([])
})

async function createDeployment(replicas: number): Promise<void> {
  await client.create<Deployment>(deployments, {
    metadata: { name: 'web', namespace: 'default', generation: 1 },
    spec: {
      replicas,
      selector: { matchLabels: { app: 'web' } },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      revisionHistoryLimit: 10,
      progressDeadlineSeconds: 600,
      template: {
        metadata: { labels: { app: 'web' } },
        spec: { containers: [{ name: 'c', image: 'i:1' }] },
      },
    },
  })
}

async function settle(rounds = 20): Promise<void> {
  for (let round = 0; round < rounds; round++) await clock.advanceAsync(0)
}

/** Ready as a client may say it: without a time. */
async function makeReady(pod: Pod): Promise<void> {
  await client.patch(
    pods,
    { namespace: 'default', name: pod.metadata.name ?? '' },
    {
      type: 'application/merge-patch+json',
      subresource: 'status',
      body: { status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] } },
    },
  )
}

const deployment = (): Deployment | undefined => api.get<Deployment>('deployments', 'default/web')

test('makes a ReplicaSet whose pods become available without a time of transition', async () => {
  await createDeployment(3)
  await settle()
  const [replicaSet] = api.list<ReplicaSet>('replicasets')
  const hash = replicaSet?.metadata.labels?.['pod-template-hash'] ?? ''
  expect(replicaSet?.metadata.name).toBe(`web-${hash}`)
  expect(api.list<Pod>('pods')).toHaveLength(3)
  for (const pod of api.list<Pod>('pods')) await makeReady(pod)
  await settle()
  expect(deployment()?.status).toMatchObject({ replicas: 3, readyReplicas: 3, availableReplicas: 3 })
})

test('makes a thousand pods', async () => {
  await createDeployment(1000)
  await settle(100)
  expect(api.list<Pod>('pods')).toHaveLength(1000)
  expect(deployment()?.status).toMatchObject({ replicas: 1000, unavailableReplicas: 1000 })
})
