// What the engine's figures become as the store fills: the same load at 1,000, 10,000 and 100,000 ConfigMaps of 1 KiB, and a
// start on the data folder that results. Writes the second part of docs/performance.md and its plot.
//
//   node bench/growth.ts                     all three sizes
//   node bench/growth.ts --sizes 1000,10000  others; the document is left as it is

import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { writeGrowth } from './document.ts'
import { load, root, round, startEngine } from './engine.ts'

const { values: options } = parseArgs({ options: { sizes: { type: 'string' } } })
const sizes = (options.sizes ?? '1000,10000,100000').split(',').map(Number)

interface Row {
  readonly title: string
  readonly unit: string
  /** Larger is better. */
  readonly more: boolean
}

const rows = {
  fill: { title: 'creates while the store fills, 64 clients', unit: '/s', more: true },
  list: { title: 'LIST of all, as clients ask, p50', unit: 'ms', more: false },
  identity: { title: 'LIST of all, `Accept-Encoding: identity`, p50', unit: 'ms', more: false },
  pages: { title: 'LIST of all in pages of 500, p50', unit: 'ms', more: false },
  create: { title: 'creates, one client', unit: '/s', more: true },
  create64: { title: 'creates, 64 clients', unit: '/s', more: true },
  get: { title: 'GETs, 64 clients', unit: '/s', more: true },
  watch: { title: 'write seen by 1 watcher, p50', unit: 'ms', more: false },
  watches: { title: 'write seen by 1,000 watchers, p50', unit: 'ms', more: false },
  remove: { title: 'delete collection of as many', unit: 'objects/s', more: true },
  pods: { title: 'Deployment of 1,000 simulated pods, all Running', unit: 's', more: false },
  memory: { title: 'memory (RSS) right after a restart on the data', unit: 'MiB', more: false },
  start: { title: 'from launch to ready on a data folder with the objects', unit: 'ms', more: false },
} as const satisfies Record<string, Row>

type Figures = Record<keyof typeof rows, number>

const colours = ['#4e79a7', '#f28e2b', '#e15759', '#76b7b2', '#59a14f', '#edc948', '#b07aa1', '#ff9da7', '#9c755f']

async function measure(size: number): Promise<Figures> {
  const directory = mkdtempSync(join(tmpdir(), 'binnacle-growth-'))
  let engine = await startEngine(directory)
  try {
    const run = async (name: string, ...args: string[]): Promise<(figure: string) => number> => {
      const figures = await load(engine.kubeconfig, '--keep', '--case', name, ...args)
      return (figure) => {
        const value = figures[figure]
        if (value === undefined) throw new Error(`the load program printed no ${figure} for ${name}`)
        return value
      }
    }
    // Half of the objects come from filling, half from the list that is read; both are there for all that follows.
    const fill = await run('create', '--n', String(size), '--workers', '64')
    const list = await run('list', '--n', String(size))
    const create = await run('create', '--n', '1500')
    const create64 = await run('create', '--n', '5000', '--workers', '64')
    const get = await run('get', '--n', '20000', '--workers', '64')
    const watch = await run('watch', '--n', '200', '--watchers', '1')
    const watches = await run('watch', '--n', '100', '--watchers', '1000')
    const pods = await run('deployment-pods', '--n', '1000')
    const remove = await run('delete-collection', '--n', String(size))
    await engine.stop()
    engine = await startEngine(directory)
    const start = Date.now() - engine.launchedAt
    return {
      fill: fill('per_s'),
      list: list('consistent_p50_ms'),
      identity: list('identity_p50_ms'),
      pages: list('paged_500_p50_ms'),
      create: create('per_s'),
      create64: create64('per_s'),
      get: get('per_s'),
      watch: watch('p50_ms'),
      watches: watches('p50_ms'),
      remove: remove('per_s'),
      pods: pods('running_s'),
      memory: engine.memory(),
      start,
    }
  } finally {
    await engine.stop()
    rmSync(directory, { recursive: true, force: true })
  }
}

