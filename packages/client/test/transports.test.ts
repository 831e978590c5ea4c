// Both ways to the server behave alike: what holds in process holds over HTTP.

import { type KubeObject, isAlreadyExists, isConflict, isInvalid, isNotFound } from '@binnacle/api'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Client, createClient } from '../src/client.ts'
import { Informer } from '../src/informer.ts'
import { configMaps, namespaces, pods } from '../src/resources.ts'
import { type ServerFixture, startServer, transportKinds } from './support/server.ts'
import { until } from './support/until.ts'

interface ConfigMap extends KubeObject {
  data?: Record<string, string>
}

let fixture: ServerFixture

beforeAll(async () => {
  fixture = await startServer()
})

afterAll(() => fixture[Symbol.asyncDispose]())

function newMap(namespace: string, name: string, data: Record<string, string> = {}): ConfigMap {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace, labels: { of: 'test' } }, data }
}

/** Each test has a namespace of its own. */
async function openNamespace(kind: (typeof transportKinds)[number]): Promise<{ client: Client; namespace: string }> {
  const client = createClient(fixture.transports[kind])
  const made = await client.create<KubeObject>(namespaces, {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { generateName: 'test-' },
  })
  return { client, namespace: made.metadata.name ?? '' }
}

describe.each(transportKinds)('a client %s', (kind) => {
  test('creates, reads, changes and deletes an object', async () => {
    const { client, namespace } = await openNamespace(kind)
    const made = await client.create(configMaps, newMap(namespace, 'a', { x: '1' }))
    expect(made.metadata.uid).toBeTypeOf('string')
    const updated = await client.update(configMaps, { ...made, data: { x: '2' } })
    expect(updated.data).toEqual({ x: '2' })
    const patched = await client.patch<ConfigMap>(
      configMaps,
      { namespace, name: 'a' },
      { type: 'application/merge-patch+json', body: { data: { y: '3' } } },
    )
    expect(patched.data).toEqual({ x: '2', y: '3' })
    const applied = await client.apply<ConfigMap>(configMaps, newMap(namespace, 'a', { z: '4' }), {
      fieldManager: 'me',
      force: true,
    })
    expect(applied.data).toEqual({ x: '2', y: '3', z: '4' })
    expect(await client.get<ConfigMap>(configMaps, { namespace, name: 'a' })).toEqual(applied)
    expect((await client.list(configMaps, { namespace, labelSelector: 'of in (test)' })).items).toHaveLength(1)
    expect((await client.list(configMaps, { namespace, labelSelector: 'of=nothing' })).items).toEqual([])
    await client.delete(configMaps, { namespace, name: 'a' })
    await expect(client.get(configMaps, { namespace, name: 'a' })).rejects.toSatisfy(isNotFound)
  })

  test('is refused with the same errors', async () => {
    const { client, namespace } = await openNamespace(kind)
    const made = await client.create(configMaps, newMap(namespace, 'a'))
    await expect(client.create(configMaps, newMap(namespace, 'a'))).rejects.toSatisfy(isAlreadyExists)
    await client.update(configMaps, { ...made, data: { x: '1' } })
    await expect(client.update(configMaps, { ...made, data: { x: '2' } })).rejects.toSatisfy(isConflict)
    await expect(client.create(configMaps, newMap(namespace, 'No/Name'))).rejects.toSatisfy(isInvalid)
    await expect(
      client.delete(configMaps, { namespace, name: 'a' }, { preconditions: { uid: 'another' } }),
    ).rejects.toSatisfy(isConflict)
    await expect(client.list({ ...pods, resource: 'nothings' })).rejects.toMatchObject({
      status: { reason: 'NotFound', code: 404 },
    })
  })

  test('deletes what a selector chooses and no more', async () => {
    const { client, namespace } = await openNamespace(kind)
    await client.create(configMaps, newMap(namespace, 'a'))
    await client.create(configMaps, { ...newMap(namespace, 'b'), metadata: { name: 'b', namespace } })
    await client.deleteCollection(configMaps, { namespace, labelSelector: 'of=test' })
    const left = await client.list(configMaps, { namespace })
    expect(left.items.map(({ metadata }) => metadata.name)).toContain('b')
    expect(left.items.map(({ metadata }) => metadata.name)).not.toContain('a')
  })

  test('gives frozen objects', async () => {
    const { client, namespace } = await openNamespace(kind)
    await client.create(configMaps, newMap(namespace, 'a'))
    const { items } = await client.list<ConfigMap>(configMaps, { namespace })
    expect(items.every((item) => Object.isFrozen(item.metadata))).toBe(true)
  })
})

