// What a person does on the Canvas, step by step, and the application that a block of tests does it to.

import type { Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, expect } from 'vitest'
import { type CanvasPage, closeBrowser, nodeNamed, openCanvas } from './browser.ts'
import { type TestEngine, startEngine } from './support.ts'

/** Only bounds a hang. */
const patience = { timeout: 30_000 }

/** The engine of all tests of a file. */
export function useEngine(...flags: string[]): { readonly engine: TestEngine } {
  let engine: TestEngine | undefined
  beforeAll(async () => {
    engine = await startEngine('--canvas-port', '0', ...flags)
  }, 60_000)
  afterAll(async () => {
    await closeBrowser()
    await engine?.[Symbol.asyncDispose]()
  })
  return {
    get engine() {
      if (engine === undefined) throw new Error('the engine is not started yet')
      return engine
    },
  }
}

/** An application that is empty at first, in a namespace of its own, on one page for all tests of a block. */
export class Application {
  readonly name: string
  readonly #engine: () => TestEngine
  #canvas: CanvasPage | undefined

  constructor(name: string, engine: () => TestEngine) {
    this.name = name
    this.#engine = engine
  }

  get page(): Page {
    return this.#opened.page
  }

  get complaints(): readonly string[] {
    return this.#opened.complaints
  }

  async open(): Promise<void> {
    const engine = this.#engine()
    await engine.kubectl('create', 'namespace', this.name)
    const metadata = { name: this.name, namespace: this.name }
    await engine.apply(JSON.stringify({ apiVersion: 'binnacle.dev/v1alpha1', kind: 'Application', metadata, spec: {} }))
    this.#canvas = await openCanvas(engine, `/?${new URLSearchParams({ ns: this.name, app: this.name }).toString()}`)
    await this.page.getByRole('heading', { name: 'An empty canvas' }).waitFor()
  }

  async close(): Promise<void> {
    await this.#canvas?.[Symbol.asyncDispose]()
  }

  /** Of an object as the cluster has it; empty for a field that is not set. */
  async field(resource: string, path: string): Promise<string> {
    return this.#engine().kubectl('get', resource, '-n', this.name, '-o', `jsonpath={${path}}`)
  }

  /** `datasource.binnacle.dev/cache` and so on: what the cluster has of our kinds. */
  async objects(): Promise<string[]> {
    const found = await this.#engine().kubectl('get', 'datasources,microservices', '-n', this.name, '-o', 'name')
    return found.split('\n').filter((line) => line !== '')
  }

  get #opened(): CanvasPage {
    if (this.#canvas === undefined) throw new Error(`the page of ${this.name} is not open yet`)
    return this.#canvas
  }
}

export function useApplication(name: string, engine: () => TestEngine): Application {
  const application = new Application(name, engine)
  beforeAll(() => application.open(), 60_000)
  afterAll(() => application.close())
  return application
}

export const banner = (page: Page): Locator => page.locator('.banner')
export const details = (page: Page): Locator => page.getByRole('dialog', { name: 'Staged changes' })

export async function says(where: Locator, words: RegExp): Promise<void> {
  await expect.poll(() => where.first().innerText(), { ...patience, message: String(words) }).toMatch(words)
}

/** By the name in the list of what can be added; the new node is selected, with its settings open. */
export async function add(page: Page, what: string): Promise<void> {
  await page.getByRole('navigation', { name: 'Add to the canvas' }).getByRole('button', { name: 'Add' }).click()
  await page.getByRole('dialog', { name: 'Add to the canvas' }).getByRole('option', { name: what }).click()
  await page.getByRole('tab', { name: 'Settings', selected: true }).waitFor()
}

export async function pick(page: Page, node: string, tab?: string): Promise<void> {
  const isPicked = await page.locator('.side h2').getByText(node, { exact: true }).isVisible()
  if (!isPicked) {
    // What was added last may lie beyond the edge.
    await page.getByRole('button', { name: 'Fit to screen' }).click()
    await nodeNamed(page, node).locator('h3').click()
  }
  await page.locator('.side h2').getByText(node, { exact: true }).waitFor()
  if (tab !== undefined) await page.getByRole('tab', { name: tab, exact: true }).click()
}

/** Of the node that is selected. */
export async function rename(page: Page, name: string): Promise<void> {
  await page.getByRole('tab', { name: 'Overview' }).click()
  await page.getByRole('button', { name: 'Rename' }).click()
  const dialog = page.getByRole('dialog', { name: 'Rename' })
  await dialog.getByRole('textbox').fill(name)
  await dialog.getByRole('button', { name: 'Apply' }).click()
  await page.locator('.side h2').getByText(name, { exact: true }).waitFor()
}

/** Offers the name, sees why it is refused, and leaves the name as it was. */
export async function refusedName(page: Page, name: string, words: RegExp): Promise<void> {
  await page.getByRole('tab', { name: 'Overview' }).click()
  await page.getByRole('button', { name: 'Rename' }).click()
  const dialog = page.getByRole('dialog', { name: 'Rename' })
  await dialog.getByRole('textbox').fill(name)
  await says(dialog.getByRole('alert'), words)
  expect(await dialog.getByRole('button', { name: 'Apply' }).isDisabled()).toBe(true)
  await page.keyboard.press('Enter')
  await dialog.waitFor()
  await page.keyboard.press('Escape')
  await dialog.waitFor({ state: 'detached' })
}

