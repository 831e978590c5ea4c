// The cluster's controllers and the scheduler against an API in memory.

import type {
  CertificateSigningRequest,
  ConfigMap,
  Endpoints,
  EndpointSlice,
  KubeObject,
  Namespace,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  PodDisruptionBudget,
  ResourceQuota,
  Secret,
} from '@binnacle/api'
import {
  certificateSigningRequests,
  configMaps,
  createClient,
  customResourceDefinitions,
  endpoints,
  events,
  Informers,
  namespaces,
  networkPolicies,
  nodes,
  persistentVolumeClaims,
  persistentVolumes,
  podDisruptionBudgets,
  pods,
  replicaSets,
  resourceQuotas,
  secrets,
  serviceAccounts,
  services,
  storageClasses,
} from '@binnacle/client'
import type { Client } from '@binnacle/client'
import { createFakeClock, type FakeClock } from '@binnacle/testing'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { clusterControllers } from '../src/cluster/cluster-controllers.ts'
import type { ControllerContext } from '../src/context.ts'
import { startScheduler } from '../src/scheduler/scheduler.ts'
import { createMemoryApi, ownerOf, row, type MemoryApi } from './support/memory-api.ts'

let api: MemoryApi
let client: Client
let clock: FakeClock
let stop: AbortController
let recorded: string[]
let context: ControllerContext

beforeEach(() => {
  api = createMemoryApi()
  client = createClient(api)
  clock = createFakeClock()
  stop = new AbortController()
  recorded = []
  context = {
    client,
    informers: new Informers({ client }),
    events: { record: (_object, type, reason, message) => void recorded.push(`${type} ${reason}: ${message}`) },
    clock,
    signal: stop.signal,
    caCertificate: 'CERTIFICATE',
  }
})

afterEach(() => stop.abort())

async function start(...names: string[]): Promise<void> {
  for (const name of names) clusterControllers[name]?.(context)
  context.informers.start(stop.signal)
  await context.informers.synced()
}

async function startScheduling(): Promise<void> {
  startScheduler(context)
  context.informers.start(stop.signal)
  await context.informers.synced()
}

function pod(name: string, metadata: Partial<KubeObject['metadata']> = {}, spec: object = {}): Pod {
  return {
    metadata: { name, namespace: 'default', ...metadata },
    spec: {
      schedulerName: 'default-scheduler',
      containers: [{ name: 'c', resources: { requests: { cpu: '1' } } }],
      ...spec,
    },
    status: {},
  }
}

function node(name: string, cpu = '4'): Node {
  return {
    metadata: { name },
    spec: {},
    status: { allocatable: { cpu, memory: '8Gi', pods: '1000' } },
  }
}

async function createService(spec: object): Promise<void> {
  await client.create(services, {
    metadata: { name: 'web', namespace: 'default' },
    spec: { clusterIP: '10.0.0.1', ipFamilies: ['IPv4'], ...spec },
  } as unknown as KubeObject)
}

test('pods are bound to the node, with an event each', async () => {
  await client.create(nodes, node('n', '1000'))
  await startScheduling()
  for (let index = 0; index < 200; index++) await client.create(pods, pod(`p${index}`))
  await api.until(() => api.list<Pod>('pods').every(({ spec }) => spec?.nodeName === 'n'))
  expect(recorded).toContain('Normal Scheduled: Successfully assigned default/p0 to n')
})

test('a pod that does not fit says why, and is bound when a pod leaves', async () => {
  await client.create(nodes, node('n', '1'))
  await startScheduling()
  await client.create(pods, pod('first'))
  await api.until(() => api.get<Pod>('pods', 'default/first')?.spec?.nodeName === 'n')
  await client.create(pods, pod('second'))
  const message =
    '0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.'
  await api.until(() => api.get<Pod>('pods', 'default/second')?.status?.conditions?.[0]?.message === message)
  expect(api.get<Pod>('pods', 'default/second')?.status?.conditions?.[0]).toMatchObject({
    type: 'PodScheduled',
    status: 'False',
    reason: 'Unschedulable',
  })
  expect(recorded).toContain(`Warning FailedScheduling: ${message}`)
  await client.delete(pods, { namespace: 'default', name: 'first' }, { gracePeriodSeconds: 0 })
  await api.until(() => api.get<Pod>('pods', 'default/second')?.spec?.nodeName === 'n')
})

