// Whose the processes of this machine are. One look through /proc serves all containers that ask at the same time: a
// look costs two file reads for each process there is.

import { readdir, readFile } from 'node:fs/promises'
import type { Clock } from '@binnacle/api'
import { statFields, unlessGone } from './proc-files.ts'

/** Environment variable by which processes of a container are known, however far they have gone. */
export const markerVariable = 'BINNACLE_CONTAINER'

interface Process {
  pid: number
  parent: number
  group: number
  startTime: string
  /** Absent where its environment has no marker. */
  containerId?: string | undefined
}

type Processes = ReadonlyMap<number, Process>

/** Of a container: the marker in its processes' environment, and the process that stands above and leads them. */
export interface ProcessOwner {
  containerId: string
  supervisorPid: number | undefined
}

/** Files of /proc that are open at a time: a thousand processes must not use up the engine's descriptors. */
const concurrentReads = 32
/** Milliseconds for which a look will do where what counts is to find, not to miss nothing. */
const recentMs = 30

export class ProcessTable {
  readonly #clock: Clock
  #last: { at: number; processes: Processes } | undefined
  #running: Promise<Processes> | undefined
  #next: Promise<Processes> | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** All that live now: the look begins after the call. */
  async processesOf(owner: ProcessOwner): Promise<number[]> {
    return owned(owner, await this.#fresh())
  }

  /** Those that lived a moment ago. */
  async recentProcessesOf(owner: ProcessOwner): Promise<number[]> {
    const last = this.#last
    const isRecent = last !== undefined && this.#clock.now() - last.at < recentMs
    return owned(owner, isRecent ? last.processes : await this.#fresh())
  }

  /** A look that is under way may have passed what the caller has just started; those that wait share the next one. */
  #fresh(): Promise<Processes> {
    if (this.#running === undefined) return this.#look()
    this.#next ??= this.#running.then(
      () => this.#look(),
      () => this.#look(),
    )
    return this.#next
  }

  #look(): Promise<Processes> {
    this.#next = undefined
    const running = this.#scan().finally(() => {
      if (this.#running === running) this.#running = undefined
    })
    this.#running = running
    return running
  }

  async #scan(): Promise<Processes> {
    const at = this.#clock.now()
    const pids = (await readdir('/proc').catch(unlessGone<string[]>([]))).map(Number).filter(isForeignPid)
    const before = this.#last?.processes
    const processes = new Map<number, Process>()
    const read = async (): Promise<void> => {
      for (let pid = pids.pop(); pid !== undefined; pid = pids.pop()) {
        const found = await processOf(pid, before?.get(pid))
        if (found !== undefined) processes.set(pid, found)
      }
    }
    await Promise.all(Array.from({ length: concurrentReads }, read))
    this.#last = { at, processes }
    return processes
  }
}

/** 1 is the system's, and the engine itself is nobody's. */
function isForeignPid(pid: number): boolean {
  return Number.isInteger(pid) && pid > 1 && pid !== process.pid
}

async function processOf(pid: number, before: Process | undefined): Promise<Process | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'latin1').catch(unlessGone(''))
  if (text === '') return undefined
  const fields = statFields(text)
  // A zombie has ended: nobody but its parent has anything of it.
  if (fields[0] === 'Z') return undefined
  const startTime = fields[19] ?? ''
  // Once a container's, always its own; one without a marker may be about to become one by exec.
  const known = before?.startTime === startTime ? before.containerId : undefined
  return {
    pid,
    parent: Number(fields[1]),
    group: Number(fields[2]),
    startTime,
    containerId: known ?? (await markerOf(pid)),
  }
}

async function markerOf(pid: number): Promise<string | undefined> {
  const environment = await readFile(`/proc/${pid}/environ`, 'latin1').catch(unlessGone(''))
  const prefix = `${markerVariable}=`
  const entry = environment.split('\0').find((text) => text.startsWith(prefix))
  return entry?.slice(prefix.length)
}

/** By the marker, by the process group, or by descent: a program may drop its environment and leave its group. */
function owned({ containerId, supervisorPid }: ProcessOwner, processes: Processes): number[] {
  const isOwn = ({ pid, group, containerId: marker }: Process): boolean =>
    marker === containerId || (supervisorPid !== undefined && (pid === supervisorPid || group === supervisorPid))
  const known = new Map<number, boolean>()
  const belongs = (found: Process | undefined): boolean => {
    if (found === undefined) return false
    const before = known.get(found.pid)
    if (before !== undefined) return before
    // Guards against pids that were given out anew while the files were read and seem to be their own ancestors.
    known.set(found.pid, false)
    const result = isOwn(found) || belongs(processes.get(found.parent))
    known.set(found.pid, result)
    return result
  }
  return [...processes.values()].filter(belongs).map(({ pid }) => pid)
}
