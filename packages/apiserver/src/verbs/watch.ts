// watch: a state first where asked for, then every change. With a selector an object that leaves it is seen as deleted
// and one that enters it as added. Upstream: storage/cacher/cache_watcher.go, registry handlers' ServeWatch.

import { type Clock, type KubeObject, failure, field, invalid } from '@binnacle/api'
import { CompactedError, FutureRevisionError, type Store, type StoreEvent, type StoredObject } from '@binnacle/store'
import type { Call, Change, Item, Outcome, Watch, WatchObserver } from '../call.ts'
import { type Row, keyPrefix } from '../registry.ts'
import { type Selection, isSelected, mayBeSelected, requireRevision, resourceVersionOf, selectionOf } from './read.ts'

const bookmarkIntervalMs = 60_000
/** Bookmarks also come this long before the end, so that the next watch can start where this one ended. */
const bookmarkBeforeEndMs = 2_000
const minTimeoutSeconds = 1800

export interface WatchContext {
  store: Store
  clock: Clock
}

export function watch({ store, clock }: WatchContext, call: Call): Outcome {
  validateWatchOptions(call)
  const version = resourceVersionOf(call.options)
  const flow: Flow = {
    store,
    clock,
    call,
    selection: selectionOf(call),
    prefix: keyPrefix(call.row, call.row.info.namespaced ? call.request.namespace : undefined),
    // Without a version, or with 0, the present state comes first.
    withState: call.options.sendInitialEvents ?? (version === undefined || version === 0),
    from: version === undefined || version === 0 ? undefined : version,
    timeoutMs: 1000 * (call.options.timeoutSeconds || minTimeoutSeconds * (1 + Math.random())),
  }
  if (flow.withState && flow.from !== undefined) requireRevision(store, flow.from)
  const opened: Watch = { start: (observer) => run(flow, observer) }
  return { type: 'watch', watch: opened, row: call.row }
}

function validateWatchOptions({ options }: Call): void {
  const { sendInitialEvents, resourceVersionMatch: match } = options
  const refuse = (name: string, detail: string): Error =>
    invalid({ group: 'meta.k8s.io', kind: 'ListOptions' }, '', [field.forbidden(name, detail)])
  if (sendInitialEvents === undefined) {
    if (match !== undefined)
      throw refuse(
        'resourceVersionMatch',
        'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided',
      )
    return
  }
  if (match === undefined)
    throw refuse('resourceVersionMatch', 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan')
  if (match === 'NotOlderThan') return
  throw invalid({ group: 'meta.k8s.io', kind: 'ListOptions' }, '', [
    field.forbidden('resourceVersionMatch', 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan'),
    field.notSupported('resourceVersionMatch', match, ['NotOlderThan']),
  ])
}

interface Flow {
  store: Store
  clock: Clock
  call: Call
  selection: Selection | undefined
  prefix: string
  withState: boolean
  from: number | undefined
  timeoutMs: number
}

function run(flow: Flow, observer: WatchObserver): () => void {
  const { store, clock, call, prefix } = flow
  const stops: (() => void)[] = []
  const stop = (): void => {
    for (const end of stops.splice(0)) end()
  }
  const fail = (error: unknown): void => {
    stop()
    observer.failed(watchError(error, flow))
  }

  // From a version that is still to come, only what comes after it is told.
  const skipUntil = flow.from ?? 0
  let fromRevision = Math.min(flow.from ?? store.revision, store.revision)
  try {
    if (flow.withState) {
      const state = store.range({ prefix })
      fromRevision = state.revision
      const changes = state.items.flatMap((stored) => stateOf(flow, stored))
      if (changes.length > 0) observer.changes(changes)
      if (call.options.sendInitialEvents === true && call.options.allowWatchBookmarks === true)
        observer.bookmark(String(fromRevision), true)
    }
    stops.push(
      store.watch({
        prefix,
        fromRevision,
        sink: {
          events: (batch) => {
            const changes = batch.flatMap((event) => (event.revision <= skipUntil ? [] : changeOf(flow, event)))
            if (changes.length > 0) observer.changes(changes)
          },
          closed: () => {
            stop()
            observer.ended()
          },
        },
      }),
    )
  } catch (error) {
    fail(error)
    return stop
  }

  if (call.options.allowWatchBookmarks === true) {
    const repeat = (): void => {
      observer.bookmark(String(Math.max(store.revision, skipUntil)), false)
      stops[1] = clock.after(bookmarkIntervalMs, repeat)
    }
    stops[1] = clock.after(bookmarkIntervalMs, repeat)
    if (flow.timeoutMs > bookmarkBeforeEndMs) {
      stops.push(
        clock.after(flow.timeoutMs - bookmarkBeforeEndMs, () =>
          observer.bookmark(String(Math.max(store.revision, skipUntil)), false),
        ),
      )
    }
  }
  stops.push(
    clock.after(flow.timeoutMs, () => {
      stop()
      observer.ended()
    }),
  )
  return stop
}

function watchError(error: unknown, { from }: Flow): ReturnType<typeof failure> {
  if (error instanceof CompactedError)
    return failure('Expired', `too old resource version: ${from} (${error.compactedRevision})`)
  if (error instanceof FutureRevisionError)
    return failure('Timeout', `Too large resource version: ${from}, current: ${error.currentRevision}`)
  return failure(
    'InternalError',
    `Internal error occurred: ${error instanceof Error ? error.message : String(error)}`,
    { cause: error },
  )
}

/** Conversions of built-in kinds and of custom ones without a webhook are synchronous; the others list and watch one version. */
function present(row: Row, stored: StoredObject): Item {
  if (row.isStorageVersion || row.hooks.fromStorage === undefined) return stored
  const object = row.hooks.fromStorage(stored.object)
  if (object instanceof Promise)
    throw failure(
      'InternalError',
      `a watch of ${row.info.resource} at ${row.apiVersion} needs a conversion webhook, which watches cannot use: watch ${row.info.storageVersion}`,
    )
  return { object, revision: stored.revision }
}

function stateOf({ call, selection }: Flow, stored: StoredObject): Change[] {
  if (selection !== undefined && !mayBeSelected(selection, stored.key)) return []
  const item = present(call.row, stored)
  return selection === undefined || isSelected(call, selection, item.object) ? [{ type: 'ADDED', item }] : []
}

function changeOf({ call, selection }: Flow, event: StoreEvent): Change[] {
  if (selection !== undefined && !mayBeSelected(selection, event.current.key)) return []
  const current = present(call.row, event.current)
  if (selection === undefined) return [{ type: changeTypes[event.type], item: current }]
  const isIn = event.type !== 'delete' && isSelected(call, selection, current.object)
  const wasIn = event.previous !== undefined && isSelected(call, selection, present(call.row, event.previous).object)
  if (isIn) return [{ type: wasIn ? 'MODIFIED' : 'ADDED', item: current }]
  if (!wasIn || event.previous === undefined) return []
  if (event.type === 'delete') return [{ type: 'DELETED', item: current }]
  // The last state that was selected, at the version of the change that took it out.
  return [{ type: 'DELETED', item: atRevision(present(call.row, event.previous).object, event.revision) }]
}

const changeTypes = { create: 'ADDED', update: 'MODIFIED', delete: 'DELETED' } as const

function atRevision(object: KubeObject, revision: number): Item {
  return { object: { ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } }, revision }
}
