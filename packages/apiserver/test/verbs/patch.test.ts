import type { KubeObject } from '@binnacle/api'
import { expect, it } from 'vitest'
import { applyPatch, configMap, configMaps, mergePatch, startServer } from '../server-fixture.ts'

const path = `${configMaps}/a`

it('takes JSON patches, merge patches and strategic merge patches', async () => {
  await using api = await startServer()
  await api.send('POST', configMaps, { body: configMap('a', { one: '1' }) })
  await api.send('PATCH', path, { body: { data: { two: '2' } }, headers: mergePatch })
  await api.send('PATCH', path, {
    body: [{ op: 'add', path: '/data/three', value: '3' }],
    headers: { 'content-type': 'application/json-patch+json' },
  })
  const { json } = await api.send('PATCH', path, {
    body: { data: { one: null } },
    headers: { 'content-type': 'application/strategic-merge-patch+json' },
  })
  expect(json['data']).toEqual({ two: '2', three: '3' })
})

it('drops unknown fields of a patch', async () => {
  await using api = await startServer()
  await api.send('POST', configMaps, { body: configMap('a') })
  const { json, headers } = await api.send('PATCH', path, { body: { color: 'red' }, headers: mergePatch })
  expect(json).not.toHaveProperty('color')
  expect(headers['warning']).toBe('299 - "unknown field \\"color\\""')
  const strict = await api.send('PATCH', `${path}?fieldValidation=Strict`, {
    body: { color: 'red' },
    headers: mergePatch,
  })
  expect(strict.code).toBe(422)
  expect(strict.json.message).toContain('strict decoding error: unknown field "color"')
})

it('refuses a patch that renames the object or gives it another identity', async () => {
  await using api = await startServer()
  await api.send('POST', configMaps, { body: configMap('a') })
  expect((await api.send('PATCH', path, { body: { metadata: { name: 'b' } }, headers: mergePatch })).code).toBe(400)
  expect((await api.send('PATCH', path, { body: { metadata: { uid: 'b' } }, headers: mergePatch })).code).toBe(422)
})

it('makes the object that is applied, and tells of conflicts between owners', async () => {
  await using api = await startServer()
  const apply = (manager: string, value: string, force = false): ReturnType<typeof api.send> =>
    api.send('PATCH', `${path}?fieldManager=${manager}${force ? '&force=true' : ''}`, {
      body: configMap('a', { k: value }),
      headers: applyPatch,
    })
  expect((await apply('one', '1')).code).toBe(201)
  const refused = await apply('two', '2')
  expect([refused.code, refused.json.message]).toEqual([
    409,
    'Apply failed with 1 conflict: conflict with "one": .data.k',
  ])
  const forced = await apply('two', '2', true)
  expect(forced.json['data']).toEqual({ k: '2' })
  const managers = (forced.json as unknown as KubeObject).metadata.managedFields?.map(({ manager }) => manager)
  expect(managers).toContain('two')
})

it.each([
  ['', 'fieldManager: Required value: is required for apply patch'],
  ['?fieldManager=m&dryRun=Some', 'dryRun: Unsupported value: ["Some"]: supported values: "All"'],
  [`?fieldManager=${'m'.repeat(129)}`, 'fieldManager: Too long: may not be more than 128 bytes'],
])('refuses to apply with the options %s', async (query, message) => {
  await using api = await startServer()
  const { code, json } = await api.send('PATCH', `${path}${query}`, { body: configMap('a'), headers: applyPatch })
  expect([code, json.message]).toEqual([422, `PatchOptions.meta.k8s.io "" is invalid: ${message}`])
})

it('refuses force without apply', async () => {
  await using api = await startServer()
  const { json } = await api.send('PATCH', `${path}?force=true`, { body: {}, headers: mergePatch })
  expect(json.message).toContain('force: Forbidden: may not be specified for non-apply patch')
})
