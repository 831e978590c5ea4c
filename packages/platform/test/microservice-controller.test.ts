import type { ConfigMap, Deployment, Job, Pod, Secret, Service } from '@binnacle/api'
import { configMaps, deployments, jobs, pods, secrets, services, statefulSets } from '@binnacle/client'
import { createFakeClock } from '@binnacle/testing'
import type { Application, Microservice, Release } from '@binnacle/model'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { applications, microservices, releases } from '../src/resources.ts'
import { type Fixture, readyOf, startFixture } from './fixture.ts'

const namespace = 'default'
const key = (name: string): { namespace: string; name: string } => ({ namespace, name })
const port = [{ name: 'http', port: 80 }]

describe('a Microservice', () => {
  let fixture: Fixture
  beforeEach(async () => {
    fixture = await startFixture()
  })
  afterEach(async () => {
    await fixture[Symbol.asyncDispose]()
  })

  it('becomes objects that it owns, and is Ready when its Deployment is available', async () => {
    await fixture.microservice('web', { image: 'shop/web:1.0.0', replicas: 2, ports: port })
    const made = await fixture.until<Deployment>(deployments, key('web'), () => true)
    expect(made.metadata.ownerReferences).toMatchObject([{ kind: 'Microservice', name: 'web', controller: true }])
    await fixture.deploymentIsUp('web')
    const ready = await fixture.until<Microservice>(microservices, key('web'), (one) => readyOf(one).status === 'True')
    expect(ready.status).toMatchObject({
      observedGeneration: 1,
      replicas: 2,
      readyReplicas: 2,
      image: 'shop/web:1.0.0',
    })
    expect(fixture.errors).toEqual([])
  })

  it('has its objects mended when somebody changes them, and made again when somebody deletes them', async () => {
    await fixture.microservice('web', { image: 'shop/web:1.0.0', replicas: 2, ports: port })
    await fixture.until<Deployment>(deployments, key('web'), ({ spec }) => spec?.replicas === 2)
    await fixture.client.patch(deployments, key('web'), {
      type: 'application/merge-patch+json',
      body: { spec: { replicas: 7 }, metadata: { labels: { 'app.kubernetes.io/managed-by': 'somebody' } } },
    })
    await fixture.until<Deployment>(
      deployments,
      key('web'),
      ({ spec, metadata }) => spec?.replicas === 2 && metadata.labels?.['app.kubernetes.io/managed-by'] === 'binnacle',
    )
    const { metadata } = await fixture.client.get<Service>(services, key('web'))
    await fixture.client.delete(services, key('web'))
    await fixture.until<Service>(services, key('web'), (one) => one.metadata.uid !== metadata.uid)
  })

  it('loses the objects that it is rendered to no more', async () => {
    await fixture.microservice('web', { image: 'shop/web:1.0.0', ports: port })
    await fixture.until<Deployment>(deployments, key('web'), () => true)
    await fixture.client.patch(microservices, key('web'), {
      type: 'application/merge-patch+json',
      body: { spec: { ports: null, storage: [{ name: 'data', path: '/data', size: '1Gi' }] } },
    })
    await fixture.until(statefulSets, key('web'), () => true)
    await fixture.gone(deployments, key('web'))
    await fixture.gone(services, key('web'))
  })

  it('rolls when configuration that it reads changes', async () => {
    const configuration = (value: string): ConfigMap => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'flags', namespace },
      data: { LEVEL: value },
    })
    await fixture.client.create(configMaps, configuration('1'))
    await fixture.microservice('web', { image: 'shop/web:1.0.0', envFrom: [{ configMapRef: { name: 'flags' } }] })
    const hashOf = ({ spec }: Deployment): string | undefined =>
      spec?.template.metadata?.annotations?.['binnacle.dev/config-hash']
    const before = await fixture.until<Deployment>(deployments, key('web'), (one) => hashOf(one) !== undefined)
    await fixture.client.update(configMaps, configuration('2'))
    await fixture.until<Deployment>(deployments, key('web'), (one) => hashOf(one) !== hashOf(before))
  })

  it('takes over nothing that is not its own', async () => {
    await fixture.client.create<Service>(services, {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'web', namespace },
      spec: { ports: [{ port: 81 }] },
    })
    await fixture.microservice('web', { image: 'shop/web:1.0.0', ports: port })
    const refused = await fixture.until<Microservice>(
      microservices,
      key('web'),
      (one) => readyOf(one).reason === 'NameTaken',
    )
    expect(readyOf(refused).message).toContain('Service web exists and was not made by Binnacle')
    const { spec } = await fixture.client.get<Service>(services, key('web'))
    expect(spec?.ports?.[0]?.port).toBe(81)
  })

  it('says which service is missing, and goes on when it comes', async () => {
    await fixture.microservice('web', { image: 'shop/web:1.0.0', ports: port, uses: [{ name: 'api' }] })
    const waiting = await fixture.until<Microservice>(
      microservices,
      key('web'),
      (one) => readyOf(one).reason === 'UseUnresolved',
    )
    expect(readyOf(waiting).message).toBe('there is no service api: add it, or remove the wire')
    await fixture.microservice('api', { image: 'shop/api:1.0.0', ports: port, uses: [{ name: 'web' }] })
    await fixture.until<Deployment>(deployments, key('web'), () => true)
    await fixture.until<Deployment>(deployments, key('api'), () => true)
  })

  it('says why its pods do not run', async () => {
    await fixture.microservice('web', { image: 'shop/web:1.0.0' })
    await fixture.until<Deployment>(deployments, key('web'), () => true)
    const pod = await fixture.client.create<Pod>(pods, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name: 'web-1',
        namespace,
        labels: { 'app.kubernetes.io/name': 'web', 'app.kubernetes.io/managed-by': 'binnacle' },
      },
      spec: { containers: [{ name: 'web', image: 'shop/web:1.0.0' }] },
    })
    await fixture.client.updateStatus<Pod>(pods, {
      ...pod,
      status: {
        phase: 'Running',
        containerStatuses: [
          {
            name: 'web',
            image: 'shop/web:1.0.0',
            imageID: '',
            ready: false,
            restartCount: 3,
            state: { waiting: { reason: 'CrashLoopBackOff' } },
            lastState: { terminated: { exitCode: 1, message: 'starting\nError: STRIPE_KEY is not set\n' } },
          },
        ],
      },
    })
    const broken = await fixture.until<Microservice>(
      microservices,
      key('web'),
      (one) => readyOf(one).reason === 'CrashLoopBackOff',
    )
    expect(readyOf(broken).message).toBe(
      'container web keeps crashing: exit code 1, `Error: STRIPE_KEY is not set`; add the variable or bind a Secret',
    )
  })

  it('says that a job of its version failed', async () => {
    await fixture.microservice('web', { image: 'shop/web:1.0.0', jobs: [{ name: 'migrate', command: ['false'] }] })
    // Said when everything was applied.
    await fixture.until<Microservice>(microservices, key('web'), (one) => readyOf(one).reason === 'Progressing')
    const { items } = await fixture.client.list<Job>(jobs, { namespace })
    const [job] = items
    expect(job?.metadata.name).toMatch(/^web-migrate-[0-9a-f]{8}$/)
    const time = '2026-01-01T00:00:00Z'
    const failed = {
      status: 'True',
      reason: 'BackoffLimitExceeded',
      message: 'Job has reached the specified backoff limit',
    }
    await fixture.client.patch(jobs, key(job?.metadata.name ?? ''), {
      type: 'application/merge-patch+json',
      subresource: 'status',
      body: {
        status: {
          startTime: time,
          failed: 1,
          conditions: [
            { type: 'FailureTarget', ...failed, lastTransitionTime: time },
            { type: 'Failed', ...failed, lastTransitionTime: time },
          ],
        },
      },
    })
    const broken = await fixture.until<Microservice>(
      microservices,
      key('web'),
      (one) => readyOf(one).reason === 'JobFailed',
    )
    expect(readyOf(broken).message).toContain('Job has reached the specified backoff limit')
  })

  it('is counted by its application and recorded by a release', async () => {
    const labels = { 'app.kubernetes.io/part-of': 'shop' }
    await fixture.client.create<Application>(applications, {
      apiVersion: 'binnacle.dev/v1alpha1',
      kind: 'Application',
      metadata: { name: 'shop', namespace },
      spec: { revisionHistoryLimit: 1 },
    })
    const spec = { image: 'shop/web:1.0.0', ports: port }
    const resource = {
      apiVersion: 'binnacle.dev/v1alpha1',
      kind: 'Microservice',
      metadata: { name: 'web', labels },
      spec,
    }
    const release = (revision: number, resources: object[]): Release =>
      ({
        apiVersion: 'binnacle.dev/v1alpha1',
        kind: 'Release',
        metadata: { name: `shop-${revision}`, namespace },
        spec: { application: 'shop', revision, resources },
      }) as Release
    await fixture.client.create(releases, release(1, [{ ...resource, spec: { ...spec, image: 'shop/web:0.9.0' } }]))
    await fixture.microservice('web', spec, { labels })
    await fixture.until<Deployment>(deployments, key('web'), () => true)
    await fixture.client.create(releases, release(2, [resource]))
    await fixture.deploymentIsUp('web')
    const done = await fixture.until<Release>(
      releases,
      key('shop-2'),
      ({ status }) => status?.conditions?.[0]?.reason === 'Complete',
    )
    expect(done.status?.images).toEqual([{ resource: 'Microservice/web', image: 'shop/web:1.0.0' }])
    expect(done.status?.objects?.map(({ kind }) => kind)).toEqual(['Service', 'Deployment'])
    await fixture.until(
      applications,
      key('shop'),
      (one) => JSON.stringify(one).includes('"readyResources":1') && JSON.stringify(one).includes('"revision":2'),
    )
    // Beyond the limit.
    await fixture.gone(releases, key('shop-1'))
    await expect(
      fixture.client.patch(releases, key('shop-2'), {
        type: 'application/merge-patch+json',
        body: { spec: { note: 'other' } },
      }),
    ).rejects.toThrow('a release cannot be changed')
  })
})

