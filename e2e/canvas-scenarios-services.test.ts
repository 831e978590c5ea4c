// Services: how they are called, what is filled in, discarded and kept, and what a build says. The numbers are those of
// e2e/scenarios.md.

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { drawWire, nodeNamed, ready } from './browser.ts'
import {
  add,
  addExternal,
  addField,
  addService,
  addVariable,
  banner,
  deploy,
  discardAll,
  expectNodes,
  field,
  pick,
  refusedName,
  reload,
  remove,
  rename,
  says,
  useApplication,
  useEngine,
} from './canvas-hand.ts'

const sources = await mkdtemp(join(tmpdir(), 'binnacle-sources-'))
await mkdir(join(sources, 'hello'))
await writeFile(
  join(sources, 'hello', 'server.js'),
  `require('node:http').createServer((_, response) => response.end('hello')).listen(process.env.PORT)`,
)
afterAll(() => rm(sources, { recursive: true, force: true }))

const shared = useEngine('--source', sources)

describe('a service', { timeout: 60_000 }, () => {
  const names = useApplication('names', () => shared.engine)

  it('A104 begins with a name and a port of its own', async () => {
    const { page } = names
    await add(page, 'Service from an image')
    await expectNodes(page, 'service')
    expect(await field(page, 'spec.ports[http].port').input.inputValue()).toBe('80')
    await add(page, 'Service from an image')
    await expectNodes(page, 'service', 'service-2')
    await discardAll(page)
  })

  it('A107 cannot be called what no service can be called', async () => {
    const { page } = names
    await addService(page, 'web')
    await refusedName(page, 'Web_1', /must consist of lower case alphanumeric characters or '-'/)
    await expectNodes(page, 'web')
  })

  it('A108 can have an unusual name', async () => {
    const { page } = names
    await rename(page, 'x--2-y')
    await deploy(page)
    await reload(page)
    await expectNodes(page, 'x--2-y')
    expect(await names.objects()).toEqual(['microservice.binnacle.dev/x--2-y'])
  })

  it('A101 A109 cannot have the name of another, whatever that is', async () => {
    const { page } = names
    await addExternal(page, 'Remote API', { host: '127.0.0.1' })
    await rename(page, 'partner')
    await addService(page, 'web')
    await refusedName(page, 'x--2-y', /there is a Microservice x--2-y already/)
    await refusedName(page, 'partner', /there is a DataSource partner: .* choose another name/)
    await discardAll(page)
  })

  it('A105 gives its name of the moment to the variables of those that are wired to it', async () => {
    const { page } = names
    await addService(page, 'front')
    await pick(page, 'x--2-y')
    await rename(page, 'api')
    await drawWire(page, 'front', 'api')
    await deploy(page)
    await pick(page, 'front', 'Variables')
    await says(page.locator('.side'), /API_URL\s+from the wire to api/)
  })

  it('A106 A137 leaves variables that a program already reads as they are called', async () => {
    const { page } = names
    await pick(page, 'api')
    await rename(page, 'ledger')
    await deploy(page)
    await reload(page)
    await pick(page, 'front', 'Variables')
    await says(page.locator('.side'), /API_URL\s+from the wire to ledger/)
  })

  it('A110 is removed', async () => {
    const { page } = names
    await remove(page, 'ledger')
    await remove(page, 'front')
    await deploy(page)
    await page.getByRole('heading', { name: 'An empty canvas' }).waitFor()
    expect(await names.objects()).toEqual([])
  })

  it('leaves the page without a complaint', () => {
    expect(names.complaints).toEqual([])
  })
})

