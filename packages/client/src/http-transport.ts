// The way to any API server over HTTP: the same Transport as in process, for a cluster and a user of a kubeconfig.
// Upstream: client-go rest (request.go, with_retry.go).

import { text } from 'node:stream/consumers'
import {
  type Clock,
  type ResourceRequest,
  type Transport,
  type WatchEvent,
  deepFreeze,
  systemClock,
} from '@binnacle/api'
import { type ApiConnectionOptions, createApiConnection } from './api-connection.ts'
import type { HttpRequest, HttpResponse } from './http/connection.ts'
import { discover } from './http/discovery.ts'
import { methodByVerb, requestBody, requestPath } from './http/request-path.ts'
import { statusErrorOf, warningTexts } from './http/response-status.ts'
import { watchEvents } from './http/watch-events.ts'

export interface HttpTransportOptions extends ApiConnectionOptions {
  /** Told of what the server warns of (deprecated versions, unknown fields). */
  onWarning?: (text: string) => void
}

export interface HttpTransport extends Transport {
  /** Ends all connections, and with them the watches. */
  close(): void
}

/** client-go tries again so often when the server says when. */
const maxRetries = 10

export function createHttpTransport(options: HttpTransportOptions): HttpTransport {
  const { clock = systemClock, onWarning = () => undefined } = options
  const connection = createApiConnection(options)

  const exchange = async (request: HttpRequest): Promise<HttpResponse> => {
    for (let tries = 0; ; tries++) {
      const response = await connection.request(request)
      for (const warning of warningTexts(response.headers.warning)) onWarning(warning)
      if (response.status < 400) return response
      const seconds = retryAfter(response)
      const mayRetry = seconds !== undefined && (response.status === 429 || response.status >= 500)
      if (!mayRetry || tries >= maxRetries) throw await refusalOf(response, request)
      response.body.resume()
      await pause(clock, seconds * 1000, request.signal)
    }
  }

  const getJson = async <T>(path: string, accept: string): Promise<T> => {
    const { body } = await exchange({ method: 'GET', path, headers: { accept } })
    return JSON.parse(await text(body)) as T
  }

  return {
    async send<T>(request: ResourceRequest, signal?: AbortSignal) {
      const response = await exchange({ ...httpRequest(request), ...(signal === undefined ? {} : { signal }) })
      const content = await text(response.body)
      // Logs and what a proxy answers are text.
      const isJson = /\bjson\b/.test(response.headers['content-type'] ?? '')
      return (isJson ? deepFreeze(JSON.parse(content) as object) : content) as T
    },
    async watch<T>(request: ResourceRequest, signal: AbortSignal) {
      const { body } = await exchange({ ...httpRequest({ ...request, verb: 'watch' }), signal })
      return watchEvents(body, signal) as AsyncIterable<readonly WatchEvent<T>[]>
    },
    discover: () => discover({ get: getJson, onWarning }),
    close: () => connection.close(),
  }
}

function httpRequest(request: ResourceRequest): HttpRequest {
  const body = requestBody(request)
  const type = request.verb === 'patch' ? (request.patchType ?? 'application/json') : 'application/json'
  return {
    method: methodByVerb[request.verb],
    path: requestPath(request),
    headers: { accept: 'application/json', ...(body === undefined ? {} : { 'content-type': type }) },
    ...(body === undefined ? {} : { body }),
  }
}

function retryAfter({ headers }: HttpResponse): number | undefined {
  const value = headers['retry-after']
  return value !== undefined && /^\d+$/.test(value) ? Number(value) : undefined
}

async function refusalOf(response: HttpResponse, { method, path }: HttpRequest): Promise<Error> {
  return statusErrorOf({
    code: response.status,
    text: await text(response.body),
    method,
    what: path.split('?')[0] ?? path,
    retryAfterSeconds: retryAfter(response),
  })
}

/** Rejects with the signal's reason when it aborts. */
function pause(clock: Clock, ms: number, signal: AbortSignal | undefined): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const cancel = clock.after(ms, resolve)
  const abort = (): void => {
    cancel()
    reject(signal?.reason instanceof Error ? signal.reason : new Error('aborted'))
  }
  if (signal?.aborted === true) abort()
  signal?.addEventListener('abort', abort, { once: true })
  return promise.finally(() => signal?.removeEventListener('abort', abort))
}
