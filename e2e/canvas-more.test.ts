// What the Canvas does besides the walk: swaps, releases, other people's objects, rights, and what never leaves the machine.

import { spawn } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CanvasPage, closeBrowser, nodeNamed, openCanvas, openLink } from './browser.ts'
import { type TestEngine, end, firstLine, main, startEngine } from './support.ts'

/** Nothing of it runs: what is tested is what is shown and written. */
const application = (namespace: string, image = 'shop/api:1.0.0'): string => `
apiVersion: binnacle.dev/v1alpha1
kind: Application
metadata: {name: more, namespace: ${namespace}}
spec: {}
---
apiVersion: binnacle.dev/v1alpha1
kind: DataSource
metadata:
  namespace: ${namespace}
  name: old
  labels: {app.kubernetes.io/part-of: more}
  annotations: {binnacle.dev/position: "480,0"}
spec: {type: redis, external: {host: old.example.com}}
---
apiVersion: binnacle.dev/v1alpha1
kind: DataSource
metadata:
  namespace: ${namespace}
  name: new
  labels: {app.kubernetes.io/part-of: more}
  annotations: {binnacle.dev/position: "520,240"}
spec: {type: redis, external: {host: new.example.com}}
---
apiVersion: binnacle.dev/v1alpha1
kind: Microservice
metadata:
  namespace: ${namespace}
  name: api
  labels: {app.kubernetes.io/part-of: more}
  annotations: {binnacle.dev/position: "0,0"}
spec: {image: '${image}', replicas: 0, ports: [{name: http, port: 80}], bindings: [{name: old}]}
`

const foreign = `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: fence, namespace: any}
spec: {podSelector: {matchLabels: {app.kubernetes.io/name: api}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: theirs, namespace: any}
spec:
  replicas: 0
  selector: {matchLabels: {app: theirs}}
  template:
    metadata: {labels: {app: theirs}}
    spec: {containers: [{name: main, image: 'theirs:1', env: [{name: API, value: 'http://api'}]}]}
`

let engine: TestEngine

beforeAll(async () => {
  engine = await startEngine('--canvas-port', '0')
}, 60_000)

afterAll(async () => {
  await closeBrowser()
  await engine[Symbol.asyncDispose]()
})

async function prepared(namespace: string): Promise<void> {
  await engine.kubectl('create', 'namespace', namespace)
  await engine.apply(application(namespace))
}

async function opened(namespace: string, query = '', link?: string): Promise<CanvasPage> {
  const path = `/?ns=${namespace}&app=more${query}`
  const canvas = await (link === undefined ? openCanvas(engine, path) : openLink(link, path))
  await nodeNamed(canvas.page, 'api').waitFor()
  return canvas
}

async function deployed(page: Page, revision: number): Promise<void> {
  await page.getByText(`Release ${revision} is deployed`).waitFor()
}

async function bindings(namespace: string): Promise<string> {
  return engine.kubectl('get', 'microservice', 'api', '-n', namespace, '-o', 'jsonpath={.spec.bindings}')
}

async function middleOf(page: Page, node: string): Promise<{ x: number; y: number }> {
  const box = await nodeNamed(page, node).boundingBox()
  if (box === null) throw new Error(`${node} is not on the screen`)
  return { x: box.x + box.width / 2, y: box.y + box.height / 2 }
}

/** Places are kept in whole units of the graph. */
async function isNear(page: Page, node: string, { x, y }: { x: number; y: number }): Promise<boolean> {
  const middle = await middleOf(page, node)
  return Math.hypot(middle.x - x, middle.y - y) < 3
}

