// The way in for clients of this process: no URL, no JSON, no socket; the same dispatch, authorization included.

import { setImmediate as nextTurn } from 'node:timers/promises'
import {
  type KubeList,
  type KubeObject,
  type ResourceRequest,
  type ServedResource,
  type StatusError,
  type Transport,
  type UserInfo,
  type WatchEvent,
  deepFreeze,
  resourceExpired,
} from '@binnacle/api'
import type { Change, Item, Outcome, Watch } from './call.ts'
import { dispatch } from './dispatch.ts'
import type { DispatchContext } from './dispatch-context.ts'
import type { Registry, Row } from './registry.ts'

/** Name of the upstream program that does the user's work: the manager of the fields that it writes. */
function programOf({ username }: UserInfo): string {
  if (username.startsWith('system:serviceaccount:kube-system:')) return 'kube-controller-manager'
  if (username.startsWith('system:node:')) return 'kubelet'
  return username.slice(username.lastIndexOf(':') + 1)
}

export function createLocalTransport(context: DispatchContext, user: UserInfo): Transport {
  const userAgent = programOf(user)
  return {
    send: async <T>(request: ResourceRequest) => resultOf(await dispatch(context, request, { user, userAgent })) as T,
    watch: async <T>(request: ResourceRequest, signal: AbortSignal) => {
      const outcome = await dispatch(context, request, { user, userAgent })
      if (outcome.type !== 'watch') throw new Error('the server did not open a watch')
      return iterate(outcome.watch, outcome.row, signal) as AsyncIterable<readonly WatchEvent<T>[]>
    },
    discover: async () => servedResources(context.registry),
  }
}

/** What dispatch came to, as a value. Objects of the store are frozen already; others are frozen here. */
export function resultOf(outcome: Outcome): KubeObject | KubeList | object {
  switch (outcome.type) {
    case 'object':
      return deepFreeze(outcome.item.object)
    case 'list': {
      const { row, items, revision, continueToken, remaining } = outcome
      const list: KubeList = {
        apiVersion: row.apiVersion,
        kind: row.info.listKind,
        metadata: {
          resourceVersion: String(revision),
          ...(continueToken === undefined ? {} : { continue: continueToken }),
          ...(remaining === undefined ? {} : { remainingItemCount: remaining }),
        },
        items: items.map(({ object }) => object),
      }
      return list
    }
    case 'status':
      return outcome.status
    default:
      throw new Error('a watch is opened by Transport.watch')
  }
}

type Waiting = { type: Change['type']; item: Item } | Extract<WatchEvent, { type: 'BOOKMARK' }>

function eventOf(waiting: Waiting): WatchEvent {
  return waiting.type === 'BOOKMARK' ? waiting : { type: waiting.type, object: waiting.item.object }
}

/** A consumer that lets more changes wait than this has to list again. */
const maxWaitingEvents = 100_000

/**
 * So many at a time: objects are parsed when they are handed over, and between two batches the loop turns, so that those of
 * an initial state of 100,000 do not all have to be in memory at once.
 */
const batchLength = 1000

/** Batches wait here until the consumer takes them; consumers of this process are informers, which take at once. */
async function* iterate(watch: Watch, row: Row, signal: AbortSignal): AsyncIterable<readonly WatchEvent[]> {
  let waiting: Waiting[] = []
  let failure: StatusError | undefined
  let isOver = false
  let wake: () => void = () => undefined
  let isStarting = true
  let stop: () => void = () => undefined
  stop = watch.start({
    changes: (batch) => {
      for (const change of batch) waiting.push(change)
      if (!isStarting && waiting.length > maxWaitingEvents) {
        waiting = []
        failure = resourceExpired('too many changes waited for this watcher')
        isOver = true
        stop()
      }
      wake()
    },
    bookmark: (resourceVersion, initialEventsEnd) => {
      const annotations = initialEventsEnd ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {}
      waiting.push({
        type: 'BOOKMARK',
        object: { apiVersion: row.apiVersion, kind: row.info.kind, metadata: { resourceVersion, ...annotations } },
      })
      wake()
    },
    failed: (error) => {
      failure = error
      isOver = true
      wake()
    },
    ended: () => {
      isOver = true
      wake()
    },
  })
  isStarting = false
  const onAbort = (): void => {
    isOver = true
    wake()
  }
  signal.addEventListener('abort', onAbort)
  try {
    for (;;) {
      if (waiting.length > 0 && !signal.aborted) {
        const batch = waiting
        waiting = []
        for (let from = 0; from < batch.length && !signal.aborted; from += batchLength) {
          if (from > 0) await nextTurn()
          yield batch.slice(from, from + batchLength).map(eventOf)
        }
        continue
      }
      if (failure !== undefined) throw failure
      if (isOver || signal.aborted) return
      const { promise, resolve } = Promise.withResolvers<void>()
      wake = resolve
      await promise
    }
  } finally {
    signal.removeEventListener('abort', onAbort)
    stop()
  }
}

/** Preferred version of each group first: rows of the table are in that order. */
function servedResources(registry: Registry): ServedResource[] {
  return registry.all().map(({ info }) => ({
    group: info.group,
    version: info.version,
    resource: info.resource,
    kind: info.kind,
    namespaced: info.namespaced,
    verbs: info.verbs,
    subresources: info.subresources.map(({ name }) => name),
  }))
}
