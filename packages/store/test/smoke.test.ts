import { expect, test } from 'vitest'
import { createMemoryStore } from '../src/index.ts'
test('smoke', async () => {
  const s = createMemoryStore()
  const seen: string[] = []
  s.watch({
    prefix: 'pods/',
    fromRevision: 0,
    sink: { events: (b) => b.forEach((e) => seen.push(e.type + e.revision)) },
  })
  const a = await s.write('pods/a/b', () => ({ put: { metadata: { name: 'b' } } }))
  expect(a?.object.metadata.resourceVersion).toBe('1')
  await s.write('pods/a/b', (c) => ({ put: { ...c?.object, metadata: { name: 'b', labels: { x: 'y' } } } }))
  await s.write('pods/a/b', () => ({ remove: true }))
  expect(seen).toEqual(['create1', 'update2', 'delete3'])
  expect(s.range({ prefix: 'pods/', revision: 2 }).items.length).toBe(1)
  expect(s.range({ prefix: 'pods/' }).items.length).toBe(0)
  await s.close()
})
