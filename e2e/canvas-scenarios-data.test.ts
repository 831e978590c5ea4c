// Data sources of every kind: what has to be filled in, what is said of one that does not answer, its name, and its end. The
// numbers are those of e2e/scenarios.md.

import { describe, expect, it } from 'vitest'
import { nodeNamed, ready } from './browser.ts'
import {
  add,
  addExternal,
  addField,
  banner,
  deploy,
  details,
  discardAll,
  expectNodes,
  field,
  fieldset,
  pick,
  refusedName,
  reload,
  remove,
  rename,
  says,
  useApplication,
  useEngine,
} from './canvas-hand.ts'
import { hasProgram } from './support.ts'

const shared = useEngine()
const hasRedis = await hasProgram('redis-server')

/** Nothing listens there. */
const nowhere = { host: '127.0.0.1', port: 1 }
const missingHost = /is empty: fill it in/

describe('a data source that runs elsewhere', { timeout: 60_000 }, () => {
  const sources = useApplication('sources', () => shared.engine)

  /** Refused without a host, in trouble with one where nothing listens, removed without a trace. */
  async function comesAndGoes(what: string, name: string): Promise<void> {
    const { page } = sources
    await addExternal(page, what, { host: '' })
    const host = field(page, 'spec.external.host')
    await says(host.problem, missingHost)
    await says(banner(page), /1 problem to solve first/)
    await host.input.fill(nowhere.host)
    await expect.poll(() => host.problem.count()).toBe(0)
    await addField(page, 'Port', 'External')
    await field(page, 'spec.external.port').input.fill(String(nowhere.port))
    await deploy(page)
    await says(nodeNamed(page, name).locator('.trouble'), /nothing listens at .*:1; start it, or correct host and port/)
    await reload(page)
    await pick(page, name, 'Settings')
    expect(await field(page, 'spec.external.host').input.inputValue()).toBe(nowhere.host)
    await remove(page, name)
    await deploy(page)
    await page.getByRole('heading', { name: 'An empty canvas' }).waitFor()
    expect(await sources.objects()).toEqual([])
  }

  it('A11 MongoDB: needs a host, says when it is not reached, and is removed', () => comesAndGoes('MongoDB', 'mongodb'))
  it('A12 MySQL: the same', () => comesAndGoes('MySQL', 'mysql'))
  it('A13 PostgreSQL: the same', () => comesAndGoes('PostgreSQL', 'db'))
  it('A14 Redis: the same', () => comesAndGoes('Redis', 'redis'))

  it('A37 an object store is refused without a host, and saved with one', async () => {
    const { page } = sources
    await addExternal(page, 'S3', { host: '' })
    await says(field(page, 'spec.external.host').problem, missingHost)
    await field(page, 'spec.external.host').input.fill(nowhere.host)
    await rename(page, 'files')
    await deploy(page)
    expect(await sources.field('datasource/files', '.spec.external.host')).toBe(nowhere.host)
  })

  it('A38 a name is refused across types, and the object store is removed', async () => {
    const { page } = sources
    await addExternal(page, 'NATS', nowhere)
    await refusedName(page, 'files', /there is a DataSource files already/)
    await discardAll(page)
    await remove(page, 'files')
    await deploy(page)
    expect(await sources.objects()).toEqual([])
  })

  it('A98 one that is not reached is the only one in trouble, and nothing is when it is gone', async () => {
    const { page } = sources
    const { port } = new URL(shared.engine.record.canvas ?? '')
    await addExternal(page, 'Remote API', { host: '127.0.0.1', port: Number(port) })
    await field(page, 'spec.external.host').input.waitFor()
    await addField(page, 'Tls', 'External')
    await field(page, 'spec.external.tls').input.uncheck()
    await rename(page, 'good')
    await addExternal(page, 'Redis', nowhere)
    await rename(page, 'bad')
    await deploy(page)
    await ready(page, 'good', 'Ready')
    await says(nodeNamed(page, 'bad').locator('.trouble'), /nothing listens/)
    expect(await nodeNamed(page, 'good').locator('.trouble').count()).toBe(0)
    const dock = page.locator('.dock')
    await says(dock, /2 objects · 1 failing/)
    await remove(page, 'bad')
    await deploy(page)
    await says(dock, /1 object\b/)
    expect(await dock.innerText()).not.toMatch(/failing/)
    await remove(page, 'good')
    await deploy(page)
  })

  it('leaves the page without a complaint', () => {
    expect(sources.complaints).toEqual([])
  })
})

