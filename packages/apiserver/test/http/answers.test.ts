import { connect } from 'node:http2'
import { expect, it } from 'vitest'
import { configMap, configMaps, startServer } from '../server-fixture.ts'

const table = 'application/json;as=Table;g=meta.k8s.io;v=v1'
const partial = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1'

it('prints tables for people', async () => {
  await using api = await startServer()
  await api.send('POST', configMaps, { body: configMap('a', { k: 'v' }) })
  const { json } = await api.send('GET', configMaps, { headers: { accept: `${table},application/json` } })
  expect(json).toMatchObject({
    kind: 'Table',
    columnDefinitions: [{ name: 'Name' }, { name: 'Data' }, { name: 'Age' }],
    rows: [{ cells: ['a', 1, expect.any(String) as string], object: { kind: 'PartialObjectMetadata' } }],
  })
  const without = await api.send('GET', `${configMaps}?includeObject=None`, { headers: { accept: table } })
  expect(without.json).toMatchObject({ rows: [{ object: null }] })
})

it('sends metadata alone when asked', async () => {
  await using api = await startServer()
  await api.send('POST', configMaps, { body: configMap('a', { k: 'v' }) })
  const { json } = await api.send('GET', `${configMaps}/a`, { headers: { accept: partial } })
  expect([json['kind'], json['data']]).toEqual(['PartialObjectMetadata', undefined])
})

it('speaks YAML', async () => {
  await using api = await startServer()
  const body = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {k: "yes"}\n'
  await api.send('POST', configMaps, { body, headers: { 'content-type': 'application/yaml' } })
  const { text } = await api.send('GET', `${configMaps}/a`, { headers: { accept: 'application/yaml' } })
  expect(text).toContain('k: "yes"')
})

it.each([
  ['text/html', '406: Not Acceptable'],
  [
    partial.replace('PartialObjectMetadata', 'PartialObjectMetadataList'),
    'you requested PartialObjectMetadataList, but the requested object is not a list (*core.ConfigMap)',
  ],
])('refuses to answer as %s', async (accept, message) => {
  await using api = await startServer()
  await api.send('POST', configMaps, { body: configMap('a') })
  const { code, json } = await api.send('GET', `${configMaps}/a`, { headers: { accept } })
  expect(code).toBe(406)
  expect(json.message).toContain(message)
})

it('makes nothing whose answer would not be taken', async () => {
  await using api = await startServer()
  const refused = await api.send('POST', configMaps, { body: configMap('a'), headers: { accept: 'text/html' } })
  expect(refused.code).toBe(406)
  expect((await api.send('GET', `${configMaps}/a`)).code).toBe(404)
})

it('sends large answers to this machine as they are', async () => {
  await using api = await startServer()
  await api.send('POST', configMaps, { body: configMap('big', { k: 'x'.repeat(300_000) }) })
  const response = await api.open('GET', `${configMaps}/big`, { headers: { 'accept-encoding': 'gzip' } })
  expect(response.headers['content-encoding']).toBeUndefined()
  const bytes = Buffer.concat((await response.toArray()) as Buffer[])
  expect(JSON.parse(bytes.toString())).toMatchObject({ metadata: { name: 'big' } })
})

it('speaks HTTP/2 on the same port', async () => {
  await using api = await startServer()
  const { key, certificate } = await api.server.issueClientCertificate('admin', ['system:masters'])
  const session = connect(api.server.url, { ca: api.server.caCertificate, key, cert: certificate })
  const stream = session.request({ ':path': '/api/v1/namespaces/default' })
  const text = Buffer.concat((await stream.toArray()) as Buffer[]).toString()
  expect(JSON.parse(text)).toMatchObject({ kind: 'Namespace', metadata: { name: 'default' } })
  session.destroy()
})

it.each([
  ['POST', `${configMaps}/a`, 405],
  ['PUT', configMaps, 405],
  ['HEAD', configMaps, 405],
  ['OPTIONS', configMaps, 405],
  ['POST', '/api/v1/configmaps', 405],
  ['GET', '/api/v1/configmaps/a', 404],
  ['GET', '/api/v1/namespaces/default/nodes', 404],
  ['GET', '/apis/apps/v2/deployments', 404],
])('has no route for %s %s', async (method, path, expected) => {
  await using api = await startServer()
  expect((await api.send(method, path)).code).toBe(expected)
})

it.each(['/foo', '/logs', '/apis/nope', '/apis/nope/v1/things'])('answers %s in plain text', async (path) => {
  await using api = await startServer()
  const { code, text } = await api.send('GET', path)
  expect([code, text]).toEqual([404, '404 page not found\n'])
})

it.each([
  [
    'a body of 4 MB',
    JSON.stringify(configMap('a', { k: 'x'.repeat(4_000_000) })),
    413,
    'Request entity too large: limit is 3145728',
  ],
  ['a deep one', `{"a":${'['.repeat(20_000)}${']'.repeat(20_000)}}`, 400, "invalid character '[' exceeded max depth"],
  ['a cut one', '{"a":', 400, 'json parse error: unexpected end of JSON input ({"a":)'],
  ['a list', '[]', 400, String.raw`Kind string "json:\"kind,omitempty\"" } (5b5d)`],
  ['a mistake', '{"a":x}', 400, `json parse error: invalid character 'x' looking for beginning of value ({"a":x})`],
  ['none', '', 400, 'json parse error: unexpected end of JSON input (<empty>)'],
])('refuses %s and goes on', async (_what, body, code, message) => {
  await using api = await startServer()
  const refused = await api.send('POST', configMaps, { body })
  expect(refused.code).toBe(code)
  expect(refused.json.message).toContain(message)
  expect((await api.send('POST', configMaps, { body: configMap('fine') })).code).toBe(201)
})

it('logs each request in one entry without secrets', async () => {
  await using api = await startServer()
  await api.send('GET', configMaps, { as: { token: 'secret-token' } })
  expect(api.log).toMatchObject([{ method: 'GET', target: configMaps, code: 401, user: '', userAgent: 'tester/1.0' }])
  expect(JSON.stringify(api.log)).not.toContain('secret-token')
})
