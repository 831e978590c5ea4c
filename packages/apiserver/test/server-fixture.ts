// A whole API server over a memory store, reached as clients reach it: over HTTPS, or in process.

import { once } from 'node:events'
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { Agent, request as httpsRequest } from 'node:https'
import { type Clock, type KubeObject, type Transport, systemClock } from '@binnacle/api'
import { type Store, createMemoryStore } from '@binnacle/store'
import { type ApiServer, type RequestLogEntry, createApiServer } from '../src/index.ts'

export interface SendOptions {
  /** Objects go as JSON, texts as they are. */
  body?: object | string
  headers?: Readonly<Record<string, string>>
  /** A client certificate of system:masters unless said otherwise. */
  as?: 'admin' | 'nobody' | { token: string }
}

export interface Answer {
  code: number
  headers: IncomingHttpHeaders
  text: string
  /** Parsed where it is JSON. */
  json: Record<string, unknown> & { message?: string; items?: KubeObject[] }
}

export interface ServerFixture extends AsyncDisposable {
  server: ApiServer
  store: Store
  /** In process, as system:masters. */
  transport: Transport
  log: readonly RequestLogEntry[]
  send(method: string, path: string, options?: SendOptions): Promise<Answer>
  /** The response once its head is there; for watches. */
  open(method: string, path: string, options?: SendOptions): Promise<IncomingMessage>
}

export async function startServer(options: { clock?: Clock } = {}): Promise<ServerFixture> {
  const { clock = systemClock } = options
  const store = createMemoryStore({ clock })
  const log: RequestLogEntry[] = []
  const server = await createApiServer({ store, clock, log: (entry) => log.push(entry) })
  const { key, certificate } = await server.issueClientCertificate('admin', ['system:masters'])
  const admin = new Agent({ keepAlive: true, ca: server.caCertificate, key, cert: certificate })
  const others = new Agent({ keepAlive: true, ca: server.caCertificate })

  async function open(
    method: string,
    path: string,
    { body, headers = {}, as = 'admin' }: SendOptions = {},
  ): Promise<IncomingMessage> {
    const bytes = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body)
    const request = httpsRequest(`${server.url}${path}`, {
      method,
      // Whatever the Host header says.
      servername: 'localhost',
      agent: as === 'admin' ? admin : others,
      headers: {
        'user-agent': 'tester/1.0',
        ...(bytes === undefined
          ? {}
          : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(bytes) }),
        ...(typeof as === 'object' ? { authorization: `Bearer ${as.token}` } : {}),
        ...headers,
      },
    })
    request.end(bytes)
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    return response
  }

  async function send(method: string, path: string, sendOptions?: SendOptions): Promise<Answer> {
    const response = await open(method, path, sendOptions)
    const text = Buffer.concat((await response.toArray()) as Buffer[]).toString()
    const isJson = (response.headers['content-type'] ?? '').startsWith('application/json') && text.startsWith('{')
    return {
      code: response.statusCode ?? 0,
      headers: response.headers,
      text,
      json: (isJson && !text.includes('}\n{') ? JSON.parse(text) : {}) as Answer['json'],
    }
  }

  return {
    server,
    store,
    log,
    transport: server.transport({ username: 'admin', groups: ['system:masters', 'system:authenticated'] }),
    send,
    open,
    async [Symbol.asyncDispose]() {
      admin.destroy()
      others.destroy()
      await server.close()
      await store.close()
    },
  }
}

export const configMaps = '/api/v1/namespaces/default/configmaps'

export function configMap(name: string, data: Record<string, string> = {}, metadata: object = {}): object {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, ...metadata }, data }
}

export const mergePatch = { 'content-type': 'application/merge-patch+json' } as const
export const applyPatch = { 'content-type': 'application/apply-patch+yaml' } as const
