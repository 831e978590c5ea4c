import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { loadProject } from '../src/deploy/project.ts'

const main = join(import.meta.dirname, '..', 'src', 'main.ts')

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'binnacle-import-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

function binnacle(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  // Without the programs that a machine may have.
  const env = { HOME: folder, PATH: folder, NO_COLOR: '1' }
  return new Promise((resolve) => {
    execFile(process.execPath, [main, ...args], { env, cwd: folder }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error === null ? 0 : 1, stdout, stderr })
    })
  })
}

const compose = `services:
  web:
    build: ./web
    ports: ['8080:80']
    depends_on: [api]
    privileged: true
  api:
    image: shop/api:1.0.0
    ports: ['9090']
`

it('makes a project of a Compose file that deploy reads, with the sources where they are', async () => {
  const shop = join(folder, 'shop')
  await mkdir(join(shop, 'web'), { recursive: true })
  await writeFile(join(shop, 'compose.yaml'), compose)
  const answer = await binnacle('import', 'shop', '--out', 'made')
  expect(answer).toMatchObject({ code: 0, stdout: 'wrote made/app.yaml: binnacle deploy made\n' })
  expect(answer.stderr).toMatch(/warning: not mapped: services\.web\.privileged: /)
  const { application, objects } = await loadProject(join(folder, 'made'))
  expect(application).toBe('shop')
  const web = objects.find(({ object }) => object.metadata.name === 'web')?.object
  expect(web).toMatchObject({
    kind: 'Microservice',
    spec: { build: { context: '../shop/web' }, uses: [{ name: 'api' }] },
  })
})

it('lists as JSON what it made and what not', async () => {
  await writeFile(join(folder, 'compose.yaml'), compose)
  const { stdout, stderr } = await binnacle('import', '.', '--name', 'shop', '-o', 'json')
  expect(stderr).toBe('')
  expect(JSON.parse(stdout)).toMatchObject({
    application: 'shop',
    from: 'compose',
    objects: { Application: 1, Microservice: 2 },
    unmapped: [{ path: 'services.web.privileged' }],
  })
})

it('leaves out the hooks of a rendered chart, and says so', async () => {
  const hook = 'apiVersion: v1\nkind: Pod\nmetadata: {name: probe, annotations: {helm.sh/hook: test}}\nspec: {}\n'
  const map = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n'
  await writeFile(join(folder, 'objects.yaml'), `${map}---\n${hook}`)
  const { stdout, stderr } = await binnacle('import', 'objects.yaml')
  expect(stdout).toContain('kind: ConfigMap')
  expect(stdout).not.toContain('kind: Pod')
  expect(stderr).toContain('not mapped: Pod probe: it is a hook of Helm (test)')
})

it('says what to do with a chart where helm is missing', async () => {
  await writeFile(join(folder, 'Chart.yaml'), 'name: shop\n')
  const { code, stderr } = await binnacle('import', '.')
  expect(code).toBe(1)
  expect(stderr).toMatch(
    /^binnacle: \. is a Helm chart and helm is not on the PATH: install it, or render the chart elsewhere/,
  )
})

it.each([
  [['missing'], 1, /cannot read missing: there is no such file or folder/],
  [['.'], 1, /holds no manifests/],
  [['.', '--from', 'compose'], 1, /holds no Compose file/],
  [['.', '--from', 'terraform'], 2, /Allowed choices are manifests, compose, helm/],
])('refuses %j with %i in one line', async (args, code, message) => {
  const answer = await binnacle('import', ...args)
  expect(answer).toMatchObject({ code, stdout: '', stderr: expect.stringMatching(/^binnacle: [^\n]+\n$/) })
  expect(answer.stderr).toMatch(message)
})

it('init writes a project into a new folder only', async () => {
  expect(await binnacle('init', 'shop', '--from', 'shop')).toMatchObject({ code: 0 })
  expect(await readFile(join(folder, 'shop', 'app.yaml'), 'utf8')).toContain('name: shop')
  expect((await binnacle('init', 'shop')).stderr).toMatch(
    /is not empty: choose another name, such as `binnacle init shop-2`/,
  )
  expect(await binnacle('init', 'Not_A_Name')).toMatchObject({ code: 2 })
})
