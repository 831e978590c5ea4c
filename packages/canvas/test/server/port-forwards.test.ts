import { once } from 'node:events'
import { type Server, type Socket, connect, createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { buffer, text } from 'node:stream/consumers'
import { setImmediate } from 'node:timers/promises'
import type { KubeObject } from '@binnacle/api'
import { expect, test } from 'vitest'
import type { ForwardState } from '../../src/server/port-forward.ts'
import { type Answer, type CanvasFixture, startCanvas } from '../support/canvas-fixture.ts'
import { startFakeCluster, startProgram } from '../support/fake-cluster.ts'

function pod(name: string, { isReady = true, phase = 'Running' } = {}): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: { containers: [{ name: 'main', ports: [{ name: 'http', containerPort: 8080 }] }] },
    status: { phase, conditions: [{ type: 'Ready', status: isReady ? 'True' : 'False' }] },
  } as KubeObject
}

function service(port: object): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web' },
    spec: { selector: { app: 'web' }, clusterIP: '10.0.0.1', ports: [port] },
  } as KubeObject
}

const toPod = { kind: 'Pod', namespace: 'shop', name: 'web-1', port: 8080 }
const toService = { kind: 'Service', namespace: 'shop', name: 'web', port: 80 }

function post(canvas: CanvasFixture, body: object): Promise<Answer> {
  const headers = { 'content-type': 'application/json' }
  return canvas.ask('/forwards', { method: 'POST', headers, body: JSON.stringify(body) })
}

async function forward(canvas: CanvasFixture, body: object): Promise<ForwardState> {
  const answer = await post(canvas, body)
  expect(answer.code, answer.text).toBe(201)
  return JSON.parse(answer.text) as ForwardState
}

async function list(canvas: CanvasFixture): Promise<ForwardState[]> {
  return (JSON.parse((await canvas.ask('/forwards')).text) as { items: ForwardState[] }).items
}

/** Asks until it is so. */
async function until(canvas: CanvasFixture, holds: (state: ForwardState) => boolean): Promise<ForwardState> {
  for (;;) {
    const [state] = await list(canvas)
    if (state !== undefined && holds(state)) return state
    await setImmediate()
  }
}

/** Says it all, ends, and answers what came back. */
async function exchange(port: number, said: string | Buffer): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  socket.end(said)
  return text(socket)
}

async function errorOf(port: number): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1' })
  socket.resume()
  const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException]
  return error.code ?? ''
}

/** Reads all there is before it speaks: it works only where the end of one way is not that of the other. */
const upperCase = (socket: Socket): void => void text(socket).then((said) => socket.end(said.toUpperCase()))

test('a port of a pod is served at a local port, each way to its own end, until it is stopped', async () => {
  await using cluster = await startFakeCluster()
  await using program = await startProgram(upperCase)
  cluster.put('pods', pod('web-1'))
  cluster.ports.set('web-1:8080', program.port)
  await using canvas = await startCanvas(cluster)
  const { id, localPort, ...rest } = await forward(canvas, toPod)
  expect(rest).toEqual({ ...toPod, state: 'Listening', connections: 0 })
  expect(await Promise.all(['one', 'two'].map((said) => exchange(localPort, said)))).toEqual(['ONE', 'TWO'])
  await until(canvas, ({ connections }) => connections === 0)
  while (cluster.tunnels.size > 0) await setImmediate()
  const open = connect(localPort, '127.0.0.1')
  const broken = once(open, 'error')
  open.write('half')
  await until(canvas, (state) => state.connections === 1 && state.pod === 'web-1')
  expect((await canvas.ask(`/forwards/${id}`, { method: 'DELETE' })).code).toBe(200)
  expect(await broken).toMatchObject([{ code: 'ECONNRESET' }])
  expect(await errorOf(localPort)).toBe('ECONNREFUSED')
  expect(await list(canvas)).toEqual([])
  while (cluster.tunnels.size + program.sockets.size > 0) await setImmediate()
  expect(canvas.errors).toEqual([])
})

