// What goes wrong on real machines, each with the outcome that docs/failures.md promises.

import { type ChildProcess, spawn } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { once } from 'node:events'
import { Agent, request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TLSSocket, connect } from 'node:tls'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type CommandResult,
  command,
  end,
  eventually,
  firstLine,
  hasProgram,
  main,
  processesOf,
  root,
} from './support.ts'

const folder = mkdtempSync(join(tmpdir(), 'binnacle-failures-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const isRoot = process.getuid?.() === 0
const hasKubectl = await hasProgram('kubectl')
const freePorts = ['--port', '0', '--registry-port', '0']

interface Engine {
  child: ChildProcess
  /** What it has said on standard error. */
  said: () => string
  data: string
  pid: number
  api: URL
  kubectl(...args: string[]): Promise<string>
  send(method: string, path: string, body?: string): Promise<{ code: number; body: string }>
  tls: { cert: Buffer; key: Buffer; ca: Buffer }
}

/** Whatever a failed test leaves. */
const engines: Engine['child'][] = []
afterAll(async () => {
  for (const child of engines) await end(child, 'SIGTERM')
})

async function up(data: string, ...flags: string[]): Promise<Engine> {
  const args = [main, 'up', '--data', data, ...freePorts, '-o', 'json', ...flags]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  engines.push(child)
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (said += chunk))
  const record = JSON.parse(await firstLine(child)) as { api: string; kubeconfig: string; pid: number }
  const kubeconfig = readFileSync(record.kubeconfig, 'utf8')
  const secret = (name: string): Buffer =>
    Buffer.from(new RegExp(`${name}-data: (\\S+)`).exec(kubeconfig)?.[1] ?? '', 'base64')
  const tls = { cert: secret('client-certificate'), key: secret('client-key'), ca: secret('certificate-authority') }
  const agent = new Agent({ ...tls, keepAlive: true, maxSockets: 8 })
  const api = new URL(record.api)
  child.once('exit', () => agent.destroy())
  return {
    child,
    said: () => said,
    data,
    pid: record.pid,
    api,
    tls,
    async kubectl(...words) {
      const { code, stdout, stderr } = await command('kubectl', ['--kubeconfig', record.kubeconfig, ...words])
      if (code !== 0) throw new Error(`kubectl ${words.join(' ')} failed with ${code}: ${stderr}`)
      return stdout
    },
    send(method, path, body) {
      const headers = { 'content-type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json' }
      return new Promise((resolve, reject) => {
        const sent = request(new URL(path, api), { method, agent, headers }, (response) => {
          let text = ''
          response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
          response.on('error', reject).on('end', () => resolve({ code: response.statusCode ?? 0, body: text }))
        })
        sent.on('error', reject)
        sent.end(body)
      })
    },
  }
}

function refusedUp(data: string, ...flags: string[]): Promise<CommandResult> {
  return command(process.execPath, [main, 'up', '--data', data, ...freePorts, '--runtime', 'simulated', ...flags])
}

const configMaps = '/api/v1/namespaces/default/configmaps'

function configMap(name: string, bytes = 0): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name },
    data: { filler: 'x'.repeat(bytes) },
  })
}

/** One line, as `binnacle` writes its errors. */
const oneLine = expect.stringMatching(/^(· [^\n]+\n)*binnacle: [^\n]+\n$/) as string

/** Megabytes of memory. */
function memoryOf(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024
}

const forks = `#!/bin/sh
n=0
while [ $n -lt 1000 ]; do sleep 3600 & n=$((n + 1)); done
echo forked $n
wait
`

async function runForks(engine: Engine): Promise<string> {
  const source = join(folder, 'forks')
  mkdirSync(source, { recursive: true })
  writeFileSync(join(source, 'forks'), forks)
  chmodSync(join(source, 'forks'), 0o755)
  const built = await command(process.execPath, [main, 'build', source, '-t', 'forks:1', '--data', engine.data])
  expect(built).toMatchObject({ code: 0 })
  await engine.kubectl('run', 'forks', '--image=forks:1', '--restart=Never')
  await eventually('a thousand children', async () =>
    (await engine.kubectl('logs', 'forks').catch(() => '')).includes('forked 1000') ? true : undefined,
  )
  const id = await engine.kubectl('get', 'pod', 'forks', '-o', 'jsonpath={.status.containerStatuses[0].containerID}')
  return id.replace('process://', '')
}

async function noneLeft(marker: string): Promise<void> {
  await eventually(`no process of ${marker}`, async () => ((await processesOf(marker)).length === 0 ? true : undefined))
}

