// Port forwarding: for each connection of the client a pair of streams, error and data, with the same request id.
// Upstream: k8s.io/cri-streaming pkg/streaming/portforward/httpstream.go.

import { connect } from 'node:net'
import { type SpdyConnection, type SpdyStream } from './spdy.ts'
import { written } from './remote-command.ts'

export function servePortForward(
  connection: SpdyConnection,
  address: (port: number) => { host: string; port: number },
): void {
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
    forward(stream, error, { port, address: address(port) })
  })
}

function forward(
  data: SpdyStream,
  error: SpdyStream | undefined,
  target: { port: number; address: { host: string; port: number } },
): void {
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
  data.on('close', () => socket.destroy())
  socket.on('error', (cause: NodeJS.ErrnoException) => {
    const { host, port } = target.address
    const why = cause.code === 'ECONNREFUSED' ? `dial tcp4 ${host}:${port}: connect: connection refused` : cause.message
    if (error !== undefined)
      void written(
        error,
        Buffer.from(
          `an error occurred forwarding ${target.port}: failed to connect to localhost:${target.port}: ${why}`,
        ),
      ).then(close)
    else close()
  })
  void (async () => {
    try {
      for await (const chunk of socket) await written(data, chunk as Buffer)
    } catch {
      // Reported by the error event above.
      return
    }
    close()
  })()
}
