// Edits that go wrong, edits of two people, and edits that outlive the page and its server: what a person sees of each, and
// what the cluster has of it.

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CanvasPage, closeBrowser, nodeNamed, openCanvas } from './browser.ts'
import { type TestEngine, startEngine } from './support.ts'

const program = `require('node:http').createServer((_, response) => response.end('ok')).listen(process.env.PORT)`

/** Nothing of it runs until somebody scales it: what is tested is what is written. */
const manifest = (namespace: string): string => `
apiVersion: binnacle.dev/v1alpha1
kind: Application
metadata: {name: edits, namespace: ${namespace}}
spec: {}
---
apiVersion: binnacle.dev/v1alpha1
kind: DataSource
metadata:
  namespace: ${namespace}
  name: cache
  labels: {app.kubernetes.io/part-of: edits}
  annotations: {binnacle.dev/position: "560,40"}
spec: {type: redis, external: {host: cache.example.com}}
---
apiVersion: binnacle.dev/v1alpha1
kind: Microservice
metadata:
  namespace: ${namespace}
  name: api
  labels: {app.kubernetes.io/part-of: edits}
  annotations: {binnacle.dev/position: "280,40"}
spec: {image: 'shop/api:1.0.0', replicas: 0, ports: [{name: http, port: 80}], bindings: [{name: cache}]}
---
apiVersion: binnacle.dev/v1alpha1
kind: Microservice
metadata:
  namespace: ${namespace}
  name: web
  labels: {app.kubernetes.io/part-of: edits}
  annotations: {binnacle.dev/position: "0,40"}
spec: {build: {context: web}, replicas: 0, ports: [{name: http, port: 80}], uses: [{name: api}]}
`

let engine: TestEngine
let sources: string

beforeAll(async () => {
  sources = await mkdtemp(join(tmpdir(), 'binnacle-sources-'))
  await mkdir(join(sources, 'web'))
  await writeFile(join(sources, 'web', 'package.json'), '{"name":"web","version":"1.0.0","main":"server.js"}')
  await writeFile(join(sources, 'web', 'server.js'), program)
  engine = await startEngine('--canvas-port', '0', '--source', sources)
}, 60_000)

afterAll(async () => {
  await closeBrowser()
  await engine[Symbol.asyncDispose]()
  await rm(sources, { recursive: true, force: true })
})

/** A namespace with the application in it. */
async function application(namespace: string): Promise<void> {
  await engine.kubectl('create', 'namespace', namespace)
  await engine.apply(manifest(namespace))
}

type Tab = 'overview' | 'settings' | 'variables'

/** The page of the application, with a node selected. */
async function opened(namespace: string, node: string, tab: Tab = 'overview'): Promise<CanvasPage> {
  const kind = node === 'cache' ? 'DataSource' : 'Microservice'
  const query = new URLSearchParams({
    ns: namespace,
    app: 'edits',
    at: `${kind}.binnacle.dev/${namespace}/${node}`,
    tab,
  })
  const canvas = await openCanvas(engine, `/?${query.toString()}`)
  await canvas.page.locator('.side h2', { hasText: node }).waitFor()
  return canvas
}

async function pick(page: Page, node: string, tab?: string): Promise<void> {
  await nodeNamed(page, node).locator('h3').click()
  await page.locator('.side h2', { hasText: node }).waitFor()
  if (tab !== undefined) await page.getByRole('tab', { name: tab, exact: true }).click()
}

/** A field of the form, by its path. */
function field(page: Page, path: string): { input: Locator; problem: Locator } {
  const row = page.locator(`[data-field="${path}"]`)
  return { input: row.locator('input, textarea, select'), problem: row.locator('.problem') }
}

async function says(where: Locator, words: RegExp): Promise<void> {
  await expect.poll(() => where.first().innerText(), { timeout: 30_000, message: String(words) }).toMatch(words)
}

/** What the cluster has been told of the application: generations count what was written. */
async function written(namespace: string): Promise<string> {
  const path = '{range .items[*]}{.kind} {.metadata.name} {.metadata.generation}{"\\n"}{end}'
  return engine.kubectl('get', 'microservices,datasources,releases', '-n', namespace, '-o', `jsonpath=${path}`)
}

function specOf(namespace: string, name: string, path: string): Promise<string> {
  return engine.kubectl('get', 'microservice', name, '-n', namespace, '-o', `jsonpath={.spec.${path}}`)
}

const banner = (page: Page): Locator => page.locator('.banner')
const details = (page: Page): Locator => page.getByRole('dialog', { name: 'Staged changes' })

