import type { EndpointSlice, Node, Pod, Service } from '@binnacle/api'
import { expect, test } from 'vitest'
import {
  endpointSliceControllerName,
  managedByLabel,
  reconcileEndpointSlices,
  serviceNameLabel,
} from './endpoint-slices.ts'
import type { SliceChanges } from './endpoint-slices.ts'
import { subsetsOf } from './endpoint-subsets.ts'

const service = {
  metadata: { name: 'web', namespace: 'default', uid: 'service-uid', labels: { team: 'a' } },
  spec: {
    clusterIP: '10.0.0.1',
    ipFamilies: ['IPv4'],
    selector: { app: 'web' },
    ports: [{ name: 'http', port: 80, targetPort: 8080, protocol: 'TCP' }],
  },
} as unknown as Service

function pod(name: string, options: { ready?: boolean; ip?: string; hostPorts?: string; deleted?: boolean } = {}): Pod {
  const { ready = true, ip = '10.1.0.1', hostPorts, deleted } = options
  return {
    metadata: {
      name,
      namespace: 'default',
      uid: `${name}-uid`,
      ...(hostPorts ? { annotations: { 'binnacle.dev/host-ports': hostPorts } } : {}),
      ...(deleted ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}),
    },
    spec: { nodeName: 'n', containers: [{ name: 'c', ports: [{ name: 'http', containerPort: 8080 }] }] },
    status: {
      phase: 'Running',
      podIP: ip,
      podIPs: [{ ip }],
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
    },
  }
}

function reconcile(pods: readonly Pod[], existing: readonly EndpointSlice[] = [], of: Service = service): SliceChanges {
  const nodeOf = (name: string): Node | undefined => (name === 'n' ? { metadata: { name } } : undefined)
  return reconcileEndpointSlices({ service: of, pods, existing, nodeOf })
}

let created = 0

/** As the API server would keep them. */
function kept(changes: SliceChanges): EndpointSlice[] {
  return changes.create.map((slice) => ({
    ...slice,
    metadata: { ...slice.metadata, name: `web-${++created}`, resourceVersion: '1' },
  }))
}

test('a Service without pods has one slice without endpoints, and keeps it', () => {
  const changes = reconcile([])
  expect(changes.create).toHaveLength(1)
  expect(changes.create[0]).toMatchObject({
    addressType: 'IPv4',
    endpoints: [],
    ports: [],
    metadata: {
      generateName: 'web-',
      labels: { team: 'a', [serviceNameLabel]: 'web', [managedByLabel]: endpointSliceControllerName },
      ownerReferences: [
        { kind: 'Service', name: 'web', uid: 'service-uid', controller: true, blockOwnerDeletion: true },
      ],
    },
  })
  expect(reconcile([], kept(changes))).toMatchObject({ create: [], update: [], delete: [] })
})

test('the first endpoint takes over the empty slice', () => {
  const [placeholder] = kept(reconcile([]))
  const changes = reconcile([pod('a')], placeholder ? [placeholder] : [])
  expect(changes).toMatchObject({ create: [], delete: [] })
  expect(changes.update[0]).toMatchObject({
    metadata: { name: placeholder?.metadata.name },
    ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
    endpoints: [
      {
        addresses: ['10.1.0.1'],
        conditions: { ready: true, serving: true, terminating: false },
        nodeName: 'n',
        targetRef: { kind: 'Pod', name: 'a', namespace: 'default', uid: 'a-uid' },
      },
    ],
  })
})

test('slices hold at most 100 endpoints, and a change touches only its slice', () => {
  const pods = Array.from({ length: 250 }, (_, index) => pod(`p${index}`, { ip: `10.1.1.${index}` }))
  const slices = kept(reconcile(pods))
  expect(slices.map(({ endpoints }) => endpoints?.length)).toEqual([100, 100, 50])
  const changes = reconcile([pod('p0', { ip: '10.1.1.0', ready: false }), ...pods.slice(1)], slices)
  expect(changes).toMatchObject({ create: [], delete: [] })
  expect(changes.update).toHaveLength(1)
  expect(changes.update[0]?.endpoints?.[0]?.conditions).toEqual({ ready: false, serving: false, terminating: false })
})

test('a terminating pod still serves but is not ready, unless not-ready addresses are published', () => {
  const leaving = pod('a', { deleted: true })
  const conditionsOf = (of: Service): unknown => reconcile([leaving], [], of).create[0]?.endpoints?.[0]?.conditions
  expect(conditionsOf(service)).toEqual({ ready: false, serving: true, terminating: true })
  const publishing = { ...service, spec: { ...service.spec, publishNotReadyAddresses: true } } as Service
  expect(conditionsOf(publishing)).toEqual({ ready: true, serving: true, terminating: true })
})

test('pods that share an address are told apart by their host ports', () => {
  const pods = [
    pod('a', { ip: '127.0.0.1', hostPorts: '{"8080/TCP":40001}' }),
    pod('b', { ip: '127.0.0.1', hostPorts: '{"8080/TCP":40002}' }),
  ]
  expect(reconcile(pods).create.map(({ ports, endpoints }) => [ports?.[0]?.port, endpoints?.length])).toEqual([
    [40001, 1],
    [40002, 1],
  ])
  expect(subsetsOf(service, pods).map(({ ports }) => ports)).toEqual([
    [{ name: 'http', port: 40001, protocol: 'TCP' }],
    [{ name: 'http', port: 40002, protocol: 'TCP' }],
  ])
})

test('a pod whose node is unknown waits, and says so', () => {
  const stranger = pod('a')
  const changes = reconcile([{ ...stranger, spec: { ...stranger.spec, nodeName: 'gone' } } as Pod])
  expect(changes.podsWithoutNode).toEqual(['a'])
  expect(changes.create.flatMap(({ endpoints }) => endpoints)).toEqual([])
})

test('a headless Service without ports lists its pods', () => {
  const headless = { ...service, spec: { clusterIP: 'None', ipFamilies: ['IPv4'], selector: {} } } as unknown as Service
  const [slice] = reconcile([pod('a')], [], headless).create
  expect(slice).toMatchObject({ ports: [], metadata: { labels: { 'service.kubernetes.io/headless': '' } } })
  expect(slice?.endpoints).toHaveLength(1)
  expect(subsetsOf(headless, [pod('a')])).toMatchObject([{ addresses: [{ ip: '10.1.0.1' }] }])
})

test('Endpoints separate ready from not ready', () => {
  expect(subsetsOf(service, [pod('a'), pod('b', { ready: false, ip: '10.1.0.2' })])).toMatchObject([
    { addresses: [{ ip: '10.1.0.1' }], notReadyAddresses: [{ ip: '10.1.0.2' }], ports: [{ name: 'http', port: 8080 }] },
  ])
})
