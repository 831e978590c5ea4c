// A watch's body as batches of events: a line of JSON for each event, and what arrived together is one batch.

import type { Readable } from 'node:stream'
import { type KubeObject, type Status, type WatchEvent, StatusError, deepFreeze } from '@binnacle/api'

type Line = WatchEvent | { type: 'ERROR'; object: Status | KubeObject }

const newline = 0x0a

/** Throws StatusError for an ERROR event; ends quietly when `signal` aborts. */
export async function* watchEvents(body: Readable, signal: AbortSignal): AsyncIterable<readonly WatchEvent[]> {
  /** The beginning of a line whose end is not here yet. */
  let begun: Buffer[] = []
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      const end = chunk.lastIndexOf(newline)
      if (end < 0) {
        begun.push(chunk)
        continue
      }
      const lines = Buffer.concat([...begun, chunk.subarray(0, end)]).toString()
      begun = end + 1 < chunk.length ? [chunk.subarray(end + 1)] : []
      const { events, failure } = parseLines(lines)
      if (events.length > 0) yield events
      if (failure !== undefined) throw failure
    }
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    body.destroy()
  }
}

function parseLines(lines: string): { events: WatchEvent[]; failure: StatusError | undefined } {
  const events: WatchEvent[] = []
  for (const text of lines.split('\n')) {
    if (text === '') continue
    const line = JSON.parse(text) as Line
    if (line.type === 'ERROR') return { events, failure: new StatusError(line.object as Status) }
    deepFreeze(line.object)
    events.push(line)
  }
  return { events, failure: undefined }
}
