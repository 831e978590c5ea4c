// The whole loop on one screen, as a person goes it: model, stage, compare, deploy, see it run, break it, read why, go back.
// Once with the mouse, once with the keyboard alone.

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { closeBrowser, drawWire, nodeNamed, openCanvas, picture, pictures, ready } from './browser.ts'
import { type TestEngine, eventually, hasProgram, root, startEngine } from './support.ts'

const missing = (await hasProgram('redis-server')) ? '' : 'redis-server'

/** Counts its visitors in Redis, and asks the shop's API on the way. */
const orders = `
const { createServer } = require('node:http')
const { connect } = require('node:net')
const { REDIS_HOST, REDIS_PORT, REDIS_PASSWORD, API_URL, PORT } = process.env
const word = (text) => '$' + Buffer.byteLength(text) + '\\r\\n' + text + '\\r\\n'
createServer(async (request, response) => {
  await fetch(API_URL + '/healthz').catch((error) => console.error('api: ' + error.message))
  const socket = connect(Number(REDIS_PORT), REDIS_HOST)
  let answer = ''
  socket.write('*2\\r\\n' + word('AUTH') + word(REDIS_PASSWORD) + '*2\\r\\n' + word('INCR') + word('orders'))
  socket.on('error', (error) => response.writeHead(500).end(error.message))
  socket.on('data', (chunk) => {
    answer += chunk
    const count = /:(\\d+)/.exec(answer)
    if (count) { console.log('order ' + count[1]); response.end('orders: ' + count[1]); socket.end() }
  })
}).listen(Number(PORT), () => console.log('orders is ready'))
`

