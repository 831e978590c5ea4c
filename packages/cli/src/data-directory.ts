// Where an engine keeps everything: objects, keys, images, logs of containers. One folder, readable by its owner only.
//
//   store/        the objects (LMDB+log)          images/   blobs and unpacked layers
//   pki/          keys, certificates, passwords   node/     pods: logs, volumes, records of running programs
//   engine.json   what runs on it now             engine.log   the log of a detached engine

import { mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { CliError } from './cli-error.ts'

export interface DataDirectory {
  readonly path: string
  /** Removed when the engine ends. */
  readonly ephemeral: boolean
}

/** `--data`, else `BINNACLE_DATA`, else `~/.binnacle`. */
export function dataPath(option: string | undefined): string {
  return resolve(option ?? process.env['BINNACLE_DATA'] ?? join(homedir(), '.binnacle'))
}

export async function openDataDirectory(options: { data?: string; ephemeral?: boolean }): Promise<DataDirectory> {
  if (options.ephemeral) return { path: await mkdtemp(join(tmpdir(), 'binnacle-')), ephemeral: true }
  const path = dataPath(options.data)
  try {
    await makeFolder(path)
  } catch (error) {
    throw unusable(path, error)
  }
  return { path, ephemeral: false }
}

/** Each missing folder in turn: mkdir's own recursion never ends under /proc, where making one says ENOENT. */
export async function makeFolder(path: string): Promise<void> {
  const there = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (there !== undefined) {
    if (!there.isDirectory()) throw new Error(`${path} is a file`)
    return
  }
  await makeFolder(dirname(path))
  await mkdir(path, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    // Made by another at the same moment.
    if (error.code !== 'EEXIST') throw error
  })
}

const reasons: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'it is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the quota is used up',
  ENOTDIR: 'a part of its path is a file',
}

/** Why a folder does not serve, in words where the system has but a code. */
export function unusable(path: string, error: unknown): CliError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const why = reasons[code] ?? (error instanceof Error ? error.message : String(error))
  return new CliError(`cannot use the data folder ${path}: ${why}; choose another with --data`, { cause: error })
}

/** What other commands need to know of a running engine. */
export interface EngineRecord {
  pid: number
  /** When the process started, where the system tells: its number may have been given to another program since. */
  started?: string
  api: string
  /** The Canvas's address; null where the engine runs without it. `binnacle open` gives a link that logs in. */
  canvas: string | null
  kubeconfig: string
  registry: string
  dns: string
  runtime: string
  readyMs: number
}

function recordPath(data: string): string {
  return join(data, 'engine.json')
}

export async function writeRecord(data: string, record: EngineRecord): Promise<void> {
  // Renamed into place, so that a reader never sees half of it.
  const temporary = `${recordPath(data)}.${process.pid}`
  await writeFile(temporary, `${JSON.stringify(record, undefined, 2)}\n`, { mode: 0o600 })
  await rename(temporary, recordPath(data))
}

export async function removeRecord(data: string): Promise<void> {
  await rm(recordPath(data), { force: true })
}

/** The record of the engine that runs on the folder; undefined where none does. */
export async function readRecord(data: string): Promise<EngineRecord | undefined> {
  const text = await readFile(recordPath(data), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined
    throw unusable(data, error)
  })
  if (text === undefined) return undefined
  const record = parseRecord(data, text)
  if (!isRunning(record.pid)) return undefined
  const started = await processStart(record.pid)
  return record.started === undefined || started === undefined || started === record.started ? record : undefined
}

function parseRecord(data: string, text: string): EngineRecord {
  try {
    const record = JSON.parse(text) as Partial<EngineRecord> | null
    if (typeof record?.pid === 'number') return record as EngineRecord
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  throw new CliError(`${recordPath(data)} is damaged: remove it, after ending the engine if one runs on the folder`)
}

/** Start of a process in clock ticks since boot; undefined where the system does not tell. */
export async function processStart(pid: number): Promise<string | undefined> {
  const line = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  // The second field is the program's name, in which anything may stand.
  return line === '' ? undefined : line.slice(line.lastIndexOf(')') + 2).split(' ')[19]
}

export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
