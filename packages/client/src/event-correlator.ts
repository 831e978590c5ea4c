// Decides what becomes of an event before it is written: held back as spam, counted into an earlier one, or combined
// with similar ones. Upstream: client-go tools/record/events_cache.go, EventCorrelator with its defaults.

import type { Clock } from '@binnacle/api'

/** A burst of 25 for each source and object, then one each five minutes (EventSourceObjectSpamFilter). */
const burst = 25
const refillMs = 300_000
/** This many different messages of one reason, with never more than ten minutes between two, become one event. */
const maxSimilar = 10
const similarForMs = 600_000
const combinedPrefix = '(combined from similar events): '
/** How much is remembered of each: what was used longest ago is forgotten first. */
const maxRemembered = 4096

/** What tells events apart. `subject` is the involved object. */
export interface EventIdentity {
  source: { component: string; host: string | undefined }
  subject: {
    apiVersion: string | undefined
    kind: string | undefined
    namespace: string | undefined
    name: string | undefined
    uid: string | undefined
    fieldPath: string | undefined
  }
  type: string
  reason: string
  message: string
}

export interface Correlation {
  /** Events of one key are one object whose count rises. */
  key: string
  /** As given, or marked as standing for similar ones. */
  message: string
  isSpam: boolean
}

export class EventCorrelator {
  readonly #clock: Clock
  readonly #buckets = new LruMap<{ left: number; at: number }>(maxRemembered)
  readonly #similar = new LruMap<{ messages: Set<string>; at: number }>(maxRemembered)

  constructor(clock: Clock) {
    this.#clock = clock
  }

  correlate(event: EventIdentity): Correlation {
    const combined = this.#combine(event)
    return { ...combined, isSpam: !this.#takeToken(spamKey(event)) }
  }

  #combine(event: EventIdentity): { key: string; message: string } {
    const now = this.#clock.now()
    const similarKey = joinKey([spamKey(event), event.reason])
    const known = this.#similar.get(similarKey)
    const messages = known === undefined || now - known.at > similarForMs ? new Set<string>() : known.messages
    messages.add(event.message)
    this.#similar.set(similarKey, { messages, at: now })
    if (messages.size < maxSimilar) {
      return { key: joinKey([similarKey, event.subject.fieldPath, event.message]), message: event.message }
    }
    // Stays one below the limit, so that the next different message is combined too.
    messages.delete(event.message)
    return { key: similarKey, message: combinedPrefix + event.message }
  }

  #takeToken(key: string): boolean {
    const now = this.#clock.now()
    const { left, at } = this.#buckets.get(key) ?? { left: burst, at: now }
    const refilled = Math.min(burst, left + (now - at) / refillMs)
    const isAllowed = refilled >= 1
    this.#buckets.set(key, { left: isAllowed ? refilled - 1 : refilled, at: now })
    return isAllowed
  }
}

function spamKey({ source, subject, type }: EventIdentity): string {
  const { kind, namespace, name, uid, apiVersion } = subject
  return joinKey([source.component, source.host, kind, namespace, name, uid, apiVersion, type])
}

function joinKey(parts: readonly (string | undefined)[]): string {
  return parts.join('\u0000')
}

/** Forgets what was used longest ago when it is full. */
export class LruMap<V> {
  readonly #size: number
  readonly #entries = new Map<string, V>()

  constructor(size: number) {
    this.#size = size
  }

  get(key: string): V | undefined {
    const value = this.#entries.get(key)
    if (value !== undefined) this.set(key, value)
    return value
  }

  set(key: string, value: V): void {
    // A Map keeps the order of insertion; what is set again moves to the end.
    this.#entries.delete(key)
    this.#entries.set(key, value)
    if (this.#entries.size <= this.#size) return
    for (const oldest of this.#entries.keys()) {
      this.#entries.delete(oldest)
      break
    }
  }

  delete(key: string): void {
    this.#entries.delete(key)
  }
}
