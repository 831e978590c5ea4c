// What probes and lifecycle hooks do: run a command, ask a URL, open a connection, call a gRPC health service.
// Upstream: pkg/probe, pkg/kubelet/lifecycle.

import { connect as connectHttp2 } from 'node:http2'
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { connect } from 'node:net'
import type { Clock, Container, Pod } from '@binnacle/api'
import type { ContainerRuntime } from '../runtime.ts'

export interface ActionTarget {
  pod: Pod
  container: Pick<Container, 'name' | 'ports'>
  containerId: string
  runtime: ContainerRuntime
  clock: Clock
  /** Of the whole action; a sleep is cut to it. */
  timeoutMs: number
  /** Ends what is under way: the result is then a failure. */
  signal?: AbortSignal | undefined
}

export interface ActionResult {
  ok: boolean
  output: string
}

interface HttpGet {
  path?: string | undefined
  port: number | string
  host?: string | undefined
  scheme?: string | undefined
  httpHeaders?: { name: string; value: string }[] | undefined
}

export interface Action {
  exec?: { command?: string[] | undefined } | undefined
  httpGet?: HttpGet | undefined
  tcpSocket?: { port: number | string; host?: string | undefined } | undefined
  grpc?: { port: number; service?: string | undefined } | undefined
  sleep?: { seconds: number } | undefined
}

/** Never rejects: what went wrong is the output. */
export async function perform(action: Action, target: ActionTarget): Promise<ActionResult> {
  try {
    if (action.exec) return await exec(action.exec.command ?? [], target)
    if (action.httpGet) return await httpGet(action.httpGet, target)
    if (action.tcpSocket) return await tcpSocket(action.tcpSocket, target)
    if (action.grpc) return await grpcHealth(action.grpc, target)
    if (action.sleep) return await sleep(action.sleep.seconds * 1000, target)
    return { ok: true, output: '' }
  } catch (error) {
    return { ok: false, output: error instanceof Error ? error.message : String(error) }
  }
}

function addressOf(
  port: number | string,
  host: string | undefined,
  { container, pod, runtime }: ActionTarget,
): { host: string; port: number } {
  const number =
    typeof port === 'number'
      ? port
      : (container.ports?.find(({ name }) => name === port)?.containerPort ?? Number(port))
  if (!Number.isInteger(number) || number <= 0) throw new Error(`couldn't find port: ${port}`)
  if (host !== undefined && host !== '') return { host, port: number }
  return runtime.address(pod.metadata.uid ?? '', number)
}

async function sleep(ms: number, target: ActionTarget): Promise<ActionResult> {
  const { clock, timeoutMs } = target
  const { promise, resolve } = Promise.withResolvers<ActionResult>()
  const cancel = clock.after(Math.min(ms, timeoutMs), () => resolve({ ok: true, output: '' }))
  return within(target, promise, 'the sleep was cut', cancel)
}

/** Rejects with `message` after the time-out, or when the signal says so; `cancel` ends what is under way. */
async function within<T>(target: ActionTarget, work: Promise<T>, message: string, cancel: () => void): Promise<T> {
  const { clock, timeoutMs, signal } = target
  const { promise: late, reject } = Promise.withResolvers<never>()
  const giveUp = (why: string): void => {
    cancel()
    reject(new Error(why))
  }
  const stop = clock.after(timeoutMs, () => giveUp(message))
  const aborted = (): void => giveUp('the node agent is closing')
  signal?.addEventListener('abort', aborted, { once: true })
  if (signal?.aborted === true) aborted()
  try {
    return await Promise.race([work, late])
  } finally {
    stop()
    signal?.removeEventListener('abort', aborted)
  }
}

/** kubelet keeps 10 KiB of a probe's output. */
const maxOutput = 10 * 1024

async function exec(command: readonly string[], target: ActionTarget): Promise<ActionResult> {
  const session = await target.runtime.exec(target.containerId, command, {
    stdin: false,
    stdout: true,
    stderr: true,
    tty: false,
  })
  let output = ''
  const keep = (chunk: Buffer): void => {
    if (output.length < maxOutput) output += chunk.toString()
  }
  session.stdout?.on('data', keep)
  session.stderr?.on('data', keep)
  const code = await within(
    target,
    session.exit,
    `command timed out: "${command.join(' ')}" timed out after ${target.timeoutMs / 1000}s`,
    () => session.close(),
  )
  return { ok: code === 0, output }
}

