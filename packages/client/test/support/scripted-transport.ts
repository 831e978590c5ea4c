// A transport whose answers the test writes: each watch waits for the test to feed, end or fail it.

import type { KubeList, KubeObject, ResourceRequest, Transport, WatchEvent } from '@binnacle/api'

export interface ScriptedWatch {
  readonly request: ResourceRequest
  send(...batch: WatchEvent[]): void
  end(): void
  fail(error: unknown): void
}

export interface ScriptedTransport extends Transport {
  readonly requests: ResourceRequest[]
  readonly watches: ScriptedWatch[]
  /** What lists answer. */
  list: KubeList
  /** Makes the opening of a watch fail. */
  refuseWatch: ((request: ResourceRequest) => unknown) | undefined
  /** Runs for each watch that was opened. */
  onWatch: ((watch: ScriptedWatch) => void) | undefined
}

export function createScriptedTransport(): ScriptedTransport {
  const transport: ScriptedTransport = {
    requests: [],
    watches: [],
    list: { metadata: { resourceVersion: '1' }, items: [] },
    refuseWatch: undefined,
    onWatch: undefined,
    send: async <T>(request: ResourceRequest) => {
      transport.requests.push(request)
      return transport.list as T
    },
    watch: async <T>(request: ResourceRequest, signal: AbortSignal) => {
      transport.requests.push(request)
      const refusal = transport.refuseWatch?.(request)
      if (refusal !== undefined) throw refusal
      const { watch, batches } = openWatch(request, signal)
      transport.watches.push(watch)
      transport.onWatch?.(watch)
      return batches as AsyncIterable<readonly WatchEvent<T>[]>
    },
    discover: async () => [],
  }
  return transport
}

function openWatch(
  request: ResourceRequest,
  signal: AbortSignal,
): { watch: ScriptedWatch; batches: AsyncIterable<readonly WatchEvent[]> } {
  const stream = new TransformStream<readonly WatchEvent[], readonly WatchEvent[]>(undefined, {
    highWaterMark: Infinity,
  })
  const writer = stream.writable.getWriter()
  // Whoever reads sees the failure; the writer's side of it is of no interest.
  const ignore = (): void => undefined
  writer.closed.catch(ignore)
  const end = (): void => {
    writer.close().catch(ignore)
  }
  const fail = (cause: unknown): void => {
    writer.abort(cause).catch(ignore)
  }
  signal.addEventListener('abort', end, { once: true })
  return {
    watch: {
      request,
      send: (...batch) => {
        writer.write(batch).catch(ignore)
      },
      end,
      fail,
    },
    batches: stream.readable,
  }
}

export function configMap(name: string, resourceVersion: string, data: Record<string, string> = {}): KubeObject {
  const metadata = { name, namespace: 'default', uid: `uid-${name}`, resourceVersion }
  return Object.freeze({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data })
}

export function bookmark(resourceVersion: string, isInitialEventsEnd: boolean): WatchEvent {
  const annotations = isInitialEventsEnd ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {}
  return {
    type: 'BOOKMARK',
    object: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { resourceVersion, ...annotations } },
  }
}