test('a pod created before any node is bound when the node comes', async () => {
  await startScheduling()
  await client.create(pods, pod('early'))
  await api.until(() => recorded.includes('Warning FailedScheduling: no nodes available to schedule pods'))
  await client.create(nodes, node('n'))
  await api.until(() => api.get<Pod>('pods', 'default/early')?.spec?.nodeName === 'n')
})

test('a gated pod waits for its gates', async () => {
  await client.create(nodes, node('n'))
  await startScheduling()
  await client.create(pods, pod('gated', {}, { schedulingGates: [{ name: 'example.com/wait' }] }))
  await api.until(() => api.get<Pod>('pods', 'default/gated')?.status?.conditions?.[0]?.reason === 'SchedulingGated')
  expect(api.get<Pod>('pods', 'default/gated')?.spec?.nodeName).toBeUndefined()
  const gated = api.get<Pod>('pods', 'default/gated') as Pod
  await client.update(pods, { ...gated, spec: { ...gated.spec, schedulingGates: [] } } as unknown as Pod)
  await api.until(() => api.get<Pod>('pods', 'default/gated')?.spec?.nodeName === 'n')
})

test('a more important pod takes the place of a lesser one', async () => {
  await client.create(nodes, node('n', '1'))
  await startScheduling()
  await client.create(pods, pod('low'))
  await api.until(() => api.get<Pod>('pods', 'default/low')?.spec?.nodeName === 'n')
  await client.create(pods, pod('high', {}, { priority: 100 }))
  await api.until(() => api.get<Pod>('pods', 'default/low')?.metadata.deletionTimestamp !== undefined)
  expect(api.get<Pod>('pods', 'default/low')?.status?.conditions).toContainEqual(
    expect.objectContaining({ type: 'DisruptionTarget', status: 'True', reason: 'PreemptionByScheduler' }),
  )
  await api.until(() => api.get<Pod>('pods', 'default/high')?.status?.nominatedNodeName === 'n')
  await client.delete(pods, { namespace: 'default', name: 'low' }, { gracePeriodSeconds: 0 })
  await api.until(() => api.get<Pod>('pods', 'default/high')?.spec?.nodeName === 'n')
  expect(recorded.some((event) => event.startsWith('Normal Preempted: Preempted by pod uid-pods-'))).toBe(true)
})

test('a new namespace gets its account and the root certificate, again when they are deleted', async () => {
  await start('serviceaccount-controller', 'root-ca-certificate-publisher-controller')
  await client.create(namespaces, { metadata: { name: 'team' } })
  const isThere = (): boolean =>
    api.get('serviceaccounts', 'team/default') !== undefined &&
    api.get('configmaps', 'team/kube-root-ca.crt') !== undefined
  await api.until(isThere)
  expect(api.get('configmaps', 'team/kube-root-ca.crt')).toMatchObject({ data: { 'ca.crt': 'CERTIFICATE' } })
  await client.delete(serviceAccounts, { namespace: 'team', name: 'default' })
  await api.until(isThere)
  await client.delete(configMaps, { namespace: 'team', name: 'kube-root-ca.crt' })
  await api.until(isThere)
  const forged = {
    metadata: { name: 'kube-root-ca.crt', namespace: 'team' },
    data: { 'ca.crt': 'FORGED' },
  } as KubeObject
  await client.update(configMaps, forged)
  await api.until(() => api.get<ConfigMap>('configmaps', 'team/kube-root-ca.crt')?.data?.['ca.crt'] === 'CERTIFICATE')
})