/** Beside what is wrong there is an edit that is right, which must not be written either. */
async function refusedWhole(page: Page, namespace: string, words: RegExp): Promise<void> {
  const before = await written(namespace)
  if (await details(page).isHidden()) {
    await pick(page, 'web', 'Overview')
    await page.getByRole('button', { name: 'More replicas' }).click()
    await says(banner(page), /problems? to solve first/)
    await banner(page).getByRole('button', { name: 'Deploy' }).click()
  }
  await says(details(page).getByRole('alert').filter({ hasText: words }), words)
  await details(page).getByRole('button', { name: 'Deploy' }).click()
  await says(details(page).getByRole('alert').filter({ hasText: words }), words)
  // A deploy that had begun would have ended by now with the dialog closed.
  await details(page).getByRole('button', { name: 'Close' }).click()
  await page.keyboard.press('Shift+Enter')
  await details(page).waitFor()
  expect(await written(namespace)).toBe(before)
}

async function deploy(page: Page): Promise<void> {
  await banner(page).getByRole('button', { name: 'Deploy' }).click()
  await banner(page).waitFor({ state: 'detached' })
}

/** On the node, and in the inspector with links to what mends it. */
async function isInTrouble(page: Page, node: string, words: RegExp): Promise<void> {
  await says(nodeNamed(page, node).locator('.trouble'), words)
  await pick(page, node, 'Overview')
  await says(page.locator('.side .why'), words)
}

