// `binnacle deploy` and what comes after it, against a real engine with real programs: the shop answers, a bad field is
// named with its line, a rollback brings the old back, an environment is promoted, an export runs without anything of ours.

import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type TestEngine, command, eventually, hasProgram, main, root, startEngine, text } from './support.ts'

const hasKubectl = await hasProgram('kubectl')

describe.skipIf(!hasKubectl)('a project on an engine (needs kubectl)', { timeout: 90_000 }, () => {
  let engine: TestEngine
  let folder = ''
  const project = (): string => join(folder, 'shop')
  const edit = async (file: string, from: string, to: string): Promise<void> => {
    const path = join(project(), file)
    await writeFile(path, (await readFile(path, 'utf8')).replace(from, to))
  }
  const done = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await engine.binnacle(...args)
    expect({ args, code, stderr: code === 0 ? '' : stderr }).toEqual({ args, code: 0, stderr: '' })
    return stdout
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'binnacle-deploy-'))
    await cp(join(root, 'examples', 'shop'), project(), { recursive: true })
    engine = await startEngine()
  }, 60_000)
  afterAll(async () => {
    await engine[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  })

  it('is deployed, and answers', async () => {
    const said = await done('deploy', project(), '--note', 'the first')
    expect(said).toMatch(/^deployed shop release 1 to the engine \(namespace default\)$/m)
    const [, url = ''] = /^web answers at (\S+)$/m.exec(said) ?? []
    expect(await eventually('the shop', () => text(url))).toContain('Chandlery')
  })

  it('with a bad field is refused with file, line and field, and nothing changes', async () => {
    const before = await engine.kubectl('get', 'microservices', '-o', 'yaml')
    await edit('app.yaml', 'replicas: 2', 'replica: 2')
    const { code, stderr } = await engine.binnacle('deploy', project())
    await edit('app.yaml', 'replica: 2', 'replicas: 2')
    expect(code).toBe(1)
    expect(stderr).toMatch(/^binnacle: \S+app\.yaml:\d+: Microservice api: spec\.replica: unknown field: \S/m)
    expect(await engine.kubectl('get', 'microservices', '-o', 'yaml')).toBe(before)
  })

  it('shows what would change, by its exit code too', async () => {
    const none = await engine.binnacle('deploy', project(), '--diff', '--dry-run')
    expect(none).toMatchObject({ code: 0, stdout: expect.stringContaining('0 of 5 objects would change') })
    await edit('app.yaml', 'replicas: 2', 'replicas: 3')
    const some = await engine.binnacle('deploy', project(), '--diff', '--dry-run')
    expect(some.code).toBe(1)
    expect(some.stdout).toMatch(/^Microservice\/api \(changed\)$[^]*^- +replicas: 2$[^]*^\+ +replicas: 3$/m)
    await done('deploy', project())
    expect(await engine.kubectl('get', 'deployment', 'api', '-o', 'jsonpath={.spec.replicas}')).toBe('3')
  })

  it('has releases, and goes back to one', async () => {
    const [newest, first] = (await done('releases', 'shop')).split('\n').slice(1)
    expect(newest).toMatch(/^2 .*api replicas$/)
    expect(first).toMatch(/^1 .*the first/)
    expect(await done('releases', 'shop', 'diff', '1', '2')).toMatch(/^\+ +replicas: 3$/m)
    expect(await done('rollback', 'shop', '--to', '1')).toMatch(/^rolled back to release 1: shop release 3/m)
    expect(await engine.kubectl('get', 'deployment', 'api', '-o', 'jsonpath={.spec.replicas}')).toBe('2')
    expect(await engine.binnacle('rollback', 'shop', '--to', '9')).toMatchObject({
      code: 1,
      stderr: 'binnacle: shop has no release 9: there are 1, 2, 3\n',
    })
  })

  it('shows the logs of all its replicas', async () => {
    const lines = (await done('logs', 'shop', '-o', 'json')).trim().split('\n')
    const parsed = lines.map((line) => JSON.parse(line) as { time: string; pod: string; text: string })
    expect(new Set(parsed.map(({ pod }) => pod.split('-')[0]))).toEqual(new Set(['api', 'cache', 'web', 'worker']))
    expect(await done('logs', 'shop', 'cache', '--tail', '1')).toMatch(/^cache-\S+ │ /)
  })

  it('is promoted from one environment to the next with the same images', async () => {
    const environment = (name: string, further: string): string =>
      `apiVersion: binnacle.dev/v1alpha1\nkind: Environment\nmetadata: {name: ${name}}\nspec: {application: shop, namespace: shop-${name}, ${further}}\n`
    await mkdir(join(project(), 'environments'))
    const web = (replicas: number): string =>
      `overrides: [{kind: Microservice, name: web, spec: {replicas: ${replicas}}}]`
    await writeFile(join(project(), 'environments', 'dev.yaml'), environment('dev', web(1)))
    await writeFile(
      join(project(), 'environments', 'staging.yaml'),
      environment('staging', `promotesFrom: dev, ${web(0)}`),
    )
    await done('deploy', project())
    await done('deploy', project(), '--env', 'dev')
    const image = ['get', 'deployment', 'web', '-o', 'jsonpath={.spec.template.spec.containers[0].image}']
    const dev = await engine.kubectl(...image, '-n', 'shop-dev')
    expect(dev).toMatch(/^shop\/web:1\.0\.0@sha256:/)
    expect(await engine.binnacle('promote', 'shop', '--to', 'staging')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('add --yes'),
    })
    await done('promote', 'shop', '--to', 'staging', '--yes')
    expect(await engine.kubectl(...image, '-n', 'shop-staging')).toBe(dev)
    const replicas = ['get', 'deployment', 'web', '-o', 'jsonpath={.spec.replicas}']
    expect(await engine.kubectl(...replicas, '-n', 'shop-dev')).toBe('1')
    expect(await engine.kubectl(...replicas, '-n', 'shop-staging')).toBe('0')
  })

  it('is exported to YAML that runs, and to Kustomize that builds', async () => {
    const yaml = await done('export', project())
    expect(yaml).not.toContain('apiVersion: binnacle.dev')
    await engine.kubectl('create', 'namespace', 'plain')
    const env = { ...process.env, KUBECONFIG: engine.record.kubeconfig, HOME: folder }
    const applied = await command('kubectl', ['apply', '-n', 'plain', '-f', '-'], { env, input: yaml })
    expect(applied).toMatchObject({ code: 0 })
    await engine.kubectl('rollout', 'status', 'deployment', '-n', 'plain', '--timeout=40s')
    const out = join(folder, 'kustomize')
    await done('export', project(), '--format', 'kustomize', '--out', out)
    const built = await engine.kubectl('kustomize', join(out, 'overlays', 'dev'))
    expect(built).toMatch(/^ {2}namespace: shop-dev$/m)
  })

  it('is written by init, and deploys as it is', async () => {
    const name = join(folder, 'greeter')
    expect((await command(process.execPath, [main, 'init', name])).stdout).toContain(`next: binnacle deploy ${name}`)
    const [, url = ''] = /^web answers at (\S+)$/m.exec(await done('deploy', name, '-n', 'greeter')) ?? []
    expect(await eventually('the greeter', () => text(url))).toBe('Ahoy!\n')
  })

  it('that cannot become ready says why', async () => {
    const bad = join(folder, 'bad')
    await mkdir(bad)
    const service = 'apiVersion: binnacle.dev/v1alpha1\nkind: Microservice\nmetadata: {name: web}\n'
    await writeFile(join(bad, 'app.yaml'), `${service}spec: {image: 'nowhere/web:1.0.0'}\n`)
    const { code, stderr } = await engine.binnacle('deploy', bad, '-n', 'bad', '--timeout', '4')
    expect(code).toBe(1)
    expect(stderr).toMatch(/^binnacle: deployed, but not ready within 4\.0 s: Microservice web: .*(?:Image|image)/m)
  })
})
