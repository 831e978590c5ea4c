// The StatefulSet controller against an API in memory.

import type { ControllerRevision, PersistentVolumeClaim, Pod, StatefulSet, StatefulSetSpec } from '@binnacle/api'
import { pods, statefulSets } from '@binnacle/client'
import { expect, test } from 'vitest'
import { useControllers } from './support/controller-fixture.ts'

const fixture = useControllers('statefulset-controller')

const key = { namespace: 'default', name: 'web' }
const set = (): StatefulSet | undefined => fixture.api.get<StatefulSet>('statefulsets', 'default/web')
const names = (): string[] => fixture.api.list<Pod>('pods').map(({ metadata }) => metadata.name ?? '')
const revisions = (): ControllerRevision[] => fixture.api.list<ControllerRevision>('controllerrevisions')

function template(image: string): StatefulSetSpec['template'] {
  return { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image }] } }
}

async function createSet(spec: Partial<StatefulSetSpec> = {}): Promise<void> {
  await fixture.client.create<StatefulSet>(statefulSets, {
    metadata: key,
    spec: {
      replicas: 3,
      serviceName: 'web',
      podManagementPolicy: 'OrderedReady',
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
      selector: { matchLabels: { app: 'web' } },
      template: template('one'),
      ...spec,
    },
  })
  await fixture.settle()
}

async function change(spec: object): Promise<void> {
  await fixture.client.patch(statefulSets, key, { type: 'application/merge-patch+json', body: { spec } })
  await fixture.settle()
}

async function makeReady(name: string): Promise<void> {
  const condition = { type: 'Ready', status: 'True', lastTransitionTime: new Date(fixture.clock.now()).toISOString() }
  await fixture.client.patch(
    pods,
    { namespace: 'default', name },
    {
      type: 'application/merge-patch+json',
      subresource: 'status',
      body: { status: { phase: 'Running', conditions: [condition] } },
    },
  )
  await fixture.settle()
}

async function makeAllReady(): Promise<void> {
  for (let ordinal = 0; ordinal < 3; ordinal++) await makeReady(`web-${ordinal}`)
}

test('makes one pod after the other, each with its name, labels and claim', async () => {
  await createSet({ volumeClaimTemplates: [{ metadata: { name: 'data' } }] })
  expect(names()).toEqual(['web-0'])
  expect(fixture.api.get<Pod>('pods', 'default/web-0')).toMatchObject({
    metadata: { labels: { 'statefulset.kubernetes.io/pod-name': 'web-0', 'apps.kubernetes.io/pod-index': '0' } },
    spec: {
      hostname: 'web-0',
      subdomain: 'web',
      volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data-web-0' } }],
    },
  })
  await makeReady('web-0')
  expect(names()).toEqual(['web-0', 'web-1'])
  await makeReady('web-1')
  await makeReady('web-2')
  expect(set()?.status).toMatchObject({
    replicas: 3,
    readyReplicas: 3,
    availableReplicas: 3,
    currentReplicas: 3,
    updatedReplicas: 3,
    currentRevision: revisions()[0]?.metadata.name,
    updateRevision: revisions()[0]?.metadata.name,
  })
  expect(fixture.recorded.slice(0, 2)).toEqual([
    'Normal SuccessfulCreate: Create Claim data-web-0 Pod web-0 in StatefulSet web success',
    'Normal SuccessfulCreate: Create Pod web-0 in StatefulSet web successful',
  ])
})

test('makes all at once where the set says so, from its first ordinal', async () => {
  await createSet({ podManagementPolicy: 'Parallel', ordinals: { start: 5 } })
  expect(names()).toEqual(['web-5', 'web-6', 'web-7'])
})

test('goes down from the highest ordinal', async () => {
  await createSet()
  await makeAllReady()
  await change({ replicas: 1 })
  expect(names()).toEqual(['web-0'])
  expect(fixture.recorded.filter((event) => event.includes('Delete'))).toEqual([
    'Normal SuccessfulDelete: Delete Pod web-2 in StatefulSet web successful',
    'Normal SuccessfulDelete: Delete Pod web-1 in StatefulSet web successful',
  ])
})

test('updates from the highest ordinal, each after the one before is ready, and rolls back to the same revision', async () => {
  await createSet()
  await makeAllReady()
  const image = (ordinal: number): string | undefined =>
    fixture.api.get<Pod>('pods', `default/web-${ordinal}`)?.spec?.containers[0]?.image
  await change({ template: template('two') })
  expect([0, 1, 2].map(image)).toEqual(['one', 'one', 'two'])
  await makeReady('web-2')
  expect([0, 1, 2].map(image)).toEqual(['one', 'two', 'two'])
  await makeReady('web-1')
  await makeReady('web-0')
  expect([0, 1, 2].map(image)).toEqual(['two', 'two', 'two'])
  expect(set()?.status?.currentRevision).toBe(set()?.status?.updateRevision)
  expect(revisions().map(({ revision }) => revision)).toEqual([1, 2])
  await change({ template: template('one') })
  expect(revisions().map(({ revision }) => revision)).toEqual([3, 2])
})

test('leaves pods below the partition as they are', async () => {
  await createSet({ updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 2 } } })
  await makeAllReady()
  await change({ template: template('two') })
  await makeReady('web-2')
  expect(fixture.api.list<Pod>('pods').map(({ spec }) => spec?.containers[0]?.image)).toEqual(['one', 'one', 'two'])
  await fixture.client.delete(pods, { namespace: 'default', name: 'web-0' })
  await fixture.settle()
  expect(fixture.api.get<Pod>('pods', 'default/web-0')?.spec?.containers[0]?.image).toBe('one')
})

test('updates as many at once as may be unavailable', async () => {
  await createSet({
    podManagementPolicy: 'Parallel',
    updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0, maxUnavailable: 2 } },
  })
  await makeAllReady()
  await change({ template: template('two') })
  expect(fixture.recorded.filter((event) => event.includes('Delete'))).toHaveLength(2)
})

test('makes a failed pod anew', async () => {
  await createSet({ replicas: 1 })
  const { uid } = fixture.api.get<Pod>('pods', 'default/web-0')?.metadata ?? {}
  await fixture.client.patch(
    pods,
    { namespace: 'default', name: 'web-0' },
    { type: 'application/merge-patch+json', subresource: 'status', body: { status: { phase: 'Failed' } } },
  )
  await fixture.settle()
  expect(fixture.api.get<Pod>('pods', 'default/web-0')?.metadata.uid).not.toBe(uid)
})

test('waits until a pod was ready long enough', async () => {
  await createSet({ minReadySeconds: 10 })
  await makeReady('web-0')
  expect(names()).toEqual(['web-0'])
  await fixture.settle(10_000)
  expect(names()).toEqual(['web-0', 'web-1'])
})

test('gives claims the owners that the retention policy asks for', async () => {
  const owners = (): (string | undefined)[] =>
    (
      fixture.api.get<PersistentVolumeClaim>('persistentvolumeclaims', 'default/data-web-0')?.metadata
        .ownerReferences ?? []
    ).map(({ kind }) => kind)
  await createSet({
    replicas: 1,
    volumeClaimTemplates: [{ metadata: { name: 'data' } }],
    persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete', whenScaled: 'Delete' },
  })
  await makeReady('web-0')
  expect(owners()).toEqual(['StatefulSet'])
  await change({ replicas: 0 })
  expect(owners()).toEqual(['Pod'])
})
