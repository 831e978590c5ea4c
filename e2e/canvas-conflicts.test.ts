// Two people edit the same: what each kind of conflict says of before, mine and theirs, and what each decision makes true.

import type { Locator, Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { type CanvasPage, openCanvas } from './browser.ts'
import { banner, deploy, details, field, says, useEngine } from './canvas-hand.ts'

const cluster = useEngine()

const manifest = (namespace: string): string => `
apiVersion: binnacle.dev/v1alpha1
kind: Application
metadata: {name: both, namespace: ${namespace}}
spec: {}
---
apiVersion: binnacle.dev/v1alpha1
kind: Microservice
metadata:
  namespace: ${namespace}
  name: api
  labels: {app.kubernetes.io/part-of: both}
  annotations: {binnacle.dev/position: "280,40"}
spec: {image: 'shop/api:1.0.0', replicas: 0, args: [--quiet, --port, '80'], ports: [{name: http, port: 80}, {name: admin, port: 81}]}
`

async function application(namespace: string): Promise<void> {
  await cluster.engine.kubectl('create', 'namespace', namespace)
  await cluster.engine.apply(manifest(namespace))
}

/** The page of a person, with the settings of the service open. */
async function opened(namespace: string): Promise<CanvasPage> {
  const at = `Microservice.binnacle.dev/${namespace}/api`
  const query = new URLSearchParams({ ns: namespace, app: 'both', at, tab: 'settings' })
  const canvas = await openCanvas(cluster.engine, `/?${query.toString()}`)
  await field(canvas.page, 'spec.image').input.waitFor()
  return canvas
}

function specOf(namespace: string, path: string): Promise<string> {
  return cluster.engine.kubectl('get', 'microservice', 'api', '-n', namespace, '-o', `jsonpath={.spec.${path}}`)
}

/** What stands in Details of the one conflict that there is. Deploy leads there, and writes nothing. */
async function asked(page: Page): Promise<Locator> {
  await says(banner(page), /1 problem to solve first/)
  await banner(page).getByRole('button', { name: 'Deploy' }).click()
  const row = details(page).getByRole('alert').filter({ hasText: 'meanwhile' })
  await row.waitFor()
  return row
}

async function decide(page: Page, row: Locator, words: string): Promise<void> {
  await row.getByRole('button', { name: words }).click()
  await row.waitFor({ state: 'detached' })
  await page.keyboard.press('Escape')
}

async function removeNode(page: Page): Promise<void> {
  await page.getByRole('tab', { name: 'Overview' }).click()
  await page.getByRole('button', { name: 'Remove', exact: true }).click()
}

describe('a conflict of two people', { timeout: 90_000 }, () => {
  it('of a list says line by line what each made of it, at the field and in Details', async () => {
    await application('lists')
    await using mine = await opened('lists')
    await using theirs = await opened('lists')
    await field(mine.page, 'spec.args').input.fill('--quiet\n--port\n8080')
    await field(theirs.page, 'spec.args').input.fill('--loud\n--port\n80')
    await deploy(theirs.page)
    await says(field(mine.page, 'spec.args').problem, /Somebody else changed this meanwhile, to .*--loud/)
    const row = await asked(mine.page)
    const side = (name: string): Locator =>
      row.locator('.conflict-side').filter({ has: mine.page.getByText(name, { exact: true }) })
    await says(side('before'), /--quiet\s+- --port\s+- "80"/)
    expect(await side('mine').locator('ins').allInnerTexts()).toEqual(['- "8080"'])
    expect(await side('mine').locator('del').allInnerTexts()).toEqual(['- "80"'])
    expect(await side('theirs').locator('ins').allInnerTexts()).toEqual(['- --loud'])
    expect(await specOf('lists', 'args')).toBe('["--loud","--port","80"]')
    await decide(mine.page, row, 'Take theirs')
    await expect.poll(() => banner(mine.page).count()).toBe(0)
    expect(await field(mine.page, 'spec.args').input.inputValue()).toBe('--loud\n--port\n80')
    // What was given up comes back with undo, and the question with it.
    await mine.page.getByRole('button', { name: 'Undo' }).click()
    await decide(mine.page, await asked(mine.page), 'Keep mine')
    await deploy(mine.page)
    expect(await specOf('lists', 'args')).toBe('["--quiet","--port","8080"]')
  })

  it('of an item that they removed is one of that item alone', async () => {
    await application('items')
    await using mine = await opened('items')
    await using theirs = await opened('items')
    await field(mine.page, 'spec.ports[admin].port').input.fill('8081')
    await field(mine.page, 'spec.ports[http].port').input.fill('8080')
    await theirs.page.getByRole('button', { name: 'Remove admin' }).click()
    await deploy(theirs.page)
    const row = await asked(mine.page)
    await says(row, /spec\.ports\[admin\][^]*before[^]*port: 81[^]*theirs\s+not set/)
    await decide(mine.page, row, 'Take theirs')
    await deploy(mine.page)
    expect(await specOf('items', 'ports[*].name')).toBe('http')
    expect(await specOf('items', 'ports[*].port')).toBe('8080')
  })

  it('of what they deleted offers to make it anew, or to leave it', async () => {
    await application('deleted')
    await using mine = await opened('deleted')
    await using theirs = await opened('deleted')
    await field(mine.page, 'spec.image').input.fill('shop/api:2.0.0')
    await removeNode(theirs.page)
    await deploy(theirs.page)
    const row = await asked(mine.page)
    await says(
      row,
      /Somebody else deleted this meanwhile[^]*shop\/api:1\.0\.0[^]*shop\/api:2\.0\.0[^]*theirs\s+deleted/,
    )
    await decide(mine.page, row, 'Keep mine')
    await deploy(mine.page)
    expect(await specOf('deleted', 'image')).toBe('shop/api:2.0.0')

    // The same once more, and now it stays away. The others see it come back first.
    await theirs.page.locator('.n').click()
    await field(mine.page, 'spec.image').input.fill('shop/api:3.0.0')
    await removeNode(theirs.page)
    await deploy(theirs.page)
    await decide(mine.page, await asked(mine.page), 'Take theirs')
    await expect.poll(() => mine.page.locator('.n').count()).toBe(0)
    expect(await banner(mine.page).count()).toBe(0)
    expect([...mine.complaints, ...theirs.complaints]).toEqual([])
  })

  it('of what I delete says what they changed of it, and also of a page that was closed', async () => {
    await application('deleting')
    await using mine = await opened('deleting')
    await removeNode(mine.page)
    await says(banner(mine.page), /1 staged change/)
    const { href } = new URL(mine.page.url())
    await mine.page.goto('about:blank')
    const patch = JSON.stringify({ spec: { image: 'shop/api:4.0.0' } })
    await cluster.engine.kubectl('patch', 'microservice', 'api', '-n', 'deleting', '--type=merge', '-p', patch)
    await mine.page.goto(href)
    const row = await asked(mine.page)
    await says(row, /mine\s+deleted[^]*theirs[^]*shop\/api:4\.0\.0/)
    expect(await specOf('deleting', 'image')).toBe('shop/api:4.0.0')
    await decide(mine.page, row, 'Keep mine')
    await deploy(mine.page)
    expect(await cluster.engine.kubectl('get', 'microservices', '-n', 'deleting', '-o', 'name')).toBe('')
  })
})
