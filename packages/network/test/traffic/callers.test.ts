// Real processes on the loopback address.

import { spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { type AddressInfo, type Server, type Socket, connect, createServer } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { Callers } from '../../src/traffic/callers.ts'
import type { ClientSocket } from '../../src/traffic/socket-table.ts'

/** Not the one of a real engine, which may run on this machine. */
const marker = 'TRAFFIC_TEST_CONTAINER'

const cleanups: (() => void)[] = []
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup()
})

function createCallers(platform: NodeJS.Platform = 'linux'): Callers {
  const callers = new Callers({
    marker,
    platform,
    onError: (error) => {
      throw error
    },
  })
  cleanups.push(() => callers.close())
  return callers
}

async function listen(): Promise<{ server: Server; port: number; accepted: () => Promise<Socket> }> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  cleanups.push(() => void server.close())
  const accepted = async (): Promise<Socket> => {
    const [socket] = (await once(server, 'connection')) as [Socket]
    cleanups.push(() => socket.destroy())
    return socket
  }
  return { server, port: (server.address() as AddressInfo).port, accepted }
}

/** As the proxy sees it. */
function clientOf(socket: Socket): ClientSocket {
  const { remoteAddress = '', remotePort = 0, localAddress = '', localPort = 0 } = socket
  return {
    protocol: 'tcp',
    local: { address: remoteAddress, port: remotePort },
    remote: { address: localAddress, port: localPort },
  }
}

function run(code: string, environment: Record<string, string>): void {
  const child = spawn(process.execPath, ['-e', code], {
    env: { PATH: process.env['PATH'], ...environment },
    stdio: ['pipe', 'pipe', 'inherit'],
    detached: true,
  })
  cleanups.push(() => void child.kill('SIGKILL'))
}

/** Ends with its standard input, as all programs here do. */
const connectTo = (port: number): string =>
  `require('net').connect(${port}, '127.0.0.1'); process.stdin.on('end', () => process.exit()).resume()`

describe.skipIf(process.platform !== 'linux')('callers', () => {
  it('are known by the marker in their environment', async () => {
    const { port, accepted } = await listen()
    const callers = createCallers()
    run(connectTo(port), { [marker]: 'one' })
    const first = clientOf(await accepted())
    run(connectTo(port), { [marker]: 'two' })
    const second = clientOf(await accepted())
    expect(await Promise.all([callers.find(first), callers.find(second)])).toEqual([
      { containerId: 'one' },
      { containerId: 'two' },
    ])
    // Known by now: without a look at all processes.
    expect(await callers.find(first)).toEqual({ containerId: 'one' })
  })

  it('are known where they have dropped their environment', async () => {
    const { port, accepted } = await listen()
    const bare = `require('child_process').spawn(process.execPath, ['-e', ${JSON.stringify(connectTo(port))}], { env: {}, stdio: 'inherit', detached: true })`
    run(bare, { [marker]: 'parent' })
    expect(await createCallers().find(clientOf(await accepted()))).toEqual({ containerId: 'parent' })
  })

  it('are known when they speak IPv4 through an IPv6 socket', async () => {
    const { port, accepted } = await listen()
    const mapped = connectTo(port).replace('127.0.0.1', '::ffff:127.0.0.1')
    run(mapped, { [marker]: 'dual' })
    expect(await createCallers().find(clientOf(await accepted()))).toEqual({ containerId: 'dual' })
  })

  it('are outside when they are no container', async () => {
    const { port, accepted } = await listen()
    run(connectTo(port), { [`NOT_${marker}`]: 'one', OTHER: `${marker}=one` })
    expect(await createCallers().find(clientOf(await accepted()))).toBe('outside')
  })

  it('are unknown when they are gone', async () => {
    const { port, accepted } = await listen()
    const client = connect(port, '127.0.0.1')
    const socket = await accepted()
    const gone = clientOf(socket)
    client.destroy()
    await once(client, 'close')
    expect(await createCallers().find(gone)).toBe('unknown')
  })

  it('are unknown where there is no /proc', async () => {
    const { port, accepted } = await listen()
    run(connectTo(port), { [marker]: 'one' })
    expect(await createCallers('darwin').find(clientOf(await accepted()))).toBe('unknown')
  })

  it('are found one and all when many come at once', async () => {
    const { server, port } = await listen()
    const many = 200
    const sockets: Socket[] = []
    const all = new Promise<void>((resolve) => {
      server.on('connection', (socket) => {
        sockets.push(socket)
        cleanups.push(() => socket.destroy())
        if (sockets.length === many) resolve()
      })
    })
    const callers = createCallers()
    run(`for (let i = 0; i < ${many}; i++) ${connectTo(port)}`, { [marker]: 'busy' })
    await all
    const found = await Promise.all(sockets.map((socket) => callers.find(clientOf(socket))))
    expect(new Set(found.map((caller) => JSON.stringify(caller)))).toEqual(new Set(['{"containerId":"busy"}']))
  })

  it.each(['socket', 'connected socket'])('are known by a UDP %s', async (kind) => {
    const server = createSocket('udp4')
    server.bind(0, '127.0.0.1')
    await once(server, 'listening')
    cleanups.push(() => void server.close())
    const { port } = server.address()
    const send =
      kind === 'socket' ? `s.send('hi', ${port}, '127.0.0.1')` : `s.connect(${port}, '127.0.0.1', () => s.send('hi'))`
    run(`const s = require('dgram').createSocket('udp4'); ${send}`, { [marker]: 'datagrams' })
    const [, from] = (await once(server, 'message')) as [Buffer, AddressInfo]
    const caller = await createCallers().find({
      protocol: 'udp',
      local: { address: from.address, port: from.port },
      remote: { address: '127.0.0.1', port },
    })
    expect(caller).toEqual({ containerId: 'datagrams' })
  })
})