describe('an edit that is wrong', { timeout: 120_000 }, () => {
  it('is a name that no service can have: said where it is typed', async () => {
    await application('bad-name')
    await using canvas = await opened('bad-name', 'api')
    const { page } = canvas
    await page.getByRole('button', { name: 'Rename' }).click()
    const dialog = page.getByRole('dialog', { name: 'Rename' })
    await dialog.getByRole('textbox').fill('Bad_Name')
    await says(dialog.getByRole('alert'), /must consist of lower case alphanumeric characters or '-'/)
    expect(await dialog.getByRole('button', { name: 'Apply' }).isDisabled()).toBe(true)
    await page.keyboard.press('Enter')
    await dialog.getByRole('textbox').fill('cache')
    await says(dialog.getByRole('alert'), /there is a DataSource cache: .* choose another name/)
    await page.keyboard.press('Escape')
    expect(await banner(page).count()).toBe(0)
  })

  it('is a second port of the same number', async () => {
    await application('two-ports')
    await using canvas = await opened('two-ports', 'api', 'settings')
    const { page } = canvas
    await page.getByRole('button', { name: 'Add to ports' }).click()
    const second = page.locator('.form-item').nth(1)
    await second.locator('[data-field$=".name"] input').fill('admin')
    await second.locator('[data-field$=".port"] input').fill('80')
    const words = /two ports must not have the same number and protocol: choose another number/
    await says(field(page, 'spec.ports[admin].port').problem, words)
    await refusedWhole(page, 'two-ports', words)
  })

  it('is an image without an explicit tag', async () => {
    await application('no-tag')
    await using canvas = await opened('no-tag', 'api', 'settings')
    const { page } = canvas
    const { input, problem } = field(page, 'spec.image')
    for (const image of ['shop/api', 'shop/api:latest']) {
      await input.fill(image)
      await says(problem, /an explicit tag or digest is needed, such as shop\/api:1\.4\.2/)
      expect(await input.getAttribute('aria-invalid')).toBe('true')
    }
    await refusedWhole(page, 'no-tag', /an explicit tag or digest is needed/)
  })

  it('is a variable from a Secret that is not there', async () => {
    await application('no-secret')
    await using canvas = await opened('no-secret', 'api', 'variables')
    const { page } = canvas
    const form = page.locator('.new-variable')
    await form.getByLabel('Name', { exact: true }).fill('TOKEN')
    await form.getByLabel('From').selectOption('Secret')
    await form.getByLabel('Name of the object').fill('login')
    await form.getByLabel('Key').fill('token')
    await form.getByRole('button', { name: 'Add variable' }).click()
    const words = /there is no Secret login: make it, or remove what reads it/
    await says(page.locator('.pair', { hasText: 'login' }).locator('.problem'), words)
    await refusedWhole(page, 'no-secret', words)
    // Made, it is no problem any more, and nothing needs to be asked again.
    await engine.kubectl('create', 'secret', 'generic', 'login', '-n', 'no-secret', '--from-literal=token=1')
    await expect.poll(() => details(page).getByRole('alert').count()).toBe(0)
  })

  it('is a number that is none, or one that autoscaling decides', async () => {
    await application('replicas')
    await using canvas = await opened('replicas', 'api', 'settings')
    const { page } = canvas
    const { input, problem } = field(page, 'spec.replicas')
    await input.fill('many')
    await says(problem, /a whole number is needed/)
    await input.fill('2')
    await expect.poll(() => problem.count()).toBe(0)
    await page.locator('.offer > summary').last().click()
    await page
      .locator('.offer-field')
      .filter({ has: page.getByText('Autoscaling', { exact: true }) })
      .click()
    const words = /replicas are set by autoscaling: remove one of the two/
    await says(problem, words)
    await refusedWhole(page, 'replicas', words)
  })

  it('is a wire to itself, against its direction, or a second one: refused where it is let go', async () => {
    await application('wires')
    await using canvas = await opened('wires', 'api')
    const { page } = canvas
    await page.getByRole('button', { name: 'Fit to screen' }).click()
    const whyNot = page.locator('.why-not')
    await drag(page, 'api', nodeNamed(page, 'api').locator('.react-flow__handle.target'))
    await says(whyNot, /a wire needs two ends/)
    await drag(page, 'web', nodeNamed(page, 'api').locator('h3'))
    await says(whyNot, /web uses api already/)
    await pick(page, 'cache', 'Overview')
    await page.getByRole('button', { name: 'Connect to…' }).click()
    await says(page.getByRole('option', { name: /^api/ }), /draw it the other way: api is what needs cache/)
    await page.keyboard.press('Escape')
    await drag(page, 'web', nodeNamed(page, 'cache').locator('h3'))
    await expect.poll(() => page.locator('.react-flow__edge').count()).toBe(3)
    await page.getByRole('button', { name: 'Undo' }).click()
    await expect.poll(() => banner(page).count()).toBe(0)
  })

  it('is a circle of wires: a warning, with which a deploy is possible', async () => {
    await application('circle')
    await using canvas = await opened('circle', 'api')
    const { page } = canvas
    await page.getByRole('button', { name: 'Fit to screen' }).click()
    await drag(page, 'api', nodeNamed(page, 'web').locator('.react-flow__handle.target'))
    const words = /api, web call each other in a circle: none of them can be ready before the others/
    await says(nodeNamed(page, 'api').locator('.trouble.warning'), words)
    await page.getByRole('tab', { name: 'Settings' }).click()
    await says(page.locator('.form-item .problem.warning'), words)
    await deploy(page)
    expect(await specOf('circle', 'api', 'uses[0].name')).toBe('web')
  })

  it('is the deletion of a data source that a service is bound to', async () => {
    await application('still-bound')
    await using canvas = await opened('still-bound', 'cache')
    const { page } = canvas
    await page.getByRole('button', { name: 'Remove', exact: true }).click()
    // Its wires go with it; who takes back one of them needs the data source.
    await banner(page).getByRole('button', { name: 'Details' }).click()
    await details(page)
      .locator('section', { hasText: 'api' })
      .getByRole('button', { name: /^Discard ./ })
      .click()
    await refusedWhole(
      page,
      'still-bound',
      /api is still bound to it: remove the wire from api, or discard the deletion/,
    )
    await page.keyboard.press('Escape')
    await says(nodeNamed(page, 'cache').locator('.trouble'), /api is still bound to it/)
  })

  it('is an image that does not exist: said on the node', async () => {
    await application('no-image')
    await using canvas = await opened('no-image', 'api', 'settings')
    const { page } = canvas
    await field(page, 'spec.image').input.fill(`${engine.record.registry}/shop/nothing:1.0.0`)
    await field(page, 'spec.replicas').input.fill('1')
    await deploy(page)
    await isInTrouble(
      page,
      'api',
      /image \S+\/shop\/nothing:1\.0\.0 cannot be had: .*(push it, or correct the image|binnacle build)/,
    )
  })

  it('is more than the quota of the namespace: said on the node', async () => {
    await application('quota')
    await engine.kubectl('create', 'quota', 'small', '-n', 'quota', '--hard=pods=0')
    await using canvas = await opened('quota', 'api')
    const { page } = canvas
    await page.getByRole('button', { name: 'More replicas' }).click()
    await deploy(page)
    await isInTrouble(page, 'api', /exceeded quota: small.*lower replicas or resources, or raise the quota/)
  })

  it('is a folder of sources that is not there, or not below those of the engine: said on the node', async () => {
    await application('no-folder')
    await using canvas = await opened('no-folder', 'web', 'settings')
    const { page } = canvas
    for (const context of ['nowhere', '../..']) {
      await pick(page, 'web', 'Settings')
      await field(page, 'spec.build.context').input.fill(context)
      await deploy(page)
      await isInTrouble(
        page,
        'web',
        new RegExp(
          `there is no folder ${context.replaceAll('.', '\\.')} below the source folders .*correct build\\.context`,
        ),
      )
    }
  })
})

