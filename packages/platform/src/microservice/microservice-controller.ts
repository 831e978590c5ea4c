// Makes a Microservice run: renders it, applies what it became, and says in its status how that goes.

import { type Deployment, type Node, type Service, type StatefulSet, StatusError } from '@binnacle/api'
import { type Controller, nodes, objectKey, startController } from '@binnacle/client'
import { type KubeObject } from '@binnacle/api'
import { type Microservice, RenderError, type RenderContext, render, renderServices } from '@binnacle/model'
import { conditionOf, writeStatus } from '../conditions.ts'
import type { PlatformContext } from '../context.ts'
import { NameTakenError, type OwnedObjects } from '../owned-objects.ts'
import type { PodWatch } from '../pod-watch.ts'
import { renderContext, renderSources, revisionsOf, usedServices } from '../render-context.ts'
import { microservices } from '../resources.ts'
import type { Trouble } from '../pod-trouble.ts'
import { microserviceStatus, serviceUrl } from './microservice-status.ts'

export interface Shared {
  owned: OwnedObjects
  podWatch: PodWatch
  /** Resolves when everything that is looked at has been read once. */
  inStep: () => Promise<void>
}

export function startMicroserviceController(context: PlatformContext, shared: Shared): Controller {
  const { client, informers, events, clock, runtime, onError } = context
  const { owned, podWatch } = shared
  const sources = renderSources(context)
  const nodeInformer = informers.of<Node>(nodes)
  const name = 'microservice-controller'

  const controller = startController({
    name,
    workers: 4,
    clock,
    onError: (error, key) => onError(error, `${name} ${key}`),
    reconcile: async (key) => {
      await shared.inStep()
      const service = sources.microservices.get(key)
      // What it owned is the garbage collector's.
      if (service === undefined || service.metadata.deletionTimestamp !== undefined) return undefined
      return reconcile(service, key)
    },
  })

  async function reconcile(service: Microservice, key: string): Promise<void> {
    const rendering = contextOf(service)
    const outcome = await applied(service, rendering)
    await report(service, key, outcome)
    // What only a change of another object mends waits for that change; the cluster's refusals are tried again.
    if (outcome.retry !== undefined) throw outcome.retry
  }

  function contextOf(service: Microservice): RenderContext {
    return {
      ...renderContext(service.metadata.namespace ?? '', sources, runtime),
      services: usedServices(service, sources),
      revisions: revisionsOf(service, sources),
    }
  }

  async function applied(service: Microservice, rendering: RenderContext): Promise<Outcome> {
    try {
      const objects = rendered(service, rendering)
      if (objects instanceof RenderError) {
        // Services that use each other need each other's addresses: those come before the rest is known.
        await owned.apply(service, renderServices(service, rendering))
        return { failure: { reason: objects.reason, message: objects.message }, unresolved: true }
      }
      await owned.reconcile(service, objects)
      return {}
    } catch (error) {
      if (error instanceof NameTakenError) return { failure: { reason: 'NameTaken', message: error.message } }
      if (!(error instanceof StatusError)) throw error
      return { failure: refusal(error), retry: error }
    }
  }

  async function report(service: Microservice, key: string, outcome: Outcome): Promise<void> {
    const own = owned.get<Service>('Service', key)
    const status = microserviceStatus(service, {
      ...outcome,
      deployment: ownedBy(service, owned.get<Deployment>('Deployment', key)),
      statefulSet: ownedBy(service, owned.get<StatefulSet>('StatefulSet', key)),
      pods: podWatch.podsOf(key),
      warningsOf: (kind, object) => podWatch.warningsOf(kind, object),
      url: serviceUrl(own, { nodeAddress: nodeAddress(nodeInformer.list()), isLocal: !runtime.serviceNames }),
      clock,
    })
    if (!(await writeStatus(client, microservices, { resource: service, status }))) return
    const before = conditionOf(service, 'Ready')
    const ready = conditionOf({ status }, 'Ready')
    if (ready === undefined || (before?.status === ready.status && before.reason === ready.reason)) return
    events.record(
      service,
      ready.status === 'True' || ready.reason === 'Progressing' ? 'Normal' : 'Warning',
      ready.reason,
      ready.message,
    )
  }

  const enqueue = (object: KubeObject): void => controller.enqueue(objectKey(object))
  const enqueueIndexed = (index: string, value: string): void =>
    sources.microservices.byIndex(index, value).forEach(enqueue)
  /** Its address, its port and its wires are part of what its neighbours become. */
  const enqueueNeighbours = (service: Microservice): void => {
    enqueueIndexed('uses', objectKey(service))
    for (const use of service.spec.uses ?? [])
      controller.enqueue(`${use.namespace ?? service.metadata.namespace}/${use.name}`)
  }
  sources.microservices.on({
    added: (service) => {
      enqueue(service)
      enqueueNeighbours(service)
    },
    updated: (service, old) => {
      enqueue(service)
      if (service.metadata.generation === old.metadata.generation) return
      enqueueNeighbours(old)
      enqueueNeighbours(service)
    },
    deleted: enqueueNeighbours,
  })
  const usersOf = (service: KubeObject): void => enqueueIndexed('uses', objectKey(service))
  sources.services.on({ added: usersOf, updated: usersOf, deleted: usersOf })
  const boundTo = (source: KubeObject): void => enqueueIndexed('bindings', objectKey(source))
  sources.dataSources.on({ added: boundTo, updated: boundTo, deleted: boundTo })
  for (const kind of ['ConfigMap', 'Secret'] as const) {
    const readersOf = ({ metadata }: KubeObject): void =>
      enqueueIndexed('reads', `${metadata.namespace}/${kind}/${metadata.name}`)
    const informer = kind === 'Secret' ? sources.secrets : sources.configMaps
    informer.on({ added: readersOf, updated: readersOf, deleted: readersOf })
  }
  owned.onChange('Microservice', (key) => controller.enqueue(key))
  podWatch.onChange((key) => controller.enqueue(key))
  return controller
}

interface Outcome {
  failure?: Trouble
  unresolved?: boolean
  /** Refused by the cluster: may go well the next time. */
  retry?: StatusError
}

function rendered(service: Microservice, context: RenderContext): KubeObject[] | RenderError {
  try {
    return render(service, context)
  } catch (error) {
    if (error instanceof RenderError) return error
    throw error
  }
}

/** The server's words, which name the field. */
export function refusal(error: StatusError): Trouble {
  return { reason: error.status.reason ?? 'ApplyFailed', message: `the cluster refuses it: ${error.message}` }
}

/** An object of the same name may be somebody else's. */
function ownedBy<T extends KubeObject>(service: Microservice, object: T | undefined): T | undefined {
  return object?.metadata.ownerReferences?.some(({ uid }) => uid === service.metadata.uid) ? object : undefined
}

function nodeAddress(all: readonly Node[]): string | undefined {
  const addresses = all.flatMap(({ status }) => status?.addresses ?? [])
  return (addresses.find(({ type }) => type === 'ExternalIP') ?? addresses.find(({ type }) => type === 'InternalIP'))
    ?.address
}
