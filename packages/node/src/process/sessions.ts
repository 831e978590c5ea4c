// exec and attach for host processes. An exec joins the namespaces of the container's program; a terminal comes from
// util-linux' `script`, since Node has no pseudo-terminals of its own.

import { spawn } from 'node:child_process'
import { type WriteStream, constants, createWriteStream } from 'node:fs'
import { open, readFile, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { ifMissing } from '../missing-file.ts'
import type { ExecSession, StreamOptions } from '../runtime.ts'
import { type Isolation, type ProgramUser, groupsCommand } from './isolation.ts'
import { unlessGone } from './proc-files.ts'
import { type ProcessContainer, sendSignal } from './process-container.ts'
import { shellCommand } from './shell-command.ts'

interface ExecRequest {
  command: readonly string[]
  options: StreamOptions
  isolation: Isolation
  pid: number
  environment: Readonly<Record<string, string>>
  workingDirectory: string
  user?: ProgramUser | undefined
}

export async function execSession(request: ExecRequest): Promise<ExecSession> {
  const { isolation, options, pid } = request
  const inside = insideOf(request)
  let argv = inside
  if (options.tty) {
    if (isolation.script === undefined)
      throw new Error(
        'a terminal needs the program `script` (util-linux, package bsdutils) on this machine; try without -t',
      )
    argv = [isolation.script, '-qfec', shellCommand(inside), '/dev/null']
  }
  const cwd = isolation.mode === 'plain' ? await readlink(`/proc/${pid}/cwd`).catch(unlessGone('/')) : '/'
  const child = spawn(argv[0] ?? '', argv.slice(1), {
    cwd,
    env: options.tty ? { TERM: 'xterm', ...request.environment, SHELL: '/bin/sh' } : request.environment,
    detached: true,
    stdio: [options.stdin || options.tty ? 'pipe' : 'ignore', 'pipe', 'pipe'],
  })
  const exit = new Promise<number>((resolve, reject) => {
    child.once('error', reject)
    // 'close' comes after the output has been read to its end.
    child.once('close', (code, signal) => resolve(code ?? 128 + (signal === 'SIGKILL' ? 9 : 15)))
  })
  child.stdin?.on('error', () => child.stdin?.destroy())
  if (!options.stdout) child.stdout?.resume()
  if (!options.stderr || options.tty) child.stderr?.resume()
  return {
    stdin: options.stdin ? (child.stdin ?? undefined) : undefined,
    stdout: options.stdout ? (child.stdout ?? undefined) : undefined,
    stderr: options.stderr && !options.tty ? (child.stderr ?? undefined) : undefined,
    exit,
    resize: (columns, rows) => {
      if (options.tty && child.pid !== undefined) void resizeTerminal(isolation, child.pid, columns, rows)
    },
    close: () => {
      if (child.pid !== undefined && child.exitCode === null) sendSignal(-child.pid, 'SIGKILL')
    },
  }
}

/** The command as it runs inside the container's namespaces. */
function insideOf({ command, isolation, pid, user }: ExecRequest): string[] {
  if (isolation.mode === 'plain') return [...command]
  const namespaces = ['-t', String(pid), '-m', '-u', '-r', '-w']
  let groups: string[] = []
  if (isolation.mode === 'user') namespaces.push('-U', '--preserve-credentials')
  else if (user !== undefined) {
    groups = groupsCommand(isolation, user)
    namespaces.push('-S', String(user.uid))
    if (groups.length === 0) namespaces.push('-G', String(user.gid))
  }
  return [...groups, isolation.nsenter, ...namespaces, '--', ...command]
}

/** The terminal belongs to the child of `script`. */
async function resizeTerminal(isolation: Isolation, scriptPid: number, columns: number, rows: number): Promise<void> {
  if (isolation.stty === undefined) return
  const children = await readFile(`/proc/${scriptPid}/task/${scriptPid}/children`, 'latin1').catch(unlessGone(''))
  const child = children.trim().split(' ')[0]
  if (child === undefined || child === '') return
  const terminal = await readlink(`/proc/${child}/fd/0`).catch(unlessGone(''))
  if (!terminal.startsWith('/dev/pts/')) return
  spawn(isolation.stty, ['-F', terminal, 'rows', String(rows), 'cols', String(columns)], { stdio: 'ignore' }).on(
    'error',
    () => {
      // Best effort: the program keeps the size it had.
    },
  )
}

/**
 * Input goes to the container's named pipe, output is followed in its log from now on. For `stdinOnce` there is one client
 * that all is meant for (`kubectl run -i`), and a quick program has written before it can be there: it gets all from the start.
 */
export async function attachSession(
  container: ProcessContainer,
  options: StreamOptions,
  isolation: Isolation,
): Promise<ExecSession> {
  const { config } = container.record
  const stop = new AbortController()
  const isAwaited = config.stdinOnce && !container.wasAttached
  container.wasAttached = true
  const log = isAwaited
    ? container.log.read({ follow: true, timestamps: false }, stop.signal)
    : await container.log.readFromNow(stop.signal)
  const output = options.stdout || options.stderr ? Readable.from(log, { objectMode: false }) : undefined
  let stdin: WriteStream | undefined
  if (options.stdin && config.stdin) {
    const file = await open(join(container.directory, 'stdin'), constants.O_RDWR)
    stdin = createWriteStream('', { fd: file })
    stdin.on('error', () => stdin?.destroy())
    if (config.stdinOnce) stdin.on('finish', () => void releaseInput(container))
  }
  const ended =
    output === undefined ? container.exited : new Promise<void>((resolve) => output.once('close', () => resolve()))
  return {
    stdin,
    stdout: output,
    exit: ended.then(() => 0),
    resize: (columns, rows) => {
      const supervisor = container.programPid
      if (config.tty && supervisor !== undefined) void resizeTerminal(isolation, supervisor, columns, rows)
    },
    close: () => {
      stop.abort()
      output?.destroy()
      stdin?.destroy()
    },
  }
}

async function releaseInput(container: ProcessContainer): Promise<void> {
  const holder = Number(await readFile(join(container.directory, 'stdin-holder'), 'latin1').catch(ifMissing('0')))
  if (holder > 1) sendSignal(holder, 'SIGKILL')
}
