// Data sources and services that are made, joined, renamed and removed: on the canvas, and in the form beside it. The numbers
// are those of e2e/scenarios.md.

import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { drawWire, nodeNamed } from './browser.ts'
import {
  addExternal,
  addField,
  addService,
  deploy,
  expectNodes,
  expectWires,
  fieldset,
  leadBeginning,
  pick,
  reload,
  remove,
  rename,
  useApplication,
  useEngine,
} from './canvas-hand.ts'

const shared = useEngine()

describe('on the canvas', { timeout: 60_000 }, () => {
  const crud = useApplication('crud', () => shared.engine)

  it('A112 a first data source is created', async () => {
    await addExternal(crud.page, 'Redis', { host: '127.0.0.1', port: 1 })
    await rename(crud.page, 'first')
    await deploy(crud.page)
    expect(await crud.objects()).toEqual(['datasource.binnacle.dev/first'])
  })

  it('A113 a second data source is created', async () => {
    await addExternal(crud.page, 'Redis', { host: '127.0.0.1', port: 1 })
    await rename(crud.page, 'second')
    await deploy(crud.page)
    await expectNodes(crud.page, 'first', 'second')
  })

  it('A114 a first service is created', async () => {
    await addService(crud.page, 'web')
    await deploy(crud.page)
    expect(await crud.field('microservice/web', '.spec.image')).toBe('shop/api:1.0.0')
  })

  it('A115 a second service is created', async () => {
    await addService(crud.page, 'api')
    await deploy(crud.page)
    await expectNodes(crud.page, 'api', 'first', 'second', 'web')
  })

  it('A88 A116 a wire joins a service and a data source, and a reload keeps it', async () => {
    const { page } = crud
    await page.getByRole('button', { name: 'Fit to screen' }).click()
    await drawWire(page, 'web', 'first')
    await expectWires(page, 'web is bound to first')
    await deploy(page)
    expect(await crud.field('microservice/web', '.spec.bindings[*].name')).toBe('first')
    await reload(page)
    await expectWires(page, 'web is bound to first')
  })

  it('A117 both ends are renamed: the wire survives, and a reload keeps all', async () => {
    const { page } = crud
    await pick(page, 'first')
    await rename(page, 'cache')
    await pick(page, 'web')
    await rename(page, 'site')
    await deploy(page)
    await expectNodes(page, 'api', 'cache', 'second', 'site')
    await expectWires(page, 'site is bound to cache')
    await reload(page)
    await expectWires(page, 'site is bound to cache')
    expect(await crud.field('microservice/site', '.spec.bindings[*].name')).toBe('cache')
  })

  it('A118 the wire is led to another data source, and a reload keeps it', async () => {
    const { page } = crud
    await page.getByRole('button', { name: 'Fit to screen' }).click()
    await leadWire(page, 'second')
    await expectWires(page, 'site is bound to second')
    await deploy(page)
    await reload(page)
    await expectWires(page, 'site is bound to second')
    expect(await crud.field('microservice/site', '.spec.bindings[*].name')).toBe('second')
  })

  it('A119 the wire is led to another service, and a reload keeps it', async () => {
    const { page } = crud
    await leadBeginning(page, 'site is bound to second', 'api')
    await expectWires(page, 'api is bound to second')
    await deploy(page)
    await reload(page)
    await expectWires(page, 'api is bound to second')
    expect(await crud.field('microservice/api', '.spec.bindings[*].name')).toBe('second')
    expect(await crud.field('microservice/site', '.spec.bindings')).toBe('')
    // And back, without a mouse.
    await pick(page, 'second', 'Overview')
    await page.getByRole('button', { name: 'Begin the wire of api to second elsewhere' }).press('Enter')
    await page.getByRole('option', { name: /^site/ }).waitFor()
    await page.keyboard.type('site')
    await page.keyboard.press('Enter')
    await expectWires(page, 'site is bound to second')
    await deploy(page)
  })

  it('A120 a service that is removed takes its wires along', async () => {
    const { page } = crud
    await remove(page, 'site')
    await deploy(page)
    await expectNodes(page, 'api', 'cache', 'second')
    await expectWires(page)
  })

  it('A121 a data source that is removed takes its wires along', async () => {
    const { page } = crud
    await drawWire(page, 'api', 'cache')
    await deploy(page)
    await remove(page, 'cache')
    await deploy(page)
    await expectNodes(page, 'api', 'second')
    await expectWires(page)
    expect(await crud.field('microservice/api', '.spec.bindings')).toBe('')
    await reload(page)
    await expectNodes(page, 'api', 'second')
  })

  it('leaves the page without a complaint', () => {
    expect(crud.complaints).toEqual([])
  })
})

describe('in the form beside it', { timeout: 60_000 }, () => {
  const form = useApplication('form', () => shared.engine)

  it('A122 data sources are created', async () => {
    for (const name of ['first', 'second']) {
      await addExternal(form.page, 'PostgreSQL', { host: '127.0.0.1', port: 1 })
      await rename(form.page, name)
    }
    await deploy(form.page)
    await expectNodes(form.page, 'first', 'second')
  })

  it('A123 services are created', async () => {
    await addService(form.page, 'web')
    await addService(form.page, 'api')
    await deploy(form.page)
    await expectNodes(form.page, 'api', 'first', 'second', 'web')
  })

  it('A124 a data source that is named in the form of a service draws the wire', async () => {
    const { page } = form
    await pick(page, 'web', 'Settings')
    await addField(page, 'Bindings')
    await fieldset(page, 'Bindings').getByLabel('Name').fill('first')
    await expectWires(page, 'web is bound to first')
    await deploy(page)
    await reload(page)
    await expectWires(page, 'web is bound to first')
  })

  it('A125 both are renamed: the wire survives', async () => {
    const { page } = form
    await pick(page, 'first')
    await rename(page, 'ledger')
    await pick(page, 'web')
    await rename(page, 'site')
    await deploy(page)
    await expectWires(page, 'site is bound to ledger')
  })

  it('A126 another data source in the form moves the wire', async () => {
    const { page } = form
    await pick(page, 'site', 'Settings')
    await fieldset(page, 'Bindings').getByLabel('Name').fill('second')
    await expectWires(page, 'site is bound to second')
    await deploy(page)
    expect(await form.field('microservice/site', '.spec.bindings[*].name')).toBe('second')
  })

  it('A127 none in the form takes the wire away, and another service gets it', async () => {
    const { page } = form
    await pick(page, 'site', 'Settings')
    await fieldset(page, 'Bindings').getByRole('button', { name: 'Remove second' }).click()
    await expectWires(page)
    await drawWire(page, 'api', 'second')
    await deploy(page)
    await reload(page)
    await expectWires(page, 'api is bound to second')
    expect(await form.field('microservice/site', '.spec.bindings[*].name')).toBe('')
  })

  it('leaves the page without a complaint', () => {
    expect(form.complaints).toEqual([])
  })
})

/** Takes the only wire by its end, and lets it go over another node. */
async function leadWire(page: Page, to: string): Promise<void> {
  const handle = nodeNamed(page, to).locator('.react-flow__handle.target')
  await handle.hover()
  const over = await handle.boundingBox()
  await page.locator('.react-flow__edgeupdater-target').hover()
  if (over === null) throw new Error(`${to} is not on the screen`)
  await page.mouse.down()
  await page.mouse.move(over.x + over.width / 2, over.y + over.height / 2, { steps: 16 })
  await page.mouse.up()
}
