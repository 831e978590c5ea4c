// Containers as host processes: no daemon, no image unpacking for each, no root needed. What a container's program sees
// is prepared by the launch script; the supervisor script outlives the engine. docs/adr/0004-process-runtime.md

import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { access, lstat, mkdir, open, readdir, readFile, rm, rmdir, writeFile } from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import type { Clock } from '@binnacle/api'
import { ifMissing } from '../missing-file.ts'
import {
  type ContainerConfig,
  type ContainerRuntime,
  type ContainerSnapshot,
  type ContainerStats,
  type ExecSession,
  type LogOptions,
  MountError,
  type RuntimeEvent,
  type SandboxConfig,
  StartContainerError,
  type StreamOptions,
} from '../runtime.ts'
import { environmentFile } from './environment-file.ts'
import {
  type Isolation,
  type IsolationMode,
  type ProgramUser,
  findIsolation,
  findTool,
  groupsCommand,
  namespaceArguments,
} from './isolation.ts'
import { type AssignedPort, PortReservations, PortTakenError, portEnvironment } from './ports.ts'
import { usageOf } from './proc-files.ts'
import { type ContainerRecord, ProcessContainer, portConflictMessage } from './process-container.ts'
import { ProcessTable, markerVariable } from './process-table.ts'
import { launchScript, superviseScript } from './scripts.ts'
import { attachSession, execSession } from './sessions.ts'
import { shellCommand } from './shell-command.ts'

export interface ProcessRuntimeOptions {
  /** Holds `pods/<uid>/containers/…` and the scripts. */
  directory: string
  clock: Clock
  /** For tests: less than what the machine permits. */
  isolation?: IsolationMode
  log?: (message: string, error: unknown) => void
}

const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

export async function createProcessRuntime(options: ProcessRuntimeOptions): Promise<ContainerRuntime> {
  await mkdir(join(options.directory, 'bin'), { recursive: true })
  await Promise.all([
    writeFile(join(options.directory, 'bin', 'supervise.sh'), superviseScript),
    writeFile(join(options.directory, 'bin', 'launch.sh'), launchScript),
    writeFile(join(options.directory, 'bin', 'hosts.cjs'), hostsPreload),
  ])
  return new ProcessRuntime(options, await findIsolation(options.directory, options.isolation))
}

class ProcessRuntime implements ContainerRuntime {
  readonly name = 'process'
  readonly version: string = process.version
  readonly plays = false
  readonly #directory: string
  readonly #clock: Clock
  readonly #isolation: Isolation
  readonly #pods = new Map<string, Map<string, ProcessContainer>>()
  readonly #listeners = new Set<(event: RuntimeEvent) => void>()
  readonly #ports = new PortReservations()
  readonly #table: ProcessTable
  readonly #log: (message: string, error: unknown) => void

  constructor(options: ProcessRuntimeOptions, isolation: Isolation) {
    this.#directory = options.directory
    this.#clock = options.clock
    this.#isolation = isolation
    this.#table = new ProcessTable(options.clock)
    this.#log = options.log ?? (() => {})
  }

  async start(): Promise<void> {
    const pods = join(this.#directory, 'pods')
    for (const podUid of await names(pods)) {
      for (const name of await names(join(pods, podUid, 'containers'))) {
        const attempts = await names(join(pods, podUid, 'containers', name))
        for (const attempt of attempts.sort((a, b) => Number(a) - Number(b)))
          await this.#adopt(join(pods, podUid, 'containers', name, attempt))
      }
    }
  }

  async #adopt(directory: string): Promise<void> {
    const text = await readFile(join(directory, 'spec.json'), 'utf8').catch(ifMissing(undefined))
    // The engine crashed before anything was started.
    if (text === undefined) return
    const record = JSON.parse(text) as ContainerRecord
    this.#ports.restore({ podUid: record.config.podUid, container: record.config.name }, record.ports)
    await this.#track(record, directory).adopt()
  }

  #track(record: ContainerRecord, directory: string): ProcessContainer {
    const container = new ProcessContainer({
      record,
      directory,
      clock: this.#clock,
      table: this.#table,
      log: this.#log,
      changed: ({ snapshot: { podUid, id } }) => {
        for (const listener of this.#listeners) listener({ podUid, containerId: id })
      },
    })
    let pod = this.#pods.get(record.config.podUid)
    if (pod === undefined) {
      pod = new Map()
      this.#pods.set(record.config.podUid, pod)
    }
    pod.set(record.id, container)
    return container
  }