test('a deleted namespace loses its pods first, then the rest, then itself', async () => {
  await start('namespace-controller')
  await client.create(namespaces, { metadata: { name: 'team' } })
  await client.create(pods, pod('p', { namespace: 'team' }, { nodeName: 'n' }))
  await createService({})
  await client.create(services, { metadata: { name: 's', namespace: 'team' }, spec: {} } as unknown as KubeObject)
  await client.delete(namespaces, { name: 'team' })
  await api.until(() => api.get<Namespace>('namespaces', 'team')?.status?.conditions !== undefined)
  expect(api.get<Namespace>('namespaces', 'team')?.status?.conditions).toContainEqual(
    expect.objectContaining({
      type: 'NamespaceContentRemaining',
      status: 'True',
      message: 'Some resources are remaining: pods. has 1 resource instances',
    }),
  )
  expect(api.get('services', 'team/s')).toBeDefined()
  await client.delete(pods, { namespace: 'team', name: 'p' }, { gracePeriodSeconds: 0 })
  await api.until(() => api.get('namespaces', 'team') === undefined)
  expect(api.get('services', 'team/s')).toBeUndefined()
  expect(api.get('services', 'default/web')).toBeDefined()
})

test('endpoints and slices follow the pods of a Service', async () => {
  await client.create(nodes, node('n'))
  await start('endpoints-controller', 'endpointslice-controller', 'endpointslice-mirroring-controller')
  await createService({
    selector: { app: 'web' },
    ports: [{ name: 'http', port: 80, targetPort: 8080, protocol: 'TCP' }],
  })
  const slices = (): EndpointSlice[] => api.list<EndpointSlice>('endpointslices')
  await api.until(() => slices().length === 1 && api.get('endpoints', 'default/web') !== undefined)
  const created = await client.create<Pod>(pods, pod('p', { labels: { app: 'web' } }, { nodeName: 'n' }))
  const status = { phase: 'Running', podIP: '10.1.0.1', podIPs: [{ ip: '10.1.0.1' }] }
  const ready = { type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:05Z' }
  await client.updateStatus(pods, { ...created, status: { ...status, conditions: [ready] } })
  await api.until(() => slices()[0]?.endpoints?.[0]?.conditions?.ready === true)
  await api.until(() => api.get<Endpoints>('endpoints', 'default/web')?.subsets?.[0]?.addresses?.[0]?.ip === '10.1.0.1')
  expect(slices()[0]?.metadata.annotations).toEqual({
    'endpoints.kubernetes.io/last-change-trigger-time': '2026-01-01T00:00:05Z',
  })
  await client.delete(services, { namespace: 'default', name: 'web' })
  await api.until(() => api.get('endpoints', 'default/web') === undefined)
})

test('endpoints kept by hand are mirrored into slices, and follow changes', async () => {
  await start('endpointslice-mirroring-controller')
  await createService({ ports: [{ port: 80 }] })
  const made = await client.create<Endpoints>(endpoints, {
    metadata: { name: 'web', namespace: 'default', labels: { a: 'b' } },
    subsets: [{ addresses: [{ ip: '192.0.2.1' }], ports: [{ port: 80, protocol: 'TCP' }] }],
  })
  const slice = (): EndpointSlice | undefined => api.list<EndpointSlice>('endpointslices')[0]
  await api.until(() => slice()?.endpoints?.[0]?.addresses[0] === '192.0.2.1')
  expect(slice()?.metadata.labels).toMatchObject({ a: 'b', 'kubernetes.io/service-name': 'web' })
  await client.update(endpoints, {
    ...made,
    subsets: [{ ...made.subsets?.[0], addresses: [{ ip: '192.0.2.2' }] }],
  })
  await api.until(() => slice()?.endpoints?.[0]?.addresses[0] === '192.0.2.2')
  await client.delete(endpoints, { namespace: 'default', name: 'web' })
  await api.until(() => slice() === undefined)
})

async function ownerWithChildren(count: number): Promise<KubeObject> {
  const owner = await client.create<KubeObject>(replicaSets, {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: { name: 'rs', namespace: 'default' },
  })
  const ownerReferences = [ownerOf(owner, 'ReplicaSet', 'apps/v1')]
  for (let index = 0; index < count; index++) await client.create(pods, pod(`child${index}`, { ownerReferences }))
  return owner
}

test('background: dependents go after their owner', async () => {
  await start('garbage-collector-controller')
  await ownerWithChildren(20)
  await client.delete(replicaSets, { namespace: 'default', name: 'rs' }, { propagationPolicy: 'Background' })
  await api.until(() => api.list('pods').length === 0)
})

test('foreground: the owner goes when its dependents are gone', async () => {
  await start('garbage-collector-controller')
  await ownerWithChildren(3)
  await client.delete(replicaSets, { namespace: 'default', name: 'rs' }, { propagationPolicy: 'Foreground' })
  expect(api.get('replicasets', 'default/rs')).toBeDefined()
  await api.until(() => api.get('replicasets', 'default/rs') === undefined)
  expect(api.list('pods')).toEqual([])
})

test('orphan: dependents stay without the reference', async () => {
  await start('garbage-collector-controller')
  await ownerWithChildren(3)
  await client.delete(replicaSets, { namespace: 'default', name: 'rs' }, { propagationPolicy: 'Orphan' })
  await api.until(() => api.get('replicasets', 'default/rs') === undefined)
  expect(api.list('pods').map(({ metadata }) => metadata.ownerReferences ?? [])).toEqual([[], [], []])
})

test('a circle of dependents does not stop a foreground deletion', async () => {
  await start('garbage-collector-controller')
  const made: Pod[] = []
  for (const name of ['a', 'b', 'c']) made.push(await client.create<Pod>(pods, pod(name)))
  for (const [index, one] of made.entries()) {
    const owner = made[(index + 2) % 3] as Pod
    await client.update(pods, { ...one, metadata: { ...one.metadata, ownerReferences: [ownerOf(owner, 'Pod')] } })
  }
  await client.delete(pods, { namespace: 'default', name: 'a' }, { propagationPolicy: 'Foreground' })
  await api.until(() => api.list('pods').length === 0)
})

test('a dependent with another owner only loses the reference', async () => {
  await start('garbage-collector-controller')
  const going = await ownerWithChildren(0)
  const staying = await client.create<KubeObject>(replicaSets, { metadata: { name: 'other', namespace: 'default' } })
  const ownerReferences = [ownerOf(going, 'ReplicaSet', 'apps/v1'), ownerOf(staying, 'ReplicaSet', 'apps/v1')]
  await client.create(pods, pod('shared', { ownerReferences }))
  await client.delete(replicaSets, { namespace: 'default', name: 'rs' }, { propagationPolicy: 'Background' })
  await api.until(() => api.get('pods', 'default/shared')?.metadata.ownerReferences?.length === 1)
  expect(api.get('pods', 'default/shared')?.metadata.ownerReferences?.[0]?.name).toBe('other')
})

test('objects of a kind that was just defined are collected at once', async () => {
  await start('garbage-collector-controller')
  const crontabs = { group: 'example.com', version: 'v1', resource: 'crontabs', namespaced: true }
  api.serve(row('example.com', 'crontabs', 'CronTab'))
  await client.create(customResourceDefinitions, { metadata: { name: 'crontabs.example.com' } })
  const owner = await client.create<KubeObject>(crontabs, { metadata: { name: 'owner', namespace: 'default' } })
  const ownerReferences = [ownerOf(owner, 'CronTab', 'example.com/v1')]
  await client.create(crontabs, { metadata: { name: 'child', namespace: 'default', ownerReferences } })
  await client.create(pods, pod('p', { ownerReferences }))
  await client.delete(crontabs, { namespace: 'default', name: 'owner' })
  await api.until(() => api.list('crontabs').length === 0 && api.list('pods').length === 0)
})

test('an object that names an owner which never was is deleted', async () => {
  await start('garbage-collector-controller')
  const ownerReferences = [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'ghost', uid: 'no-such-uid' }]
  await client.create(pods, pod('lost', { ownerReferences }))
  await api.until(() => api.list('pods').length === 0)
})

