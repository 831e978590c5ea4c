// Measures the embedded engine beside upstream's control plane (etcd, kube-apiserver, kube-controller-manager,
// kube-scheduler, kwok for nodes) with the same load program in one run, alternating, fresh processes for every round,
// and writes the medians to docs/performance.md. Needs Go and root for the peer (a bridge of its own).
//
//   node bench/run.ts                 everything, three rounds
//   node bench/run.ts --rounds 1      quicker
//   node bench/run.ts --only ours     without the peer; the document is left as it is
//   node bench/run.ts --case get      one case

import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { writeComparison } from './document.ts'
import { type RunningEngine, bin, load, peers, residentMiB, root, round, startEngine } from './engine.ts'

const controlPlane = join(import.meta.dirname, 'peer', 'control-plane')

const { values: options } = parseArgs({
  options: { rounds: { type: 'string', default: '3' }, only: { type: 'string' }, case: { type: 'string' } },
})

/** A cluster that the load program can be pointed at. */
interface Side {
  name: 'ours' | 'real'
  /** Starts on an empty data folder; resolves with the kubeconfig and the moment of launch. */
  start(options: { pods: boolean }): Promise<{ kubeconfig: string; launchedAt: number }>
  /** Resident memory of all processes in MiB. */
  memory(): number
  stop(): Promise<void>
}

interface Case {
  id: string
  title: string
  unit: string
  /** Larger is better. */
  more: boolean
  /** What ours must reach: times as good as the peer. */
  bar: number
  pods?: boolean
  measure(side: Side, kubeconfig: string, launchedAt: number): Promise<number>
}

const figure =
  (name: string, ...args: string[]) =>
  async (_side: Side, kubeconfig: string): Promise<number> => {
    const value = (await load(kubeconfig, '--keep', ...args))[name]
    if (value === undefined) throw new Error(`the load program printed no ${name}`)
    return value
  }

const cases: Case[] = [
  {
    id: 'start',
    title: 'from launch to `/readyz`, empty data folder',
    unit: 'ms',
    more: false,
    bar: 3.5,
    measure: async (_side, kubeconfig, launchedAt) => {
      await load(kubeconfig, '--case', 'ready', '--n', '60000')
      return Date.now() - launchedAt
    },
  },
  {
    id: 'memory',
    title: 'memory of everything, idle (RSS)',
    unit: 'MiB',
    more: false,
    bar: 2.5,
    measure: async (side) => {
      // The figure of an idle control plane is the one after its start has settled.
      await delay(15_000)
      return side.memory()
    },
  },
  {
    id: 'create',
    title: 'ConfigMap (1 KiB) creates, one client',
    unit: '/s',
    more: true,
    bar: 2,
    measure: figure('per_s', '--case', 'create', '--n', '1500'),
  },
  {
    id: 'create-64',
    title: 'ConfigMap (1 KiB) creates, 64 clients',
    unit: '/s',
    more: true,
    bar: 2,
    measure: figure('per_s', '--case', 'create', '--n', '12000', '--workers', '64'),
  },
  {
    id: 'get',
    title: 'GETs, 64 clients',
    unit: '/s',
    more: true,
    bar: 2,
    measure: figure('per_s', '--case', 'get', '--n', '20000', '--workers', '64'),
  },
  {
    id: 'list',
    title: 'LIST of 10,000 (17 MB), as clients ask, p50',
    unit: 'ms',
    more: false,
    bar: 1.3,
    measure: figure('consistent_p50_ms', '--case', 'list', '--n', '10000'),
  },
  {
    id: 'list-identity',
    title: 'LIST of 10,000, `Accept-Encoding: identity`, p50',
    unit: 'ms',
    more: false,
    bar: 2,
    measure: figure('identity_p50_ms', '--case', 'list', '--n', '10000'),
  },
  {
    id: 'watch-1',
    title: 'write seen by 1 watcher, p50',
    unit: 'ms',
    more: false,
    bar: 1,
    measure: figure('p50_ms', '--case', 'watch', '--n', '300', '--watchers', '1'),
  },
  {
    id: 'watch-1000',
    title: 'write seen by 1,000 watchers, p50',
    unit: 'ms',
    more: false,
    bar: 1,
    measure: figure('p50_ms', '--case', 'watch', '--n', '100', '--watchers', '1000'),
  },
  {
    id: 'delete-collection',
    title: 'delete collection of 10,000',
    unit: 'objects/s',
    more: true,
    bar: 2,
    measure: figure('per_s', '--case', 'delete-collection', '--n', '10000'),
  },
  {
    id: 'pods',
    title: 'Deployment of 1,000 simulated pods, all Running',
    unit: 's',
    more: false,
    bar: 3,
    pods: true,
    measure: figure('running_s', '--case', 'deployment-pods', '--n', '1000'),
  },
]

