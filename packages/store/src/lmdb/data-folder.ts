// The folder around the data: who holds it, and in which format it is. Both are settled before LMDB sees its file.

import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { StoreOpenError } from '../store.ts'

/** Changes with the layout of the records or of the folder. */
export const formatVersion = 2

export interface DataFolder {
  /** LMDB's file; its reader table lies beside it. */
  readonly dataFile: string
  /** There was a format record already: the data file must be there too, and from format 2 on the log. */
  readonly format: number | undefined
  /** Puts the format record in place where that is of an earlier format or not there, once the files are. */
  readonly complete: () => void
  readonly release: () => void
}

/** Makes the folder if need be, and holds it until `release`. Throws StoreOpenError. */
export function holdDataFolder(directory: string): DataFolder {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    const release = lock(directory)
    try {
      const dataFile = join(directory, 'objects.mdb')
      const format = readFormat(directory)
      if (format === undefined) prepareNew(directory, dataFile)
      const complete = (): void => {
        if (format !== formatVersion) putFormat(directory)
      }
      return { dataFile, format, complete, release }
    } catch (error) {
      release()
      throw error
    }
  } catch (error) {
    throw asOpenError(directory, error)
  }
}

const refusesWrites = new Set(['EROFS', 'EACCES', 'EPERM', 'ENOSPC', 'EDQUOT'])

/** What the file system says, in terms of what to do about it; an error that is not the file system's stays as it is. */
export function asOpenError(directory: string, error: unknown): unknown {
  if (
    !(error instanceof Error) ||
    !('code' in error) ||
    typeof error.code !== 'string' ||
    error instanceof StoreOpenError
  )
    return error
  const { code, message } = error
  if (refusesWrites.has(code)) {
    const reason = code === 'ENOSPC' ? 'the disk is full' : message
    return new StoreOpenError(
      'READ_ONLY',
      `the data folder ${directory} cannot be written (${reason}): make it writable or name another one`,
      {
        cause: error,
      },
    )
  }
  const reason = code === 'ENOTDIR' || code === 'EEXIST' ? 'it is not a folder' : message
  return new StoreOpenError(
    'DAMAGED',
    `the data folder ${directory} cannot be used (${reason}): repair it or name another one`,
    { cause: error },
  )
}

interface Holder {
  pid: number
  /** Start of the process in clock ticks since boot, where the system tells; a pid alone may have been given out again. */
  started?: string
}

/** One process holds the folder: whoever links its own record to the name `lock` first. */
function lock(directory: string): () => void {
  const path = join(directory, 'lock')
  const own = join(directory, `lock.${process.pid}`)
  const started = startOf(process.pid)
  const text = JSON.stringify({ pid: process.pid, ...(started === undefined ? {} : { started }) } satisfies Holder)
  writeFileSync(own, text, { mode: 0o600 })
  try {
    for (let attempt = 0; attempt < 3; attempt++) {
      try {
        linkSync(own, path)
        return () => rmSync(path, { force: true })
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      }
      setAsideIfStale(directory, path)
    }
    throw new StoreOpenError(
      'LOCKED',
      `the data folder ${directory} is being opened by others at this moment: try again`,
    )
  } finally {
    rmSync(own, { force: true })
  }
}

function setAsideIfStale(directory: string, path: string): void {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw error
  }
  const holder = parseHolder(text)
  if (holder !== undefined && isRunning(holder)) {
    throw new StoreOpenError(
      'LOCKED',
      `the data folder ${directory} is in use by process ${holder.pid}: stop it or name another folder`,
    )
  }
  const aside = `${path}.stale.${process.pid}`
  renameSync(path, aside)
  // Somebody else may have taken the stale lock over between our look and our rename: then it is theirs, and goes back.
  if (readFileSync(aside, 'utf8') !== text) linkSync(aside, path)
  rmSync(aside, { force: true })
}

function parseHolder(text: string): Holder | undefined {
  try {
    const holder = JSON.parse(text) as Partial<Holder> | null
    return typeof holder?.pid === 'number' ? (holder as Holder) : undefined
  } catch (error) {
    // A record is linked into place whole; one that does not parse was torn by a crash of the machine.
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

function isRunning({ pid, started }: Holder): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
    // EPERM: it runs as another user.
  }
  return started === undefined || started === (startOf(pid) ?? started)
}

/** Field 22 of /proc/<pid>/stat; the name in field 2 may contain spaces and parentheses. */
function startOf(pid: number): string | undefined {
  if (process.platform !== 'linux') return undefined
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  } catch (error) {
    if (['ENOENT', 'ESRCH', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined
    throw error
  }
}

/** Reads the format record. Undefined: there is none. */
function readFormat(directory: string): number | undefined {
  const path = join(directory, 'FORMAT')
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  const version = /^binnacle-store (\d+)\n$/.exec(text)?.[1]
  if (version === undefined) throw noDataFolder(`${path} is not a format record`)
  // Format 1 had no log: what there is of it is the same.
  if (Number(version) !== formatVersion && version !== '1') {
    throw new StoreOpenError(
      'VERSION',
      `the data folder ${directory} has format ${version}, this program reads format ${formatVersion}: use the release that wrote it, or name another folder`,
    )
  }
  return Number(version)
}

/** `FORMAT.new` says, until `complete`, that what lies here is from an opening that never ended: nobody has written to it. */
function prepareNew(directory: string, dataFile: string): void {
  if (existsSync(join(directory, 'FORMAT.new'))) {
    rmSync(dataFile, { force: true })
    rmSync(`${dataFile}-lock`, { force: true })
  } else if (existsSync(dataFile)) {
    throw noDataFolder(`${dataFile} is there without its format record`)
  }
  writeNewFormat(directory)
}

function putFormat(directory: string): void {
  writeNewFormat(directory)
  renameSync(join(directory, 'FORMAT.new'), join(directory, 'FORMAT'))
  syncFolder(directory)
}

function writeNewFormat(directory: string): void {
  const file = openSync(join(directory, 'FORMAT.new'), 'w', 0o600)
  try {
    writeSync(file, `binnacle-store ${formatVersion}\n`)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  syncFolder(directory)
}

function noDataFolder(reason: string): StoreOpenError {
  return new StoreOpenError(
    'DAMAGED',
    `${reason}: this is no data folder, or it is damaged; restore it from a backup or name another folder`,
  )
}

/** Makes the names in a folder as durable as what is behind them. */
function syncFolder(directory: string): void {
  const folder = openSync(directory, 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}