/** Draws a wire from a node's handle, and lets it go over something. */
async function drag(page: Page, from: string, to: Locator): Promise<void> {
  await to.hover()
  const over = await to.boundingBox()
  await nodeNamed(page, from).locator('.react-flow__handle.source').hover()
  if (over === null) throw new Error('where the wire is to end is not on the screen')
  await page.mouse.down()
  await page.mouse.move(over.x + over.width / 2, over.y + over.height / 2, { steps: 12 })
  await page.mouse.up()
}

/** A script for a page: when `condition`, an expression of an element, holds; in milliseconds since the epoch. */
const whenSeen = (selector: string, condition: string): string => `new Promise((resolve) => {
  const element = document.querySelector(${JSON.stringify(selector)})
  const placeNow = () => element.style.left + ' ' + element.style.top
  const before = placeNow()
  new MutationObserver((_, observer) => {
    if (!(${condition})) return
    observer.disconnect()
    resolve(performance.timeOrigin + performance.now())
  }).observe(element, { attributes: true, characterData: true, childList: true, subtree: true })
})`

/** A script for a page: when the pointer is let go next. */
const whenLetGo = `new Promise((resolve) => {
  addEventListener('pointerup', () => resolve(performance.timeOrigin + performance.now()), { once: true, capture: true })
})`

const rounds = 5
/** Within which the other browser shows it. */
const othersMs = 500

describe('two browsers on one application', { timeout: 120_000 }, () => {
  it('show what the other does', async () => {
    await application('together')
    await using one = await opened('together', 'cache')
    await using other = await opened('together', 'api', 'settings')
    const port = '[data-field="spec.ports[http].port"] input'
    const moves: number[] = []
    const edits: number[] = []
    for (let round = 1; round <= rounds; round++) {
      const seen = other.page.evaluate<number>(whenSeen(flowNode('together', 'cache'), 'placeNow() !== before'))
      moves.push(await took(one.page, seen, () => moveNode(one.page, 'cache', 40)))
    }
    expect(await placeOf(other.page, 'together')).toBe(await placeOf(one.page, 'together'))
    await pick(one.page, 'api', 'Settings')
    for (let round = 1; round <= rounds; round++) {
      await portField(one.page).fill(String(8000 + round))
      const seen = other.page.evaluate<number>(
        whenSeen('.side .tab', `element.querySelector(${JSON.stringify(port)}).value === '${8000 + round}'`),
      )
      edits.push(await took(one.page, seen, () => deploy(one.page)))
    }
    console.info(`seen in the other browser: moved after ${shownMs(moves)}, deployed after ${shownMs(edits)}`)
    expect(Math.min(...moves, ...edits)).toBeGreaterThan(0)
    // What else the machine does slows down some of them; what the page waits for slows down all.
    expect(Math.min(...moves)).toBeLessThan(othersMs)
    expect(Math.min(...edits)).toBeLessThan(othersMs)
    expect([...one.complaints, ...other.complaints]).toEqual([])
  })

  it('merge edits of different fields without a word', async () => {
    await application('merge')
    await using one = await opened('merge', 'api', 'settings')
    await using other = await opened('merge', 'api', 'variables')
    await portField(one.page).fill('8081')
    await addVariable(one.page, 'MINE')
    await addVariable(other.page, 'THEIRS')
    await deploy(other.page)
    await one.page.getByLabel('Value of THEIRS').waitFor()
    await one.page.getByLabel('Value of MINE').waitFor()
    await says(banner(one.page), /2 staged changes/)
    expect(await banner(one.page).innerText()).not.toMatch(/problem/)
    await deploy(one.page)
    expect(await specOf('merge', 'api', 'ports[0].port')).toBe('8081')
    expect((await specOf('merge', 'api', 'env[*].name')).split(' ').toSorted()).toEqual(['MINE', 'THEIRS'])
  })

  it('are asked about the same field, and lose nothing', async () => {
    await application('conflict')
    await using one = await opened('conflict', 'api', 'settings')
    await using other = await opened('conflict', 'api', 'settings')
    await conflict({ mine: one.page, theirs: other.page, before: '80', values: ['8001', '8002'] })
    // Nothing is overwritten before it is decided.
    await one.page.keyboard.press('Shift+Enter')
    expect(await specOf('conflict', 'api', 'ports[0].port')).toBe('8002')
    await details(one.page).getByRole('button', { name: 'Keep mine' }).click()
    await details(one.page).getByRole('button', { name: 'Deploy' }).click()
    await banner(one.page).waitFor({ state: 'detached' })
    expect(await specOf('conflict', 'api', 'ports[0].port')).toBe('8001')
    await expect.poll(() => portField(other.page).inputValue()).toBe('8001')

    await conflict({ mine: one.page, theirs: other.page, before: '8001', values: ['8003', '8004'] })
    await details(one.page).getByRole('button', { name: 'Take theirs' }).click()
    await expect.poll(() => banner(one.page).count()).toBe(0)
    await one.page.keyboard.press('Escape')
    expect(await portField(one.page).inputValue()).toBe('8004')
    // What was given up is not lost either.
    await one.page.getByRole('button', { name: 'Undo' }).click()
    await expect.poll(() => portField(one.page).inputValue()).toBe('8003')
    expect(await specOf('conflict', 'api', 'ports[0].port')).toBe('8004')
  })
})