test('a silent node becomes Unknown, is tainted, and loses its pods after their toleration', async () => {
  const heartbeat = { type: 'Ready', status: 'True', lastHeartbeatTime: '2026-01-01T00:00:00Z' }
  await client.create(nodes, { ...node('n'), status: { conditions: [heartbeat] } })
  const tolerations = [
    { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 },
  ]
  await client.create(pods, pod('p', {}, { nodeName: 'n', tolerations }))
  await start('node-lifecycle-controller', 'taint-eviction-controller')
  const silent = api.until(() => api.get<Node>('nodes', 'n')?.spec?.taints?.length === 2)
  await clock.advanceAsync(60_000)
  await silent
  const { status, spec } = api.get<Node>('nodes', 'n') as Node
  expect(status?.conditions?.[0]).toMatchObject({
    status: 'Unknown',
    reason: 'NodeStatusUnknown',
    message: 'Kubelet stopped posting node status.',
  })
  expect(spec?.taints?.map(({ key, effect }) => `${key}:${effect}`)).toEqual([
    'node.kubernetes.io/unreachable:NoSchedule',
    'node.kubernetes.io/unreachable:NoExecute',
  ])
  expect(api.get('pods', 'default/p')?.metadata.deletionTimestamp).toBeUndefined()
  const evicted = api.until(() => api.get('pods', 'default/p')?.metadata.deletionTimestamp !== undefined)
  await clock.advanceAsync(310_000)
  await evicted
  expect(recorded).toContain('Normal TaintManagerEviction: Marking for deletion Pod default/p')
})