const ours = (): Side => {
  const directory = mkdtempSync(join(tmpdir(), 'binnacle-bench-'))
  let engine: RunningEngine | undefined
  return {
    name: 'ours',
    start: async () => (engine = await startEngine(directory)),
    memory: () => engine?.memory() ?? Number.NaN,
    async stop() {
      await engine?.stop()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

const real = (): Side => {
  const run = join(peers, 'run', 'control-plane')
  const environment = {
    ...process.env,
    PEERS: peers,
    CONTROLLER_MANAGER_ARGS: '--kube-api-qps 5000 --kube-api-burst 5000',
    SCHEDULER_ARGS: '--kube-api-qps 5000 --kube-api-burst 5000',
  }
  const script = (...args: string[]): string =>
    execFileSync(controlPlane, args, { env: environment, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  return {
    name: 'real',
    async start({ pods }) {
      script('stop')
      rmSync(join(run, 'etcd'), { recursive: true, force: true })
      const launchedAt = Date.now()
      script('start', 'etcd', 'apiserver')
      const kubeconfig = join(run, 'admin.kubeconfig')
      await load(kubeconfig, '--case', 'ready', '--n', '60000')
      const readyAt = Date.now()
      script('start', 'controller-manager', 'scheduler', ...(pods ? ['kwok'] : []))
      // Certificates and kubeconfigs are there since the first round; only the launch counts.
      return { kubeconfig, launchedAt: launchedAt + (Date.now() - readyAt) }
    },
    memory: () =>
      readdirSync(run)
        .filter((name) => name.endsWith('.pid') && name !== 'kwok.pid')
        .reduce((sum, name) => sum + residentMiB(Number(readFileSync(join(run, name), 'utf8'))), 0),
    stop: async () => void script('stop'),
  }
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

if (!existsSync(join(bin, 'load')))
  execFileSync(join(import.meta.dirname, 'peer', 'build'), ['load'], {
    stdio: 'inherit',
    env: { ...process.env, PEERS: peers },
  })
if (options.only !== 'ours') {
  const needed = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kubectl', 'kwok'].filter(
    (name) => !existsSync(join(bin, name)),
  )
  if (needed.length > 0)
    execFileSync(join(import.meta.dirname, 'peer', 'build'), needed, {
      stdio: 'inherit',
      env: { ...process.env, PEERS: peers },
    })
  // Keys and certificates are made once, outside of what is measured.
  execFileSync(controlPlane, ['start', 'etcd'], { env: { ...process.env, PEERS: peers }, stdio: 'ignore' })
}
execFileSync(process.execPath, [join(root, 'scripts', 'bundle.ts')], { cwd: root, stdio: 'inherit' })

const results = new Map<string, Record<Side['name'], number[]>>()
const sides = options.only === 'ours' ? [ours] : options.only === 'real' ? [real] : [ours, real]
for (let turn = 0; turn < Number(options.rounds); turn++) {
  for (const test of cases.filter(({ id }) => options.case === undefined || id === options.case)) {
    // The order alternates, so that neither side always meets the warmer machine.
    for (const make of turn % 2 === 0 ? sides : sides.toReversed()) {
      const side = make()
      try {
        const { kubeconfig, launchedAt } = await side.start({ pods: test.pods ?? false })
        const value = await test.measure(side, kubeconfig, launchedAt)
        const all = results.get(test.id) ?? { ours: [], real: [] }
        all[side.name].push(value)
        results.set(test.id, all)
        console.log(`round ${turn + 1} ${side.name.padEnd(4)} ${test.title}: ${value.toFixed(1)} ${test.unit}`)
      } finally {
        await side.stop()
      }
    }
  }
}

if (options.only === undefined && options.case === undefined) writeComparison(describe())

function describe(): string[] {
  const lines = [
    '# Performance',
    '',
    `Written by \`bench/run.ts\`: medians of ${options.rounds} ${options.rounds === '1' ? 'round' : 'rounds'}, ours and upstream Kubernetes 1.36 (etcd, kube-apiserver,`,
    `kube-controller-manager, kube-scheduler, kwok) in one run on ${cpus().length} × ${cpus()[0]?.model.trim() ?? 'CPU'}, Node ${process.version}, JSON.`,
    '',
    '| what | upstream | Binnacle | ratio | bar |',
    '| --- | --- | --- | --- | --- |',
  ]
  for (const { id, title, unit, more, bar } of cases) {
    const found = results.get(id)
    if (found === undefined) continue
    const [theirs, own] = [median(found.real), median(found.ours)]
    const ratio = more ? own / theirs : theirs / own
    const verdict = ratio >= bar ? '' : ' (missed)'
    lines.push(
      `| ${title} | ${round(theirs)} ${unit} | ${round(own)} ${unit} | ${ratio.toFixed(1)} × | ${bar} ×${verdict} |`,
    )
  }
  lines.push(
    '',
    'As clients ask: they take gzip. Upstream compresses; ours does not for clients on its own machine, where that takes longer',
    'than sending.',
  )
  return lines
}
