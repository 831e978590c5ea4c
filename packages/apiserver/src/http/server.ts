// The request path over HTTP, top to bottom: host check → authenticate → parse → authorize and dispatch → answer.

import type { IncomingMessage, ServerResponse } from 'node:http'
import {
  type Http2SecureServer,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
  Http2ServerRequest,
  Http2ServerResponse,
  createSecureServer,
} from 'node:http2'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import {
  type ResourceRequest,
  StatusError,
  type UserInfo,
  type Verb,
  badRequest,
  failure,
  methodNotAllowed,
  pathNotFound,
} from '@binnacle/api'
import { authenticate } from '../auth/authenticate.ts'
import { type AccessAttributes, attributesOf } from '../auth/authorizer.ts'
import { impersonate } from '../auth/impersonate.ts'
import type { Outcome } from '../call.ts'
import { dispatch, requireRoute } from '../dispatch.ts'
import type { DispatchContext } from '../dispatch-context.ts'
import type { Connector, ConnectCall } from '../streaming/index.ts'
import { validateAdmission } from '../verbs/write.ts'
import { type Body, UnreadableBody, mediaType, parseBody, patchTypeOf, readBytes, requireObject } from './body.ts'
import { requestTimeoutMs, withinTime } from './deadline.ts'
import { type Exchange, Http1Exchange, Http2Exchange } from './exchange.ts'
import { InFlight, type InFlightLimits } from './in-flight.ts'
import type { Metrics } from './metrics.ts'
import { negotiate } from './negotiate.ts'
import { type ParsedPath, optionsOf, parsePath, resourceRequest, verbOf } from './request-info.ts'
import { type Answer, PageNotFound, respond, respondError } from './respond.ts'

export interface RequestLogEntry {
  method: string
  target: string
  user: string
  userAgent: string
  code: number
  milliseconds: number
}

/** Everything that is no resource: discovery, health, OpenAPI, metrics. Answers true where the path was its own. */
export type PathHandler = (request: {
  exchange: Exchange
  path: string
  query: URLSearchParams
  user: UserInfo
  answer: Answer
}) => Promise<boolean> | boolean

export interface HttpServerOptions {
  context: DispatchContext
  tls: { key: string; cert: string; ca: string }
  connector: Connector | undefined
  paths: PathHandler
  metrics: Metrics
  limits: InFlightLimits
  /** Host names under which the server answers; a page that rebinds its own name to loopback is refused. */
  hosts: ReadonlySet<string>
  log: (entry: RequestLogEntry) => void
  onError: (error: unknown) => void
}

const connectSubresources: ReadonlySet<string> = new Set(['exec', 'attach', 'portforward', 'log', 'proxy'])
const connectResources: ReadonlySet<string> = new Set(['pods', 'services', 'nodes'])
const mutatingVerbs: ReadonlySet<Verb> = new Set(['create', 'update', 'patch', 'delete', 'deletecollection'])

export class HttpServer {
  readonly #options: HttpServerOptions
  readonly #server: Http2SecureServer
  readonly #inFlight: InFlight
  readonly #sockets = new Set<Socket>()
  /** The newest authority that was let in. */
  #lastAuthority = ''