describe.skipIf(!hasKubectl || process.platform !== 'linux')('failures (need kubectl and Linux)', () => {
  describe('an engine that runs', () => {
    let engine: Engine
    beforeAll(async () => {
      engine = await up(join(folder, 'running'))
    })
    afterAll(() => end(engine.child, 'SIGTERM'))

    it('a second `up` on its folder names its process', async () => {
      const second = await refusedUp(engine.data)
      expect(second).toEqual({ code: 1, stdout: '', stderr: oneLine })
      expect(second.stderr).toContain(`in use by process ${engine.pid}`)
    })

    it('a taken port is named with the flag that chooses another', async () => {
      const data = join(folder, 'taken')
      for (const [flag, what] of [
        ['--port', 'API'],
        ['--registry-port', 'registry'],
      ] as const) {
        const refused = await refusedUp(data, flag, engine.api.port)
        expect(refused).toEqual({ code: 1, stdout: '', stderr: oneLine })
        expect(refused.stderr).toContain(
          `port ${engine.api.port} of the ${what} is taken by another program: choose one with ${flag} `,
        )
      }
    })

    it('a body of 5 MB gets 413 and a deep one 400, and the engine goes on', async () => {
      const large = await engine.send('POST', configMaps, configMap('large', 5_000_000))
      expect(large).toMatchObject({ code: 413, body: expect.stringContaining('"reason":"RequestEntityTooLarge"') })
      const depth = 100_000
      const deep = `${configMap('deep').slice(0, -1)},"deep":${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}}`
      expect(await engine.send('POST', configMaps, deep)).toMatchObject({
        code: 400,
        body: expect.stringContaining('exceeded max depth'),
      })
      expect(await engine.send('GET', '/readyz')).toEqual({ code: 200, body: 'ok' })
    })

    it('clients that never read cost bounded memory and hold up nobody', { timeout: 60_000 }, async () => {
      const names = Array.from({ length: 20 }, (_, index) => `wide-${index}`)
      for (const name of names) {
        expect(await engine.send('POST', configMaps, configMap(name, 500_000))).toMatchObject({ code: 201 })
      }
      const before = memoryOf(engine.pid)
      const sockets: TLSSocket[] = []
      for (const path of [configMaps, `${configMaps}?watch=true&resourceVersion=0`]) {
        for (let count = 0; count < 10; count++) {
          const socket = connect({ ...engine.tls, host: engine.api.hostname, port: Number(engine.api.port) })
          socket.on('error', () => undefined).pause()
          await once(socket, 'secureConnect')
          socket.write(`GET ${path} HTTP/1.1\r\nhost: ${engine.api.host}\r\naccept: application/json\r\n\r\n`)
          sockets.push(socket)
        }
      }
      let slowest = 0
      for (let round = 0; round < 6; round++) {
        for (const name of names) {
          const started = performance.now()
          const patch = JSON.stringify({ metadata: { annotations: { round: String(round) } } })
          expect(await engine.send('PATCH', `${configMaps}/${name}`, patch)).toMatchObject({ code: 200 })
          slowest = Math.max(slowest, performance.now() - started)
        }
      }
      const after = memoryOf(engine.pid)
      for (const socket of sockets) socket.destroy()
      // Twenty clients have been sent 10 MB each and ten of them 60 MB of changes.
      expect(after - before).toBeLessThan(300)
      expect(slowest).toBeLessThan(2000)
      expect(await engine.send('GET', '/readyz')).toEqual({ code: 200, body: 'ok' })
    })

    it('a pod that forks a thousand children ends with all of them', { timeout: 60_000 }, async () => {
      const id = await runForks(engine)
      expect((await processesOf(`BINNACLE_CONTAINER=${id}`)).length).toBeGreaterThan(1000)
      await engine.kubectl('delete', 'pod', 'forks', '--grace-period=1')
      await noneLeft(`BINNACLE_CONTAINER=${id}`)
    })
  })

  it(
    'killed under write load: nothing acknowledged is lost, its programs are adopted, and none is left',
    { timeout: 60_000 },
    async () => {
      const data = join(folder, 'killed')
      const engine = await up(data, '--sample', join(root, 'examples', 'shop'))
      const ready = 'jsonpath={.items[*].status.containerStatuses[0].ready}'
      await eventually('the six pods of the shop', async () =>
        (await engine.kubectl('get', 'pods', '-o', ready)).match(/true/g)?.length === 6 ? true : undefined,
      )
      const ids = 'jsonpath={range .items[*]}{.status.containerStatuses[0].containerID} {end}'
      const before = (await engine.kubectl('get', 'pods', '-o', ids)).trim().split(' ').sort()
      expect(before).toHaveLength(6)

      const acknowledged: string[] = []
      const writer = async (id: number): Promise<void> => {
        for (let count = 0; ; count++) {
          const { code } = await engine.send('POST', configMaps, configMap(`load-${id}-${count}`, 1000))
          if (code === 201) acknowledged.push(`load-${id}-${count}`)
        }
      }
      const writers = Array.from({ length: 8 }, (_, id) => writer(id).catch(() => undefined))
      await eventually('a thousand writes', () => (acknowledged.length > 1000 ? true : undefined))
      await end(engine.child, 'SIGKILL')
      await Promise.all(writers)

      const again = await up(data)
      const { body } = await again.send('GET', configMaps)
      const kept = new Set(
        (JSON.parse(body) as { items: { metadata: { name: string } }[] }).items.map(({ metadata }) => metadata.name),
      )
      expect(acknowledged.filter((name) => !kept.has(name))).toEqual([])
      const after = (await again.kubectl('get', 'pods', '-o', ids)).trim().split(' ').sort()
      expect(after).toEqual(before)
      await end(again.child, 'SIGTERM')
      for (const id of before) await noneLeft(`BINNACLE_CONTAINER=${id.replace('process://', '')}`)
      await noneLeft(data)
    },
  )

  it.skipIf(!isRoot)(
    'a full disk refuses writes with the reason, reads go on, and a restart after making room is whole (needs root)',
    { timeout: 60_000 },
    async () => {
      const disk = join(folder, 'disk')
      mkdirSync(disk)
      expect(await command('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', disk])).toMatchObject({ code: 0 })
      try {
        // Of what it leaves, the log takes half when the folder is made.
        writeFileSync(join(disk, 'other'), Buffer.alloc(8 << 20))
        const data = join(disk, 'data')
        const engine = await up(data, '--runtime', 'simulated')
        let acknowledged = 0
        let refused = { code: 201, body: '' }
        while (refused.code === 201 && acknowledged < 50) {
          refused = await engine.send('POST', configMaps, configMap(`full-${acknowledged}`, 500_000))
          if (refused.code === 201) acknowledged++
        }
        expect(refused.code).toBe(500)
        expect(refused.body).toContain('refuses writes (the disk is full): reads go on; mend it and restart')
        expect(engine.said()).toMatch(/^warning: the data folder .* refuses writes \(the disk is full\)/m)
        expect(await engine.send('GET', `${configMaps}/full-${acknowledged - 1}`)).toMatchObject({ code: 200 })
        expect(await engine.send('PATCH', `${configMaps}/full-0`, '{"data":{"a":"b"}}')).toMatchObject({ code: 500 })
        await end(engine.child, 'SIGTERM')

        rmSync(join(disk, 'other'))
        const again = await up(data, '--runtime', 'simulated')
        const { body } = await again.send('GET', configMaps)
        expect(body.match(/"name":"full-\d+"/g)).toHaveLength(acknowledged)
        expect(await again.send('POST', configMaps, configMap('later'))).toMatchObject({ code: 201 })
        await end(again.child, 'SIGTERM')
      } finally {
        await command('umount', [disk])
      }
    },
  )

  it('a data folder that cannot be written is refused', async () => {
    const data = join(folder, 'read-only')
    mkdirSync(data)
    if (isRoot) await command('mount', ['-t', 'tmpfs', '-o', 'ro', 'tmpfs', data])
    else chmodSync(data, 0o500)
    try {
      const refused = await refusedUp(data)
      expect(refused).toEqual({ code: 1, stdout: '', stderr: oneLine })
      expect(refused.stderr).toContain(`data folder ${data}`)
      expect(refused.stderr).toContain('choose another with --data')
    } finally {
      if (isRoot) await command('umount', [data])
    }
  })

  it('a damaged data folder is refused, and says what is damaged', async () => {
    const whole = join(folder, 'whole')
    await end((await up(whole, '--runtime', 'simulated')).child, 'SIGTERM')
    const damaged = async (name: string, damage: (data: string) => void): Promise<string> => {
      const data = join(folder, name)
      cpSync(whole, data, { recursive: true })
      damage(data)
      const refused = await refusedUp(data)
      expect(refused).toEqual({ code: 1, stdout: '', stderr: oneLine })
      return refused.stderr
    }
    const pages = await damaged('pages', (data) => {
      const path = join(data, 'store', 'objects.mdb')
      const file = openSync(path, 'r+')
      const noise = Buffer.alloc(4096, 0xa5)
      for (let at = 0; at < statSync(path).size; at += 4096) writeSync(file, noise, 0, 4096, at)
    })
    expect(pages).toMatch(/cannot be read \(objects\.mdb is not a data file\): restore it from a backup/)
    expect(await damaged('format', (data) => writeFileSync(join(data, 'store', 'FORMAT'), 'something else\n'))).toMatch(
      /is not a format record/,
    )
    expect(
      await damaged('later', (data) => writeFileSync(join(data, 'store', 'FORMAT'), 'binnacle-store 99\n')),
    ).toMatch(/has format 99, this program reads format 2/)
    expect(await damaged('keys', (data) => writeFileSync(join(data, 'pki', 'ca.key'), 'no key\n'))).toMatch(
      /the certificate authority in .* is damaged/,
    )
  })
})

it('each outcome is in docs/failures.md', () => {
  const page = readFileSync(join(root, 'docs', 'failures.md'), 'utf8')
  for (const words of [
    'in use by process',
    'is taken by another program: choose one with',
    'RequestEntityTooLarge',
    'exceeded max depth',
    'refuses writes (the disk is full)',
    'cannot use the data folder',
    'is damaged',
    'has format',
    'AddressUnavailable',
    'adopted',
    'a thousand children',
    'never reads',
  ])
    expect(page).toContain(words)
})