test('a quota counts what is there, at once, and releases what goes', async () => {
  await start('resourcequota-controller')
  await client.create(resourceQuotas, {
    metadata: { name: 'q', namespace: 'default' },
    spec: {
      hard: {
        pods: '5',
        'requests.cpu': '4',
        'limits.memory': '2Gi',
        services: '3',
        'services.nodeports': '2',
        'count/replicasets.apps': '1',
      },
    },
  })
  const used = (): Record<string, unknown> => api.get<ResourceQuota>('resourcequotas', 'default/q')?.status?.used ?? {}
  await api.until(() => used()['pods'] === '0')
  const containers = [{ name: 'c', resources: { requests: { cpu: '250m' }, limits: { memory: '512Mi' } } }]
  await client.create(pods, pod('p1', {}, { containers }))
  await client.create(pods, pod('p2', {}, { containers }))
  await createService({ type: 'NodePort', ports: [{ port: 80 }] })
  await ownerWithChildren(0)
  await api.until(() => used()['count/replicasets.apps'] === '1' && used()['services'] === '1')
  expect(used()).toEqual({
    pods: '2',
    'requests.cpu': '500m',
    'limits.memory': '1Gi',
    services: '1',
    'services.nodeports': '1',
    'count/replicasets.apps': '1',
  })
  await client.delete(pods, { namespace: 'default', name: 'p1' })
  await api.until(() => used()['pods'] === '1' && used()['requests.cpu'] === '250m')
})