export async function remove(page: Page, node: string): Promise<void> {
  await pick(page, node, 'Overview')
  await page.getByRole('button', { name: 'Remove', exact: true }).click()
}

export interface Field {
  row: Locator
  input: Locator
  problem: Locator
}

/** A field of the form, by its path. */
export function field(page: Page, path: string): Field {
  const row = page.locator(`[data-field="${path}"]`)
  return { row, input: row.locator('input, textarea, select'), problem: row.locator('.problem') }
}

/** A field that is not set yet, by its title: of the whole form, or of the group of that title. */
export async function addField(page: Page, title: string, group?: string): Promise<void> {
  const form = group === undefined ? page.locator('.side .form-pane') : fieldset(page, group)
  const offer = form.locator('> .offer')
  await offer.locator('summary').click()
  await offer
    .locator('.offer-field')
    .filter({ has: page.getByText(title, { exact: true }) })
    .click()
}

export function fieldset(page: Page, title: string): Locator {
  return page.locator('fieldset').filter({ has: page.locator('legend', { hasText: title }) })
}

/** A data source of that kind that runs elsewhere. */
export async function addExternal(page: Page, what: string, address: { host: string; port?: number }): Promise<void> {
  await add(page, what)
  if (what !== 'Remote API') await addField(page, 'External')
  await field(page, 'spec.external.host').input.fill(address.host)
  if (address.port === undefined) return
  await addField(page, 'Port', 'External')
  await field(page, 'spec.external.port').input.fill(String(address.port))
}

/** A service that nothing runs of: what is tested is what is written. */
export async function addService(page: Page, name: string): Promise<void> {
  await add(page, 'Service from an image')
  await field(page, 'spec.image').input.fill('shop/api:1.0.0')
  await page.getByRole('tab', { name: 'Overview' }).click()
  await page.getByRole('button', { name: 'Fewer replicas' }).click()
  await rename(page, name)
}

export async function addVariable(page: Page, name: string, value: string): Promise<void> {
  const form = page.locator('.new-variable')
  await form.getByLabel('Name', { exact: true }).fill(name)
  await form.getByLabel('Value').fill(value)
  await form.getByRole('button', { name: 'Add variable' }).click()
  await page.getByLabel(`Value of ${name}`).waitFor()
}

export async function deploy(page: Page): Promise<void> {
  await banner(page).getByRole('button', { name: 'Deploy' }).click()
  await banner(page).waitFor({ state: 'detached' })
}

export async function discardAll(page: Page): Promise<void> {
  await banner(page).getByRole('button', { name: 'Discard' }).click()
  await banner(page).waitFor({ state: 'detached' })
}

/** The page anew, with what was selected still selected. */
export async function reload(page: Page): Promise<void> {
  await page.reload()
  await page.locator('.n').first().waitFor()
}

export async function expectNodes(page: Page, ...names: string[]): Promise<void> {
  await expect
    .poll(async () => (await page.locator('.n h3').allInnerTexts()).toSorted(), patience)
    .toEqual(names.toSorted())
}

/** `web uses api`: those that are drawn and stay. */
export async function expectWires(page: Page, ...wires: string[]): Promise<void> {
  await expect.poll(async () => (await drawnWires(page)).toSorted(), patience).toEqual(wires.toSorted())
}

async function drawnWires(page: Page): Promise<string[]> {
  return page
    .locator('.react-flow__edge:not(:has([data-removed=true]))')
    .evaluateAll((edges) => edges.map((edge) => edge.getAttribute('aria-label') ?? ''))
}

/** At a share of a wire's length, but no nearer to its beginning than its end can be taken there; in the window. */
function along(page: Page, wire: string, share: number): Promise<{ x: number; y: number }> {
  return page.evaluate<{ x: number; y: number }>(`(() => {
    const path = document.querySelector('.react-flow__edge[aria-label="${wire}"] path.wire')
    const shown = path.getScreenCTM()
    const length = Math.max(18 / shown.a, path.getTotalLength() * ${share})
    const { x, y } = path.getPointAtLength(length).matrixTransform(shown)
    return { x, y }
  })()`)
}

/** Along the wire to its beginning, and from there with the button down to another node. */
export async function leadBeginning(page: Page, wire: string, to: string): Promise<void> {
  const title = nodeNamed(page, to).locator('h3')
  // Hovering waits until nothing moves any more.
  await title.hover()
  const end = await title.boundingBox()
  if (end === null) throw new Error(`${to} is not on the screen`)
  for (const share of [0.5, 0.3, 0.15, 0]) {
    const { x, y } = await along(page, wire, share)
    await page.mouse.move(x, y, { steps: 3 })
  }
  await page.mouse.down()
  await page.mouse.move(end.x + end.width / 2, end.y + end.height / 2, { steps: 12 })
  await page.mouse.up()
}

export async function nothingSelected(page: Page): Promise<void> {
  await page.locator('.side').getByRole('button', { name: 'Close' }).click()
  await page.locator('.side').waitFor({ state: 'detached' })
}
