import type { IncomingMessage } from 'node:http'
import { createFakeClock } from '@binnacle/testing'
import type { KubeObject } from '@binnacle/api'
import { expect, it } from 'vitest'
import { type ServerFixture, configMap, configMaps, mergePatch, startServer } from '../server-fixture.ts'

interface Event {
  type: string
  object: KubeObject & { code?: number; reason?: string }
}

/** The events of a watch as they arrive. */
async function* eventsOf(response: IncomingMessage): AsyncGenerator<Event> {
  let rest = ''
  for await (const chunk of response as AsyncIterable<Buffer>) {
    const lines = (rest + chunk.toString()).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) yield JSON.parse(line) as Event
  }
}

async function watch(api: ServerFixture, query: string): Promise<AsyncGenerator<Event>> {
  return eventsOf(await api.open('GET', `${configMaps}?watch=1&${query}`))
}

async function next(events: AsyncGenerator<Event>): Promise<[string, string | undefined]> {
  const { value } = (await events.next()) as { value: Event | undefined }
  return [value?.type ?? 'end', value?.object.metadata?.name]
}

it('shows the state first, then every change in order', async () => {
  await using api = await startServer()
  await api.send('POST', configMaps, { body: configMap('a') })
  const events = await watch(api, '')
  expect(await next(events)).toEqual(['ADDED', 'a'])
  await api.send('PATCH', `${configMaps}/a`, { body: { data: { k: 'v' } }, headers: mergePatch })
  await api.send('DELETE', `${configMaps}/a`)
  expect(await next(events)).toEqual(['MODIFIED', 'a'])
  expect(await next(events)).toEqual(['DELETED', 'a'])
  await events.return(undefined)
})

it('shows an object that leaves the selection as deleted, and one that enters it as added', async () => {
  await using api = await startServer()
  const label = (value: string): Promise<unknown> =>
    api.send('PATCH', `${configMaps}/a`, { body: { metadata: { labels: { in: value } } }, headers: mergePatch })
  await api.send('POST', configMaps, { body: configMap('a', {}, { labels: { in: 'no' } }) })
  const events = await watch(api, 'labelSelector=in%3Dyes')
  await label('yes')
  await label('no')
  expect(await next(events)).toEqual(['ADDED', 'a'])
  expect(await next(events)).toEqual(['DELETED', 'a'])
  await events.return(undefined)
})

it('marks the end of the initial events with a bookmark', async () => {
  await using api = await startServer()
  await api.send('POST', configMaps, { body: configMap('a') })
  const events = await watch(api, 'sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true')
  expect(await next(events)).toEqual(['ADDED', 'a'])
  const { value } = (await events.next()) as { value: Event }
  expect(value).toMatchObject({
    type: 'BOOKMARK',
    object: { kind: 'ConfigMap', metadata: { annotations: { 'k8s.io/initial-events-end': 'true' } } },
  })
  await events.return(undefined)
})

it('tells a watcher of a version that is gone to list again', async () => {
  await using api = await startServer()
  await api.send('POST', configMaps, { body: configMap('a') })
  await api.send('POST', configMaps, { body: configMap('b') })
  api.store.compact(api.store.revision)
  const events = await watch(api, 'resourceVersion=1')
  const { value } = (await events.next()) as { value: Event }
  expect([value.type, value.object.code, value.object.reason]).toEqual(['ERROR', 410, 'Expired'])
})

it('sends bookmarks and ends in good order when its time is up', async () => {
  const clock = createFakeClock(Date.now())
  await using api = await startServer({ clock })
  const events = await watch(api, 'allowWatchBookmarks=true&timeoutSeconds=90')
  clock.advance(60_000)
  expect(await next(events)).toEqual(['BOOKMARK', undefined])
  clock.advance(30_000)
  // The one just before the end, so that the next watch starts there.
  expect(await next(events)).toEqual(['BOOKMARK', undefined])
  expect(await next(events)).toEqual(['end', undefined])
})

it('gives the same events to watchers in process, a commit at a time', async () => {
  await using api = await startServer()
  const abort = new AbortController()
  const request = { verb: 'watch', group: '', version: 'v1', resource: 'configmaps', namespace: 'default' } as const
  const batches = (await api.transport.watch(request, abort.signal))[Symbol.asyncIterator]()
  await api.send('POST', configMaps, { body: configMap('a') })
  const { value } = (await batches.next()) as { value: readonly Event[] }
  expect(value.map(({ type, object }) => [type, object.metadata.name])).toEqual([['ADDED', 'a']])
  expect(Object.isFrozen(value[0]?.object)).toBe(true)
  abort.abort()
  expect((await batches.next()).done).toBe(true)
})

it('takes a name with watch for a get', async () => {
  await using api = await startServer()
  await api.send('POST', configMaps, { body: configMap('a') })
  expect((await api.send('GET', `${configMaps}/a?watch=1`)).json['kind']).toBe('ConfigMap')
})
