// Who holds the other end of a connection: the socket's inode by its addresses, then the process that has that inode
// open, then the container of that process. Questions that come while an answer is being looked for are looked up
// together afterwards. Nothing is guessed: what was gone before it could be seen is unknown.

import { type Clock, systemClock } from '@binnacle/api'
import { ContainerProcesses } from './container-processes.ts'
import { type ClientSocket, socketInodes } from './socket-table.ts'

/** A container by its id. */
export type Caller = { containerId: string } | 'outside' | 'unknown'

export interface CallersOptions {
  /** Environment variable that holds the id of the container a process belongs to. */
  marker: string
  clock?: Clock
  platform?: NodeJS.Platform
  onError: (error: unknown) => void
}

/** Looking may take this share of the time, averaged over what `burstMs` of looking allows at once. */
const share = 0.25
const burstMs = 100
/** Processes that called last are asked first. */
const rememberedCallers = 8

interface Question {
  socket: ClientSocket
  answer: Promise<Caller>
  give: (caller: Caller) => void
}

export class Callers {
  readonly #clock: Clock
  readonly #isLinux: boolean
  readonly #onError: (error: unknown) => void
  readonly #processes: ContainerProcesses
  #waiting = new Map<string, Question>()
  #isLooking = false
  #lastCallers: number[] = []
  #cancelRest: () => void = () => undefined
  /** Milliseconds of looking that have not been made up for by pauses, and when that was reckoned. */
  #debt = { ms: 0, at: 0 }

  constructor({ marker, clock = systemClock, platform = process.platform, onError }: CallersOptions) {
    this.#clock = clock
    this.#isLinux = platform === 'linux'
    this.#onError = onError
    this.#processes = new ContainerProcesses(marker, () => clock.now())
  }

  find(socket: ClientSocket): Promise<Caller> {
    if (!this.#isLinux) return Promise.resolve('unknown')
    const key = JSON.stringify(socket)
    const asked = this.#waiting.get(key)
    if (asked !== undefined) return asked.answer
    let give: (caller: Caller) => void = () => undefined
    const answer = new Promise<Caller>((resolve) => (give = resolve))
    this.#waiting.set(key, { socket, answer, give })
    if (!this.#isLooking) void this.#look()
    return answer
  }

  async #look(): Promise<void> {
    this.#isLooking = true
    while (this.#waiting.size > 0) {
      const questions = [...this.#waiting.values()]
      this.#waiting = new Map()
      const startedAt = this.#clock.now()
      try {
        await this.#answer(questions)
      } catch (error) {
        this.#onError(error)
      }
      // Whoever was answered already is not answered again.
      for (const { give } of questions) give('unknown')
      await this.#rest(startedAt)
    }
    this.#isLooking = false
  }

  async #answer(questions: readonly Question[]): Promise<void> {
    const inodes = await socketInodes(questions.map(({ socket }) => socket))
    const open = new Map<string, Question[]>()
    for (const question of questions) {
      const inode = inodes.get(question.socket)
      if (inode !== undefined) open.set(inode, [...(open.get(inode) ?? []), question])
    }
    let hidden = false
    const searched = new Set<number>()
    const search = async (pids: readonly number[]): Promise<void> => {
      for (const pid of pids) {
        if (open.size === 0) return
        searched.add(pid)
        hidden = !(await this.#search(pid, open)) || hidden
      }
    }
    await search(this.#lastCallers)
    // A process may hand its connection to a child that was not there at the first look.
    for (let fresh = await this.#notIn(searched, open); fresh.length > 0; fresh = await this.#notIn(searched, open))
      await search(fresh)
    if (open.size === 0) return
    const left = [...open].flatMap(([inode, asked]) => asked.map((question) => ({ inode, question })))
    const still = await socketInodes(left.map(({ question }) => question.socket))
    for (const { inode, question } of left) {
      // Open all the time, and in no container's hand.
      if (still.get(question.socket) === inode) question.give(hidden ? 'unknown' : 'outside')
    }
  }

  async #notIn(searched: ReadonlySet<number>, open: ReadonlyMap<string, unknown>): Promise<number[]> {
    if (open.size === 0) return []
    await this.#processes.refresh()
    const pids = this.#processes.pids()
    this.#lastCallers = this.#lastCallers.filter((pid) => pids.includes(pid))
    return pids.filter((pid) => !searched.has(pid))
  }

  /** Answers what the process holds. False where its descriptors may not be read. */
  async #search(pid: number, open: Map<string, Question[]>): Promise<boolean> {
    const held = await this.#processes.holds(pid, new Set(open.keys()))
    if (held === undefined) return false
    if (held.length === 0) return true
    const containerId = await this.#processes.containerOf(pid)
    // Its number is another process's by now.
    if (containerId === undefined) return true
    this.#lastCallers = [pid, ...this.#lastCallers.filter((other) => other !== pid)].slice(0, rememberedCallers)
    for (const inode of held) {
      for (const { give } of open.get(inode) ?? []) give({ containerId })
      open.delete(inode)
    }
    return true
  }

  /** Waits where looking has taken more than its share. */
  async #rest(startedAt: number): Promise<void> {
    const now = this.#clock.now()
    const madeUp = (now - this.#debt.at) * share
    this.#debt = { ms: Math.max(0, this.#debt.ms - madeUp) + (now - startedAt), at: now }
    const over = this.#debt.ms - burstMs
    if (over > 0) await new Promise<void>((resolve) => (this.#cancelRest = this.#clock.after(over / share, resolve)))
  }

  /** Questions without an answer get none. */
  close(): void {
    this.#waiting.clear()
    this.#cancelRest()
  }
}
