// What only the way over HTTP knows: HTTP/1.1, lost connections, answers that are no Status, retries, paths.

import { mkdtemp, rm } from 'node:fs/promises'
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Clock, type KubeObject, type ResourceRequest, type WatchEvent, StatusError } from '@binnacle/api'
import { createApiServer } from '@binnacle/apiserver'
import { createMemoryStore } from '@binnacle/store'
import { createFakeClock } from '@binnacle/testing'
import { afterEach, describe, expect, test } from 'vitest'
import { createClient } from '../src/client.ts'
import { type HttpTransport, type HttpTransportOptions, createHttpTransport } from '../src/http-transport.ts'
import { requestBody, requestPath } from '../src/http/request-path.ts'
import { warningTexts } from '../src/http/response-status.ts'
import { Informer } from '../src/informer.ts'
import { parseKubeconfig } from '../src/kubeconfig.ts'
import { configMaps, pods } from '../src/resources.ts'
import { startServer } from './support/server.ts'
import { until } from './support/until.ts'

let cleanUp: (() => void)[] = []

afterEach(() => {
  for (const one of cleanUp) one()
  cleanUp = []
})

/** A server without TLS, and so without HTTP/2. */
async function startHttp1(
  handle: (request: IncomingMessage, response: ServerResponse) => void,
  options: Partial<HttpTransportOptions> = {},
): Promise<{ transport: HttpTransport; server: Server }> {
  const server = createServer(handle)
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  const transport = createHttpTransport({
    cluster: { server: `http://127.0.0.1:${port}/prefix` },
    user: { token: 'secret' },
    ...options,
  })
  cleanUp.push(() => {
    transport.close()
    server.closeAllConnections()
    server.close()
  })
  return { transport, server }
}

const podList: ResourceRequest = { verb: 'list', group: '', version: 'v1', resource: 'pods', namespace: 'default' }

describe('a request', () => {
  test('has the path, query and body that client-go gives it', () => {
    expect(requestPath(podList)).toBe('/api/v1/namespaces/default/pods')
    expect(
      requestPath({
        ...podList,
        verb: 'watch',
        group: 'apps',
        options: { labelSelector: 'a in (b,c)', resourceVersion: '7', dryRun: ['All'] },
      }),
    ).toBe(
      '/apis/apps/v1/namespaces/default/pods?watch=true&labelSelector=a+in+%28b%2Cc%29&resourceVersion=7&dryRun=All',
    )
    expect(requestPath({ ...podList, verb: 'get', name: 'a:b', subresource: 'proxy/metrics' })).toBe(
      '/api/v1/namespaces/default/pods/a%3Ab/proxy/metrics',
    )
    const deletion: ResourceRequest = {
      ...podList,
      verb: 'deletecollection',
      options: { labelSelector: 'a=b', gracePeriodSeconds: 0, preconditions: { uid: 'u' } },
    }
    expect(requestPath(deletion)).toBe('/api/v1/namespaces/default/pods?labelSelector=a%3Db')
    expect(JSON.parse(requestBody(deletion) ?? '')).toEqual({
      kind: 'DeleteOptions',
      apiVersion: 'v1',
      gracePeriodSeconds: 0,
      preconditions: { uid: 'u' },
    })
  })
})

