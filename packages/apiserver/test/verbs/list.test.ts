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
