// Who watches what. Watchers with one prefix form a group, and a key finds its groups by its own segments, so that a
// write costs nothing for those who watch something else.

import type { StoreEvent, WatchSink } from './store.ts'

interface Watcher {
  readonly sink: WatchSink
  /** Events up to this revision are not for it. */
  after: number
}

export type SinkErrorHandler = (error: unknown, prefix: string) => void

export class Watchers {
  #groups = new Map<string, Set<Watcher>>()
  /** How many groups have a prefix of this length that does not end with `/` (one object, say). */
  #oddLengths = new Map<number, number>()
  #onError: SinkErrorHandler

  constructor(onError: SinkErrorHandler) {
    this.#onError = onError
  }

  /** `replay` is delivered first; the returned function ends the watch. */
  add(options: { prefix: string; after: number; sink: WatchSink; replay: readonly StoreEvent[] }): () => void {
    const { prefix, after, sink, replay } = options
    const watcher: Watcher = { sink, after: replay.at(-1)?.revision ?? after }
    let group = this.#groups.get(prefix)
    if (group === undefined) {
      this.#groups.set(prefix, (group = new Set()))
      if (isOdd(prefix)) this.#oddLengths.set(prefix.length, (this.#oddLengths.get(prefix.length) ?? 0) + 1)
    }
    group.add(watcher)
    if (replay.length > 0) this.#send(prefix, watcher, replay)
    return () => this.#remove(prefix, watcher)
  }

  /** Hands the events of one commit to everybody they concern. Watchers of one prefix get the same array. */
  deliver(events: readonly StoreEvent[]): void {
    if (this.#groups.size === 0) return
    const batches = new Map<string, StoreEvent[]>()
    for (const event of events) {
      this.#forEachPrefix(event.current.key, (prefix) => {
        const batch = batches.get(prefix)
        if (batch === undefined) batches.set(prefix, [event])
        else batch.push(event)
      })
    }
    for (const [prefix, batch] of batches) {
      const group = this.#groups.get(prefix)
      if (group === undefined) continue
      const first = (batch[0] as StoreEvent).revision
      for (const watcher of group) {
        const { after } = watcher
        if (after < first) this.#send(prefix, watcher, batch)
        else {
          const rest = batch.filter((event) => event.revision > after)
          if (rest.length > 0) this.#send(prefix, watcher, rest)
        }
      }
    }
  }

  close(): void {
    const groups = [...this.#groups]
    this.#groups.clear()
    this.#oddLengths.clear()
    for (const [prefix, group] of groups) {
      for (const { sink } of group) {
        try {
          sink.closed?.()
        } catch (error) {
          this.#onError(error, prefix)
        }
      }
    }
  }

  #send(prefix: string, watcher: Watcher, batch: readonly StoreEvent[]): void {
    try {
      watcher.sink.events(batch)
    } catch (error) {
      this.#remove(prefix, watcher)
      this.#onError(error, prefix)
    }
  }

  #remove(prefix: string, watcher: Watcher): void {
    const group = this.#groups.get(prefix)
    if (group === undefined || !group.delete(watcher) || group.size > 0) return
    this.#groups.delete(prefix)
    if (!isOdd(prefix)) return
    const others = (this.#oddLengths.get(prefix.length) ?? 1) - 1
    if (others === 0) this.#oddLengths.delete(prefix.length)
    else this.#oddLengths.set(prefix.length, others)
  }

  #forEachPrefix(key: string, found: (prefix: string) => void): void {
    if (this.#groups.has('')) found('')
    for (let slash = key.indexOf('/'); slash >= 0; slash = key.indexOf('/', slash + 1)) {
      const prefix = key.slice(0, slash + 1)
      if (this.#groups.has(prefix)) found(prefix)
    }
    for (const length of this.#oddLengths.keys()) {
      if (length > key.length) continue
      const prefix = key.slice(0, length)
      if (isOdd(prefix) && this.#groups.has(prefix)) found(prefix)
    }
  }
}

function isOdd(prefix: string): boolean {
  return prefix !== '' && !prefix.endsWith('/')
}