describe('over HTTP/1.1, the transport', () => {
  test('sends its token below the path of the server, and says who it stands in for', async () => {
    const seen: unknown[] = []
    const { transport } = await startHttp1(
      ({ url, headers }, response) => {
        seen.push(url, headers.authorization, headers['impersonate-user'], headers['impersonate-group'])
        response.setHeader('content-type', 'application/json').end('{"metadata":{},"items":[]}')
      },
      { user: { token: 'secret', impersonate: { user: 'jane', groups: ['dev'], extra: {} } } },
    )
    await createClient(transport).list(pods)
    expect(seen).toEqual(['/prefix/api/v1/pods', 'Bearer secret', 'jane', 'dev'])
  })

  test('makes a Status of an answer that is none', async () => {
    const { transport } = await startHttp1((_, response) => response.writeHead(503).end('<h1>no backend</h1>'))
    const failure = await createClient(transport)
      .list(pods)
      .catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(StatusError)
    expect(failure).toMatchObject({
      status: { reason: 'ServiceUnavailable', code: 503 },
      message: 'the server is currently unable to handle the request (get /api/v1/pods)',
    })
  })

  test('tries again when the server says when', async () => {
    const waits: number[] = []
    const fake = createFakeClock()
    /** Notes each delay and lets it pass at once. */
    const clock: Clock = {
      now: () => fake.now(),
      after(delayMs, callback) {
        waits.push(delayMs)
        const cancel = fake.after(delayMs, callback)
        fake.advance(delayMs)
        return cancel
      },
    }
    let tries = 0
    const { transport } = await startHttp1(
      (_, response) => {
        if (++tries === 1) response.writeHead(429, { 'retry-after': '3' }).end()
        else response.setHeader('content-type', 'application/json').end('{"metadata":{},"items":[]}')
      },
      { clock },
    )
    await createClient(transport).list(pods)
    expect(waits).toEqual([3000])
  })

  test('reads a watch whose lines are cut anywhere', async () => {
    const object = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'ä'.repeat(50), resourceVersion: '1' } }
    const text = Buffer.from(`${JSON.stringify({ type: 'ADDED', object })}\n`.repeat(3))
    const { transport } = await startHttp1((_, response) => {
      // One byte after the other, each in a turn of its own.
      const next = (at: number): void => {
        if (at === text.length) response.end()
        else response.write(text.subarray(at, at + 1), () => next(at + 1))
      }
      next(0)
    })
    const names: (string | undefined)[] = []
    for await (const batch of await transport.watch(podList, new AbortController().signal))
      for (const event of batch) names.push(event.object.metadata.name)
    expect(names).toEqual(Array.from({ length: 3 }, () => object.metadata.name))
  })

  test('throws what an ERROR event says, after the events before it', async () => {
    const status = {
      kind: 'Status',
      status: 'Failure',
      reason: 'Expired',
      code: 410,
      message: 'too old resource version',
    }
    const { transport } = await startHttp1((_, response) => {
      response.write(`{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"5"}}}\n`)
      response.end(`${JSON.stringify({ type: 'ERROR', object: status })}\n`)
    })
    const events: WatchEvent[] = []
    const read = async (): Promise<void> => {
      for await (const batch of await transport.watch(podList, new AbortController().signal)) events.push(...batch)
    }
    await expect(read()).rejects.toMatchObject({ status: { reason: 'Expired' } })
    expect(events).toHaveLength(1)
  })

  test('finds what an older server serves, group by group', async () => {
    const documents: Record<string, object> = {
      '/prefix/api': { kind: 'APIVersions', versions: ['v1'] },
      '/prefix/apis': {
        kind: 'APIGroupList',
        groups: [
          {
            name: 'apps',
            versions: [{ version: 'v1beta1' }, { version: 'v1' }],
            preferredVersion: { version: 'v1' },
          },
        ],
      },
      '/prefix/api/v1': {
        resources: [
          { name: 'pods', kind: 'Pod', namespaced: true, verbs: ['get'] },
          { name: 'pods/status', kind: 'Pod', namespaced: true, verbs: ['get'] },
        ],
      },
      '/prefix/apis/apps/v1': {
        resources: [{ name: 'deployments', kind: 'Deployment', namespaced: true, verbs: ['list'] }],
      },
    }
    const warnings: string[] = []
    const { transport } = await startHttp1(
      ({ url = '' }, response) => {
        const document = documents[url]
        if (document === undefined) response.writeHead(503).end()
        else response.setHeader('content-type', 'application/json').end(JSON.stringify(document))
      },
      { onWarning: (text) => warnings.push(text) },
    )
    expect(await transport.discover()).toEqual([
      {
        group: '',
        version: 'v1',
        resource: 'pods',
        kind: 'Pod',
        namespaced: true,
        verbs: ['get'],
        subresources: ['status'],
      },
      {
        group: 'apps',
        version: 'v1',
        resource: 'deployments',
        kind: 'Deployment',
        namespaced: true,
        verbs: ['list'],
        subresources: [],
      },
    ])
    expect(warnings).toEqual([expect.stringContaining("couldn't get resource list for apps/v1beta1")])
  })
})

