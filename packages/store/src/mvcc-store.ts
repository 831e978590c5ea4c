// The store: writes are accepted at once, made durable in groups by a journal, and become visible in the order of
// acceptance. Memory and LMDB differ only in their journal.

import type { Clock } from '@binnacle/api'
import { systemClock } from '@binnacle/api'
import type { HistoryLimits } from './history-policy.ts'
import { defaultHistoryLimits, HistoryPolicy } from './history-policy.ts'
import type { State } from './state.ts'
import type { Mutation, RangeOptions, RangeResult, Store, StoredObject, StoreEvent, WatchOptions } from './store.ts'
import { StoreFailure } from './store.ts'
import { Version } from './version.ts'
import type { SinkErrorHandler } from './watchers.ts'
import { Watchers } from './watchers.ts'

/** Where commits go before anybody sees them. */
export interface Journal {
  /** Resolves when all of these are durable, in one transaction. Called again only after that; never after a rejection. */
  commit(versions: readonly Version[]): Promise<void>
  close(): Promise<void>
  /** Throws for a key that it could not keep. */
  checkKey?(key: string): void
}

export interface StoreOptions {
  clock?: Clock
  history?: Partial<HistoryLimits>
  /** A watch sink threw: the watch has ended. Printed to standard error when absent. */
  onError?: SinkErrorHandler
}

interface Accepted {
  /** Absent for `keep`, and for a refusal that waits for the version that it goes by. */
  readonly write: Version | undefined
  /** Called when all that was accepted before is durable. */
  readonly settle: () => void
  readonly reject: (error: StoreFailure) => void
}

export class MvccStore implements Store {
  #state: State
  #journal: Journal
  #watchers: Watchers
  #policy: HistoryPolicy
  /** Newest accepted version of keys whose write is not durable yet. */
  #pending = new Map<string, Version>()
  #acceptedRevision: number
  #queue: Accepted[] = []
  #draining: Promise<void> | undefined
  #failure: StoreFailure | undefined
  #closing: Promise<void> | undefined

  constructor(state: State, options: StoreOptions & { journal: Journal }) {
    this.#state = state
    this.#acceptedRevision = state.revision
    this.#journal = options.journal
    this.#watchers = new Watchers(options.onError ?? reportSinkError)
    const limits = { ...defaultHistoryLimits, ...options.history }
    this.#policy = new HistoryPolicy(state, { clock: options.clock ?? systemClock, limits })
  }

  get revision(): number {
    return this.#state.revision
  }

  get compactedRevision(): number {
    return this.#state.compactedRevision
  }

  get(key: string): StoredObject | undefined {
    return this.#state.get(key)
  }

  range(options: RangeOptions): RangeResult {
    return this.#state.range(options)
  }

  count(prefix: string): number {
    return this.#state.count(prefix)
  }

  write(key: string, change: (current: StoredObject | undefined) => Mutation): Promise<StoredObject | undefined> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    if (this.#closing !== undefined) return Promise.reject(new StoreFailure('the store is closed'))
    return new Promise((resolve, reject) => {
      // Whatever throws in here rejects the write, and nothing has been accepted yet.
      this.#journal.checkKey?.(key)
      const pending = this.#pending.get(key)
      const newest = pending ?? this.#state.newest(key)
      const current = newest?.deleted === false ? newest : undefined
      let write: Version | undefined
      try {
        write = this.#versionOf(key, change(current), newest)
      } catch (error) {
        if (pending === undefined) throw error
        // Told now, a conflict would send its client to read the version before once more: it could ask for ever, and in
        // this thread the commit would never have its turn.
        this.#enqueue({ write: undefined, settle: () => reject(error), reject })
        return
      }
      if (write !== undefined) {
        this.#acceptedRevision = write.revision
        this.#pending.set(key, write)
      }
      this.#enqueue({ write, settle: () => resolve(write ?? current), reject })
    })
  }

  #enqueue(accepted: Accepted): void {
    this.#queue.push(accepted)
    this.#draining ??= this.#drain()
  }

  watch({ prefix, fromRevision, sink }: WatchOptions): () => void {
    const replay = this.#state.eventsAfter(fromRevision, prefix)
    return this.#watchers.add({ prefix, after: fromRevision, sink, replay })
  }

  compact(revision: number): void {
    this.#state.compact(revision)
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  #versionOf(key: string, mutation: Mutation, newest: Version | undefined): Version | undefined {
    const revision = this.#acceptedRevision + 1
    if ('put' in mutation) return Version.write({ key, revision, object: mutation.put, deleted: false, older: newest })
    if ('keep' in mutation || newest === undefined || newest.deleted) return undefined
    return Version.write({ key, revision, object: mutation.lastState ?? newest.object, deleted: true, older: newest })
  }

  async #drain(): Promise<void> {
    // What else is accepted in this turn joins the first group; what comes during a sync, the next.
    await Promise.resolve()
    while (this.#queue.length > 0) {
      const group = this.#queue
      this.#queue = []
      const versions: Version[] = []
      for (const { write } of group) if (write !== undefined) versions.push(write)
      try {
        if (versions.length > 0) await this.#journal.commit(versions)
      } catch (error) {
        this.#fail(group, error)
        break
      }
      this.#publish(versions)
      for (const { settle } of group) settle()
    }
    this.#draining = undefined
  }

  #publish(versions: readonly Version[]): void {
    if (versions.length === 0) return
    const events: StoreEvent[] = []
    for (const version of versions) {
      events.push(this.#state.apply(version))
      if (this.#pending.get(version.key) === version) this.#pending.delete(version.key)
    }
    this.#watchers.deliver(events)
    this.#policy.committed()
  }

  /** Nothing of the group or of what was accepted after it has been seen by anybody, so it is as if it had never been. */
  #fail(group: readonly Accepted[], cause: unknown): void {
    const failure =
      cause instanceof StoreFailure
        ? cause
        : new StoreFailure(
            `the data folder refuses a write: ${cause instanceof Error ? cause.message : String(cause)}`,
            { cause },
          )
    this.#failure = failure
    this.#pending.clear()
    for (const { reject } of [...group, ...this.#queue]) reject(failure)
    this.#queue = []
  }

  async #close(): Promise<void> {
    await this.#draining
    this.#policy.close()
    this.#watchers.close()
    await this.#journal.close()
  }
}

function reportSinkError(error: unknown, prefix: string): void {
  process.stderr.write(`store: a watch of ${prefix || 'everything'} ended because its sink threw: ${String(error)}\n`)
}