  constructor(options: HttpServerOptions) {
    this.#options = options
    this.#inFlight = new InFlight(options.limits)
    const { key, cert, ca } = options.tls
    const settings = { maxConcurrentStreams: 1000, initialWindowSize: 1024 * 1024, enablePush: false }
    this.#server = createSecureServer({
      key,
      cert,
      ca,
      allowHTTP1: true,
      requestCert: true,
      rejectUnauthorized: false,
      settings,
      maxSessionMemory: 1000,
    })
    this.#server.on(
      'stream',
      (stream: ServerHttp2Stream, headers) => void this.#handle(new Http2Exchange(stream, headers), { stream }),
    )
    // HTTP/2 comes as streams; a listener for `request` alone would also switch on the slow compatibility layer for them.
    this.#server.removeAllListeners('newListener')
    this.#server.on(
      'request',
      (request: IncomingMessage, response: ServerResponse) =>
        void this.#handle(new Http1Exchange(request, response), { request, response }),
    )
    this.#server.on(
      'upgrade',
      (request: IncomingMessage, socket: Duplex, head: Buffer) => void this.#upgrade(request, socket, head),
    )
    this.#server.on('session', (session) => {
      session.setLocalWindowSize(16 * 1024 * 1024)
      session.on('error', () => session.destroy())
    })
    this.#server.on('sessionError', () => undefined)
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket)
      socket.setNoDelay(true)
      socket.once('close', () => this.#sockets.delete(socket))
    })
  }

  async listen(port: number, host: string): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(port, host, () => {
        this.#server.off('error', reject)
        resolve()
      })
    })
    this.#server.on('error', this.#options.onError)
    return (this.#server.address() as AddressInfo).port
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve))
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }

  async #handle(
    exchange: Exchange,
    raw: { stream: ServerHttp2Stream } | { request: IncomingMessage; response: ServerResponse },
  ): Promise<void> {
    const started = performance.now()
    const url = splitTarget(exchange.target)
    const warnings: string[] = []
    const answer: Answer = {
      exchange,
      query: url.query,
      warnings,
      now: () => this.#options.context.engine.backend.clock.now(),
    }
    let user = ''
    let code = 200
    try {
      this.#requireHost(exchange)
      const { authorizer } = this.#options.context
      const parsed = parsePath(url.path)
      const verb = parsed === undefined ? undefined : requestVerb(exchange.method, parsed, url.query)
      const attributes: AccessAttributes =
        parsed === undefined || verb === undefined
          ? { path: url.path, verb: exchange.method.toLowerCase() }
          : attributesOf({ ...parsed, verb })
      const own = await authenticate(exchange.headers, exchange.socket, authorizer.tokens)
      const identity = impersonate(exchange.headers, own, { attributes, authorizer })
      user = identity.username
      if (parsed === undefined) {
        authorizer.require(attributes, identity)
        if (!(await this.#options.paths({ exchange, path: url.path, query: url.query, user: identity, answer })))
          throw isApiPath(url.path, this.#options.context.registry) ? pathNotFound() : new PageNotFound()
      } else if (verb === undefined) throw methodNotAllowed()
      else if (isConnect(parsed)) {
        await this.#connect({ parsed, verb, query: url.query, user: identity }, raw, exchange)
      } else {
        code = await this.#resource(answer, { parsed, verb, user: identity }, warnings)
      }
    } catch (error) {
      if (!(error instanceof StatusError || error instanceof PageNotFound)) this.#options.onError(error)
      code = exchange.isAnswered ? 0 : respondError(answer, error)
    }
    const userAgent = exchange.headers['user-agent'] ?? ''
    this.#options.log({
      method: exchange.method,
      target: exchange.target,
      user,
      userAgent,
      code,
      milliseconds: performance.now() - started,
    })
  }

  async #resource(answer: Answer, { parsed, verb, user }: Target, warnings: string[]): Promise<number> {
    const isMutating = mutatingVerbs.has(verb)
    const isLongRunning = verb === 'watch'
    const scope = parsed.name !== undefined ? 'resource' : parsed.namespace !== undefined ? 'namespace' : 'cluster'
    const { group, version, resource, subresource = '' } = parsed
    const labels = {
      verb: verb === 'update' ? 'PUT' : verb === 'create' ? 'POST' : verb.toUpperCase(),
      group,
      version,
      resource,
      subresource,
      scope,
    }
    const leave = isLongRunning ? undefined : this.#inFlight.enter(isMutating ? 'mutating' : 'reading', user)
    const done = this.#options.metrics.begin(labels, { isMutating, isLongRunning })
    let code = 500
    try {
      const { clock } = this.#options.context.engine.backend
      const timeoutMs = requestTimeoutMs(answer.query)
      const work = this.#dispatch(answer, { parsed, verb, user }, warnings)
      const outcome = isLongRunning ? await work : await withinTime(work, timeoutMs, clock)
      code = outcome.type === 'object' ? outcome.code : 200
      await respond(answer, outcome)
    } catch (error) {
      code = error instanceof StatusError ? error.code : 500
      throw error
    } finally {
      leave?.()
      done(code)
    }
    return code
  }

  async #dispatch({ exchange, query }: Answer, { parsed, verb, user }: Target, warnings: string[]): Promise<Outcome> {
    const { authorizer, registry } = this.#options.context
    // Before the body is read: who may not ask sends nothing in vain.
    authorizer.require(attributesOf({ ...parsed, verb }), user)
    if (!registry.hasGroup(parsed.group)) throw new PageNotFound()
    const contentType = exchange.headers['content-type']
    let body: Body = { value: undefined, decodeErrors: [] }
    const request = resourceRequest(parsed, verb, optionsOf(query))
    const row = registry.find(parsed.group, parsed.version, parsed.resource)
    if (row === undefined) throw pathNotFound()
    requireRoute(request, row)
    if (verb === 'patch') request.patchType = patchTypeOf(contentType ?? '')
    if (mutatingVerbs.has(verb)) {
      const bytes = await readBytes(exchange.body, exchange.headers['content-length'])
      // A write whose answer the client would not take is not made.
      negotiate(exchange.headers.accept, { transform: true, protobuf: true })
      try {
        body = await parseBody(bytes, bodyType(contentType))
        if (body.value === undefined && verb !== 'delete' && verb !== 'deletecollection')
          throw new UnreadableBody('', 'unexpected end of JSON input')
        if (verb === 'create' || verb === 'update') requireObject(bytes, body.value)
      } catch (error) {
        throw error instanceof UnreadableBody ? this.#unreadable(request, error) : error
      }
      if (body.value !== undefined) request.body = body.value
    }
    return dispatch(this.#options.context, request, {
      user,
      userAgent: exchange.headers['user-agent'] ?? '',
      warn: (message) => warnings.push(message),
      decodeErrors: body.decodeErrors,
      ...(body.text === undefined ? {} : { text: body.text }),
      isAuthorized: true,
    })
  }

  #unreadable({ verb, patchType, ...path }: ResourceRequest, { message, excerpt }: UnreadableBody): StatusError {
    if (patchType === 'application/apply-patch+yaml') return badRequest(`error decoding YAML: ${message}`)
    if (verb === 'patch') return badRequest(`error decoding patch: ${message}`)
    const info = this.#options.context.registry.find(path.group, path.version, path.resource)?.info
    const kind = info?.subresources.find(({ name }) => name === path.subresource)?.kind ?? info?.kind ?? ''
    return badRequest(
      `the object provided is unrecognized (must be of type ${kind}): couldn't get version/kind; json parse error: ${message} (${excerpt})`,
    )
  }

  async #connect(
    target: ConnectTarget,
    raw: { stream: ServerHttp2Stream } | { request: IncomingMessage; response: ServerResponse },
    exchange: Exchange,
  ): Promise<void> {
    const call = await this.#admitConnect(target)
    if ('request' in raw) {
      await this.#connector().respond(call, raw.request, raw.response)
      return
    }
    const { stream } = raw
    // The proxy speaks in requests and responses; only these few streams pay for the compatibility objects.
    const request = new Http2ServerRequest(stream, exchange.headers, {}, [])
    const response = new Http2ServerResponse(stream)
    await this.#connector().respond(call, request, response)
  }

  async #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const { path, query } = splitTarget(request.url ?? '/')
    socket.on('error', () => socket.destroy())
    try {
      this.#requireHost(request)
      const { authorizer } = this.#options.context
      const own = await authenticate(request.headers, request.socket as TLSSocket, authorizer.tokens)
      const parsed = parsePath(path)
      const verb = parsed === undefined ? undefined : requestVerb(request.method ?? 'GET', parsed, query)
      if (parsed === undefined || verb === undefined || !isConnect(parsed)) throw pathNotFound()
      const attributes = attributesOf({ ...parsed, verb })
      const user = impersonate(request.headers, own, { attributes, authorizer })
      const call = await this.#admitConnect({ parsed, verb, query, user })
      await this.#connector().upgrade(call, request, socket, head)
    } catch (error) {
      if (!(error instanceof StatusError)) this.#options.onError(error)
      const status =
        error instanceof StatusError ? error.status : failure('InternalError', 'the server failed; see its log').status
      const text = JSON.stringify(status)
      socket.end(
        `HTTP/1.1 ${status.code} ${status.reason}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(text)}\r\nconnection: close\r\n\r\n${text}`,
      )
    }
  }

  #connector(): Connector {
    if (this.#options.connector === undefined)
      throw failure('ServiceUnavailable', 'this server has no way to node agents')
    return this.#options.connector
  }

  async #admitConnect({ parsed, verb, query, user }: ConnectTarget): Promise<ConnectCall> {
    const { authorizer, engine, registry } = this.#options.context
    const { resource, subresource = '', name = '', namespace } = parsed
    const row = registry.find(parsed.group, parsed.version, resource)
    const known = row?.info.subresources.some((one) => one.name === subresource)
    if (row === undefined || !known) throw pathNotFound()
    authorizer.require(attributesOf({ ...parsed, verb, name: subresource === 'proxy' ? bareName(name) : name }), user)
    if (subresource !== 'log') {
      await validateAdmission(engine, {
        operation: 'CONNECT',
        resource: row.info,
        subresource,
        name,
        user,
        options: {},
        dryRun: false,
        warn: () => undefined,
        ...(namespace === undefined ? {} : { namespace }),
      })
    }
    return {
      resource: resource as ConnectCall['resource'],
      subresource: subresource as ConnectCall['subresource'],
      namespace,
      name,
      path: parsed.rest === '' && !parsed.hasTrailingSlash ? '' : `/${parsed.rest}`,
      query,
    }
  }

  /** DNS rebinding: a web page whose name resolves to loopback sends its own name as Host. */
  #requireHost({ headers }: { headers: IncomingHttpHeaders }): void {
    const authority = headers[':authority'] ?? headers.host ?? ''
    // Most requests name the host that the one before did.
    if (authority !== this.#lastAuthority) {
      const host = authority.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1')
      if (host !== '' && !this.#options.hosts.has(host) && !/^127(\.\d+){3}$/.test(host)) {
        throw failure('Forbidden', `host ${JSON.stringify(host)} is not served here`)
      }
      this.#lastAuthority = authority
    }
    const { origin } = headers
    if (origin === undefined) return
    const originHost = URL.canParse(origin) ? new URL(origin).hostname : ''
    if (!this.#options.hosts.has(originHost) && !/^127(\.\d+){3}$/.test(originHost))
      throw failure('Forbidden', `origin ${JSON.stringify(origin)} is not allowed`)
  }
}

