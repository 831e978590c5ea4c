// The node's own API on a TLS port of the loopback address, for clients with a certificate of the cluster only: logs,
// exec, attach, port-forward, stats. Paths and parameters: pkg/kubelet/server/server.go.

import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Server, createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import type { Pod } from '@binnacle/api'
import type { ContainerRuntime, ContainerSnapshot, LogOptions, StreamOptions } from '../runtime.ts'
import { CpuRates } from './cpu-rates.ts'
import { servePortChannels, servePortForward } from './port-forward.ts'
import {
  acceptLogSocket,
  acceptPortSocket,
  acceptSpdyStreams,
  acceptTunnel,
  acceptWebSocketStreams,
  isSpdy,
  isTunnel,
  isWebSocket,
  serveSession,
  upgradeToSpdy,
} from './remote-command.ts'

export interface ServingOptions {
  /** PEM. */
  certificate: string
  key: string
  /** PEM of the authority that signs clients which may ask. */
  clientCa: string
  /** 0 or absent: any free port. */
  port?: number | undefined
  host?: string | undefined
}

export interface PodView {
  pod: Pod
  container(name: string, previous?: boolean): ContainerSnapshot | undefined
}

export interface KubeletServerOptions {
  serving: ServingOptions
  runtime: ContainerRuntime
  nodeName: string
  /** In the order in which they came to the node. */
  pods(): readonly PodView[]
  now(): number
}

class HttpError extends Error {
  readonly code: number
  constructor(code: number, message: string) {
    super(message)
    this.name = 'HttpError'
    this.code = code
  }
}

/** `port=80,81&port=82`; Go's words for what is none. */
function forwardedPorts(texts: readonly string[]): number[] {
  if (texts.length === 0) throw new HttpError(400, 'query parameter "port" is required')
  if (texts.includes('')) throw new HttpError(400, 'query parameter "port" cannot be empty')
  return texts.flatMap((text) =>
    text.split(',').map((word) => {
      const port = /^\d+$/.test(word) ? Number(word) : Number.NaN
      if (port === 0) throw new HttpError(400, `port ${JSON.stringify(text)} must be > 0`)
      if (port <= 0xffff) return port
      const why = Number.isNaN(port) ? 'invalid syntax' : 'value out of range'
      throw new HttpError(
        400,
        `unable to parse ${JSON.stringify(text)} as a port: strconv.ParseUint: parsing ${JSON.stringify(word)}: ${why}`,
      )
    }),
  )
}

export class KubeletServer {
  readonly #options: KubeletServerOptions
  readonly #cpuRates = new CpuRates()
  readonly #server: Server
  readonly #sockets = new Set<Duplex>()

