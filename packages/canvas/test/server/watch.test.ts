import { once } from 'node:events'
import type { ConfigMap, Status } from '@binnacle/api'
import { configMaps } from '@binnacle/client'
import { createFakeClock } from '@binnacle/testing'
import { expect, test } from 'vitest'
import type { WebSocket } from 'ws'
import { EventBatch } from '../../src/server/event-batch.ts'
import { startCanvas, startCluster } from '../support/canvas-fixture.ts'
import { startUpstream } from '../support/fake-upstream.ts'
import { Until } from '../support/until.ts'

const path = '/api/v1/namespaces/default/configmaps'

interface Message {
  id: number
  events?: { type: string; object: ConfigMap }[]
  synced?: string
  error?: Status
  end?: boolean
}

/** Everything that a socket says, in order. */
function messagesOf(socket: WebSocket): { all: Message[]; holds: (condition: () => boolean) => Promise<void> } {
  const all: Message[] = []
  const until = new Until()
  socket.on('message', (data: Buffer) => {
    all.push(JSON.parse(data.toString()) as Message)
    until.look()
  })
  return { all, holds: (condition) => until.holds(condition) }
}

function configMap(name: string, labels: Record<string, string> = {}): ConfigMap {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default', labels }, data: {} }
}

test('many watches share a socket: state, its end, changes, selectors, stop', async () => {
  await using cluster = await startCluster()
  await cluster.admin.create(configMaps, configMap('before', { app: 'a' }))
  await using canvas = await startCanvas(cluster)
  const socket = canvas.webSocket('/watch')
  const { all, holds } = messagesOf(socket)
  await once(socket, 'open')
  socket.send(JSON.stringify({ id: 7, watch: path, labelSelector: 'app=a' }))
  socket.send(JSON.stringify({ id: 8, watch: '/api/v1/namespaces', fieldSelector: 'metadata.name=default' }))
  await holds(() => all.filter(({ synced }) => synced !== undefined).length === 2)
  const ofSeven = (): Message[] => all.filter(({ id }) => id === 7)
  const names = (): string[] =>
    ofSeven().flatMap(({ events = [] }) => events.map(({ type, object }) => `${type} ${object.metadata.name}`))
  expect(names()).toEqual(['ADDED before'])
  expect(ofSeven().at(-1)?.synced).toMatch(/^\d+$/)
  await cluster.admin.create(configMaps, configMap('other', { app: 'b' }))
  await cluster.admin.create(configMaps, configMap('after', { app: 'a' }))
  await cluster.admin.delete(configMaps, { namespace: 'default', name: 'before' })
  await holds(() => names().length === 3)
  expect(names()).toEqual(['ADDED before', 'ADDED after', 'DELETED before'])
  socket.send(JSON.stringify({ id: 7, stop: true }))
  socket.send(JSON.stringify({ id: 9, watch: path, labelSelector: 'app=a' }))
  await holds(() => all.some(({ id, synced }) => id === 9 && synced !== undefined))
  await cluster.admin.create(configMaps, configMap('last', { app: 'a' }))
  await holds(() => all.at(-1)?.events?.[0]?.object.metadata.name === 'last')
  expect(all.at(-1)?.id).toBe(9)
  expect(names()).toHaveLength(3)
})

test('a watch goes on behind a version, and one that is gone is an error of its own', async () => {
  await using cluster = await startCluster()
  const { metadata } = await cluster.admin.create(configMaps, configMap('first'))
  await cluster.admin.create(configMaps, configMap('second'))
  await using canvas = await startCanvas(cluster)
  const socket = canvas.webSocket('/watch')
  const { all, holds } = messagesOf(socket)
  await once(socket, 'open')
  socket.send(JSON.stringify({ id: 1, watch: path, resourceVersion: metadata.resourceVersion }))
  await holds(() => all.length === 1)
  expect(all[0]?.events?.map(({ object }) => object.metadata.name)).toEqual(['second'])
  socket.send(JSON.stringify({ id: 2, watch: '/apis/none.example/v1/things' }))
  socket.send(JSON.stringify({ id: 3, watch: '/healthz' }))
  socket.send(JSON.stringify({ id: 4, watch: '/api/v1/../../metrics' }))
  await holds(() => all.length === 4)
  const codes = all.slice(1).map(({ id, error }) => [id, error?.code])
  expect(codes).toContainEqual([2, 404])
  expect(codes).toContainEqual([3, 400])
  expect(codes).toContainEqual([4, 400])
})

