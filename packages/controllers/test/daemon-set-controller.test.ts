// The DaemonSet controller against an API in memory.

import type { DaemonSet, DaemonSetSpec, Node, Pod } from '@binnacle/api'
import { type Client, Informers, createClient, daemonSets, nodes, pods } from '@binnacle/client'
import { type FakeClock, createFakeClock } from '@binnacle/testing'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { ControllerContext } from '../src/context.ts'
import { workloadControllers } from '../src/workloads/index.ts'
import { targetNode } from '../src/workloads/daemon-set/daemon-pods.ts'
import { type MemoryApi, createMemoryApi } from './support/memory-api.ts'

let api: MemoryApi
let client: Client
let clock: FakeClock
let stop: AbortController
let recorded: string[]
let failures: unknown[]

beforeEach(async () => {
  api = createMemoryApi()
  client = createClient(api)
  clock = createFakeClock()
  stop = new AbortController()
  recorded = []
  failures = []
  const context: ControllerContext = {
    client,
    informers: new Informers({ client }),
    events: { record: (_object, type, reason, message) => void recorded.push(`${type} ${reason}: ${message}`) },
    clock,
    signal: stop.signal,
    onError: (error) => void failures.push(error),
  }
  workloadControllers['daemonset-controller']?.(context)
  context.informers.start(stop.signal)
  await context.informers.synced()
})

afterEach(() => {
  stop.abort()
  expect(failures).toEqual([])
})

const key = { namespace: 'default', name: 'agent' }
const status = (): DaemonSet['status'] => api.get<DaemonSet>('daemonsets', 'default/agent')?.status
const placed = (): string[] =>
  api
    .list<Pod>('pods')
    .map((pod) => `${targetNode(pod)} ${pod.spec?.containers[0]?.image}`)
    .sort()

async function settle(ms = 0): Promise<void> {
  for (let round = 0; round < 15; round++) await clock.advanceAsync(round === 0 ? ms : 0)
}

async function createNode(name: string, spec: Node['spec'] = {}): Promise<void> {
  await client.create<Node>(nodes, { metadata: { name, labels: { disk: name === 'c' ? 'hdd' : 'ssd' } }, spec })
  await settle()
}

function template(image: string, nodeSelector: Record<string, string> = {}): DaemonSetSpec['template'] {
  return { metadata: { labels: { app: 'agent' } }, spec: { nodeSelector, containers: [{ name: 'c', image }] } }
}

async function createSet(spec: Partial<DaemonSetSpec> = {}): Promise<void> {
  await client.create<DaemonSet>(daemonSets, {
    metadata: key,
    spec: {
      selector: { matchLabels: { app: 'agent' } },
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } },
      template: template('one'),
      ...spec,
    },
  })
  await settle()
}

async function makeAllReady(): Promise<void> {
  const condition = { type: 'Ready', status: 'True', lastTransitionTime: new Date(clock.now()).toISOString() }
  for (const { metadata } of api.list<Pod>('pods')) {
    await client.patch(
      pods,
      { namespace: 'default', name: metadata.name ?? '' },
      {
        type: 'application/merge-patch+json',
        subresource: 'status',
        body: { status: { phase: 'Running', conditions: [condition] } },
      },
    )
  }
  await settle()
}

async function change(spec: object): Promise<void> {
  await client.patch(daemonSets, key, { type: 'application/merge-patch+json', body: { spec } })
  await settle()
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
  await client.patch(
    nodes,
    { name: 'a' },
    { type: 'application/merge-patch+json', body: { metadata: { labels: { disk: 'hdd' } } } },
  )
  await settle()
  expect(placed()).toEqual([])
})

test('replaces a failed pod, the second time only after a while', async () => {
  await createNode('a')
  await createSet()
  const fail = async (): Promise<void> => {
    const name = api.list<Pod>('pods')[0]?.metadata.name ?? ''
    await client.patch(
      pods,
      { namespace: 'default', name },
      { type: 'application/merge-patch+json', subresource: 'status', body: { status: { phase: 'Failed' } } },
    )
    await settle()
  }
  await fail()
  expect(recorded).toContainEqual(
    expect.stringMatching(
      /^Warning FailedDaemonPod: Found failed daemon pod default\/agent-\S+ on node a, will try to kill it$/,
    ),
  )
  expect(api.list<Pod>('pods')[0]?.status?.phase).toBeUndefined()
  await fail()
  expect(api.list<Pod>('pods')[0]?.status?.phase).toBe('Failed')
  await settle(1000)
  expect(api.list<Pod>('pods')[0]?.status?.phase).toBeUndefined()
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
  await client.delete(pods, { namespace: 'default', name: api.list<Pod>('pods')[0]?.metadata.name ?? '' })
  await settle()
  expect(placed()).toEqual(['a two'])
})
