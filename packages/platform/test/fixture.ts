// The platform's controllers over a real API server in this process. Nobody else runs: what the Deployment controller
// or the node would say, a test says.

import { type KubeObject, type StatefulSet, formatTime, systemClock } from '@binnacle/api'
import { createApiServer } from '@binnacle/apiserver'
import {
  type Client,
  Informers,
  type ObjectKey,
  type ResourceRef,
  createClient,
  createEventRecorder,
  deployments,
  serviceAccounts,
  statefulSets,
} from '@binnacle/client'
import { createMemoryStore } from '@binnacle/store'
import { type StartPlatformOptions, startPlatform } from '../src/index.ts'
import { dataSources, microservices } from '../src/resources.ts'

export interface Fixture extends AsyncDisposable {
  client: Client
  errors: string[]
  /** Makes a Microservice in `default`. */
  microservice(name: string, spec: object, metadata?: object): Promise<KubeObject>
  dataSource(name: string, spec: object): Promise<KubeObject>
  /** Resolves with the object once the predicate holds. */
  until<T extends KubeObject>(ref: ResourceRef, key: ObjectKey, holds: (object: T) => boolean): Promise<T>
  /** Resolves when the object is not there. */
  gone(ref: ResourceRef, key: ObjectKey): Promise<void>
  /** What the Deployment controller says once all replicas are available. */
  deploymentIsUp(name: string): Promise<void>
  statefulSetIsUp(name: string): Promise<void>
}

const namespace = 'default'

export async function startFixture(
  options: Partial<Pick<StartPlatformOptions, 'runtime' | 'builder' | 'clock'>> = {},
): Promise<Fixture> {
  const store = createMemoryStore({ clock: systemClock })
  const server = await createApiServer({ store, clock: systemClock })
  const client = createClient(server.transport({ username: 'tester', groups: ['system:masters'] }))
  // Pods are admitted only with it.
  await client.create(serviceAccounts, {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: 'default', namespace },
  })
  const informers = new Informers({ client })
  const stop = new AbortController()
  const errors: string[] = []
  const platform = await startPlatform({
    client,
    informers,
    events: createEventRecorder({ client, component: 'binnacle-controller', clock: systemClock }),
    clock: systemClock,
    signal: stop.signal,
    onError: (error, key) => errors.push(`${key}: ${String(error)}`),
    ...options,
  })
  informers.start(stop.signal)

  const make =
    (ref: ResourceRef, kind: string) =>
    (name: string, spec: object, metadata: object = {}) =>
      client.create(ref, {
        apiVersion: 'binnacle.dev/v1alpha1',
        kind,
        metadata: { name, namespace, ...metadata },
        spec,
      } as KubeObject)

  async function follow(ref: ResourceRef, key: ObjectKey, holds: (object: KubeObject | undefined) => boolean) {
    const found = new AbortController()
    const batches = await client.watch(
      ref,
      {
        ...(key.namespace === undefined ? {} : { namespace: key.namespace }),
        sendInitialEvents: true,
        resourceVersionMatch: 'NotOlderThan',
        allowWatchBookmarks: true,
        fieldSelector: `metadata.name=${key.name}`,
      },
      found.signal,
    )
    let current: KubeObject | undefined
    for await (const batch of batches) {
      let isBookmark = false
      for (const event of batch) {
        if (event.type === 'BOOKMARK') isBookmark = true
        else current = event.type === 'DELETED' ? undefined : event.object
      }
      if ((current !== undefined || isBookmark || batch.some(({ type }) => type === 'DELETED')) && holds(current)) break
    }
    found.abort()
    return current
  }

  return {
    client,
    errors,
    microservice: make(microservices, 'Microservice'),
    dataSource: make(dataSources, 'DataSource'),
    until: async <T extends KubeObject>(ref: ResourceRef, key: ObjectKey, holds: (object: T) => boolean) => {
      const object = await follow(ref, key, (one) => one !== undefined && holds(one as T))
      if (object === undefined) throw new Error(`${ref.resource} ${key.name} did not come`)
      return object as T
    },
    gone: async (ref, key) => {
      await follow(ref, key, (one) => one === undefined)
    },
    deploymentIsUp: async (name) => {
      const object = await client.get<KubeObject & { spec?: { replicas?: number } }>(deployments, { namespace, name })
      const count = object.spec?.replicas ?? 1
      await client.updateStatus(deployments, {
        ...object,
        status: {
          observedGeneration: object.metadata.generation,
          replicas: count,
          updatedReplicas: count,
          readyReplicas: count,
          availableReplicas: count,
          conditions: [
            {
              type: 'Progressing',
              status: 'True',
              reason: 'NewReplicaSetAvailable',
              message: 'done',
              lastUpdateTime: formatTime(systemClock.now()),
              lastTransitionTime: formatTime(systemClock.now()),
            },
          ],
        },
      } as KubeObject)
    },
    statefulSetIsUp: async (name) => {
      const object = await client.get<StatefulSet>(statefulSets, { namespace, name })
      await client.updateStatus<StatefulSet>(statefulSets, {
        ...object,
        status: {
          observedGeneration: object.metadata.generation ?? 0,
          replicas: 1,
          readyReplicas: 1,
          availableReplicas: 1,
          updatedReplicas: 1,
          currentRevision: 'a',
          updateRevision: 'a',
        },
      })
    },
    [Symbol.asyncDispose]: async () => {
      stop.abort()
      await platform.stop()
      await server.close()
      await store.close()
    },
  }
}

export function readyOf(object: KubeObject): { status?: string; reason?: string; message?: string } {
  const { status } = object as KubeObject & {
    status?: { conditions?: { type: string; status: string; reason: string; message: string }[] }
  }
  return status?.conditions?.find(({ type }) => type === 'Ready') ?? {}
}
