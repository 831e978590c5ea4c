// The processes of this machine that belong to containers: those that carry the container's id in their environment,
// those in a session of such a one, and what these have started. What was read of a process is kept for a while, so that looking again
// costs one listing of /proc and two small files for each new process.

import { readFile, readdir, readlink } from 'node:fs/promises'

/** How long a process is taken not to be a container's, in milliseconds: its number may be used again. */
const strangerMs = 10_000
/** A process this young may be about to become another program, with another environment. */
const youngMs = 1000
/** Processes that are read at a time: a thousand of them must not use up the descriptors. */
const concurrentReads = 32

interface Verdict {
  /** From its environment; undefined where that has none or may not be read. */
  marked: string | undefined
  parent: number
  session: number
  firstSeen: number
  readAt: number
}

export class ContainerProcesses {
  readonly #prefix: Buffer
  readonly #now: () => number
  #verdicts = new Map<number, Verdict>()
  /** Container ids by session. */
  #sessions = new Map<number, string>()
  /** Descriptors that were open when last looked: a new connection has likely one that was not. */
  readonly #descriptors = new Map<number, ReadonlySet<string>>()

  /** `marker` is the name of the environment variable that holds the container's id. */
  constructor(marker: string, now: () => number) {
    this.#prefix = Buffer.from(`${marker}=`)
    this.#now = now
  }

  /** Looks which processes there are. */
  async refresh(): Promise<void> {
    const now = this.#now()
    const pids = (await readdir('/proc')).map(Number).filter((pid) => pid > 1)
    const before = this.#verdicts
    const verdicts = new Map<number, Verdict>()
    const read = async (): Promise<void> => {
      for (let pid = pids.pop(); pid !== undefined; pid = pids.pop()) {
        const known = before.get(pid)
        const verdict = known !== undefined && this.#holds(known, now) ? known : await this.#read(pid, known?.firstSeen)
        if (verdict !== undefined) verdicts.set(pid, verdict)
      }
    }
    await Promise.all(Array.from({ length: concurrentReads }, read))
    this.#verdicts = verdicts
    this.#sessions = new Map()
    for (const { marked, session } of verdicts.values()) if (marked !== undefined) this.#sessions.set(session, marked)
    for (const pid of this.#descriptors.keys()) if (!verdicts.has(pid)) this.#descriptors.delete(pid)
  }

  #holds({ marked, firstSeen, readAt }: Verdict, now: number): boolean {
    // A container's process is looked at again when something of it is found.
    return marked !== undefined || (readAt - firstSeen >= youngMs && now - readAt < strangerMs)
  }

  /** Numbers of the containers' processes, as of the last look. */
  pids(): number[] {
    return [...this.#verdicts.keys()].filter((pid) => this.#containerOf(pid) !== undefined)
  }

  /** `below` are its descendants: numbers that were given out anew may make a process its own ancestor. */
  #containerOf(pid: number, below: readonly number[] = []): string | undefined {
    const verdict = this.#verdicts.get(pid)
    if (verdict === undefined || below.includes(pid)) return undefined
    return verdict.marked ?? this.#sessions.get(verdict.session) ?? this.#containerOf(verdict.parent, [pid, ...below])
  }

  /** The id of the process's container as it is now. */
  async containerOf(pid: number): Promise<string | undefined> {
    const verdict = await this.#read(pid, this.#verdicts.get(pid)?.firstSeen)
    if (verdict === undefined) this.#verdicts.delete(pid)
    else this.#verdicts.set(pid, verdict)
    return this.#containerOf(pid)
  }

  /** undefined where the process has ended. */
  async #read(pid: number, firstSeen: number | undefined): Promise<Verdict | undefined> {
    const readAt = this.#now()
    const [stat, environment] = await Promise.all([
      readFile(`/proc/${pid}/stat`, 'latin1').catch(goneOrHidden),
      readFile(`/proc/${pid}/environ`).catch(goneOrHidden),
    ])
    if (stat === undefined) return undefined
    // After the name, which may itself contain blanks and brackets: state, parent, group, session.
    const [, parent, , session] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return {
      marked: environment && this.#marked(environment),
      parent: Number(parent),
      session: Number(session),
      firstSeen: firstSeen ?? readAt,
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
   * Which of the sockets the process has open, by inode; looks at no more than it must to find them all.
   * undefined where its descriptors may not be read.
   */
  async holds(pid: number, inodes: ReadonlySet<string>): Promise<string[] | undefined> {
    let names: string[]
    try {
      names = await readdir(`/proc/${pid}/fd`)
    } catch (error) {
      if (isGone(error)) return []
      if (isHidden(error)) return undefined
      throw error
    }
    const before = this.#descriptors.get(pid) ?? new Set()
    this.#descriptors.set(pid, new Set(names))
    const likely = [...names.filter((name) => !before.has(name)), ...names.filter((name) => before.has(name))]
    const found: string[] = []
    const atOnce = 32
    for (let from = 0; from < likely.length && found.length < inodes.size; from += atOnce) {
      const targets = await Promise.all(
        likely.slice(from, from + atOnce).map((name) => readlink(`/proc/${pid}/fd/${name}`).catch(goneOrHidden)),
      )
      for (const target of targets) {
        const inode = target?.startsWith('socket:[') === true ? target.slice(8, -1) : undefined
        if (inode !== undefined && inodes.has(inode) && !found.includes(inode)) found.push(inode)
      }
    }
    return found
  }
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