test('a budget allows what is healthy above what it wants', async () => {
  await start('disruption-controller')
  await client.create(podDisruptionBudgets, {
    metadata: { name: 'b', namespace: 'default' },
    spec: { selector: { matchLabels: { app: 'web' } }, minAvailable: 1 },
  })
  const budget = (): PodDisruptionBudget | undefined =>
    api.get<PodDisruptionBudget>('poddisruptionbudgets', 'default/b')
  await api.until(() => budget()?.status?.conditions?.[0]?.reason === 'InsufficientPods')
  for (const name of ['p1', 'p2']) {
    const made = await client.create<Pod>(pods, pod(name, { labels: { app: 'web' } }, { nodeName: 'n' }))
    const status = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] }
    await client.updateStatus(pods, { ...made, status })
  }
  await api.until(() => budget()?.status?.disruptionsAllowed === 1)
  expect(budget()?.status).toMatchObject({
    currentHealthy: 2,
    desiredHealthy: 1,
    expectedPods: 2,
    observedGeneration: 1,
    conditions: [{ type: 'DisruptionAllowed', status: 'True', reason: 'SufficientPods' }],
  })
})

test('a percentage counts the replicas that the pods’ controllers want', async () => {
  await start('disruption-controller')
  const owner = await client.create<KubeObject>(replicaSets, {
    metadata: { name: 'rs', namespace: 'default' },
    spec: { replicas: 4 },
  } as unknown as KubeObject)
  const ownerReferences = [ownerOf(owner, 'ReplicaSet', 'apps/v1')]
  await client.create(pods, pod('p', { labels: { app: 'web' }, ownerReferences }))
  await client.create(podDisruptionBudgets, {
    metadata: { name: 'b', namespace: 'default' },
    spec: { selector: { matchLabels: { app: 'web' } }, maxUnavailable: '50%' },
  })
  await api.until(() => {
    const status = api.get<PodDisruptionBudget>('poddisruptionbudgets', 'default/b')?.status
    return status?.expectedPods === 4 && status.desiredHealthy === 2
  })
})

function volume(name: string, size: string): PersistentVolume {
  return {
    metadata: { name },
    spec: {
      accessModes: ['ReadWriteOnce'],
      storageClassName: 'manual',
      capacity: { storage: size },
      persistentVolumeReclaimPolicy: 'Retain',
    },
    status: { phase: 'Pending' },
  }
}

test('a claim takes the smallest volume that fits, and leaves it released', async () => {
  await start(
    'persistentvolume-binder-controller',
    'persistentvolumeclaim-protection-controller',
    'persistentvolume-protection-controller',
  )
  await client.create(persistentVolumes, volume('large', '10Gi'))
  await client.create(persistentVolumes, volume('small', '2Gi'))
  await client.create(persistentVolumes, volume('tiny', '1Mi'))
  const phaseOf = (name: string): string | undefined =>
    api.get<PersistentVolume>('persistentvolumes', name)?.status?.phase
  await api.until(() => ['large', 'small', 'tiny'].every((name) => phaseOf(name) === 'Available'))
  await client.create(persistentVolumeClaims, {
    metadata: { name: 'data', namespace: 'default' },
    spec: { accessModes: ['ReadWriteOnce'], storageClassName: 'manual', resources: { requests: { storage: '1Gi' } } },
    status: { phase: 'Pending' },
  })
  const claim = (): PersistentVolumeClaim | undefined => api.get('persistentvolumeclaims', 'default/data')
  await api.until(() => claim()?.status?.phase === 'Bound')
  expect(claim()?.spec?.volumeName).toBe('small')
  expect(claim()?.status?.capacity).toEqual({ storage: '2Gi' })
  expect(phaseOf('small')).toBe('Bound')
  await client.delete(persistentVolumeClaims, { namespace: 'default', name: 'data' })
  await api.until(() => claim() === undefined && phaseOf('small') === 'Released')
})

