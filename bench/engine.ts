// The engine as the benchmarks start it: the bundle, on a data folder, with simulated containers.

import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

export const root: string = join(import.meta.dirname, '..')
export const peers: string = process.env['PEERS'] ?? join(tmpdir(), 'binnacle-peers')
export const bin: string = join(peers, 'bin')

export interface RunningEngine {
  readonly kubeconfig: string
  readonly launchedAt: number
  /** Resident memory in MiB. */
  memory(): number
  stop(): Promise<void>
}

/** Resolves when the engine says that it is ready. */
export async function startEngine(directory: string): Promise<RunningEngine> {
  const kubeconfig = join(directory, 'kubeconfig')
  const launchedAt = Date.now()
  const places = ['--data', join(directory, 'data'), '--kubeconfig', kubeconfig]
  const flags = [...places, '--port', '0', '--registry-port', '0', '--runtime', 'simulated', '-o', 'json']
  const child = spawn(process.execPath, [join(root, 'dist', 'binnacle.mjs'), 'up', ...flags], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  for await (const line of child.stdout.setEncoding('utf8') as AsyncIterable<string>) {
    JSON.parse(line)
    return { kubeconfig, launchedAt, memory: () => residentMiB(child.pid ?? 0), stop: () => stop(child) }
  }
  throw new Error('the engine ended before it was ready')
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return
  const gone = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  await gone
}

export function residentMiB(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Number(kilobytes) / 1024
}

/** Figures of one run of the load program, by name. */
export async function load(kubeconfig: string, ...args: string[]): Promise<Record<string, number>> {
  const { stdout } = await promisify(execFile)(
    join(bin, 'load'),
    ['--kubeconfig', kubeconfig, '--content', 'json', '--json-output', ...args],
    { maxBuffer: 1 << 24 },
  )
  return (JSON.parse(stdout) as { figures: Record<string, number> }).figures
}

export function round(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en') : value.toFixed(1)
}
