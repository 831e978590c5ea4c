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
spec: {application: shop, namespace: shop-production, promotesFrom: staging, protected: true}
---
apiVersion: binnacle.dev/v1alpha1
kind: Environment
metadata: {name: elsewhere, namespace: shop-dev}
spec: {application: shop, namespace: shop, promotesFrom: dev, cluster: {context: other}}
---
apiVersion: binnacle.dev/v1alpha1
kind: Microservice
metadata: {name: api, namespace: shop-dev, labels: {app.kubernetes.io/part-of: shop}}
spec: {image: 'shop/api:1.0.0', replicas: 0, ports: [{name: http, port: 80}]}
`

let engine: TestEngine

const writtenIn = (namespace: string, what: string, path: string): Promise<string> =>
  engine.kubectl('get', what, '-n', namespace, '-o', `jsonpath={${path}}`)

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
  await page.getByRole('button', { name: /^Environment/ }).click()
  const elsewhere = page.getByRole('menuitem', { name: /Promote r1 to elsewhere/ })
  expect(await elsewhere.getAttribute('aria-disabled')).toBe('true')
  expect(await elsewhere.innerText()).toContain('cluster other: binnacle promote')
  // What will come is shown, and nothing of it is there before it is deployed.
  await page.getByRole('menuitem', { name: 'Promote r1 to staging' }).click()
  await details.getByText('is created').first().waitFor()
  expect(await engine.kubectl('get', 'microservices', '-n', 'shop-staging', '-o', 'name')).toBe('')
  await details.getByRole('button', { name: 'Deploy' }).click()
  await bar.waitFor({ state: 'detached' })
  const written = (what: string, path: string): Promise<string> => writtenIn('shop-staging', what, path)
  expect(await written('microservice/api', '.spec.image')).toBe('shop/api:1.1.0')
  expect(await written('microservice/api', '.spec.env[0].value')).toBe('staging')
  expect(await written('releases', '.items[*].spec.promotedFrom')).toBe('{"environment":"dev","revision":1}')
  // The way back from what is particular to it, for the next promotion.
  expect(await written('releases', '.items[*].metadata.annotations')).toContain('without-overrides')
  expect(canvas.complaints).toEqual([])
})

it('asks for the name of a protected environment, at a promotion and at an edit', { timeout: 90_000 }, async () => {
  await using canvas = await openCanvas(engine, '/?ns=shop-staging&app=shop&home=shop-dev')
  const { page } = canvas
  const bar = page.locator('.banner')
  const question = page.getByRole('dialog', { name: 'Deploy to production?' })
  const name = question.getByLabel('Type production to deploy')
  const deploy = question.getByRole('button', { name: 'Deploy' })
  await page.getByRole('button', { name: /^Environment: staging/ }).click()
  const production = page.getByRole('menuitem', { name: /Promote r1 to production/ })
  expect(await production.innerText()).toContain('protected')
  await production.click()
  const details = page.getByRole('dialog', { name: 'Staged changes' })
  await details.getByText('is created').first().waitFor()
  await details.getByLabel(/^Why/).fill('tried in staging')
  await details.getByRole('button', { name: 'Deploy' }).click()
  await name.fill('staging')
  expect(await deploy.isDisabled()).toBe(true)
  expect(await engine.kubectl('get', 'microservices', '-n', 'shop-production', '-o', 'name')).toBe('')
  await name.fill('production')
  await deploy.click()
  await bar.waitFor({ state: 'detached' })
  expect(await writtenIn('shop-production', 'microservice/api', '.spec.image')).toBe('shop/api:1.1.0')
  expect(await writtenIn('shop-production', 'releases', '.items[0].spec.note')).toBe('tried in staging')
  expect(await writtenIn('shop-production', 'releases', '.items[0].spec.promotedFrom.environment')).toBe('staging')
  // An edit there is asked for likewise, and can be left.
  await nodeNamed(page, 'api').locator('h3').click()
  await page.getByRole('tab', { name: 'Settings' }).click()
  await page.locator('[data-field="spec.image"] input').fill('shop/api:1.2.0')
  await bar.getByRole('button', { name: 'Deploy' }).click()
  await name.waitFor()
  await page.keyboard.press('Escape')
  await question.waitFor({ state: 'detached' })
  expect(await bar.isVisible()).toBe(true)
  await bar.getByRole('button', { name: 'Deploy' }).click()
  await name.fill('production')
  await page.keyboard.press('Enter')
  await bar.waitFor({ state: 'detached' })
  expect(await writtenIn('shop-production', 'microservice/api', '.spec.image')).toBe('shop/api:1.2.0')
  expect(canvas.complaints).toEqual([])
})
