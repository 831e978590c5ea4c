// A program's streams to a client, over WebSocket channels or SPDY streams. Upstream: k8s.io/cri-streaming
// pkg/streaming/remotecommand, k8s.io/apimachinery/pkg/util/httpstream/wsstream.

import type { IncomingMessage } from 'node:http'
import type { Duplex, Readable } from 'node:stream'
import { SpdyConnection, type SpdyStream, written } from '@binnacle/client'
import { type RawData, WebSocket, WebSocketServer, createWebSocketStream } from 'ws'
import type { ExecSession, StreamOptions } from '../runtime.ts'

export interface RemoteStreams {
  /** Chunks of the client's input, then undefined. The promise resolves when the chunk has been taken. */
  onInput(listener: (chunk: Buffer | undefined) => Promise<void> | void): void
  onResize(listener: (columns: number, rows: number) => void): void
  onClose(listener: () => void): void
  write(stream: 'stdout' | 'stderr', chunk: Buffer): Promise<void>
  /** Ends the exchange. */
  finish(status: object): Promise<void>
}

const success = { metadata: {}, status: 'Success' }

export function exitStatus(code: number): object {
  if (code === 0) return success
  return {
    metadata: {},
    status: 'Failure',
    message: `command terminated with non-zero exit code: command terminated with exit code ${code}`,
    reason: 'NonZeroExitCode',
    details: { causes: [{ reason: 'ExitCode', message: String(code) }] },
  }
}

export function errorStatus(error: unknown): object {
  const message = error instanceof Error ? error.message : String(error)
  return {
    metadata: {},
    status: 'Failure',
    message: `Internal error occurred: ${message}`,
    reason: 'InternalError',
    code: 500,
  }
}

/** Connects the program to the client until one of them ends; `doing` says in an error what could not be begun. */
export async function serveSession(
  streams: RemoteStreams,
  doing: string,
  open: () => Promise<ExecSession>,
): Promise<void> {
  let session: ExecSession
  try {
    session = await open()
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    await streams.finish(errorStatus(new Error(`error ${doing}: ${reason}`, { cause: error })))
    return
  }
  streams.onClose(() => session.close())
  streams.onResize((columns, rows) => session.resize(columns, rows))
  const { stdin } = session
  streams.onInput(async (chunk) => {
    if (stdin === undefined || stdin.destroyed) return
    if (chunk === undefined) stdin.end()
    else if (!stdin.write(chunk)) await drained(stdin)
  })
  try {
    const [code] = await Promise.all([
      session.exit,
      forward(session.stdout, (chunk) => streams.write('stdout', chunk)),
      forward(session.stderr, (chunk) => streams.write('stderr', chunk)),
    ])
    await streams.finish(exitStatus(code))
  } catch (error) {
    await streams.finish(errorStatus(error))
  }
}

function drained(stream: NodeJS.WritableStream): Promise<void> {
  return new Promise((resolve) => {
    stream.once('drain', resolve)
    stream.once('close', resolve)
    stream.once('error', () => resolve())
  })
}

async function forward(source: Readable | undefined, write: (chunk: Buffer) => Promise<void>): Promise<void> {
  if (source === undefined) return
  try {
    for await (const chunk of source) await write(chunk as Buffer)
  } catch (error) {
    // The client went away and the session was closed under us; anything else is told.
    if (
      (error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE' &&
      (error as Error).name !== 'AbortError'
    )
      throw error
  }
}

/** Newest first: the server takes the first that the client offers. */
const channelProtocols = [
  'v5.channel.k8s.io',
  'v4.channel.k8s.io',
  'v4.base64.channel.k8s.io',
  'channel.k8s.io',
  'base64.channel.k8s.io',
]
/** Its slash makes it no token of HTTP, which is why `ws` would refuse what kubectl offers. */
const tunnelProtocol = 'SPDY/3.1+portforward.k8s.io'
const portProtocols = ['v4.channel.k8s.io', 'v4.base64.channel.k8s.io', '']

const channelServer = webSocketServer(channelProtocols)
const portServer = webSocketServer(portProtocols)
const tunnelServer = webSocketServer([]).on('headers', (headers) => {
  headers.push(`Sec-WebSocket-Protocol: ${tunnelProtocol}`)
})
const logServer = webSocketServer(['binary.k8s.io', 'base64.binary.k8s.io', ''])

function webSocketServer(protocols: readonly string[]): WebSocketServer {
  return new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    handleProtocols: (offered) => protocols.find((protocol) => offered.has(protocol)) ?? false,
  })
}

export function isWebSocket(request: IncomingMessage): boolean {
  return request.headers.upgrade?.toLowerCase() === 'websocket'
}