describe('a Microservice with sources', () => {
  it('runs what was built, by its digest, and says what is wrong where nothing was', async () => {
    const digest = `sha256:${'a'.repeat(64)}`
    await using fixture = await startFixture({
      builder: {
        build: ({ context, repository }) =>
          context === 'web'
            ? Promise.resolve({ image: `${repository}:1`, digest })
            : Promise.reject(new Error('go build failed:\nmain.go:3: syntax error')),
      },
    })
    await fixture.microservice('web', { build: { context: 'web' } })
    const made = await fixture.until<Deployment>(deployments, key('web'), () => true)
    expect(made.spec?.template.spec?.containers[0]?.image).toBe(`default/web:1@${digest}`)
    await fixture.microservice('broken', { build: { context: 'elsewhere' } })
    const broken = await fixture.until<Microservice>(
      microservices,
      key('broken'),
      (one) => readyOf(one).reason === 'BuildFailed',
    )
    expect(readyOf(broken).message).toContain('main.go:3: syntax error')
  })

  it('says that nothing builds here', async () => {
    await using fixture = await startFixture()
    await fixture.microservice('web', { build: { context: 'web' } })
    await fixture.until<Microservice>(microservices, key('web'), (one) => readyOf(one).reason === 'NoBuilder')
  })
})