test('a claim says what it waits for once, however many volumes come meanwhile', async () => {
  await start('persistentvolume-binder-controller')
  const wish = (name: string, storage: string) =>
    client.create<PersistentVolumeClaim>(persistentVolumeClaims, {
      metadata: { name, namespace: 'default' },
      spec: { accessModes: ['ReadWriteOnce'], storageClassName: 'manual', resources: { requests: { storage } } },
    })
  const add = async (name: string): Promise<void> => {
    await client.create(persistentVolumes, volume(name, '1Gi'))
    await api.until(() => api.get<PersistentVolume>('persistentvolumes', name)?.status?.phase === 'Available')
  }
  const isFailed = (event: string): boolean => event.startsWith('Warning ProvisioningFailed')
  await wish('data', '9Gi')
  await api.until(() => api.get<PersistentVolumeClaim>('persistentvolumeclaims', 'default/data')?.status !== undefined)
  await add('one')
  await add('two')
  // Behind all that was to be looked at before it.
  await wish('last', '1Gi')
  const phase = () => api.get<PersistentVolumeClaim>('persistentvolumeclaims', 'default/last')?.status?.phase
  await api.until(() => phase() === 'Bound')
  expect(recorded.filter(isFailed)).toHaveLength(1)
  clock.advance(15_000)
  await add('three')
  await wish('later', '1Gi')
  await api.until(
    () =>
      api.get<PersistentVolumeClaim>('persistentvolumeclaims', 'default/later')?.status?.phase === 'Bound' &&
      recorded.filter(isFailed).length === 2,
  )
})

test('a claim says what it waits for', async () => {
  await start('persistentvolume-binder-controller')
  const provisioner = 'example.com/nobody'
  await client.create(storageClasses, { metadata: { name: 'external' }, provisioner })
  await client.create(storageClasses, {
    metadata: { name: 'later' },
    provisioner,
    volumeBindingMode: 'WaitForFirstConsumer',
  })
  const taken = volume('taken', '1Gi')
  await client.create(persistentVolumes, {
    ...taken,
    spec: { ...taken.spec, claimRef: { namespace: 'default', name: 'other', uid: 'other' } },
  })
  const told: Record<string, [spec: object, event: string]> = {
    none: [{}, 'Normal FailedBinding: no persistent volumes available for this claim and no storage class is set'],
    missing: [{ storageClassName: 'nope' }, 'Warning ProvisioningFailed: storageclass.storage.k8s.io "nope" not found'],
    waits: [
      { storageClassName: 'later' },
      'Normal WaitForFirstConsumer: waiting for first consumer to be created before binding',
    ],
    given: [
      { storageClassName: 'external' },
      `Normal ExternalProvisioning: Waiting for a volume to be created either by the external provisioner '${provisioner}' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.`,
    ],
    late: [
      { storageClassName: 'manual', volumeName: 'taken' },
      'Warning FailedBinding: volume "taken" already bound to a different claim.',
    ],
  }
  for (const [name, [spec, event]] of Object.entries(told)) {
    await client.create<PersistentVolumeClaim>(persistentVolumeClaims, {
      metadata: { name, namespace: 'default' },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...spec },
    })
    const claim = (): PersistentVolumeClaim | undefined => api.get('persistentvolumeclaims', `default/${name}`)
    await api.until(() => claim()?.status?.phase === 'Pending' && recorded.includes(event))
  }
  expect(api.get('persistentvolumeclaims', 'default/given')?.metadata.annotations).toEqual({
    'volume.beta.kubernetes.io/storage-provisioner': provisioner,
    'volume.kubernetes.io/storage-provisioner': provisioner,
  })
})

test('pods of a node that is gone are collected after the quarantine', async () => {
  await client.create(pods, pod('lost', {}, { nodeName: 'gone' }))
  await client.create(nodes, node('here'))
  await client.create(pods, pod('kept', {}, { nodeName: 'here' }))
  await start('pod-garbage-collector-controller')
  const collected = api.until(() => api.get('pods', 'default/lost') === undefined)
  await clock.advanceAsync(20_000)
  expect(api.get('pods', 'default/lost')).toBeDefined()
  await clock.advanceAsync(60_000)
  await collected
  expect(api.get('pods', 'default/kept')).toBeDefined()
  expect(api.requests).toContain('patch pods/status default/lost')
})

