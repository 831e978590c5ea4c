// Port forwarding: for each connection of the client a pair of streams, error and data, with the same request id.
// Over WebSocket channels, one connection for each port of the request, with two channels each.
// Upstream: k8s.io/cri-streaming pkg/streaming/portforward/{httpstream,websocket}.go.

import { connect } from 'node:net'
import { type SpdyConnection, type SpdyStream, written } from '@binnacle/client'
import type { WebSocket } from 'ws'
import { asBuffer, readFrame, sendFrame } from './remote-command.ts'

interface Address {
  host: string
  port: number
}

interface Target {
  /** As the client calls it. */
  port: number
  address: Address
}

function unreachable({ port, address }: Target, cause: NodeJS.ErrnoException): string {
  const refused = `dial tcp4 ${address.host}:${address.port}: connect: connection refused`
  return `failed to connect to localhost:${port}: ${cause.code === 'ECONNREFUSED' ? refused : cause.message}`
}

export function servePortForward(connection: SpdyConnection, address: (port: number) => Address): void {
  const errors = new Map<string, SpdyStream>()
  connection.on('stream', (stream) => {
    const id = stream.headers.get('requestid') ?? ''
    const port = Number(stream.headers.get('port'))
    if (stream.headers.get('streamtype') === 'error') {
      errors.set(id, stream)
      return
    }
    const error = errors.get(id)
    errors.delete(id)
    try {
      forward(stream, error, { port, address: address(port) })
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause)
      void refuse(stream, error, `an error occurred forwarding ${port}: failed to connect to localhost:${port}: ${why}`)
    }
  })
}

async function refuse(data: SpdyStream, error: SpdyStream | undefined, text: string): Promise<void> {
  if (error !== undefined) await written(error, Buffer.from(text))
  for (const stream of [data, error]) if (stream?.writableEnded === false) stream.end()
}

function forward(data: SpdyStream, error: SpdyStream | undefined, target: Target): void {
  const socket = connect({ ...target.address, allowHalfOpen: true })
  const close = (): void => {
    if (!data.writableEnded) data.end()
    if (error !== undefined && !error.writableEnded) error.end()
  }
  data.on('data', (chunk: Buffer, waits: Promise<void>[]) => {
    if (socket.destroyed || socket.write(chunk)) return
    waits.push(
      new Promise((resolve) => {
        socket.once('drain', resolve)
        socket.once('close', () => resolve())
      }),
    )
  })
  data.on('end', () => socket.end())
  data.on('close', () => socket.destroySoon())
  socket.on('error', (cause: NodeJS.ErrnoException) => {
    const text = `an error occurred forwarding ${target.port}: ${unreachable(target, cause)}`
    if (error !== undefined) void written(error, Buffer.from(text)).then(close)
    else close()
  })
  void (async () => {
    try {
      // A program that has said its last may still be told something.
      for await (const chunk of socket.iterator({ destroyOnReturn: false })) await written(data, chunk as Buffer)
    } catch {
      // Reported by the error event above.
      return
    }
    close()
  })()
}

export interface ChannelForward {
  targets: readonly Target[]
  /** For messages: `pod NAME, uid UID`. */
  pod: string
}

/** Port n of the request has channel 2n for data and 2n + 1 for errors; both begin with the port, little-endian. */
export function servePortChannels(client: WebSocket, { targets, pod }: ChannelForward): void {
  const base64 = client.protocol.includes('base64')
  const sockets = targets.map((target, index) => {
    const { port } = target
    const socket = connect({ ...target.address, allowHalfOpen: true })
    const name = Buffer.from([port & 0xff, port >> 8])
    void sendFrame(client, 2 * index, name)
    void sendFrame(client, 2 * index + 1, name)
    socket.on('data', (chunk: Buffer) => {
      socket.pause()
      void sendFrame(client, 2 * index, chunk).then(() => socket.resume())
    })
    socket.on('error', (cause: NodeJS.ErrnoException) => {
      const text = `error forwarding port ${port} to ${pod}: ${unreachable(target, cause)}`
      void sendFrame(client, 2 * index + 1, Buffer.from(text))
    })
    // The protocol has no way to say that one side is done: the end of what the program says is the end.
    socket.on('end', () => socket.destroy())
    socket.on('close', () => {
      if (sockets.every(({ destroyed }) => destroyed)) client.close(1000)
    })
    return socket
  })
  client.on('message', (data) => {
    const frame = readFrame(asBuffer(data), base64)
    const socket = frame === undefined || frame.channel % 2 === 1 ? undefined : sockets[frame.channel / 2]
    if (frame === undefined || socket === undefined || socket.destroyed || socket.write(frame.payload)) return
    client.pause()
    const resume = (): void => client.resume()
    socket.once('drain', resume)
    socket.once('close', resume)
  })
  client.on('error', () => client.terminate())
  client.on('close', () => {
    for (const socket of sockets) socket.destroy()
  })
}
