// A watch on the wire: a line or a frame for each event.

import type { StatusError } from '@binnacle/api'
import type { Writable } from 'node:stream'
import type { Change, Watch } from '../call.ts'
import type { Row } from '../registry.ts'
import type { Exchange } from './exchange.ts'
import { FrameQueue } from './frame-queue.ts'
import type { Accepted } from './negotiate.ts'
import { type TableOptions, changeFrame, eventFrame, transformedChange } from './representation.ts'

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
  let isFirst = true
  let isStarting = true
  let stop: () => void = () => undefined
  const queue = new FrameQueue(out, () => stop())

  /** Frames are encoded in any order; the columns of a Table go with the first that is sent. */
  const frameOf = (change: Change): (() => Uint8Array) => {
    const withColumns = isFirst
    isFirst = false
    return () =>
      accepted.form === 'object'
        ? changeFrame(change, accepted.syntax)
        : transformedChange(row, change, accepted, table(), withColumns)
  }

  exchange.onClose(() => {
    stop()
    resolve()
  })
  stop = watch.start({
    changes: (batch) => {
      for (const change of batch) {
        const frame = frameOf(change)
        queue.push(isStarting ? frame : frame())
      }
    },
    bookmark: (resourceVersion, initialEventsEnd) => {
      const annotations = initialEventsEnd ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {}
      queue.push(
        eventFrame('BOOKMARK', bookmarkObject(row, accepted, { resourceVersion, ...annotations }), accepted.syntax),
      )
    },
    failed: (error: StatusError) => {
      queue.push(eventFrame('ERROR', error.status, accepted.syntax))
      queue.end()
    },
    ended: () => queue.end(),
  })
  isStarting = false
  return promise
}

function bookmarkObject(row: Row, { form, metaVersion }: Accepted, metadata: object): object {
  if (form === 'Table') return { kind: 'Table', apiVersion: metaVersion, metadata, columnDefinitions: null, rows: [] }
  if (form !== 'object') return { kind: 'PartialObjectMetadata', apiVersion: metaVersion, metadata }
  return { kind: row.info.kind, apiVersion: row.apiVersion, metadata }
}
