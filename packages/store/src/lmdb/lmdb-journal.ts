// Makes groups of commits durable: one LMDB transaction for each, written and synced on a thread of LMDB's.

import { statfs } from 'node:fs/promises'
import type { Database, RootDatabase } from 'lmdb'
import type { Journal } from '../mvcc-store.ts'
import { StoreFailure } from '../store.ts'
import type { Version } from '../version.ts'
import type { Encryption } from './record.ts'
import { encodeRecord } from './record.ts'

/** LMDB's limit with pages of 4 KiB; the longest key of Kubernetes, two names of 253 and a namespace, is far below. */
const longestKey = 1978

/** A transaction of this size, a few pages, would still fail. */
const smallestRoom = 64 << 10

/** Under this key of the meta table lies the newest revision: deletions leave no record that could tell it. */
export const revisionName = 'revision'
const revisionKey = Buffer.from(revisionName)

export interface Tables {
  readonly root: RootDatabase<Buffer, Buffer>
  readonly objects: Database<Buffer, Buffer>
  readonly meta: Database<Buffer, Buffer>
}

export class LmdbJournal implements Journal {
  #tables: Tables
  #encryption: Encryption | undefined
  #directory: string
  #released: () => void

  constructor(
    tables: Tables,
    options: { encryption: Encryption | undefined; directory: string; released: () => void },
  ) {
    this.#tables = tables
    this.#encryption = options.encryption
    this.#directory = options.directory
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
      throw await this.#failureOf(error)
    }
  }

  async close(): Promise<void> {
    await this.#tables.root.close()
    this.#released()
  }

  /** LMDB reports a full disk as a general input/output error, so the disk is asked. */
  async #failureOf(error: unknown): Promise<StoreFailure> {
    const cause = await commitErrorOf(error)
    const { bavail, bsize } = await statfs(this.#directory)
    const reason =
      bavail * bsize < smallestRoom ? 'the disk is full' : cause instanceof Error ? cause.message : String(cause)
    return new StoreFailure(
      `the data folder ${this.#directory} refuses writes (${reason}): reads go on; mend it and restart`,
      { cause },
    )
  }
}

function encodeRevision(revision: number): Buffer {
  const bytes = Buffer.allocUnsafeSlow(8)
  bytes.writeDoubleBE(revision)
  return bytes
}

/** lmdb-js rejects with a general error whose `commitError` is a promise that rejects with the reason. */
async function commitErrorOf(error: unknown): Promise<unknown> {
  if (!(error instanceof Error) || !('commitError' in error)) return error
  try {
    await error.commitError
    return error
  } catch (cause) {
    return cause
  }
}