export function isSpdy(request: IncomingMessage): boolean {
  return request.headers.upgrade?.toLowerCase() === 'spdy/3.1'
}

function accept(server: WebSocketServer, request: IncomingMessage, socket: Duplex, head: Buffer): Promise<WebSocket> {
  return new Promise((resolve) => server.handleUpgrade(request, socket, head, resolve))
}

export async function acceptLogSocket(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<WebSocket> {
  return accept(logServer, request, socket, head)
}

/** Channels of ports, for clients that do not tunnel SPDY. */
export async function acceptPortSocket(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<WebSocket> {
  return accept(portServer, request, socket, head)
}

export function isTunnel(request: IncomingMessage): boolean {
  const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',')
  return offered.some((protocol) => protocol.trim() === tunnelProtocol)
}

export async function acceptWebSocketStreams(
  request: IncomingMessage,
  socket: Duplex,
  { head, options }: { head: Buffer; options: StreamOptions },
): Promise<RemoteStreams> {
  const webSocket = await accept(channelServer, request, socket, head)
  return new WebSocketStreams(webSocket, options)
}

const channels = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4, close: 255 } as const

class WebSocketStreams implements RemoteStreams {
  readonly #socket: WebSocket
  readonly #base64: boolean
  readonly #versioned: boolean
  #input: ((chunk: Buffer | undefined) => Promise<void> | void) | undefined
  #resize: ((columns: number, rows: number) => void) | undefined
  readonly #early: (Buffer | undefined)[] = []
  #earlySize: { columns: number; rows: number } | undefined