/** The line of the wire begins at the one's handle and ends at the other's. */
async function wireMeets(page: Page, from: string, to: string): Promise<void> {
  const handles = await Promise.all([
    nodeNamed(page, from).locator('.react-flow__handle.source').boundingBox(),
    nodeNamed(page, to).locator('.react-flow__handle.target').boundingBox(),
  ])
  const selector = `.react-flow__edge[aria-label*="${from} is bound to ${to}"] path.wire`
  // A straight one has no height.
  await page.locator(selector).waitFor({ state: 'attached' })
  const ends = await page.evaluate<{ x: number; y: number }[]>(`(() => {
    const path = document.querySelector(${JSON.stringify(selector)})
    return [0, path.getTotalLength()].map((length) => {
      const { x, y } = path.getPointAtLength(length).matrixTransform(path.getScreenCTM())
      return { x, y }
    })
  })()`)
  for (const [index, end] of ends.entries()) {
    const handle = handles[index]
    if (handle === null || handle === undefined) throw new Error('a handle is not on the screen')
    expect(Math.abs(end.y - (handle.y + handle.height / 2))).toBeLessThan(1.5)
    expect(end.x).toBeGreaterThan(handle.x - 1.5)
    expect(end.x).toBeLessThan(handle.x + handle.width + 1.5)
  }
}

