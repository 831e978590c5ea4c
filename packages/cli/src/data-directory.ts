// Where an engine keeps everything: objects, keys, images, logs of containers. One folder, readable by its owner only.
//
//   store/        the objects (LMDB)              images/   blobs and unpacked layers
//   pki/          keys, certificates, passwords   node/     pods: logs, volumes, records of running programs
//   engine.json   what runs on it now             engine.log   the log of a detached engine

import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
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
    await mkdir(path, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw unusable(path, error)
  }
  return { path, ephemeral: false }
}

function unusable(path: string, error: unknown): CliError {
  const why = error instanceof Error ? error.message : String(error)
  return new CliError(`cannot use the data folder ${path}: ${why}; choose another with --data`, { cause: error })
}

/** What other commands need to know of a running engine. */
export interface EngineRecord {
  pid: number
  api: string
  /** The Canvas's address; null until this build has one. */
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
  const record = JSON.parse(text) as EngineRecord
  return isRunning(record.pid) ? record : undefined
}

export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
