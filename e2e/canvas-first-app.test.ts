// The first application of somebody who has written no YAML and knows no kubectl: from an empty Canvas to two services and
// a database that answer, at the pace of a hand on a mouse and a keyboard.

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { closeBrowser, drawWire, nodeNamed, openCanvas, ready } from './browser.ts'
import { type TestEngine, eventually, hasProgram, startEngine, text } from './support.ts'

const missing = (await hasProgram('redis-server')) ? '' : 'redis-server'

const front = `
const { createServer } = require('node:http')
const { COUNTER_URL, PORT } = process.env
createServer(async (request, response) => {
  const answer = await fetch(COUNTER_URL)
  response.writeHead(answer.status).end('guest ' + (await answer.text()))
}).listen(Number(PORT))
`

/** Counts in Redis. */
const counter = `
const { createServer } = require('node:http')
const { connect } = require('node:net')
const { REDIS_HOST, REDIS_PORT, REDIS_PASSWORD, PORT } = process.env
const word = (text) => '$' + Buffer.byteLength(text) + '\\r\\n' + text + '\\r\\n'
createServer((request, response) => {
  const socket = connect(Number(REDIS_PORT), REDIS_HOST)
  let answer = ''
  socket.write('*2\\r\\n' + word('AUTH') + word(REDIS_PASSWORD) + '*2\\r\\n' + word('INCR') + word('guests'))
  socket.on('error', (error) => response.writeHead(500).end(error.message))
  socket.on('data', (chunk) => {
    answer += chunk
    const count = /:(\\d+)/.exec(answer)
    if (count) { response.end(count[1]); socket.end() }
  })
}).listen(Number(PORT))
`

/**
 * The operators of the keystroke-level model (Card, Moran, Newell 1980): a person is not faster, whatever the page does.
 * These times are what is simulated, not a wait for the page.
 */
const keyMs = 280
const pointMs = 1100
const thinkMs = 1350

class Person {
  readonly #page: Page

  constructor(page: Page) {
    this.#page = page
  }

  async click(what: Locator): Promise<void> {
    await what.hover()
    await this.#page.waitForTimeout(pointMs)
    await what.click()
  }

  async type(words: string): Promise<void> {
    await this.#page.waitForTimeout(thinkMs)
    await this.#page.keyboard.press('Control+a')
    await this.#page.keyboard.type(words, { delay: keyMs })
  }

  async wire(from: string, to: string): Promise<void> {
    await this.#page.waitForTimeout(thinkMs + 2 * pointMs)
    await drawWire(this.#page, from, to)
  }
}

/** A service from a folder below the engine's sources, with the folder's name. */
async function addService(page: Page, person: Person, name: string): Promise<void> {
  await person.click(
    page.getByRole('navigation', { name: 'Add to the canvas' }).getByRole('button', { name: 'Service' }),
  )
  await person.click(page.getByRole('option', { name: /Service from source/ }))
  await person.click(page.getByLabel('Context'))
  await person.type(name)
  await person.click(page.getByRole('tab', { name: 'Overview' }))
  await person.click(page.getByRole('button', { name: 'Rename' }))
  await person.type(name)
  await page.keyboard.press('Enter')
  await nodeNamed(page, name).waitFor()
}

describe.skipIf(missing !== '')(`a first application${missing === '' ? '' : ` (needs ${missing})`}`, () => {
  let engine: TestEngine
  let sources: string

  beforeAll(async () => {
    sources = await mkdtemp(join(tmpdir(), 'binnacle-sources-'))
    for (const [name, program] of Object.entries({ front, counter })) {
      await mkdir(join(sources, name))
      await writeFile(join(sources, name, 'server.js'), program)
    }
    engine = await startEngine('--canvas-port', '0', '--source', sources)
  })

  afterAll(async () => {
    await closeBrowser()
    await engine[Symbol.asyncDispose]()
    await rm(sources, { recursive: true, force: true })
  })

  it('answers within three minutes, without YAML or kubectl', { timeout: 300_000 }, async () => {
    await using canvas = await openCanvas(engine, '/')
    const { page } = canvas
    const person = new Person(page)
    const began = performance.now()
    await person.click(page.getByRole('button', { name: /^Blank/ }))
    await person.type('guests')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'An empty canvas' }).waitFor()
    await addService(page, person, 'front')
    await addService(page, person, 'counter')
    await person.click(page.getByRole('button', { name: 'Data', exact: true }))
    await person.click(page.getByRole('option', { name: /Redis/ }))
    await nodeNamed(page, 'redis').waitFor()
    await person.click(page.getByRole('button', { name: 'Fit to screen' }))
    await person.wire('front', 'counter')
    await person.wire('counter', 'redis')
    await person.click(page.locator('.banner').getByRole('button', { name: 'Deploy' }))
    for (const name of ['redis', 'counter', 'front']) await ready(page, name, 'Ready')
    await person.click(nodeNamed(page, 'front'))
    await person.click(page.getByRole('tab', { name: 'Overview' }))
    await person.click(page.getByRole('button', { name: 'Send a test request' }))
    await expect.poll(() => page.locator('.side').innerText(), { timeout: 20_000 }).toMatch(/Answered 200/)
    const seconds = (performance.now() - began) / 1000
    console.log(`from an empty Canvas to an answer in ${seconds.toFixed(0)} s`)
    // Both services and the database have a part in the answer, at the address that the screen shows.
    const address =
      (await page
        .locator('.side')
        .getByRole('link', { name: /^http:/ })
        .getAttribute('href')) ?? ''
    expect(await eventually('an answer', () => text(address))).toMatch(/^guest 2\b/)
    expect(await text(address)).toMatch(/^guest 3\b/)
    // The one time that is promised to a person, and so is asserted.
    expect(seconds).toBeLessThan(180)
    expect(canvas.complaints).toEqual([])
  })
})
