// Opens a data folder: hold it, check it, read every object's bytes (nothing is parsed), go on with its last revision.

import { existsSync } from 'node:fs'
import { constants } from 'node:os'
import { open } from 'lmdb'
import type { StoreOptions } from '../mvcc-store.ts'
import { MvccStore } from '../mvcc-store.ts'
import { State } from '../state.ts'
import type { Store } from '../store.ts'
import { StoreOpenError } from '../store.ts'
import { Version } from '../version.ts'
import { asOpenError, holdDataFolder } from './data-folder.ts'
import type { Tables } from './lmdb-journal.ts'
import { LmdbJournal, revisionName } from './lmdb-journal.ts'
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
}

/** Throws StoreOpenError. History begins at the revision found: a watch from before gets CompactedError. */
export async function openLmdbStore(options: LmdbStoreOptions): Promise<Store> {
  const encryption = encryptionOf(options)
  const folder = holdDataFolder(options.directory)
  try {
    const state = existsSync(folder.dataFile) ? load(folder.dataFile, encryption) : new State()
    if (folder.existed && !existsSync(folder.dataFile)) throw new RecordError('objects.mdb is missing')
    const tables = openTables(folder.dataFile)
    folder.complete()
    const journal = new LmdbJournal(tables, { encryption, directory: options.directory, released: folder.release })
    return new MvccStore(state, { ...options, journal })
  } catch (error) {
    folder.release()
    throw asDamage(options.directory, error)
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

function load(dataFile: string, encryption: Encryption | undefined): State {
  const versions: Version[] = []
  let revision = 0
  let slab = Buffer.alloc(0)
  readDataFile(dataFile, {
    objects(name, value) {
      const key = name.toString()
      const record = decodeRecord(key, value, encryption)
      const { length } = record.bytes
      if (length > slab.length) slab = Buffer.allocUnsafeSlow(Math.max(slabLength, length))
      const bytes = slab.subarray(0, length)
      slab = slab.subarray(length)
      record.bytes.copy(bytes)
      versions.push(new Version({ key, revision: record.revision, bytes, deleted: false }))
      revision = Math.max(revision, record.revision)
    },
    meta(name, value) {
      if (name.toString() === revisionName) revision = Math.max(revision, value.readDoubleBE(0))
    },
  })
  const state = new State(revision)
  for (const version of versions) state.load(version)
  return state
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
