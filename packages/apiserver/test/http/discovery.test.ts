import { expect, it } from 'vitest'
import { startServer } from '../server-fixture.ts'

const aggregated = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'

it('lists all groups at once, and says when a copy is still good', async () => {
  await using api = await startServer()
  const first = await api.send('GET', '/apis', { headers: { accept: aggregated } })
  expect(first.json).toMatchObject({ kind: 'APIGroupDiscoveryList', apiVersion: 'apidiscovery.k8s.io/v2' })
  const etag = first.headers.etag ?? ''
  const again = await api.send('GET', '/apis', { headers: { accept: aggregated, 'if-none-match': etag } })
  expect([again.code, again.text]).toEqual([304, ''])
})

it('refuses forms of discovery that it does not have', async () => {
  await using api = await startServer()
  const beta = aggregated.replace('v=v2', 'v=v2beta1')
  expect((await api.send('GET', '/apis', { headers: { accept: beta } })).code).toBe(406)
  expect((await api.send('GET', '/apis', { headers: { accept: `${beta},application/json` } })).json['kind']).toBe(
    'APIGroupList',
  )
})

it('serves custom kinds as soon as they are defined, with an APIService', async () => {
  await using api = await startServer()
  const definition = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'ships.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural: 'ships', singular: 'ship', kind: 'Ship', listKind: 'ShipList' },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
    },
  }
  const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
  const service = '/apis/apiregistration.k8s.io/v1/apiservices/v1.example.com'
  await api.send('POST', definitions, { body: definition })
  expect((await api.send('GET', '/apis/example.com/v1')).json).toMatchObject({
    resources: [{ name: 'ships', kind: 'Ship' }],
  })
  expect((await api.send('GET', service)).json).toMatchObject({
    status: { conditions: [{ type: 'Available', status: 'True' }] },
  })
  await api.send('DELETE', `${definitions}/ships.example.com`)
  expect((await api.send('GET', '/apis/example.com/v1')).code).toBe(404)
  expect((await api.send('GET', service)).code).toBe(404)
})

it('says which Kubernetes it is', async () => {
  await using api = await startServer()
  expect((await api.send('GET', '/version')).json).toMatchObject({
    major: '1',
    minor: '36',
    gitVersion: 'v1.36.3+binnacle',
  })
})

it('answers health checks one by one and all together', async () => {
  await using api = await startServer()
  expect((await api.send('GET', '/readyz')).text).toBe('ok')
  expect((await api.send('GET', '/readyz/etcd')).text).toBe('ok')
  expect((await api.send('GET', '/readyz/nope')).code).toBe(404)
  const verbose = await api.send('GET', '/livez?verbose&exclude=etcd')
  expect(verbose.text).toContain('[+]ping ok\n')
  expect(verbose.text).toContain('[+]etcd excluded: ok\n')
  expect(verbose.text.endsWith('livez check passed\n')).toBe(true)
})

it("counts requests and objects under upstream's names", async () => {
  await using api = await startServer()
  await api.send('GET', '/api/v1/namespaces')
  const { text } = await api.send('GET', '/metrics')
  expect(text).toMatch(
    /apiserver_request_total\{verb="LIST",group="",version="v1",resource="namespaces".*code="200".*\} 1/,
  )
  expect(text).toContain('apiserver_storage_objects{resource="namespaces"} 4')
})
