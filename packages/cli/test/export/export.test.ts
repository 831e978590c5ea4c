// All formats of one project with every part that is written in a way of its own.

import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Unstructured } from '@binnacle/api'
import { describe, expect, it } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { parseObjects } from '../../src/deploy/documents.ts'
import { projectOf } from '../../src/deploy/project.ts'
import { exportCredentials } from '../../src/export/credentials.ts'
import { documentsOf, writeFiles } from '../../src/export/files.ts'
import { helmFiles } from '../../src/export/helm.ts'
import { jsonPatch } from '../../src/export/json-patch.ts'
import { kustomizeFiles } from '../../src/export/kustomize.ts'
import { renderProject } from '../../src/export/render-project.ts'

const text = `
apiVersion: binnacle.dev/v1alpha1
kind: Application
metadata: {name: full}
spec: {description: 'With {{ braces }} in it'}
---
apiVersion: v1
kind: Secret
metadata: {name: key}
stringData: {token: "hush\\nhush"}
---
apiVersion: binnacle.dev/v1alpha1
kind: DataSource
metadata: {name: orders-db}
spec: {type: postgresql, storage: {size: 1Gi}}
---
apiVersion: binnacle.dev/v1alpha1
kind: DataSource
metadata: {name: cache}
spec: {type: redis}
---
apiVersion: binnacle.dev/v1alpha1
kind: DataSource
metadata: {name: mail}
spec: {type: http, external: {host: mail.example.com, path: /v1}}
---
apiVersion: binnacle.dev/v1alpha1
kind: Microservice
metadata: {name: web}
spec:
  image: shop/web:1.0.0
  replicas: 2
  ports: [{name: http, port: 80, targetPort: 8080}]
  uses: [{name: api}]
  bindings: [{name: orders-db, env: {DATABASE_URL: uri}}, {name: mail}, {name: cache}]
  env: [{name: TEMPLATE, value: '{{ .x }}'}, {name: ANSWER, value: 'yes'}]
  files: [{path: /etc/app.conf, content: "a: {{b}}\\nc: d\\n"}]
  resources: {requests: {cpu: 20m}}
  jobs: [{name: migrate, command: [node, migrate.js]}]
---
apiVersion: binnacle.dev/v1alpha1
kind: Microservice
metadata: {name: api}
spec:
  image: registry.example.com:5000/shop/api@sha256:22e03479e16d1dc96feb67ce43b0337a97ddc243ccdafe055d69f6529b872835
  autoscaling: {minReplicas: 2, maxReplicas: 5}
  ports: [{name: http, port: 80}]
  access: Wired
  storage: [{name: data, path: /data, size: 1Gi}]
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web}
spec: {rules: [{host: shop.example.com}], tls: [{hosts: [shop.example.com], secretName: tls}]}
---
apiVersion: binnacle.dev/v1alpha1
kind: Environment
metadata: {name: prod}
spec:
  application: full
  namespace: full-prod
  overrides: [{kind: Microservice, name: web, spec: {replicas: 4, image: 'shop/web:2.0.0'}}]
`
const project = projectOf(parseObjects(text, 'full.yaml'), 'full')
const credentials = exportCredentials(
  project,
  new Map([
    ['orders-db', { username: 'app', password: 'pw-db' }],
    ['cache', { username: 'app', password: 'pw-cache' }],
  ]),
)
const plain = documentsOf(renderProject(project, { namespace: 'default', credentials }).map(({ object }) => object))

const run = promisify(execFile)
const has = async (program: string): Promise<boolean> =>
  run('sh', ['-c', `command -v ${program}`]).then(
    () => true,
    () => false,
  )
const [hasHelm, hasKubectl] = await Promise.all([has('helm'), has('kubectl')])

/** As the tools read it; Secrets by their readable values, and without what a format adds for itself. */
function objectsOf(yaml: string): Map<string, object> {
  const documents = parseAllDocuments(yaml, { version: '1.1' })
  if (!Array.isArray(documents)) return new Map()
  return new Map(
    documents
      .map((document) => document.toJS() as Unstructured | null)
      .filter((object) => object !== null)
      .map((object) => [`${object.kind}/${object.metadata.name}`, comparable(object)]),
  )
}

/** A chart's pods say themselves what they began with. */
const ownRevision = /(?<=binnacle\.dev\/config-hash: )\S+/g

function comparable({ metadata, ...rest }: Unstructured): object {
  const { annotations: given = {}, ...others } = metadata
  const annotations = Object.entries(given).filter(([key]) => !key.startsWith('helm.sh/'))
  const object = { ...rest, metadata: { ...others, annotations: Object.fromEntries(annotations) } }
  if (rest.kind !== 'Secret') return object
  const {
    data = {},
    stringData = {},
    type = 'Opaque',
  } = rest as { data?: Record<string, string>; stringData?: object; type?: string }
  const read = Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()])
  return { ...object, type, data: { ...Object.fromEntries(read), ...stringData }, stringData: undefined }
}

