// A release goes from one environment to the next on the Canvas: seen first, then deployed, with what differs there.

import { afterAll, beforeAll, expect, it } from 'vitest'
import { closeBrowser, nodeNamed, openCanvas } from './browser.ts'
import { type TestEngine, startEngine } from './support.ts'

/** Nothing of it runs: what is tested is what is written. */
const manifest = `
apiVersion: binnacle.dev/v1alpha1
kind: Application
metadata: {name: shop, namespace: shop-dev}
spec: {}
---
apiVersion: binnacle.dev/v1alpha1
kind: Environment
metadata: {name: dev, namespace: shop-dev}
spec: {application: shop, namespace: shop-dev}
---
apiVersion: binnacle.dev/v1alpha1
kind: Environment
metadata: {name: staging, namespace: shop-dev}
spec:
  application: shop
  namespace: shop-staging
  promotesFrom: dev
  overrides: [{kind: Microservice, name: api, spec: {env: [{name: STAGE, value: staging}]}}]
---
apiVersion: binnacle.dev/v1alpha1
kind: Environment
metadata: {name: production, namespace: shop-dev}
spec: {application: shop, namespace: shop-production, promotesFrom: dev, protected: true}
---
apiVersion: binnacle.dev/v1alpha1
kind: Microservice
metadata: {name: api, namespace: shop-dev, labels: {app.kubernetes.io/part-of: shop}}
spec: {image: 'shop/api:1.0.0', replicas: 0, ports: [{name: http, port: 80}]}
`

let engine: TestEngine

beforeAll(async () => {
  engine = await startEngine('--canvas-port', '0')
  await engine.kubectl('create', 'namespace', 'shop-dev')
  await engine.apply(manifest)
}, 60_000)

afterAll(async () => {
  await closeBrowser()
  await engine[Symbol.asyncDispose]()
})

it('promotes a release, with a diff', { timeout: 90_000 }, async () => {
  await using canvas = await openCanvas(engine, '/?ns=shop-dev&app=shop')
  const { page } = canvas
  const bar = page.locator('.banner')
  const details = page.getByRole('dialog', { name: 'Staged changes' })
  // A first release.
  await nodeNamed(page, 'api').locator('h3').click()
  await page.getByRole('tab', { name: 'Settings' }).click()
  await page.locator('[data-field="spec.image"] input').fill('shop/api:1.1.0')
  await bar.getByRole('button', { name: 'Deploy' }).click()
  await bar.waitFor({ state: 'detached' })
  // One environment asks for more than a press.
  await page.getByRole('button', { name: /^Environment/ }).click()
  const production = page.getByRole('menuitem', { name: /Promote r1 to production/ })
  expect(await production.getAttribute('aria-disabled')).toBe('true')
  expect(await production.innerText()).toMatch(/binnacle promote/)
  // The other shows what will come, and has nothing of it before it is deployed.
  await page.getByRole('menuitem', { name: 'Promote r1 to staging' }).click()
  await details.getByText('is created').first().waitFor()
  expect(await engine.kubectl('get', 'microservices', '-n', 'shop-staging', '-o', 'name')).toBe('')
  await details.getByRole('button', { name: 'Deploy' }).click()
  await bar.waitFor({ state: 'detached' })
  const written = async (what: string, path: string): Promise<string> =>
    engine.kubectl('get', what, '-n', 'shop-staging', '-o', `jsonpath={${path}}`)
  expect(await written('microservice/api', '.spec.image')).toBe('shop/api:1.1.0')
  expect(await written('microservice/api', '.spec.env[0].value')).toBe('staging')
  expect(await written('releases', '.items[*].spec.promotedFrom')).toBe('{"environment":"dev","revision":1}')
  // The way back from what is particular to it, for the next promotion.
  expect(await written('releases', '.items[*].metadata.annotations')).toContain('without-overrides')
  expect(canvas.complaints).toEqual([])
})