describe.skipIf(missing !== '')(`the Canvas${missing === '' ? '' : ` (needs ${missing})`}`, () => {
  let engine: TestEngine
  let sources: string

  beforeAll(async () => {
    sources = await mkdtemp(join(tmpdir(), 'binnacle-sources-'))
    await mkdir(join(sources, 'orders'))
    await writeFile(join(sources, 'orders', 'package.json'), '{"name":"orders","version":"1.0.0","main":"server.js"}')
    await writeFile(join(sources, 'orders', 'server.js'), orders)
    engine = await startEngine('--canvas-port', '0', '--source', join(root, 'examples'), '--source', sources)
  })

  afterAll(async () => {
    await closeBrowser()
    await engine[Symbol.asyncDispose]()
    await rm(sources, { recursive: true, force: true })
  })

  it('is walked with the mouse', { timeout: 180_000 }, async () => {
    await using canvas = await openCanvas(engine, '/')
    const { page } = canvas
    // 1–4: the Shop, from its starter to running.
    await page.getByRole('button', { name: /^Shop/ }).click()
    await page.getByRole('textbox').fill('shop')
    await page.getByRole('button', { name: 'Create' }).click()
    await expectNodes(page, ['web', 'api', 'worker', 'cache'])
    await page.locator('.banner').getByRole('button', { name: 'Deploy' }).click()
    await ready(page, 'web', '2 of 2')
    await ready(page, 'worker', 'Ready')
    // 5–8: a service from source, named.
    await page.getByRole('navigation', { name: 'Add to the canvas' }).getByRole('button', { name: 'Service' }).click()
    await page.getByRole('option', { name: /Service from source/ }).click()
    await page.getByLabel('Context').fill('orders')
    await page.getByRole('tab', { name: 'Overview' }).click()
    await page.getByRole('button', { name: 'Rename' }).click()
    await page.getByRole('dialog').getByRole('textbox').fill('orders')
    await page.getByRole('button', { name: 'Apply' }).click()
    await nodeNamed(page, 'orders').waitFor()
    // 9: Redis.
    await page.getByRole('button', { name: 'Data', exact: true }).click()
    await page.getByRole('option', { name: /Redis/ }).click()
    await nodeNamed(page, 'redis').waitFor()
    await page.getByRole('button', { name: 'Fit to screen' }).click()
    // 10–11: wires.
    await drawWire(page, 'orders', 'redis')
    await drawWire(page, 'orders', 'api')
    // Tidied up, which moves nothing of what runs.
    await page.getByRole('button', { name: 'Tidy up' }).click()
    await expect.poll(() => isLeftOf(page, 'orders', 'api'), { timeout: 20_000 }).toBe(true)
    await page.getByRole('button', { name: 'Fit to screen' }).click()
    // 12–13: staged, and compared.
    await picture(page, 'staged')
    await expect.poll(() => page.locator('.banner').innerText()).toMatch(/2 staged changes/)
    await page.getByRole('button', { name: 'Details' }).click()
    await expect.poll(() => page.getByRole('dialog').innerText()).toMatch(/orders[\s\S]*is created/)
    await page.getByRole('textbox', { name: /Why/ }).fill('take orders')
    // 14–15: deployed, and ready.
    await page.getByRole('dialog').getByRole('button', { name: 'Deploy' }).click()
    await ready(page, 'redis', 'Ready')
    await ready(page, 'orders', 'Ready')
    // 16: a request, and its traffic.
    await nodeNamed(page, 'orders').click()
    await page.getByRole('tab', { name: 'Overview' }).click()
    await page.getByRole('button', { name: 'Send a test request' }).click()
    await expect.poll(() => page.locator('.side').innerText(), { timeout: 20_000 }).toMatch(/Answered 200/)
    await pictureUnderLoad(engine, page)
    // 17: broken, and back.
    await page.getByRole('button', { name: 'Break it' }).click()
    await page.getByText(/was ended. Watch it come back/).waitFor()
    await ready(page, 'orders', 'Ready')
    // 18: its log.
    await page.getByRole('tab', { name: 'Logs' }).click()
    await page.getByRole('log').getByText('orders is ready').first().waitFor()
    await picture(page, 'logs')
    // 19–20: back to the first release.
    await page.getByRole('button', { name: /^Releases/ }).click()
    await page.getByRole('button', { name: 'Roll back to r1' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Deploy' }).click()
    await nodeNamed(page, 'orders').waitFor({ state: 'detached' })
    await expectNodes(page, ['web', 'api', 'worker', 'cache'])
    expect(canvas.complaints).toEqual([])
  })

  it('is walked with the keyboard alone', { timeout: 180_000 }, async () => {
    await using canvas = await openCanvas(engine, '/')
    const { page } = canvas
    const { keyboard } = page
    // 1–4: an empty application.
    await tabTo(page, /^Blank/)
    await keyboard.press('Enter')
    await page.getByRole('textbox').waitFor()
    await keyboard.press('Control+a')
    await keyboard.type('keys')
    await keyboard.press('Enter')
    await page.getByRole('heading', { name: 'An empty canvas' }).waitFor()
    // 5–6: Redis.
    await add(page, 'redis')
    await nodeNamed(page, 'redis').waitFor()
    // 7–9: a service from source, its folder typed, its name changed.
    await add(page, 'source')
    await nodeNamed(page, 'service').waitFor()
    await tabTo(page, 'Context')
    await keyboard.type('orders')
    await command(page, 'rename')
    await page.getByRole('dialog', { name: 'Rename' }).waitFor()
    await keyboard.press('Control+a')
    await keyboard.type('orders')
    await keyboard.press('Enter')
    await nodeNamed(page, 'orders').waitFor()
    // 10–11: a wire, from the list of what the node may be connected to.
    await focusNode(page, 'orders')
    await keyboard.press('c')
    await page.getByRole('dialog', { name: 'Connect orders to' }).waitFor()
    await pick(page, 'redis')
    await expect.poll(() => page.locator('.react-flow__edge').count()).toBe(1)
    // 12: a wire to itself is not offered, and undo takes back what was done.
    await keyboard.press('Control+z')
    await expect.poll(() => page.locator('.react-flow__edge').count()).toBe(0)
    await keyboard.press('Control+Shift+z')
    await expect.poll(() => page.locator('.react-flow__edge').count()).toBe(1)
    // 13–14: compared and deployed.
    await command(page, 'details')
    await page.getByRole('dialog', { name: 'Staged changes' }).waitFor()
    await keyboard.press('Escape')
    await keyboard.press('Shift+Enter')
    await ready(page, 'redis', 'Ready')
    // The API is not there: the service starts all the same and says so when it is asked.
    await ready(page, 'orders', 'Ready')
    // 15: to the nearest node and back, and a node moved.
    await focusNode(page, 'orders')
    const before = await nodeNamed(page, 'orders').boundingBox()
    await keyboard.press('Alt+ArrowDown')
    await expect.poll(async () => (await nodeNamed(page, 'orders').boundingBox())?.y).not.toBe(before?.y)
    await keyboard.press('ArrowLeft')
    await expect.poll(() => page.locator('.side h2').innerText()).toBe('redis')
    await keyboard.press('ArrowRight')
    await expect.poll(() => page.locator('.side h2').innerText()).toBe('orders')
    // 16–17: its log, by the tabs of the inspector.
    await focusNode(page, 'orders')
    await keyboard.press('Enter')
    await tabThrough(page, 'Logs')
    await page.getByRole('log').getByText('orders is ready').first().waitFor()
    // 18: more replicas, staged and deployed from anywhere.
    await focusNode(page, 'orders')
    await keyboard.press('Enter')
    await tabThrough(page, 'Overview')
    await tabTo(page, 'More replicas')
    await keyboard.press('Enter')
    await keyboard.press('Shift+Enter')
    await ready(page, 'orders', '2 of 2')
    // 19–20: back to the first release.
    await command(page, 'releases')
    await tabTo(page, 'Roll back to r1')
    await keyboard.press('Enter')
    await page.getByRole('dialog', { name: 'Staged changes' }).waitFor()
    await keyboard.press('Shift+Enter')
    await ready(page, 'orders', 'Ready')
    expect(canvas.complaints).toEqual([])
  })
})

async function expectNodes(page: Page, names: readonly string[]): Promise<void> {
  for (const name of names) await nodeNamed(page, name).waitFor()
  await expect.poll(() => page.locator('.n h3').allInnerTexts()).toEqual(expect.arrayContaining([...names]))
}

/** Presses Tab until what is asked for has the focus. */
async function tabTo(page: Page, name: string | RegExp): Promise<void> {
  const wanted = page.getByRole('button', { name }).or(page.getByLabel(name)).first()
  await wanted.waitFor()
  for (let presses = 0; presses < 150; presses++) {
    if (await wanted.evaluate((element) => element === element.ownerDocument.activeElement)) return
    await page.keyboard.press('Tab')
  }
  throw new Error(`${String(name)} cannot be reached with Tab`)
}

/** Along the tabs of the inspector with the arrow keys. */
async function tabThrough(page: Page, name: string): Promise<void> {
  const tab = page.getByRole('tab', { name, exact: true })
  const focused = page.locator('[role=tab]:focus')
  for (let presses = 0; presses < 10; presses++) {
    await focused.waitFor()
    const at = await focused.innerText()
    if (at === name) break
    await page.keyboard.press('ArrowRight')
    await expect.poll(() => focused.innerText()).not.toBe(at)
  }
  await page.keyboard.press('Enter')
  await expect.poll(() => tab.getAttribute('aria-selected')).toBe('true')
}

/** Runs a command of the palette, by its name or a part of it. */
async function command(page: Page, words: string): Promise<void> {
  await page.keyboard.press('Control+k')
  await page.getByRole('dialog', { name: 'Search and commands' }).waitFor()
  await pick(page, words)
}

async function add(page: Page, words: string): Promise<void> {
  await command(page, 'Add to the canvas')
  await page.getByRole('dialog', { name: 'Add to the canvas' }).waitFor()
  await pick(page, words)
}

/** Types until the list has it first, and takes it. */
async function pick(page: Page, words: string): Promise<void> {
  await page.keyboard.type(words)
  const first = page.locator('[cmdk-item][data-selected=true]')
  await expect.poll(() => first.innerText().then((text) => text.toLowerCase())).toContain(words.toLowerCase())
  await page.keyboard.press('Enter')
}

/** Goes to a node by its name. */
async function focusNode(page: Page, name: string): Promise<void> {
  await command(page, name)
  await expect.poll(() => page.locator('.side h2').innerText()).toBe(name)
  await expect
    .poll(() =>
      nodeNamed(page, name).evaluate(
        (element) => element.closest('.react-flow__node') === element.ownerDocument.activeElement,
      ),
    )
    .toBe(true)
}

/** A picture with traffic on the wires, when pictures are asked for. */
const loadRounds = 2000

async function pictureUnderLoad(engine: TestEngine, page: Page): Promise<void> {
  if (pictures === undefined) return
  const urls = (await engine.kubectl('get', 'microservices', '-o', 'jsonpath={.items[*].status.url}')).split(' ')
  const over = new AbortController()
  let rounds = 0
  const load = (async () => {
    for (; !over.signal.aborted; rounds++)
      await Promise.all(urls.map((url) => fetch(url).then((response) => response.text(), String)))
  })()
  // Enough for a line in the chart.
  await eventually(
    'traffic on the wires',
    async () => {
      const text = await nodeNamed(page, 'web').innerText()
      return (rounds >= loadRounds && /[1-9]\d* req\/s/.test(text)) || undefined
    },
    90_000,
  )
  await page.locator('.toast').first().waitFor({ state: 'detached' })
  await picture(page, 'running')
  over.abort()
  await load
}

async function isLeftOf(page: Page, one: string, other: string): Promise<boolean> {
  const [a, b] = await Promise.all([nodeNamed(page, one).boundingBox(), nodeNamed(page, other).boundingBox()])
  return a !== null && b !== null && a.x < b.x
}