interface Conflicting {
  mine: Page
  theirs: Page
  before: string
  values: readonly [mine: string, theirs: string]
}

/** Both edit the port, and the others deploy first; ends in Details with the three values. */
async function conflict({ mine, theirs, before, values: [my, their] }: Conflicting): Promise<void> {
  await portField(mine).fill(my)
  await portField(theirs).fill(their)
  await deploy(theirs)
  await says(banner(mine), /1 problem to solve first/)
  await banner(mine).getByRole('button', { name: 'Deploy' }).click()
  const row = details(mine).getByRole('alert').filter({ hasText: 'Somebody else changed this meanwhile' })
  await says(row, new RegExp(`before\\s+${before}\\s+mine\\s+${my}\\s+theirs\\s+${their}`))
}

describe('a server that is started again', { timeout: 120_000 }, () => {
  it('finds the page logged in, with all that was staged', async () => {
    await application('again')
    await using canvas = await opened('again', 'api', 'settings')
    const { page } = canvas
    await portField(page).fill('8001')
    await addVariable(page, 'KEPT')
    await says(banner(page), /2 staged changes/)
    await page.reload()
    await says(banner(page), /2 staged changes/)
    canvas.complaints.length = 0
    await engine.restart(async () => {
      await page.getByText('The connection is lost. What you staged is kept.').waitFor()
      await page.getByText('Reconnecting…').waitFor()
      // Whoever works on is not held up.
      await page.getByRole('tab', { name: 'Settings' }).click()
      await portField(page).fill('8002')
    })
    await page.locator('.lost').waitFor({ state: 'detached' })
    await says(banner(page), /2 staged changes/)
    await deploy(page)
    expect(await specOf('again', 'api', 'ports[0].port')).toBe('8002')
    expect(await specOf('again', 'api', 'env[0].name')).toBe('KEPT')
    // Only what the browser says itself of a server that is not there.
    expect(canvas.complaints.filter((text) => !/ERR_CONNECTION_RE(FUSED|SET)|WebSocket connection/.test(text))).toEqual(
      [],
    )
  })
})

/** Milliseconds from letting go of the pointer in one page to what is seen in the other. */
async function took(page: Page, seen: Promise<number>, act: () => Promise<void>): Promise<number> {
  const letGo = page.evaluate<number>(whenLetGo)
  await act()
  return (await seen) - (await letGo)
}

function shownMs(all: readonly number[]): string {
  return `${all.map((ms) => Math.round(ms)).join(', ')} ms`
}

const portField = (page: Page): Locator => field(page, 'spec.ports[http].port').input

function flowNode(namespace: string, name: string): string {
  return `.react-flow__node[data-id="DataSource.binnacle.dev/${namespace}/${name}"]`
}

function placeOf(page: Page, namespace: string): Promise<string> {
  return page.locator(flowNode(namespace, 'cache')).evaluate(({ style }) => `${style.left} ${style.top}`)
}

async function moveNode(page: Page, name: string, by: number): Promise<void> {
  await nodeNamed(page, name).locator('h3').hover()
  const box = await nodeNamed(page, name).locator('h3').boundingBox()
  if (box === null) throw new Error(`${name} is not on the screen`)
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2]
  await page.mouse.down()
  await page.mouse.move(x, y + by, { steps: 6 })
  await page.mouse.up()
}

async function addVariable(page: Page, name: string): Promise<void> {
  await page.getByRole('tab', { name: 'Variables' }).click()
  const form = page.locator('.new-variable')
  await form.getByLabel('Name', { exact: true }).fill(name)
  await form.getByLabel('Value').fill('1')
  await form.getByRole('button', { name: 'Add variable' }).click()
}