describe('on the Canvas', () => {
  it('a wire is led to another data source, and its variables keep their names', async () => {
    await prepared('swap')
    await using canvas = await opened('swap')
    const { page } = canvas
    // Beside the handle, at the end of the wire. Hovering waits until nothing moves any more.
    await nodeNamed(page, 'old').locator('.react-flow__handle.target').hover()
    const handle = await nodeNamed(page, 'old').locator('.react-flow__handle.target').boundingBox()
    const other = await nodeNamed(page, 'new').boundingBox()
    if (handle === null || other === null) throw new Error('the nodes are not on the screen')
    await page.mouse.move(handle.x - 16, handle.y + handle.height / 2)
    await page.mouse.down()
    await page.mouse.move(other.x + 80, other.y + 30, { steps: 12 })
    await page.mouse.up()
    await page.getByText('2 staged changes').waitFor()
    await page.keyboard.press('Shift+Enter')
    await deployed(page, 1)
    expect(JSON.parse(await bindings('swap'))).toEqual([{ name: 'new', prefix: 'OLD' }])
    // And back, without a mouse.
    await nodeNamed(page, 'api').click()
    await page.getByRole('button', { name: 'Lead the wire of api to new elsewhere' }).press('Enter')
    await page.getByRole('option', { name: 'old' }).waitFor()
    await page.keyboard.type('old')
    await page.keyboard.press('Enter')
    await page.keyboard.press('Shift+Enter')
    await deployed(page, 2)
    expect(JSON.parse(await bindings('swap'))).toEqual([{ name: 'old', prefix: 'OLD' }])
    expect(canvas.complaints).toEqual([])
  })

  it('a node is in the hand while it is dragged, and its wires end where it is let go', async () => {
    await prepared('hand')
    await using canvas = await opened('hand')
    const { page } = canvas
    const { x, y } = await middleOf(page, 'old')
    await page.mouse.move(x, y)
    await page.mouse.down()
    // A drag begins where the mouse has moved first.
    await page.mouse.move(x, y + 2)
    for (const to of [42, 82, 122]) await page.mouse.move(x, y + to, { steps: 4 })
    await expect.poll(() => isNear(page, 'old', { x, y: y + 120 })).toBe(true)
    // What its wires look like meanwhile is drawn, not laid out.
    await page.locator('canvas.held-wires').waitFor()
    expect(await page.locator('.react-flow__edge[aria-label*="api is bound to old"]').count()).toBe(0)
    await page.mouse.up()
    await wireMeets(page, 'api', 'old')
    expect(await isNear(page, 'old', { x, y: y + 120 })).toBe(true)
    // To and fro, and let go where it was.
    await page.mouse.down()
    await page.mouse.move(x, y + 124)
    await page.mouse.move(x + 60, y + 60, { steps: 6 })
    await page.mouse.move(x, y + 124, { steps: 6 })
    await page.mouse.up()
    await wireMeets(page, 'api', 'old')
    expect(await isNear(page, 'old', { x, y: y + 120 })).toBe(true)
    expect(canvas.complaints).toEqual([])
  })

  it('a release of the command line is compared, and brought back in one press', async () => {
    await engine.kubectl('create', 'namespace', 'back')
    const file = join(engine.data, 'more.yaml')
    for (const image of ['shop/api:1.0.0', 'shop/api:2.0.0']) {
      await writeFile(file, application('back', image))
      await engine.binnacle('deploy', file, '-n', 'back', '--no-wait')
    }
    await using canvas = await opened('back')
    const { page } = canvas
    await page.getByRole('button', { name: 'Releases · r2' }).click()
    const dialog = page.getByRole('dialog', { name: 'Releases' })
    await dialog.getByRole('button', { name: 'Changes' }).first().click()
    expect(await dialog.locator('.comparison').innerText()).toMatch(/image[^]*shop\/api:1\.0\.0[^]*shop\/api:2\.0\.0/)
    await dialog.getByRole('button', { name: 'Roll back now' }).click()
    await deployed(page, 3)
    const images = ['-o', 'jsonpath={.items[*].spec.image}']
    expect(await engine.kubectl('get', 'microservices', '-n', 'back', ...images)).toBe('shop/api:1.0.0')
    expect(canvas.complaints).toEqual([])
  })

  it('any kind of object is shown when it is asked for, with the wires that its fields say', async () => {
    await prepared('any')
    await engine.apply(foreign)
    await using canvas = await opened('any')
    const { page } = canvas
    await nodeNamed(page, 'theirs').waitFor()
    expect(await page.locator('.react-flow__edge[aria-label*="theirs calls api"]').count()).toBe(1)
    await page.getByRole('button', { name: 'More' }).click()
    await page.getByRole('menuitem', { name: 'Show other objects' }).click()
    await page.keyboard.type('networkpol')
    await page.getByRole('option', { name: /^NetworkPolicy/ }).click()
    await page.keyboard.press('Escape')
    await nodeNamed(page, 'fence').waitFor()
    // The address says it too.
    await page.reload()
    await nodeNamed(page, 'fence').waitFor()
    expect(canvas.complaints).toEqual([])
  })

  it('what somebody else deletes while it is selected leaves no empty side', async () => {
    await prepared('gone')
    await using canvas = await opened('gone')
    const { page } = canvas
    await nodeNamed(page, 'new').click()
    await page.getByRole('complementary', { name: 'Inspector' }).getByRole('heading', { name: 'new' }).waitFor()
    await engine.kubectl('delete', 'datasource', 'new', '-n', 'gone')
    await page.locator('.app[data-side="false"]').waitFor()
    expect(await page.getByRole('complementary', { name: 'Inspector' }).count()).toBe(0)
    expect(canvas.complaints).toEqual([])
  })

  it('nodes are put in line, a note is written where it is seen, and both are undone', async () => {
    await prepared('line')
    await using canvas = await opened('line')
    const { page } = canvas
    await page.keyboard.press('Control+a')
    const lefts = async (): Promise<Set<number>> => {
      const boxes = await Promise.all(['old', 'new', 'api'].map((name) => nodeNamed(page, name).boundingBox()))
      return new Set(boxes.map((box) => Math.round(box?.x ?? 0)))
    }
    expect((await lefts()).size).toBe(3)
    await page.getByRole('button', { name: 'Align left edges' }).click()
    await expect.poll(async () => (await lefts()).size).toBe(1)
    await page.getByRole('button', { name: 'Undo' }).click()
    await expect.poll(async () => (await lefts()).size).toBe(3)
    await page.getByRole('button', { name: 'Note' }).click()
    const field = page.getByRole('textbox', { name: 'Note' })
    await expect.poll(() => field.evaluate((element) => element.matches(':focus'))).toBe(true)
    await page.keyboard.type('Ask Kim')
    await page.keyboard.press('Escape')
    await page.getByText('Ask Kim').waitFor()
    await page.getByRole('button', { name: 'Undo' }).click()
    await page.getByText('Ask Kim').waitFor({ state: 'detached' })
    expect(canvas.complaints).toEqual([])
  })

  it('nothing is asked of any other machine', async () => {
    await prepared('offline')
    await using canvas = await opened('offline')
    const { page } = canvas
    const { host } = new URL(page.url())
    const asked = new Set<string>()
    page.on('request', (request) => asked.add(new URL(request.url()).host))
    await page.reload()
    await nodeNamed(page, 'api').click()
    for (const tab of ['Settings', 'Variables', 'Events', 'YAML']) await page.getByRole('tab', { name: tab }).click()
    await page.locator('.cm-content').waitFor()
    await page.keyboard.press('Control+k')
    await page.getByRole('dialog').waitFor()
    expect([...asked]).toEqual([host])
  })

  it('whoever may only look is offered nothing that would be refused', { timeout: 60_000 }, async () => {
    await prepared('look')
    const { child, link } = await viewer('look')
    try {
      await using canvas = await opened('look', '&at=Microservice.binnacle.dev/look/api', link)
      const { page } = canvas
      const side = page.getByRole('complementary', { name: 'Inspector' })
      await side.getByText('You may look at this, but not change it.').waitFor()
      const offered = await side.getByRole('button').allInnerTexts()
      expect(
        offered.filter((name) => /connect|duplicate|rename|restart|remove|break|test|forward/i.test(name)),
      ).toEqual([])
      expect(await page.getByRole('button', { name: 'Ports', exact: true }).count()).toBe(0)
      await page.getByRole('tab', { name: 'Settings' }).click()
      await side.getByLabel('Image').waitFor()
      expect(await side.locator('input:enabled, select:enabled, textarea:enabled').count()).toBe(0)
      await nodeNamed(page, 'api').click()
      for (const key of ['Delete', 'Control+d', 'a', 'c']) await page.keyboard.press(key)
      expect(await page.getByRole('dialog').count()).toBe(0)
      expect(await page.locator('.banner').count()).toBe(0)
    } finally {
      await end(child, 'SIGTERM')
    }
  })
})