describe('what is filled in', { timeout: 60_000 }, () => {
  const fields = useApplication('fields', () => shared.engine)
  const variables = async (): Promise<string> => fields.field('microservice/one', '.spec.env')

  it('A135 two services are created', async () => {
    const { page } = fields
    await addService(page, 'one')
    await addService(page, 'two')
    await deploy(page)
    await expectNodes(page, 'one', 'two')
  })

  it('A138 an edit is discarded', async () => {
    const { page } = fields
    await pick(page, 'one', 'Settings')
    await field(page, 'spec.image').input.fill('shop/other:2.0.0')
    await says(banner(page), /1 staged change/)
    await discardAll(page)
    await expect.poll(() => field(page, 'spec.image').input.inputValue()).toBe('shop/api:1.0.0')
    expect(await fields.field('microservice/one', '.metadata.generation')).toBe('1')
  })

  it('A139 variables are added', async () => {
    const { page } = fields
    await pick(page, 'one', 'Variables')
    await addVariable(page, 'COLOUR', 'red')
    await addVariable(page, 'SIZE', '3')
    await deploy(page)
    expect(JSON.parse(await variables())).toEqual([
      { name: 'COLOUR', value: 'red' },
      { name: 'SIZE', value: '3' },
    ])
  })

  it('A140 their names and values are changed', async () => {
    const { page } = fields
    await page.getByLabel('Value of COLOUR').fill('blue')
    await page.getByLabel('Name', { exact: true }).nth(1).fill('WIDTH')
    await deploy(page)
    await reload(page)
    expect(await page.getByLabel('Value of COLOUR').inputValue()).toBe('blue')
    expect(JSON.parse(await variables())).toEqual([
      { name: 'COLOUR', value: 'blue' },
      { name: 'WIDTH', value: '3' },
    ])
  })

  it('A142 variables that were added and removed are discarded', async () => {
    const { page } = fields
    await page.getByRole('button', { name: 'Remove COLOUR' }).click()
    await addVariable(page, 'DEPTH', '1')
    await discardAll(page)
    await page.getByLabel('Value of COLOUR').waitFor()
    expect(await page.getByLabel('Value of DEPTH').count()).toBe(0)
  })

  it('A143 variables that were added and removed are deployed', async () => {
    const { page } = fields
    await page.getByRole('button', { name: 'Remove COLOUR' }).click()
    await addVariable(page, 'DEPTH', '1')
    await deploy(page)
    await reload(page)
    await page.getByLabel('Value of DEPTH').waitFor()
    expect(await page.getByLabel('Value of COLOUR').count()).toBe(0)
  })

  it('A141 settings of every type are made, and a reload keeps them', async () => {
    const { page } = fields
    await pick(page, 'one', 'Settings')
    await field(page, 'spec.ports[http].port').input.fill('8080')
    await field(page, 'spec.serviceType').input.selectOption('LoadBalancer')
    await addField(page, 'Termination grace period seconds')
    await field(page, 'spec.terminationGracePeriodSeconds').input.fill('5')
    await addField(page, 'Command')
    await field(page, 'spec.command').input.fill('node\nserver.js')
    await deploy(page)
    await reload(page)
    expect(await field(page, 'spec.command').input.inputValue()).toBe('node\nserver.js')
    expect(await fields.field('microservice/one', '.spec.ports[0].port')).toBe('8080')
    expect(await fields.field('microservice/one', '.spec.serviceType')).toBe('LoadBalancer')
    expect(await fields.field('microservice/one', '.spec.terminationGracePeriodSeconds')).toBe('5')
    expect(await fields.field('microservice/one', '.spec.command')).toBe('["node","server.js"]')
  })

  it('A146 fields that were removed are discarded', async () => {
    const { page } = fields
    await page.getByRole('button', { name: 'Remove Command' }).click()
    await page.getByRole('button', { name: 'Remove Termination grace period seconds' }).click()
    await discardAll(page)
    await field(page, 'spec.command').row.waitFor()
    await field(page, 'spec.terminationGracePeriodSeconds').row.waitFor()
  })

  it('A147 fields that were removed are deployed, and a reload keeps that', async () => {
    const { page } = fields
    await page.getByRole('button', { name: 'Remove Command' }).click()
    await deploy(page)
    await reload(page)
    await field(page, 'spec.terminationGracePeriodSeconds').row.waitFor()
    expect(await field(page, 'spec.command').row.count()).toBe(0)
    expect(await fields.field('microservice/one', '.spec.command')).toBe('')
  })

  it('leaves the page without a complaint', () => {
    expect(fields.complaints).toEqual([])
  })
})

describe('a service from source', { timeout: 90_000 }, () => {
  const built = useApplication('built', () => shared.engine)

  it('A95 says why its build fails', async () => {
    const { page } = built
    await add(page, 'Service from source')
    await field(page, 'spec.build.context').input.fill('nowhere')
    await rename(page, 'hello')
    await deploy(page)
    await says(nodeNamed(page, 'hello').locator('.trouble'), /there is no folder nowhere below the source folders/)
  })

  it('A96 A100 A46 runs once that is mended, and the deploy says when it is done', async () => {
    const { page } = built
    await pick(page, 'hello', 'Settings')
    await field(page, 'spec.build.context').input.fill('hello')
    await deploy(page)
    await page.locator('.toast', { hasText: 'Release 2 is deployed' }).waitFor()
    await ready(page, 'hello', 'Ready')
    expect(await nodeNamed(page, 'hello').locator('.trouble').count()).toBe(0)
    await pick(page, 'hello', 'Overview')
    await page.getByRole('button', { name: 'Send a test request' }).click()
    await says(page.locator('.side'), /Answered 200/)
  })

  it('A97 leaves no trouble behind when all is removed', async () => {
    const { page } = built
    await remove(page, 'hello')
    await deploy(page)
    await page.getByRole('heading', { name: 'An empty canvas' }).waitFor()
    expect(await page.locator('.dock').innerText()).not.toMatch(/failing/)
  })

  it('leaves the page without a complaint', () => {
    expect(built.complaints).toEqual([])
  })
})
