// The form of an object and its YAML beside each other: each follows the other while a person types, both have one history.

import type { Locator, Page } from 'playwright-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { type CanvasPage, openCanvas } from './browser.ts'
import { banner, field, says, useEngine } from './canvas-hand.ts'

const manifest = `
apiVersion: binnacle.dev/v1alpha1
kind: Application
metadata: {name: pair}
spec: {}
---
apiVersion: binnacle.dev/v1alpha1
kind: Microservice
metadata:
  name: api
  labels: {app.kubernetes.io/part-of: pair}
  annotations: {binnacle.dev/position: "280,40"}
spec: {image: 'shop/api:1.0.0', replicas: 0, ports: [{name: http, port: 80}, {name: admin, port: 81}]}
`

const cluster = useEngine()

beforeAll(() => cluster.engine.apply(manifest))

async function opened(options: { width?: number; height?: number } = {}): Promise<CanvasPage> {
  const query = new URLSearchParams({
    ns: 'default',
    app: 'pair',
    at: 'Microservice.binnacle.dev/default/api',
    tab: 'settings',
  })
  const canvas = await openCanvas(cluster.engine, `/?${query.toString()}`, options)
  await canvas.page.getByRole('button', { name: 'YAML', exact: true }).click()
  await lines(canvas.page).first().waitFor()
  return canvas
}

const pane = (page: Page): Locator => page.getByRole('region', { name: 'YAML' })
const lines = (page: Page): Locator => pane(page).locator('.cm-line')

async function yaml(page: Page): Promise<string> {
  return (await lines(page).allInnerTexts()).join('\n')
}

async function yamlSays(page: Page, words: string): Promise<void> {
  await expect.poll(() => yaml(page)).toContain(words)
}

/** Puts the cursor at the end of the line that begins with the words. */
async function goToEnd(page: Page, words: string): Promise<void> {
  await lines(page)
    .filter({ hasText: new RegExp(`^\\s*(- )?${words}`) })
    .first()
    .click()
  await page.keyboard.press('End')
}

describe('the form and the YAML of an object', { timeout: 60_000 }, () => {
  it('follow each other, comments and cursor kept, with one history', async () => {
    await using canvas = await opened()
    const { page, complaints } = canvas
    const { input: image } = field(page, 'spec.image')
    await goToEnd(page, 'image:')
    await page.keyboard.type('2 # pinned')
    await expect.poll(() => image.inputValue()).toBe('shop/api:1.0.02')
    await image.fill('shop/api:2.0.0')
    await yamlSays(page, 'image: shop/api:2.0.0 # pinned')
    await field(page, 'spec.ports[admin].port').input.fill('8081')
    await yamlSays(page, 'port: 8081')
    // The address says what is seen, so that a link shows it to another person.
    expect(new URL(page.url()).searchParams.get('beside')).toBe('yaml')

    // From either side the same steps back, and forth.
    await field(page, 'spec.ports[admin].port').input.press('Control+z')
    await yamlSays(page, 'port: 81')
    await goToEnd(page, 'image:')
    await page.keyboard.press('Control+z')
    await expect.poll(() => image.inputValue()).toBe('shop/api:1.0.02')
    await page.keyboard.press('Control+z')
    await expect.poll(() => image.inputValue()).toBe('shop/api:1.0.0')
    await expect.poll(() => banner(page).count()).toBe(0)
    for (let step = 0; step < 3; step += 1) await page.keyboard.press('Control+y')
    await expect.poll(() => field(page, 'spec.ports[admin].port').input.inputValue()).toBe('8081')
    await yamlSays(page, 'image: shop/api:2.0.0 # pinned')
    expect(complaints).toEqual([])
  })

  it('keep the last good state while the YAML cannot be read, and lose nothing of either', async () => {
    await using canvas = await opened()
    const { page } = canvas
    const { input: image } = field(page, 'spec.image')
    await goToEnd(page, 'name: admin')
    await page.keyboard.type(': x')
    await says(pane(page).getByRole('status'), /^Line \d+: .*What was last right is kept/)
    await pane(page).locator('.cm-lint-marker-error').waitFor()
    expect(await field(page, 'spec.ports[admin].port').input.inputValue()).toBe('81')
    // The form goes on; what is half written stays.
    await image.fill('shop/api:3.0.0')
    await yamlSays(page, 'name: admin: x')
    await goToEnd(page, 'name: admin')
    for (let key = 0; key < 3; key += 1) await page.keyboard.press('Backspace')
    await yamlSays(page, 'image: shop/api:3.0.0')
    await goToEnd(page, 'replicas')
    await page.keyboard.type('3')
    await expect.poll(() => field(page, 'spec.replicas').input.inputValue()).toBe('3')
    // Half a line is undone in the text, and only then what the document has.
    await goToEnd(page, 'image')
    await page.keyboard.type(': y')
    await says(pane(page).getByRole('status'), /^Line/)
    await page.keyboard.press('Control+z')
    await says(pane(page).getByRole('status'), /staged as you type/)
    expect(await image.inputValue()).toBe('shop/api:3.0.0')
  })

  it('show where the other is, and the same problems', async () => {
    await using canvas = await opened()
    const { page } = canvas
    await field(page, 'spec.ports[admin].port').input.focus()
    await expect
      .poll(() => pane(page).locator('.cm-marked').allInnerTexts())
      .toEqual([expect.stringMatching(/port: 81/)])
    await goToEnd(page, 'image')
    await field(page, 'spec.image').row.and(page.locator('[data-marked=true]')).waitFor()
    await page.keyboard.type('!')
    await field(page, 'spec.image').problem.waitFor()
    await pane(page).locator('.cm-lint-marker-error').waitFor()
    // Another object it can never become here.
    await goToEnd(page, 'kind: Microservice')
    await page.keyboard.type('s')
    await says(pane(page).getByRole('status'), /kind and name stay/)
  })

  it('stand beside each other on a wide page and below each other on a narrow one', async () => {
    await using canvas = await opened()
    const { page } = canvas
    const places = async (): Promise<readonly [number, number, number, number]> => {
      const [form, text] = [await page.locator('.form-pane').boundingBox(), await pane(page).boundingBox()]
      return [form?.x ?? 0, form?.y ?? 0, text?.x ?? 0, text?.y ?? 0]
    }
    const [formX, formY, yamlX, yamlY] = await places()
    expect(yamlX).toBeGreaterThan(formX + 250)
    expect(yamlY).toBe(formY)
    await page.setViewportSize({ width: 375, height: 812 })
    await expect.poll(async () => (await places())[2]).toBeLessThan(8)
    const [, narrowFormY, , narrowYamlY] = await places()
    expect(narrowYamlY).toBeGreaterThan(narrowFormY + 150)
    // A person who wants it has it with the next object and the next visit.
    await page.goto(
      new URL('/?ns=default&app=pair&at=Microservice.binnacle.dev/default/api&tab=settings', page.url()).href,
    )
    await pane(page).waitFor()
  })
})
