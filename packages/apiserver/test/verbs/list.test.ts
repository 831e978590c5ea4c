import { expect, it } from 'vitest'
import { type ServerFixture, configMap, configMaps, startServer } from '../server-fixture.ts'

async function withConfigMaps(count: number): Promise<ServerFixture> {
  const api = await startServer()
  for (let index = 0; index < count; index++) {
    const labels = { parity: index % 2 === 0 ? 'even' : 'odd' }
    await api.send('POST', configMaps, { body: configMap(`c${index}`, {}, { labels }) })
  }
  return api
}

interface Page {
  names: (string | undefined)[]
  metadata: { continue?: string; remainingItemCount?: number; resourceVersion?: string }
}

async function page(api: ServerFixture, query: string): Promise<Page> {
  const { json } = await api.send('GET', `${configMaps}?${query}`)
  return {
    names: (json.items ?? []).map(({ metadata }) => metadata.name),
    metadata: json['metadata'] as Page['metadata'],
  }
}

it('pages through one state, whatever is written meanwhile', async () => {
  await using api = await withConfigMaps(5)
  const first = await page(api, 'limit=2')
  expect([first.names, first.metadata.remainingItemCount]).toEqual([['c0', 'c1'], 3])
  await api.send('DELETE', `${configMaps}/c3`)
  await api.send('POST', configMaps, { body: configMap('c2a') })
  const second = await page(api, `limit=2&continue=${first.metadata.continue}`)
  const third = await page(api, `limit=2&continue=${second.metadata.continue}`)
  expect([...second.names, ...third.names]).toEqual(['c2', 'c3', 'c4'])
  expect(third.metadata).not.toHaveProperty('continue')
})

it('offers to go on with the newest state when that of the token is gone', async () => {
  await using api = await withConfigMaps(4)
  const first = await page(api, 'limit=2')
  await api.send('POST', configMaps, { body: configMap('c9') })
  api.store.compact(api.store.revision)
  const expired = await api.send('GET', `${configMaps}?limit=2&continue=${first.metadata.continue}`)
  expect([expired.code, expired.json['reason']]).toEqual([410, 'Expired'])
  const token = (expired.json['metadata'] as Page['metadata']).continue
  expect((await page(api, `continue=${token}`)).names).toEqual(['c2', 'c3', 'c9'])
})

it('selects by labels and fields, without a count of what remains', async () => {
  await using api = await withConfigMaps(5)
  expect((await page(api, 'labelSelector=parity%3Dodd')).names).toEqual(['c1', 'c3'])
  expect((await page(api, 'fieldSelector=metadata.name%3Dc2')).names).toEqual(['c2'])
  const limited = await page(api, 'labelSelector=parity%3Deven&limit=1')
  expect(limited.metadata).not.toHaveProperty('remainingItemCount')
  expect((await page(api, `labelSelector=parity%3Deven&continue=${limited.metadata.continue}`)).names).toEqual([
    'c2',
    'c4',
  ])
})

it('shows exactly the state of a version', async () => {
  await using api = await withConfigMaps(2)
  const { metadata } = await page(api, '')
  await api.send('POST', configMaps, { body: configMap('later') })
  const query = `resourceVersion=${metadata.resourceVersion}&resourceVersionMatch=Exact`
  expect((await page(api, query)).names).toEqual(['c0', 'c1'])
})

it.each([
  ['resourceVersionMatch=Exact', 422],
  ['resourceVersionMatch=Exact&resourceVersion=0', 422],
  ['resourceVersionMatch=Sometimes&resourceVersion=1', 422],
  ['resourceVersion=x', 400],
  ['resourceVersion=999999', 504],
  ['continue=abc', 400],
  ['labelSelector=a%20b', 400],
  ['fieldSelector=spec.color%3Dred', 400],
  ['sendInitialEvents=true', 422],
])('refuses %s', async (query, code) => {
  await using api = await startServer()
  expect((await api.send('GET', `${configMaps}?${query}`)).code).toBe(code)
})

it('does not repeat in the items of a built-in kind what the list says, however they were written', async () => {
  await using api = await startServer()
  const type = { kind: 'ConfigMap', apiVersion: 'v1' }
  for (const body of [
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data: {} },
    { data: {}, metadata: { name: 'b' }, ...type },
  ]) {
    await api.send('POST', configMaps, { body })
  }
  // As a data folder of an older version has them.
  const metadata = (name: string): { name: string; namespace: string } => ({ name, namespace: 'default' })
  const older = {
    c: { apiVersion: 'v1', kind: 'ConfigMap', metadata: metadata('c'), data: {} },
    d: { data: {}, metadata: metadata('d'), ...type },
  }
  for (const [name, value] of Object.entries(older)) {
    await api.store.write(`configmaps/default/${name}`, () => ({ put: value }))
  }
  const { text, json } = await api.send('GET', configMaps)
  expect(text).toContain('{"kind":"ConfigMapList","apiVersion":"v1","metadata":{"resourceVersion":')
  expect(json.items?.map(({ metadata: { name } }) => name)).toEqual(['a', 'b', 'c', 'd'])
  for (const item of json.items ?? []) expect(Object.keys(item).sort()).toEqual(['data', 'metadata'])
  const one = await api.send('GET', `${configMaps}/b`)
  expect(one.text).toMatch(/^\{"kind":"ConfigMap","apiVersion":"v1","metadata":\{"name":"b",/)
  const pretty = await api.send('GET', `${configMaps}?pretty=true`)
  expect(pretty.json.items?.[0]).not.toHaveProperty('kind')
})
