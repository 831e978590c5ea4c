// What this machine lets us do for a host process: mount namespaces as root, through a user namespace, or not at all.
// Found out once by trying, since no setting tells it reliably (containers, AppArmor and sysctls all have a say).

import { execFile } from 'node:child_process'
import { access, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** `root`: mount namespace by right; `user`: through a user namespace; `plain`: host process without mounts. */
export type IsolationMode = 'root' | 'user' | 'plain'

export interface Isolation {
  mode: IsolationMode
  unshare: string
  nsenter: string
  /** util-linux `script`, which gives a program a terminal. */
  script: string | undefined
  stty: string | undefined
  /** util-linux `setpriv`, which gives a program supplementary groups. */
  setpriv: string | undefined
  mkfifo: string | undefined
  /** Folder in which memory groups can be made (cgroup v1 or v2). */
  memoryGroups: { path: string; version: 1 | 2 } | undefined
}

const toolFolders = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin']

/** Path of a host program; undefined where there is none. */
export async function findTool(name: string): Promise<string | undefined> {
  for (const folder of [...toolFolders, ...(process.env['PATH'] ?? '').split(delimiter)]) {
    const path = join(folder, name)
    const found = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (found) return path
  }
  return undefined
}

/** Arguments of `unshare` for a container. */
export function namespaceArguments(mode: IsolationMode): string[] {
  const common = ['--mount', '--uts', '--propagation', 'private']
  return mode === 'user' ? ['--user', '--map-root-user', ...common] : common
}

export interface ProgramUser {
  uid: number
  gid: number
  /** Supplementary ones. */
  groups: readonly number[]
}

/**
 * Words before `unshare` or `nsenter` that set the group and the supplementary groups, where there are such. Those tools
 * drop them when they are told a group: they are then told the user only. Throws where the machine cannot.
 */
export function groupsCommand({ setpriv }: Isolation, { gid, groups }: ProgramUser): string[] {
  if (groups.length === 0) return []
  if (setpriv === undefined)
    throw new Error('fsGroup and supplementalGroups need the program `setpriv` (util-linux) on this machine')
  return [setpriv, `--regid=${gid}`, `--groups=${groups.join(',')}`, '--']
}

export async function findIsolation(directory: string, wanted?: IsolationMode): Promise<Isolation> {
  const [unshare, nsenter, script, stty, setpriv, mkfifo] = await Promise.all(
    ['unshare', 'nsenter', 'script', 'stty', 'setpriv', 'mkfifo'].map(findTool),
  )
  const isRoot = process.getuid?.() === 0
  let mode: IsolationMode = 'plain'
  if (wanted !== 'plain' && process.platform === 'linux' && unshare !== undefined && nsenter !== undefined) {
    const candidates: IsolationMode[] = isRoot && wanted !== 'user' ? ['root', 'user'] : ['user']
    for (const candidate of candidates) {
      if (await permits(unshare, candidate, directory)) {
        mode = candidate
        break
      }
    }
  }
  return {
    mode,
    unshare: unshare ?? '',
    nsenter: nsenter ?? '',
    script,
    stty,
    setpriv,
    mkfifo,
    memoryGroups: isRoot ? await findMemoryGroups() : undefined,
  }
}

async function permits(unshare: string, mode: IsolationMode, directory: string): Promise<boolean> {
  const point = join(directory, 'mount-test')
  await mkdir(point, { recursive: true })
  try {
    const trial = 'mount -t tmpfs tmpfs "$1" && mkdir "$1/dev" && mount --rbind /dev "$1/dev"'
    await run(unshare, [...namespaceArguments(mode), '/bin/sh', '-c', trial, 'sh', point])
    return true
  } catch {
    // Not permitted, for whatever reason: the caller falls back and `doctor` says so.
    return false
  } finally {
    await rm(point, { recursive: true, force: true })
  }
}

async function findMemoryGroups(): Promise<Isolation['memoryGroups']> {
  const candidates = [
    { parent: '/sys/fs/cgroup/memory', version: 1 },
    { parent: '/sys/fs/cgroup', version: 2 },
  ] as const
  for (const { parent, version } of candidates) {
    try {
      if (version === 2) {
        const enabled = await readFile(join(parent, 'cgroup.subtree_control'), 'utf8')
        if (!enabled.split(/\s+/).includes('memory')) continue
      }
      const path = join(parent, 'binnacle')
      await mkdir(path, { recursive: true })
      if (version === 2) await writeFile(join(path, 'cgroup.subtree_control'), '+memory')
      else await readFile(join(path, 'memory.limit_in_bytes'))
      return { path, version }
    } catch {
      // Not mounted or not writable here: limits are then not enforced, which `doctor` says.
    }
  }
  return undefined
}
