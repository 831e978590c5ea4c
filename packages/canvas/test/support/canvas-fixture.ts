// A Canvas server before a real API server, or before whatever a test gives as one, asked as a browser would ask.

import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { type IncomingHttpHeaders, type IncomingMessage, request as httpRequest } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Clock, systemClock } from '@binnacle/api'
import { type ApiServer, createApiServer } from '@binnacle/apiserver'
import { type Client, type KubeContext, createClient, parseKubeconfig } from '@binnacle/client'
import { createMemoryStore } from '@binnacle/store'
import { WebSocket } from 'ws'
import { type CanvasServer, type CanvasServerOptions, startCanvasServer } from '../../src/server/index.ts'

export interface Answer {
  code: number
  headers: IncomingHttpHeaders
  text: string
}

export interface AskOptions {
  method?: string
  headers?: Readonly<Record<string, string>>
  body?: string
  /** With the cookie of the fixture's login, unless false. */
  loggedIn?: boolean
}

export interface CanvasFixture extends AsyncDisposable {
  canvas: CanvasServer
  /** Name and value. */
  cookie: string
  errors: unknown[]
  /** A folder of the test's own. */
  directory: string
  ask(path: string, options?: AskOptions): Promise<Answer>
  /** The response once its head is there. */
  open(path: string, options?: AskOptions): Promise<IncomingMessage>
  /** Not open yet. */
  webSocket(path: string, options?: { protocols?: string[]; headers?: Record<string, string> }): WebSocket
}

export type CanvasFixtureOptions = Pick<KubeContext, 'cluster' | 'user'> & { clock?: Clock } & Partial<
    Pick<CanvasServerOptions, 'traffic' | 'sessions' | 'linkKey' | 'port'>
  >

export async function startCanvas(options: CanvasFixtureOptions): Promise<CanvasFixture> {
  const directory = await mkdtemp(join(tmpdir(), 'binnacle-canvas-'))
  const errors: unknown[] = []
  const canvas = await startCanvasServer({
    context: { name: 'test', namespace: 'default' },
    port: 0,
    clock: systemClock,
    ...options,
    assets: directory,
    onError: (error) => errors.push(error),
  })
  const webSockets: WebSocket[] = []

  async function open(path: string, ask: AskOptions = {}): Promise<IncomingMessage> {
    const { method = 'GET', headers = {}, body, loggedIn = true } = ask
    const request = httpRequest(`${canvas.url}${path}`, {
      method,
      headers: {
        ...(loggedIn && fixture.cookie !== '' ? { cookie: fixture.cookie } : {}),
        ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }),
        ...headers,
      },
    })
    request.end(body)
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    return response
  }

  const fixture: CanvasFixture = {
    canvas,
    cookie: '',
    errors,
    directory,
    open,
    async ask(path, ask) {
      const response = await open(path, ask)
      const text = Buffer.concat((await response.toArray()) as Buffer[]).toString()
      return { code: response.statusCode ?? 0, headers: response.headers, text }
    },
    webSocket(path, { protocols = [], headers = {} } = {}) {
      const socket = new WebSocket(canvas.url.replace('http', 'ws') + path, protocols, {
        headers: { cookie: fixture.cookie, ...headers },
      })
      webSockets.push(socket)
      return socket
    },
    async [Symbol.asyncDispose]() {
      for (const socket of webSockets) socket.terminate()
      await canvas.close()
      await rm(directory, { recursive: true })
    },
  }
  fixture.cookie = await login(fixture)
  return fixture
}

/** By a fresh link; answers name and value of the cookie. */
export async function login(fixture: CanvasFixture): Promise<string> {
  const { pathname, search } = new URL(fixture.canvas.loginUrl())
  const { headers } = await fixture.ask(pathname + search, { loggedIn: false })
  return headers['set-cookie']?.[0]?.split(';')[0] ?? ''
}

export interface ClusterFixture extends AsyncDisposable, Pick<KubeContext, 'cluster' | 'user'> {
  server: ApiServer
  /** In process, as system:masters. */
  admin: Client
}

export async function startCluster(): Promise<ClusterFixture> {
  const store = createMemoryStore()
  const server = await createApiServer({ store })
  const { cluster, user } = await parseKubeconfig(await server.adminKubeconfig()).context()
  const admin = createClient(
    server.transport({ username: 'admin', groups: ['system:masters', 'system:authenticated'] }),
  )
  return {
    server,
    admin,
    cluster,
    user,
    async [Symbol.asyncDispose]() {
      await server.close()
      await store.close()
    },
  }
}