async function httpGet(action: HttpGet, target: ActionTarget): Promise<ActionResult> {
  const { host, port } = addressOf(action.port, action.host, target)
  const secure = action.scheme === 'HTTPS'
  const path =
    action.path === undefined || action.path === ''
      ? '/'
      : action.path.startsWith('/')
        ? action.path
        : `/${action.path}`
  const url = `${secure ? 'https' : 'http'}://${host}:${port}${path}`
  const headers: Record<string, string> = { 'User-Agent': 'kube-probe/1.36', Accept: '*/*' }
  for (const { name, value } of action.httpHeaders ?? []) headers[name] = value
  const { promise, resolve, reject } = Promise.withResolvers<ActionResult>()
  const request = (secure ? httpsRequest : httpRequest)(
    // As upstream, a probe does not verify certificates, and each probe opens a connection of its own.
    { host, port, path, headers, agent: false, ...(secure ? { rejectUnauthorized: false } : {}) },
    (response) => {
      const status = response.statusCode ?? 0
      response.resume()
      response.on('error', reject)
      response.on('end', () => {
        const ok = status >= 200 && status < 400
        resolve({ ok, output: ok ? '' : `HTTP probe failed with statuscode: ${status}` })
      })
    },
  )
  request.on('error', (error) => reject(new Error(`Get "${url}": ${dialMessage(error, host, port)}`)))
  request.end()
  return within(
    target,
    promise,
    `Get "${url}": context deadline exceeded (Client.Timeout exceeded while awaiting headers)`,
    () => request.destroy(),
  )
}

async function tcpSocket(
  action: { port: number | string; host?: string | undefined },
  target: ActionTarget,
): Promise<ActionResult> {
  const { host, port } = addressOf(action.port, action.host, target)
  const { promise, resolve, reject } = Promise.withResolvers<ActionResult>()
  const socket = connect({ host, port }, () => {
    socket.destroy()
    resolve({ ok: true, output: '' })
  })
  socket.on('error', (error) => reject(new Error(dialMessage(error, host, port))))
  return within(target, promise, `dial tcp ${host}:${port}: i/o timeout`, () => socket.destroy())
}

function dialMessage(error: Error, host: string, port: number): string {
  const code = (error as NodeJS.ErrnoException).code
  if (code === 'ECONNREFUSED') return `dial tcp ${host}:${port}: connect: connection refused`
  return code === 'ECONNRESET' ? 'read: connection reset by peer' : error.message
}

/** grpc.health.v1.Health/Check: one small message each way, so no gRPC library is needed. */
async function grpcHealth(
  action: { port: number; service?: string | undefined },
  target: ActionTarget,
): Promise<ActionResult> {
  const { host, port } = addressOf(action.port, undefined, target)
  const name = Buffer.from(action.service ?? '')
  const message = name.length === 0 ? name : Buffer.concat([Buffer.from([0x0a, name.length]), name])
  const frame = Buffer.concat([Buffer.from([0, 0, 0, 0, message.length]), message])
  const { promise, resolve, reject } = Promise.withResolvers<ActionResult>()
  const session = connectHttp2(`http://${host}:${port}`)
  session.on('error', (error) =>
    reject(new Error(`error: failed to connect service "${host}:${port}": ${dialMessage(error, host, port)}`)),
  )
  const stream = session.request({
    ':method': 'POST',
    ':path': '/grpc.health.v1.Health/Check',
    'content-type': 'application/grpc',
    te: 'trailers',
  })
  let body = Buffer.alloc(0)
  let grpcStatus = ''
  stream.on('response', (headers) => (grpcStatus = String(headers['grpc-status'] ?? '')))
  stream.on('trailers', (headers) => (grpcStatus = String(headers['grpc-status'] ?? '')))
  stream.on('data', (chunk: Buffer) => (body = Buffer.concat([body, chunk])))
  stream.on('error', reject)
  stream.on('end', () => {
    // HealthCheckResponse { ServingStatus status = 1 }, SERVING is 1.
    const serving = body.subarray(5).includes(Buffer.from([0x08, 0x01]))
    if (serving && (grpcStatus === '0' || grpcStatus === '')) resolve({ ok: true, output: '' })
    else
      resolve({
        ok: false,
        output: `service unhealthy (responded with "${body.length > 5 ? 'NOT_SERVING' : `grpc status ${grpcStatus}`}")`,
      })
  })
  stream.end(frame)
  try {
    return await within(
      target,
      promise,
      `timeout: failed to connect service "${host}:${port}" within ${target.timeoutMs / 1000}s: context deadline exceeded`,
      () => session.destroy(),
    )
  } finally {
    session.close()
  }
}
