import { expect, it } from 'vitest'
import { configMap, configMaps, startServer } from '../server-fixture.ts'

it('fills in what only the server knows, and says who set which field', async () => {
  await using api = await startServer()
  const { code, json } = await api.send('POST', configMaps, { body: configMap('a', { k: 'v' }) })
  expect(code).toBe(201)
  expect(json).toMatchObject({
    metadata: {
      name: 'a',
      namespace: 'default',
      uid: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
      resourceVersion: expect.stringMatching(/^\d+$/) as string,
      managedFields: [
        { manager: 'tester', operation: 'Update', apiVersion: 'v1', fieldsV1: { 'f:data': { '.': {}, 'f:k': {} } } },
      ],
    },
    data: { k: 'v' },
  })
})

it('draws a name from the prefix', async () => {
  await using api = await startServer()
  const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { generateName: 'job-' } }
  const { json } = await api.send('POST', configMaps, { body })
  expect((json as { metadata?: { name?: string } }).metadata?.name).toMatch(/^job-[bcdfghjklmnpqrstvwxz2456789]{5}$/)
})

it('gives each of many a name of its own', async () => {
  await using api = await startServer()
  const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { generateName: 'n-' } }
  const answers = await Promise.all(Array.from({ length: 40 }, () => api.send('POST', configMaps, { body })))
  expect(new Set(answers.map(({ code }) => code))).toEqual(new Set([201]))
})

it('lets one of several writers of a name win', async () => {
  await using api = await startServer()
  const answers = await Promise.all(
    Array.from({ length: 8 }, () => api.send('POST', configMaps, { body: configMap('only') })),
  )
  expect(answers.map(({ code }) => code).sort((a, b) => a - b)).toEqual([201, 409, 409, 409, 409, 409, 409, 409])
  expect(answers.find(({ code }) => code === 409)?.json.message).toBe('configmaps "only" already exists')
})

it('keeps nothing of a dry run', async () => {
  await using api = await startServer()
  expect((await api.send('POST', `${configMaps}?dryRun=All`, { body: configMap('dry') })).code).toBe(201)
  expect((await api.send('GET', `${configMaps}/dry`)).code).toBe(404)
})

it.each([
  [
    'of another namespace',
    configMap('x', {}, { namespace: 'other' }),
    'the namespace of the provided object does not match the namespace sent on the request',
  ],
  [
    'of another kind',
    { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'x' } },
    'Secret in version "v1" cannot be handled as a ConfigMap: converting (v1.Secret) to (core.ConfigMap): unknown conversion',
  ],
  [
    'of an unknown kind',
    { apiVersion: 'v1', kind: 'Foo', metadata: { name: 'x' } },
    'Foo in version "v1" cannot be handled as a ConfigMap: no kind "Foo" is registered for version "v1" in scheme "pkg/runtime/scheme.go:111"',
  ],
])('refuses an object %s', async (_what, body, message) => {
  await using api = await startServer()
  const { code, json } = await api.send('POST', configMaps, { body })
  expect([code, json.message]).toEqual([400, message])
})

it('drops unknown fields with a warning, refuses them when asked to be strict', async () => {
  await using api = await startServer()
  const body = { ...configMap('a'), color: 'red' }
  const warned = await api.send('POST', configMaps, { body })
  expect(warned.headers['warning']).toBe('299 - "unknown field \\"color\\""')
  expect(warned.json).not.toHaveProperty('color')
  const refused = await api.send('POST', `${configMaps}?fieldValidation=Strict`, {
    body: { ...body, metadata: { name: 'b' } },
  })
  expect([refused.code, refused.json.message]).toEqual([
    400,
    'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: unknown field "color"',
  ])
})

it('tells unknown and duplicate fields in the order of the text', async () => {
  await using api = await startServer()
  const json =
    '{"apiVersion":"v1","kind":"ConfigMap","b":1,"metadata":{"name":"a","name":"a"},"data":{"k":"1","k":"2"},"a":{"x":1}}'
  const refused = await api.send('POST', `${configMaps}?fieldValidation=Strict`, { body: json })
  expect(refused.json.message).toContain(
    'strict decoding error: unknown field "b", duplicate field "metadata.name", duplicate field "data.k", unknown field "a"',
  )
})

it('finds duplicate fields in the text', async () => {
  await using api = await startServer()
  const json = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"k":"1","k":"2"}}'
  const refused = await api.send('POST', `${configMaps}?fieldValidation=Strict`, { body: json })
  expect(refused.json.message).toContain('strict decoding error: duplicate field "data.k"')
  const yaml = 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  k: "1"\n  k: "2"\n'
  const warned = await api.send('POST', configMaps, { body: yaml, headers: { 'content-type': 'application/yaml' } })
  expect([warned.code, warned.headers['warning']]).toEqual([201, '299 - "line 7: key \\"k\\" already set in map"'])
})

it('refuses an object with a version as an error of no kind, as upstream does', async () => {
  await using api = await startServer()
  const body = configMap('x', {}, { resourceVersion: '1' })
  const { code, json } = await api.send('POST', configMaps, { body })
  expect([code, json.reason]).toEqual([500, undefined])
  expect(json.message).toBe('resourceVersion should not be set on objects to be created')
})
