// Events about objects (core/v1), written without waiting. A repeated one raises the count of the first instead of
// adding another, similar ones are combined, and a source that floods one object is held back: all that is decided by
// EventCorrelator. Upstream: client-go tools/record/event.go.

import { type Clock, type KubeObject, formatTime, isNotFound } from '@binnacle/api'
import type { Client } from './client.ts'
import { EventCorrelator, LruMap } from './event-correlator.ts'
import { events } from './resources.ts'

export type EventType = 'Normal' | 'Warning'

export interface EventRecorder {
  record(object: KubeObject, type: EventType, reason: string, message: string, fieldPath?: string): void
}

export interface EventRecorderOptions {
  client: Client
  /** Name of the controller, shown as the source. */
  component: string
  clock: Clock
  host?: string
  onError?: (error: unknown) => void
}

const maxRemembered = 4096

/** The object as it was created; later writes change count, lastTimestamp and message. */
interface EventObject extends KubeObject {
  metadata: { name: string; namespace: string }
  message: string
  lastTimestamp: string
  count: number
}

interface Known {
  event: EventObject
  /** Writes of one event follow each other. */
  last: Promise<void>
}

export function createEventRecorder(options: EventRecorderOptions): EventRecorder {
  return new Recorder(options)
}

class Recorder implements EventRecorder {
  readonly #options: EventRecorderOptions
  readonly #correlator: EventCorrelator
  readonly #known = new LruMap<Known>(maxRemembered)

  constructor(options: EventRecorderOptions) {
    this.#options = options
    this.#correlator = new EventCorrelator(options.clock)
  }

  record(object: KubeObject, type: EventType, reason: string, message: string, fieldPath?: string): void {
    const { component, host, clock } = this.#options
    const { apiVersion, kind, metadata } = object
    const { namespace, name, uid, resourceVersion } = metadata
    const subject = { apiVersion, kind, namespace, name, uid, fieldPath }
    const source = { component, host }
    const correlation = this.#correlator.correlate({ source, subject, type, reason, message })
    const now = formatTime(clock.now())
    const known = this.#known.get(correlation.key)
    if (known !== undefined) {
      // What is held back counts all the same; the next write says so.
      known.event = {
        ...known.event,
        message: correlation.message,
        count: known.event.count + 1,
        lastTimestamp: now,
      }
      if (!correlation.isSpam) known.last = known.last.then(() => this.#repeat(known.event))
      return
    }
    if (correlation.isSpam) return
    const event = {
      apiVersion: 'v1',
      kind: 'Event',
      // Events about cluster-scoped objects are kept in the namespace default.
      metadata: { name: `${name}.${uniqueSuffix(clock)}`, namespace: namespace ?? 'default' },
      involvedObject: { ...subject, resourceVersion },
      reason,
      message: correlation.message,
      source,
      reportingComponent: component,
      reportingInstance: host ?? '',
      firstTimestamp: now,
      lastTimestamp: now,
      count: 1,
      type,
    }
    this.#known.set(correlation.key, { event, last: this.#create(event, correlation.key) })
  }

  async #create(event: EventObject, key: string): Promise<void> {
    try {
      await this.#options.client.create(events, event)
    } catch (error) {
      this.#known.delete(key)
      this.#options.onError?.(error)
    }
  }

  async #repeat(event: EventObject): Promise<void> {
    const { client, onError } = this.#options
    const { metadata, message, count, lastTimestamp } = event
    try {
      await client.patch(events, metadata, {
        type: 'application/merge-patch+json',
        body: { message, count, lastTimestamp },
      })
    } catch (error) {
      // The server forgets events after an hour: then it is written anew, with its count.
      if (isNotFound(error)) await client.create(events, event).catch((failure: unknown) => onError?.(failure))
      else onError?.(error)
    }
  }
}

let sequence = 0

/** As upstream a hexadecimal time, here with a counter since several events may fall into one moment. */
function uniqueSuffix(clock: Clock): string {
  sequence = (sequence + 1) % 0x10000
  return (BigInt(clock.now()) * 1_000_000n + BigInt(sequence)).toString(16)
}