describe('a Microservice that is bound to a new DataSource', () => {
  /** A machine on which the look for a program ends when the test says so. */
  function slowMachine() {
    const { promise, resolve } = Promise.withResolvers<string | undefined>()
    return { runtime: { serviceNames: true, programs: { image: 'none:1', find: () => promise } }, found: resolve }
  }
  const bound = { image: 'shop/web:1.0.0', bindings: [{ name: 'db' }] }

  it('waits without trouble for its credentials, and says the trouble of the data source', async () => {
    const { runtime, found } = slowMachine()
    await using fixture = await startFixture({ runtime })
    await fixture.dataSource('db', { type: 'redis' })
    await fixture.microservice('web', bound)
    const waiting = await fixture.until<Microservice>(
      microservices,
      key('web'),
      (one) => readyOf(one).reason !== undefined,
    )
    expect(readyOf(waiting)).toMatchObject({
      status: 'False',
      reason: 'BindingPending',
      message: 'data source db has no credentials yet',
    })
    found(undefined)
    const broken = await fixture.until<Microservice>(
      microservices,
      key('web'),
      (one) => readyOf(one).reason === 'BindingUnresolved',
    )
    expect(readyOf(broken).message).toMatch(/^data source db cannot be bound: Redis is not installed on this machine/)
  })

  it('is in trouble when they do not come for long', async () => {
    const { runtime, found } = slowMachine()
    const clock = createFakeClock()
    await using fixture = await startFixture({ runtime, clock })
    await fixture.dataSource('db', { type: 'redis' })
    await fixture.microservice('web', bound)
    await fixture.until<Microservice>(microservices, key('web'), (one) => readyOf(one).reason === 'BindingPending')
    await vi.waitFor(async () => {
      await clock.advanceAsync(30_000)
      expect(readyOf(await fixture.client.get(microservices, key('web')))).toMatchObject({
        reason: 'BindingUnresolved',
        message: 'data source db has no credentials yet, after 30 s: its own state says why',
      })
    })
    found(undefined)
  })
})

describe('a DataSource', () => {
  it('has credentials that are made once, and its users wait for them', async () => {
    await using fixture = await startFixture()
    await fixture.microservice('web', { image: 'shop/web:1.0.0', bindings: [{ name: 'db' }] })
    await fixture.until<Microservice>(microservices, key('web'), (one) => readyOf(one).reason === 'BindingUnresolved')
    await fixture.dataSource('db', { type: 'postgresql' })
    const binding = await fixture.until<Secret>(secrets, key('db-binding'), () => true)
    expect(Object.keys(binding.data ?? {}).toSorted()).toEqual([
      'database',
      'host',
      'password',
      'port',
      'provider',
      'type',
      'uri',
      'username',
    ])
    await fixture.until<Deployment>(deployments, key('web'), () => true)
    await fixture.client.delete(secrets, key('db-binding'))
    const again = await fixture.until<Secret>(
      secrets,
      key('db-binding'),
      ({ metadata }) => metadata.uid !== binding.metadata.uid,
    )
    expect(again.data?.['password']).toBe(binding.data?.['password'])
  })
})
