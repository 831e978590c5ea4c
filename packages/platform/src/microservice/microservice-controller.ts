// Makes a Microservice run: renders it, applies what it became, and says in its status how that goes.

import { type KubeObject, type Node, StatusError } from '@binnacle/api'
import { type Controller, type Result, nodes, objectKey, startController } from '@binnacle/client'
import {
  type Microservice,
  type RenderContext,
  RenderError,
  type RenderReason,
  bindingSecretName,
  render,
  renderServices,
} from '@binnacle/model'
import { type Finding, conditionOf, passingReasons, tellOfReady, writeStatus } from '../conditions.ts'
import type { PlatformContext } from '../context.ts'
import { NameTakenError, ownedBy, refusal } from '../owned-objects.ts'
import { renderContext, renderSources, revisionsOf, usedServices } from '../render-context.ts'
import { microservices } from '../resources.ts'
import type { Trouble } from '../pod-trouble.ts'
import type { Shared } from '../shared.ts'
import { type BuildState, Builds } from './builds.ts'
import { microserviceStatus, serviceUrl } from './microservice-status.ts'

/** Milliseconds that a resource may wait for another one before that is trouble. */
const patienceMs = 30_000
/** What is said once the patience is over. */
const overdue: Readonly<Partial<Record<RenderReason, RenderReason>>> = {
  UsePending: 'UseUnresolved',
  BindingPending: 'BindingUnresolved',
}

export function startMicroserviceController(context: PlatformContext, shared: Shared): Controller {
  const { client, informers, events, clock, runtime, onError } = context
  const { owned, podWatch } = shared
  const sources = renderSources(context)
  const nodeInformer = informers.of<Node>(nodes)
  const name = 'microservice-controller'
  /** Since when a resource waits for another one, by its uid. */
  const waits = new Map<string, number>()
  const builds = new Builds(context.builder, (key) => controller.enqueue(key))

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

  async function reconcile(service: Microservice, key: string): Promise<Result> {
    const workload = ownedBy(service, owned.get('Deployment', key)) ?? ownedBy(service, owned.get('StatefulSet', key))
    const build = builds.of(service, workload?.spec?.template.spec?.containers[0]?.image)
    const outcome = await applied(service, contextOf(service, build), build)
    await report(service, key, outcome)
    // What only a change of another object mends waits for that change; the cluster's refusals are tried again.
    if (outcome.retry !== undefined) throw outcome.retry
    return outcome.patienceLeftMs === undefined ? undefined : { requeueAfterMs: outcome.patienceLeftMs }
  }

  function contextOf(service: Microservice, build: BuildState | undefined): RenderContext {
    const image = build?.image
    return {
      ...renderContext(service.metadata.namespace ?? '', sources, runtime),
      services: usedServices(service, sources),
      revisions: revisionsOf(service, sources),
      ...(image === undefined ? {} : { images: new Map([[service.metadata.name ?? '', image]]) }),
    }
  }

  async function applied(
    service: Microservice,
    rendering: RenderContext,
    build: BuildState | undefined,
  ): Promise<Outcome> {
    const built = build === undefined ? {} : { built: build.finding }
    // Without an image there is nothing to run; with an older one, that one is kept as it should be.
    const failure = build?.trouble
    try {
      if (failure !== undefined && build?.image === undefined) {
        await owned.apply(service, renderServices(service, rendering))
        return { ...built, failure }
      }
      const objects = unboundOf(service) ?? rendered(service, rendering)
      if (objects instanceof RenderError) {
        // Services that use each other need each other's addresses: those come before the rest is known.
        await owned.apply(service, renderServices(service, rendering))
        return { ...built, ...unmet(service, objects), unresolved: true }
      }
      waits.delete(service.metadata.uid ?? '')
      await owned.reconcile(service, objects)
      return { ...built, ...(failure === undefined ? {} : { failure }) }
    } catch (error) {
      if (error instanceof NameTakenError) return { ...built, failure: { reason: 'NameTaken', message: error.message } }
      if (!(error instanceof StatusError)) throw error
      return { ...built, failure: refusal(error), retry: error }
    }
  }

  /** A binding whose Secret is still to come: pods could not start, and would start twice. */
  function unboundOf({ metadata, spec }: Microservice): RenderError | undefined {
    for (const [index, binding] of (spec.bindings ?? []).entries()) {
      const source = sources.dataSources.get(`${metadata.namespace}/${binding.name}`)
      if (source === undefined) continue
      if (sources.secrets.get(`${metadata.namespace}/${bindingSecretName(binding.name)}`) !== undefined) continue
      const field = `spec.bindings[${index}]`
      const state = conditionOf(source, 'Ready')
      const isCurrent = state?.observedGeneration === source.metadata.generation
      return state?.status === 'False' && isCurrent && !passingReasons.has(state.reason)
        ? new RenderError(field, 'BindingUnresolved', `data source ${binding.name} cannot be bound: ${state.message}`)
        : new RenderError(field, 'BindingPending', `data source ${binding.name} has no credentials yet`)
    }
    return undefined
  }

  /** What was just made gets a while before its absence is said to be trouble. */
  function unmet(
    { metadata }: Microservice,
    { reason, message }: RenderError,
  ): Pick<Outcome, 'failure' | 'patienceLeftMs'> {
    const uid = metadata.uid ?? ''
    const late = overdue[reason]
    if (late === undefined) {
      waits.delete(uid)
      return { failure: { reason, message } }
    }
    const since = waits.get(uid) ?? clock.now()
    waits.set(uid, since)
    const patienceLeftMs = since + patienceMs - clock.now()
    if (patienceLeftMs > 0) return { failure: { reason, message }, patienceLeftMs }
    return { failure: { reason: late, message: `${message}, after ${patienceMs / 1000} s: its own state says why` } }
  }

  async function report(service: Microservice, key: string, outcome: Outcome): Promise<void> {
    const own = ownedBy(service, owned.get('Service', key))
    const status = microserviceStatus(service, {
      ...outcome,
      autoscaler: ownedBy(service, owned.get('HorizontalPodAutoscaler', key)),
      deployment: ownedBy(service, owned.get('Deployment', key)),
      statefulSet: ownedBy(service, owned.get('StatefulSet', key)),
      jobs: owned.jobsOf(service),
      pods: podWatch.podsOf(key),
      warningsOf: (kind, object) => podWatch.warningsOf(kind, object),
      url: serviceUrl(own, { nodeAddress: nodeAddress(nodeInformer.list()), isLocal: !runtime.serviceNames }),
      clock,
    })
    if (await writeStatus(client, microservices, { resource: service, status }))
      tellOfReady(events, service, status.conditions)
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
    deleted: (service) => {
      builds.forget(service.metadata.uid ?? '')
      waits.delete(service.metadata.uid ?? '')
      owned.forget(service)
      enqueueNeighbours(service)
    },
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
  built?: Finding
  failure?: Trouble
  unresolved?: boolean
  /** Milliseconds after which a wait for another resource becomes trouble. */
  patienceLeftMs?: number
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

function nodeAddress(all: readonly Node[]): string | undefined {
  const addresses = all.flatMap(({ status }) => status?.addresses ?? [])
  return (addresses.find(({ type }) => type === 'ExternalIP') ?? addresses.find(({ type }) => type === 'InternalIP'))
    ?.address
}
