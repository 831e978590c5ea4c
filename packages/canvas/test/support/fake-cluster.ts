// Pods and Services as an API server tells them, and tunnels into the pods: each port of a pod is a port of this machine.

import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Server, type Socket, connect, createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { text } from 'node:stream/consumers'
import type { KubeObject } from '@binnacle/api'
import { SpdyConnection, type SpdyStream } from '@binnacle/client'
import { WebSocketServer, createWebSocketStream } from 'ws'
import { type FakeUpstream, startUpstream } from './fake-upstream.ts'

const root = '/clusters/one'

export interface FakeCluster extends AsyncDisposable, Pick<FakeUpstream, 'cluster' | 'user'> {
  put(resource: 'pods' | 'services', object: KubeObject): void
  remove(resource: 'pods' | 'services', name: string): void
  /** `pod:port` to the port of this machine that it is. */
  ports: Map<string, number>
  /** Open tunnels, by the pod's name. */
  tunnels: Set<{ pod: string; connection: SpdyConnection }>
  /** What the tunnel speaks; the other is refused. */
  speaks: 'websocket' | 'spdy'
  /** Of SelfSubjectAccessReviews. */
  allowed: boolean
}

export async function startFakeCluster(): Promise<FakeCluster> {
  const objects = new Map<string, KubeObject>()
  const watches = new Set<{ resource: string; name: string | undefined; response: ServerResponse }>()
  let version = 1

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '', 'http://api')
    const path = url.pathname.slice(root.length)
    if (path.endsWith('/selfsubjectaccessreviews')) {
      const review = JSON.parse(await text(request)) as object
      json(response, 201, { ...review, status: { allowed: fake.allowed } })
      return
    }
    const [, resource = '', name] = /^\/api\/v1\/namespaces\/shop\/(pods|services)(?:\/([^/]+))?$/.exec(path) ?? []
    if (name !== undefined) {
      const object = objects.get(`${resource}/${name}`)
      if (object === undefined)
        json(response, 404, { kind: 'Status', code: 404, reason: 'NotFound', message: `${name} not found` })
      else json(response, 200, object)
      return
    }
    const items = [...objects].filter(([key]) => key.startsWith(`${resource}/`)).map(([, object]) => object)
    if (url.searchParams.get('watch') !== 'true') {
      json(response, 200, { kind: 'List', apiVersion: 'v1', metadata: { resourceVersion: '1' }, items })
      return
    }
    const wanted = url.searchParams.get('fieldSelector')?.replace('metadata.name=', '')
    response.writeHead(200, { 'content-type': 'application/json' })
    for (const object of items.filter(({ metadata }) => metadata.name === wanted)) event(response, 'ADDED', object)
    event(response, 'BOOKMARK', {
      metadata: { resourceVersion: '1', annotations: { 'k8s.io/initial-events-end': 'true' } },
    })
    watches.add({ resource, name: wanted, response })
  }

  function tell(type: string, resource: string, object: KubeObject): void {
    for (const watch of watches)
      if (watch.resource === resource && watch.name === object.metadata.name) event(watch.response, type, object)
  }

  const upstream = await startUpstream((request, response) => void answer(request, response))
  const tunnelServer = new WebSocketServer({ noServer: true }).on('headers', (headers) => {
    headers.push('Sec-WebSocket-Protocol: SPDY/3.1+portforward.k8s.io')
  })
  upstream.server.on('upgrade', (request, socket: Duplex, head: Buffer) => {
    const pod = /\/pods\/([^/]+)\/portforward$/.exec(request.url ?? '')?.[1] ?? ''
    const isWebSocket = request.headers.upgrade === 'websocket'
    if (!objects.has(`pods/${pod}`) || isWebSocket !== (fake.speaks === 'websocket')) {
      const body = JSON.stringify({ kind: 'Status', code: 404, reason: 'NotFound', message: `${pod} not found` })
      socket.end(
        `HTTP/1.1 404 Not Found\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
      )
      return
    }
    if (isWebSocket) {
      delete request.headers['sec-websocket-protocol']
      tunnelServer.handleUpgrade(request, socket, head, (webSocket) => serve(pod, createWebSocketStream(webSocket)))
    } else {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\n')
      serve(pod, socket)
    }
  })

  function serve(pod: string, socket: Duplex): void {
    const connection = new SpdyConnection(socket)
    const tunnel = { pod, connection }
    fake.tunnels.add(tunnel)
    connection.once('close', () => fake.tunnels.delete(tunnel))
    let errors: SpdyStream | undefined
    connection.on('stream', (stream) => {
      if (stream.headers.get('streamtype') === 'error') errors = stream
      else into(stream, errors, fake.ports.get(`${pod}:${stream.headers.get('port')}`))
    })
  }

  const fake: FakeCluster = {
    cluster: upstream.cluster,
    user: upstream.user,
    ports: new Map(),
    tunnels: new Set(),
    speaks: 'websocket',
    allowed: true,
    put(resource, { metadata, ...rest }) {
      const resourceVersion = String(++version)
      const object = {
        ...rest,
        metadata: { namespace: 'shop', uid: `uid-of-${metadata.name}`, ...metadata, resourceVersion },
      }
      objects.set(`${resource}/${metadata.name}`, object)
      tell('MODIFIED', resource, object)
    },
    remove(resource, name) {
      const object = objects.get(`${resource}/${name}`)
      objects.delete(`${resource}/${name}`)
      if (object !== undefined) tell('DELETED', resource, object)
    },
    async [Symbol.asyncDispose]() {
      for (const { connection } of fake.tunnels) connection.destroy()
      await upstream.close()
    },
  }
  return fake
}

function json(response: ServerResponse, code: number, value: object): void {
  response.writeHead(code, { 'content-type': 'application/json' })
  response.end(JSON.stringify(value))
}

function event(response: ServerResponse, type: string, object: KubeObject): void {
  response.write(`${JSON.stringify({ type, object })}\n`)
}

/** As a node does. */
function into(data: SpdyStream, errors: SpdyStream | undefined, port: number | undefined): void {
  if (port === undefined) {
    errors?.end('nobody listens')
    data.end()
    return
  }
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  data.on('data', (chunk: Buffer, waits: Promise<void>[]) => {
    if (!socket.write(chunk)) waits.push(new Promise((resolve) => socket.once('drain', resolve).once('close', resolve)))
  })
  data.on('end', () => (data.wasCut ? socket.destroy() : socket.end()))
  socket.on('error', () => socket.destroy())
  socket.on('end', () => errors?.end())
  socket.pipe(data)
}

export interface Program extends AsyncDisposable {
  port: number
  sockets: Set<Socket>
}

/** What runs in a pod: a listener of this machine. */
export async function startProgram(serve: (socket: Socket) => void): Promise<Program> {
  const sockets = new Set<Socket>()
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket)
    socket.on('error', () => socket.destroy())
    socket.once('close', () => sockets.delete(socket))
    serve(socket)
  })
  const { promise, resolve } = Promise.withResolvers<void>()
  server.listen(0, '127.0.0.1', resolve)
  await promise
  return {
    port: (server.address() as AddressInfo).port,
    sockets,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      const closed = Promise.withResolvers<void>()
      server.close(() => closed.resolve())
      await closed.promise
    },
  }
}
