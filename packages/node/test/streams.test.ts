import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import { type AddressInfo, type Socket, connect, createServer } from 'node:net'
import { text } from 'node:stream/consumers'
import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createApiConnection, connectToPod, forwardSocket } from '@binnacle/client'
import { WebSocket } from 'ws'
import { type NodeFixture, podOf, startFixture } from './fixture.ts'
import type { Pod } from '@binnacle/api'

async function running(): Promise<NodeFixture> {
  const fixture = await startFixture()
  await fixture.image('idle:v1', `console.log('up'); setInterval(() => {}, 1000)`)
  fixture.api.put('pods', podOf('idle', { containers: [{ name: 'main', image: 'idle:v1' }] }))
  await fixture.api.until(() => fixture.api.get<Pod>('pods', 'default/idle')?.status?.phase === 'Running')
  return fixture
}

function open(fixture: NodeFixture, path: string, protocol: string): WebSocket {
  const { certificate, key } = fixture.certificates
  return new WebSocket(`wss://127.0.0.1:${fixture.node.port}${path}`, protocol, {
    cert: certificate,
    key,
    ca: certificate,
  })
}

/** All that came on each channel until the server closed. */
function channelsOf(socket: WebSocket): Promise<Record<number, string>> {
  const channels: Record<number, string> = {}
  socket.on('message', (data) => {
    const message = data as Buffer
    const channel = message[0] ?? 0
    channels[channel] = (channels[channel] ?? '') + message.subarray(1).toString()
  })
  return new Promise((resolve, reject) => {
    socket.on('close', () => resolve(channels))
    socket.on('error', reject)
  })
}

test('exec over v5.channel.k8s.io gives both outputs and the exit code', async () => {
  await using fixture = await running()
  const query = ['sh', '-c', 'cat; echo out; echo err >&2; exit 7']
    .map((word) => `command=${encodeURIComponent(word)}`)
    .join('&')
  const socket = open(fixture, `/exec/default/idle/main?${query}&input=1&output=1&error=1`, 'v5.channel.k8s.io')
  const done = channelsOf(socket)
  socket.on('open', () => {
    socket.send(Buffer.concat([Buffer.from([0]), Buffer.from('typed ')]))
    socket.send(Buffer.from([255, 0]))
  })
  const channels = await done
  expect(channels[1]).toBe('typed out\n')
  expect(channels[2]).toBe('err\n')
  expect(JSON.parse(channels[3] ?? '')).toMatchObject({
    reason: 'NonZeroExitCode',
    details: { causes: [{ message: '7' }] },
  })
})

test('exec with a terminal runs under one', async () => {
  await using fixture = await running()
  const socket = open(fixture, '/exec/default/idle/main?command=tty&output=1&tty=1', 'v5.channel.k8s.io')
  const channels = await channelsOf(socket)
  expect(channels[1]).toMatch(/^\/dev\/pts\/\d+\r\n$/)
  expect(JSON.parse(channels[3] ?? '')).toMatchObject({ status: 'Success' })
})

test('a follower sees lines as they are written and ends with the container', async () => {
  await using fixture = await running()
  while ((await fixture.get('/containerLogs/default/idle/main')).text === '') await setImmediate()
  const following = fixture.get('/containerLogs/default/idle/main?follow=true')
  fixture.api.deletePod('default/idle', 0)
  expect((await following).text).toBe('up\n')
})

test('logs are those of the pod that has the name now, and pods that are gone are not listed', async () => {
  await using fixture = await running()
  const { api } = fixture
  api.deletePod('default/idle', 0)
  await api.until(() => api.get<Pod>('pods', 'default/idle') === undefined)
  await fixture.image('idle:v2', `console.log('up again'); setInterval(() => {}, 1000)`)
  const again = podOf('idle', { containers: [{ name: 'main', image: 'idle:v2' }] })
  api.put('pods', { ...again, metadata: { ...again.metadata, uid: 'another' } })
  await api.until(() => api.get<Pod>('pods', 'default/idle')?.status?.phase === 'Running')
  let text = ''
  while (text === '') ({ text } = await fixture.get('/containerLogs/default/idle/main'))
  expect(text).toBe('up again\n')
  const listed = async (): Promise<unknown[]> => {
    const { items } = JSON.parse((await fixture.get('/pods')).text) as { items: Pod[] }
    return items.map(({ metadata }) => metadata.uid)
  }
  while ((await listed()).length > 1) await setImmediate()
  expect(await listed()).toEqual(['another'])
})

test('a client without a certificate is refused', async () => {
  await using fixture = await running()
  await expect(fetch(`https://127.0.0.1:${fixture.node.port}/pods`)).rejects.toThrow()
})

const echo = `require('net').createServer((socket) => socket.on('data', (data) => socket.end('said ' + data))).listen(process.env.PORT)`

async function listening(): Promise<NodeFixture> {
  const fixture = await startFixture()
  await fixture.image('echo:v1', echo)
  const ports = [{ containerPort: 8080 }]
  fixture.api.put('pods', podOf('echo', { containers: [{ name: 'main', image: 'echo:v1', ports }] }))
  const isReady = ({ status }: Pod): boolean =>
    status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') === true
  await fixture.api.until(() => isReady(fixture.api.get<Pod>('pods', 'default/echo') as Pod))
  return fixture
}

/** 8080, little-endian, which each channel begins with. */
const port8080 = Buffer.from([0x90, 0x1f]).toString('latin1')