describe('over HTTP/2, the transport', () => {
  test('takes no more requests once it is closed, and ends its watches', async () => {
    await using fixture = await startServer()
    const { cluster, user } = await parseKubeconfig(await fixture.server.adminKubeconfig()).context()
    const transport = createHttpTransport({ cluster, user })
    const watch = await createClient(transport).watch(configMaps, {}, new AbortController().signal)
    const first = watch[Symbol.asyncIterator]()
    await first.next()
    transport.close()
    // With an error or without: an informer opens the next either way.
    await Promise.allSettled([first.next()])
    await expect(createClient(transport).list(pods)).rejects.toThrow('is closed')
  })

  test('brings informers back into step after the server was started anew', async () => {
    const dataDirectory = await mkdtemp(join(tmpdir(), 'binnacle-client-'))
    const store = createMemoryStore()
    const before = await createApiServer({ store, dataDirectory })
    const { cluster, user } = await parseKubeconfig(await before.adminKubeconfig()).context()
    const transport = createHttpTransport({ cluster, user })
    const client = createClient(transport)
    const stop = new AbortController()
    const informer = new Informer<KubeObject>({ client, ref: configMaps, namespace: 'default' })
    informer.start(stop.signal)
    await informer.synced
    await before.close()
    const after = await createApiServer({ store, dataDirectory, port: before.port })
    await createClient(after.transport({ username: 'admin', groups: ['system:masters'] })).create(configMaps, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'later', namespace: 'default' },
    })
    await until(informer, () => informer.get('default/later') !== undefined)
    expect((await client.list(configMaps, { namespace: 'default' })).items.length).toBe(informer.list().length)
    stop.abort()
    transport.close()
    await after.close()
    await store.close()
    await rm(dataDirectory, { recursive: true })
  })

  test('ends a watch quietly when its signal aborts, and refuses one that was aborted before', async () => {
    await using fixture = await startServer()
    const client = createClient(fixture.transports['over HTTP'])
    const stop = new AbortController()
    const watch = await client.watch(configMaps, { resourceVersion: '0' }, stop.signal)
    for await (const batch of watch) {
      expect(batch.length).toBeGreaterThan(0)
      stop.abort()
    }
    await expect(client.watch(configMaps, {}, stop.signal)).rejects.toThrow('abort')
  })

  test('does not believe a certificate of another authority, unless told to', async () => {
    await using fixture = await startServer()
    const { cluster, user } = await parseKubeconfig(await fixture.server.adminKubeconfig()).context()
    const { server } = cluster
    const strict = createHttpTransport({ cluster: { server }, user })
    cleanUp.push(() => strict.close())
    await expect(createClient(strict).list(pods)).rejects.toThrow('certificate')
    const lenient = createHttpTransport({ cluster: { server, insecureSkipTlsVerify: true }, user })
    cleanUp.push(() => lenient.close())
    expect((await createClient(lenient).list(pods)).items).toEqual([])
  })

  test('keeps more watches open than one session takes', async () => {
    await using fixture = await startServer()
    const client = createClient(fixture.transports['over HTTP'])
    const stop = new AbortController()
    await Promise.all(Array.from({ length: 1100 }, () => client.watch(configMaps, {}, stop.signal)))
    // One session of this server takes 1000 streams; this request is not stuck behind the watches.
    await client.list(pods)
    stop.abort()
  })
})

test('warnings are read with their quotes and in UTF-8', () => {
  const utf8 = Buffer.from('wärning').toString('latin1')
  expect(warningTexts(`299 - "unknown field \\"spec.x\\"", 299 - "${utf8}"`)).toEqual([
    'unknown field "spec.x"',
    'wärning',
  ])
  expect(warningTexts(undefined)).toEqual([])
})
