// What a test wants an API server to say, over plain HTTP and below a path, as behind a gateway.

import { once } from 'node:events'
import { type RequestListener, type Server, createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

export interface FakeUpstream extends AsyncDisposable {
  server: Server
  cluster: { server: string }
  user: { token: string }
  close(): Promise<void>
}

export async function startUpstream(listener: RequestListener): Promise<FakeUpstream> {
  const server = createServer(listener)
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => sockets.add(socket))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const close = async (): Promise<void> => {
    const closed = server.listening ? once(server, 'close') : undefined
    server.close()
    for (const socket of sockets) socket.destroy()
    await closed
  }
  return {
    server,
    cluster: { server: `http://127.0.0.1:${(server.address() as AddressInfo).port}/clusters/one` },
    user: { token: 'of-the-user' },
    close,
    [Symbol.asyncDispose]: close,
  }
}
