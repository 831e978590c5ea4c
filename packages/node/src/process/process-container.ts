// One container as a supervised process group: what is recorded of it on disk, its processes, its end.
//
//   <pod directory>/containers/<name>/<attempt>/
//     spec.json  process.json  exit  log  log.times  mounts  environment  hostname  stdin  tmp/  upper/  work/  root/

import type { ChildProcess } from 'node:child_process'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '@binnacle/api'
import { ifMissing } from '../missing-file.ts'
import { type ContainerConfig, type ContainerSnapshot, StartContainerError } from '../runtime.ts'
import { LogFile, tailOffset } from './log-file.ts'
import { type AssignedPort, matchPorts, portConflictIn } from './ports.ts'
import { type ProcessIdentity, isAlive, listeningPorts, startTimeOf } from './proc-files.ts'
import type { ProcessOwner, ProcessTable } from './process-table.ts'

export interface ContainerRecord {
  id: string
  config: ContainerConfig
  ports: AssignedPort[]
  startedAt: number
}

interface ProcessRecord {
  supervisor: ProcessIdentity
  program: ProcessIdentity
}

/** How often a port that is not listened on yet is looked for, and how long the pod's readiness waits for it. */
const portLookMs = 40
const portGiveUpMs = 3000
/** An adopted supervisor is not our child: its end is seen by looking. */
const adoptedLookMs = 250
/** Until an end that could not be looked into, for want of descriptors say, is looked into again. */
const endRetryMs = 1000

export interface ProcessContainerOptions {
  record: ContainerRecord
  directory: string
  clock: Clock
  table: ProcessTable
  changed(container: ProcessContainer): void
  log: (message: string, error: unknown) => void
}

export class ProcessContainer {
  readonly record: ContainerRecord
  readonly directory: string
  readonly log: LogFile
  wasAttached = false
  readonly #options: ProcessContainerOptions
  readonly #clock: Clock
  #processes: ProcessRecord | undefined
  #snapshot: ContainerSnapshot
  #cancelLook: (() => void) | undefined
  #isKilled = false
  #settleExit: () => void = () => {}
  /** Resolves when the container has ended and all about its end is known. */
  readonly exited: Promise<void>

