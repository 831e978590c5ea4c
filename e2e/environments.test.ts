// Dev, staging and production of one application: what differs in each stays there, and what is promoted is the same bytes.
// Namespaces of one engine, and another cluster.

import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { closeBrowser, openCanvas } from './browser.ts'
import { type CommandResult, type TestEngine, eventually, hasProgram, root, startEngine } from './support.ts'

const hasKubectl = await hasProgram('kubectl')

const services = ['api', 'cache', 'web', 'worker']
const environments = `
apiVersion: binnacle.dev/v1alpha1
kind: Environment
metadata: {name: dev}
spec:
  application: shop
  namespace: shop-dev
  overrides:
    - {kind: Microservice, name: web, spec: {replicas: 1, env: [{name: BANNER, value: dev}]}}
    - {kind: Microservice, name: api, spec: {replicas: 1}}
---
apiVersion: binnacle.dev/v1alpha1
kind: Environment
metadata: {name: staging}
spec:
  application: shop
  namespace: shop-staging
  promotesFrom: dev
  overrides: [{kind: Microservice, name: worker, spec: {replicas: 0}}]
---
apiVersion: binnacle.dev/v1alpha1
kind: Environment
metadata: {name: production}
spec:
  application: shop
  namespace: shop-production
  promotesFrom: staging
  protected: true
  overrides: [{kind: Microservice, name: web, spec: {replicas: 3}}]
---
apiVersion: binnacle.dev/v1alpha1
kind: Environment
metadata: {name: elsewhere}
spec:
  application: shop
  namespace: shop
  promotesFrom: production
  cluster: {kubeconfigSecret: elsewhere}
`

interface Workload {
  metadata: { name: string }
  spec: {
    replicas: number
    template: { spec: { containers: { image: string; env?: { name: string; value?: string }[] }[] } }
  }
}

