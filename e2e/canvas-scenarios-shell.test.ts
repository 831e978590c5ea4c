// The page around the canvas: what can be added and opened, how it is told that all is well, panels that are as wide as they
// were, and the tour. The numbers are those of e2e/scenarios.md.

import type { Locator, Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { addService, deploy, nothingSelected, pick, reload, says, useApplication, useEngine } from './canvas-hand.ts'

const shared = useEngine()

describe('the page around the canvas', { timeout: 60_000 }, () => {
  const shell = useApplication('shell', () => shared.engine)

  it('A99 all that can be added is offered, and all panels open', async () => {
    const { page } = shell
    const rail = page.getByRole('navigation', { name: 'Add to the canvas' })
    for (const tool of ['Add', 'Service', 'Data', 'Note', 'Outline', 'Keys'])
      await rail.getByRole('button', { name: tool, exact: true }).waitFor()
    await rail.getByRole('button', { name: 'Add', exact: true }).click()
    const services = ['Service from an image', 'Service from source']
    for (const what of [...services, 'PostgreSQL', 'MySQL', 'MongoDB', 'Redis', 'NATS', 'S3', 'Remote API'])
      await page.getByRole('option', { name: what }).waitFor()
    await page.keyboard.press('Escape')
    for (const [button, panel] of [
      ['Logs', 'All pods of the application'],
      ['Events', 'Events'],
    ] as const) {
      await page.locator('.dock').getByRole('button', { name: button }).click()
      const opened = page.getByRole('region', { name: panel })
      await opened.waitFor()
      await opened.getByRole('button', { name: 'Close' }).click()
      await opened.waitFor({ state: 'detached' })
    }
    for (const [keys, dialog] of [
      ['Control+k', 'Search and commands'],
      ['?', 'Keyboard shortcuts'],
    ] as const) {
      await page.keyboard.press(keys)
      await page.getByRole('dialog', { name: dialog }).waitFor()
      await page.keyboard.press('Escape')
      await page.getByRole('dialog', { name: dialog }).waitFor({ state: 'detached' })
    }
  })

  it('A103 the top bar says which cluster it is, and that it is connected', async () => {
    const status = shell.page.getByRole('banner').getByRole('status')
    await says(status, /shell · \S+/)
    expect(await status.innerText()).not.toMatch(/Reconnecting/)
  })

  it('A111 the inspector is dragged wider, closed, and opened as wide again', async () => {
    const { page } = shell
    await addService(page, 'web')
    await deploy(page)
    const side = page.locator('.side')
    const grip = page.getByRole('separator', { name: 'Width of the inspector' })
    await dragWide(page, grip, 520)
    await expect.poll(() => widthOf(side)).toBe(520)
    expect(await grip.getAttribute('aria-valuenow')).toBe('520')
    await nothingSelected(page)
    const area = page.locator('.stage-area')
    await expect.poll(() => rightOf(area)).toBe(page.viewportSize()?.width)
    await pick(page, 'web')
    await expect.poll(() => widthOf(side)).toBe(520)
    await grip.focus()
    await page.keyboard.press('ArrowRight')
    await expect.poll(() => widthOf(side)).toBe(496)
  })

  it('A102 the tour goes from the first step to the last, and can be left', async () => {
    const { page } = shell
    const tour = page.locator('.tour')
    const open = async (): Promise<void> => {
      await page.getByRole('button', { name: 'More', exact: true }).click()
      await page.getByRole('menuitem', { name: 'Take the tour' }).click()
      await tour.waitFor()
    }
    await open()
    const all = Number(/1 of (\d+)/.exec(await tour.innerText())?.[1])
    expect(all).toBeGreaterThan(3)
    for (let step = 2; step <= all; step++) {
      await tour.getByRole('button', { name: 'Next' }).click()
      await says(tour, new RegExp(`${step} of ${all}`))
    }
    await tour.getByRole('button', { name: 'Done' }).click()
    await tour.waitFor({ state: 'detached' })
    await open()
    await tour.getByRole('button', { name: 'Leave the tour' }).click()
    await tour.waitFor({ state: 'detached' })
    await reload(page)
    expect(await tour.count()).toBe(0)
  })

  it('leaves the page without a complaint', () => {
    expect(shell.complaints).toEqual([])
  })
})

async function widthOf(what: Locator): Promise<number> {
  return Math.round((await what.boundingBox())?.width ?? 0)
}

async function rightOf(what: Locator): Promise<number> {
  const box = await what.boundingBox()
  return box === null ? 0 : Math.round(box.x + box.width)
}

/** Drags the left edge of the inspector to where it is so wide, in pixels. */
async function dragWide(page: Page, grip: Locator, width: number): Promise<void> {
  const box = await grip.boundingBox()
  const window = page.viewportSize()
  if (box === null || window === null) throw new Error('the edge is not on the screen')
  const y = box.y + box.height / 2
  await page.mouse.move(box.x + box.width / 2, y)
  await page.mouse.down()
  await page.mouse.move(window.width - width, y, { steps: 6 })
  await page.mouse.up()
}