async function written<T>(files: ReadonlyMap<string, string>, use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'binnacle-export-'))
  try {
    await writeFiles(folder, new Map(files))
    return await use(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

describe('plain YAML', () => {
  it('has no object of ours, and no namespace', () => {
    expect(plain).not.toMatch(/^apiVersion: binnacle\.dev/m)
    for (const object of objectsOf(plain).values()) expect(object).not.toHaveProperty('metadata.namespace')
  })

  it('is read alike by tools that take it for YAML 1.1', () => {
    expect(plain).toContain('value: "yes"')
  })
})

describe('Kustomize', () => {
  const files = kustomizeFiles(project, credentials)

  it('keeps values of Secrets in files that no version control takes in', () => {
    const open = [...files].filter(([path]) => !path.includes('/secrets/')).map(([, content]) => content)
    for (const value of ['hush', 'pw-db', 'pw-cache']) expect(open.join('\n')).not.toContain(value)
    expect(files.get('base/.gitignore')).toContain('secrets/')
  })

  it.skipIf(!hasKubectl)('builds to the same objects as plain YAML (needs kubectl)', async () => {
    const { stdout } = await written(files, (folder) => run('kubectl', ['kustomize', join(folder, 'base')]))
    expect(objectsOf(stdout)).toEqual(objectsOf(plain))
  })

  it.skipIf(!hasKubectl)('has an overlay for each environment (needs kubectl)', async () => {
    const { stdout } = await written(files, (folder) => run('kubectl', ['kustomize', join(folder, 'overlays', 'prod')]))
    const web = objectsOf(stdout).get('Deployment/web')
    expect(web).toMatchObject({ metadata: { namespace: 'full-prod' }, spec: { replicas: 4 } })
    expect(JSON.stringify(web)).toContain('shop/web:2.0.0')
    const jobs = [...objectsOf(stdout).keys()].filter((key) => key.startsWith('Job/'))
    expect(jobs).toHaveLength(1)
  })
})

describe('a Helm chart', () => {
  const files = helmFiles(project, { version: '1.2.3' })
  const values = ['dataSources.orders-db.password=pw-db', 'dataSources.cache.password=pw-cache', 'secrets.key.token=t']
  const flags = values.flatMap((value) => ['--set', value])

  it('holds no value of a Secret', () => {
    const all = [...files.values()].join('\n')
    for (const value of ['hush', 'pw-db', 'pw-cache', 'xMARKx', '99000000']) expect(all).not.toContain(value)
  })

  it('asks for images, replicas, resources, hosts and passwords', () => {
    expect(parseAllDocuments(files.get('values.yaml') ?? '')[0]?.toJS()).toMatchObject({
      services: {
        web: { image: { repository: 'shop/web', tag: '1.0.0' }, replicas: 2, resources: { requests: { cpu: '20m' } } },
        api: { autoscaling: { minReplicas: 2, maxReplicas: 5 } },
      },
      dataSources: { 'orders-db': { username: 'app', password: '' }, mail: { host: 'mail.example.com' } },
      hosts: { web: { host: 'shop.example.com' } },
    })
  })

  it.skipIf(!hasHelm)('lints clean (needs helm)', async () => {
    const { stdout } = await written(files, (folder) => run('helm', ['lint', '--strict', folder]))
    expect(stdout).toContain('0 chart(s) failed')
  })

  it.skipIf(!hasHelm)('renders to the same objects as plain YAML (needs helm)', async () => {
    const { stdout } = await written(files, (folder) => run('helm', ['template', 'full', folder, ...flags]))
    const [chart, yaml] = [stdout, plain].map((text) => objectsOf(text.replaceAll(ownRevision, 'known')))
    // Its value is not the project's.
    for (const objects of [chart, yaml]) objects?.delete('Secret/key')
    expect(chart).toEqual(yaml)
  })

  it.skipIf(!hasHelm)('rolls the pods that read a password when it is another (needs helm)', async () => {
    const revisions = async (password: string): Promise<(string | undefined)[]> => {
      const args = [...flags, '--set', `dataSources.cache.password=${password}`]
      const { stdout } = await written(files, (folder) => run('helm', ['template', 'full', folder, ...args]))
      return ['StatefulSet/cache', 'StatefulSet/orders-db', 'Deployment/web'].map(
        (name) => /config-hash":"(\w+)"/.exec(JSON.stringify(objectsOf(stdout).get(name)))?.[1],
      )
    }
    const [before, after] = [await revisions('one'), await revisions('two')]
    expect(before.every((revision) => revision !== undefined)).toBe(true)
    expect(after.map((revision, at) => revision === before[at])).toEqual([false, true, false])
  })

  it.skipIf(!hasHelm)('refuses by name what it is not told (needs helm)', async () => {
    await expect(written(files, (folder) => run('helm', ['template', 'full', folder]))).rejects.toThrow(
      /set (dataSources|secrets)\.[\w.-]+: it has no default/,
    )
  })
})

describe('what cannot be rendered', () => {
  const service = (spec: string): string =>
    `apiVersion: binnacle.dev/v1alpha1\nkind: Microservice\nmetadata: {name: web}\nspec:\n  ${spec}\n`

  it('is named with file, line and field', () => {
    const broken = projectOf(parseObjects(service("image: 'a:1'\n  uses:\n    - name: cash"), 'app.yaml'), 'shop')
    expect(() => renderProject(broken, { namespace: 'default' })).toThrow(
      'app.yaml:7: Microservice web: spec.uses[0]: there is no service cash',
    )
  })
})

it('patches fields with any name, and replaces lists', () => {
  expect(jsonPatch({ a: 1, 'x/y': { b: [1] }, c: 1 }, { a: 1, 'x/y': { b: [2] }, d: 1 })).toEqual([
    { op: 'replace', path: '/x~1y/b', value: [2] },
    { op: 'remove', path: '/c' },
    { op: 'add', path: '/d', value: 1 },
  ])
})
