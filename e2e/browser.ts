// A real Chromium on the Canvas of a test's engine.

import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import chromium from '@sparticuz/chromium'
import { type Browser, type BrowserContext, type Page, chromium as playwright } from 'playwright-core'
import { expect } from 'vitest'
import { type TestEngine, root } from './support.ts'

export interface CanvasPage extends AsyncDisposable {
  page: Page
  context: BrowserContext
  /** What went wrong on the page without being asked: errors of scripts, refused requests. */
  complaints: string[]
}

export interface PageOptions {
  width?: number
  height?: number
  theme?: 'dark' | 'light'
  reducedMotion?: 'reduce' | 'no-preference'
}

/** The package's own flags put all pages into one process, where the end of one is the end of all. */
const flags = ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu']

let browser: Promise<Browser> | undefined

async function launched(): Promise<Browser> {
  browser ??= chromium
    .executablePath()
    .then((executablePath) => playwright.launch({ executablePath, args: flags, headless: true }))
  return browser
}

export async function closeBrowser(): Promise<void> {
  await (await browser)?.close()
  browser = undefined
}

/** A page of a person of its own: nothing kept from other tests. Logged in by a fresh link. */
export async function openCanvas(engine: TestEngine, path: string, options: PageOptions = {}): Promise<CanvasPage> {
  return openLink(await loginLink(engine), path, options)
}

/** The same at a login link of any Canvas. */
export async function openLink(
  link: string,
  path: string,
  { width = 1440, height = 900, theme = 'dark', reducedMotion = 'no-preference' }: PageOptions = {},
): Promise<CanvasPage> {
  const context = await (
    await launched()
  ).newContext({ viewport: { width, height }, locale: 'en-US', colorScheme: theme, reducedMotion })
  const page = await context.newPage()
  page.setDefaultTimeout(20_000)
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('console', (message) => {
    // A write that met a newer version is tried again on it: the browser notes the first try as an error.
    const isRetried = message.text().includes('409 (Conflict)')
    if (message.type() === 'error' && !isRetried) complaints.push(`${message.text()} ${message.location().url}`)
  })
  await page.goto(link)
  if (path !== '/') await page.goto(new URL(path, page.url()).href)
  await page.locator('.start, .app').waitFor()
  return {
    page,
    context,
    complaints,
    async [Symbol.asyncDispose]() {
      await context.close()
    },
  }
}

async function loginLink(engine: TestEngine): Promise<string> {
  const { stdout, stderr } = await engine.binnacle('open', '--no-browser')
  const link = /http:\S+/.exec(stdout)?.[0]
  if (link === undefined) throw new Error(`no link: ${stdout}${stderr}`)
  return link
}

/** A node of the canvas by its name. */
export function nodeNamed(page: Page, name: string): ReturnType<Page['locator']> {
  return page.locator('.n').filter({ has: page.getByRole('heading', { name, exact: true }) })
}

/** Waits until the node says that it is in that state. */
export async function ready(page: Page, name: string, word: string): Promise<void> {
  await expect
    .poll(() => nodeNamed(page, name).locator('.state').innerText(), { timeout: 60_000, message: `${name} is ${word}` })
    .toBe(word)
}

/** Draws a wire with the mouse, from handle to handle. */
export async function drawWire(page: Page, from: string, to: string): Promise<void> {
  const wires = page.locator('.react-flow__edge')
  const before = await wires.count()
  const target = nodeNamed(page, to).locator('.react-flow__handle.target')
  // Hovering waits until nothing moves any more.
  await target.hover()
  const end = await target.boundingBox()
  await nodeNamed(page, from).locator('.react-flow__handle.source').hover()
  if (end === null) throw new Error(`${to} is not on the screen`)
  await page.mouse.down()
  await page.mouse.move(end.x + end.width / 2, end.y + end.height / 2, { steps: 16 })
  await page.mouse.up()
  await expect.poll(() => wires.count(), { message: `a wire from ${from} to ${to}` }).toBe(before + 1)
}

/** Where pictures for docs/ go, when they are asked for: `SCREENSHOTS=docs/screens npx vitest run e2e/canvas-walk`. */
export const pictures: string | undefined = process.env['SCREENSHOTS']

/** In both themes. */
export async function picture(page: Page, name: string): Promise<void> {
  if (pictures === undefined) return
  await mkdir(join(root, pictures), { recursive: true })
  await expect.poll(() => isStill(page)).toBe(true)
  for (const theme of ['light', 'dark']) {
    await page.locator('html').evaluate((element, wanted) => element.setAttribute('data-theme', wanted), theme)
    await page.screenshot({ path: join(root, pictures, `${name}-${theme}.png`), animations: 'disabled' })
  }
}

/** Whether the picture of the graph stands still from one frame to the next but one. */
async function isStill(page: Page): Promise<boolean> {
  return page.evaluate<boolean>(`new Promise((resolve) => {
    const place = () => document.querySelector('.react-flow__viewport')?.style.transform
    const before = place()
    requestAnimationFrame(() => requestAnimationFrame(() => resolve(place() === before)))
  })`)
}