  constructor(options: KubeletServerOptions) {
    this.#options = options
    const { certificate, key, clientCa } = options.serving
    this.#server = createServer({ cert: certificate, key, ca: clientCa, requestCert: true, rejectUnauthorized: true })
    for (const event of ['connection', 'secureConnection'] as const)
      this.#server.on(event, (socket: Duplex) => {
        this.#sockets.add(socket)
        socket.once('close', () => this.#sockets.delete(socket))
      })
    this.#server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      this.#answer(request, response).catch((error: unknown) => refuse(response, error))
    })
    this.#server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      socket.on('error', () => socket.destroy())
      this.#upgrade(request, socket, head).catch((error: unknown) => {
        const code = error instanceof HttpError ? error.code : 500
        const message = error instanceof Error ? error.message : String(error)
        socket.end(
          `HTTP/1.1 ${code} ${code === 404 ? 'Not Found' : 'Error'}\r\nContent-Type: text/plain\r\nContent-Length: ${Buffer.byteLength(message)}\r\nConnection: close\r\n\r\n${message}`,
        )
      })
    })
  }

  /** The port. */
  async listen(): Promise<number> {
    const { port = 0, host = '127.0.0.1' } = this.#options.serving
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(port, host, resolve)
    })
    return (this.#server.address() as AddressInfo).port
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    // Those in the middle of their handshake, too: the server would wait two minutes for them.
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    authorize(request)
    const url = new URL(request.url ?? '/', 'https://node')
    const [kind, ...rest] = url.pathname.split('/').slice(1).map(decodeURIComponent)
    switch (kind) {
      case 'healthz':
        response.end('ok')
        return
      case 'pods':
        sendJson(response, {
          kind: 'PodList',
          apiVersion: 'v1',
          metadata: {},
          items: this.#options.pods().map(({ pod }) => pod),
        })
        return
      case 'containerLogs':
        return this.#logs(rest, url.searchParams, { request, response })
      case 'stats':
        sendJson(response, await this.#summary())
        return
      case 'metrics':
        response.setHeader('content-type', 'text/plain; version=0.0.4')
        response.end(await this.#resourceMetrics())
        return
      case 'run':
        return this.#run(rest, url.searchParams, response)
      case 'exec':
      case 'attach':
      case 'portForward':
        throw new HttpError(400, 'Upgrade request required')
      default:
        throw new HttpError(404, '404 page not found')
    }
  }

  #pod(namespace: string | undefined, name: string | undefined): PodView {
    // The newest of that name: the one before it may still be ending.
    const found = this.#options
      .pods()
      .findLast(({ pod }) => pod.metadata.name === name && pod.metadata.namespace === namespace)
    if (found === undefined) throw new HttpError(404, `pod "${name}" does not exist`)
    return found
  }

  #container([namespace, name, container = '']: readonly string[], previous = false): ContainerSnapshot {
    const view = this.#pod(namespace, name)
    const found = view.container(container, previous)
    if (found !== undefined) return found
    const spec = view.pod.spec
    const known = [
      ...(spec?.initContainers ?? []),
      ...(spec?.containers ?? []),
      ...(spec?.ephemeralContainers ?? []),
    ].some((each) => each.name === container)
    if (!known) throw new HttpError(404, `container "${container}" in pod "${name}" is not available`)
    throw new HttpError(
      400,
      previous
        ? `previous terminated container "${container}" in pod "${name}" not found`
        : `container "${container}" in pod "${name}" is waiting to start: ${waitingFor(view.pod, container)}`,
    )
  }

  async #logs(
    path: readonly string[],
    query: URLSearchParams,
    { request, response }: { request: IncomingMessage; response: ServerResponse },
  ): Promise<void> {
    const snapshot = this.#container(path, query.get('previous') === 'true')
    const stop = new AbortController()
    response.once('close', () => stop.abort())
    response.writeHead(200, { 'content-type': 'text/plain', 'transfer-encoding': 'chunked' })
    response.flushHeaders()
    for await (const chunk of this.#options.runtime.readLog(snapshot.id, this.#logOptions(query), stop.signal)) {
      if (response.write(chunk)) continue
      await new Promise<void>((resolve) => {
        response.once('drain', resolve)
        request.once('close', () => resolve())
      })
    }
    response.end()
  }

  #logOptions(query: URLSearchParams): LogOptions {
    const number = (name: string): number | undefined => {
      const text = query.get(name)
      if (text === null || text === '') return undefined
      const value = Number(text)
      if (!Number.isInteger(value) || value < 0) throw new HttpError(400, `invalid value for ${name}: ${text}`)
      return value
    }
    const seconds = number('sinceSeconds')
    const time = query.get('sinceTime')
    return {
      follow: query.get('follow') === 'true',
      timestamps: query.get('timestamps') === 'true',
      tailLines: number('tailLines'),
      limitBytes: number('limitBytes'),
      since: seconds !== undefined ? this.#options.now() - seconds * 1000 : time ? Date.parse(time) : undefined,
    }
  }

  async #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    authorize(request)
    const url = new URL(request.url ?? '/', 'https://node')
    const [kind, ...path] = url.pathname.split('/').slice(1).map(decodeURIComponent)
    const { runtime } = this.#options
    if (!isWebSocket(request) && !isSpdy(request)) throw new HttpError(400, 'unable to upgrade: unknown protocol')
    if (head.length > 0 && isSpdy(request)) socket.unshift(head)
    if (kind === 'portForward') {
      const { name, uid = '' } = this.#pod(path[0], path[1]).pod.metadata
      const address = (port: number): { host: string; port: number } => runtime.address(uid, port)
      if (isSpdy(request)) servePortForward(upgradeToSpdy(socket, 'portforward.k8s.io'), address)
      else if (isTunnel(request)) servePortForward(await acceptTunnel(request, socket, head), address)
      else {
        const ports = forwardedPorts(url.searchParams.getAll('port'))
        const targets = ports.map((port) => ({ port, address: address(port) }))
        const client = await acceptPortSocket(request, socket, head)
        servePortChannels(client, { targets, pod: `pod ${name}, uid ${uid}` })
      }
      return
    }
    const snapshot = this.#container(path)
    if (kind === 'containerLogs') return this.#logSocket(snapshot, url.searchParams, { request, socket, head })
    if (kind !== 'exec' && kind !== 'attach') throw new HttpError(404, '404 page not found')
    const options = streamOptions(url.searchParams)
    const command = url.searchParams.getAll('command')
    if (kind === 'exec' && command.length === 0)
      throw new HttpError(400, 'you must specify at least 1 command for the container')
    const streams = isSpdy(request)
      ? await acceptSpdyStreams(request, socket, options)
      : await acceptWebSocketStreams(request, socket, { head, options })
    // The words before a failure are those of ServeExec and ServeAttach (k8s.io/cri-streaming pkg/streaming/remotecommand).
    if (kind === 'exec')
      await serveSession(streams, 'executing command in container', () => runtime.exec(snapshot.id, command, options))
    else await serveSession(streams, 'attaching to container', () => runtime.attach(snapshot.id, options))
  }

  async #logSocket(
    snapshot: ContainerSnapshot,
    query: URLSearchParams,
    { request, socket, head }: { request: IncomingMessage; socket: Duplex; head: Buffer },
  ): Promise<void> {
    const webSocket = await acceptLogSocket(request, socket, head)
    const stop = new AbortController()
    webSocket.on('close', () => stop.abort())
    const base64 = webSocket.protocol.includes('base64')
    for await (const chunk of this.#options.runtime.readLog(snapshot.id, this.#logOptions(query), stop.signal))
      await new Promise<void>((resolve) => webSocket.send(base64 ? chunk.toString('base64') : chunk, () => resolve()))
    webSocket.close(1000)
  }

  /** The output of a command, without streaming. */
  async #run(path: readonly string[], query: URLSearchParams, response: ServerResponse): Promise<void> {
    const snapshot = this.#container(path)
    const command = (query.get('cmd') ?? '').split(' ').filter((word) => word !== '')
    const session = await this.#options.runtime.exec(snapshot.id, command, {
      stdin: false,
      stdout: true,
      stderr: true,
      tty: false,
    })
    session.stdout?.pipe(response, { end: false })
    session.stderr?.pipe(response, { end: false })
    await session.exit
    response.end()
  }

  async #summary(): Promise<object> {
    const now = this.#options.now()
    const time = new Date(now).toISOString()
    const seen = new Set<string>()
    const pods = await Promise.all(
      this.#options.pods().map(async ({ pod }) => {
        const { name, namespace, uid } = pod.metadata
        const containers = await Promise.all(
          this.#options.runtime.containers(uid).map(async (snapshot) => {
            const usage = await this.#options.runtime.stats(snapshot.id)
            if (usage === undefined) return undefined
            seen.add(snapshot.id)
            const usageNanoCores = this.#cpuRates.rate(snapshot.id, usage.cpuNanoseconds, now)
            return {
              name: snapshot.name,
              startTime: new Date(snapshot.startedAt).toISOString(),
              cpu: {
                time,
                ...(usageNanoCores === undefined ? {} : { usageNanoCores }),
                usageCoreNanoSeconds: usage.cpuNanoseconds,
              },
              memory: { time, workingSetBytes: usage.memoryBytes, rssBytes: usage.memoryBytes },
            }
          }),
        )
        return {
          podRef: { name, namespace, uid },
          startTime: pod.status?.startTime,
          containers: containers.filter(Boolean),
        }
      }),
    )
    this.#cpuRates.keep(seen)
    return { node: { nodeName: this.#options.nodeName, startTime: time }, pods }
  }

  async #resourceMetrics(): Promise<string> {
    const cpu: string[] = []
    const memory: string[] = []
    for (const { pod } of this.#options.pods()) {
      for (const snapshot of this.#options.runtime.containers(pod.metadata.uid)) {
        const usage = await this.#options.runtime.stats(snapshot.id)
        if (usage === undefined) continue
        const labels = `{container="${snapshot.name}",namespace="${pod.metadata.namespace}",pod="${pod.metadata.name}"}`
        cpu.push(`container_cpu_usage_seconds_total${labels} ${usage.cpuNanoseconds / 1e9}`)
        memory.push(`container_memory_working_set_bytes${labels} ${usage.memoryBytes}`)
      }
    }
    return [
      '# TYPE container_cpu_usage_seconds_total counter',
      ...cpu,
      '# TYPE container_memory_working_set_bytes gauge',
      ...memory,
      '',
    ].join('\n')
  }
}

