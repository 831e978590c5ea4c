// Makes groups of commits durable: appended to the log, which is what a commit waits for, and written behind it to LMDB,
// on a thread of LMDB's, when a file of the log is full.

import { statfs } from 'node:fs/promises'
import type { Database, RootDatabase } from 'lmdb'
import type { Journal } from '../mvcc-store.ts'
import { StoreFailure } from '../store.ts'
import type { Version } from '../version.ts'
import type { Entry, Frame } from './frame.ts'
import { encodeFrame } from './frame.ts'
import type { Log } from './log.ts'
import type { Encryption } from './record.ts'

/** LMDB's limit with pages of 4 KiB; the longest key of Kubernetes, two names of 253 and a namespace, is far below. */
const longestKey = 1978

/** Versions in a transaction, as far as whole groups allow: LMDB takes each up on the event loop, in some microseconds. */
const transactionLength = 256

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
  #log: Log
  #encryption: Encryption | undefined
  #directory: string
  #released: () => void
  /** What the current file of the log holds. */
  #logged: Frame[] = []
  /** Resolves when all that the other file of the log holds is in the data file, or `#failure` says why it cannot be. */
  #checkpoint: Promise<void>
  #failure: StoreFailure | undefined

  /** `replayed`: what the log has and the data file has not. */
  constructor(
    tables: Tables,
    options: {
      log: Log
      replayed: readonly Frame[]
      encryption: Encryption | undefined
      directory: string
      released: () => void
    },
  ) {
    this.#tables = tables
    this.#log = options.log
    this.#encryption = options.encryption
    this.#directory = options.directory
    this.#released = options.released
    this.#checkpoint = this.#writeBehind(options.replayed)
  }

  checkKey(key: string): void {
    const length = Buffer.byteLength(key)
    if (length === 0 || length > longestKey)
      throw new RangeError(`a key has 1 to ${longestKey} bytes, this one ${length}`)
  }

  async commit(versions: readonly Version[]): Promise<void> {
    const frame = encodeFrame(versions, this.#encryption)
    if (!this.#log.hasRoomFor(frame)) await this.#turn()
    if (this.#failure !== undefined) throw this.#failure
    try {
      await this.#log.append(frame)
    } catch (error) {
      throw await this.#failureOf(error)
    }
    this.#logged.push(frame)
  }

  async close(): Promise<void> {
    await this.#turn()
    // Where the disk refuses, what is only in the log stays there for the next opening.
    await this.#checkpoint
    this.#log.close()
    await this.#tables.root.close()
    this.#released()
  }

  /** Goes on in the other file of the log, once that is free; what this one holds is written behind. */
  async #turn(): Promise<void> {
    await this.#checkpoint
    if (this.#failure !== undefined) return
    this.#checkpoint = this.#writeBehind(this.#logged)
    this.#logged = []
    this.#log.turn()
  }

  /** Never rejects. */
  async #writeBehind(frames: readonly Frame[]): Promise<void> {
    const { objects, meta } = this.#tables
    try {
      for (let next = 0; next < frames.length;) {
        // Of several versions of one object, the last is what a restart would find.
        const newest = new Map<string, Entry>()
        let revision = 0
        for (let frame = frames[next]; frame !== undefined && newest.size < transactionLength; frame = frames[++next]) {
          for (const entry of frame.entries) newest.set(entry.key, entry)
          revision = frame.revision
        }
        const committed = objects.batch(() => {
          for (const { key, record } of newest.values()) {
            if (record === undefined) void objects.remove(Buffer.from(key))
            else void objects.put(Buffer.from(key), record)
          }
          void meta.put(revisionKey, encodeRevision(revision))
        })
        // Without overlappingSync this promise resolves after the sync that ends the transaction.
        await committed
      }
    } catch (error) {
      this.#failure = await this.#failureOf(error)
    }
  }

  async #failureOf(error: unknown): Promise<StoreFailure> {
    const cause = await commitErrorOf(error)
    const full = isNoSpace(cause) || (await this.#isFull())
    const reason = full ? 'the disk is full' : cause instanceof Error ? cause.message : String(cause)
    return new StoreFailure(
      `the data folder ${this.#directory} refuses writes (${reason}): reads go on; mend it and restart`,
      { cause },
    )
  }

  /** LMDB reports a full disk as a general input/output error, so the disk is asked. */
  async #isFull(): Promise<boolean> {
    const { bavail, bsize } = await statfs(this.#directory)
    return bavail * bsize < smallestRoom
  }
}

function isNoSpace(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOSPC'
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
