// The ReplicaSet controller against an API in memory.

import type { Pod, ReplicaSet } from '@binnacle/api'
import { pods, replicaSets } from '@binnacle/client'
import { expect, test } from 'vitest'
import { useControllers } from '../support/controller-fixture.ts'

const fixture = useControllers('replicaset-controller')
const key = { namespace: 'default', name: 'web' }

async function createSet(replicas: number): Promise<ReplicaSet> {
  const set = await fixture.client.create<ReplicaSet>(replicaSets, {
    metadata: key,
    spec: {
      replicas,
      selector: { matchLabels: { app: 'web' } },
      template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: 'i:1' }] } },
    },
  })
  await fixture.settle()
  return set
}

async function createOrphan(): Promise<void> {
  await fixture.client.create<Pod>(pods, {
    metadata: { name: 'orphan', namespace: 'default', labels: { app: 'web' } },
    spec: { containers: [{ name: 'c', image: 'i:1' }] },
  })
  await fixture.settle()
}

function requests(start: string): string[] {
  return fixture.api.requests.filter((request) => request.startsWith(start))
}

test('a reconcile that finds the status as it is writes none', async () => {
  await createSet(2)
  const written = requests('update replicasets/status').length
  expect(written).toBeGreaterThan(0)
  const [pod] = fixture.api.list<Pod>('pods')
  await fixture.client.patch(
    pods,
    { namespace: 'default', name: pod?.metadata.name ?? '' },
    { type: 'application/merge-patch+json', body: { metadata: { annotations: { touched: 'yes' } } } },
  )
  await fixture.settle()
  expect(requests('update replicasets/status')).toHaveLength(written)
})

test('an orphan that matches is adopted after the owner was read anew', async () => {
  const { metadata } = await createSet(1)
  expect(requests('get replicasets')).toEqual([])
  await createOrphan()
  expect(requests('get replicasets')).toEqual(['get replicasets default/web'])
  const owners = fixture.api.list<Pod>('pods').map((pod) => pod.metadata.ownerReferences?.[0]?.uid)
  // One of the two is then too many.
  expect(owners).toEqual([metadata.uid])
})

test('an owner that is being deleted, which its informer does not know yet, adopts nothing', async () => {
  await createSet(1)
  const get = fixture.api.send.bind(fixture.api)
  fixture.api.send = async <T>(...[request, ...rest]: Parameters<typeof get>): Promise<T> => {
    const answer = await get<T>(request, ...rest)
    if (request.verb !== 'get' || request.resource !== 'replicasets') return answer
    const set = answer as ReplicaSet
    return { ...set, metadata: { ...set.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } } as T
  }
  await createOrphan()
  expect(fixture.api.get<Pod>('pods', 'default/orphan')?.metadata.ownerReferences).toBeUndefined()
})
