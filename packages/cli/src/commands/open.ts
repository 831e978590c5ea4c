// `binnacle open`: a fresh link to the Canvas of the running engine, or, with --context, a Canvas for any cluster until
// Ctrl-C. The link works once, within ten minutes.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { systemClock } from '@binnacle/api'
import { createLoginLink } from '@binnacle/canvas'
import { kubeconfigPaths, loadKubeconfig } from '@binnacle/client'
import { linkKeyPath, startCanvas } from '../canvas.ts'
import { CliError, errorLine, exitCodes } from '../cli-error.ts'
import { dataPath, readRecord } from '../data-directory.ts'

export interface OpenOptions {
  data?: string
  context?: string
  kubeconfig?: string
  /** Namespace of the application. */
  namespace?: string
  canvasPort?: number
  browser: boolean
}

export async function open(app: string | undefined, options: OpenOptions): Promise<void> {
  const path = app === undefined ? '/' : `/?${new URLSearchParams(placeOf(app, options)).toString()}`
  if (options.context !== undefined) return serve(options.context, path, options)
  for (const [flag, value] of [
    ['--kubeconfig', options.kubeconfig],
    ['--canvas-port', options.canvasPort],
  ] as const) {
    if (value !== undefined)
      throw new CliError(`${flag} goes with --context: the running engine has its own`, { exitCode: exitCodes.usage })
  }
  show(await linkToEngine(dataPath(options.data), path), options)
}

function placeOf(app: string, { namespace }: OpenOptions): Record<string, string> {
  return namespace === undefined ? { app } : { ns: namespace, app }
}

async function linkToEngine(data: string, path: string): Promise<string> {
  const record = await readRecord(data)
  if (record === undefined)
    throw new CliError(
      `no engine runs on ${data}: start one with \`binnacle up\`, or open a cluster with \`binnacle open --context NAME\``,
    )
  if (record.canvas === null)
    throw new CliError('the engine runs without the Canvas: end it and start it again without --no-canvas')
  const key = await readFile(linkKeyPath(data))
  return createLoginLink({ origin: record.canvas, key, clock: systemClock, path })
}

async function serve(name: string, path: string, options: OpenOptions): Promise<void> {
  const kubeconfig = await loadKubeconfig(options.kubeconfig ?? kubeconfigPaths())
  const canvas = await startCanvas({
    context: await kubeconfig.context(name),
    port: options.canvasPort,
    onError: (error) => console.error(errorLine(error)),
  })
  show(canvas.loginUrl(path), options)
  console.error(`the Canvas of ${name} is served here until Ctrl-C`)
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM'), once(process, 'SIGHUP')])
  await canvas.close()
}

/** Prints the link, and opens it for a person at a terminal who has a browser. */
function show(link: string, { browser }: OpenOptions): void {
  console.log(link)
  const [command, ...args] = browser && process.stdout.isTTY ? opener() : []
  if (command === undefined) return
  const child = spawn(command, [...args, link], { detached: true, stdio: 'ignore' })
  // The link is printed: who has no such program opens it by hand.
  child.on('error', () => undefined)
  child.unref()
}

function opener(): string[] {
  if (process.platform === 'darwin') return ['open']
  if (process.platform === 'win32') return ['rundll32', 'url.dll,FileProtocolHandler']
  const hasScreen = process.env['DISPLAY'] !== undefined || process.env['WAYLAND_DISPLAY'] !== undefined
  return hasScreen ? ['xdg-open'] : []
}
