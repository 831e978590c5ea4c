// Keeps the Endpoints object of each Service with a selector. Upstream: pkg/controller/endpoint.

import { semanticallyEqual, isAlreadyExists, isConflict, isNotFound } from '@binnacle/api'
import type { Endpoints, Service } from '@binnacle/api'
import { endpoints } from '@binnacle/client'
import type { Controller } from '@binnacle/client'
import type { ControllerContext } from '../../context.ts'
import { runController } from '../run-controller.ts'
import { isTerminating } from '../namespace-terminating.ts'
import { subsetsOf, truncateSubsets } from './endpoint-subsets.ts'
import { watchServicePods } from './service-index.ts'
import { headlessLabel, isHeadless, lastChangeTriggerTimeAnnotation, TriggerTimes } from './service-pods.ts'

const managedByLabel = 'endpoints.kubernetes.io/managed-by'
const controllerName = 'endpoint-controller'
const overCapacityAnnotation = 'endpoints.kubernetes.io/over-capacity'
/** Endpoints of the old way to elect a leader have no Service and are not ours to delete. */
const leaderAnnotation = 'control-plane.alpha.kubernetes.io/leader'

const staleRetryMs = 20

export function startEndpointsController(context: ControllerContext): Controller {
  const { client, informers, events } = context
  const triggerTimes = new TriggerTimes()
  const endpointsInformer = informers.of<Endpoints>(endpoints)
  const controller = runController(context, {
    name: controllerName,
    workers: 5,
    reconcile: async (key) => {
      const service = pods.services.get(key)
      if (!service) {
        triggerTimes.forget(key)
        await deleteLeftover(key)
        return undefined
      }
      if (service.spec?.type === 'ExternalName' || service.spec?.selector === undefined) return undefined
      const selected = pods.select(service)
      const triggerTime = triggerTimes.changed(service, selected)
      const subsets = subsetsOf(service, selected)
      const truncated = truncateSubsets(subsets)
      const current = endpointsInformer.get(key)
      const labels = labelsOf(service)
      if (
        current &&
        semanticallyEqual(current.subsets ?? [], subsets) &&
        semanticallyEqual(withoutHeadless(current.metadata.labels ?? {}), withoutHeadless(labels)) &&
        (current.metadata.annotations?.[overCapacityAnnotation] !== undefined) === truncated
      ) {
        return undefined
      }
      const annotations: Record<string, string> = { ...current?.metadata.annotations }
      delete annotations[lastChangeTriggerTimeAnnotation]
      delete annotations[overCapacityAnnotation]
      if (triggerTime !== undefined) annotations[lastChangeTriggerTimeAnnotation] = triggerTime
      if (truncated) annotations[overCapacityAnnotation] = 'truncated'
      const { name = '', namespace = '' } = service.metadata
      const wanted: Endpoints = {
        apiVersion: 'v1',
        kind: 'Endpoints',
        metadata: {
          ...(current?.metadata ?? { name, namespace }),
          labels,
          ...(Object.keys(annotations).length > 0 ? { annotations } : {}),
        },
        subsets,
      }
      try {
        if (current) await client.update<Endpoints>(endpoints, wanted)
        else await client.create<Endpoints>(endpoints, wanted)
      } catch (error) {
        if (isTerminating(error)) return undefined
        // The informer is behind; what it shows next brings the right picture.
        if (isConflict(error) || isAlreadyExists(error)) return { requeueAfterMs: staleRetryMs }
        const what = current ? 'update endpoint' : 'create endpoint for service'
        const reason = current ? 'FailedToUpdateEndpoint' : 'FailedToCreateEndpoint'
        const message = error instanceof Error ? error.message : String(error)
        events.record(wanted, 'Warning', reason, `Failed to ${what} ${key}: ${message}`)
        throw error
      }
      return undefined
    },
  })

  async function deleteLeftover(key: string): Promise<void> {
    const leftover = endpointsInformer.get(key)
    if (!leftover || leftover.metadata.annotations?.[leaderAnnotation] !== undefined) return
    const { name = '', namespace = '' } = leftover.metadata
    try {
      await client.delete(endpoints, { namespace, name })
    } catch (error) {
      if (!isNotFound(error)) throw error
    }
  }

  const pods = watchServicePods(informers, (key) => controller.enqueue(key))
  endpointsInformer.on({
    deleted: ({ metadata }) => controller.enqueue(`${metadata.namespace}/${metadata.name}`),
  })
  // Endpoints whose Service went while nobody looked.
  void Promise.all([endpointsInformer.synced, pods.services.synced]).then(
    () => {
      for (const { metadata } of endpointsInformer.list()) {
        const key = `${metadata.namespace}/${metadata.name}`
        if (metadata.labels?.[managedByLabel] === controllerName && !pods.services.get(key)) controller.enqueue(key)
      }
      return undefined
    },
    // Stopped before the first list: there is nothing to clean up.
    () => undefined,
  )
  return controller
}

function labelsOf(service: Service): Record<string, string> {
  const labels = withoutHeadless(service.metadata.labels ?? {})
  labels[managedByLabel] = controllerName
  if (isHeadless(service)) labels[headlessLabel] = ''
  return labels
}

function withoutHeadless(labels: Record<string, string>): Record<string, string> {
  const { [headlessLabel]: _headless, ...rest } = labels
  return rest
}
