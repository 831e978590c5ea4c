// The store's one interface. Revisions are etcd's: one counter for all keys, each commit of a write takes the next.
// The current state and the history since the last compaction are in memory; durable stores acknowledge after the sync.

import type { KubeObject } from '@binnacle/api'

/** One version of one object. Immutable; `object` is parsed on first use, deeply frozen and then kept. */
export interface StoredObject {
  /** `pods/<namespace>/<name>`, `deployments.apps/<namespace>/<name>`, `nodes/<name>`. */
  readonly key: string
  /** Revision of the write that made this version: the object's resourceVersion. */
  readonly revision: number
  /** The wire form: compact JSON, UTF-8, metadata.resourceVersion included. Never changed. */
  readonly bytes: Uint8Array
  readonly object: KubeObject
}

export interface StoreEvent {
  /** 'create' | 'update' | 'delete'; a delete carries in `current` the last state with the revision of the delete. */
  readonly type: 'create' | 'update' | 'delete'
  readonly revision: number
  readonly current: StoredObject
  /** The version before; absent on create. */
  readonly previous?: StoredObject
}

/** What a write does: the object to keep (its resourceVersion is set by the store), or its removal. */
export type Mutation = { put: KubeObject } | { remove: true; lastState?: KubeObject } | { keep: true }

export interface RangeOptions {
  /** Only keys that start with this, for example `pods/default/`. */
  prefix: string
  /** Exclusive lower bound inside the prefix: where the page before ended. */
  after?: string
  limit?: number
  /** State at this revision; the newest when absent. Throws CompactedError, FutureRevisionError. */
  revision?: number
}

export interface RangeResult {
  readonly items: readonly StoredObject[]
  /** The revision that the answer shows. */
  readonly revision: number
  /** Keys in the prefix after the last item; 0 at the end. */
  readonly remaining: number
}

export interface WatchSink {
  /** All events of one commit that concern the prefix, in order. Must return at once and never throw. */
  events(batch: readonly StoreEvent[]): void
  /** The store closes; no more events come. */
  closed?(): void
}

export interface WatchOptions {
  prefix: string
  /** Events after this revision; history is replayed first. Throws CompactedError when that is gone. */
  fromRevision: number
  sink: WatchSink
}

export interface Store {
  /** Revision of the newest commit that readers see. */
  readonly revision: number
  /** History before this is gone. */
  readonly compactedRevision: number
  /** The newest committed version. */
  get(key: string): StoredObject | undefined
  range(options: RangeOptions): RangeResult
  /** How many live keys the prefix has. */
  count(prefix: string): number
  /**
   * Reads and writes one key as one step. `change` runs at once with the newest accepted version (which may still be on
   * its way to disk) and says what to do; what it throws rejects the write, once readers see the version that it went by,
   * and nothing is kept. Resolves with the version that is now durable (the current one for `keep`, the last state for `remove`), in the order of acceptance.
   * Where `keep` or `remove` meets no version the result is undefined. Rejects with StoreFailure when the disk refuses.
   */
  write(key: string, change: (current: StoredObject | undefined) => Mutation): Promise<StoredObject | undefined>
  /** Starts a watch; the returned function ends it. */
  watch(options: WatchOptions): () => void
  /** Drops history up to `revision`; watches and reads from before it are then refused. */
  compact(revision: number): void
  /** Resolves when everything accepted is durable and the files are closed. */
  close(): Promise<void>
}

/** Revision asked for is older than the history kept. */
export class CompactedError extends Error {
  readonly compactedRevision: number
  constructor(compactedRevision: number) {
    super('required revision has been compacted')
    this.name = 'CompactedError'
    this.compactedRevision = compactedRevision
  }
}

/** Revision asked for does not exist yet. */
export class FutureRevisionError extends Error {
  readonly currentRevision: number
  constructor(currentRevision: number) {
    super('required revision is a future revision')
    this.name = 'FutureRevisionError'
    this.currentRevision = currentRevision
  }
}

/** The disk refused a write (full, read-only, broken). The store accepts no more writes; what was acknowledged is safe. */
export class StoreFailure extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'StoreFailure'
  }
}

/** The data folder cannot be opened: locked by another engine, of another format version, damaged, or read-only. */
export class StoreOpenError extends Error {
  readonly code: 'LOCKED' | 'VERSION' | 'DAMAGED' | 'READ_ONLY'
  constructor(code: StoreOpenError['code'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'StoreOpenError'
    this.code = code
  }
}
