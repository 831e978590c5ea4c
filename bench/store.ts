// The store by itself: durable commits per second, a range of 10,000, opening 100,000, memory for each object, beside
// etcd through its JSON gateway where that is present (ETCD=path, or `etcd` in PATH). Each part runs in a fresh process.
//   node --expose-gc bench/store.ts [--runs 3]

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Store } from '../packages/store/src/index.ts'
import { createMemoryStore, openLmdbStore } from '../packages/store/src/index.ts'

type Figures = Record<string, number>

const valueLength = 1024
const filler = 'x'.repeat(valueLength - 150)

function configMap(name: string): {
  apiVersion: string
  kind: string
  metadata: { name: string; namespace: string }
  data: { filler: string }
} {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default' }, data: { filler } }
}

/** Runs `write` from so many clients at once, each waiting for its own; gives writes per second. */
async function rate(clients: number, total: number, write: (n: number) => Promise<unknown>): Promise<number> {
  let next = 0
  const client = async (): Promise<void> => {
    while (next < total) await write(next++)
  }
  const start = performance.now()
  await Promise.all(Array.from({ length: clients }, client))
  return (total / (performance.now() - start)) * 1000
}

function milliseconds(run: () => unknown): number {
  const times = Array.from({ length: 9 }, () => {
    const start = performance.now()
    run()
    return performance.now() - start
  })
  return median(times)
}

async function measureStore(open: () => Promise<Store>): Promise<Figures> {
  let store = await open()
  const put = (n: number): Promise<unknown> =>
    store.write(`configmaps/default/seq-${n}`, () => ({ put: configMap(`seq-${n}`) }))
  await rate(1, 200, put)
  const sequential = await rate(1, 3000, put)
  const grouped = await rate(64, 30_000, put)
  collectGarbage()
  const before = process.memoryUsage().rss
  const filled = 100_000 - store.count('')
  await rate(256, filled, (n) => store.write(`configmaps/default/fill-${n}`, () => ({ put: configMap(`fill-${n}`) })))
  store.compact(store.revision)
  collectGarbage()
  const memory = (process.memoryUsage().rss - before) / filled
  const range = milliseconds(() => store.range({ prefix: 'configmaps/', limit: 10_000 }))
  await store.close()
  const start = performance.now()
  store = await open()
  const reopened = performance.now() - start
  const figures = {
    'commits/s, 1 client': sequential,
    'commits/s, 64 clients': grouped,
    'range of 10,000, ms': range,
    'bytes of memory for each 1 KiB object': memory,
  }
  const durable = store.count('') === 100_000
  await store.close()
  return durable ? { ...figures, 'open 100,000 objects, ms': reopened } : figures
}

async function measureEtcd(directory: string): Promise<Figures> {
  const url = 'http://127.0.0.1:23790'
  const quiet = ['--log-level', 'error', '--listen-peer-urls', 'http://127.0.0.1:23800']
  const etcd = spawn(
    etcdBinary,
    ['--data-dir', directory, '--listen-client-urls', url, '--advertise-client-urls', url, ...quiet],
    { stdio: 'ignore' },
  )
  const ended = once(etcd, 'exit')
  const agent = new Agent({ keepAlive: true, maxSockets: 256 })
  const call = (path: string, body: unknown): Promise<string> =>
    new Promise((resolve, reject) => {
      const sent = request(
        `${url}${path}`,
        { method: 'POST', agent, headers: { 'content-type': 'application/json' } },
        (response) => {
          let text = ''
          response
            .setEncoding('utf8')
            .on('data', (chunk: string) => (text += chunk))
            .on('error', reject)
          response.on('end', () => (response.statusCode === 200 ? resolve(text) : reject(new Error(text))))
        },
      )
      sent.on('error', reject).end(JSON.stringify(body))
    })
  try {
    await untilReady(() => call('/v3/maintenance/status', {}))
    const put = (n: number): Promise<string> =>
      call('/v3/kv/put', {
        key: btoa(`configmaps/default/seq-${n}`),
        value: btoa(JSON.stringify(configMap(`seq-${n}`))),
      })
    await rate(1, 200, put)
    const sequential = await rate(1, 2000, put)
    const grouped = await rate(64, 12_000, put)
    const times: number[] = []
    for (let run = 0; run < 5; run++) {
      const start = performance.now()
      await call('/v3/kv/range', { key: btoa('configmaps/'), range_end: btoa('configmaps0'), limit: 10_000 })
      times.push(performance.now() - start)
    }
    return { 'commits/s, 1 client': sequential, 'commits/s, 64 clients': grouped, 'range of 10,000, ms': median(times) }
  } finally {
    etcd.kill('SIGTERM')
    await ended
    agent.destroy()
  }
}

async function untilReady(probe: () => Promise<unknown>): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      await probe()
      return
    } catch (error) {
      if (attempt === 100) throw error
      await new Promise((resolve) => {
        setTimeout(resolve, 100)
      })
    }
  }
}

function collectGarbage(): void {
  if (globalThis.gc === undefined) throw new Error('run with --expose-gc')
  globalThis.gc()
  globalThis.gc()
}

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[values.length >> 1] ?? Number.NaN
}

const etcdBinary = process.env['ETCD'] ?? 'etcd'

const subjects: Record<string, (directory: string) => Promise<Figures>> = {
  'memory store': () => measureStore(() => Promise.resolve(createMemoryStore())),
  'LMDB store': (directory) => measureStore(() => openLmdbStore({ directory })),
  ...(spawnSync(etcdBinary, ['--version']).status === 0 ? { 'etcd, JSON gateway': measureEtcd } : {}),
}

async function runOne(name: string): Promise<void> {
  const measure = subjects[name]
  if (measure === undefined) throw new Error(`no subject ${name}`)
  const directory = mkdtempSync(join(tmpdir(), 'binnacle-bench-'))
  try {
    console.log(JSON.stringify(await measure(join(directory, 'data'))))
  } finally {
    rmSync(directory, { recursive: true })
  }
}

function runAll(runs: number): void {
  const all = new Map<string, Figures[]>()
  const names = Object.keys(subjects)
  for (let run = 0; run < runs; run++) {
    for (const name of run % 2 === 0 ? names : names.toReversed()) {
      const child = spawnSync(process.execPath, ['--expose-gc', import.meta.filename, '--subject', name], {
        encoding: 'utf8',
      })
      if (child.status !== 0) throw new Error(`${name}: ${child.stderr}`)
      all.set(name, [...(all.get(name) ?? []), JSON.parse(child.stdout) as Figures])
    }
  }
  const rows = [...new Set([...all.values()].flat().flatMap(Object.keys))]
  console.log(`| 1 KiB objects, medians of ${runs} | ${names.join(' | ')} |\n|${' --- |'.repeat(names.length + 1)}`)
  for (const row of rows) {
    const cells = names.map((name) => format(median((all.get(name) ?? []).flatMap((figures) => figures[row] ?? []))))
    console.log(`| ${row} | ${cells.join(' | ')} |`)
  }
}

function format(value: number): string {
  if (Number.isNaN(value)) return '-'
  return value < 10 ? value.toFixed(2) : Math.round(value).toLocaleString('en')
}

const [option, argument] = process.argv.slice(2)
if (option === '--subject' && argument !== undefined) await runOne(argument)
else runAll(option === '--runs' ? Number(argument) : 3)
