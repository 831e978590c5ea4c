// A watch on the wire: a line or a frame for each event. All that is sent in one turn of the event loop is one write. A
// client that does not read is cut off once too much waits for it, so that it holds up nobody and costs bounded memory.

import type { StatusError } from '@binnacle/api'
import type { Writable } from 'node:stream'
import type { Change, Watch } from '../call.ts'
import type { Row } from '../registry.ts'
import type { Exchange } from './exchange.ts'
import type { Accepted } from './negotiate.ts'
import { type TableOptions, changeFrame, eventFrame, transformedChange } from './representation.ts'

/** What may wait in the socket's buffer for one watcher: more than the largest list of one commit that upstream sends. */
const maxWaitingBytes = 64 * 1024 * 1024

export interface WatchStreamOptions {
  exchange: Exchange
  watch: Watch
  row: Row
  accepted: Accepted
  table: () => TableOptions
  headers: Record<string, string>
}

export function streamWatch({ exchange, watch, row, accepted, table, headers }: WatchStreamOptions): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const out: Writable = exchange.stream(200, {
    'content-type': accepted.syntax === 'json' ? accepted.contentType : `${accepted.contentType};stream=watch`,
    'cache-control': 'no-cache, private',
    'transfer-encoding': 'chunked',
    ...headers,
  })
  let waiting: Uint8Array[] = []
  let isScheduled = false
  let isFirst = true
  let stop: () => void = () => undefined

  const flush = (): void => {
    isScheduled = false
    if (out.destroyed || waiting.length === 0) return
    const chunk = waiting.length === 1 ? waiting[0] : Buffer.concat(waiting)
    waiting = []
    out.write(chunk)
    if (out.writableLength > maxWaitingBytes) {
      stop()
      out.destroy()
    }
  }
  const send = (line: Uint8Array): void => {
    waiting.push(line)
    if (isScheduled) return
    isScheduled = true
    process.nextTick(flush)
  }
  const encode = (change: Change): Uint8Array => {
    if (accepted.form === 'object') return changeFrame(change, accepted.syntax)
    const line = transformedChange(row, change, accepted, table(), isFirst)
    isFirst = false
    return line
  }
  const end = (): void => {
    flush()
    out.end()
  }

  exchange.onClose(() => {
    stop()
    resolve()
  })
  stop = watch.start({
    changes: (batch) => {
      for (const change of batch) send(encode(change))
    },
    bookmark: (resourceVersion, initialEventsEnd) => {
      const annotations = initialEventsEnd ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {}
      send(eventFrame('BOOKMARK', bookmarkObject(row, accepted, { resourceVersion, ...annotations }), accepted.syntax))
    },
    failed: (error: StatusError) => {
      send(eventFrame('ERROR', error.status, accepted.syntax))
      end()
    },
    ended: end,
  })
  return promise
}

function bookmarkObject(row: Row, { form, metaVersion }: Accepted, metadata: object): object {
  if (form === 'Table') return { kind: 'Table', apiVersion: metaVersion, metadata, columnDefinitions: null, rows: [] }
  if (form !== 'object') return { kind: 'PartialObjectMetadata', apiVersion: metaVersion, metadata }
  return { kind: row.info.kind, apiVersion: row.apiVersion, metadata }
}
