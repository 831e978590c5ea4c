// A deploy against a real API server over a memory store, without controllers.

import { type ConfigMap, StatusError, isNotFound, systemClock } from '@binnacle/api'
import { createApiServer } from '@binnacle/apiserver'
import { type Client, type ResourceRef, configMaps, createClient, namespaces } from '@binnacle/client'
import { customResourceDefinitions } from '@binnacle/model'
import { createMemoryStore } from '@binnacle/store'
import { describe, expect, it } from 'vitest'
import { type Deployed, deploy, showDeploy, tryDeploy } from '../../src/deploy/deploy.ts'
import { parseObjects } from '../../src/deploy/documents.ts'
import { type Project, projectOf } from '../../src/deploy/project.ts'
import { projectOfRelease } from '../../src/deploy/release-project.ts'
import { listReleases } from '../../src/deploy/releases.ts'

const definitions: ResourceRef = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  resource: 'customresourcedefinitions',
  namespaced: false,
}
const microservices: ResourceRef = {
  group: 'binnacle.dev',
  version: 'v1alpha1',
  resource: 'microservices',
  namespaced: true,
}
const namespace = 'shop'

interface Cluster extends AsyncDisposable {
  client: Client
  warnings: string[]
  deploy(project: Project, options?: { prune?: boolean }): Promise<Deployed>
}

async function startCluster({ ours = true } = {}): Promise<Cluster> {
  const store = createMemoryStore()
  const server = await createApiServer({ store })
  const client = createClient(
    server.transport({ username: 'sailor', groups: ['system:masters', 'system:authenticated'] }),
  )
  if (ours) for (const definition of customResourceDefinitions()) await client.create(definitions, definition)
  const warnings: string[] = []
  const steps = { step: () => undefined, warn: (text: string) => void warnings.push(text) }
  return {
    client,
    warnings,
    deploy: (project, options = {}) =>
      deploy({ client, clock: systemClock, namespace, project, release: {}, steps, ...options }),
    async [Symbol.asyncDispose]() {
      await server.close()
      await store.close()
    },
  }
}

const service = (name: string, spec: string): string =>
  `apiVersion: binnacle.dev/v1alpha1\nkind: Microservice\nmetadata: {name: ${name}}\nspec: {${spec}}\n`