test('much data arrives whole at a reader that is slow, both ways', async () => {
  await using cluster = await startFakeCluster()
  await using program = await startProgram((socket) => socket.pipe(socket))
  cluster.put('pods', pod('web-1'))
  cluster.ports.set('web-1:8080', program.port)
  await using canvas = await startCanvas(cluster)
  const { localPort } = await forward(canvas, toPod)
  const sent = Buffer.alloc(
    8 * 1024 * 1024,
    Uint8Array.from({ length: 251 }, (_, index) => index),
  )
  const socket = connect({ port: localPort, host: '127.0.0.1', allowHalfOpen: true })
  socket.end(sent)
  const chunks: Buffer[] = []
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    chunks.push(chunk as Buffer)
    await setImmediate()
  }
  expect(Buffer.concat(chunks).equals(sent)).toBe(true)
})

test('a writer waits for a reader that does not read', async () => {
  await using cluster = await startFakeCluster()
  const chunk = Buffer.alloc(1024 * 1024)
  const total = 64 * chunk.length
  let written = 0
  const write = (socket: Socket): void => {
    while (written < total) {
      written += chunk.length
      if (!socket.write(chunk)) {
        socket.once('drain', () => write(socket))
        return
      }
    }
    socket.end()
  }
  await using program = await startProgram(write)
  cluster.put('pods', pod('web-1'))
  cluster.ports.set('web-1:8080', program.port)
  await using canvas = await startCanvas(cluster)
  const { localPort } = await forward(canvas, toPod)
  const socket = connect(localPort, '127.0.0.1')
  await once(socket, 'readable')
  // Nothing moves any more once two looks in many turns of the loop see the same.
  for (let before = -1; before !== written;) {
    before = written
    for (let turn = 0; turn < 500; turn++) await setImmediate()
  }
  expect(written).toBeLessThan(total / 2)
  expect((await buffer(socket)).length).toBe(total)
})

test('behind a Service a ready pod is chosen, its named port looked up, and another one when it is gone', async () => {
  await using cluster = await startFakeCluster()
  await using program = await startProgram((socket) => socket.end('hello'))
  cluster.put('services', service({ port: 80, targetPort: 'http' }))
  cluster.put('pods', pod('web-0', { isReady: false }))
  cluster.put('pods', pod('web-1'))
  cluster.put('pods', pod('web-2'))
  for (const name of ['web-0', 'web-1', 'web-2']) cluster.ports.set(`${name}:8080`, program.port)
  await using canvas = await startCanvas(cluster)
  const { localPort } = await forward(canvas, toService)
  expect(localPort).toBeGreaterThanOrEqual(1024)
  const chosen = async (): Promise<string | undefined> => {
    expect(await exchange(localPort, '')).toBe('hello')
    return (await list(canvas))[0]?.pod
  }
  expect(await chosen()).toBe('web-1')
  cluster.put('pods', pod('web-0'))
  expect(await chosen()).toBe('web-1')
  cluster.remove('pods', 'web-1')
  expect(await chosen()).toBe('web-0')
  cluster.put('pods', pod('web-0', { isReady: false }))
  expect(await chosen()).toBe('web-2')
  cluster.remove('pods', 'web-2')
  expect(await errorOf(localPort)).toBe('ECONNRESET')
  expect((await list(canvas))[0]).toMatchObject({ state: 'Listening', message: 'no pod of the Service web is ready' })
})

test.each(['pods', 'services'] as const)('a forward ends when its target is deleted: %s', async (resource) => {
  await using cluster = await startFakeCluster()
  cluster.put('services', service({ port: 80 }))
  cluster.put('pods', pod('web-1'))
  await using canvas = await startCanvas(cluster)
  const { localPort, id, name, kind } = await forward(canvas, resource === 'pods' ? toPod : toService)
  cluster.remove(resource, name)
  const ended = await until(canvas, ({ state }) => state === 'Ended')
  expect(ended.message).toBe(`the ${kind} ${name} was deleted`)
  expect(await errorOf(localPort)).toBe('ECONNREFUSED')
  await canvas.ask(`/forwards/${id}`, { method: 'DELETE' })
  expect(await list(canvas)).toEqual([])
})

test('what the node says of a port that nobody listens on is told, and the connection reset', async () => {
  await using cluster = await startFakeCluster()
  cluster.put('pods', pod('web-1'))
  await using canvas = await startCanvas(cluster)
  const { localPort } = await forward(canvas, toPod)
  expect(await errorOf(localPort)).toBe('ECONNRESET')
  await until(canvas, ({ message }) => message === 'nobody listens')
})