execFileSync(process.execPath, [join(root, 'scripts', 'bundle.ts')], { cwd: root, stdio: 'inherit' })
const found = new Map<number, Figures>()
for (const size of sizes) {
  const figures = await measure(size)
  found.set(size, figures)
  for (const [id, { title, unit }] of Object.entries(rows))
    console.log(`${size} ${title}: ${round(figures[id as keyof Figures])} ${unit}`)
}
if (options.sizes === undefined) {
  writeFileSync(join(root, 'docs', 'growth.svg'), plot())
  writeGrowth(describe())
}

function entries(): [keyof Figures, Row][] {
  return Object.entries(rows) as [keyof Figures, Row][]
}

function valueAt(size: number, id: keyof Figures): number {
  return found.get(size)?.[id] ?? Number.NaN
}

function describe(): string[] {
  return [
    `Written by \`bench/growth.ts\` on ${cpus().length} × ${cpus()[0]?.model.trim() ?? 'CPU'}, Node ${process.version}, JSON: the same load on a`,
    'store that already holds so many ConfigMaps of 1 KiB, twice (once beside what is measured, once as what is listed).',
    '',
    `| what | ${sizes.map((size) => size.toLocaleString('en')).join(' | ')} |`,
    `| --- |${' --- |'.repeat(sizes.length)}`,
    ...entries().map(
      ([id, { title, unit }]) =>
        `| ${title} | ${sizes.map((size) => `${round(valueAt(size, id))} ${unit}`).join(' | ')} |`,
    ),
    '',
    'On the plot a line that stays level costs nothing more as the store grows; reading or deleting all of it, and starting,',
    'grow with it by their nature.',
    '',
    '![Cost of each figure, relative to 1,000 objects](growth.svg)',
  ]
}

/** How many times dearer than at the smallest size; rates are turned over. */
function costAt(size: number, id: keyof Figures): number {
  const [first = 0] = sizes
  const ratio = valueAt(size, id) / valueAt(first, id)
  return rows[id].more ? 1 / ratio : ratio
}

/** Both axes logarithmic. */
function plot(): string {
  const area = { left: 60, top: 20, width: 420, height: 400 }
  const costs = entries().flatMap(([id]) => sizes.map((size) => costAt(size, id)))
  const low = Math.floor(Math.log10(Math.min(...costs)))
  const high = Math.ceil(Math.log10(Math.max(...costs)))
  const first = Math.log10(sizes[0] ?? 1)
  const last = Math.log10(sizes.at(-1) ?? 10)
  const x = (size: number): number => area.left + ((Math.log10(size) - first) / (last - first)) * area.width
  const y = (cost: number): number => area.top + ((high - Math.log10(cost)) / (high - low)) * area.height
  const decades = Array.from({ length: high - low + 1 }, (_, index) => 10 ** (low + index))
  const bottom = area.top + area.height
  const right = area.left + area.width
  const grid = [
    ...decades.map(
      (cost) =>
        `<line x1="${area.left}" y1="${y(cost)}" x2="${right}" y2="${y(cost)}" stroke="#ddd"/><text x="${area.left - 8}" y="${y(cost) + 4}" text-anchor="end">${cost} ×</text>`,
    ),
    ...sizes.map(
      (size) =>
        `<line x1="${x(size)}" y1="${area.top}" x2="${x(size)}" y2="${bottom}" stroke="#ddd"/><text x="${x(size)}" y="${bottom + 18}" text-anchor="middle">${size.toLocaleString('en')}</text>`,
    ),
  ]
  const lines = entries().map(([id, { title }], index) => {
    const colour = colours[index % colours.length] ?? '#000'
    const dash = index >= colours.length ? ' stroke-dasharray="6 3"' : ''
    const points = sizes.map((size) => `${x(size).toFixed(1)},${y(costAt(size, id)).toFixed(1)}`).join(' ')
    const at = area.top + 12 + index * 22
    return `<polyline points="${points}" fill="none" stroke="${colour}" stroke-width="2"${dash}/><line x1="${right + 20}" y1="${at}" x2="${right + 44}" y2="${at}" stroke="${colour}" stroke-width="2"${dash}/><text x="${right + 50}" y="${at + 4}">${title.replaceAll('`', '')}</text>`
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 900 470" font-family="sans-serif" font-size="12">
<rect width="900" height="470" fill="#fff"/>
${[...grid, ...lines].join('\n')}
<text x="${area.left + area.width / 2}" y="${bottom + 40}" text-anchor="middle">objects in the store</text>
</svg>
`
}
