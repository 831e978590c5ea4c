import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parseObjects, pathOf, readProject } from '../../src/deploy/documents.ts'

const app = 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'binnacle-documents-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

describe('where an object is written', () => {
  const [first, second] = parseObjects(
    `${app}---\napiVersion: binnacle.dev/v1alpha1\nkind: Microservice\nmetadata: {name: web}\nspec:\n  ports:\n    - name: http\n      port: 80\n  env:\n    - name: A\n    - name: B\n      value: b\n`,
    'app.yaml',
  )

  it.each([
    ['metadata.name', 8],
    ['spec.ports[0].port', 12],
    ['spec.env[B].value', 16],
    ['spec.env[1]', 15],
    ['spec.replicas', 9],
    ['', 6],
  ])('%s stands, or would stand, on line %i', (field, line) => {
    expect(second?.lineOf(field)).toBe(line)
  })

  it('counts the lines of the whole file', () => {
    expect(first?.lineOf('metadata.name')).toBe(4)
  })
})

it('reads a field path into its steps', () => {
  expect(pathOf('spec.ports[0].name')).toEqual(['spec', 'ports', 0, 'name'])
  expect(pathOf('metadata.labels[app.kubernetes.io/name]')).toEqual(['metadata', 'labels', 'app.kubernetes.io/name'])
})

describe('a text that is no project is refused with its line', () => {
  it.each([
    ['a: [', /^app\.yaml:\d+: not YAML: /],
    ['- a\n- b\n', /^app\.yaml:1: this document is no object/],
    ['kind: Pod\n', /^app\.yaml:1: apiVersion: is missing/],
    ['apiVersion: v1\nkind: Pod\nmetadata:\n  labels: {}\n', /^app\.yaml:3: metadata\.name: is missing/],
  ])('%j', (text, message) => {
    expect(() => parseObjects(text, 'app.yaml')).toThrow(message)
  })
})

it('takes members of a List for objects of their own', () => {
  const list = 'apiVersion: v1\nkind: List\nitems:\n  - {apiVersion: v1, kind: ConfigMap, metadata: {name: a}}\n'
  const [only] = parseObjects(list, 'list.yaml')
  expect(only?.object.kind).toBe('ConfigMap')
  expect(only?.lineOf('metadata.name')).toBe(4)
})

describe('a folder', () => {
  const put = async (name: string, text: string): Promise<void> => {
    await mkdir(join(folder, name, '..'), { recursive: true })
    await writeFile(join(folder, name), text)
  }

  it('is read in the order of file names, with its environments, and without the files of other tools', async () => {
    await put('b.yaml', app.replace('name: a', 'name: b'))
    await put('a.yml', app)
    await put('package.json', '{"name": "x"}')
    await put('docker-compose.yaml', 'services: {}')
    await put('web/inner.yaml', 'not: ours')
    await put('environments/dev.yaml', app.replace('name: a', 'name: dev'))
    const found = await readProject(folder)
    expect(found.map(({ object }) => object.metadata.name)).toEqual(['a', 'b', 'dev'])
  })

  it('may not have one object twice', async () => {
    await put('a.yaml', `${app}---\n${app}`)
    await expect(readProject(folder)).rejects.toThrow(
      /a\.yaml:9: metadata\.name: ConfigMap a is in .*a\.yaml:4 already/,
    )
  })

  it('without objects says how to begin', async () => {
    await expect(readProject(folder)).rejects.toThrow(/holds no objects: .*`binnacle init`/)
  })
})
