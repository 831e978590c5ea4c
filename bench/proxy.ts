// What the Service proxy costs, and what its figures of traffic cost: the same load on a server directly, through the
// proxy, and through the proxy while it counts, in one run, alternating, fresh processes for every round; medians.
//
//   node bench/proxy.ts                         five rounds
//   node bench/proxy.ts --rounds 1 --requests 20000

import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { round } from './engine.ts'

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    requests: { type: 'string', default: '100000' },
    connections: { type: 'string', default: '32' },
  },
})

const ways = ['direct', 'off', 'on'] as const
type Way = (typeof ways)[number]
const titles: Readonly<Record<Way, string>> = {
  direct: 'directly',
  off: 'through the proxy',
  on: 'through the proxy, counting',
}

interface Figures {
  perSecond: number
  p50: number
  p99: number
  /** Of the proxy, for each request. */
  cpuMicroseconds: number
}

class Program {
  readonly #child: ChildProcess
  readonly #lines: AsyncIterator<string>

  constructor(name: string, ...args: string[]) {
    this.#child = spawn(process.execPath, [join(import.meta.dirname, 'proxy', `${name}.ts`), ...args], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    if (this.#child.stdout === null) throw new Error(`${name} has no output`)
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]()
  }

  async line(): Promise<string> {
    const { value, done } = await this.#lines.next()
    if (done === true) throw new Error('the program ended early')
    return value
  }

  endInput(): void {
    this.#child.stdin?.end()
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return
    const gone = new Promise((resolve) => this.#child.once('exit', resolve))
    this.#child.kill()
    await gone
  }
}

async function measure(way: Way): Promise<Figures> {
  const server = new Program('server')
  const proxy = way === 'direct' ? undefined : new Program('proxy', await server.line(), way)
  const port = await (proxy ?? server).line()
  const load = new Program('load', port, options.connections, options.requests)
  try {
    const figures = JSON.parse(await load.line()) as Omit<Figures, 'cpuMicroseconds'>
    proxy?.endInput()
    const cpuMs = proxy === undefined ? 0 : Number(await proxy.line())
    return { ...figures, cpuMicroseconds: (cpuMs * 1000) / Number(options.requests) }
  } finally {
    for (const program of [load, proxy, server]) await program?.stop()
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

const all = new Map<Way, Figures[]>(ways.map((way) => [way, []]))
for (let turn = 0; turn < Number(options.rounds); turn++) {
  for (const way of turn % 2 === 0 ? ways : ways.toReversed()) all.get(way)?.push(await measure(way))
}

const of = (way: Way, figure: keyof Figures): number => median((all.get(way) ?? []).map((figures) => figures[figure]))
console.log(`${options.connections} connections, ${options.requests} requests, median of ${options.rounds} rounds\n`)
console.log('| way | requests/s | p50 ms | p99 ms | CPU of the proxy, µs/request |')
console.log('| --- | --- | --- | --- | --- |')
for (const way of ways) {
  const [p50, p99] = [of(way, 'p50'), of(way, 'p99')].map((ms) => ms.toFixed(2))
  const cpu = way === 'direct' ? '' : of(way, 'cpuMicroseconds').toFixed(1)
  console.log(`| ${titles[way]} | ${round(of(way, 'perSecond'))} | ${p50} | ${p99} | ${cpu} |`)
}
const less = 1 - of('on', 'perSecond') / of('off', 'perSecond')
console.log(`\ncounting: ${(less * 100).toFixed(1)} % fewer requests/s (bar: 10 %)`)
