// The processes of this machine, and which of them belong to containers: those that carry the container's id in their
// environment, those in a session of such a one, and what these have started. What was read of a process is kept for a
// while, so that looking again costs one listing of /proc and two small files for each new process.

import { readFile, readdir, readlink } from 'node:fs/promises'

/** How long a process is taken not to be a container's, in milliseconds: its number may be used again. */
const strangerMs = 10_000
/** A process this young may be about to become another program, with another environment. */
const youngMs = 1000
/** Processes or descriptors that are read at a time: a thousand of them must not use up our own descriptors. */
const concurrentReads = 32
/** Descriptors of one process that a glance looks at, and processes that are new to it. */
const glanceDescriptors = 64
const glanceStrangers = 32

interface Verdict {
  /** From its environment; undefined where that has none or may not be read. */
  marked: string | undefined
  parent: number
  session: number
  /** Read when the process was young: it may have another environment since. */
  isYoung: boolean
  readAt: number
}

/** What is open under a descriptor: a socket's inode, or something else. */
type Descriptors = ReadonlyMap<string, string | undefined>

export class ContainerProcesses {
  readonly #prefix: Buffer
  readonly #now: () => number
  #verdicts: Map<number, Verdict> | undefined
  /** Container ids by session. */
  #sessions = new Map<number, string>()
  /** As of the last look at the process. */
  readonly #descriptors = new Map<number, Descriptors>()
  #newcomers: number[] = []

  /** `marker` is the name of the environment variable that holds the container's id. */
  constructor(marker: string, now: () => number) {
    this.#prefix = Buffer.from(`${marker}=`)
    this.#now = now
  }

