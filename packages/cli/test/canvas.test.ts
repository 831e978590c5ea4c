// The Canvas as `up` and `open` give it: links that log in, once, and the API behind them.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, expect, it } from 'vitest'

const main = join(import.meta.dirname, '..', 'src', 'main.ts')
const folder = mkdtempSync(join(tmpdir(), 'binnacle-canvas-'))
const data = join(folder, 'data')

interface Running {
  child: ChildProcess
  /** The first line that it printed. */
  line: string
}

async function binnacle(...args: string[]): Promise<Running> {
  const env = { ...process.env, BINNACLE_DATA: data, HOME: folder }
  const child = spawn(process.execPath, [main, ...args], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
  return { child, line }
}

async function ended({ child }: Running): Promise<number | null> {
  if (child.exitCode !== null) return child.exitCode
  const [code] = (await once(child, 'exit')) as [number | null]
  return code
}

let engine: Running
let record: { canvas: string; kubeconfig: string }

beforeAll(async () => {
  const ports = ['--port', '0', '--registry-port', '0', '--canvas-port', '0']
  engine = await binnacle('up', ...ports, '--runtime', 'simulated', '-o', 'json')
  record = JSON.parse(engine.line) as typeof record
})

afterAll(async () => {
  engine.child.kill('SIGTERM')
  await ended(engine)
  rmSync(folder, { recursive: true, force: true })
})

/** Name and value of the cookie that a link gives; undefined where it gives none. */
async function follow(link: string): Promise<string | undefined> {
  const { headers } = await fetch(link, { redirect: 'manual' })
  return headers.get('set-cookie')?.split(';')[0]
}

async function namespacesAt(link: string): Promise<number> {
  const cookie = (await follow(link)) ?? ''
  const { status } = await fetch(new URL('/k8s/api/v1/namespaces', link), { headers: { cookie } })
  return status
}

it('the engine says a link that logs in once, and notes the plain address', async () => {
  expect(record.canvas).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/\?token=\S+$/)
  expect(await namespacesAt(record.canvas)).toBe(200)
  expect(await follow(record.canvas)).toBeUndefined()
  const status = await binnacle('status', '-o', 'json')
  expect(JSON.parse(status.line)).toMatchObject({ canvas: new URL(record.canvas).origin })
})

it('open makes a fresh link to the running engine, and to an application', async () => {
  const opened = await binnacle('open', 'shop')
  expect(await ended(opened)).toBe(0)
  expect(new URL(opened.line).origin).toBe(new URL(record.canvas).origin)
  expect(new URL(opened.line).searchParams.get('app')).toBe('shop')
  expect(await namespacesAt(opened.line)).toBe(200)
})

it('open --context serves a Canvas for a cluster of a kubeconfig until it is ended', async () => {
  const flags = ['--context', 'binnacle', '--kubeconfig', record.kubeconfig, '--canvas-port', '0']
  const opened = await binnacle('open', ...flags)
  expect(new URL(opened.line).origin).not.toBe(new URL(record.canvas).origin)
  expect(await namespacesAt(opened.line)).toBe(200)
  opened.child.kill('SIGTERM')
  expect(await ended(opened)).toBe(0)
})
