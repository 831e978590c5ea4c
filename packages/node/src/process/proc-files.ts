// Facts from Linux's /proc: who lives, whose a process is, which sockets it listens on.

import { readFileSync } from 'node:fs'
import { readdir, readFile, readlink } from 'node:fs/promises'

export interface ProcessIdentity {
  pid: number
  /** Clock ticks after boot at which the process started: a pid used again has another. */
  startTime: string
}

/** Fields of /proc/<pid>/stat after the command name, which may itself contain blanks and brackets. */
export function statFields(text: string): string[] {
  return text.slice(text.lastIndexOf(')') + 2).split(' ')
}

/** ENOENT and ESRCH: it has ended meanwhile, or this kernel has no such file; EACCES and EPERM: another user's. */
const goneCodes: ReadonlySet<string | undefined> = new Set(['ENOENT', 'ESRCH', 'EACCES', 'EPERM', 'ENOTDIR'])

/** For what may end, or belong to others, while it is looked at; every other error is thrown. */
export function unlessGone<T>(instead: T): (error: NodeJS.ErrnoException) => T {
  return (error) => {
    if (goneCodes.has(error.code)) return instead
    throw error
  }
}

export function startTimeOf(pid: number): string | undefined {
  try {
    const fields = statFields(readFileSync(`/proc/${pid}/stat`, 'latin1'))
    // A zombie has ended: nobody but its parent has anything of it.
    return fields[0] === 'Z' ? undefined : fields[19]
  } catch {
    // Gone, or no /proc on this system.
    return undefined
  }
}

export function isAlive({ pid, startTime }: ProcessIdentity): boolean {
  return startTimeOf(pid) === startTime
}

/** Ports on which one of the processes listens. */
export async function listeningPorts(pids: readonly number[]): Promise<Set<string>> {
  const inodes = new Set<string>()
  for (const pid of pids) {
    const descriptors = await readdir(`/proc/${pid}/fd`).catch(unlessGone([]))
    for (const descriptor of descriptors) {
      const target = await readlink(`/proc/${pid}/fd/${descriptor}`).catch(unlessGone(''))
      if (target.startsWith('socket:[')) inodes.add(target.slice(8, -1))
    }
  }
  const ports = new Set<string>()
  if (inodes.size === 0) return ports
  const tables = [
    ['tcp', 'TCP', '0A'],
    ['tcp6', 'TCP', '0A'],
    // A bound UDP socket without a peer is in state CLOSE.
    ['udp', 'UDP', '07'],
    ['udp6', 'UDP', '07'],
  ] as const
  for (const [file, protocol, state] of tables) {
    const text = await readFile(`/proc/net/${file}`, 'latin1').catch(unlessGone(''))
    for (const line of text.split('\n').slice(1)) {
      const fields = line.trim().split(/\s+/)
      const inode = fields[9]
      if (fields[3] !== state || inode === undefined || !inodes.has(inode)) continue
      const local = fields[1] ?? ''
      ports.add(`${Number.parseInt(local.slice(local.lastIndexOf(':') + 1), 16)}/${protocol}`)
    }
  }
  return ports
}

/** CPU time and resident memory of the processes together. */
export async function usageOf(pids: readonly number[]): Promise<{ cpuNanoseconds: number; memoryBytes: number }> {
  let ticks = 0
  let pages = 0
  for (const pid of pids) {
    const text = await readFile(`/proc/${pid}/stat`, 'latin1').catch(unlessGone(''))
    if (text === '') continue
    const fields = statFields(text)
    ticks += Number(fields[11]) + Number(fields[12])
    pages += Number(fields[21])
  }
  // Linux fixes USER_HZ at 100 for user space; pages are 4 KiB on every platform that Node's releases run on but arm64
  // kernels with large pages, where the figure is low.
  return { cpuNanoseconds: ticks * 10_000_000, memoryBytes: pages * 4096 }
}
