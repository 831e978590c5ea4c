// An HTTP/1.1 upgrade to another protocol: exec, attach, port-forward and logs over WebSocket. The bytes after the
// server's 101 are the caller's. Upstream: client-go transport/websocket.

import { type IncomingMessage, type OutgoingHttpHeaders, request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { Duplex } from 'node:stream'
import type { ConnectionSettings } from './connection.ts'

export interface UpgradeRequest {
  /** SPDY is asked for with POST as well. */
  method?: 'GET' | 'POST'
  /** With the query. */
  path: string
  /** Among them `connection` and `upgrade`. */
  headers: OutgoingHttpHeaders
  signal?: AbortSignal
}

export type UpgradeAnswer =
  | {
      type: 'upgraded'
      response: IncomingMessage
      socket: Duplex
      /** What the server sent right behind its 101. */
      head: Buffer
    }
  | { type: 'refused'; response: IncomingMessage }

export function requestUpgrade(
  { url, tls }: ConnectionSettings,
  { method = 'GET', path, headers, signal }: UpgradeRequest,
): Promise<UpgradeAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<UpgradeAnswer>()
  const isTls = url.protocol === 'https:'
  const request = (isTls ? httpsRequest : httpRequest)({
    // A connection of its own: after the upgrade it is no longer HTTP's.
    agent: false,
    ...(isTls ? tls : {}),
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port,
    method,
    path,
    headers,
    ...(signal === undefined ? {} : { signal }),
  })
  request.once('upgrade', (response, socket, head) => resolve({ type: 'upgraded', response, socket, head }))
  request.once('response', (response) => resolve({ type: 'refused', response }))
  request.on('error', reject)
  request.end()
  return promise
}