describe.each(transportKinds)('an informer %s', (kind) => {
  test('has the state that is there and follows each change', async () => {
    const { client, namespace } = await openNamespace(kind)
    await client.create(configMaps, newMap(namespace, 'a', { x: '1' }))
    const stop = new AbortController()
    const informer = new Informer<ConfigMap>({
      client,
      ref: configMaps,
      namespace,
      labelSelector: 'of=test',
      indexers: { x: ({ data }) => (data?.['x'] === undefined ? [] : [data['x']]) },
    })
    informer.start(stop.signal)
    await informer.synced
    expect(informer.list().map(({ metadata }) => metadata.name)).toEqual(['a'])
    await client.create(configMaps, newMap(namespace, 'b', { x: '1' }))
    await until(informer, () => informer.byIndex('x', '1').length === 2)
    await client.patch(
      configMaps,
      { namespace, name: 'a' },
      { type: 'application/merge-patch+json', body: { data: { x: '2' } } },
    )
    await until(informer, () => informer.byIndex('x', '2').length === 1)
    expect(informer.byIndex('x', '1')).toHaveLength(1)
    // What the selector no longer chooses is gone, as if it were deleted.
    await client.patch(
      configMaps,
      { namespace, name: 'a' },
      { type: 'application/merge-patch+json', body: { metadata: { labels: { of: 'another' } } } },
    )
    await until(informer, () => informer.get(`${namespace}/a`) === undefined)
    await client.delete(configMaps, { namespace, name: 'b' })
    await until(informer, () => informer.list().length === 0)
    expect(informer.byIndex('x', '1')).toEqual([])
    stop.abort()
  })

  test('tells updates with the old object, and gives frozen ones', async () => {
    const { client, namespace } = await openNamespace(kind)
    await client.create(configMaps, newMap(namespace, 'a', { x: '1' }))
    const stop = new AbortController()
    const informer = new Informer<ConfigMap>({ client, ref: configMaps, namespace, labelSelector: 'of=test' })
    const updates: (string | undefined)[] = []
    informer.on({ updated: (object, old) => updates.push(old.data?.['x'], object.data?.['x']) })
    informer.start(stop.signal)
    await informer.synced
    await client.patch(
      configMaps,
      { namespace, name: 'a' },
      { type: 'application/merge-patch+json', body: { data: { x: '2' } } },
    )
    await until(informer, () => informer.get(`${namespace}/a`)?.data?.['x'] === '2')
    expect(updates).toEqual(['1', '2'])
    expect(informer.list().every(({ metadata }) => Object.isFrozen(metadata))).toBe(true)
    stop.abort()
  })

  test('takes in 500 objects that were there before', async () => {
    const { client, namespace } = await openNamespace(kind)
    const names = Array.from({ length: 500 }, (_, number) => `map-${number}`)
    await Promise.all(names.map((name) => client.create(configMaps, newMap(namespace, name, { of: 'x'.repeat(200) }))))
    const stop = new AbortController()
    const informer = new Informer<ConfigMap>({ client, ref: configMaps, namespace, labelSelector: 'of=test' })
    const sizes: number[] = []
    informer.on({ added: () => sizes.push(informer.list().length) })
    informer.start(stop.signal)
    await informer.synced
    expect(new Set(sizes)).toEqual(new Set([500]))
    stop.abort()
  })
})

test('discovery says the same over HTTP as in process', async () => {
  const key = ({ group, version, resource }: { group: string; version: string; resource: string }): string =>
    `${group}/${version}/${resource}`
  const [local = [], http = []] = await Promise.all(
    transportKinds.map(async (kind) => {
      const rows = await fixture.transports[kind].discover()
      return rows.toSorted((a, b) => key(a).localeCompare(key(b)))
    }),
  )
  expect(http.length).toBeGreaterThan(50)
  expect(http).toEqual(local)
})

test('warnings of the server are told', async () => {
  const { client, namespace } = await openNamespace('over HTTP')
  const object = { ...newMap(namespace, 'warned'), unknownField: 1 }
  await client.create<ConfigMap>(configMaps, object, { fieldValidation: 'Warn' })
  expect(fixture.warnings).toContain('unknown field "unknownField"')
})
