// Applications of any size on an engine with simulated containers, and the traffic that they would have.

import { setTimeout as delay } from 'node:timers/promises'
import type { Condition, KubeObject, Pod } from '@binnacle/api'
import {
  type Client,
  type ResourceRef,
  createClient,
  createHttpTransport,
  loadKubeconfig,
  namespaces,
  pods,
} from '@binnacle/client'
import { apiVersion, nameLabel, partOfLabel, positionAnnotation } from '@binnacle/model'
import type { TrafficEdge, TrafficSnapshot } from '../../packages/canvas/src/web/data/traffic.ts'

const ours = (resource: string): ResourceRef => ({
  group: 'binnacle.dev',
  version: 'v1alpha1',
  resource,
  namespaced: true,
})
const applications = ours('applications')
const microservices = ours('microservices')

interface Microservice extends KubeObject {
  spec: { image: string; ports: { name: string; port: number }[]; uses: { name: string }[] }
  status?: { readyReplicas?: number; conditions?: Condition[] }
}

export interface BenchCluster extends Disposable {
  /** Deploys an application of so many services in a namespace of its name; resolves when all of them are ready. */
  deploy(application: string, count: number): Promise<void>
  /** Another image for a service. */
  setImage(application: string, service: string, image: string): Promise<void>
  /** Resolves when a service is rolled out as it was last changed. */
  rolledOut(application: string, service: string): Promise<void>
  /** What `GET /traffic` would answer now: 3 requests a second on each wire and more, every fiftieth wire failing. */
  traffic(application: string): () => TrafficSnapshot
}

export async function connect(kubeconfigPath: string): Promise<BenchCluster> {
  const { cluster, user } = await (await loadKubeconfig(kubeconfigPath)).context()
  const transport = createHttpTransport({ cluster, user, userAgent: 'bench' })
  const client = createClient(transport)
  const podNames = new Map<string, ReadonlyMap<string, string>>()
  const counts = new Map<string, number>()
  return {
    async deploy(application, count) {
      await client.create(namespaces, { metadata: { name: application } })
      await client.create(applications, {
        metadata: { name: application, namespace: application },
        spec: {},
      } as KubeObject)
      const waiting = Array.from({ length: count }, (_, index) => service(application, index, count))
      await Promise.all(
        Array.from({ length: 16 }, async () => {
          for (let next = waiting.pop(); next !== undefined; next = waiting.pop())
            await client.create(microservices, next)
        }),
      )
      await allReady(client, application, count)
      const found = await client.list<Pod>(pods, { namespace: application })
      const byService = found.items.map(
        ({ metadata }) => [metadata.labels?.[nameLabel] ?? '', metadata.name ?? ''] as const,
      )
      podNames.set(application, new Map(byService))
      counts.set(application, count)
    },
    async setImage(application, name, image) {
      await client.patch(
        microservices,
        { namespace: application, name },
        { type: 'application/merge-patch+json', body: { spec: { image } } },
      )
    },
    async rolledOut(application, name) {
      for (;;) {
        const { metadata, status } = await client.get<Microservice>(microservices, { namespace: application, name })
        const ready = status?.conditions?.find(({ type }) => type === 'Ready')
        if (ready?.status === 'True' && ready.observedGeneration === metadata.generation) return
        await delay(rolloutPollMs)
      }
    },
    traffic: (application) => () => trafficNow(application, counts.get(application) ?? 0, podNames.get(application)),
    [Symbol.dispose]: () => transport.close(),
  }
}

/** A tree of services, four to each, on a grid as people leave it. */
function service(application: string, index: number, count: number): Microservice {
  const columns = Math.ceil(Math.sqrt(count / 2))
  const position = `${60 + (index % columns) * 340},${80 + Math.floor(index / columns) * 150}`
  return {
    apiVersion,
    kind: 'Microservice',
    metadata: {
      name: `service-${index}`,
      namespace: application,
      labels: { [partOfLabel]: application },
      annotations: { [positionAnnotation]: position },
    },
    spec: {
      image: 'bench:1',
      ports: [{ name: 'http', port: 80 }],
      uses: userOf(index, count).map((used) => ({ name: `service-${used}` })),
    },
  }
}

function userOf(index: number, count: number): number[] {
  return [1, 2, 3, 4].map((child) => index * 4 + child).filter((child) => child < count)
}

const pollMs = 500
const rolloutPollMs = 20

async function allReady(client: Client, namespace: string, count: number): Promise<void> {
  const until = Date.now() + 600_000
  let ready = 0
  while (Date.now() < until) {
    const { items } = await client.list<Microservice>(microservices, { namespace })
    ready = items.filter(({ status }) => (status?.readyReplicas ?? 0) > 0).length
    if (ready >= count) return
    await delay(pollMs)
  }
  throw new Error(`${ready} of ${count} services are ready after ten minutes`)
}

const buckets = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000]

function trafficNow(
  namespace: string,
  count: number,
  podsOf: ReadonlyMap<string, string> = new Map<string, string>(),
): TrafficSnapshot {
  const at = Date.now()
  const edges: TrafficEdge[] = []
  for (let from = 0; from < count; from++) {
    for (const to of userOf(from, count)) {
      const requests = Math.floor((at / 1000) * (3 + (to % 40)))
      const errors = to % 50 === 0 ? Math.floor(requests * 0.05) : 0
      edges.push({
        source: { pod: { namespace, name: podsOf.get(`service-${from}`) ?? '' } },
        service: { namespace, name: `service-${to}`, port: 80 },
        protocol: 'http',
        requests,
        codes: { '200': requests - errors, '500': errors },
        latencyMs: { buckets, counts: [...buckets, 0].map((_, index) => (index === 3 + (to % 4) ? requests : 0)) },
        bytesIn: requests * 300,
        bytesOut: requests * 1200,
        connectionsOpened: requests,
        connectionsOpen: 1,
        failures: 0,
      })
    }
  }
  return { at, edges }
}
