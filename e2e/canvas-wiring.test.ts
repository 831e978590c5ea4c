// Wires with the mouse and without: their beginning led elsewhere, and their end let go on a group that is collapsed.

import { describe, expect, it } from 'vitest'
import { type CanvasPage, nodeNamed, openCanvas } from './browser.ts'
import { banner, expectWires, leadBeginning, pick, useEngine } from './canvas-hand.ts'

const cluster = useEngine()

const service = (name: string, place: string, { group = '', spec = '' } = {}): string => `
---
apiVersion: binnacle.dev/v1alpha1
kind: Microservice
metadata:
  name: ${name}
  labels: {app.kubernetes.io/part-of: wiring}
  annotations: {binnacle.dev/position: "${place}"${group === '' ? '' : `, binnacle.dev/group: ${group}`}}
spec: {image: 'shop/${name}:1.0.0', replicas: 0, ports: [{name: http, port: 80}]${spec}}
`

const manifest = (namespace: string): string =>
  `
apiVersion: binnacle.dev/v1alpha1
kind: Application
metadata: {name: wiring}
spec: {}
---
apiVersion: binnacle.dev/v1alpha1
kind: DataSource
metadata:
  name: cache
  labels: {app.kubernetes.io/part-of: wiring}
  annotations: {binnacle.dev/position: "560,0", binnacle.dev/group: back}
spec: {type: redis, external: {host: cache.example.com}}
${service('web', '0,0', { spec: ', uses: [{name: api, prefix: BACKEND}], bindings: [{name: cache}]' })}
${service('shop', '0,200')}
${service('api', '560,200', { group: 'back' })}`
    .replaceAll('metadata:\n', `metadata:\n  namespace: ${namespace}\n`)
    .replace('{name: wiring}', `{name: wiring, namespace: ${namespace}}`)

async function opened(namespace: string): Promise<CanvasPage> {
  await cluster.engine.kubectl('create', 'namespace', namespace)
  await cluster.engine.apply(manifest(namespace))
  const query = new URLSearchParams({ ns: namespace, app: 'wiring' })
  const canvas = await openCanvas(cluster.engine, `/?${query.toString()}`)
  await canvas.page.getByRole('button', { name: 'Fit to screen' }).click()
  await expectWires(canvas.page, 'web uses api', 'web is bound to cache')
  return canvas
}

describe('the beginning of a wire', { timeout: 60_000 }, () => {
  it('is led elsewhere with the mouse, also where several begin, with what is said of it', async () => {
    await using canvas = await opened('beginning')
    const { page, complaints } = canvas
    await leadBeginning(page, 'web uses api', 'shop')
    await expectWires(page, 'shop uses api', 'web is bound to cache')
    await page.keyboard.press('Shift+Enter')
    await banner(page).waitFor({ state: 'detached' })
    const path = 'jsonpath={.spec.uses}'
    const read = (name: string): Promise<string> =>
      cluster.engine.kubectl('get', 'microservice', name, '-n', 'beginning', '-o', path)
    expect(await read('shop')).toBe('[{"name":"api","prefix":"BACKEND"}]')
    expect(await read('web')).toBe('')
    await page.reload()
    await expectWires(page, 'shop uses api', 'web is bound to cache')

    await leadBeginning(page, 'web is bound to cache', 'api')
    await expectWires(page, 'shop uses api', 'api is bound to cache')
    await page.getByRole('button', { name: 'Undo' }).click()
    await expectWires(page, 'shop uses api', 'web is bound to cache')
    // What cannot be says why, and the wire stays.
    await leadBeginning(page, 'shop uses api', 'cache')
    await page.getByRole('alert').filter({ hasText: 'draw it the other way: api is what needs cache' }).waitFor()
    await expectWires(page, 'shop uses api', 'web is bound to cache')
    expect(complaints).toEqual([])
  })

  it('is led elsewhere without a mouse, from the list of wires', async () => {
    await using canvas = await opened('keys')
    const { page } = canvas
    await pick(page, 'api', 'Overview')
    await page.getByRole('button', { name: 'Begin the wire of web to api elsewhere' }).press('Enter')
    await page.getByRole('option', { name: /^shop/ }).waitFor()
    await page.keyboard.type('shop')
    await page.keyboard.press('Enter')
    await expectWires(page, 'shop uses api', 'web is bound to cache')
    await page.getByRole('button', { name: 'Undo' }).click()
    await expectWires(page, 'web uses api', 'web is bound to cache')
    expect(await banner(page).count()).toBe(0)
  })
})

describe('a wire let go on a collapsed group', { timeout: 60_000 }, () => {
  it('asks which of its members is meant', async () => {
    await using canvas = await opened('group')
    const { page, complaints } = canvas
    await page.getByRole('button', { name: 'back', exact: true }).click()
    const group = page.locator('.folded')
    await nodeNamed(page, 'shop').locator('.react-flow__handle.source').hover()
    const box = await group.boundingBox()
    if (box === null) throw new Error('the group is not on the screen')
    await page.mouse.down()
    await page.mouse.move(box.x + box.width / 2, box.y + box.height - 12, { steps: 12 })
    await group.and(page.locator('[data-target=legal]')).waitFor()
    await page.mouse.up()
    const dialog = page.getByRole('dialog', { name: 'Connect shop to a node in back' })
    await expect.poll(() => dialog.getByRole('option').locator('b').allInnerTexts()).toEqual(['api', 'cache'])
    await page.keyboard.type('cache')
    await page.keyboard.press('Enter')
    await dialog.waitFor({ state: 'detached' })
    await page.getByRole('button', { name: 'back', exact: true }).click()
    await expectWires(page, 'web uses api', 'web is bound to cache', 'shop is bound to cache')
    expect(complaints).toEqual([])
  })
})