  constructor(options: ProcessContainerOptions) {
    const { record, directory, clock } = options
    this.#options = options
    this.record = record
    this.directory = directory
    this.#clock = clock
    this.log = new LogFile({ path: join(directory, 'log'), clock, log: options.log })
    this.exited = new Promise((resolve) => (this.#settleExit = resolve))
    const { config } = record
    this.#snapshot = {
      id: record.id,
      podUid: config.podUid,
      podNamespace: config.podNamespace,
      podName: config.podName,
      name: config.name,
      attempt: config.attempt,
      image: config.image,
      imageId: config.imageId,
      state: 'running',
      startedAt: record.startedAt,
      hostPorts: new Map(record.ports.map(({ key, assigned }) => [key, assigned])),
      portsSettled: record.ports.length === 0,
    }
  }

  get snapshot(): ContainerSnapshot {
    return this.#snapshot
  }

  get programPid(): number | undefined {
    return this.#processes?.program.pid
  }

  /** The supervisor is our own child and the program has been started under it. */
  async run(supervisor: ChildProcess, programPid: number): Promise<void> {
    const pid = supervisor.pid ?? 0
    if (this.#isKilled)
      throw new StartContainerError('CreateContainerError', 'the container was ended while it was being made')
    this.#processes = {
      supervisor: { pid, startTime: startTimeOf(pid) ?? '' },
      program: { pid: programPid, startTime: startTimeOf(programPid) ?? '' },
    }
    if (supervisor.exitCode !== null || supervisor.signalCode !== null) this.#ended()
    else supervisor.once('exit', () => this.#ended())
    await writeFile(join(this.directory, 'process.json'), JSON.stringify(this.#processes))
    await this.log.open()
    this.#lookForPorts(0)
  }

  /** Takes over what an engine before has started; a container that ended meanwhile ends here. */
  async adopt(): Promise<void> {
    const text = await readFile(join(this.directory, 'process.json'), 'utf8').catch(ifMissing(undefined))
    // Without a record the engine crashed between fork and write: whatever runs carries the marker and is ended.
    if (text !== undefined) this.#processes = JSON.parse(text) as ProcessRecord
    await this.log.open().catch(ifMissing(undefined))
    if (this.#processes !== undefined && isAlive(this.#processes.supervisor)) {
      this.#watchAdopted(this.#processes.supervisor)
      this.#lookForPorts(0)
    } else await this.#end()
  }

  #watchAdopted(supervisor: ProcessIdentity): void {
    this.#clock.after(adoptedLookMs, () => {
      if (isAlive(supervisor)) this.#watchAdopted(supervisor)
      else this.#ended()
    })
  }

  #lookForPorts(waitedMs: number): void {
    if (this.#snapshot.portsSettled) return
    this.#cancelLook = this.#clock.after(portLookMs, () => {
      this.#matchPorts(waitedMs + portLookMs).catch((error: unknown) => {
        this.#options.log(`cannot find the ports of container ${this.record.id}`, error)
      })
    })
  }

  async #matchPorts(waitedMs: number): Promise<void> {
    const pids = await this.#options.table.recentProcessesOf(this.#owner)
    const { hostPorts, settled } = matchPorts(this.record.ports, await listeningPorts(pids))
    if (this.#snapshot.state === 'exited') return
    const done = settled || waitedMs >= portGiveUpMs
    if (done || !sameMap(hostPorts, this.#snapshot.hostPorts)) {
      this.#snapshot = { ...this.#snapshot, hostPorts, portsSettled: this.#snapshot.portsSettled || done }
      this.#options.changed(this)
    }
    if (!done) this.#lookForPorts(waitedMs)
  }

  /** Looks again at where a running program listens; for probes that fail and clients that are refused. */
  async refreshPorts(): Promise<void> {
    if (this.record.ports.length > 0) await this.#matchPorts(portGiveUpMs)
  }

  get #owner(): ProcessOwner {
    return { containerId: this.record.id, supervisorPid: this.#processes?.supervisor.pid }
  }

  async processes(): Promise<number[]> {
    return this.#options.table.recentProcessesOf(this.#owner)
  }

  /** Sends a signal to the program itself, as a container runtime signals process 1. */
  signal(signal: NodeJS.Signals): void {
    const program = this.#processes?.program
    if (program !== undefined && isAlive(program)) sendSignal(program.pid, signal)
  }

  /** Ends every process of the container; the supervisor by its program, so that it can still write the exit code. */
  async kill(): Promise<void> {
    this.#isKilled = true
    const supervisor = this.#processes?.supervisor
    // A program that forks faster than we look loses when its whole group goes at once.
    for (let round = 0; round < 50; round++) {
      const left = (await this.#options.table.processesOf(this.#owner)).filter((pid) => pid !== supervisor?.pid)
      if (left.length === 0) return
      for (const pid of left) sendSignal(pid, 'SIGKILL')
      if (round >= 5 && supervisor !== undefined && isAlive(supervisor)) sendSignal(-supervisor.pid, 'SIGKILL')
    }
  }

  /** It could not be started: ends what there is of it, and whoever waits for its end. */
  async abandon(): Promise<void> {
    if (this.#snapshot.state === 'exited') return
    await this.kill()
    this.close()
    this.#snapshot = { ...this.#snapshot, state: 'exited', finishedAt: this.#clock.now(), exitCode: 128 }
    this.#settleExit()
  }

  #ended(): void {
    this.#end().catch((error: unknown) => {
      this.#options.log(`cannot look into the end of container ${this.record.id}, trying again`, error)
      this.#clock.after(endRetryMs, () => this.#ended())
    })
  }

  async #end(): Promise<void> {
    if (this.#snapshot.state === 'exited') return
    this.#cancelLook?.()
    await this.kill()
    await this.log.end()
    const text = await readFile(join(this.directory, 'exit'), 'utf8').catch(ifMissing(undefined))
    const written = await stat(join(this.directory, 'exit')).catch(ifMissing(undefined))
    const exitCode = text === undefined ? 137 : Number(text.trim())
    const outOfMemory = exitCode === 137 && (await this.#ranOutOfMemory())
    const port = exitCode === 0 ? undefined : portConflictIn(await this.tail())
    this.#snapshot = {
      ...this.#snapshot,
      state: 'exited',
      // The end may have been while no engine ran.
      finishedAt: Math.round(written?.mtimeMs ?? this.#clock.now()),
      exitCode,
      reason: outOfMemory ? 'OOMKilled' : port !== undefined ? 'PortConflict' : exitCode === 0 ? 'Completed' : 'Error',
      ...(port === undefined ? {} : { message: portConflictMessage(port) }),
    }
    this.#settleExit()
    this.#options.changed(this)
  }

  /** The last output, for messages. */
  async tail(): Promise<string> {
    const start = await tailOffset(this.log.path, 80).catch(ifMissing(0))
    const content = await readFile(this.log.path).catch(ifMissing(Buffer.alloc(0)))
    return content.subarray(Math.max(start, content.length - 2048)).toString()
  }

  async #ranOutOfMemory(): Promise<boolean> {
    const group = await readFile(join(this.directory, 'memory-group'), 'utf8').catch(ifMissing(undefined))
    if (group === undefined) return false
    const [v1, v2] = await Promise.all(
      ['memory.oom_control', 'memory.events'].map((name) => readFile(join(group, name), 'utf8').catch(ifMissing(''))),
    )
    return /^oom_kill [1-9]/m.test(`${v1 ?? ''}\n${v2 ?? ''}`)
  }

  close(): void {
    this.#cancelLook?.()
    this.log.close()
  }
}

export function portConflictMessage(port: number): string {
  const which = port === 0 ? 'the port that it wants' : `port ${port}`
  return (
    `${which} of this machine is in use: under the process runtime pods share one address. ` +
    'Let the program listen on the port in the environment variable PORT, or run a single replica on a port that is free.'
  )
}

export function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    // ESRCH: it has ended already, which is what was wanted. EPERM: set-uid program that we may not end.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH' && (error as NodeJS.ErrnoException).code !== 'EPERM')
      throw error
  }
}

function sameMap(a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): boolean {
  return a.size === b.size && [...a].every(([key, value]) => b.get(key) === value)
}