describe('a remote API', { timeout: 60_000 }, () => {
  const remote = useApplication('remote', () => shared.engine)

  it('A15 is refused without a host; saved, a reload keeps it', async () => {
    const { page } = remote
    await add(page, 'Remote API')
    await says(field(page, 'spec.external.host').problem, missingHost)
    await banner(page).getByRole('button', { name: 'Deploy' }).click()
    await says(details(page).getByRole('alert'), missingHost)
    await page.keyboard.press('Escape')
    await field(page, 'spec.external.host').input.fill('127.0.0.1')
    await deploy(page)
    await reload(page)
    await pick(page, 'remote-api', 'Settings')
    expect(await field(page, 'spec.external.host').input.inputValue()).toBe('127.0.0.1')
  })

  it('A28 is removed with the Secret from which services have its address', async () => {
    const { page } = remote
    expect(await secretNames()).toContain('remote-api-binding')
    await remove(page, 'remote-api')
    await deploy(page)
    await expect.poll(() => secretNames()).not.toContain('remote-api-binding')
  })

  it('A148 A89 is added with the settings that most have; a reload keeps it', async () => {
    const { page } = remote
    await addExternal(page, 'Remote API', { host: 'httpbin.example.com' })
    await deploy(page)
    await reload(page)
    await pick(page, 'remote-api', 'Overview')
    await says(page.locator('.side'), /httpbin\.example\.com/)
    expect(await remote.field('datasource/remote-api', '.spec.type')).toBe('http')
  })

  it('A149 a second one of the same name is refused', async () => {
    const { page } = remote
    await addExternal(page, 'Remote API', { host: 'other.example.com' })
    await says(page.locator('.side h2'), /^remote-api-2$/)
    await refusedName(page, 'remote-api', /there is a DataSource remote-api already/)
    await discardAll(page)
    await expectNodes(page, 'remote-api')
  })

  it('A150 is renamed and gets a port and a path; a reload keeps them', async () => {
    const { page } = remote
    await pick(page, 'remote-api', 'Settings')
    await addField(page, 'Port', 'External')
    await field(page, 'spec.external.port').input.fill('8443')
    await addField(page, 'Path', 'External')
    await field(page, 'spec.external.path').input.fill('/v2')
    await rename(page, 'echo')
    await deploy(page)
    await reload(page)
    await expectNodes(page, 'echo')
    await pick(page, 'echo', 'Settings')
    expect(await field(page, 'spec.external.port').input.inputValue()).toBe('8443')
    expect(await field(page, 'spec.external.path').input.inputValue()).toBe('/v2')
  })

  it('A151 a part of the address can be removed, its host cannot; a reload keeps the rest', async () => {
    const { page } = remote
    await pick(page, 'echo', 'Settings')
    const external = fieldset(page, 'External')
    await external.getByRole('button', { name: 'Remove Path' }).click()
    expect(await external.getByRole('button', { name: 'Remove Host' }).count()).toBe(0)
    await deploy(page)
    await reload(page)
    await pick(page, 'echo', 'Settings')
    await field(page, 'spec.external.port').row.waitFor()
    expect(await field(page, 'spec.external.path').row.count()).toBe(0)
    expect(await remote.field('datasource/echo', '.spec.external.path')).toBe('')
  })

  it('A152 is removed', async () => {
    const { page } = remote
    await remove(page, 'echo')
    await deploy(page)
    await page.getByRole('heading', { name: 'An empty canvas' }).waitFor()
    expect(await remote.objects()).toEqual([])
  })

  it('leaves the page without a complaint', () => {
    expect(remote.complaints).toEqual([])
  })

  async function secretNames(): Promise<string> {
    return shared.engine.kubectl('get', 'secrets', '-n', 'remote', '-o', 'jsonpath={.items[*].metadata.name}')
  }
})

const needs = hasRedis ? '' : ' (needs redis-server)'
describe.skipIf(!hasRedis)(`a data source that runs here${needs}`, { timeout: 60_000 }, () => {
  const here = useApplication('here', () => shared.engine)

  it('A9 A86 one in memory is added, saved, and ready', async () => {
    const { page } = here
    await add(page, 'Redis')
    await rename(page, 'memory')
    await deploy(page)
    await ready(page, 'memory', 'Ready')
    expect(await here.field('datasource/memory', '.spec.storage')).toBe('')
  })

  it('A29 wrong credentials are said on the node', async () => {
    const { page } = here
    const address = await here.field('datasource/memory', '.status.address')
    const [host = '', port] = address.split(':')
    const wrong = ['--from-literal=username=default', '--from-literal=password=wrong']
    await shared.engine.kubectl('create', 'secret', 'generic', 'login', '-n', 'here', ...wrong)
    await addExternal(page, 'Redis', { host, port: Number(port) })
    await addField(page, 'Credentials secret', 'External')
    const secret = field(page, 'spec.external.credentialsSecret')
    await secret.input.fill('nothing')
    await rename(page, 'locked')
    await deploy(page)
    await says(nodeNamed(page, 'locked').locator('.trouble'), /there is no Secret nothing/)
    await pick(page, 'locked', 'Settings')
    await secret.input.fill('login')
    await deploy(page)
    await says(nodeNamed(page, 'locked').locator('.trouble'), /refuses the credentials: .*correct them in the Secret/)
    await remove(page, 'locked')
    await deploy(page)
  })

  it('A10 a second one of the same name is refused, and the first is removed', async () => {
    const { page } = here
    await add(page, 'Redis')
    await refusedName(page, 'memory', /there is a DataSource memory already/)
    await discardAll(page)
    await remove(page, 'memory')
    await deploy(page)
    // What is left is the Secret that was made by hand.
    await expectNodes(page, 'login')
    expect(await here.objects()).toEqual([])
  })
})
