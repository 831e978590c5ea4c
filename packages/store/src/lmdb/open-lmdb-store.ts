// Opens a data folder: hold it, check it, read every object's bytes (nothing is parsed) from the data file and then from
// the log, go on with the last revision.

import { existsSync } from 'node:fs'
import { constants } from 'node:os'
import { open } from 'lmdb'
import type { StoreOptions } from '../mvcc-store.ts'
import { MvccStore } from '../mvcc-store.ts'
import { State } from '../state.ts'
import type { Store } from '../store.ts'
import { StoreOpenError } from '../store.ts'
import { Version } from '../version.ts'
import { asOpenError, formatVersion, holdDataFolder } from './data-folder.ts'
import type { Frame } from './frame.ts'
import type { Tables } from './lmdb-journal.ts'
import { LmdbJournal, revisionName } from './lmdb-journal.ts'
import { createLog, Log } from './log.ts'
import { readDataFile } from './page-reader.ts'
import type { Encryption } from './record.ts'
import { decodeRecord, RecordError } from './record.ts'

export interface LmdbStoreOptions extends StoreOptions {
  /** Made when it does not exist. */
  directory: string
  /** 32 bytes; values of the keys that `encrypt` selects are encrypted at rest with AES-256-GCM. */
  encryptionKey?: Uint8Array
  /** Secrets when absent. */
  encrypt?: (key: string) => boolean
  /** Bytes of each of the two files of the log: a folder is opened with what it was made with. 4 MiB when absent. */
  logLength?: number
}

const defaultLogLength = 4 << 20

/** Throws StoreOpenError. History begins at the revision found: a watch from before gets CompactedError. */
export async function openLmdbStore(options: LmdbStoreOptions): Promise<Store> {
  const encryption = encryptionOf(options)
  const { directory, logLength = defaultLogLength } = options
  const folder = holdDataFolder(directory)
  let log: Log | undefined
  try {
    if (folder.format !== undefined && !existsSync(folder.dataFile)) throw new RecordError('objects.mdb is missing')
    if (folder.format !== formatVersion) createLog(directory, logLength)
    log = new Log(directory, logLength)
    const { state, replayed } = load(folder.dataFile, { log, encryption })
    const tables = openTables(folder.dataFile)
    folder.complete()
    const journal = new LmdbJournal(tables, { log, replayed, encryption, directory, released: folder.release })
    return new MvccStore(state, { ...options, journal })
  } catch (error) {
    log?.close()
    folder.release()
    throw asDamage(directory, error)
  }
}

function encryptionOf({ encryptionKey, encrypt }: LmdbStoreOptions): Encryption | undefined {
  if (encryptionKey === undefined) return undefined
  if (encryptionKey.byteLength !== 32)
    throw new TypeError(`encryptionKey has ${encryptionKey.byteLength} bytes, AES-256 wants 32`)
  return { key: Buffer.from(encryptionKey), applies: encrypt ?? ((key) => key.startsWith('secrets/')) }
}

function openTables(dataFile: string): Tables {
  const environment = {
    path: dataFile,
    noSubdir: true,
    maxDbs: 2,
    // With it a commit is visible before it is on disk; we show nothing and acknowledge nothing before.
    overlappingSync: false,
    // The groups are ours. LMDB's own would come with a promise that nobody holds and whose rejection ends the process.
    eventTurnBatching: false,
    permissionsMode: 0o600,
  }
  const root = open<Buffer, Buffer>(environment)
  const table = { encoding: 'binary', keyEncoding: 'binary' } as const
  return { root, objects: root.openDB({ name: 'objects', ...table }), meta: root.openDB({ name: 'meta', ...table }) }
}

/** Values are cut out of slabs: a buffer of its own for each costs 250 bytes more, a quarter of a typical object. */
const slabLength = 64 << 10

function load(
  dataFile: string,
  { log, encryption }: { log: Log; encryption: Encryption | undefined },
): { state: State; replayed: readonly Frame[] } {
  const stored: Version[] = []
  let revision = 0
  let slab = Buffer.alloc(0)
  const versionOf = (key: string, value: Buffer): Version => {
    const record = decodeRecord(key, value, encryption)
    const { length } = record.bytes
    if (length > slab.length) slab = Buffer.allocUnsafeSlow(Math.max(slabLength, length))
    const bytes = slab.subarray(0, length)
    slab = slab.subarray(length)
    record.bytes.copy(bytes)
    return new Version({ key, revision: record.revision, bytes, deleted: false })
  }
  if (existsSync(dataFile)) {
    readDataFile(dataFile, {
      objects(name, value) {
        const version = versionOf(name.toString(), value)
        stored.push(version)
        revision = Math.max(revision, version.revision)
      },
      meta(name, value) {
        if (name.toString() === revisionName) revision = Math.max(revision, value.readDoubleBE(0))
      },
    })
  }
  const replayed = log.read(revision)
  const newest = new Map<string, Buffer | undefined>()
  for (const { entries } of replayed) for (const { key, record } of entries) newest.set(key, record)
  const state = new State(replayed.at(-1)?.revision ?? revision)
  for (const version of stored) if (!newest.has(version.key)) state.load(version)
  for (const [key, record] of newest) if (record !== undefined) state.load(versionOf(key, record))
  return { state, replayed }
}

/** LMDB gives the system's error numbers as they are; its own are below -30000. */
const refusesWrites = new Set([
  constants.errno.EROFS,
  constants.errno.EACCES,
  constants.errno.EPERM,
  constants.errno.ENOSPC,
])

function asDamage(directory: string, error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof StoreOpenError) return error
  const { message } = error
  const code = 'code' in error ? error.code : undefined
  if (typeof code === 'string') return asOpenError(directory, error)
  if (typeof code === 'number' && refusesWrites.has(code)) {
    return new StoreOpenError(
      'READ_ONLY',
      `the data folder ${directory} cannot be written (${message}): make it writable or name another one`,
      {
        cause: error,
      },
    )
  }
  return new StoreOpenError(
    'DAMAGED',
    `the data folder ${directory} cannot be read (${message}): restore it from a backup, give the right encryption key, or move it away to start empty`,
    { cause: error },
  )
}