/** A Canvas for a service account that may read our kinds in the namespace and nothing else. */
async function viewer(namespace: string): Promise<{ child: ReturnType<typeof spawn>; link: string }> {
  await engine.kubectl('create', 'serviceaccount', 'viewer', '-n', namespace)
  const resources = ['applications', 'microservices', 'datasources', 'releases', 'environments']
  const named = resources.map((name) => `${name}.binnacle.dev`).join()
  await engine.kubectl('create', 'role', 'look', '-n', namespace, '--verb=get,list,watch', `--resource=${named}`)
  const binding = ['--role=look', `--serviceaccount=${namespace}:viewer`]
  await engine.kubectl('create', 'rolebinding', 'look', '-n', namespace, ...binding)
  const token = await engine.kubectl('create', 'token', 'viewer', '-n', namespace)
  const file = join(engine.data, 'viewer.kubeconfig')
  await writeFile(file, await readFile(engine.record.kubeconfig, 'utf8'))
  const config = (...words: string[]): Promise<string> => engine.kubectl('config', `--kubeconfig=${file}`, ...words)
  const cluster = await config('view', '--minify', '-o', 'jsonpath={.contexts[0].context.cluster}')
  await config('set-credentials', 'viewer', `--token=${token.trim()}`)
  await config('set-context', 'viewer', `--cluster=${cluster}`, '--user=viewer', `--namespace=${namespace}`)
  const flags = ['--context', 'viewer', '--kubeconfig', file, '--canvas-port', '0', '--no-browser']
  const child = spawn(process.execPath, [main, 'open', ...flags], { stdio: ['ignore', 'pipe', 'inherit'] })
  return { child, link: await firstLine(child) }
}
