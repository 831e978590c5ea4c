// One watch at the API server, event by event and as the bytes that it sent. Without a version to start from it begins
// with the state as it is: streamed where the server can (WatchList), in pages otherwise.
// Upstream: client-go tools/cache/reflector.go.

import { text } from 'node:stream/consumers'
import { type Status, StatusError, badRequest, failure } from '@binnacle/api'
import { type ApiConnection, type HttpResponse, statusErrorOf } from '@binnacle/client'
import { unreachable } from './api-proxy.ts'

export interface WatchRequest {
  /** `/apis/apps/v1/namespaces/shop/deployments`; no query. */
  path: string
  resourceVersion?: string
  labelSelector?: string
  fieldSelector?: string
}

export interface WatchSink {
  signal: AbortSignal
  /** The bytes of one event's JSON. */
  event(bytes: Buffer): void
  /** All objects that were there have been told; changes follow. */
  synced(resourceVersion: string): void
  /** Resolves when more may be told. */
  readable(): Promise<void>
}

const newline = 0x0a
const listPage = 500
/** No object is as large; something else than events is being sent. */
const maxEventBytes = 32 * 1024 * 1024
const plainEvent = /^\{"type":"(?:ADDED|MODIFIED|DELETED)"/
/** How a server that does not know the streaming list refuses it. */
const refusalsOfStreaming: readonly number[] = [400, 422]

/** Resolves when the watch has ended: with why, or with undefined where it may simply be begun again. Never rejects. */
export async function runWatch(
  api: ApiConnection,
  request: WatchRequest,
  sink: WatchSink,
): Promise<StatusError | undefined> {
  try {
    requireResourcePath(request.path)
    if (request.resourceVersion !== undefined) {
      await follow(await open(api, request, watchQuery(request.resourceVersion), sink.signal), sink)
      return undefined
    }
    const streaming = await openStreaming(api, request, sink.signal)
    if (streaming !== undefined) {
      await follow(streaming, sink)
      return undefined
    }
    const resourceVersion = await list(api, request, sink)
    sink.synced(resourceVersion)
    await follow(await open(api, request, watchQuery(resourceVersion), sink.signal), sink)
    return undefined
  } catch (error) {
    return error instanceof StatusError ? error : unreachable(api, error)
  }
}

/** undefined where the server does not stream lists. */
async function openStreaming(
  api: ApiConnection,
  request: WatchRequest,
  signal: AbortSignal,
): Promise<HttpResponse | undefined> {
  try {
    const query = { ...watchQuery(undefined), sendInitialEvents: 'true', resourceVersionMatch: 'NotOlderThan' }
    return await open(api, request, query, signal)
  } catch (error) {
    if (error instanceof StatusError && refusalsOfStreaming.includes(error.code)) return undefined
    throw error
  }
}

function watchQuery(resourceVersion: string | undefined): Record<string, string> {
  return {
    watch: 'true',
    allowWatchBookmarks: 'true',
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
  }
}

/** Rejects with StatusError where the server refuses. */
async function open(
  api: ApiConnection,
  { path, labelSelector, fieldSelector }: WatchRequest,
  query: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<HttpResponse> {
  const search = new URLSearchParams({
    ...query,
    ...(labelSelector === undefined ? {} : { labelSelector }),
    ...(fieldSelector === undefined ? {} : { fieldSelector }),
  })
  const response = await api.request({
    method: 'GET',
    path: `${path}?${search.toString()}`,
    headers: { accept: 'application/json' },
    signal,
  })
  if (response.status < 400) return response
  throw statusErrorOf({
    code: response.status,
    text: await text(response.body),
    method: 'GET',
    what: path,
    retryAfterSeconds: undefined,
  })
}

/** Rejects with StatusError for an ERROR event. A connection that breaks ends the watch as its own end does. */
async function follow({ body }: HttpResponse, sink: WatchSink): Promise<void> {
  for await (const line of lines(body)) {
    tell(line, sink)
    if (sink.signal.aborted) return
    await sink.readable()
  }
}

function tell(line: Buffer, sink: WatchSink): void {
  if (plainEvent.test(line.toString('latin1', 0, 24))) {
    sink.event(line)
    return
  }
  const { type, object } = JSON.parse(line.toString()) as { type: string; object: Status & EventObject }
  if (type === 'ERROR') throw new StatusError(object)
  const isEndOfState = type === 'BOOKMARK' && object.metadata?.annotations?.['k8s.io/initial-events-end'] === 'true'
  if (isEndOfState) sink.synced(object.metadata?.resourceVersion ?? '')
  else sink.event(line)
}

interface EventObject {
  metadata?: { resourceVersion?: string; annotations?: Readonly<Record<string, string>> }
}

/** Without their line ends and without empty ones. Ends quietly where the connection breaks. */
async function* lines(body: HttpResponse['body']): AsyncIterable<Buffer> {
  /** The beginning of a line whose end is not here yet. */
  let begun: Buffer[] = []
  let begunBytes = 0
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      let from = 0
      for (let at = chunk.indexOf(newline); at >= 0; at = chunk.indexOf(newline, from)) {
        const line = begun.length === 0 ? chunk.subarray(from, at) : Buffer.concat([...begun, chunk.subarray(from, at)])
        begun = []
        begunBytes = 0
        from = at + 1
        if (line.length > 0) yield line
      }
      if (from === chunk.length) continue
      begun.push(chunk.subarray(from))
      begunBytes += chunk.length - from
      if (begunBytes > maxEventBytes) throw failure('InternalError', `an event is larger than ${maxEventBytes} bytes`)
    }
  } catch (error) {
    // The consumer's own errors do not come through here, and a broken connection is taken up by a new watch.
    if (error instanceof StatusError) throw error
  } finally {
    body.destroy()
  }
}

interface ListPage {
  apiVersion: string
  kind: string
  metadata: { resourceVersion?: string; continue?: string }
  items: readonly object[] | null
}

/** Tells each object as added; answers the version of the state. */
async function list(api: ApiConnection, request: WatchRequest, sink: WatchSink): Promise<string> {
  let continueToken: string | undefined
  for (;;) {
    const query = { limit: String(listPage), ...(continueToken === undefined ? {} : { continue: continueToken }) }
    const { body } = await open(api, request, query, sink.signal)
    const { apiVersion, kind, metadata, items } = JSON.parse(await text(body)) as ListPage
    // Objects in a list do not say what they are.
    const type = { apiVersion, kind: kind.replace(/List$/, '') }
    for (const item of items ?? [])
      sink.event(Buffer.from(JSON.stringify({ type: 'ADDED', object: { ...type, ...item } })))
    await sink.readable()
    continueToken = metadata.continue
    if (continueToken === undefined || continueToken === '') return metadata.resourceVersion ?? ''
  }
}

/** Throws BadRequest. */
function requireResourcePath(path: string): void {
  const isResource = /^\/apis?\/[\w.~:%/-]+$/.test(path) && !path.split('/').includes('..')
  if (!isResource) throw badRequest(`${JSON.stringify(path)} is not the path of a resource`)
}