test('events go through as the bytes they are; bookmarks too; ERROR ends the watch with its Status', async () => {
  const odd = '{"type":"ADDED","object":{"n":1.0,"s":"\\u00fc","big":12345678901234567890}}'
  const bookmark = '{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"12"}}}'
  const expired = { kind: 'Status', status: 'Failure', code: 410, reason: 'Expired', message: 'too old' }
  await using upstream = await startUpstream((_request, response) => {
    response.write(odd.slice(0, 30))
    response.write(`${odd.slice(30)}\n${bookmark}\n`)
    response.end(`${JSON.stringify({ type: 'ERROR', object: expired })}\n`)
  })
  await using canvas = await startCanvas(upstream)
  const socket = canvas.webSocket('/watch')
  let text = ''
  const until = new Until()
  socket.on('message', (data: Buffer) => {
    text += data.toString()
    until.look()
  })
  await once(socket, 'open')
  socket.send(JSON.stringify({ id: 1, watch: path, resourceVersion: '5' }))
  await until.holds(() => text.includes('error'))
  expect(text).toContain(`{"id":1,"events":[${odd},${bookmark}]}`)
  expect(text).toContain(`{"id":1,"error":${JSON.stringify(expired)}}`)
})

test('a server that does not stream lists is asked for pages and then for changes', async () => {
  const asked: URLSearchParams[] = []
  await using upstream = await startUpstream((request, response) => {
    const { searchParams } = new URL(request.url ?? '', 'http://upstream')
    asked.push(searchParams)
    const item = (name: string): object => ({ metadata: { name } })
    if (searchParams.has('sendInitialEvents')) {
      response.writeHead(422).end(JSON.stringify({ kind: 'Status', code: 422, reason: 'Invalid', message: 'no' }))
    } else if (searchParams.has('watch')) {
      response.write('{"type":"ADDED","object":{"metadata":{"name":"c"}}}\n')
    } else {
      const isSecond = searchParams.get('continue') === 'more'
      const metadata = { resourceVersion: '42', ...(isSecond ? {} : { continue: 'more' }) }
      const items = [item(isSecond ? 'b' : 'a')]
      response.end(JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMapList', metadata, items }))
    }
  })
  await using canvas = await startCanvas(upstream)
  const socket = canvas.webSocket('/watch')
  const { all, holds } = messagesOf(socket)
  await once(socket, 'open')
  socket.send(JSON.stringify({ id: 1, watch: path, labelSelector: 'a=b' }))
  const events = (): object[] => all.flatMap(({ events = [] }) => events)
  await holds(() => events().length === 3)
  expect(events()[1]).toEqual({
    type: 'ADDED',
    object: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'b' } },
  })
  expect(all.map(({ synced }) => synced).filter((version) => version !== undefined)).toEqual(['42'])
  expect(asked.at(-1)?.get('resourceVersion')).toBe('42')
  expect(asked.every((query) => query.get('labelSelector') === 'a=b')).toBe(true)
})

test('the end of a watch is told as such, and an API server that is not there as a Status', async () => {
  await using upstream = await startUpstream((_request, response) => response.end())
  await using canvas = await startCanvas(upstream)
  const socket = canvas.webSocket('/watch')
  const { all, holds } = messagesOf(socket)
  await once(socket, 'open')
  socket.send(JSON.stringify({ id: 1, watch: path, resourceVersion: '1' }))
  await holds(() => all.length === 1)
  expect(all[0]).toEqual({ id: 1, end: true })
  await upstream.close()
  socket.send(JSON.stringify({ id: 2, watch: path, resourceVersion: '1' }))
  await holds(() => all.length === 2)
  expect(all[1]).toMatchObject({ id: 2, error: { code: 502, reason: 'ServiceUnavailable' } })
})

