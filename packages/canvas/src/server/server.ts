// The Canvas's server: the page, and behind it the Kubernetes API with the user's own credentials. Listens on loopback
// only. The path of a request, top to bottom: own host and origin → one-time link → session → proxy, watch or page.

import { randomBytes } from 'node:crypto'
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { type Clock, StatusError, failure, internalError, unauthorized } from '@binnacle/api'
import {
  type ApiConnection,
  type Cluster,
  type HttpTransport,
  type User,
  createApiConnection,
  createClient,
  createHttpTransport,
} from '@binnacle/client'
import { isFromAnotherSite, isLoopback, refusedBecause } from './access.ts'
import { gatePage, refuseUpgrade, send, sendJson, sendStatus } from './answers.ts'
import { proxyRequest, proxyRoot, proxyUpgrade, unreachable } from './api-proxy.ts'
import { sendAsset } from './assets.ts'
import { LoginTokens, createLoginLink } from './login-links.ts'
import { PortForwards, forwardsRoot } from './port-forwards.ts'
import { Sessions } from './sessions.ts'
import { WatchHub } from './watch-hub.ts'

export interface CanvasServerOptions {
  cluster: Cluster
  user: User
  /** What the page says of where it is. */
  context: { name: string; namespace: string }
  /** A loopback address. */
  host?: string
  /** 0: any free one. */
  port: number
  /** Folder of the built page. */
  assets: string
  /** Figures of the engine's own Service proxy; without it the cluster has to have its own metrics. */
  traffic?: () => Promise<unknown>
  /** File in which logins outlive the server. */
  sessions?: string
  /** What one-time links are sealed with, at least 32 bytes; random without it. */
  linkKey?: Uint8Array
  onError: (error: unknown) => void
  clock: Clock
}

export interface CanvasServer {
  /** `http://127.0.0.1:7070` */
  readonly url: string
  /** A new one-time link, to `path` with its query, or to `/`. */
  loginUrl(path?: string): string
  close(): Promise<void>
}

/** Throws where the host is not loopback; rejects with the system's error where the port cannot be had. */
export async function startCanvasServer(options: CanvasServerOptions): Promise<CanvasServer> {
  const { host = '127.0.0.1', clock, onError } = options
  if (!isLoopback(host)) throw new Error(`the Canvas is served on loopback only, not on ${host}`)
  const sessions = await Sessions.open({ clock, file: options.sessions, onError })
  const server = new CanvasHttpServer(options, sessions)
  await server.listen(options.port, host)
  return server
}

/** Beside what lies below them. */
const dataPaths: ReadonlySet<string> = new Set(['/context', '/watch', '/traffic', forwardsRoot])

class CanvasHttpServer implements CanvasServer {
  readonly #options: CanvasServerOptions
  readonly #sessions: Sessions
  readonly #linkKey: Uint8Array
  readonly #tokens: LoginTokens
  readonly #api: ApiConnection
  readonly #watches: WatchHub
  readonly #transport: HttpTransport
  readonly #forwards: PortForwards
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #port = 0
  #url = ''

