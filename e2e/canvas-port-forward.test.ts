// Ports of pods at ports of this machine: forwarded from the inspector with the mouse and with the keyboard alone, used,
// stopped, and ended by what they lead to.

import { once } from 'node:events'
import { type Server, createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { closeBrowser, openCanvas, picture, ready } from './browser.ts'
import { type TestEngine, eventually, startEngine, text } from './support.ts'

const program = `require('node:http').createServer(({ url }, response) => response.end('api says ' + url)).listen(process.env.PORT)`

const manifest = `
apiVersion: binnacle.dev/v1alpha1
kind: Application
metadata: {name: shop}
spec: {}
---
apiVersion: binnacle.dev/v1alpha1
kind: Microservice
metadata: {name: api, labels: {app.kubernetes.io/part-of: shop}}
spec: {image: 'api:1.0.0', replicas: 2, ports: [{name: http, port: 80, targetPort: 8080}]}
---
apiVersion: v1
kind: Pod
metadata: {name: lone}
spec: {containers: [{name: main, image: 'api:1.0.0', ports: [{name: http, containerPort: 8080}]}]}
`

const api = '/?ns=default&app=shop&at=Microservice.binnacle.dev/default/api'

let engine: TestEngine
let sources: string

beforeAll(async () => {
  sources = await mkdtemp(join(tmpdir(), 'binnacle-sources-'))
  await mkdir(join(sources, 'api'))
  await writeFile(join(sources, 'api', 'package.json'), '{"name":"api","version":"1.0.0","main":"server.js"}')
  await writeFile(join(sources, 'api', 'server.js'), program)
  engine = await startEngine('--canvas-port', '0')
  const built = await engine.binnacle('build', join(sources, 'api'), '-t', 'api:1.0.0')
  expect(built.code, built.stderr).toBe(0)
  await engine.apply(manifest)
}, 90_000)

afterAll(async () => {
  await closeBrowser()
  await engine[Symbol.asyncDispose]()
  await rm(sources, { recursive: true, force: true })
})

/** `127.0.0.1:PORT`, of the first forward that is shown there. */
async function shownAddress(where: Locator): Promise<string> {
  return where
    .getByRole('link', { name: /^127\.0\.0\.1:\d+$/ })
    .first()
    .innerText()
}

async function refuses(address: string): Promise<void> {
  await eventually(`${address} is closed`, async () =>
    (await text(`http://${address}/`)) === undefined ? true : undefined,
  )
}

async function listening(): Promise<{ server: Server; port: number }> {
  const server = createServer()
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return { server, port: (server.address() as AddressInfo).port }
}

/** By Tab alone. */
async function tabTo(page: Page, target: Locator): Promise<void> {
  for (let presses = 0; presses < 80; presses++) {
    if (await target.evaluate((element) => element === element.ownerDocument.activeElement)) return
    await page.keyboard.press('Tab')
  }
  throw new Error(`Tab does not lead to ${String(target)}`)
}

it('a port of a service is forwarded with the mouse, listed, and stopped', { timeout: 90_000 }, async () => {
  await using canvas = await openCanvas(engine, api)
  const { page } = canvas
  await ready(page, 'api', '2 of 2')
  const side = page.getByRole('complementary', { name: 'Inspector' })
  const { server, port } = await listening()
  await side.getByRole('button', { name: 'Forward port 80 of api' }).click()
  const field = side.getByRole('textbox', { name: 'Local port' })
  await field.fill(String(port))
  await side.getByRole('button', { name: 'Forward', exact: true }).click()
  await side.getByText('another program on this machine has this port').waitFor()
  expect(await field.getAttribute('aria-invalid')).toBe('true')
  await picture(page, 'forward-refused')
  server.close()
  await once(server, 'close')
  await side.getByRole('button', { name: 'Forward', exact: true }).click()
  const address = await shownAddress(side)
  expect(address).toBe(`127.0.0.1:${port}`)
  expect(await text(`http://${address}/orders`)).toBe('api says /orders')
  await page.getByRole('button', { name: 'Ports', exact: true }).click()
  const panel = page.getByRole('region', { name: 'Forwarded ports' })
  const row = panel.getByRole('listitem')
  await row.getByText('Service in default, port 80').waitFor()
  expect(await shownAddress(row)).toBe(address)
  await row.getByText(/Listening · api-/).waitFor()
  await picture(page, 'forwards')
  // The Canvas of another person on this machine is the same server: it shows the same.
  await using other = await openCanvas(engine, `${api}&panel=ports`)
  await other.page
    .getByRole('region', { name: 'Forwarded ports' })
    .getByRole('button', { name: `Stop ${address}` })
    .click()
  await panel.getByText(/^Nothing is forwarded/).waitFor()
  await side.getByRole('button', { name: 'Forward port 80 of api' }).waitFor()
  await refuses(address)
  // That the port was taken is noted by the browser as an error of the request.
  expect(canvas.complaints.filter((complaint) => !complaint.includes('422'))).toEqual([])
})

it('and with the keyboard alone', { timeout: 90_000 }, async () => {
  await using canvas = await openCanvas(engine, api)
  const { page } = canvas
  await ready(page, 'api', '2 of 2')
  const side = page.getByRole('complementary', { name: 'Inspector' })
  const offer = side.getByRole('button', { name: 'Forward port 80 of api' })
  await tabTo(page, offer)
  await page.keyboard.press('Enter')
  const field = side.getByRole('textbox', { name: 'Local port' })
  await tabTo(page, field)
  await page.keyboard.type('seventy')
  await page.keyboard.press('Enter')
  await side.getByText('A number from 1 to 65535.').waitFor()
  await page.keyboard.press('Escape')
  await field.waitFor({ state: 'detached' })
  // The form alone is left, and the focus is where it came from.
  expect(await offer.evaluate((element) => element === element.ownerDocument.activeElement)).toBe(true)
  await page.keyboard.press('Enter')
  await field.waitFor()
  await page.keyboard.press('Enter')
  const address = await shownAddress(side)
  expect(await text(`http://${address}/`)).toBe('api says /')
  const link = side.getByRole('link', { name: address })
  await eventually('the focus is on the address', async () =>
    (await link.evaluate((element) => element === element.ownerDocument.activeElement)) ? true : undefined,
  )
  await page.keyboard.press('Tab')
  await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  await offer.waitFor()
  await refuses(address)
  expect(canvas.complaints).toEqual([])
})

it('a pod is forwarded at its own number, and its end is that of the forward', { timeout: 90_000 }, async () => {
  await engine.kubectl('wait', 'pod', 'lone', '--for=condition=Ready', '--timeout=60s')
  await using canvas = await openCanvas(engine, '/?ns=default&app=shop&panel=ports&at=Pod/default/lone')
  const { page } = canvas
  const side = page.getByRole('complementary', { name: 'Inspector' })
  await side.getByRole('button', { name: 'Forward port 8080 of lone' }).click()
  await side.getByRole('button', { name: 'Forward', exact: true }).click()
  const address = await shownAddress(side)
  expect(await text(`http://${address}/x`)).toBe('api says /x')
  await engine.kubectl('delete', 'pod', 'lone', '--now')
  const panel = page.getByRole('region', { name: 'Forwarded ports' })
  await panel.getByText('Ended: the Pod lone was deleted').waitFor()
  await refuses(address)
  await picture(page, 'forward-ended')
  await panel.getByRole('button', { name: `Remove ${address} from the list` }).click()
  await panel.getByText(/^Nothing is forwarded/).waitFor()
  expect(canvas.complaints).toEqual([])
})