const config = (name: string, value: string): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\ndata: {key: ${value}}\n`
const project = (...documents: string[]): Project =>
  projectOf(parseObjects(documents.join('---\n'), 'app.yaml'), 'shop')

const configOf = async ({ client }: Cluster, name: string): Promise<string | undefined> =>
  (await client.get<ConfigMap>(configMaps, { namespace, name })).data?.['key']

it('makes the namespace, applies the objects and records who deployed what', async () => {
  await using cluster = await startCluster()
  const { release } = await cluster.deploy(project(service('web', "image: 'shop/web:1.0.0'"), config('a', 'one')))
  expect(release?.spec).toMatchObject({ application: 'shop', revision: 1, author: 'sailor' })
  expect(release?.spec.resources.map(({ kind }) => kind)).toEqual(['ConfigMap', 'Application', 'Microservice'])
  expect(await configOf(cluster, 'a')).toBe('one')
})

it('names file, line and field of all that the server refuses, and changes nothing', async () => {
  await using cluster = await startCluster()
  const bad = project(
    config('a', 'one'),
    service('web', "image: 'shop/web'"),
    service('api', "image: 'a:1', replica: 2"),
  )
  await expect(cluster.deploy(bad)).rejects.toThrow(
    /^app\.yaml:9: Microservice web: spec\.image: .*explicit tag[^]*\napp\.yaml:14: Microservice api: spec\.replica: unknown field[^]*; nothing was changed$/,
  )
  await expect(configOf(cluster, 'a')).rejects.toThrow(/not found/)
  // It is the namespace controller that ends it, and none runs here.
  expect(await cluster.client.get(namespaces, { name: namespace })).toHaveProperty('metadata.deletionTimestamp')
})

it('puts back what was applied when a later object fails', async () => {
  await using cluster = await startCluster()
  await cluster.deploy(project(config('a', 'one')))
  const { client } = cluster
  // The last object is refused for real only: a dry run cannot see everything.
  const failing: Client = {
    ...client,
    patch: async (ref, key, patch) => {
      if (key.name === 'z' && patch.dryRun === undefined)
        throw new StatusError({
          kind: 'Status',
          apiVersion: 'v1',
          metadata: {},
          status: 'Failure',
          message: 'no',
          code: 500,
        })
      return client.patch(ref, key, patch)
    },
  }
  const steps = { step: () => undefined, warn: () => undefined }
  const changed = project(config('a', 'two'), config('new', 'x'), config('z', 'x'))
  const before = await client.get<ConfigMap>(configMaps, { namespace, name: 'a' })
  await expect(
    deploy({ client: failing, clock: systemClock, namespace, project: changed, release: {}, steps }),
  ).rejects.toThrow(/^app\.yaml:11: ConfigMap z: no/)
  const after = await client.get<ConfigMap>(configMaps, { namespace, name: 'a' })
  expect(after.data).toEqual(before.data)
  expect(after.metadata.managedFields?.map(({ manager }) => manager)).toEqual(['binnacle-deploy'])
  await expect(configOf(cluster, 'new')).rejects.toSatisfy(isNotFound)
  expect(await listReleases({ client, namespace, application: 'shop' })).toHaveLength(1)
})

it('lets an image take the place of sources that another wrote, and replicas that of an autoscaler', async () => {
  await using cluster = await startCluster()
  await cluster.client.create(namespaces, { metadata: { name: namespace } })
  const drawn = { build: { context: '/src' }, autoscaling: { maxReplicas: 3 } }
  await cluster.client.create(
    microservices,
    {
      apiVersion: 'binnacle.dev/v1alpha1',
      kind: 'Microservice',
      metadata: { name: 'web', namespace },
      spec: drawn,
    } as never,
    { fieldManager: 'canvas' },
  )
  await cluster.deploy(project(service('web', "image: 'shop/web:1.0.0', replicas: 2")))
  const live = await cluster.client.get(microservices, { namespace, name: 'web' })
  expect(live).toMatchObject({ spec: { image: 'shop/web:1.0.0', replicas: 2 } })
  expect(live).not.toHaveProperty('spec.build')
  expect(live).not.toHaveProperty('spec.autoscaling')
})

describe('what an earlier release had', () => {
  it('goes on and is said to, or is removed when that is asked for', async () => {
    await using cluster = await startCluster()
    await cluster.deploy(project(config('a', 'one'), config('b', 'one')))
    await cluster.deploy(project(config('a', 'one')))
    expect(cluster.warnings).toEqual(['ConfigMap/b is of an earlier release and goes on: --prune removes it'])
    await cluster.deploy(project(config('a', 'one')), { prune: true })
    await expect(configOf(cluster, 'b')).rejects.toSatisfy(isNotFound)
  })

  it('comes back with a rollback', async () => {
    await using cluster = await startCluster()
    const { release } = await cluster.deploy(project(config('a', 'one')))
    await cluster.deploy(project(config('a', 'two')))
    if (release === undefined) throw new Error('there is no release')
    await cluster.deploy(projectOfRelease(release))
    expect(await configOf(cluster, 'a')).toBe('one')
  })
})

it('shows what a deploy would change, and changes nothing', async () => {
  await using cluster = await startCluster()
  await cluster.deploy(project(config('a', 'one')))
  const steps = { step: () => undefined, warn: () => undefined }
  const tried = await tryDeploy({ client: cluster.client, namespace, project: project(config('a', 'two')), steps })
  const { text, count } = showDeploy(tried, [], process.stdout)
  expect(count).toBe(1)
  expect(text).toMatch(/ConfigMap\/a \(changed\)[^]*- +key: one[^]*\+ +key: two/)
  expect(await configOf(cluster, 'a')).toBe('one')
})

it('shows that it would create the namespace, and does not', async () => {
  await using cluster = await startCluster()
  const said: string[] = []
  const steps = { step: (text: string) => void said.push(text), warn: () => undefined }
  const tried = await tryDeploy({ client: cluster.client, namespace, project: project(config('a', 'one')), steps })
  const { text, count } = showDeploy(tried, [], process.stdout)
  expect(tried.newNamespace).toBe('shop')
  expect(count).toBe(tried.objects.length + 1)
  expect(text).toMatch(/^Namespace\/shop \(new\)\n/)
  expect(said).toEqual([
    'namespace shop is not there and will be created first: the server checks nothing in it before',
  ])
  await expect(cluster.client.get(namespaces, { name: namespace })).rejects.toSatisfy(isNotFound)
})

describe('a cluster without our kinds', () => {
  it('takes plain objects', async () => {
    await using cluster = await startCluster({ ours: false })
    const { release } = await cluster.deploy(project(config('a', 'one')))
    expect(release).toBeUndefined()
    expect(await configOf(cluster, 'a')).toBe('one')
  })

  it('is told what to run before it takes ours', async () => {
    await using cluster = await startCluster({ ours: false })
    await expect(cluster.deploy(project(service('web', "image: 'shop/web:1.0.0'")))).rejects.toThrow(
      /^app\.yaml:2: kind: the cluster does not serve Microservice in binnacle\.dev\/v1alpha1: run `binnacle install --context …`/,
    )
  })
})