test('a server that knows no tunnel is spoken to in bare SPDY', async () => {
  await using cluster = await startFakeCluster()
  await using program = await startProgram(upperCase)
  cluster.speaks = 'spdy'
  cluster.put('pods', pod('web-1'))
  cluster.ports.set('web-1:8080', program.port)
  await using canvas = await startCanvas(cluster)
  const { localPort } = await forward(canvas, toPod)
  expect(await exchange(localPort, 'one')).toBe('ONE')
})

test('the local port is that of the pod where it is free; one that is asked for and taken is refused at its field', async () => {
  await using cluster = await startFakeCluster()
  await using taken = await listening()
  cluster.put('pods', pod('web-1'))
  await using canvas = await startCanvas(cluster)
  const other = await forward(canvas, { ...toPod, port: taken.port })
  expect(other.localPort).not.toBe(taken.port)
  const refused = await post(canvas, { ...toPod, localPort: taken.port })
  expect(refused.code).toBe(422)
  expect(JSON.parse(refused.text)).toMatchObject({
    kind: 'Status',
    details: {
      causes: [
        { field: 'localPort', message: `Invalid value: ${taken.port}: another program on this machine has this port` },
      ],
    },
  })
  const { port } = taken
  await taken[Symbol.asyncDispose]()
  expect((await forward(canvas, { ...toPod, port })).localPort).toBe(port)
})

async function listening(): Promise<{ port: number } & AsyncDisposable> {
  const server: Server = createServer()
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      if (!server.listening) return
      server.close()
      await once(server, 'close')
    },
  }
}

test('all forwards end with the server', async () => {
  await using cluster = await startFakeCluster()
  cluster.put('pods', pod('web-1'))
  const canvas = await startCanvas(cluster)
  const { localPort } = await forward(canvas, toPod)
  await canvas[Symbol.asyncDispose]()
  expect(await errorOf(localPort)).toBe('ECONNREFUSED')
})

test('what cannot be forwarded is refused with a Status that says why', async () => {
  await using cluster = await startFakeCluster()
  cluster.put('pods', pod('web-1'))
  cluster.put('pods', pod('slow', { phase: 'Pending' }))
  cluster.put('services', service({ port: 53, protocol: 'UDP' }))
  await using canvas = await startCanvas(cluster)
  const why = async (body: object): Promise<unknown> => {
    const { code, text: answer } = await post(canvas, body)
    return [code, (JSON.parse(answer) as { message: string }).message]
  }
  expect(await why({ ...toPod, name: 'slow' })).toEqual([400, 'the pod slow is not running; it is Pending'])
  expect(await why({ ...toPod, name: 'none' })).toEqual([404, 'none not found'])
  expect(await why(toService)).toEqual([
    422,
    'Service "web" is invalid: port: Unsupported value: 80: supported values: "53"',
  ])
  expect(await why({ ...toService, port: 53 })).toEqual([
    422,
    'Service "web" is invalid: port: Invalid value: 53: only TCP can be forwarded, not UDP',
  ])
  expect(await why({ kind: 'Node', name: '', port: 0, localPort: 'x' })).toMatchObject([
    422,
    expect.stringMatching(/kind: .*namespace: .*name: .*port: .*localPort: /) as unknown,
  ])
  cluster.allowed = false
  expect(await why(toPod)).toEqual([403, 'pods/portforward is forbidden: you may not forward ports in shop'])
})

test('only the page itself, logged in, may ask, and only for what there is', async () => {
  await using cluster = await startFakeCluster()
  await using canvas = await startCanvas(cluster)
  const headers = { 'content-type': 'application/json' }
  const code = async (path: string, ask: Parameters<CanvasFixture['ask']>[1]): Promise<number> =>
    (await canvas.ask(path, ask)).code
  expect(await code('/forwards', { loggedIn: false })).toBe(401)
  expect(await code('/forwards', { headers: { 'sec-fetch-site': 'same-site' } })).toBe(403)
  expect(await code('/forwards', { headers: { origin: 'http://127.0.0.1:3000' } })).toBe(403)
  expect(await code('/forwards', { method: 'PUT' })).toBe(405)
  expect(await code('/forwards', { method: 'POST', body: '{}' })).toBe(415)
  expect(await code('/forwards', { method: 'POST', headers, body: '{' })).toBe(400)
  expect(await code('/forwards', { method: 'POST', headers, body: `"${'x'.repeat(9000)}"` })).toBe(413)
  expect(await code('/forwards/7', { method: 'DELETE' })).toBe(404)
})
