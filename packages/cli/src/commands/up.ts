// `binnacle up`: starts the engine, says in one line how to reach it, and stays until it is told to end.

import { spawn } from 'node:child_process'
import { openSync } from 'node:fs'
import { mkdir, stat, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { randomBytes } from 'node:crypto'
import type { CanvasServer } from '@binnacle/canvas'
import { parseKubeconfig } from '@binnacle/client'
import { linkKeyPath, sessionsPath, startCanvas } from '../canvas.ts'
import { CliError, exitCodes } from '../cli-error.ts'
import {
  type DataDirectory,
  type EngineRecord,
  dataPath,
  openDataDirectory,
  processStart,
  readRecord,
  removeRecord,
  writeRecord,
} from '../data-directory.ts'
import { createEngineLog } from '../engine-log.ts'
import { type Engine, startEngine } from '../engine.ts'
import { type Progress, progress } from '../progress.ts'
import { deploySample } from '../sample.ts'

export interface UpOptions {
  data?: string
  ephemeral?: boolean
  port: number
  registryPort: number
  runtime: 'auto' | 'process' | 'simulated' | 'containerd' | 'docker'
  kubeconfig?: string
  canvas: boolean
  canvasPort?: number
  detach?: boolean
  sample?: string
  source?: string[]
  output?: string
}

export async function up(options: UpOptions): Promise<void> {
  requireSupported(options)
  if (options.detach) return detach(options)
  // Who reads what it says may leave (`binnacle up | head -1`), and a file for it may lie on a full disk: it goes on.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined)
  const isJson = options.output === 'json'
  const steps = progress({ json: isJson })
  const { data, engine, canvas, record, log } = await launch(options, steps)
  // Who starts the engine is logged in by what it prints; what it notes for others is the plain address.
  console.log(readyLine({ ...record, canvas: canvas?.loginUrl() ?? null }, isJson))
  const ended = endOnSignal(steps)
  if (options.sample !== undefined) {
    await Promise.race([deploySample(engine, options.sample, steps), ended]).catch((error: unknown) => {
      steps.warn(`the sample did not start: ${error instanceof Error ? error.message : String(error)}`)
    })
  }
  await ended
  await canvas?.close()
  await engine.close()
  if (!data.ephemeral) await removeRecord(data.path)
  await log.close()
}

/** Where sources are looked for: the working directory, and the examples of a checkout. */
async function usualSources(): Promise<string[]> {
  // Seen from the sources, and from the bundle.
  const examples = ['../../../../examples', '../examples'].map((path) => join(import.meta.dirname, path))
  const there = await Promise.all(
    examples.map((folder) =>
      stat(folder).then(
        () => [folder],
        () => [],
      ),
    ),
  )
  return [process.cwd(), ...there.flat()]
}

/** What a later version brings is refused by name, not ignored. */
function requireSupported({ runtime, canvas, canvasPort }: UpOptions): void {
  if (runtime === 'containerd' || runtime === 'docker') {
    throw new CliError(`the ${runtime} runtime is not part of this version: use --runtime process`, {
      exitCode: exitCodes.usage,
    })
  }
  if (!canvas && canvasPort !== undefined)
    throw new CliError('--canvas-port and --no-canvas do not go together', { exitCode: exitCodes.usage })
}

interface Launched {
  data: DataDirectory
  engine: Engine
  canvas: CanvasServer | undefined
  record: EngineRecord
  log: ReturnType<typeof createEngineLog>
}

async function launch(options: UpOptions, steps: Progress): Promise<Launched> {
  const data = await openDataDirectory({
    ephemeral: options.ephemeral ?? false,
    ...(options.data === undefined ? {} : { data: options.data }),
  })
  const log = createEngineLog(data.ephemeral ? undefined : data.path, (text) => steps.warn(text))
  const runtime = options.runtime === 'simulated' ? 'simulated' : 'process'
  const engine = await startEngine({
    data,
    port: options.port,
    registryPort: options.registryPort,
    sourceRoots: options.source ?? (await usualSources()),
    runtime,
    log,
    onStep: (text) => steps.step(text),
  })
  const kubeconfig = resolve(options.kubeconfig ?? join(data.path, 'kubeconfig'))
  await mkdir(dirname(kubeconfig), { recursive: true })
  const credentials = await engine.api.adminKubeconfig()
  await writeFile(kubeconfig, credentials, { mode: 0o600 })
  const canvas = options.canvas ? await startEngineCanvas({ options, data, engine, credentials, log }) : undefined
  const started = await processStart(process.pid)
  const record: EngineRecord = {
    pid: process.pid,
    ...(started === undefined ? {} : { started }),
    api: engine.api.url,
    canvas: canvas?.url ?? null,
    kubeconfig,
    registry: engine.registry.address,
    dns: `${engine.network.dns.address}:${engine.network.dns.port}`,
    runtime,
    // From the start of the process, as a person at the keyboard would count.
    readyMs: Math.round(performance.now()),
  }
  if (!data.ephemeral) await writeRecord(data.path, record)
  return { data, engine, canvas, record, log }
}

function readyLine(record: EngineRecord, isJson: boolean): string {
  if (isJson) return JSON.stringify(record)
  const { readyMs, api, canvas, kubeconfig } = record
  const canvasPart = canvas === null ? '' : ` · canvas ${canvas}`
  return `binnacle ready in ${readyMs} ms · api ${api}${canvasPart} · kubeconfig ${kubeconfig}`
}

interface CanvasStart {
  options: UpOptions
  data: DataDirectory
  engine: Engine
  /** A kubeconfig. */
  credentials: string
  log: ReturnType<typeof createEngineLog>
}

/** Ends the engine where its Canvas cannot be had. */
async function startEngineCanvas({ options, data, engine, credentials, log }: CanvasStart): Promise<CanvasServer> {
  try {
    const linkKey = randomBytes(32)
    await writeFile(linkKeyPath(data.path), linkKey, { mode: 0o600 })
    return await startCanvas({
      context: await parseKubeconfig(credentials).context(),
      port: options.canvasPort,
      sessions: sessionsPath(data.path),
      linkKey,
      traffic: () => engine.network.traffic(),
      onError: (error) => log.error('canvas', error),
    })
  } catch (error) {
    await engine.close()
    throw error
  }
}

/** A signal that reaches a process twice at once (from the terminal, and passed on by npm) is one. */
const sameSignalMs = 500

/** Resolves at the first signal to end. A later one ends at once. */
function endOnSignal(steps: Progress): Promise<void> {
  return new Promise((done) => {
    let endingSince: number | undefined
    const onSignal = (signal: NodeJS.Signals): void => {
      if (endingSince !== undefined) {
        if (performance.now() - endingSince > sameSignalMs) process.exit(signal === 'SIGINT' ? 130 : 143)
        return
      }
      endingSince = performance.now()
      steps.step('ending all programs (once more to end at once)')
      done()
    }
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal)
  })
}

