// The Canvas in a real Chromium, unthrottled and with a CPU that is four times slower: frames while dragging and panning,
// first paint, how soon a change of the cluster is on the screen, and whether the layout leaves the page alone. Writes
// docs/performance-canvas.md. Containers are simulated; the answers of `GET /traffic` are generated here.
//
//   node bench/canvas.ts                 everything
//   node bench/canvas.ts --case frames   only frames, paint, change or layout; the document is left as it is

import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import type { Page } from 'playwright-core'
import { type CanvasPage, closeBrowser, openCanvas } from '../e2e/browser.ts'
import { type TestEngine, startEngine } from '../e2e/support.ts'
import { type BenchCluster, connect } from './canvas/cluster.ts'
import { root, round } from './engine.ts'

const { values: options } = parseArgs({ options: { case: { type: 'string' } } })

interface Row {
  what: string
  value: number
  unit: string
  /** What it must reach; without one it is only told. */
  bar?: { atLeast: number } | { atMost: number }
}

const rows: Row[] = []

function record(row: Row): void {
  rows.push(row)
  console.log(`${row.what}: ${round(row.value)} ${row.unit}${misses(row) ? ' (missed)' : ''}`)
}

function misses({ value, bar }: Row): boolean {
  if (bar === undefined) return false
  return 'atLeast' in bar ? value < bar.atLeast : value > bar.atMost
}

const speeds = [
  { rate: 1, words: '' },
  { rate: 4, words: ', CPU 4× throttled' },
] as const

/** A logged-in page whose traffic is generated, with its CPU slowed by `rate`. */
async function openPage(
  engine: TestEngine,
  cluster: BenchCluster,
  application: string,
  rate: number,
): Promise<CanvasPage> {
  const canvas = await openCanvas(engine, '/')
  const { page, context } = canvas
  await page.addInitScript({ path: join(import.meta.dirname, 'canvas', 'probe.js') })
  const now = cluster.traffic(application)
  await page.route('**/traffic', (route) => route.fulfill({ json: now() }))
  await page.route('**/context', async (route) => {
    const answer = (await (await route.fetch()).json()) as object
    await route.fulfill({ json: { ...answer, hasTraffic: true } })
  })
  const session = await context.newCDPSession(page)
  await session.send('Emulation.setCPUThrottlingRate', { rate })
  return canvas
}

async function showApplication(page: Page, application: string, count: number): Promise<number> {
  await page.goto(new URL(`/?ns=${application}&app=${application}`, page.url()).href, { waitUntil: 'commit' })
  return page.evaluate<number>(`painted(${count})`)
}

interface Frames {
  spans: number[]
  perSecond: number
  movedPerSecond: number
}

const gestureMs = 5000
/** A mouse tells of its movement 125 times a second, however slow the page is; so many times ahead of it at most. */
const mouseMs = 8
const maxAhead = 4

/** Frames while the mouse, with its button down, goes to and fro from where `what` is. */
async function frames(page: Page, what: 'pane' | 'node'): Promise<Frames> {
  const from = await page.evaluate<{ x: number; y: number; id?: string } | undefined>(`probe.point('${what}')`)
  if (from === undefined) throw new Error(`no ${what} near the middle of the graph`)
  await page.mouse.move(from.x, from.y)
  await page.mouse.down()
  await page.mouse.move(from.x + 8, from.y + 8)
  const moving = what === 'pane' ? '.react-flow__pane' : `.react-flow__node[data-id="${from.id ?? ''}"]`
  await page.evaluate(`probe.begin(${JSON.stringify(moving)})`)
  const until = performance.now() + gestureMs
  const told: Promise<void>[] = []
  for (let step = 0; performance.now() < until; step++) {
    told.push(page.mouse.move(from.x + 160 * Math.sin(step / 60), from.y + 100 * Math.sin(step / 42)))
    await Promise.all([delay(mouseMs), told.at(-maxAhead)])
  }
  await Promise.all(told)
  const found = await page.evaluate<Frames>('probe.end()')
  await page.mouse.move(from.x, from.y)
  await page.mouse.up()
  // What lies over the nodes meanwhile goes when the page has seen the end.
  await page.locator('.moving').waitFor({ state: 'detached' })
  return found
}

