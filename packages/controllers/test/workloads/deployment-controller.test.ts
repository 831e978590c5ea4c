// The Deployment and ReplicaSet controllers against an API in memory.

import type { Deployment, Pod, ReplicaSet } from '@binnacle/api'
import { deployments, pods } from '@binnacle/client'
import { expect, test } from 'vitest'
import { useControllers } from '../support/controller-fixture.ts'

const fixture = useControllers('replicaset-controller', 'deployment-controller')

async function createDeployment(replicas: number): Promise<void> {
  await fixture.client.create<Deployment>(deployments, {
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

/** Ready as a fixture.client may say it: without a time. */
async function makeReady(pod: Pod): Promise<void> {
  await fixture.client.patch(
    pods,
    { namespace: 'default', name: pod.metadata.name ?? '' },
    {
      type: 'application/merge-patch+json',
      subresource: 'status',
      body: { status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] } },
    },
  )
}

const deployment = (): Deployment | undefined => fixture.api.get<Deployment>('deployments', 'default/web')

test('makes a ReplicaSet whose pods become available without a time of transition', async () => {
  await createDeployment(3)
  await fixture.settle()
  const [replicaSet] = fixture.api.list<ReplicaSet>('replicasets')
  const hash = replicaSet?.metadata.labels?.['pod-template-hash'] ?? ''
  expect(replicaSet?.metadata.name).toBe(`web-${hash}`)
  expect(fixture.api.list<Pod>('pods')).toHaveLength(3)
  for (const pod of fixture.api.list<Pod>('pods')) await makeReady(pod)
  await fixture.settle()
  expect(deployment()?.status).toMatchObject({ replicas: 3, readyReplicas: 3, availableReplicas: 3 })
})

test('makes a thousand pods', async () => {
  await createDeployment(1000)
  // Batches of 1, 2, 4, … to 500, each seen by the informer before the next.
  for (let round = 0; round < 5; round++) await fixture.settle()
  expect(fixture.api.list<Pod>('pods')).toHaveLength(1000)
  expect(deployment()?.status).toMatchObject({ replicas: 1000, unavailableReplicas: 1000 })
})