  /**
   * Looks which processes there are. `renew` also those that are long known to be strangers: needed before it is said
   * that no container has something.
   */
  async refresh({ renew }: { renew: boolean }): Promise<void> {
    const oldest = renew ? this.#now() - strangerMs : 0
    const uptime = await uptimeMs()
    const pids = (await readdir('/proc')).map(Number).filter((pid) => pid > 1)
    const before = this.#verdicts
    const verdicts = new Map<number, Verdict>()
    await inParallel(pids, async (pid) => {
      const known = before?.get(pid)
      const holds = known !== undefined && (known.marked !== undefined || (!known.isYoung && known.readAt > oldest))
      const verdict = holds ? known : await this.#read(pid, uptime)
      if (verdict !== undefined) verdicts.set(pid, verdict)
    })
    this.#verdicts = verdicts
    this.#sessions = new Map()
    for (const { marked, session } of verdicts.values()) if (marked !== undefined) this.#sessions.set(session, marked)
    for (const pid of this.#descriptors.keys()) if (!verdicts.has(pid)) this.#descriptors.delete(pid)
    // At the first look every process is new, which says nothing.
    this.#newcomers = before === undefined ? [] : [...verdicts.keys()].filter((pid) => !before.has(pid))
  }

  /** The containers' processes, as of the last look. */
  pids(): number[] {
    return [...(this.#verdicts?.keys() ?? [])].filter((pid) => this.#containerOf(pid) !== undefined)
  }

  /** Of the last look, those that were not there at the one before; the newest few. */
  newcomers(): number[] {
    return this.#newcomers.toSorted((a, b) => b - a).slice(0, glanceStrangers)
  }

  /** `below` are its descendants: numbers that were given out anew may make a process its own ancestor. */
  #containerOf(pid: number, below: readonly number[] = []): string | undefined {
    const verdict = this.#verdicts?.get(pid)
    if (verdict === undefined || below.includes(pid)) return undefined
    return verdict.marked ?? this.#sessions.get(verdict.session) ?? this.#containerOf(verdict.parent, [pid, ...below])
  }

  /**
   * Whose the process is now, or was since that time if it has ended meanwhile: a container's id, `stranger`, or
   * undefined where that is not known.
   */
  async ownerOf(pid: number, since: number): Promise<{ containerId: string } | 'stranger' | undefined> {
    const known = this.#verdicts?.get(pid)
    const verdict = await this.#read(pid, await uptimeMs())
    if (verdict !== undefined) this.#verdicts?.set(pid, verdict)
    else if (known === undefined || known.readAt < since) return undefined
    const containerId = this.#containerOf(pid)
    return containerId === undefined ? 'stranger' : { containerId }
  }

  /** undefined where the process has ended. */
  async #read(pid: number, uptime: number): Promise<Verdict | undefined> {
    const readAt = this.#now()
    const [stat, environment] = await Promise.all([
      readFile(`/proc/${pid}/stat`, 'latin1').catch(goneOrHidden),
      readFile(`/proc/${pid}/environ`).catch(goneOrHidden),
    ])
    if (stat === undefined) return undefined
    // After the name, which may itself contain blanks and brackets: state, parent, group, session.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    // Linux fixes the ticks of user space at a hundred to the second.
    const startedAt = Number(fields[19]) * 10
    return {
      marked: environment && this.#marked(environment),
      parent: Number(fields[1]),
      session: Number(fields[3]),
      isYoung: uptime - startedAt < youngMs,
      readAt,
    }
  }

  #marked(environment: Buffer): string | undefined {
    for (let at = environment.indexOf(this.#prefix); at >= 0; at = environment.indexOf(this.#prefix, at + 1)) {
      if (at > 0 && environment[at - 1] !== 0) continue
      const end = environment.indexOf(0, at)
      return environment.toString('latin1', at + this.#prefix.length, end < 0 ? undefined : end)
    }
    return undefined
  }

  /**
   * Inodes of sockets of the process that are likely new: under descriptors that were not there before, or had sockets
   * before. Says nothing of others.
   */
  async glance(pid: number): Promise<string[]> {
    const before = this.#descriptors.get(pid)
    const names = await descriptorsOf(pid)
    const likely = names?.filter((name) => before?.has(name) !== true || before.get(name) !== undefined) ?? []
    const seen = await socketsUnder(pid, likely.slice(-glanceDescriptors))
    if (names !== undefined) this.#remember(pid, names, seen)
    return [...seen.values()].filter((inode) => inode !== undefined)
  }

  /** Inodes of all sockets of the process. undefined where its descriptors may not be read. */
  async sockets(pid: number): Promise<string[] | undefined> {
    const names = await descriptorsOf(pid)
    if (names === undefined) return undefined
    const seen = await socketsUnder(pid, names)
    this.#remember(pid, names, seen)
    return [...seen.values()].filter((inode) => inode !== undefined)
  }

  #remember(pid: number, names: readonly string[], seen: Descriptors): void {
    const before = this.#descriptors.get(pid)
    const now = new Map<string, string | undefined>()
    for (const name of names) {
      if (seen.has(name)) now.set(name, seen.get(name))
      else if (before?.has(name) === true) now.set(name, before.get(name))
    }
    this.#descriptors.set(pid, now)
  }
}

/** Milliseconds since boot. */
async function uptimeMs(): Promise<number> {
  return Number.parseFloat(await readFile('/proc/uptime', 'latin1')) * 1000
}

/** undefined where they may not be read; none where the process has ended. */
async function descriptorsOf(pid: number): Promise<string[] | undefined> {
  try {
    return await readdir(`/proc/${pid}/fd`)
  } catch (error) {
    if (isGone(error)) return []
    if (isHidden(error)) return undefined
    throw error
  }
}

async function socketsUnder(pid: number, names: readonly string[]): Promise<Descriptors> {
  const seen = new Map<string, string | undefined>()
  await inParallel(names, async (name) => {
    const target = await readlink(`/proc/${pid}/fd/${name}`).catch(goneOrHidden)
    if (target !== undefined) seen.set(name, target.startsWith('socket:[') ? target.slice(8, -1) : undefined)
  })
  return seen
}

async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const left = items.values()
  const take = async (): Promise<void> => {
    for (const item of left) await work(item)
  }
  await Promise.all(Array.from({ length: Math.min(concurrentReads, items.length) }, take))
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}

function isGone(error: unknown): boolean {
  return codeOf(error) === 'ENOENT' || codeOf(error) === 'ESRCH'
}

/** Of another user. */
function isHidden(error: unknown): boolean {
  return codeOf(error) === 'EACCES' || codeOf(error) === 'EPERM'
}

function goneOrHidden(error: unknown): undefined {
  if (!isGone(error) && !isHidden(error)) throw error
}