  async close(): Promise<void> {
    for (const pod of this.#pods.values()) for (const container of pod.values()) container.close()
    this.#listeners.clear()
  }

  subscribe(listener: (event: RuntimeEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async createSandbox(config: SandboxConfig): Promise<{ addresses: readonly string[] }> {
    await mkdir(join(config.directory, 'containers'), { recursive: true })
    return { addresses: ['127.0.0.1'] }
  }

  async removeSandbox(podUid: string): Promise<void> {
    const ids = [...(this.#pods.get(podUid)?.keys() ?? [])]
    await Promise.all(ids.map((id) => this.stopContainer(id, 0)))
    for (const id of ids) await this.removeContainer(id)
    this.#pods.delete(podUid)
    this.#ports.release(podUid)
  }

  containers(podUid?: string): readonly ContainerSnapshot[] {
    const pods = podUid === undefined ? [...this.#pods.values()] : [this.#pods.get(podUid)]
    return pods.flatMap((pod) => [...(pod?.values() ?? [])].map(({ snapshot }) => snapshot))
  }

  #find(id: string): ProcessContainer | undefined {
    for (const pod of this.#pods.values()) {
      const container = pod.get(id)
      if (container) return container
    }
    return undefined
  }

  #container(id: string): ProcessContainer {
    const found = this.#find(id)
    if (found === undefined) throw new Error(`container ${id} not found`)
    return found
  }

  async startContainer(config: ContainerConfig): Promise<ContainerSnapshot> {
    const wholeRoot = config.rootfs !== undefined && (await isWholeRoot(config.rootfs))
    this.#refuseWhatIsImpossible(config, wholeRoot)
    const path = this.#searchPath(config, wholeRoot)
    await this.#requireProgram(config, path, wholeRoot)
    const ports = await this.#assignPorts(config)
    const id = randomBytes(32).toString('hex')
    const directory = join(config.directory, 'containers', config.name, String(config.attempt))
    await rm(directory, { recursive: true, force: true })
    await mkdir(join(directory, 'tmp'), { recursive: true })
    const environment = {
      ...config.environment,
      ...portEnvironment(config.ports, ports, config.literalPort),
      PATH: path,
      [markerVariable]: id,
      ...this.#plainEnvironment(config),
    }
    const record: ContainerRecord = { id, config: { ...config, environment }, ports, startedAt: this.#clock.now() }
    await Promise.all([
      writeFile(join(directory, 'spec.json'), JSON.stringify(record), { mode: 0o600 }),
      writeFile(
        join(directory, 'mounts'),
        config.mounts
          .toSorted((a, b) => a.target.length - b.target.length)
          .map(({ source, target, readOnly }) => `${source}\t${target}\t${readOnly ? 'ro' : 'rw'}\n`)
          .join(''),
      ),
      writeFile(join(directory, 'environment'), environmentFile(environment, (await findTool('env')) ?? 'env'), {
        mode: 0o600,
      }),
      writeFile(join(directory, 'hostname'), config.hostname),
      wholeRoot ? writeFile(join(directory, 'whole-root'), '') : undefined,
      this.#limitMemory(config, id, directory),
    ])
    if (config.stdin) await this.#makeInput(directory)
    const container = this.#track(record, directory)
    try {
      const { supervisor, programPid } = await this.#launch(container)
      await container.run(supervisor, programPid)
    } catch (error) {
      await container.abandon()
      this.#pods.get(config.podUid)?.delete(id)
      throw error
    }
    return container.snapshot
  }

  async #assignPorts({ podUid, name, ports, literalPort }: ContainerConfig): Promise<AssignedPort[]> {
    try {
      return await this.#ports.assign({ podUid, container: name }, ports, literalPort)
    } catch (error) {
      if (!(error instanceof PortTakenError)) throw error
      throw new StartContainerError('PortConflict', portConflictMessage(error.port), { cause: error })
    }
  }

  #refuseWhatIsImpossible(config: ContainerConfig, wholeRoot: boolean): void {
    if (this.#isolation.mode !== 'plain') return
    const advice =
      'this machine permits no mount namespace (run `binnacle doctor`); allow unprivileged user namespaces, or use a container runtime'
    const wanted = config.mounts.find(({ optional }) => !optional)
    if (wanted !== undefined)
      throw new MountError(`MountVolume.SetUp failed: cannot provide ${wanted.target}: ${advice}`)
    if (wholeRoot)
      throw new StartContainerError(
        'CreateContainerError',
        `image ${config.image} brings an operating system of its own, and ${advice}`,
      )
  }

  #searchPath(config: ContainerConfig, wholeRoot: boolean): string {
    const own = config.environment['PATH']
    if (wholeRoot) return own ?? defaultPath
    // Images of application layers rely on the host's programs, first of all on the Node.js that runs the engine.
    return [own, dirname(process.execPath), process.env['PATH'], defaultPath].filter(Boolean).join(delimiter)
  }

  async #requireProgram(config: ContainerConfig, path: string, wholeRoot: boolean): Promise<void> {
    const program = config.argv[0]
    if (program === undefined)
      throw new StartContainerError(
        'CreateContainerError',
        `no command specified: image ${config.image} has neither Entrypoint nor Cmd`,
      )
    if (config.mounts.some(({ target }) => program.startsWith(`${target}/`))) return
    const candidates = program.includes('/')
      ? [program.startsWith('/') ? program : join(config.workingDirectory, program)]
      : path.split(delimiter).map((folder) => join(folder, program))
    for (const candidate of candidates) {
      if (config.rootfs !== undefined && (await exists(join(config.rootfs, candidate)))) return
      if (!wholeRoot && (await exists(candidate))) return
    }
    // runc's text: people search for it.
    const why = program.includes('/')
      ? `stat ${program}: no such file or directory`
      : 'executable file not found in $PATH'
    throw new StartContainerError('RunContainerError', `unable to start container process: exec: "${program}": ${why}`)
  }

  /** Without mounts a program learns by its environment where things are. */
  #plainEnvironment(config: ContainerConfig): Record<string, string> {
    if (this.#isolation.mode !== 'plain') return {}
    const result: Record<string, string> = {}
    for (const { source, target } of config.mounts) {
      if (target === '/etc/hosts') {
        result['BINNACLE_HOSTS'] = source
        const options = config.environment['NODE_OPTIONS']
        result['NODE_OPTIONS'] =
          `${options === undefined ? '' : `${options} `}--require=${join(this.#directory, 'bin', 'hosts.cjs')}`
      } else if (target === '/var/run/secrets/kubernetes.io/serviceaccount') result['BINNACLE_SERVICE_ACCOUNT'] = source
    }
    return result
  }

  async #limitMemory(config: ContainerConfig, id: string, directory: string): Promise<void> {
    const groups = this.#isolation.memoryGroups
    if (groups === undefined || config.memoryLimitBytes === undefined) return
    const group = join(groups.path, id)
    await mkdir(group)
    const file = groups.version === 2 ? 'memory.max' : 'memory.limit_in_bytes'
    await writeFile(join(group, file), String(config.memoryLimitBytes))
    await writeFile(join(directory, 'memory-group'), group)
  }

  async #makeInput(directory: string): Promise<void> {
    const { mkfifo } = this.#isolation
    if (mkfifo === undefined)
      throw new StartContainerError('CreateContainerError', 'stdin needs the program mkfifo on this machine')
    await finished(spawn(mkfifo, [join(directory, 'stdin')], { stdio: 'ignore' }))
  }