async function measureFrames(engine: TestEngine, cluster: BenchCluster, count: number): Promise<void> {
  for (const { rate, words } of speeds) {
    const bar = rate === 1 ? { atLeast: 50 } : count <= 250 ? { atLeast: 30 } : undefined
    const application = `nodes-${count}`
    await using canvas = await openPage(engine, cluster, application, rate)
    const { page } = canvas
    await showApplication(page, application, count)
    await page.evaluate('hasTraffic()')
    await page.evaluate('fitted()')
    await page.evaluate('atRest()')
    for (const zoom of ['all in view', 'at zoom 1']) {
      if (zoom === 'at zoom 1') await zoomToOne(page)
      for (const [gesture, what] of [
        ['pan', 'pane'],
        ['drag', 'node'],
      ] as const) {
        const { perSecond, movedPerSecond, spans } = await frames(page, what)
        console.log(`  slowest 5 % of the frames ${round(quantile(spans, 0.95))} ms`)
        const value = { value: perSecond, unit: 'fps', ...(bar === undefined ? {} : { bar }) }
        record({ what: `${count.toLocaleString('en')} nodes with traffic, ${zoom}, ${gesture}${words}`, ...value })
        record({ what: 'of these with a movement of the picture', value: movedPerSecond, unit: 'fps' })
      }
    }
  }
}

async function zoomToOne(page: Page): Promise<void> {
  await page.evaluate('fitted()')
  const zoomOf = (): Promise<number> => page.evaluate<number>('zoomNow()')
  for (let zoom = await zoomOf(); zoom < 0.95; zoom = await zoomOf()) {
    await page.getByRole('button', { name: 'Zoom in' }).click()
    await page.evaluate(`zoomedBeyond(${zoom})`)
  }
}

async function measurePaint(engine: TestEngine, cluster: BenchCluster): Promise<void> {
  for (const { rate, words } of speeds) {
    const times: number[] = []
    for (let turn = 0; turn < 5; turn++) {
      await using canvas = await openPage(engine, cluster, 'nodes-100', rate)
      times.push(await showApplication(canvas.page, 'nodes-100', 100))
    }
    record({
      what: `100 nodes on the screen after the navigation began${words}`,
      value: quantile(times, 0.5),
      unit: 'ms',
      ...(rate === 1 ? { bar: { atMost: 1000 } } : {}),
    })
  }
}

const changes = 100

async function measureChange(engine: TestEngine, cluster: BenchCluster): Promise<void> {
  for (const { rate, words } of speeds) {
    await using canvas = await openPage(engine, cluster, 'nodes-100', rate)
    const { page } = canvas
    await showApplication(page, 'nodes-100', 100)
    // Far away a node does not say what it runs.
    await zoomToOne(page)
    const times: number[] = []
    for (let turn = 0; turn < changes; turn++) {
      const image = `bench:${rate}-${turn}`
      const shown = page.evaluate<number>(`shows('service-44', ${JSON.stringify(image)})`)
      const asked = Date.now()
      await cluster.setImage('nodes-100', 'service-44', image)
      times.push((await shown) - asked)
      await cluster.rolledOut('nodes-100', 'service-44')
    }
    record({
      what: `a patch of an object until its node shows it, p95 of ${changes}${words}`,
      value: quantile(times, 0.95),
      unit: 'ms',
      ...(rate === 1 ? { bar: { atMost: 150 } } : {}),
    })
    record({ what: `the same, p50${words}`, value: quantile(times, 0.5), unit: 'ms' })
  }
}

/** The longest time without a frame while 250 nodes are laid out, and whether that was in a worker. */
async function measureLayout(engine: TestEngine, cluster: BenchCluster): Promise<void> {
  await using canvas = await openPage(engine, cluster, 'nodes-250', 1)
  const { page } = canvas
  await showApplication(page, 'nodes-250', 250)
  await page.coverage.startJSCoverage()
  const inWorker = page.waitForEvent('worker', { predicate: (worker) => worker.url().includes('layout.worker') })
  await page.evaluate('probe.begin(".react-flow__viewport")')
  await page.getByRole('button', { name: 'Tidy up' }).click()
  const worker = await inWorker
  await page
    .locator('.banner, .toast')
    .or(page.getByRole('button', { name: 'Undo', disabled: false }))
    .first()
    .waitFor()
  const { spans } = await page.evaluate<Frames>('probe.end()')
  const scripts = await page.coverage.stopJSCoverage()
  const outside = scripts.filter(
    ({ url, source }) => url !== worker.url() && source?.includes('org.eclipse.elk') === true,
  )
  record({
    what: 'scripts of the page itself that hold ELK',
    value: outside.length,
    unit: '',
    bar: { atMost: 0 },
  })
  record({ what: '250 nodes laid out: longest time without a frame', value: Math.max(...spans), unit: 'ms' })
}