test('stopping a watch, or leaving, ends it at the API server', async () => {
  const ended: string[] = []
  const until = new Until()
  await using upstream = await startUpstream((request, response) => {
    response.write('{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"2"}}}\n')
    response.once('close', () => {
      ended.push(new URL(request.url ?? '', 'http://upstream').pathname)
      until.look()
    })
  })
  await using canvas = await startCanvas(upstream)
  const socket = canvas.webSocket('/watch')
  const { all, holds } = messagesOf(socket)
  await once(socket, 'open')
  socket.send(JSON.stringify({ id: 1, watch: '/api/v1/pods', resourceVersion: '1' }))
  socket.send(JSON.stringify({ id: 2, watch: '/api/v1/nodes', resourceVersion: '1' }))
  await holds(() => all.length === 2)
  socket.send(JSON.stringify({ id: 1, stop: true }))
  await until.holds(() => ended.length === 1)
  expect(ended).toEqual(['/clusters/one/api/v1/pods'])
  socket.close()
  await until.holds(() => ended.length === 2)
})

test('what is no request for a watch ends the connection', async () => {
  await using upstream = await startUpstream((_request, response) => response.end())
  await using canvas = await startCanvas(upstream)
  for (const text of ['no JSON', '{"id":"one"}', 'null', '{"id":1}']) {
    const socket = canvas.webSocket('/watch')
    await once(socket, 'open')
    socket.send(text)
    const [code] = (await once(socket, 'close')) as [number]
    expect(code).toBe(1008)
  }
})

test('a page that does not read holds back the API server, and is cut off when it does not answer', async () => {
  const line = `{"type":"ADDED","object":{"metadata":{"name":"${'x'.repeat(100_000)}"}}}\n`
  const totalBytes = 256 * 1024 * 1024
  let sentBytes = 0
  const upstreamSide = { isClosed: false }
  const until = new Until()
  await using upstream = await startUpstream((_request, response) => {
    response.once('close', () => (upstreamSide.isClosed = true))
    const write = (): void => {
      let goesOn = true
      while (goesOn && sentBytes < totalBytes) {
        goesOn = response.write(line)
        sentBytes += line.length
      }
      if (sentBytes >= totalBytes) response.end()
      else response.once('drain', write)
      until.look()
    }
    write()
  })
  const clock = createFakeClock()
  await using canvas = await startCanvas({ ...upstream, clock })
  const socket = canvas.webSocket('/watch')
  await once(socket, 'open')
  socket.pause()
  socket.send(JSON.stringify({ id: 1, watch: path, resourceVersion: '1' }))
  await until.holds(() => sentBytes > 4 * 1024 * 1024)
  // What is still on its way counts as a sign of life.
  while (!upstreamSide.isClosed) await clock.advanceAsync(15_000)
  expect(sentBytes).toBeLessThan(totalBytes / 4)
})

test('events of one turn go together, later ones after the time of a frame, a large batch at once', async () => {
  const clock = createFakeClock()
  const sent: string[] = []
  const batch = new EventBatch({
    clock,
    send: (parts, bytes) => sent.push(`${Buffer.concat(parts).toString()} ${bytes}`),
  })
  batch.add(Buffer.from('a'))
  batch.add(Buffer.from('b'))
  expect(sent).toEqual([])
  const turn = Promise.withResolvers<void>()
  setImmediate(turn.resolve)
  await turn.promise
  expect(sent).toEqual(['a,b 2'])
  batch.add(Buffer.from('c'))
  clock.advance(15)
  expect(sent).toHaveLength(1)
  batch.add(Buffer.from('d'))
  clock.advance(1)
  expect(sent).toEqual(['a,b 2', 'c,d 2'])
  batch.add(Buffer.alloc(600_000, 'x'))
  expect(sent).toHaveLength(3)
  batch.add(Buffer.from('e'))
  expect(batch.discard()).toBe(1)
  clock.advance(100)
  expect(sent).toHaveLength(3)
})