  async #launch(container: ProcessContainer): Promise<{ supervisor: ChildProcess; programPid: number }> {
    const { config } = container.record
    const { mode, unshare } = this.#isolation
    const { directory } = container
    const terminal = config.tty ? await this.#terminal() : []
    const user = mode === 'root' ? config.user : undefined
    const groups = user === undefined ? [] : this.#groups(user)
    const userOptions =
      user === undefined ? '' : `${groups.length === 0 ? `--setgid=${user.gid} ` : ''}--setuid=${user.uid}`
    const launch = [
      '/bin/sh',
      join(this.#directory, 'bin', 'launch.sh'),
      directory,
      mode,
      config.rootfs ?? '-',
      config.workingDirectory,
      userOptions,
      groups.join(' '),
      unshare,
      ...(mode === 'plain' ? await imagePaths(config) : config.argv),
    ]
    const isolated = mode === 'plain' ? launch : [unshare, ...namespaceArguments(mode), ...launch]
    const command = terminal.length === 0 ? isolated : [...terminal, shellCommand(isolated), '/dev/null']
    const output = await open(
      join(directory, 'log'),
      constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND,
      0o640,
    )
    try {
      const supervisor = spawn('/bin/sh', [join(this.#directory, 'bin', 'supervise.sh'), directory, ...command], {
        cwd: '/',
        env: { [markerVariable]: container.record.id },
        detached: true,
        stdio: ['ignore', output.fd, output.fd, 'pipe'],
      })
      supervisor.unref()
      // No more processes, or no memory for one.
      const { promise: refused, reject } = Promise.withResolvers<never>()
      supervisor.once('error', (cause) =>
        reject(new StartContainerError('CreateContainerError', `cannot start a process: ${cause.message}`, { cause })),
      )
      return { supervisor, programPid: await Promise.race([this.#launched(supervisor, container), refused]) }
    } finally {
      await output.close()
    }
  }

  #groups(user: ProgramUser): string[] {
    try {
      return groupsCommand(this.#isolation, user)
    } catch (cause) {
      throw new StartContainerError('CreateContainerError', (cause as Error).message, { cause })
    }
  }

  async #terminal(): Promise<string[]> {
    const { script } = this.#isolation
    if (script === undefined)
      throw new StartContainerError(
        'CreateContainerError',
        'a terminal needs the program `script` (util-linux, package bsdutils) on this machine',
      )
    return [script, '-qfec']
  }

  /** The process id that the launch script reports; the pipe is gone before the program runs. */
  async #launched(supervisor: ChildProcess, container: ProcessContainer): Promise<number> {
    const pipe = supervisor.stdio[3] as Readable
    let said = ''
    for await (const chunk of pipe) {
      said += String(chunk)
      if (said.includes('\n')) break
    }
    pipe.destroy()
    const [word, ...rest] = said.trim().split(' ')
    if (word === 'ok') return Number(rest[0])
    if (word === 'mount') throw new MountError(`MountVolume.SetUp failed for ${rest.join(' ')}`)
    const output = await container.tail()
    throw new StartContainerError(
      'CreateContainerError',
      `cannot prepare the container: ${rest.join(' ') || output.trim() || 'the launch script ended'}`,
    )
  }

  async stopContainer(id: string, graceMs: number): Promise<void> {
    const container = this.#find(id)
    if (container === undefined || container.snapshot.state === 'exited') return
    let cancel = (): void => {}
    if (graceMs > 0) {
      container.signal('SIGTERM')
      const late = new Promise<void>((resolve) => (cancel = this.#clock.after(graceMs, resolve)))
      await Promise.race([container.exited, late])
    }
    cancel()
    if ((container.snapshot.state as string) !== 'exited') await container.kill()
    await container.exited
  }

  async removeContainer(id: string): Promise<void> {
    const container = this.#find(id)
    if (container === undefined) return
    container.close()
    this.#pods.get(container.record.config.podUid)?.delete(id)
    const group = await readFile(join(container.directory, 'memory-group'), 'utf8').catch(ifMissing(undefined))
    if (group !== undefined) await rmdir(group).catch(ifInUse)
    await rm(container.directory, { recursive: true, force: true })
  }

  async exec(id: string, command: readonly string[], options: StreamOptions): Promise<ExecSession> {
    const container = this.#container(id)
    const pid = container.programPid
    if (container.snapshot.state !== 'running' || pid === undefined) throw notRunning()
    const { config } = container.record
    return execSession({
      command,
      options,
      isolation: this.#isolation,
      pid,
      environment: config.environment,
      workingDirectory: container.directory,
      user: config.user,
    })
  }

  async attach(id: string, options: StreamOptions): Promise<ExecSession> {
    const container = this.#container(id)
    // A client that comes too late falls back to the log; an empty session would leave it without the output.
    if (container.snapshot.state !== 'running') throw notRunning()
    return attachSession(container, options, this.#isolation)
  }

  readLog(id: string, options: LogOptions, signal: AbortSignal): AsyncIterable<Buffer> {
    return this.#container(id).log.read(options, signal)
  }

  address(podUid: string, port: number): { host: string; port: number } {
    const containers = this.containers(podUid)
    const serving = containers.filter(({ hostPorts }) => hostPorts.has(`${port}/TCP`))
    const running = serving.find(({ state }) => state === 'running')
    // A program may listen on a port that its pod does not name; one that does not run listens on none.
    if (running === undefined && (serving.length > 0 || !containers.some(({ state }) => state === 'running')))
      throw new Error(`no container that runs serves port ${port}`)
    return { host: '127.0.0.1', port: running?.hostPorts.get(`${port}/TCP`) ?? port }
  }

  async stats(id: string): Promise<ContainerStats | undefined> {
    const container = this.#container(id)
    return container.snapshot.state === 'running' ? usageOf(await container.processes()) : undefined
  }

  abilities(): readonly { what: string; allowed: boolean; consequence: string }[] {
    const { mode, memoryGroups, script } = this.#isolation
    return [
      {
        what: 'mount namespaces',
        allowed: mode !== 'plain',
        consequence: 'volumes, /etc/hosts and images with an operating system cannot be provided to containers',
      },
      {
        what: 'user identities (runAsUser)',
        allowed: mode === 'root',
        consequence: "containers run as the engine's user",
      },
      { what: 'memory limits', allowed: memoryGroups !== undefined, consequence: 'limits.memory is not enforced' },
      {
        what: 'terminals (kubectl exec -t)',
        allowed: script !== undefined,
        consequence: 'install `script` (util-linux)',
      },
    ]
  }
}

/** For Node programs without a mount namespace: names of Services from the pod's hosts file, everything else as always. */
const hostsPreload = `'use strict'
const dns = require('node:dns')
const { readFileSync } = require('node:fs')
const lookup = dns.lookup
dns.lookup = function (hostname, options, callback) {
  let found
  try {
    for (const line of readFileSync(process.env.BINNACLE_HOSTS, 'utf8').split('\\n')) {
      const [address, ...names] = line.split('#')[0].trim().split(/\\s+/)
      if (names.includes(hostname)) { found = address; break }
    }
  } catch {}
  if (!found || found.includes(':')) return lookup.apply(this, arguments)
  const done = typeof options === 'function' ? options : callback
  const all = typeof options === 'object' && options !== null && options.all
  process.nextTick(() => all ? done(null, [{ address: found, family: 4 }]) : done(null, found, 4))
}
`

/** Without mounts the image's files are where they were unpacked: words of the command that name one lead there. */
async function imagePaths({ argv, rootfs }: ContainerConfig): Promise<string[]> {
  return Promise.all(
    argv.map(async (word) => {
      if (rootfs === undefined || !word.startsWith('/')) return word
      const unpacked = join(rootfs, word)
      return access(unpacked).then(
        () => unpacked,
        () => word,
      )
    }),
  )
}

/** An image with a dynamic loader or a shell of its own must not see the host's. */
async function isWholeRoot(rootfs: string): Promise<boolean> {
  for (const path of [
    'bin/sh',
    'usr/bin/sh',
    'lib64/ld-linux-x86-64.so.2',
    'lib/ld-musl-x86_64.so.1',
    'lib/ld-linux-aarch64.so.1',
    'etc/os-release',
  ])
    if (await exists(join(rootfs, path))) return true
  return false
}

async function exists(path: string): Promise<boolean> {
  // A link counts even where it only resolves inside the container.
  return lstat(path).then(
    (found) => found.isSymbolicLink() || access(path, constants.X_OK).then(() => true),
    () => false,
  )
}

async function names(directory: string): Promise<string[]> {
  return readdir(directory).catch(ifMissing([]))
}

/** A group with a dying process in it refuses for a moment; an empty group left over costs nothing. */
function ifInUse(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EBUSY' && error.code !== 'ENOENT') throw error
}

async function finished(child: ChildProcess): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`${child.spawnfile} ended with ${code}`))))
  })
}

/** In the words of containerd (attachContainer, execInContainer). */
function notRunning(): Error {
  return new Error('container is in CONTAINER_EXITED state')
}
