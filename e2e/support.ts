// An engine of its own for a test, started as a user would, and stock kubectl against it.

import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises'
import { get } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setInterval } from 'node:timers/promises'
import { promisify } from 'node:util'

export const root: string = join(import.meta.dirname, '..')
export const main: string = join(root, 'packages', 'cli', 'src', 'main.ts')

const run = promisify(execFile)

export interface CommandResult {
  code: number
  stdout: string
  stderr: string
}

export async function command(
  file: string,
  args: readonly string[],
  options: { env?: NodeJS.ProcessEnv; input?: string; cwd?: string } = {},
): Promise<CommandResult> {
  const pending = run(file, args, {
    cwd: options.cwd ?? root,
    env: options.env ?? process.env,
    maxBuffer: 1 << 26,
    timeout: 120_000,
  })
  if (options.input !== undefined) pending.child.stdin?.end(options.input)
  try {
    const { stdout, stderr } = await pending
    return { code: 0, stdout, stderr }
  } catch (error) {
    const failed = error as { code?: number; stdout?: string; stderr?: string }
    return {
      code: typeof failed.code === 'number' ? failed.code : 1,
      stdout: failed.stdout ?? '',
      stderr: failed.stderr ?? String(error),
    }
  }
}

export async function hasProgram(name: string): Promise<boolean> {
  return (await command('sh', ['-c', `command -v ${name}`])).code === 0
}

export interface TestEngine extends AsyncDisposable {
  data: string
  process: ChildProcess
  record: { api: string; canvas?: string; kubeconfig: string; registry: string; pid: number; readyMs: number }
  /** Output of kubectl; throws where it fails. */
  kubectl(...args: string[]): Promise<string>
  /** kubectl with a manifest on standard input. */
  apply(manifest: string): Promise<string>
  tryKubectl(...args: string[]): Promise<CommandResult>
  /** `binnacle` on the engine's data folder. */
  binnacle(...args: string[]): Promise<CommandResult>
  /** Ends the engine; what is called before the new one is started sees none. The new one has the data and ports of the old. */
  restart(meanwhile?: () => Promise<void>): Promise<void>
}

export async function startEngine(...flags: string[]): Promise<TestEngine> {
  const folder = await mkdtemp(join(tmpdir(), 'binnacle-e2e-'))
  const data = join(folder, 'data')
  const up = (...more: string[]): ChildProcess =>
    spawn(
      process.execPath,
      [main, 'up', '--data', data, '--port', '0', '--registry-port', '0', '-o', 'json', ...flags, ...more],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    )
  const child = up()
  const record = await recordOf(child)
  const env = { ...process.env, KUBECONFIG: record.kubeconfig, HOME: folder }
  const tryKubectl = (...args: string[]): Promise<CommandResult> => command('kubectl', args, { env })
  const engine: TestEngine = {
    data,
    process: child,
    record,
    async restart(meanwhile) {
      const { api, canvas, registry } = engine.record
      await end(engine.process, 'SIGTERM')
      await meanwhile?.()
      const ports = [
        ['--port', api],
        ['--canvas-port', canvas],
        ['--registry-port', registry],
      ] as const
      // The last of a flag that is given twice counts.
      engine.process = up(...ports.flatMap(([flag, at]) => (at === undefined ? [] : [flag, portOf(at)])))
      engine.record = await recordOf(engine.process)
    },
    tryKubectl,
    kubectl: async (...args) => succeeded(args, await tryKubectl(...args)),
    apply: async (manifest) =>
      succeeded(['apply'], await command('kubectl', ['apply', '-f', '-'], { env, input: manifest })),
    binnacle: (...args) => command(process.execPath, [main, ...args, '--data', data]),
    async [Symbol.asyncDispose]() {
      await end(engine.process, 'SIGTERM')
      await rm(folder, { recursive: true, force: true })
    },
  }
  return engine
}

async function recordOf(child: ChildProcess): Promise<TestEngine['record']> {
  return JSON.parse(await firstLine(child)) as TestEngine['record']
}

/** Of an address or URL. */
function portOf(address: string): string {
  const port = /:(\d+)(?:\/|$)/.exec(address)?.[1]
  if (port === undefined) throw new Error(`${address} has no port`)
  return port
}

function succeeded(args: readonly string[], { code, stdout, stderr }: CommandResult): string {
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')} failed with ${code}: ${stderr}${stdout}`)
  return stdout
}

export async function firstLine(child: ChildProcess): Promise<string> {
  let text = ''
  if (child.stdout === null) throw new Error('the process has no standard output')
  for await (const chunk of child.stdout.setEncoding('utf8') as AsyncIterable<string>) {
    text += chunk
    const [line, ...rest] = text.split('\n')
    if (line !== undefined && rest.length > 0) return line
  }
  throw new Error(`the process ended before it said anything: ${text}`)
}

export async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise((resolve) => child.once('exit', resolve))
  child.kill(signal)
  await gone
}

const pollMs = 20

/** Tries until it holds; the condition says what is waited for. */
export async function eventually<T>(
  what: string,
  probe: () => Promise<T | undefined> | T | undefined,
  withinMs = 20_000,
): Promise<T> {
  const until = performance.now() + withinMs
  let last: unknown
  for await (const _ of setInterval(pollMs)) {
    try {
      const found = await probe()
      if (found !== undefined) return found
    } catch (error) {
      last = error
    }
    if (performance.now() > until) break
  }
  throw new Error(`${what}: not within ${withinMs} ms${last instanceof Error ? ` (${last.message})` : ''}`)
}

/** Processes whose command line or environment has the text: the folder of an engine, the marker of a container. */
export async function processesOf(text: string): Promise<number[]> {
  const found: number[] = []
  for (const entry of await readdir('/proc')) {
    const pid = Number(entry)
    if (!Number.isInteger(pid) || pid === process.pid) continue
    const texts = await Promise.all(
      ['cmdline', 'environ'].map((name) => readFile(`/proc/${pid}/${name}`, 'utf8').catch(() => '')),
    )
    if (texts.some((read) => read.includes(text))) found.push(pid)
  }
  return found
}

/** Body of a 200 answer over a connection of its own; undefined for any other answer and for none. */
export async function text(url: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const request = get(url, { agent: false, timeout: 3000 }, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk))
      response.on('end', () => resolve(response.statusCode === 200 ? body : undefined))
      response.on('error', () => resolve(undefined))
    })
    request.on('timeout', () => request.destroy())
    // Nobody listens yet, or whoever did has gone.
    request.on('error', () => resolve(undefined))
  })
}
