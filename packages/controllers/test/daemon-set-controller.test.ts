// The DaemonSet controller against an API in memory.

import type { DaemonSet, DaemonSetSpec, Node, Pod } from '@binnacle/api'
import { daemonSets, nodes, pods } from '@binnacle/client'
import { expect, test } from 'vitest'
import { targetNode } from '../src/workloads/daemon-set/daemon-pods.ts'
import { useControllers } from './support/controller-fixture.ts'

const fixture = useControllers('daemonset-controller')

const key = { namespace: 'default', name: 'agent' }
const status = (): DaemonSet['status'] => fixture.api.get<DaemonSet>('daemonsets', 'default/agent')?.status
const placed = (): string[] =>
  fixture.api
    .list<Pod>('pods')
    .map((pod) => `${targetNode(pod)} ${pod.spec?.containers[0]?.image}`)
    .sort()

async function createNode(name: string, spec: Node['spec'] = {}): Promise<void> {
  await fixture.client.create<Node>(nodes, { metadata: { name, labels: { disk: name === 'c' ? 'hdd' : 'ssd' } }, spec })
  await fixture.settle()
}

function template(image: string, nodeSelector: Record<string, string> = {}): DaemonSetSpec['template'] {
  return { metadata: { labels: { app: 'agent' } }, spec: { nodeSelector, containers: [{ name: 'c', image }] } }
}

async function createSet(spec: Partial<DaemonSetSpec> = {}): Promise<void> {
  await fixture.client.create<DaemonSet>(daemonSets, {
    metadata: key,
    spec: {
      selector: { matchLabels: { app: 'agent' } },
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } },
      template: template('one'),
      ...spec,
    },
  })
  await fixture.settle()
}

async function makeAllReady(): Promise<void> {
  const condition = { type: 'Ready', status: 'True', lastTransitionTime: new Date(fixture.clock.now()).toISOString() }
  for (const { metadata } of fixture.api.list<Pod>('pods')) {
    await fixture.client.patch(
      pods,
      { namespace: 'default', name: metadata.name ?? '' },
      {
        type: 'application/merge-patch+json',
        subresource: 'status',
        body: { status: { phase: 'Running', conditions: [condition] } },
      },
    )
  }
  await fixture.settle()
}

async function change(spec: object): Promise<void> {
  await fixture.client.patch(daemonSets, key, { type: 'application/merge-patch+json', body: { spec } })
  await fixture.settle()
}

test('runs one pod on each node that it may use, also on those that come later', async () => {
  await createNode('a')
  await createNode('tainted', { taints: [{ key: 'only', effect: 'NoSchedule' }] })
  await createNode('cordoned', { taints: [{ key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' }] })
  await createSet()
  expect(placed()).toEqual(['a one', 'cordoned one'])
  await createNode('b')
  expect(placed()).toEqual(['a one', 'b one', 'cordoned one'])
  await makeAllReady()
  expect(status()).toMatchObject({
    desiredNumberScheduled: 3,
    currentNumberScheduled: 3,
    updatedNumberScheduled: 3,
    numberReady: 3,
    numberAvailable: 3,
    numberMisscheduled: 0,
  })
})

test('leaves nodes that its node selector does not mean any more', async () => {
  await createNode('a')
  await createNode('c')
  await createSet({ template: template('one', { disk: 'ssd' }) })
  expect(placed()).toEqual(['a one'])
  await fixture.client.patch(
    nodes,
    { name: 'a' },
    { type: 'application/merge-patch+json', body: { metadata: { labels: { disk: 'hdd' } } } },
  )
  await fixture.settle()
  expect(placed()).toEqual([])
})

test('replaces a failed pod, the second time only after a while', async () => {
  await createNode('a')
  await createSet()
  const fail = async (): Promise<void> => {
    const name = fixture.api.list<Pod>('pods')[0]?.metadata.name ?? ''
    await fixture.client.patch(
      pods,
      { namespace: 'default', name },
      { type: 'application/merge-patch+json', subresource: 'status', body: { status: { phase: 'Failed' } } },
    )
    await fixture.settle()
  }
  await fail()
  expect(fixture.recorded).toContainEqual(
    expect.stringMatching(
      /^Warning FailedDaemonPod: Found failed daemon pod default\/agent-\S+ on node a, will try to kill it$/,
    ),
  )
  expect(fixture.api.list<Pod>('pods')[0]?.status?.phase).toBeUndefined()
  await fail()
  expect(fixture.api.list<Pod>('pods')[0]?.status?.phase).toBe('Failed')
  await fixture.settle(1000)
  expect(fixture.api.list<Pod>('pods')[0]?.status?.phase).toBeUndefined()
})

test('updates one node after the other', async () => {
  await createNode('a')
  await createNode('b')
  await createSet()
  await makeAllReady()
  await change({ template: template('two') })
  expect(placed().filter((pod) => pod.endsWith('two'))).toHaveLength(1)
  expect(placed()).toHaveLength(2)
  await makeAllReady()
  expect(placed()).toEqual(['a two', 'b two'])
})

test('makes the new pod first where it may surge', async () => {
  await createNode('a')
  await createSet({ updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } } })
  await makeAllReady()
  await change({ template: template('two') })
  expect(placed()).toEqual(['a one', 'a two'])
  await makeAllReady()
  expect(placed()).toEqual(['a two'])
})

test('waits for its pods to be deleted where it is told so', async () => {
  await createNode('a')
  await createSet({ updateStrategy: { type: 'OnDelete' } })
  await makeAllReady()
  await change({ template: template('two') })
  expect(placed()).toEqual(['a one'])
  expect(status()?.updatedNumberScheduled).toBeUndefined()
  await fixture.client.delete(pods, {
    namespace: 'default',
    name: fixture.api.list<Pod>('pods')[0]?.metadata.name ?? '',
  })
  await fixture.settle()
  expect(placed()).toEqual(['a two'])
})