/** The cluster's authority signs certificates of ordinary users too: only those of the API server's group may ask here. */
function authorize(request: IncomingMessage): void {
  const subject = (request.socket as TLSSocket).getPeerCertificate().subject as { O?: string | string[] } | undefined
  if (![subject?.O].flat().includes('system:masters')) throw new HttpError(403, 'Forbidden')
}

/** kubelet's own names, and those of the API server, so that a query may be passed on as it is. */
function streamOptions(query: URLSearchParams): StreamOptions {
  const set = (...names: string[]): boolean => names.some((name) => ['1', 'true'].includes(query.get(name) ?? ''))
  return {
    stdin: set('input', 'stdin'),
    stdout: set('output', 'stdout'),
    stderr: set('error', 'stderr'),
    tty: set('tty'),
  }
}

function sendJson(response: ServerResponse, value: object): void {
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify(value))
}

function refuse(response: ServerResponse, error: unknown): void {
  if (response.headersSent) {
    response.destroy()
    return
  }
  response.writeHead(error instanceof HttpError ? error.code : 500, { 'content-type': 'text/plain' })
  response.end(error instanceof Error ? error.message : String(error))
}

/** Why a container does not run yet, in the words of validateContainerLogStatus (pkg/kubelet/kubelet_pods.go). */
function waitingFor({ status }: Pod, container: string): string {
  const statuses = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])]
  const reason = statuses.find(({ name }) => name === container)?.state?.waiting?.reason
  if (reason === 'ErrImagePull') return "image can't be pulled"
  if (reason === 'ImagePullBackOff') return 'trying and failing to pull image'
  return reason ?? 'ContainerCreating'
}