test('events go an hour after they were last written', async () => {
  await start('event-expiry-controller')
  const event = (name: string, lastTimestamp: string): object => ({
    metadata: { name, namespace: 'default' },
    lastTimestamp,
  })
  await client.create(events, event('old', '2026-01-01T00:00:00Z') as KubeObject)
  await client.create(events, event('new', '2026-01-01T00:59:00Z') as KubeObject)
  const gone = api.until(() => api.get('events', 'default/old') === undefined)
  await clock.advanceAsync(70 * 60_000)
  await gone
  expect(api.get('events', 'default/new')).toBeDefined()
})

test('a token Secret is filled for its account and goes with it', async () => {
  await start('serviceaccount-token-controller')
  await client.create(serviceAccounts, { metadata: { name: 'bot', namespace: 'default' } })
  await client.create(secrets, {
    metadata: { name: 'bot-token', namespace: 'default', annotations: { 'kubernetes.io/service-account.name': 'bot' } },
    type: 'kubernetes.io/service-account-token',
  } as KubeObject)
  const secret = (): Secret | undefined => api.get<Secret>('secrets', 'default/bot-token')
  await api.until(() => secret()?.data?.['token'] !== undefined)
  expect(Buffer.from(secret()?.data?.['namespace'] ?? '', 'base64').toString()).toBe('default')
  await client.delete(serviceAccounts, { namespace: 'default', name: 'bot' })
  await api.until(() => secret() === undefined)
})

test('approved requests for client certificates are signed, or fail with the reason', async () => {
  context.signClientRequest = ({ request, keyEncipherment, lifetimeSeconds }) =>
    Promise.resolve(`${request} signed, ${keyEncipherment}, ${lifetimeSeconds}`)
  const request = (name: string, spec: object, type = 'Approved'): Promise<unknown> =>
    client.create<CertificateSigningRequest>(certificateSigningRequests, {
      metadata: { name },
      spec: {
        request: Buffer.from('PEM').toString('base64'),
        signerName: 'kubernetes.io/kube-apiserver-client',
        usages: ['client auth'],
        ...spec,
      },
      status: { conditions: [{ type, status: 'True' }] },
    })
  await start('certificatesigningrequest-signing-controller')
  await request('denied', {}, 'Denied')
  await request('foreign', { signerName: 'example.com/signer' })
  await request('server', { usages: ['client auth', 'server auth'] })
  await request('jane', { usages: ['key encipherment', 'client auth'], expirationSeconds: 3600 })
  const statusOf = (name: string): CertificateSigningRequest['status'] =>
    api.get<CertificateSigningRequest>('certificatesigningrequests', name)?.status
  await api.until(() => statusOf('jane')?.certificate !== undefined)
  expect(Buffer.from(statusOf('jane')?.certificate ?? '', 'base64').toString()).toBe('PEM signed, true, 3600')
  await api.until(() => statusOf('server')?.conditions?.length === 2)
  expect(statusOf('server')?.conditions?.[1]).toMatchObject({
    type: 'Failed',
    reason: 'SignerValidationFailure',
    message: 'invalid usage for client certificate: server auth',
  })
  for (const name of ['denied', 'foreign']) expect(statusOf(name)?.certificate).toBeUndefined()
})

test('a NetworkPolicy says that it is not enforced, again when it asks for something else', async () => {
  let told = Promise.withResolvers<string>()
  context.events = { record: (_object, type, reason, message) => told.resolve(`${type} ${reason}: ${message}`) }
  await start('networkpolicy-notice')
  const policy = { metadata: { name: 'deny', namespace: 'default' }, spec: { podSelector: {} } }
  const made = await client.create<KubeObject & typeof policy>(networkPolicies, policy)
  expect(await told.promise).toMatch(/^Warning NotEnforced: this engine does not enforce NetworkPolicies/)
  told = Promise.withResolvers()
  await client.update(networkPolicies, { ...made, spec: { podSelector: { matchLabels: { app: 'web' } } } })
  expect(await told.promise).toMatch(/^Warning NotEnforced/)
})
