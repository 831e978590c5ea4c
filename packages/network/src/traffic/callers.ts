// Who holds the other end of a connection: the socket's inode by its addresses, then the process that has that inode
// open, then the container of that process. Questions that come while an answer is being looked for are looked up
// together afterwards. Nothing is guessed: what was gone before it could be seen is unknown.
//
// The kernel takes some milliseconds to list the sockets of the machine, in which a short call may be over. So who is
// likely to hold the connection is looked at meanwhile: processes of containers, new ones, and those that called last.

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
/** Processes that called last are looked at first, strangers too. */
const rememberedCallers = 8

interface Question {
  socket: ClientSocket
  isOver: () => boolean
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

  /** `isOver` says that the connection has ended: then it is looked for no more. */
  find(socket: ClientSocket, isOver: () => boolean = () => false): Promise<Caller> {
    if (!this.#isLinux) return Promise.resolve('unknown')
    const key = JSON.stringify(socket)
    const asked = this.#waiting.get(key)
    if (asked !== undefined) return asked.answer
    let give: (caller: Caller) => void = () => undefined
    const answer = new Promise<Caller>((resolve) => (give = resolve))
    this.#waiting.set(key, { socket, isOver, answer, give })
    if (!this.#isLooking) void this.#look()
    return answer
  }

  async #look(): Promise<void> {
    this.#isLooking = true
    while (this.#waiting.size > 0) {
      const questions = [...this.#waiting.values()]
      this.#waiting = new Map()
      const startedAt = this.#clock.now()
      const lasting = questions.filter(({ isOver }) => !isOver())
      try {
        if (lasting.length > 0) await this.#answer(lasting, startedAt)
      } catch (error) {
        this.#onError(error)
      }
      // Whoever was answered already is not answered again.
      for (const { give } of questions) give('unknown')
      await this.#rest(startedAt)
    }
    this.#isLooking = false
  }

  async #answer(questions: readonly Question[], startedAt: number): Promise<void> {
    const [inodes, glanced] = await Promise.all([
      socketInodes(questions.map(({ socket }) => socket)),
      this.#likelyHolders(),
    ])
    const open = new Map<string, Question[]>()
    for (const question of questions) {
      const inode = inodes.get(question.socket)
      if (inode !== undefined) open.set(inode, [...(open.get(inode) ?? []), question])
    }
    for (const inode of open.keys()) {
      const pid = glanced.get(inode)
      if (pid !== undefined) await this.#holds(pid, [inode], open, startedAt)
    }
    let hidden = false
    const searched = new Set<number>()
    // A process may hand its connection to a child that was not there at the first look.
    for (let fresh = await this.#notIn(searched, open); fresh.length > 0; fresh = await this.#notIn(searched, open)) {
      for (const pid of fresh) {
        searched.add(pid)
        const sockets = open.size === 0 ? [] : await this.#processes.sockets(pid)
        if (sockets === undefined) hidden = true
        else await this.#holds(pid, sockets, open, startedAt)
      }
    }
    if (open.size === 0) return
    const left = [...open].flatMap(([inode, asked]) => asked.map((question) => ({ inode, question })))
    const still = await socketInodes(left.map(({ question }) => question.socket))
    for (const { inode, question } of left) {
      // Open all the time, and in no container's hand.
      if (still.get(question.socket) === inode) question.give(hidden ? 'unknown' : 'outside')
    }
  }

  /** Processes by the inodes of sockets that may be new. */
  async #likelyHolders(): Promise<Map<string, number>> {
    await this.#processes.refresh({ renew: false })
    const pids = new Set([...this.#processes.newcomers(), ...this.#lastCallers, ...this.#processes.pids(), process.pid])
    const found = new Map<string, number>()
    await Promise.all(
      [...pids].map(async (pid) => {
        for (const inode of await this.#processes.glance(pid)) found.set(inode, pid)
      }),
    )
    return found
  }

  async #notIn(searched: ReadonlySet<number>, open: ReadonlyMap<string, unknown>): Promise<number[]> {
    if (open.size === 0) return []
    await this.#processes.refresh({ renew: true })
    return this.#processes.pids().filter((pid) => !searched.has(pid))
  }

  /** Answers what the process holds. */
  async #holds(pid: number, inodes: readonly string[], open: Map<string, Question[]>, since: number): Promise<void> {
    const held = inodes.filter((inode) => open.has(inode))
    if (held.length === 0) return
    const owner = await this.#processes.ownerOf(pid, since)
    this.#lastCallers = [pid, ...this.#lastCallers.filter((other) => other !== pid)].slice(0, rememberedCallers)
    const caller = owner === 'stranger' ? 'outside' : (owner ?? 'unknown')
    for (const inode of held) {
      for (const { give } of open.get(inode) ?? []) give(caller)
      open.delete(inode)
    }
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
