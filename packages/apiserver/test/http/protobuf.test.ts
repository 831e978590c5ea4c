// Protobuf over HTTPS, as client-go speaks it.

import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { decodeProtobuf, encodeProtobuf } from '@binnacle/api'
import { createMemoryStore } from '@binnacle/store'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ApiServer, createApiServer } from '../../src/index.ts'

const protobuf = 'application/vnd.kubernetes.protobuf'
const partial = 'as=PartialObjectMetadataList;g=meta.k8s.io;v=v1'
const configMaps = '/api/v1/namespaces/default/configmaps'
const ships = '/apis/example.com/v1/namespaces/default/ships'

interface Answer {
  code: number | undefined
  type: string | undefined
  body: Buffer
}

let server: ApiServer
let credentials: { key: string; cert: string; ca: string }

async function open(method: string, path: string, accept: string, body?: object): Promise<IncomingMessage> {
  const bytes = body === undefined ? undefined : encodeProtobuf(body)
  const headers = {
    accept,
    ...(bytes === undefined ? {} : { 'content-type': protobuf, 'content-length': bytes.length }),
  }
  const request = httpsRequest(`${server.url}${path}`, { method, headers, ...credentials, agent: false })
  request.end(bytes)
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  return response
}

async function send(method: string, path: string, accept: string, body?: object): Promise<Answer> {
  const response = await open(method, path, accept, body)
  const chunks = (await response.toArray()) as Buffer[]
  return { code: response.statusCode, type: response.headers['content-type'], body: Buffer.concat(chunks) }
}

function decoded({ type, body }: Answer): Record<string, unknown> {
  expect(type).toBe(protobuf)
  return decodeProtobuf(body)
}

const configMap = (name: string): object => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data: { key: 'Grüße' },
})

const shipDefinition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'ships.example.com' },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { plural: 'ships', singular: 'ship', kind: 'Ship', listKind: 'ShipList' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      },
    ],
  },
}

beforeAll(async () => {
  server = await createApiServer({ store: createMemoryStore() })
  const { key, certificate } = await server.issueClientCertificate('admin', ['system:masters'])
  credentials = { key, cert: certificate, ca: server.caCertificate }
  await send('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', protobuf, shipDefinition)
})

afterAll(() => server.close())

describe('built-in kinds', () => {
  it('creates, updates, lists and deletes', async () => {
    const created = await send('POST', configMaps, `${protobuf},application/json`, configMap('a'))
    expect(created.code).toBe(201)
    const object = decoded(created)
    expect(object).toMatchObject({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'a', namespace: 'default' },
      data: { key: 'Grüße' },
    })

    const updated = decoded(await send('PUT', `${configMaps}/a`, protobuf, { ...object, data: { key: '2' } }))
    expect(updated).toMatchObject({ data: { key: '2' } })

    const list = decoded(await send('GET', `${configMaps}?fieldSelector=metadata.name%3Da`, protobuf))
    expect(list).toMatchObject({
      kind: 'ConfigMapList',
      apiVersion: 'v1',
      items: [{ metadata: { name: 'a' }, data: { key: '2' } }],
    })

    const options = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid: 'another' } }
    expect(decoded(await send('DELETE', `${configMaps}/a`, protobuf, options))).toMatchObject({
      kind: 'Status',
      reason: 'Conflict',
      code: 409,
    })
    expect(decoded(await send('DELETE', `${configMaps}/a`, protobuf))).toMatchObject({
      kind: 'Status',
      status: 'Success',
    })
  })

  it('says in protobuf what is wrong', async () => {
    const missing = await send('GET', `${configMaps}/missing`, protobuf)
    expect(missing.code).toBe(404)
    expect(decoded(missing)).toMatchObject({
      kind: 'Status',
      reason: 'NotFound',
      details: { name: 'missing', kind: 'configmaps' },
    })
  })

  it('keeps to JSON for Tables', async () => {
    const table = await send(
      'GET',
      configMaps,
      `${protobuf};as=Table;g=meta.k8s.io;v=v1,application/json;as=Table;g=meta.k8s.io;v=v1`,
    )
    expect(table.type).toBe('application/json')
    expect(JSON.parse(table.body.toString())).toMatchObject({ kind: 'Table' })
  })

  it('watches', async () => {
    const { metadata } = decoded(await send('POST', configMaps, protobuf, configMap('watched'))) as {
      metadata: { resourceVersion: string }
    }
    const query = `watch=true&fieldSelector=metadata.name%3Dwatched&resourceVersion=${Number(metadata.resourceVersion) - 1}`
    const response = await open('GET', `${configMaps}?${query}`, protobuf)
    expect(response.headers['content-type']).toBe(`${protobuf};stream=watch`)
    const [chunk] = (await once(response, 'data')) as [Buffer]
    response.destroy()
    expect(chunk.readUInt32BE(0)).toBe(chunk.length - 4)
    expect(chunk.subarray(4, 11).toString('latin1')).toBe('\u000a\u0005ADDED')
    expect(decodeProtobuf(chunk.subarray(chunk.indexOf('k8s\0')))).toMatchObject({
      kind: 'ConfigMap',
      metadata: { name: 'watched' },
    })
  })
})

describe('custom kinds', () => {
  it('answer JSON where that is accepted, else 406', async () => {
    const list = await send('GET', ships, `${protobuf},application/json`)
    expect([list.code, list.type]).toEqual([200, 'application/json'])
    const refused = await send('GET', ships, protobuf)
    expect(refused.code).toBe(406)
    expect(decoded(refused)).toMatchObject({ kind: 'Status', reason: 'NotAcceptable' })
  })

  it('have their metadata in protobuf', async () => {
    const list = decoded(await send('GET', ships, `${protobuf};${partial},application/json;${partial}`))
    expect(list).toMatchObject({ kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1' })
    const maps = decoded(await send('GET', '/api/v1/namespaces', `${protobuf};${partial}`)) as { items: object[] }
    expect(maps.items).toContainEqual(
      expect.objectContaining({ metadata: expect.objectContaining({ name: 'default' }) as unknown }),
    )
  })
})
