// Makes groups of commits durable: one LMDB transaction for each, written and synced on a thread of LMDB's.

import type { Database, RootDatabase } from 'lmdb'
import type { Journal } from '../mvcc-store.ts'
import { StoreFailure } from '../store.ts'
import type { Version } from '../version.ts'
import type { Encryption } from './record.ts'
import { encodeRecord } from './record.ts'

/** LMDB's limit with pages of 4 KiB; the longest key of Kubernetes, two names of 253 and a namespace, is far below. */
const longestKey = 1978

/** Under this key of the meta table lies the newest revision: deletions leave no record that could tell it. */
export const revisionKey: Buffer = Buffer.from('revision')

export interface Tables {
  readonly root: RootDatabase<Buffer, Buffer>
  readonly objects: Database<Buffer, Buffer>
  readonly meta: Database<Buffer, Buffer>
}

export class LmdbJournal implements Journal {
  #tables: Tables
  #encryption: Encryption | undefined
  #released: () => void

  constructor(tables: Tables, options: { encryption: Encryption | undefined; released: () => void }) {
    this.#tables = tables
    this.#encryption = options.encryption
    this.#released = options.released
  }

  checkKey(key: string): void {
    const length = Buffer.byteLength(key)
    if (length === 0 || length > longestKey)
      throw new RangeError(`a key has 1 to ${longestKey} bytes, this one ${length}`)
  }

  async commit(versions: readonly Version[]): Promise<void> {
    const { objects, meta } = this.#tables
    // Of several versions of one object in a group, the last is what a restart would find.
    const last = new Map<string, Version>()
    for (const version of versions) last.set(version.key, version)
    const revision = (versions.at(-1) as Version).revision
    try {
      const committed = objects.batch(() => {
        for (const version of last.values()) {
          const key = Buffer.from(version.key)
          if (version.deleted) void objects.remove(key)
          else void objects.put(key, encodeRecord(version, this.#encryption))
        }
        void meta.put(revisionKey, encodeRevision(revision))
      })
      // Without overlappingSync this promise resolves after the sync that ends the transaction.
      await committed
    } catch (error) {
      throw await asFailure(error)
    }
  }

  async close(): Promise<void> {
    await this.#tables.root.close()
    this.#released()
  }
}

export function encodeRevision(revision: number): Buffer {
  const bytes = Buffer.allocUnsafeSlow(8)
  bytes.writeDoubleBE(revision)
  return bytes
}

/** lmdb-js rejects with a general error whose `commitError` is a promise that rejects with the reason. */
async function asFailure(error: unknown): Promise<StoreFailure> {
  let reason = error
  const { commitError } = error as { commitError?: Promise<never> }
  if (commitError !== undefined) {
    try {
      await commitError
    } catch (cause) {
      reason = cause
    }
  }
  const text = reason instanceof Error ? reason.message : String(reason)
  return new StoreFailure(`the data folder refuses a write: ${text}; reads go on, restart when there is room again`, {
    cause: reason,
  })
}
