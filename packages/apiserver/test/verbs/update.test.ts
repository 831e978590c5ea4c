import type { KubeObject } from '@binnacle/api'
import { expect, it } from 'vitest'
import { configMap, configMaps, startServer } from '../server-fixture.ts'

const lease = '/apis/coordination.k8s.io/v1/namespaces/default/leases/l'

it('refuses a version that is not the newest', async () => {
  await using api = await startServer()
  const first = await api.send('POST', configMaps, { body: configMap('a') })
  const { resourceVersion } = (first.json as unknown as KubeObject).metadata
  const body = configMap('a', { k: '1' }, { resourceVersion })
  expect((await api.send('PUT', `${configMaps}/a`, { body })).code).toBe(200)
  const stale = await api.send('PUT', `${configMaps}/a`, { body })
  expect([stale.code, stale.json.message]).toEqual([
    409,
    'Operation cannot be fulfilled on configmaps "a": the object has been modified; please apply your changes to the latest version and try again',
  ])
})

it('writes nothing where nothing changes', async () => {
  await using api = await startServer()
  const first = await api.send('POST', configMaps, { body: configMap('a', { k: '1' }) })
  const again = await api.send('PUT', `${configMaps}/a`, { body: configMap('a', { k: '1' }) })
  expect((again.json as unknown as KubeObject).metadata.resourceVersion).toBe(
    (first.json as unknown as KubeObject).metadata.resourceVersion,
  )
})

it('makes what is missing for the kinds that allow it only', async () => {
  await using api = await startServer()
  const body = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: 'l' }, spec: {} }
  expect((await api.send('PUT', lease, { body })).code).toBe(201)
  expect((await api.send('PUT', `${configMaps}/none`, { body: configMap('none') })).code).toBe(404)
})

it('asks some kinds for a version', async () => {
  await using api = await startServer()
  const body = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: 'l' }, spec: {} }
  await api.send('PUT', lease, { body })
  const { code, json } = await api.send('PUT', lease, { body: { ...body, spec: { holderIdentity: 'x' } } })
  expect([code, json.message]).toEqual([
    422,
    'leases.coordination.k8s.io "l" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an update',
  ])
})

it('refuses to change what is fixed', async () => {
  await using api = await startServer()
  await api.send('POST', configMaps, { body: configMap('a') })
  const other = await api.send('PUT', `${configMaps}/a`, { body: configMap('b') })
  expect(other.json.message).toBe('the name of the object (b) does not match the name on the URL (a)')
  const deleted = await api.send('PUT', `${configMaps}/a`, {
    body: configMap('a', {}, { deletionTimestamp: '2020-01-01T00:00:00Z' }),
  })
  expect([deleted.code, deleted.json.message]).toEqual([
    422,
    'ConfigMap "a" is invalid: metadata.deletionTimestamp: Invalid value: "2020-01-01T00:00:00Z": field is immutable',
  ])
})

it('keeps status and spec apart, also in who owns them', async () => {
  await using api = await startServer()
  const path = '/apis/apps/v1/namespaces/default/deployments'
  const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i:1' }] } }
  const spec = { replicas: 2, selector: { matchLabels: { a: 'b' } }, template }
  const body = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'd' }, spec }
  await api.send('POST', path, { body: { ...body, status: { replicas: 7 } } })
  const { json } = await api.send('PUT', `${path}/d/status`, {
    body: { ...body, spec: { ...spec, replicas: 9 }, status: { replicas: 3 } },
    headers: { 'user-agent': 'controller/1' },
  })
  expect(json).toMatchObject({ spec: { replicas: 2 }, status: { replicas: 3 }, metadata: { generation: 1 } })
  const entry = (json as unknown as KubeObject).metadata.managedFields?.find(({ manager }) => manager === 'controller')
  expect(entry).toMatchObject({ subresource: 'status', fieldsV1: { 'f:status': { 'f:replicas': {} } } })
  expect(Object.keys(entry?.fieldsV1 ?? {})).toEqual(['f:status'])
})

it('applies every one of many concurrent patches', async () => {
  await using api = await startServer()
  await api.send('POST', configMaps, { body: configMap('a') })
  const patches = Array.from({ length: 4 }, (_, index) =>
    api.send('PATCH', `${configMaps}/a`, {
      body: { data: { [`k${index}`]: 'v' } },
      headers: { 'content-type': 'application/merge-patch+json' },
    }),
  )
  expect((await Promise.all(patches)).map(({ code }) => code)).toEqual([200, 200, 200, 200])
  const { json } = await api.send('GET', `${configMaps}/a`)
  expect(Object.keys(json['data'] as object).sort()).toEqual(['k0', 'k1', 'k2', 'k3'])
})