describe.skipIf(!hasKubectl)('the environments of an application (needs kubectl)', { timeout: 90_000 }, () => {
  let engine: TestEngine
  let folder = ''
  const project = (): string => join(folder, 'shop')
  const done = async (...args: string[]): Promise<CommandResult> => {
    const result = await engine.binnacle(...args)
    expect({ args, code: result.code, stderr: result.code === 0 ? '' : result.stderr }).toEqual({
      args,
      code: 0,
      stderr: '',
    })
    return result
  }
  const refused = async (...args: string[]): Promise<string> => {
    const { code, stderr } = await engine.binnacle(...args)
    expect({ args, code }).toEqual({ args, code: 1 })
    return stderr.trim().split('\n').at(-1) ?? ''
  }
  const workloads = async (namespace: string, at = engine): Promise<Map<string, Workload['spec']>> => {
    const { items } = JSON.parse(await at.kubectl('get', 'deployments', '-n', namespace, '-o', 'json')) as {
      items: Workload[]
    }
    return new Map(items.map(({ metadata, spec }) => [metadata.name, spec]))
  }
  const imagesIn = async (namespace: string, at = engine): Promise<Record<string, string | undefined>> =>
    Object.fromEntries(
      [...(await workloads(namespace, at))].map(([name, { template }]) => [name, template.spec.containers[0]?.image]),
    )
  const replicasIn = async (namespace: string): Promise<Record<string, number>> =>
    Object.fromEntries([...(await workloads(namespace))].map(([name, { replicas }]) => [name, replicas]))

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'binnacle-environments-'))
    await cp(join(root, 'examples', 'shop'), project(), { recursive: true })
    await mkdir(join(project(), 'environments'))
    await writeFile(join(project(), 'environments', 'all.yaml'), environments)
    engine = await startEngine()
  }, 60_000)
  afterAll(async () => {
    await closeBrowser()
    await engine[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  })

  it('are told with the application, and have their namespaces', async () => {
    await done('deploy', project())
    await engine.kubectl(
      'wait',
      'environment',
      'dev',
      'staging',
      'production',
      '--for=condition=Ready',
      '--timeout=20s',
    )
    for (const name of ['dev', 'staging', 'production'])
      expect(await engine.kubectl('get', 'namespace', `shop-${name}`, '-o', 'name')).toBe(`namespace/shop-${name}\n`)
    expect(
      await engine.kubectl('get', 'environment', 'elsewhere', '-o', 'jsonpath={.status.conditions[0].message}'),
    ).toBe('there is no Secret elsewhere with the key kubeconfig: create it')
  })

  it('are looked for where the application is at home', async () => {
    expect(await refused('promote', 'shop', '--to', 'staging', '-n', 'shop-dev')).toMatch(
      /^binnacle: shop has no environments in the namespace shop-dev of the engine: write environments\/staging\.yaml/,
    )
  })

  it('get nothing before the one that they are promoted from', async () => {
    expect(await refused('promote', 'shop', '--to', 'staging', '--yes')).toBe(
      'binnacle: shop has no releases in environment dev: `binnacle deploy … --env dev` makes the first',
    )
    expect(await refused('promote', 'shop', '--from', 'dev', '--to', 'production', '--yes')).toMatch(
      /environment production takes releases from staging only/,
    )
  })

  it('each have what differs there, and the same images', async () => {
    await done('deploy', project(), '--env', 'dev')
    expect(await replicasIn('shop-dev')).toEqual({ api: 1, cache: 1, web: 1, worker: 1 })
    const asked = await engine.binnacle('promote', 'shop', '--to', 'staging')
    expect(asked.code).toBe(1)
    expect(asked.stderr).toContain('to promote shop release 1 from dev to staging: 5 of 5 objects change\n')
    expect(asked.stderr).toContain('nobody is here to confirm')
    expect(await replicasIn('shop-staging')).toEqual({})
    await done('promote', 'shop', '--to', 'staging', '--yes', '--note', 'tried by hand')
    await done('promote', 'shop', '--to', 'production', '--yes')
    expect(await replicasIn('shop-staging')).toEqual({ api: 2, cache: 1, web: 2, worker: 0 })
    expect(await replicasIn('shop-production')).toEqual({ api: 2, cache: 1, web: 3, worker: 1 })
    const dev = await imagesIn('shop-dev')
    expect(Object.keys(dev).toSorted()).toEqual(services)
    for (const image of Object.values(dev)) expect(image).toMatch(/@sha256:[0-9a-f]{64}$/)
    expect(await imagesIn('shop-staging')).toEqual(dev)
    expect(await imagesIn('shop-production')).toEqual(dev)
    const bannerOf = async (namespace: string): Promise<string | undefined> =>
      (await workloads(namespace)).get('web')?.template.spec.containers[0]?.env?.find(({ name }) => name === 'BANNER')
        ?.value
    expect(await bannerOf('shop-dev')).toBe('dev')
    expect(await bannerOf('shop-staging')).toBeUndefined()
  })

  it('record where a release comes from, and which one they have', async () => {
    const released = async (name: string): Promise<unknown> =>
      JSON.parse(
        await engine.kubectl('get', 'releases', '-n', `shop-${name}`, '-o', 'jsonpath={.items[0].spec.promotedFrom}'),
      )
    expect(await released('staging')).toEqual({ environment: 'dev', revision: 1 })
    expect(await released('production')).toEqual({ environment: 'staging', revision: 1 })
    expect((await done('releases', 'shop', '-n', 'shop-staging')).stdout).toContain('tried by hand')
    await eventually('the revision of each', async () => {
      const names = ['dev', 'staging', 'production']
      const all = await engine.kubectl('get', 'environments', ...names, '-o', 'jsonpath={.items[*].status.revision}')
      return all === '1 1 1' ? all : undefined
    })
  })

  it('show what a promotion changes, and nothing else does', async () => {
    const before = await imagesIn('shop-production')
    const source = join(project(), 'web', 'server.js')
    await writeFile(source, `${await readFile(source, 'utf8')}\n// The second edition.\n`)
    await done('deploy', project(), '--env', 'dev')
    const { stderr } = await done('promote', 'shop', '--to', 'staging', '--yes')
    expect(stderr).toContain('to promote shop release 2 from dev to staging: 1 of 5 objects change')
    const changed = stderr.split('\n').filter((line) => /^[-+] /.test(line))
    expect(changed.map((line) => line.replaceAll(/[0-9a-f]{64}/g, '…'))).toEqual([
      '-   image: shop/web:1.0.0@sha256:…',
      '+   image: shop/web:1.0.0@sha256:…',
    ])
    expect(await imagesIn('shop-staging')).toEqual(await imagesIn('shop-dev'))
    expect(await imagesIn('shop-production')).toEqual(before)
    expect((await imagesIn('shop-dev'))['web']).not.toBe(before['web'])
  })

  it('take an older release by its number', async () => {
    await done('promote', 'shop', '--to', 'staging', '--revision', '1', '--yes')
    expect(await imagesIn('shop-staging')).toEqual(await imagesIn('shop-production'))
    expect(await refused('promote', 'shop', '--to', 'staging', '--revision', '9', '--yes')).toBe(
      'binnacle: shop has no release 9: there are 1, 2',
    )
  })

  it('that are protected are not deployed to by accident', async () => {
    expect(await refused('deploy', project(), '--env', 'production')).toMatch(
      /to deploy to the protected environment production without being asked, add --yes$/,
    )
  })

  it('are switched on the Canvas, there and back', async () => {
    await using canvas = await openCanvas(engine, '/?ns=default&app=shop&view=outline')
    const { page } = canvas
    const pick = async (name: string): Promise<void> => {
      await page.getByRole('button', { name: /^Environment/ }).click()
      await page.getByRole('menuitem', { name: new RegExp(`^${name}`) }).click()
      await page
        .getByRole('button', { name: `Environment: ${name === 'Home' ? 'default' : name}`, exact: false })
        .waitFor()
    }
    const worker = page.getByRole('treeitem', { name: /^worker/ })
    await worker.getByText('Ready').waitFor()
    await pick('staging')
    await worker.getByText('Stopped').waitFor()
    await page.reload()
    await worker.getByText('Stopped').waitFor()
    await page.getByRole('button', { name: /^Environment: staging/ }).click()
    const elsewhere = page.getByRole('menuitem', { name: /^elsewhere/ })
    expect(await elsewhere.getAttribute('aria-disabled')).toBe('true')
    expect(await elsewhere.innerText()).toContain('another cluster')
    await page.keyboard.press('Escape')
    await pick('Home')
    await worker.getByText('Ready').waitFor()
    expect(canvas.complaints).toEqual([])
  })

  it('may be clusters of their own, which fetch images from a registry', async () => {
    expect(await refused('promote', 'shop', '--to', 'elsewhere', '--yes')).toMatch(
      /there is no Secret elsewhere in default/,
    )
    await using elsewhere = await startEngine('--runtime', 'simulated', '--no-canvas')
    const kubeconfig = `kubeconfig=${elsewhere.record.kubeconfig}`
    await engine.kubectl('create', 'secret', 'generic', 'elsewhere', `--from-file=${kubeconfig}`)
    await engine.kubectl('wait', 'environment', 'elsewhere', '--for=condition=Ready', '--timeout=20s')
    expect(await refused('promote', 'shop', '--to', 'elsewhere', '--yes')).toMatch(
      /Microservice \w+: spec\.image: environment elsewhere cannot fetch shop\/\w+:1\.0\.0@\S+: it is in the engine's store only: deploy it once more with --push REGISTRY, and promote that release$/,
    )
    await done('deploy', project(), '--env', 'dev', '--push', engine.record.registry)
    for (const name of ['staging', 'production']) await done('promote', 'shop', '--to', name, '--yes')
    const asked = await engine.binnacle('promote', 'shop', '--to', 'elsewhere')
    expect(asked.stderr).toMatch(/Namespace\/shop \(new\)/)
    expect(asked.stderr).toMatch(
      /to promote shop release \d+ from production to elsewhere, and create the namespace shop there: 6 of 6 objects change/,
    )
    expect(await elsewhere.kubectl('get', 'namespace', 'shop', '--ignore-not-found')).toBe('')
    await done('promote', 'shop', '--to', 'elsewhere', '--yes')
    const there = await imagesIn('shop', elsewhere)
    expect(there).toEqual(await imagesIn('shop-dev'))
    expect(there['web']).toContain(`${engine.record.registry}/shop/web:1.0.0@sha256:`)
  })
})
