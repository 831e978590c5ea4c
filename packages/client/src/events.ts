// Events about objects (core/v1), written without waiting: a repeated one raises the count of the first instead of
// adding another, and a source that floods one object is held back. Upstream: client-go tools/record.

import type { Clock, KubeObject } from '@binnacle/api'
import type { Client } from './client.ts'
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

/** As client-go's EventSourceObjectSpamFilter: a burst of 25 for each object, then one each five minutes. */
const burst = 25
const refillMs = 300_000
const rememberedEvents = 4096

interface Known {
  namespace: string
  name: string
  count: number
  firstTimestamp: string
  /** Writes of one event follow each other. */
  last: Promise<unknown>
}

export function createEventRecorder(options: EventRecorderOptions): EventRecorder {
  return new Recorder(options)
}

class Recorder implements EventRecorder {
  readonly #options: EventRecorderOptions
  readonly #known = new Map<string, Known>()
  readonly #tokens = new Map<string, { left: number; at: number }>()

  constructor(options: EventRecorderOptions) {
    this.#options = options
  }

  record(object: KubeObject, type: EventType, reason: string, message: string, fieldPath?: string): void {
    const { metadata } = object
    const uid = metadata.uid ?? ''
    if (!this.#mayWrite(uid)) return
    const key = [uid, object.kind, metadata.namespace, metadata.name, type, reason, message, fieldPath].join('\u0000')
    const now = new Date(this.#options.clock.now()).toISOString().replace(/\.\d+Z$/, 'Z')
    const known = this.#known.get(key)
    if (known === undefined) this.#create(key, { object, type, reason, message, fieldPath, now })
    else this.#repeat(known, now)
  }

  #create(
    key: string,
    {
      object,
      type,
      reason,
      message,
      fieldPath,
      now,
    }: {
      object: KubeObject
      type: EventType
      reason: string
      message: string
      fieldPath: string | undefined
      now: string
    },
  ): void {
    const { client, component, host } = this.#options
    const { metadata } = object
    // Events about cluster-scoped objects are kept in the namespace default.
    const namespace = metadata.namespace ?? 'default'
    const name = `${metadata.name}.${uniqueSuffix(this.#options.clock)}`
    const event = {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name, namespace },
      involvedObject: {
        kind: object.kind,
        namespace: metadata.namespace,
        name: metadata.name,
        uid: metadata.uid,
        apiVersion: object.apiVersion,
        resourceVersion: metadata.resourceVersion,
        fieldPath,
      },
      reason,
      message,
      source: { component, host },
      reportingComponent: component,
      reportingInstance: host ?? '',
      firstTimestamp: now,
      lastTimestamp: now,
      count: 1,
      type,
    }
    const last = client.create(events, event).catch((error: unknown) => {
      this.#known.delete(key)
      this.#options.onError?.(error)
    })
    if (this.#known.size >= rememberedEvents)
      for (const oldest of [...this.#known.keys()].slice(0, rememberedEvents / 4)) this.#known.delete(oldest)
    this.#known.set(key, { namespace, name, count: 1, firstTimestamp: now, last })
  }

  #repeat(known: Known, now: string): void {
    known.count++
    const body = { count: known.count, lastTimestamp: now }
    known.last = known.last
      .then(() =>
        this.#options.client.patch(
          events,
          { namespace: known.namespace, name: known.name },
          { type: 'application/merge-patch+json', body },
        ),
      )
      .catch((error: unknown) => this.#options.onError?.(error))
  }

  #mayWrite(uid: string): boolean {
    const now = this.#options.clock.now()
    const bucket = this.#tokens.get(uid) ?? { left: burst, at: now }
    const left = Math.min(burst, bucket.left + (now - bucket.at) / refillMs)
    if (this.#tokens.size >= rememberedEvents) this.#tokens.clear()
    this.#tokens.set(uid, { left: left >= 1 ? left - 1 : left, at: now })
    return left >= 1
  }
}

let sequence = 0

/** As upstream a hexadecimal time, here with a counter since several events may fall into one moment. */
function uniqueSuffix(clock: Clock): string {
  sequence = (sequence + 1) % 0x10000
  return (BigInt(clock.now()) * 1_000_000n + BigInt(sequence)).toString(16)
}