  constructor(socket: WebSocket, options: StreamOptions) {
    this.#socket = socket
    this.#base64 = socket.protocol.includes('base64')
    this.#versioned = socket.protocol.startsWith('v')
    socket.on('message', (data) => this.#receive(asBuffer(data)))
    socket.on('error', () => socket.terminate())
    // The first thing that upstream's server does is to write an empty message to each channel that it serves.
    for (const [name, channel] of [
      ['stdout', channels.stdout],
      ['stderr', channels.stderr],
    ] as const)
      if (options[name]) void this.#send(channel, Buffer.alloc(0))
  }

  #receive(message: Buffer): void {
    const frame = readFrame(message, this.#base64)
    if (frame === undefined) return
    const { channel, payload } = frame
    if (channel === channels.close && payload[0] === channels.stdin) this.#give(undefined)
    else if (channel === channels.stdin) this.#give(payload)
    else if (channel === channels.resize) {
      const size = parseSize(payload)
      if (size === undefined) return
      this.#earlySize = size
      this.#resize?.(size.columns, size.rows)
    }
  }

  #give(chunk: Buffer | undefined): void {
    if (this.#input === undefined) {
      this.#early.push(chunk)
      return
    }
    const taken = this.#input(chunk)
    if (taken === undefined) return
    this.#socket.pause()
    void taken.finally(() => this.#socket.resume())
  }

  onInput(listener: (chunk: Buffer | undefined) => Promise<void> | void): void {
    this.#input = listener
    for (const chunk of this.#early.splice(0)) this.#give(chunk)
  }

  onResize(listener: (columns: number, rows: number) => void): void {
    this.#resize = listener
    if (this.#earlySize !== undefined) listener(this.#earlySize.columns, this.#earlySize.rows)
  }

  onClose(listener: () => void): void {
    this.#socket.on('close', () => {
      // Without half-close (v4) the end of the connection is the end of the input.
      listener()
    })
  }

  #send(channel: number, chunk: Buffer): Promise<void> {
    return sendFrame(this.#socket, channel, chunk)
  }

  write(stream: 'stdout' | 'stderr', chunk: Buffer): Promise<void> {
    return this.#send(channels[stream], chunk)
  }

  async finish(status: object): Promise<void> {
    const failed = 'message' in status
    // Protocols before v4 say nothing on success and a text on failure.
    if (this.#versioned) await this.#send(channels.error, Buffer.from(JSON.stringify(status)))
    else if (failed) await this.#send(channels.error, Buffer.from(String(status.message)))
    this.#socket.close(1000)
  }
}

/** In base64 protocols the channel is an ASCII digit before the text. undefined for an empty message. */
export function readFrame(message: Buffer, base64: boolean): { channel: number; payload: Buffer } | undefined {
  const first = message[0]
  if (first === undefined) return undefined
  if (!base64) return { channel: first, payload: message.subarray(1) }
  return { channel: first - 48, payload: Buffer.from(message.subarray(1).toString('latin1'), 'base64') }
}

/** Resolves when the frame is on its way, or the client is gone. */
export function sendFrame(socket: WebSocket, channel: number, chunk: Buffer): Promise<void> {
  const message = socket.protocol.includes('base64')
    ? `${String.fromCharCode(48 + channel)}${chunk.toString('base64')}`
    : Buffer.concat([Buffer.from([channel]), chunk])
  return new Promise((resolve) => {
    if (socket.readyState === WebSocket.OPEN) socket.send(message, () => resolve())
    else resolve()
  })
}

export function asBuffer(data: RawData): Buffer {
  if (Buffer.isBuffer(data)) return data
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data)
}

function parseSize(payload: Buffer): { columns: number; rows: number } | undefined {
  try {
    const { Width, Height } = JSON.parse(payload.toString()) as { Width: number; Height: number }
    return { columns: Width, rows: Height }
  } catch {
    // A malformed size is no reason to end the session.
    return undefined
  }
}

/** SPDY: waits for the streams that the options announce, as upstream's server does. */
export function acceptSpdyStreams(
  request: IncomingMessage,
  socket: Duplex,
  options: StreamOptions,
): Promise<RemoteStreams> {
  const offered = String(request.headers['x-stream-protocol-version'] ?? '')
    .split(',')
    .map((name) => name.trim())
  const protocol =
    ['v4.channel.k8s.io', 'v3.channel.k8s.io', 'v2.channel.k8s.io', 'channel.k8s.io'].find((name) =>
      offered.includes(name),
    ) ?? 'v4.channel.k8s.io'
  const connection = upgradeToSpdy(socket, protocol)
  const expected =
    1 +
    Number(options.stdin) +
    Number(options.stdout) +
    Number(options.stderr && !options.tty) +
    Number(options.tty && protocol >= 'v3')
  const streams = new Map<string, SpdyStream>()
  return new Promise((resolve) => {
    connection.on('stream', (stream) => {
      streams.set(stream.headers.get('streamtype') ?? '', stream)
      if (streams.size === expected) resolve(new SpdyStreams(connection, streams, protocol))
    })
  })
}

export function upgradeToSpdy(socket: Duplex, protocol: string): SpdyConnection {
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: ${protocol}\r\n\r\n`,
  )
  return new SpdyConnection(socket)
}

class SpdyStreams implements RemoteStreams {
  readonly #connection: SpdyConnection
  readonly #streams: ReadonlyMap<string, SpdyStream>
  readonly #protocol: string

  constructor(connection: SpdyConnection, streams: ReadonlyMap<string, SpdyStream>, protocol: string) {
    this.#connection = connection
    this.#streams = streams
    this.#protocol = protocol
    const early: Buffer[] = []
    const input = streams.get('stdin')
    const keep = (chunk: Buffer): void => void early.push(chunk)
    input?.on('data', keep)
    this.#takeEarly = () => {
      input?.off('data', keep)
      return early
    }
  }

  readonly #takeEarly: () => Buffer[]

  onInput(listener: (chunk: Buffer | undefined) => Promise<void> | void): void {
    const input = this.#streams.get('stdin')
    if (input === undefined) return
    for (const chunk of this.#takeEarly()) void listener(chunk)
    input.on('data', (chunk: Buffer, waits?: Promise<void>[]) => {
      const taken = listener(chunk)
      if (taken !== undefined) waits?.push(taken)
    })
    input.on('end', () => void listener(undefined))
  }

  onResize(listener: (columns: number, rows: number) => void): void {
    this.#streams.get('resize')?.on('data', (chunk: Buffer) => {
      const size = parseSize(chunk)
      if (size !== undefined) listener(size.columns, size.rows)
    })
  }

  onClose(listener: () => void): void {
    this.#connection.on('close', listener)
  }

  write(stream: 'stdout' | 'stderr', chunk: Buffer): Promise<void> {
    const target = this.#streams.get(stream)
    return target === undefined ? Promise.resolve() : written(target, chunk)
  }

  async finish(status: object): Promise<void> {
    const error = this.#streams.get('error')
    if (error !== undefined) {
      if (this.#protocol.startsWith('v4')) await written(error, Buffer.from(JSON.stringify(status)))
      else if ('message' in status) await written(error, Buffer.from(String(status.message)))
    }
    // The client may be gone by now: an end that fails is one as well.
    await Promise.all(
      [...this.#streams.values()].map((stream) => new Promise<void>((resolve) => stream.end(() => resolve()))),
    )
    this.#connection.end()
  }
}

/** SPDY frames inside WebSocket messages, as kubectl port-forward speaks since 1.31. */
export async function acceptTunnel(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<SpdyConnection> {
  // Chosen already, and answered by the server's `headers` event.
  delete request.headers['sec-websocket-protocol']
  const webSocket = await accept(tunnelServer, request, socket, head)
  return new SpdyConnection(createWebSocketStream(webSocket))
}
