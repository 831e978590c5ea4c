import { type KubeObject, type Namespace, type Pod, type Service, isTooManyRequests } from '@binnacle/api'
import { expect, test } from 'vitest'
import { startEngine } from '../engine-fixture.ts'

const services = { group: '', version: 'v1', resource: 'services', namespace: 'default' } as const
const pods = { group: '', version: 'v1', resource: 'pods', namespace: 'default' } as const
const service = (name: string, spec: object): object => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name },
  spec,
})

test('a Service gets an address with its IPAddress, node ports and families; a taken address is refused', async () => {
  const { send, backend } = await startEngine()
  const ports = [
    { port: 53, protocol: 'TCP', name: 'a' },
    { port: 53, protocol: 'UDP', name: 'b' },
  ]
  const created = await send<Service>({ verb: 'create', ...services, body: service('a', { type: 'NodePort', ports }) })
  const address = created.spec?.clusterIP ?? ''
  expect(created.spec).toMatchObject({ clusterIPs: [address], ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack' })
  expect(created.spec?.ports?.[0]?.nodePort).toBe(created.spec?.ports?.[1]?.nodePort)
  expect(backend.get('ipaddresses.networking.k8s.io', undefined, address)).toMatchObject({
    spec: { parentRef: { name: 'a' } },
  })
  const second = send({ verb: 'create', ...services, body: service('b', { clusterIP: address, ports: [{ port: 1 }] }) })
  await expect(second).rejects.toThrow(
    `spec.clusterIPs: Invalid value: ["${address}"]: failed to allocate IP ${address}: provided IP is already allocated`,
  )
})

test('a pod is bound once, and evicted only while its budget allows it', async () => {
  const { send, backend } = await startEngine()
  await send({
    verb: 'create',
    group: '',
    version: 'v1',
    resource: 'serviceaccounts',
    namespace: 'default',
    body: { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default' } },
  })
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', labels: { app: 'p' } },
    spec: { containers: [{ name: 'c', image: 'i:1' }] },
  }
  const created = await send<Pod>({ verb: 'create', ...pods, body: pod })
  expect(created.spec).toMatchObject({ serviceAccountName: 'default', priority: 0 })
  expect(created.spec?.volumes?.[0]?.name).toMatch(/^kube-api-access-/)
  const binding = { apiVersion: 'v1', kind: 'Binding', metadata: { name: 'p' }, target: { kind: 'Node', name: 'n' } }
  await send({ verb: 'create', ...pods, name: 'p', subresource: 'binding', body: binding })
  await expect(send({ verb: 'create', ...pods, name: 'p', subresource: 'binding', body: binding })).rejects.toThrow(
    'pod p is already assigned to node "n"',
  )
  await backend.store.write('pods/default/p', (current) => {
    const object = current?.object as Pod
    return {
      put: {
        ...object,
        status: { ...object.status, phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
      } as KubeObject,
    }
  })
  const budget = {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name: 'b' },
    spec: { minAvailable: 1, selector: { matchLabels: { app: 'p' } } },
  }
  await send({
    verb: 'create',
    group: 'policy',
    version: 'v1',
    resource: 'poddisruptionbudgets',
    namespace: 'default',
    body: budget,
  })
  const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'p' } }
  const refused: unknown = await send({
    verb: 'create',
    ...pods,
    name: 'p',
    subresource: 'eviction',
    body: eviction,
  }).catch((error: unknown) => error)
  expect(isTooManyRequests(refused)).toBe(true)
})

test('a deleted namespace terminates until its finalizer goes, and takes nothing new', async () => {
  const { send, backend } = await startEngine()
  const namespaces = { group: '', version: 'v1', resource: 'namespaces' } as const
  await send({ verb: 'create', ...namespaces, body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'n' } } })
  const going = await send<Namespace>({ verb: 'delete', ...namespaces, name: 'n' })
  expect(going.status?.phase).toBe('Terminating')
  const create = send({ verb: 'create', ...services, namespace: 'n', body: service('a', { ports: [{ port: 1 }] }) })
  await expect(create).rejects.toThrow('unable to create new content in namespace n because it is being terminated')
  await send({ verb: 'update', ...namespaces, name: 'n', subresource: 'finalize', body: { ...going, spec: {} } })
  expect(backend.store.count('namespaces/n')).toBe(0)
})