function splitTarget(target: string): { path: string; query: URLSearchParams } {
  const mark = target.indexOf('?')
  return mark < 0
    ? { path: target, query: noQuery }
    : { path: target.slice(0, mark), query: new URLSearchParams(target.slice(mark + 1)) }
}

const noQuery = new URLSearchParams()

/** Below a group that is served, or in the core group; the rest is nobody's. */
function isApiPath(path: string, registry: DispatchContext['registry']): boolean {
  const [, root, group = ''] = path.split('/')
  return (root === 'api' && group !== '') || (root === 'apis' && group !== '' && registry.hasGroup(group))
}

interface Target {
  parsed: ParsedPath
  verb: Verb
  user: UserInfo
}

interface ConnectTarget extends Target {
  query: URLSearchParams
}

const streamSubresources: ReadonlySet<string> = new Set(['exec', 'attach', 'portforward'])

/** exec, attach and port-forward need `create` whatever the method (1.35); the proxies go by the method. */
function requestVerb(method: string, parsed: ParsedPath, query: URLSearchParams): Verb | undefined {
  if (!isConnect(parsed)) return verbOf(method, parsed, query)
  if (streamSubresources.has(parsed.subresource ?? '')) return 'create'
  return verbOf(method, parsed, noQuery) ?? 'get'
}

function isConnect({ group, resource, subresource }: ParsedPath): boolean {
  return (
    group === '' && connectResources.has(resource) && subresource !== undefined && connectSubresources.has(subresource)
  )
}

/** `https:web:80` is the object web. */
function bareName(name: string): string {
  const parts = name.split(':')
  return parts.length >= 3 ? (parts[1] ?? '') : (parts[0] ?? '')
}

/** Patch documents are JSON except for apply, which is YAML. */
function bodyType(contentType: string | undefined): string | undefined {
  const type = mediaType(contentType)
  return type.endsWith('-patch+json') ? 'application/json' : type
}
