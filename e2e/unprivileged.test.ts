// The promise "no root": a user without any privilege has the engine, the shop and hello world; and the same where the
// machine has but one loopback address. What differs is said by doctor, by an event and by the README.

import { chownSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { command, hasProgram, root } from './support.ts'

/** No account has it, and no other run: nothing belongs to it but what it makes here. */
const user = 60_000 + (process.pid % 4000)

const needed = ['kubectl', 'go', 'setpriv', 'unshare', 'ip']
const missing = (await Promise.all(needed.map(async (name) => ((await hasProgram(name)) ? [] : [name])))).flat()
const reason =
  process.getuid?.() !== 0
    ? 'not root: cannot become another user'
    : missing.length > 0
      ? `not there: ${missing.join(', ')}`
      : (await command('unshare', ['--net', 'true'])).code !== 0
        ? 'no network namespaces'
        : undefined

interface Seen {
  privileges: { uid: number; capabilities: string; noNewPrivileges: string; lowPort?: string; loopback?: string }
  limited: Record<string, string>
  url: string
  shop: string
  pod: { products: number; version: string; host: string; name: string }
  address: string
  hello: string
  answers: string[]
  asked: number
  failed: number
  programs: number
  events: string
}

const images = mkdtempSync(join(tmpdir(), 'binnacle-images-'))
afterAll(() => rmSync(images, { recursive: true, force: true }))

function processesOfUser(): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => {
      try {
        return Number.isInteger(pid) && statSync(`/proc/${pid}`).uid === user
      } catch {
        // It has just ended.
        return false
      }
    })
}

async function asOrdinaryUser(...wrap: string[]): Promise<Seen> {
  const home = mkdtempSync(join(tmpdir(), 'binnacle-user-'))
  chownSync(home, user, user)
  const ids = ['--reuid', String(user), '--regid', String(user), '--clear-groups']
  const none = ['--bounding-set', '-all', '--inh-caps', '-all', '--no-new-privs']
  const scenario = [process.execPath, join(root, 'e2e', 'unprivileged-scenario.ts'), home, images]
  const [file = '', ...args] = [...wrap, 'setpriv', ...ids, ...none, ...scenario]
  try {
    const env = { PATH: process.env['PATH'], HOME: home, TMPDIR: home }
    const { code, stdout, stderr } = await command(file, args, { env, cwd: '/' })
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' })
    expect(processesOfUser()).toEqual([])
    return JSON.parse(stdout) as Seen
  } finally {
    for (const pid of processesOfUser()) process.kill(pid, 'SIGKILL')
    rmSync(home, { recursive: true, force: true })
  }
}

function expectAllToWork(seen: Seen): void {
  expect(seen.privileges).toMatchObject({ uid: user, capabilities: '0000000000000000', noNewPrivileges: '1' })
  expect(seen.privileges.lowPort).toBe('EACCES')
  expect(seen.shop).toContain('Chandlery')
  expect(seen.shop).toContain('<form method="post" action="/orders">')
  expect(seen.pod).toMatchObject({ version: '36', host: '127.0.0.1' })
  expect(seen.pod.products).toBeGreaterThan(0)
  expect(seen.answers).toEqual(['Hello world v1\n', expect.stringContaining('v2')])
  expect(seen.asked).toBeGreaterThan(20)
  expect(seen.failed).toBe(0)
  expect(seen.programs).toBe(4)
  expect(seen.address).toBe('127.0.0.1')
}

describe.skipIf(reason !== undefined)(`without privilege${reason === undefined ? '' : ` (${reason})`}`, () => {
  beforeAll(async () => {
    for (const version of ['v1', 'v2']) {
      const source = join(root, 'examples', 'hello-world', version, 'main', `helloworld-${version}.go`)
      mkdirSync(join(images, version))
      const env = { ...process.env, CGO_ENABLED: '0' }
      const built = await command('go', ['build', '-o', join(images, version, 'hello'), source], { env })
      if (built.code !== 0) throw new Error(built.stderr)
    }
    await command('chmod', ['-R', 'a+rX', images])
  }, 120_000)

  it('an ordinary user runs the shop and hello world', { timeout: 90_000 }, async () => {
    const seen = await asOrdinaryUser()
    expectAllToWork(seen)
    expect(seen.limited['ports below 1024']).toContain('a Service on port 80 is reached at another port of 127.0.0.1')
    expect(seen.limited).not.toHaveProperty('Service addresses')
    // Ports from 1024 on need no privilege: such a Service keeps its own address.
    expect(seen.events).toMatch(
      /AddressUnavailable +service\/helloworld-v1 +cannot listen on 127\.\d+\.\d+\.\d+:80 \(ports below 1024 need a privilege that this process does not have\); port 80\/TCP is reached at 127\.0\.0\.1:\d+/,
    )
    expect(seen.events).not.toContain('service/cache')
  })

  it('so does one on a machine with the loopback address 127.0.0.1 only', { timeout: 90_000 }, async () => {
    const lonely =
      'ip link set lo up && ip addr del 127.0.0.1/8 dev lo && ip addr add 127.0.0.1/32 dev lo && exec "$0" "$@"'
    const seen = await asOrdinaryUser('unshare', '--net', 'sh', '-c', lonely)
    expect(seen.privileges.loopback).toBe('EADDRNOTAVAIL')
    expectAllToWork(seen)
    expect(seen.pod.name).toBe('127.0.0.1')
    expect(seen.limited['Service addresses']).toContain('each Service is reached at a port of 127.0.0.1')
    expect(seen.events).toMatch(
      /service\/cache +cannot listen on 127\.\d+\.\d+\.\d+:8080 \(this machine has no such loopback address\); port 8080\/TCP is reached at 127\.0\.0\.1:\d+/,
    )
  })

  it('the README says what differs', () => {
    const readme = readFileSync(join(root, 'README.md'), 'utf8').replaceAll(/\s+/g, ' ')
    expect(readme).toContain('binnacle.dev/reachable-at')
    expect(readme).toContain('only the loopback address 127.0.0.1')
  })
})