  constructor(options: CanvasServerOptions, sessions: Sessions) {
    const { cluster, user, clock, linkKey = randomBytes(32) } = options
    this.#options = options
    this.#sessions = sessions
    this.#linkKey = linkKey
    this.#tokens = new LoginTokens(linkKey, clock)
    const asUser = { cluster, user, clock, userAgent: 'binnacle-canvas' }
    this.#api = createApiConnection(asUser)
    this.#watches = new WatchHub({ api: this.#api, clock })
    this.#transport = createHttpTransport(asUser)
    this.#forwards = new PortForwards({ api: this.#api, client: createClient(this.#transport), clock })
    this.#server = createServer({ keepAliveTimeout: 60_000 })
    this.#server.on('request', (request, response) => void this.#handle(request, response))
    this.#server.on('upgrade', (request, socket, head) => void this.#upgrade(request, socket, head))
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket)
      socket.once('close', () => this.#sockets.delete(socket))
    })
  }

  get url(): string {
    return this.#url
  }

  loginUrl(path = '/'): string {
    return createLoginLink({ origin: this.#url, key: this.#linkKey, clock: this.#options.clock, path })
  }

  async listen(port: number, host: string): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#server.once('error', reject)
    this.#server.listen(port, host, resolve)
    await promise
    this.#server.off('error', reject)
    this.#server.on('error', this.#options.onError)
    this.#port = (this.#server.address() as AddressInfo).port
    this.#url = `http://${host.includes(':') ? `[${host}]` : host}:${this.#port}`
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve))
    this.#watches.close()
    this.#forwards.close()
    for (const socket of this.#sockets) socket.destroy()
    this.#api.close()
    this.#transport.close()
    await closed
    await this.#sessions.close()
  }

  /** Cookies do not know ports: two servers on one host would log each other out. */
  get #cookieName(): string {
    return `binnacle-canvas-${this.#port}`
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const target = request.url ?? '/'
    try {
      const refused = refusedBecause(request.headers, this.#port)
      if (refused !== undefined) {
        send(response, { code: 403, type: 'text/plain; charset=utf-8', body: `${refused}\n` })
        return
      }
      const { pathname, searchParams } = new URL(target, this.#url)
      const path = decodePath(pathname)
      const isData = dataPaths.has(path) || isBelow(path, proxyRoot) || isBelow(path, forwardsRoot)
      if (!isData && request.method === 'GET' && searchParams.has('token')) {
        this.#redeem({ request, response, searchParams, pathname })
        return
      }
      const hasSession = this.#sessions.has(request.headers.cookie, this.#cookieName)
      if (isData) {
        this.#requireOwnPage(request, hasSession)
        await this.#data({ request, response, path, target })
      } else if (!hasSession) {
        const body = gatePage('Nobody is logged in to this Canvas from this browser yet.')
        send(response, { code: 401, type: 'text/html; charset=utf-8', body })
      } else if (request.method !== 'GET' && request.method !== 'HEAD') {
        send(response, {
          code: 405,
          type: 'text/plain',
          body: 'a page is only read\n',
          headers: { allow: 'GET, HEAD' },
        })
      } else await sendAsset(this.#options.assets, { request, response, path })
    } catch (error) {
      if (!(error instanceof StatusError)) this.#options.onError(error)
      sendStatus(
        response,
        error instanceof StatusError ? error : internalError('the Canvas server failed; see its log'),
      )
    }
  }

  #redeem({ request, response, searchParams, pathname }: LinkRequest): void {
    const isGood = this.#tokens.redeem(searchParams.get('token') ?? '')
    // The link once more, from the history.
    if (!isGood && !this.#sessions.has(request.headers.cookie, this.#cookieName)) {
      const body = gatePage('This link was used before, or is older than ten minutes.')
      send(response, { code: 401, type: 'text/html; charset=utf-8', body })
      return
    }
    searchParams.delete('token')
    const query = searchParams.toString()
    const location = `/${pathname.replace(/^\/+/, '')}${query === '' ? '' : `?${query}`}`
    const cookie = isGood ? { 'set-cookie': this.#sessions.begin(this.#cookieName) } : {}
    if (!isFromAnotherSite(request.headers)) {
      send(response, { code: 303, type: 'text/plain', body: '', headers: { location, ...cookie } })
      return
    }
    // A strict cookie does not go along a redirect that another site began; it does when this page goes on.
    const body = `<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0;url=${escapeHtml(location)}">`
    send(response, { code: 200, type: 'text/html; charset=utf-8', body, headers: cookie })
  }

  #requireOwnPage({ headers }: IncomingMessage, hasSession: boolean): void {
    if (isFromAnotherSite(headers)) throw failure('Forbidden', 'only the Canvas itself may ask here')
    if (!hasSession) throw unauthorized('not logged in to the Canvas: `binnacle open` gives a link')
  }

  async #data({ request, response, path, target }: DataRequest): Promise<void> {
    const { context, traffic } = this.#options
    if (path === '/context') {
      sendJson(response, { ...context, server: this.#api.origin, hasTraffic: traffic !== undefined })
    } else if (path === '/watch') {
      throw failure('BadRequest', '/watch is a WebSocket')
    } else if (path === '/traffic') {
      if (traffic === undefined) throw failure('NotFound', "this cluster's figures come from its own metrics")
      sendJson(response, await traffic())
    } else if (path === forwardsRoot || isBelow(path, forwardsRoot)) {
      await this.#forwards.answer(request, response, path)
    } else {
      try {
        await proxyRequest(this.#api, { request, response, path: belowRoot(target) })
      } catch (error) {
        // Nobody is left to tell.
        if (!response.destroyed) throw unreachable(this.#api, error)
      }
    }
  }

  async #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const target = request.url ?? '/'
    socket.on('error', () => socket.destroy())
    try {
      const refused = refusedBecause(request.headers, this.#port)
      if (refused !== undefined) throw failure('Forbidden', refused)
      const path = decodePath(new URL(target, this.#url).pathname)
      this.#requireOwnPage(request, this.#sessions.has(request.headers.cookie, this.#cookieName))
      if (path === '/watch') this.#watches.upgrade(request, socket, head)
      else if (isBelow(path, proxyRoot)) await this.#proxyUpgrade({ request, socket, head, path: belowRoot(target) })
      else throw failure('NotFound', `${path} is no WebSocket`)
    } catch (error) {
      if (!(error instanceof StatusError)) this.#options.onError(error)
      const { code, status } =
        error instanceof StatusError ? error : internalError('the Canvas server failed; see its log')
      refuseUpgrade(socket, code, JSON.stringify(status))
    }
  }

  async #proxyUpgrade(upgrade: Parameters<typeof proxyUpgrade>[1]): Promise<void> {
    try {
      await proxyUpgrade(this.#api, upgrade)
    } catch (error) {
      throw unreachable(this.#api, error)
    }
  }
}

interface LinkRequest {
  request: IncomingMessage
  response: ServerResponse
  searchParams: URLSearchParams
  pathname: string
}

interface DataRequest {
  request: IncomingMessage
  response: ServerResponse
  path: string
  target: string
}

/** Throws BadRequest. */
function decodePath(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch (error) {
    throw failure('BadRequest', `the path ${path} is not well encoded`, { cause: error })
  }
}

function isBelow(path: string, root: string): boolean {
  return path.startsWith(`${root}/`)
}

/** As it came, since how a path is encoded is the API server's to read. */
function belowRoot(target: string): string {
  if (!isBelow(target, proxyRoot)) throw failure('BadRequest', `the path has to begin with ${proxyRoot}/`)
  return target.slice(proxyRoot.length)
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;')
}
