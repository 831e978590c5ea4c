import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import type { ConfigMap, Status, WatchEvent } from '@binnacle/api'
import { configMaps } from '@binnacle/client'
import { createFakeClock } from '@binnacle/testing'
import { expect, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { startCanvas, startCluster } from '../support/canvas-fixture.ts'
import { Until } from '../support/until.ts'
import { WatchConnection, type WatchListener } from '../../src/web/data/watch-connection.ts'

const path = '/api/v1/namespaces/default/configmaps'

/** As in a browser, a failure is no exception but the end. */
class PageWebSocket extends WebSocket {
  constructor(url: string, options: { headers?: Record<string, string> } = {}) {
    super(url, options)
    this.on('error', () => undefined)
  }
}

interface Told {
  /** `ADDED a`, `synced`, `reset`, `error 403`. */
  log: string[]
  listener: WatchListener<ConfigMap>
  holds(condition: () => boolean): Promise<void>
}

function recorder(): Told {
  const log: string[] = []
  const until = new Until()
  const say = (...lines: string[]): void => {
    log.push(...lines)
    until.look()
  }
  return {
    log,
    holds: (condition) => until.holds(condition),
    listener: {
      events: (batch) => say(...batch.map(({ type, object }) => `${type} ${object.metadata.name}`)),
      synced: () => say('synced'),
      reset: () => say('reset'),
      error: ({ code }) => say(`error ${code}`),
    },
  }
}

interface Request {
  id: number
  watch?: string
  stop?: boolean
  resourceVersion?: string
  labelSelector?: string
}

interface FakeServer extends AsyncDisposable {
  url: string
  requests: Request[]
  /** The newest request, once there are so many. */
  request(count: number): Promise<Request>
  say(message: object): void
  /** Ends the page's connection. */
  drop(): void
}

async function startFakeServer(): Promise<FakeServer> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  await once(server, 'listening')
  const requests: Request[] = []
  const until = new Until()
  server.on('connection', (socket) => {
    socket.on('message', (data: Buffer) => {
      requests.push(JSON.parse(data.toString()) as Request)
      until.look()
    })
  })
  const newest = (): WebSocket | undefined => [...server.clients].at(-1)
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/watch`,
    requests,
    async request(count) {
      await until.holds(() => requests.length >= count)
      return requests.at(-1) ?? { id: 0 }
    },
    say: (message) => newest()?.send(JSON.stringify(message)),
    drop: () => newest()?.terminate(),
    async [Symbol.asyncDispose]() {
      for (const socket of server.clients) socket.terminate()
      server.close()
      await once(server, 'close')
    },
  }
}

function event(type: WatchEvent['type'], name: string, resourceVersion: string): object {
  return { type, object: { metadata: { name, resourceVersion } } }
}

/** Resolves when the connection is in the state. */
async function reaches(connection: WatchConnection, state: WatchConnection['state']): Promise<void> {
  const until = new Until()
  const off = connection.subscribe(() => until.look())
  await until.holds(() => connection.state === state)
  off()
}

test('it watches through a Canvas server, and is stopped', async () => {
  await using cluster = await startCluster()
  await cluster.admin.create(configMaps, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'a', namespace: 'default' },
  })
  await using canvas = await startCanvas(cluster)
  class LoggedIn extends PageWebSocket {
    constructor(url: string) {
      super(url, { headers: { cookie: canvas.cookie } })
    }
  }
  const url = `${canvas.canvas.url.replace('http', 'ws')}/watch`
  const connection = new WatchConnection(url, { clock: createFakeClock(), webSocket: LoggedIn })
  const told = recorder()
  connection.watch({ path, fieldSelector: 'metadata.name=a' }, told.listener)
  await told.holds(() => told.log.includes('synced'))
  await cluster.admin.delete(configMaps, { namespace: 'default', name: 'a' })
  await told.holds(() => told.log.length === 3)
  expect(told.log).toEqual(['ADDED a', 'synced', 'DELETED a'])
  connection.close()
  expect(connection.state).toBe('closed')
})

test('a lost connection is made again, more and more slowly, and watches go on behind what they saw', async () => {
  await using server = await startFakeServer()
  const clock = createFakeClock()
  const connection = new WatchConnection(server.url, { clock, webSocket: PageWebSocket })
  expect(connection.state).toBe('connecting')
  const told = recorder()
  connection.watch({ path, labelSelector: 'a=b' }, told.listener)
  expect(await server.request(1)).toEqual({ id: 1, watch: path, labelSelector: 'a=b' })
  server.say({ id: 1, events: [event('ADDED', 'a', '90')] })
  server.say({ id: 1, synced: '100' })
  server.say({ id: 1, events: [event('MODIFIED', 'a', '101'), event('BOOKMARK', '', '110')] })
  await told.holds(() => told.log.length === 3)
  server.drop()
  await reaches(connection, 'closed')
  clock.advance(249)
  expect(connection.state).toBe('closed')
  clock.advance(1)
  expect(connection.state).toBe('connecting')
  expect(await server.request(2)).toEqual({ id: 2, watch: path, resourceVersion: '110', labelSelector: 'a=b' })
  expect(told.log).toEqual(['ADDED a', 'synced', 'MODIFIED a'])
  await server[Symbol.asyncDispose]()
  await reaches(connection, 'closed')
  for (const delayMs of [250, 500, 1000, 2000, 4000, 5000, 5000]) {
    clock.advance(delayMs - 1)
    expect(connection.state).toBe('closed')
    clock.advance(1)
    await reaches(connection, 'closed')
  }
  connection.close()
  expect(clock.pending).toBe(0)
})

test('a state that was told half, or is too old to go on from, is taken back and told anew', async () => {
  await using server = await startFakeServer()
  const clock = createFakeClock()
  const connection = new WatchConnection(server.url, { clock, webSocket: PageWebSocket })
  const told = recorder()
  connection.watch({ path }, told.listener)
  await server.request(1)
  server.say({ id: 1, events: [event('ADDED', 'a', '90')] })
  await told.holds(() => told.log.length === 1)
  server.drop()
  await reaches(connection, 'closed')
  clock.advance(250)
  expect(await server.request(2)).toEqual({ id: 2, watch: path })
  server.say({ id: 2, events: [event('ADDED', 'a', '90')] })
  server.say({ id: 2, synced: '100' })
  server.say({ id: 2, error: { code: 410, reason: 'Expired' } })
  await told.holds(() => told.log.at(-1) === 'synced')
  // The retry after the error is the only timer.
  while (clock.pending === 0) await new Promise(setImmediate)
  clock.advance(250)
  expect(await server.request(3)).toEqual({ id: 3, watch: path })
  expect(told.log).toEqual(['ADDED a', 'reset', 'ADDED a', 'synced', 'reset'])
  connection.close()
})

test('a refusal is told and tried again more and more rarely; an end after a while is no failure', async () => {
  await using server = await startFakeServer()
  const clock = createFakeClock()
  const connection = new WatchConnection(server.url, { clock, webSocket: PageWebSocket })
  const told = recorder()
  connection.watch({ path }, told.listener)
  const refused: Partial<Status> = { kind: 'Status', code: 403 }
  let count = 0
  for (const delayMs of [250, 500, 1000]) {
    const { id } = await server.request(++count)
    server.say({ id, error: refused })
    await told.holds(() => told.log.length === count)
    clock.advance(delayMs - 1)
    expect(server.requests).toHaveLength(count)
    clock.advance(1)
  }
  expect(told.log).toEqual(['error 403', 'error 403', 'error 403'])
  const { id } = await server.request(4)
  server.say({ id, synced: '7' })
  await told.holds(() => told.log.length === 4)
  clock.advance(60_000)
  server.say({ id, end: true })
  while (clock.pending === 0) await new Promise(setImmediate)
  clock.advance(250)
  expect(await server.request(5)).toEqual({ id: 5, watch: path, resourceVersion: '7' })
  connection.close()
})

test.each([403, 404])(
  'what is refused with %i again and again is tried after minutes, or on a new connection',
  async (code) => {
    await using server = await startFakeServer()
    const clock = createFakeClock()
    const connection = new WatchConnection(server.url, { clock, webSocket: PageWebSocket })
    const told = recorder()
    connection.watch({ path }, told.listener)
    let count = 0
    const refuse = async (): Promise<void> => {
      const { id } = await server.request(++count)
      server.say({ id, error: { kind: 'Status', code } })
      await told.holds(() => told.log.length === count)
    }
    for (const delayMs of [250, 500, 1000]) {
      await refuse()
      clock.advance(delayMs)
    }
    for (let time = 0; time < 2; time++) {
      await refuse()
      clock.advance(180_000 - 1)
      expect(server.requests).toHaveLength(count)
      clock.advance(1)
    }
    await refuse()
    server.drop()
    await reaches(connection, 'closed')
    clock.advance(250)
    await reaches(connection, 'open')
    await server.request(++count)
    connection.close()
  },
)

test('a stopped watch tells nothing more and is stopped at the server', async () => {
  await using server = await startFakeServer()
  const connection = new WatchConnection(server.url, { clock: createFakeClock(), webSocket: PageWebSocket })
  const told = recorder()
  const other = recorder()
  const stop = connection.watch({ path }, told.listener)
  connection.watch({ path: '/api/v1/nodes' }, other.listener)
  await server.request(2)
  stop()
  stop()
  expect(await server.request(3)).toEqual({ id: 1, stop: true })
  server.say({ id: 1, events: [event('ADDED', 'a', '1')] })
  server.say({ id: 2, synced: '1' })
  await other.holds(() => other.log.length === 1)
  expect(told.log).toEqual([])
  expect(server.requests).toHaveLength(3)
  connection.close()
})
