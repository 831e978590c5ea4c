import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { type AddressInfo, type Server, type Socket, connect, createServer } from 'node:net'
import { settle } from '@binnacle/testing'
import { afterEach, describe, expect, it } from 'vitest'
import { DataPlane } from '../src/data-plane.ts'
import type { Frontend, ProxyReport } from '../src/frontend.ts'

const cleanups: (() => void | Promise<void>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup()
})

/** A data plane whose reports can be awaited. */
function startPlane() {
  const waiting: { matches: (report: ProxyReport) => boolean; give: (report: ProxyReport) => void }[] = []
  const plane = new DataPlane((report) => {
    for (const [index, { matches, give }] of waiting.entries()) {
      if (!matches(report)) continue
      waiting.splice(index, 1)
      give(report)
      return
    }
  })
  const next = <T extends ProxyReport['type']>(type: T) =>
    new Promise<Extract<ProxyReport, { type: T }>>((resolve) => {
      waiting.push({
        matches: (report) => report.type === type,
        give: (report) => resolve(report as Extract<ProxyReport, { type: T }>),
      })
    })
  cleanups.push(async () => {
    const closed = next('closed')
    plane.command({ type: 'close' })
    await closed
  })
  return { plane, next }
}

async function startBackend(
  answer: string,
): Promise<{ address: string; port: number; server: Server; sockets: Socket[] }> {
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    sockets.push(socket)
    socket.write(answer)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  cleanups.push(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return { address: '127.0.0.1', port: (server.address() as AddressInfo).port, server, sockets }
}

function frontend(backends: Frontend['backends'], more: Partial<Frontend> = {}): Frontend {
  return {
    id: 'default/web:80/TCP@cluster',
    service: { namespace: 'default', name: 'web', port: 80 },
    address: '127.0.0.1',
    port: 0,
    protocol: 'TCP',
    backends,
    fallback: false,
    ...more,
  }
}

async function ask(port: number, address = '127.0.0.1'): Promise<string> {
  const socket = connect(port, address)
  const [data] = (await once(socket, 'data')) as [Buffer]
  socket.destroy()
  return data.toString()
}

describe('the data plane', () => {
  it('opens nothing that it is told of after it was told to close', async () => {
    const reports: string[] = []
    const { promise: closed, resolve } = Promise.withResolvers<void>()
    const plane = new DataPlane((report) => {
      reports.push(report.type)
      if (report.type === 'closed') resolve()
    })
    plane.command({ type: 'configure', set: [frontend([])], remove: [] })
    plane.command({ type: 'close' })
    plane.command({ type: 'configure', set: [frontend([], { id: 'default/late:80/TCP@cluster' })], remove: [] })
    await closed
    await settle()
    expect(reports).toEqual(['listening', 'closed'])
  })

  it('gives each connection to the next backend', async () => {
    const { plane, next } = startPlane()
    const backends = [await startBackend('a'), await startBackend('b')]
    const listening = next('listening')
    plane.command({ type: 'configure', set: [frontend(backends)], remove: [] })
    const { port } = await listening
    expect([await ask(port), await ask(port), await ask(port)]).toEqual(['a', 'b', 'a'])
  })

  it('passes over a backend that refuses', async () => {
    const { plane, next } = startPlane()
    const gone = await startBackend('gone')
    gone.server.close()
    await once(gone.server, 'close')
    const listening = next('listening')
    plane.command({ type: 'configure', set: [frontend([gone, await startBackend('here')])], remove: [] })
    const { port } = await listening
    expect([await ask(port), await ask(port)]).toEqual(['here', 'here'])
  })

  it('keeps a client on its backend while affinity lasts', async () => {
    const { plane, next } = startPlane()
    const listening = next('listening')
    const backends = [await startBackend('a'), await startBackend('b')]
    plane.command({ type: 'configure', set: [frontend(backends, { affinitySeconds: 60 })], remove: [] })
    const { port } = await listening
    expect(new Set([await ask(port), await ask(port), await ask(port)]).size).toBe(1)
  })

  it('lets a connection finish when its backend has left the list', async () => {
    const { plane, next } = startPlane()
    const [old, fresh] = [await startBackend('old'), await startBackend('new')]
    const listening = next('listening')
    plane.command({ type: 'configure', set: [frontend([old])], remove: [] })
    const { port } = await listening
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'data')
    plane.command({ type: 'configure', set: [frontend([fresh])], remove: [] })
    expect(await ask(port)).toBe('new')
    const more = once(socket, 'data')
    old.sockets[0]?.write('still here')
    expect(String((await more)[0])).toBe('still here')
    socket.destroy()
  })

  it('resets a connection where no backend is ready', async () => {
    const { plane, next } = startPlane()
    const listening = next('listening')
    plane.command({ type: 'configure', set: [frontend([])], remove: [] })
    const socket = connect((await listening).port, '127.0.0.1')
    const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException]
    expect(error.code).toBe('ECONNRESET')
  })

  it('listens on a free port of 127.0.0.1 where the port is taken, and says why', async () => {
    const { plane, next } = startPlane()
    const taken = await startBackend('other program')
    const listening = next('listening')
    plane.command({
      type: 'configure',
      set: [frontend([await startBackend('mine')], { port: taken.port, fallback: true })],
      remove: [],
    })
    const report = await listening
    expect(report).toMatchObject({ address: '127.0.0.1', code: 'EADDRINUSE' })
    expect(await ask(report.port)).toBe('mine')
  })

  it('reports a refused address that has no fallback', async () => {
    const { plane, next } = startPlane()
    const taken = await startBackend('other program')
    const failed = next('failed')
    plane.command({ type: 'configure', set: [frontend([], { port: taken.port })], remove: [] })
    expect(await failed).toEqual({ type: 'failed', id: 'default/web:80/TCP@cluster', code: 'EADDRINUSE' })
  })

  it('carries UDP both ways', async () => {
    const { plane, next } = startPlane()
    const echo = createSocket('udp4', (message, from) =>
      echo.send(`echo ${message.toString()}`, from.port, from.address),
    )
    echo.bind(0, '127.0.0.1')
    await once(echo, 'listening')
    const listening = next('listening')
    plane.command({
      type: 'configure',
      set: [frontend([{ address: '127.0.0.1', port: echo.address().port }], { protocol: 'UDP' })],
      remove: [],
    })
    const client = createSocket('udp4')
    cleanups.push(() => void [client, echo].map((socket) => socket.close()))
    client.send('hi', (await listening).port, '127.0.0.1')
    expect(String((await once(client, 'message'))[0])).toBe('echo hi')
  })
})
