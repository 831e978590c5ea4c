// Whether a data source answers and takes the credentials, and in which words it is said where it does not.

import type { DataSourceType } from '@binnacle/model'
import type { Trouble } from '../../pod-trouble.ts'
import { AccessDeniedError, Conversation, ProtocolError } from './conversation.ts'
import { nats, redis } from './handshakes.ts'
import { mongodb } from './mongodb.ts'
import { mysql } from './mysql.ts'
import { postgresql } from './postgresql.ts'
import { listBuckets } from './s3.ts'

export interface ProbeTarget {
  type: DataSourceType
  host: string
  port: number
  tls: boolean
  /** Of an HTTP API. */
  path?: string
  username?: string
  password?: string
  database?: string
}

/** Time that an answer may take. */
const patienceMs = 5000

type Handshake = (conversation: Conversation, target: ProbeTarget) => Promise<void>

const handshakes: Readonly<Record<Exclude<DataSourceType, 's3' | 'http'>, Handshake>> = {
  postgresql,
  mysql,
  mongodb,
  redis,
  nats,
}
/** These begin in the clear and change to TLS by a word of their protocol. */
const upgrades: ReadonlySet<DataSourceType> = new Set(['postgresql', 'nats', 'mysql'])

/** undefined where it answers. Never rejects for what the other side does or does not. */
export async function probe(target: ProbeTarget, signal: AbortSignal): Promise<Trouble | undefined> {
  const deadline = AbortSignal.timeout(patienceMs)
  try {
    await ask(target, AbortSignal.any([signal, deadline]))
    return undefined
  } catch (error) {
    signal.throwIfAborted()
    return troubleOf(error, { target, isLate: deadline.aborted })
  }
}

async function ask(target: ProbeTarget, signal: AbortSignal): Promise<void> {
  const { type, tls } = target
  if (type === 'http' || type === 's3') return http(target, signal)
  const conversation = await Conversation.open({ ...target, tls: tls && !upgrades.has(type) }, signal)
  try {
    await handshakes[type](conversation, target)
  } finally {
    conversation.end()
  }
}

/** Anything but a failure of the server will do: what is asked for is nobody's in particular. */
async function http(target: ProbeTarget, signal: AbortSignal): Promise<void> {
  const { type, host, port, tls, path, username, password } = target
  const url = new URL(`${tls ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${port}${path ?? '/'}`)
  if (type === 's3' && username !== undefined && password !== undefined) {
    const { status } = await listBuckets(url, { username, password }, signal)
    if (status >= 500) throw new ProtocolError(`GET ${url.pathname} answers ${status}`)
    return
  }
  const login = type === 'http' && password !== undefined ? `${username ?? ''}:${password}` : undefined
  const response = await fetch(url, {
    signal,
    redirect: 'manual',
    headers: login === undefined ? {} : { authorization: `Basic ${Buffer.from(login).toString('base64')}` },
  })
  await response.body?.cancel()
  if (login !== undefined && (response.status === 401 || response.status === 403))
    throw new AccessDeniedError(`GET ${url.pathname} answers ${response.status}`)
  if (response.status >= 500) throw new ProtocolError(`GET ${url.pathname} answers ${response.status}`)
}

function troubleOf(error: unknown, { target, isLate }: { target: ProbeTarget; isLate: boolean }): Trouble {
  const where = `${target.host}:${target.port}`
  if (isLate)
    return {
      reason: 'Timeout',
      message: `${where} does not answer within ${patienceMs / 1000} s; check host and port, and the firewalls between`,
    }
  // fetch wraps the system's error.
  const cause = error instanceof TypeError && error.cause !== undefined ? error.cause : error
  const text = cause instanceof Error ? cause.message : String(cause)
  if (cause instanceof AccessDeniedError)
    return { reason: 'AccessDenied', message: `${where} refuses the credentials: ${text}; correct them in the Secret` }
  if (cause instanceof ProtocolError)
    return {
      reason: 'ProtocolError',
      message: `${where} answers, but not as ${target.type} does: ${text}; check the type, the port and tls`,
    }
  switch (codeOf(cause)) {
    case 'ECONNREFUSED':
      return { reason: 'ConnectionRefused', message: `nothing listens at ${where}; start it, or correct host and port` }
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return { reason: 'HostUnknown', message: `there is no host ${target.host}; correct its name` }
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'ECONNRESET':
    case 'ETIMEDOUT':
      return { reason: 'Unreachable', message: `no connection to ${where}: ${text}; check the network between` }
    default:
      return {
        reason: 'ConnectionFailed',
        message: `no connection to ${where}: ${text}; check tls and the certificate`,
      }
  }
}

function codeOf(error: unknown): string {
  if (error instanceof AggregateError) return codeOf(error.errors[0])
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}
