// Nobody is kept out: no serious or critical finding of axe on any view of the Canvas, in both themes, from phone to desk.

import { join } from 'node:path'
import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CanvasPage, closeBrowser, openCanvas } from './browser.ts'
import { goTo, scenes } from './canvas-scenes.ts'
import { type TestEngine, root, startEngine } from './support.ts'

const themes = ['dark', 'light'] as const
const sizes = [
  { width: 1440, height: 900 },
  { width: 768, height: 1024 },
  { width: 375, height: 812 },
] as const

let engine: TestEngine
let canvas: CanvasPage

beforeAll(async () => {
  engine = await startEngine('--canvas-port', '0', '--source', join(root, 'examples'))
  // Without motion a colour is what it will be at once.
  canvas = await openCanvas(engine, '/', { reducedMotion: 'reduce' })
}, 60_000)

afterAll(async () => {
  await closeBrowser()
  await engine[Symbol.asyncDispose]()
})

describe.each(scenes)('$title', ({ prepare, views }) => {
  beforeAll(async () => prepare?.({ page: canvas.page, engine }), 90_000)

  it.each(views)('$name', async ({ name, at, show }) => {
    const { page } = canvas
    await page.setViewportSize(sizes[0])
    await goTo(page, at)
    await show?.({ page, engine })
    const found: string[] = []
    for (const size of sizes) {
      await page.setViewportSize(size)
      for (const theme of themes) {
        await paint(page, theme)
        for (const violation of await violations(page)) found.push(`${name}, ${theme}, ${size.width} px: ${violation}`)
      }
    }
    expect(found).toEqual([])
  })
})

/** Changes the theme, and is done when that is on the screen. */
async function paint(page: Page, theme: string): Promise<void> {
  await page.locator('html').evaluate((element, wanted) => {
    element.setAttribute('data-theme', wanted)
  }, theme)
  await page.evaluate('new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))')
}

async function violations(page: Page): Promise<string[]> {
  // There are no frames on the page, so that the page itself can put the result together.
  const { violations: all } = await new AxeBuilder({ page })
    .setLegacyMode()
    .options({ resultTypes: ['violations'] })
    .analyze()
  return all
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => `${id} at ${target.join(' ')} (${failureSummary ?? ''})`),
    )
}
