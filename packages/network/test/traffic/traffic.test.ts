// Figures of real servers and clients through a data plane.

import { spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { Agent, type IncomingMessage, type RequestListener, createServer, request } from 'node:http'
import { type AddressInfo, connect, createServer as createTcpServer } from 'node:net'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { DataPlane } from '../../src/data-plane.ts'
import type { Frontend, ProxyReport } from '../../src/frontend.ts'
import type { TrafficEdge, TrafficSnapshot } from '../../src/traffic/snapshot.ts'

const marker = 'TRAFFIC_TEST_CONTAINER'
const web = { namespace: 'default', name: 'web', port: 80 }
const shop = { pod: { namespace: 'default', name: 'shop-1', uid: 'uid-1' }, container: 'main' }

const cleanups: (() => void | Promise<void>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup()
})

type Next = <T extends ProxyReport['type']>(type: T) => Promise<Extract<ProxyReport, { type: T }>>

/** Answers that container `one` is the shop's. */
function startPlane(): { plane: DataPlane; next: Next } {
  const waiting: { type: string; give: (report: ProxyReport) => void }[] = []
  const plane = new DataPlane(
    (report) => {
      if (report.type === 'whose') {
        const known = 'containerId' in report && report.containerId === 'one'
        plane.command({ type: 'whose', question: report.question, answer: known ? { container: shop } : {} })
      }
      const index = waiting.findIndex(({ type }) => type === report.type)
      if (index >= 0) waiting.splice(index, 1)[0]?.give(report)
    },
    { marker },
  )
  const next: Next = (type) =>
    new Promise((resolve) => {
      waiting.push({ type, give: (report) => resolve(report as Extract<ProxyReport, { type: typeof type }>) })
    })
  cleanups.push(async () => {
    const closed = next('closed')
    plane.command({ type: 'close' })
    await closed
  })
  return { plane, next }
}

async function startFrontend(backends: Frontend['backends'], protocol: Frontend['protocol'] = 'TCP') {
  const { plane, next } = startPlane()
  const listening = next('listening')
  const frontend: Frontend = {
    id: `default/web:80/${protocol}@cluster`,
    service: web,
    address: '127.0.0.1',
    port: 0,
    protocol,
    backends,
    fallback: false,
  }
  plane.command({ type: 'configure', set: [frontend], remove: [] })
  const { port } = await listening
  const snapshot = async (): Promise<TrafficSnapshot> => {
    const answer = next('traffic')
    plane.command({ type: 'traffic' })
    return (await answer).snapshot
  }
  /** Waits until the only edge is as wanted: callers are found out while bytes pass already. */
  const edge = (isDone: (edge: TrafficEdge) => boolean): Promise<TrafficEdge> =>
    vi.waitFor(
      async () => {
        const { edges } = await snapshot()
        const [first] = edges
        if (edges.length === 1 && first !== undefined && isDone(first)) return first
        throw new Error(`not yet: ${JSON.stringify(edges)}`)
      },
      { interval: 5, timeout: 20_000 },
    )
  return { port, edge }
}

async function startHttp(listener: RequestListener) {
  const server = createServer(listener)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  cleanups.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return { server, address: '127.0.0.1', port: (server.address() as AddressInfo).port }
}

async function ask(port: number, path: string, agent: Agent, body = ''): Promise<number> {
  const asked = request({ host: '127.0.0.1', port, path, agent, method: body === '' ? 'GET' : 'POST' })
  asked.end(body)
  const [answer] = (await once(asked, 'response')) as [IncomingMessage]
  answer.resume()
  await once(answer, 'end')
  return answer.statusCode ?? 0
}

function keepAlive(): Agent {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  cleanups.push(() => agent.destroy())
  return agent
}

const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0)