test('a port is forwarded over v4.channel.k8s.io to clients that do not tunnel', async () => {
  await using fixture = await listening()
  const socket = open(fixture, '/portForward/default/echo?port=8080', 'v4.channel.k8s.io')
  const received: Record<number, Buffer> = {}
  socket.on('message', (data: Buffer) => {
    received[data[0] ?? -1] = Buffer.concat([received[data[0] ?? -1] ?? Buffer.alloc(0), data.subarray(1)])
  })
  const closed = new Promise((resolve) => socket.on('close', resolve))
  socket.on('open', () => socket.send(Buffer.from('\0hello')))
  expect(await closed).toBe(1000)
  expect(received[0]?.toString('latin1')).toBe(`${port8080}said hello`)
  expect(received[1]?.toString('latin1')).toBe(port8080)
})

test('a tunnel for port-forward is accepted by the name that kubectl offers', async () => {
  await using fixture = await running()
  const { certificate, key } = fixture.certificates
  const headers = {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': Buffer.alloc(16).toString('base64'),
    'sec-websocket-protocol': 'SPDY/3.1+portforward.k8s.io',
  }
  const asked = request(`https://127.0.0.1:${fixture.node.port}/portForward/default/idle`, {
    headers,
    cert: certificate,
    key,
    ca: certificate,
  }).end()
  const [response, socket] = (await once(asked, 'upgrade')) as [IncomingMessage, Socket]
  socket.destroy()
  expect(response.headers['sec-websocket-protocol']).toBe('SPDY/3.1+portforward.k8s.io')
})

test('a port that nobody listens on is told on its error channel, in base64 too', async () => {
  await using fixture = await running()
  const socket = open(fixture, '/portForward/default/idle?port=8080', 'v4.base64.channel.k8s.io')
  const errors: string[] = []
  socket.on('message', (data: Buffer) => {
    const text = data.toString()
    if (text.startsWith('1')) errors.push(Buffer.from(text.slice(1), 'base64').toString('latin1'))
  })
  await new Promise((resolve) => socket.on('close', resolve))
  expect(errors.join('')).toMatch(
    new RegExp(`^${port8080}error forwarding port 8080 to pod idle, uid .*: failed to connect to localhost:8080: dial`),
  )
})

test.each([
  ['', 'query parameter "port" is required'],
  ['?port=80,x', 'unable to parse "80,x" as a port: strconv.ParseUint: parsing "x": invalid syntax'],
])('ports %j are refused', async (query, why) => {
  await using fixture = await running()
  const socket = open(fixture, `/portForward/default/idle${query}`, 'v4.channel.k8s.io')
  const refused = await new Promise<{ code: number | undefined; text: string }>((resolve) =>
    socket.on('unexpected-response', (_, response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      response.on('end', () => resolve({ code: response.statusCode, text }))
    }),
  )
  expect([refused.code, refused.text.trim()]).toEqual([400, why])
})

/** What comes back through a tunnel for what is said and ended, and what the node says of it. */
async function exchange(fixture: NodeFixture, pod: string, said: string): Promise<{ heard: string; problem?: string }> {
  const { certificate, key } = fixture.certificates
  const server = { server: `https://127.0.0.1:${fixture.node.port}`, caCertificate: certificate }
  const api = createApiConnection({ cluster: server, user: { clientCertificate: certificate, clientKey: key } })
  const toNode: typeof api = {
    ...api,
    upgrade: (asked) => api.upgrade({ ...asked, path: `/portForward/default/${pod}` }),
  }
  const listener = createServer({ allowHalfOpen: true })
  await once(listener.listen(0, '127.0.0.1'), 'listening')
  const accepted = once(listener, 'connection')
  const client = connect({ port: (listener.address() as AddressInfo).port, host: '127.0.0.1', allowHalfOpen: true })
  const heard = text(client).catch((error: NodeJS.ErrnoException) => error.code ?? '')
  client.end(said)
  const [socket] = (await accepted) as [Socket]
  const connection = await connectToPod(toNode, { namespace: 'default', pod })
  const problem = await forwardSocket(connection, { socket, port: 8080 })
  listener.close()
  api.close()
  return { heard: await heard, ...(problem === undefined ? {} : { problem }) }
}

test('through a tunnel a program answers after the end of what it was told', async () => {
  await using fixture = await startFixture()
  const program = `require('net').createServer({ allowHalfOpen: true }, (socket) => {
    let said = ''
    socket.on('data', (data) => (said += data)).on('end', () => socket.end('said ' + said))
  }).listen(process.env.PORT)`
  await fixture.image('last:v1', program)
  fixture.api.put(
    'pods',
    podOf('last', { containers: [{ name: 'main', image: 'last:v1', ports: [{ containerPort: 8080 }] }] }),
  )
  const isReady = ({ status }: Pod): boolean =>
    status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') === true
  await fixture.api.until(() => isReady(fixture.api.get<Pod>('pods', 'default/last') as Pod))
  const long = 'x'.repeat(1_000_000)
  expect(await exchange(fixture, 'last', long)).toEqual({ heard: `said ${long}` })
})

test('nobody else of the machine answers for a container that does not run', async () => {
  await using fixture = await startFixture()
  await fixture.image('short:v1', 'process.exit(0)')
  const container = { name: 'main', image: 'short:v1', ports: [{ containerPort: 8080 }] }
  fixture.api.put('pods', podOf('short', { restartPolicy: 'Never', containers: [container] }))
  await fixture.api.until(() => fixture.api.get<Pod>('pods', 'default/short')?.status?.phase === 'Succeeded')
  expect(await exchange(fixture, 'short', 'hello')).toEqual({
    heard: 'ECONNRESET',
    problem: expect.stringContaining('no container that runs serves port 8080') as unknown,
  })
})
