// What the store knows: the live keys, the keys whose deletion history still reaches, and one log of all events since the
// compaction. Every commit of a write has one revision and one event, so an event's place in the log is its revision.

import { afterPrefix, orderKey } from './key-order.ts'
import { SortedIndex } from './sorted-index.ts'
import type { RangeOptions, RangeResult, StoredObject, StoreEvent } from './store.ts'
import { CompactedError, FutureRevisionError } from './store.ts'
import type { Version } from './version.ts'

interface LoggedEvent extends StoreEvent {
  readonly current: Version
}

export class State {
  #live = new SortedIndex<Version>()
  /** Newest version of keys that are deleted now, so that reads at an older revision find them. */
  #dead = new SortedIndex<Version>()
  /** The event of revision `compactedRevision + 1 + index`. */
  #log: LoggedEvent[] = []
  #historyBytes = 0
  revision: number
  compactedRevision: number

  constructor(revision = 0) {
    this.revision = revision
    this.compactedRevision = revision
  }

  /** How many events, and how many bytes of versions that are no longer current, history holds. */
  get history(): { events: number; bytes: number } {
    return { events: this.#log.length, bytes: this.#historyBytes }
  }

  /** A version from the data folder: it has no history. */
  load(version: Version): void {
    this.#live.set(orderKey(version.key), version)
  }

  /** The newest version of a key, deletions included. */
  newest(key: string): Version | undefined {
    const order = orderKey(key)
    return this.#live.get(order) ?? this.#dead.get(order)
  }

  get(key: string): Version | undefined {
    return this.#live.get(orderKey(key))
  }

  /** Makes a version the current one. Its revision must be the next. */
  apply(version: Version): StoreEvent {
    const order = orderKey(version.key)
    const previous = version.older?.deleted === false ? version.older : undefined
    if (version.deleted) {
      this.#live.delete(order)
      this.#dead.set(order, version)
    } else {
      this.#live.set(order, version)
      if (previous === undefined) this.#dead.delete(order)
    }
    const { revision } = version
    const event: LoggedEvent =
      previous === undefined
        ? { type: 'create', revision, current: version }
        : { type: version.deleted ? 'delete' : 'update', revision, current: version, previous }
    this.#log.push(event)
    this.#historyBytes += supersededBytes(event)
    this.revision = revision
    return event
  }

  /** Everything after `revision` in order. */
  eventsAfter(revision: number, prefix: string): StoreEvent[] {
    this.#checkKept(revision)
    const events: StoreEvent[] = []
    for (let index = Math.max(0, revision - this.compactedRevision); index < this.#log.length; index++) {
      const event = this.#log[index] as LoggedEvent
      if (event.current.key.startsWith(prefix)) events.push(event)
    }
    return events
  }

  count(prefix: string): number {
    return this.#countFrom(orderKey(prefix), orderKey(prefix))
  }

  range({ prefix, after, limit = Infinity, revision = this.revision }: RangeOptions): RangeResult {
    if (revision > this.revision) throw new FutureRevisionError(this.revision)
    this.#checkKept(revision)
    const start = orderKey(prefix)
    // No key lies between a key and that key with a NUL behind it.
    const from = after === undefined || after < prefix ? start : `${orderKey(after)}\0`
    const items: StoredObject[] = []
    if (limit > 0) {
      if (revision === this.revision) this.#collect({ start, from, limit }, items)
      else this.#collectAt({ start, from, limit, revision }, items)
    }
    if (items.length < limit) return { items, revision, remaining: 0 }
    const last = items.at(-1)
    return {
      items,
      revision,
      remaining: this.#countAt(start, last === undefined ? from : `${orderKey(last.key)}\0`, revision),
    }
  }

  compact(revision: number): void {
    if (revision > this.revision) throw new FutureRevisionError(this.revision)
    if (revision <= this.compactedRevision) return
    const gone = this.#log.splice(0, revision - this.compactedRevision)
    this.compactedRevision = revision
    for (const event of gone) {
      this.#historyBytes -= supersededBytes(event)
      const { current } = event
      current.older = undefined
      if (!current.deleted) continue
      const order = orderKey(current.key)
      if (this.#dead.get(order) === current) this.#dead.delete(order)
    }
    // A key that was made again still leads to its deletion, which is as good as nothing now.
    for (const { current } of this.#log) {
      if (current.older?.deleted === true && current.older.revision <= revision) current.older = undefined
    }
  }

  #collect({ start, from, limit }: { start: string; from: string; limit: number }, items: StoredObject[]): void {
    this.#live.scan(from, (version, order) => {
      if (!order.startsWith(start)) return false
      items.push(version)
      return items.length < limit
    })
  }

  /** As #collect, with the keys that have been deleted since merged in and every chain followed back to `revision`. */
  #collectAt(window: { start: string; from: string; limit: number; revision: number }, items: StoredObject[]): void {
    const { start, from, limit, revision } = window
    const dead: { order: string; version: Version }[] = []
    this.#dead.scan(from, (version, order) => {
      if (!order.startsWith(start)) return false
      const then = versionAt(version, revision)
      if (then !== undefined) dead.push({ order, version: then })
      return dead.length < limit
    })
    let nextDead = 0
    const takeDeadBelow = (order: string | undefined): void => {
      for (let entry = dead[nextDead]; entry !== undefined; entry = dead[++nextDead]) {
        if (items.length >= limit || (order !== undefined && entry.order > order)) return
        items.push(entry.version)
      }
    }
    this.#live.scan(from, (version, order) => {
      if (!order.startsWith(start)) return false
      takeDeadBelow(order)
      const then = versionAt(version, revision)
      if (then !== undefined && items.length < limit) items.push(then)
      return items.length < limit
    })
    takeDeadBelow(undefined)
  }

  #countFrom(start: string, from: string): number {
    const end = afterPrefix(start)
    return Math.max(0, (end === undefined ? this.#live.size : this.#live.rank(end)) - this.#live.rank(from))
  }

  /** Counts as of `revision` by undoing, on today's count, the creations and deletions since. */
  #countAt(start: string, from: string, revision: number): number {
    let count = this.#countFrom(start, from)
    for (let index = revision - this.compactedRevision; index < this.#log.length; index++) {
      const event = this.#log[index] as LoggedEvent
      if (event.type === 'update') continue
      const order = orderKey(event.current.key)
      if (order >= from && order.startsWith(start)) count += event.type === 'delete' ? 1 : -1
    }
    return count
  }

  #checkKept(revision: number): void {
    if (revision < this.compactedRevision) throw new CompactedError(this.compactedRevision)
  }
}

function versionAt(newest: Version, revision: number): Version | undefined {
  let version: Version | undefined = newest
  while (version !== undefined && version.revision > revision) version = version.older
  return version?.deleted === false ? version : undefined
}

/** What only history keeps in memory. */
function supersededBytes(event: LoggedEvent): number {
  return (event.previous?.bytes.byteLength ?? 0) + (event.current.deleted ? event.current.bytes.byteLength : 0)
}