/** Starts the same command in the background, and returns once it is ready or has failed. */
async function detach(options: UpOptions): Promise<void> {
  if (options.ephemeral)
    throw new CliError('--ephemeral and --detach do not go together: nothing would say where the engine is', {
      exitCode: exitCodes.usage,
    })
  const data = dataPath(options.data)
  const running = await readRecord(data)
  if (running !== undefined)
    throw new CliError(`an engine runs on ${data} already (pid ${running.pid}): \`binnacle down\` ends it`)
  await openDataDirectory({ data })
  const flags = process.argv.slice(2).filter((flag) => flag !== '--detach')
  const errors = openSync(join(data, 'engine.log'), 'a', 0o600)
  const child = spawn(process.execPath, [...process.execArgv, process.argv[1] ?? '', ...flags], {
    detached: true,
    stdio: ['ignore', 'pipe', errors],
  })
  const { stdout } = child
  if (stdout === null) throw new CliError('cannot read what the engine says')
  const line = await new Promise<string | undefined>((done) => {
    stdout.setEncoding('utf8').once('data', done)
    child.once('exit', () => done(undefined))
  })
  if (line === undefined)
    throw new CliError(`the engine ended before it was ready: the end of ${join(data, 'engine.log')} says why`)
  process.stdout.write(line)
  stdout.destroy()
  child.unref()
}
