// A connection to a port of a pod through the API server: SPDY streams in a WebSocket, as kubectl speaks since 1.31, or
// bare SPDY where a server or the user's rules know only that. Upstream: client-go tools/portforward.

import { createHash, randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { type Clock, systemClock } from '@binnacle/api'
import type { ApiConnection } from '../api-connection.ts'
import { statusErrorOf } from '../http/response-status.ts'
import type { UpgradeAnswer } from '../http/upgrade.ts'
import { SpdyConnection, type SpdyStream, written } from './spdy.ts'
import { TunnelSocket } from './tunnel-socket.ts'

export interface PodConnectionOptions {
  namespace: string
  /** The pod's name. */
  pod: string
  signal?: AbortSignal
  clock?: Clock
}

const protocol = 'portforward.k8s.io'
const tunnelProtocol = `SPDY/3.1+${protocol}`
/** RFC 6455 1.3 */
const acceptSuffix = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
/** Of what a node says of a failure, in characters. */
const maxProblem = 1024

/** Rejects with StatusError where the server refuses, and with the connection's error where it does not answer. */
export async function connectToPod(api: ApiConnection, options: PodConnectionOptions): Promise<SpdyConnection> {
  const connection = await dial(api, options)
  keepAlive(connection, options.clock ?? systemClock)
  return connection
}

/** Of client-go. */
const pingPeriodMs = 10_000

function keepAlive(connection: SpdyConnection, clock: Clock): void {
  let cancel: () => void
  const ping = (): void => {
    if (connection.closed) return
    connection.ping()
    cancel = clock.after(pingPeriodMs, ping)
  }
  cancel = clock.after(pingPeriodMs, ping)
  connection.once('close', () => cancel())
}

async function dial(api: ApiConnection, { namespace, pod, signal }: PodConnectionOptions): Promise<SpdyConnection> {
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(pod)}/portforward`
  const abort = signal === undefined ? {} : { signal }
  const key = randomBytes(16).toString('base64')
  const tunnel = await api.upgrade({
    path,
    headers: {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': key,
      'sec-websocket-protocol': tunnelProtocol,
    },
    ...abort,
  })
  if (tunnel.type === 'upgraded' && isTunnel(tunnel.response, key))
    return new SpdyConnection(new TunnelSocket(tunnel.socket, tunnel.head), { role: 'client' })
  discard(tunnel)
  // Servers before 1.30 do not know the tunnel, and a GET asks for another permission than a POST.
  const bare = await api.upgrade({
    method: 'POST',
    path,
    headers: { connection: 'Upgrade', upgrade: 'SPDY/3.1', 'x-stream-protocol-version': protocol },
    ...abort,
  })
  if (bare.type === 'upgraded') {
    if (bare.head.length > 0) bare.socket.unshift(bare.head)
    return new SpdyConnection(bare.socket, { role: 'client' })
  }
  throw statusErrorOf({
    code: bare.response.statusCode ?? 500,
    text: await text(bare.response),
    method: 'POST',
    what: path,
    retryAfterSeconds: undefined,
  })
}

function isTunnel({ headers }: IncomingMessage, key: string): boolean {
  const accept = createHash('sha1').update(`${key}${acceptSuffix}`).digest('base64')
  return headers['sec-websocket-protocol'] === tunnelProtocol && headers['sec-websocket-accept'] === accept
}

function discard(answer: UpgradeAnswer): void {
  if (answer.type === 'upgraded') answer.socket.destroy()
  else answer.response.destroy()
}

export interface ForwardedSocket {
  /** Has to let the other side speak on after its own end. */
  socket: Socket
  /** Of the pod. */
  port: number
}

/**
 * Joins a socket with a port of the pod, each way to its own end, and ends the connection behind them. Resolves when that
 * is over: with what the node says went wrong, or with undefined. Where the pod's side breaks off, the socket is reset, so
 * that its peer does not take half an answer for a whole one.
 */
export async function forwardSocket(
  connection: SpdyConnection,
  { socket, port }: ForwardedSocket,
): Promise<string | undefined> {
  const headers = (type: string): ReadonlyMap<string, string> =>
    new Map([
      ['streamtype', type],
      ['port', String(port)],
      ['requestid', '0'],
    ])
  let problem = ''
  const errors = connection.open(headers('error'))
  errors.on('data', (chunk: Buffer) => (problem = (problem + chunk.toString()).slice(0, maxProblem)))
  // Only the node speaks on it.
  errors.end()
  const data = connection.open(headers('data'))
  await join(socket, data, () => data.wasCut || problem !== '')
  if (data.writableFinished) connection.end()
  else connection.destroy()
  return problem === '' ? undefined : problem
}

/** Resolves when the socket is closed. */
async function join(socket: Socket, stream: SpdyStream, isBroken: () => boolean): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  if (socket.closed) return
  socket.once('close', () => resolve())
  // `close` follows.
  socket.on('error', () => socket.destroy())
  stream.on('data', (chunk: Buffer, waits: Promise<void>[]) => {
    if (!socket.destroyed && !socket.write(chunk)) waits.push(drained(socket))
  })
  stream.once('end', () => (isBroken() ? socket.resetAndDestroy() : socket.end()))
  void send(socket, stream)
  await promise
}

async function send(socket: Socket, stream: SpdyStream): Promise<void> {
  try {
    // What the pod still says is to arrive after the peer's last word.
    for await (const chunk of socket.iterator({ destroyOnReturn: false })) await written(stream, chunk as Buffer)
  } catch {
    // The socket broke, which its `close` tells.
    return
  }
  stream.end()
}

function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      socket.off('drain', done)
      socket.off('close', done)
      resolve()
    }
    socket.on('drain', done)
    socket.on('close', done)
  })
}
