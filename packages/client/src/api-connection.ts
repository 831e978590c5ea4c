// Requests to one API server as a user of a kubeconfig, as bytes: what the typed transport and a proxy stand on. Adds
// the user's credentials and impersonation, keeps connections open, and asks anew for credentials that ended.

import type { OutgoingHttpHeaders } from 'node:http'
import { Readable } from 'node:stream'
import { type Clock, systemClock } from '@binnacle/api'
import { type Credential, createCredentialSource } from './credentials.ts'
import {
  type ConnectionSettings,
  type HttpConnection,
  type HttpRequest,
  type HttpResponse,
  NotProcessedError,
  openConnection,
} from './http/connection.ts'
import { type UpgradeAnswer, type UpgradeRequest, requestUpgrade } from './http/upgrade.ts'
import type { Cluster, Impersonation, User } from './kubeconfig.ts'

export interface ApiConnectionOptions {
  cluster: Cluster
  user: User
  userAgent?: string
  clock?: Clock
}

export interface ApiConnection {
  /** `https://host:port` of the server. */
  readonly origin: string
  /** Below which the server's paths lie; without a slash at its end, mostly empty. */
  readonly prefix: string
  /**
   * Sends a request, its path below the prefix, with the user's credentials added where its headers name none. Answers
   * whatever the server answers, refusals too; rejects where there is no answer.
   */
  request(request: HttpRequest): Promise<HttpResponse>
  /** Asks for another protocol (WebSocket) over HTTP/1.1, on a connection of its own. */
  upgrade(request: UpgradeRequest): Promise<UpgradeAnswer>
  /** Ends all connections, and with them what is under way. */
  close(): void
}

/** client-go tries again so often. */
const maxRetries = 10

export function createApiConnection(options: ApiConnectionOptions): ApiConnection {
  const { cluster, user, clock = systemClock } = options
  const url = new URL(cluster.server)
  const prefix = url.pathname.replace(/\/$/, '')
  const source = createCredentialSource(user, { cluster, clock })
  const baseHeaders: OutgoingHttpHeaders = {
    'user-agent': options.userAgent ?? 'binnacle-client',
    ...impersonationHeaders(user.impersonate),
  }
  let opened: { connection: Promise<HttpConnection>; certificate: string | undefined } | undefined
  let isClosed = false

  const settingsFor = (credential: Credential): ConnectionSettings => ({
    url,
    tls: tlsOptions(cluster, credential),
    clock,
  })

  const headersFor = ({ authorization }: Credential, headers: OutgoingHttpHeaders): OutgoingHttpHeaders => ({
    ...baseHeaders,
    ...(authorization === undefined ? {} : { authorization }),
    ...headers,
  })

  const requireOpen = (): void => {
    if (isClosed) throw new Error(`the transport to ${url.host} is closed`)
  }

  const closeOpened = (): void => {
    opened?.connection.then(
      (connection) => connection.close(),
      () => undefined,
    )
    opened = undefined
  }

  /** One connection for all requests, until the client certificate changes. */
  const connectionFor = (credential: Credential): Promise<HttpConnection> => {
    const { clientCertificate } = credential
    requireOpen()
    if (opened !== undefined && opened.certificate === clientCertificate) return opened.connection
    closeOpened()
    const connection = openConnection(settingsFor(credential))
    const entry = { connection, certificate: clientCertificate }
    opened = entry
    connection.catch(() => {
      if (opened === entry) opened = undefined
    })
    return connection
  }

  return {
    origin: url.origin,
    prefix,
    async request(request) {
      const canRepeat = !(request.body instanceof Readable)
      for (let tries = 0, isRefreshed = false; ; tries++) {
        const credential = await source.credential()
        let response: HttpResponse
        try {
          const connection = await connectionFor(credential)
          response = await connection.request({
            ...request,
            path: prefix + request.path,
            headers: headersFor(credential, request.headers),
          })
        } catch (error) {
          if (error instanceof NotProcessedError && canRepeat && tries < maxRetries) continue
          throw error
        }
        if (response.status !== 401 || isRefreshed || !source.refresh() || !canRepeat) return response
        isRefreshed = true
        response.body.resume()
      }
    },
    async upgrade(request) {
      requireOpen()
      const credential = await source.credential()
      return requestUpgrade(settingsFor(credential), {
        ...request,
        path: prefix + request.path,
        headers: headersFor(credential, request.headers),
      })
    },
    close() {
      isClosed = true
      closeOpened()
    },
  }
}

function tlsOptions(
  { caCertificate, tlsServerName, insecureSkipTlsVerify }: Cluster,
  { clientCertificate, clientKey }: Credential,
): ConnectionSettings['tls'] {
  return {
    ...(caCertificate === undefined ? {} : { ca: caCertificate }),
    ...(clientCertificate === undefined ? {} : { cert: clientCertificate }),
    ...(clientKey === undefined ? {} : { key: clientKey }),
    ...(tlsServerName === undefined ? {} : { servername: tlsServerName }),
    ...(insecureSkipTlsVerify === true ? { rejectUnauthorized: false } : {}),
  }
}

function impersonationHeaders(impersonate: Impersonation | undefined): OutgoingHttpHeaders {
  if (impersonate === undefined) return {}
  const { user, uid, groups, extra } = impersonate
  return {
    'impersonate-user': user,
    ...(uid === undefined ? {} : { 'impersonate-uid': uid }),
    ...(groups.length === 0 ? {} : { 'impersonate-group': [...groups] }),
    ...Object.fromEntries(
      Object.entries(extra).map(([key, values]) => [
        `impersonate-extra-${encodeURIComponent(key).toLowerCase()}`,
        [...values],
      ]),
    ),
  }
}