/** Seconds, of the engine since it was asked last. */
async function eventLoopDelay(engine: TestEngine): Promise<number> {
  const text = await engine.kubectl('get', '--raw', '/metrics')
  return Number(/^nodejs_eventloop_delay_seconds\{quantile="1"\} (\S+)$/m.exec(text)?.[1])
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

function document(): string {
  const bar = (row: Row): string =>
    row.bar === undefined ? '' : 'atLeast' in row.bar ? `≥ ${row.bar.atLeast}` : `≤ ${row.bar.atMost}`
  return [
    '# Performance of the Canvas',
    '',
    `Written by \`bench/canvas.ts\` on ${cpus().length} × ${cpus()[0]?.model.trim() ?? 'CPU'}, Node ${process.version}: headless`,
    'Chromium without a graphics card (all drawing is on the CPU), the engine, its controllers and the page on one machine,',
    'simulated containers, services in a tree on a grid. The answers of `GET /traffic` are generated by the script: each wire',
    'has 3 to 42 requests a second, every fiftieth one fails at times. Frames are those that the page made during five seconds',
    'of a mouse that never stands still and tells of it up to 125 times a second. ELK lays out in a worker; the row about it',
    'counts the scripts of the page that hold any of it.',
    '',
    '| what | measured | bar |',
    '| --- | --- | --- |',
    ...rows.map(
      (row) => `| ${row.what} | ${round(row.value)} ${row.unit} | ${bar(row)}${misses(row) ? ' (missed)' : ''} |`,
    ),
    '',
  ].join('\n')
}

const wanted = (name: string): boolean => options.case === undefined || options.case === name

/** Bundles the page, which says what it needs to begin with. */
function measureCode(): void {
  const { status, stderr } = spawnSync(process.execPath, [join(root, 'scripts', 'bundle-canvas.ts')], {
    cwd: root,
    encoding: 'utf8',
  })
  const [, workspace, startPage] = /canvas: ([\d.]+) KB .*, ([\d.]+) KB of the start page/.exec(stderr) ?? []
  if (status !== 0 || workspace === undefined || startPage === undefined) throw new Error(`no bundle: ${stderr}`)
  const bar = { atMost: 250 }
  record({
    what: 'JavaScript before the first paint of an application, gzip',
    value: Number(workspace),
    unit: 'KB',
    bar,
  })
  record({
    what: 'JavaScript before the first paint of the start page, gzip',
    value: Number(startPage),
    unit: 'KB',
    bar,
  })
}

measureCode()
const engine = await startEngine('--canvas-port', '0', '--runtime', 'simulated')
try {
  using cluster = await connect(engine.record.kubeconfig)
  if (wanted('paint') || wanted('change')) await cluster.deploy('nodes-100', 100)
  if (wanted('paint')) await measurePaint(engine, cluster)
  if (wanted('change')) await measureChange(engine, cluster)
  if (wanted('layout') || wanted('frames')) await cluster.deploy('nodes-250', 250)
  if (wanted('frames')) {
    await eventLoopDelay(engine)
    const began = performance.now()
    await cluster.deploy('nodes-1000', 1000)
    record({
      what: '1,000 services from the first create until all are ready',
      value: (performance.now() - began) / 1000,
      unit: 's',
    })
    record({
      what: 'longest time the event loop of the engine stood still meanwhile',
      value: (await eventLoopDelay(engine)) * 1000,
      unit: 'ms',
    })
    await measureFrames(engine, cluster, 250)
    await measureFrames(engine, cluster, 1000)
  }
  // Last, since it leaves the nodes where it has put them.
  if (wanted('layout')) await measureLayout(engine, cluster)
} finally {
  await closeBrowser()
  await engine[Symbol.asyncDispose]()
}
if (options.case === undefined) writeFileSync(join(root, 'docs', 'performance-canvas.md'), document())