describe('the figures of traffic', () => {
  it('count requests of one kept connection with codes, latency and bytes', async () => {
    const backend = await startHttp((asked, answer) => {
      asked.resume()
      answer.statusCode = Number(asked.url?.slice(1))
      answer.end(answer.statusCode === 204 ? undefined : 'x'.repeat(1000))
    })
    const { port, edge } = await startFrontend([backend])
    const agent = keepAlive()
    const statuses: number[] = []
    for (const path of ['/200', '/200', '/404', '/204', '/503'])
      statuses.push(await ask(port, path, agent, path === '/404' ? 'y'.repeat(100_000) : ''))
    expect(statuses).toEqual([200, 200, 404, 204, 503])
    const figures = await edge(({ requests }) => requests === 5)
    expect(figures).toMatchObject({
      source: 'outside',
      service: web,
      protocol: 'http',
      codes: { '200': 2, '204': 1, '404': 1, '503': 1 },
      connectionsOpened: 1,
      connectionsOpen: 1,
      failures: 0,
    })
    expect(sum(figures.latencyMs.counts)).toBe(5)
    expect(figures.latencyMs.counts).toHaveLength(figures.latencyMs.buckets.length + 1)
    expect(figures.bytesIn).toBeGreaterThan(100_000)
    expect(figures.bytesOut).toBeGreaterThan(4000)
    expect(figures.bytesOut).toBeLessThan(8000)
    agent.destroy()
    expect(await edge(({ connectionsOpen }) => connectionsOpen === 0)).toMatchObject({ requests: 5 })
  })

  it('say which pod called', async () => {
    const backend = await startHttp((_asked, answer) => void answer.end('hi'))
    const { port, edge } = await startFrontend([backend])
    const code = `fetch('http://127.0.0.1:${port}').then((answer) => answer.text()); process.stdin.on('end', () => process.exit()).resume()`
    const child = spawn(process.execPath, ['-e', code], {
      env: { [marker]: 'one' },
      stdio: ['pipe', 'inherit', 'inherit'],
    })
    cleanups.push(() => void child.kill('SIGKILL'))
    expect(await edge(({ codes }) => codes['200'] === 1)).toMatchObject({ source: shop, protocol: 'http', requests: 1 })
  })

  it('count a request whose server ends without an answer', async () => {
    const backend = await startHttp((asked) => void asked.socket.destroy())
    const { port, edge } = await startFrontend([backend])
    await expect(ask(port, '/', keepAlive())).rejects.toThrow('socket hang up')
    expect(await edge(({ codes }) => codes['0'] === 1)).toMatchObject({ requests: 1, connectionsOpen: 0 })
  })

  it('count connections that no backend accepts', async () => {
    const { port, edge } = await startFrontend([])
    const client = connect(port, '127.0.0.1')
    await once(client, 'error')
    expect(await edge(({ failures }) => failures === 1)).toMatchObject({
      source: 'outside',
      protocol: 'tcp',
      connectionsOpened: 0,
      connectionsOpen: 0,
    })
  })

  it('count an upgraded connection as a request and then by its bytes', async () => {
    const backend = await startHttp((_asked, answer) => void answer.end())
    backend.server.on('upgrade', (_asked, socket) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n')
      socket.pipe(socket)
    })
    const { port, edge } = await startFrontend([backend])
    const asked = request({ host: '127.0.0.1', port, headers: { Connection: 'Upgrade', Upgrade: 'echo' } })
    asked.end()
    const [, socket] = (await once(asked, 'upgrade')) as [IncomingMessage, ReturnType<typeof connect>]
    cleanups.push(() => void socket.destroy())
    const text = 'GET / HTTP/1.1\r\n\r\n'.repeat(1000)
    socket.write(text)
    let echoed = ''
    for await (const piece of socket.setEncoding('latin1') as AsyncIterable<string>) {
      echoed += piece
      if (echoed.length >= text.length) break
    }
    expect(echoed).toBe(text)
    const figures = await edge(({ bytesOut }) => bytesOut > text.length)
    expect(figures).toMatchObject({ protocol: 'http', requests: 1, codes: { '101': 1 } })
  })

  it('count other protocols as connections and bytes', async () => {
    const server = createTcpServer((socket) => void socket.pipe(socket))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    cleanups.push(() => void server.close())
    const { port, edge } = await startFrontend([{ address: '127.0.0.1', port: (server.address() as AddressInfo).port }])
    const client = connect(port, '127.0.0.1')
    cleanups.push(() => void client.destroy())
    client.write('*1\r\n$4\r\nPING\r\n')
    await once(client, 'data')
    expect(await edge(({ bytesOut }) => bytesOut === 14)).toMatchObject({
      source: 'outside',
      protocol: 'tcp',
      requests: 0,
      codes: {},
      bytesIn: 14,
      connectionsOpened: 1,
      connectionsOpen: 1,
    })
  })

  it('count datagrams by flow', async () => {
    const echo = createSocket('udp4', (message, from) => echo.send(message, from.port, from.address))
    echo.bind(0, '127.0.0.1')
    await once(echo, 'listening')
    cleanups.push(() => void echo.close())
    const { port, edge } = await startFrontend([{ address: '127.0.0.1', port: echo.address().port }], 'UDP')
    const client = createSocket('udp4')
    cleanups.push(() => void client.close())
    for (const message of ['one', 'three']) {
      client.send(message, port, '127.0.0.1')
      await once(client, 'message')
    }
    expect(await edge(({ bytesOut }) => bytesOut === 8)).toMatchObject({
      source: 'outside',
      protocol: 'udp',
      bytesIn: 8,
      connectionsOpened: 1,
      connectionsOpen: 1,
    })
  })
})
