// Keeps the EndpointSlices of each Service with a selector. Upstream: pkg/controller/endpointslice.

import { isConflict, isNotFound } from '@binnacle/api'
import type { EndpointSlice, Node } from '@binnacle/api'
import { endpointSlices, nodes } from '@binnacle/client'
import type { Controller } from '@binnacle/client'
import type { ControllerContext } from '../../context.ts'
import { runController } from '../run-controller.ts'
import { isTerminating } from '../namespace-terminating.ts'
import {
  endpointSliceControllerName,
  managedByLabel,
  reconcileEndpointSlices,
  serviceNameLabel,
} from './endpoint-slices.ts'
import { watchServicePods } from './service-index.ts'
import { lastChangeTriggerTimeAnnotation, TriggerTimes } from './service-pods.ts'

const byService = 'service'

export function startEndpointSliceController(context: ControllerContext): Controller {
  const { client, informers, events, clock } = context
  const triggerTimes = new TriggerTimes()
  const slices = informers.of<EndpointSlice>(endpointSlices, { [byService]: serviceKeysOf })
  const nodeInformer = informers.of<Node>(nodes)
  /** Slices written whose new version no informer has shown yet, by name: the next pass must wait for them. */
  const pending = new Map<string, { since: number; slices: Map<string, string> }>()

  const controller = runController(context, {
    name: 'endpointslice-controller',
    workers: 5,
    reconcile: async (key) => {
      const service = pods.services.get(key)
      if (!service) {
        triggerTimes.forget(key)
        pending.delete(key)
        return undefined
      }
      if (service.spec?.type === 'ExternalName' || service.spec?.selector === undefined) return undefined
      const unseen = pending.get(key)
      if (unseen && unseen.slices.size > 0 && clock.now() - unseen.since < maxStaleMs) {
        return { requeueAfterMs: staleRetryMs }
      }
      const selected = pods.select(service)
      const triggerTime = triggerTimes.changed(service, selected)
      const changes = reconcileEndpointSlices({
        service,
        pods: selected,
        existing: slices.byIndex(byService, key),
        nodeOf: (name) => nodeInformer.get(name),
      })
      const written = new Map<string, string>()
      pending.set(key, { since: clock.now(), slices: written })
      const remember = ({ metadata }: EndpointSlice): void => {
        const shown = slices.get(`${metadata.namespace}/${metadata.name}`)
        if (shown?.metadata.resourceVersion !== metadata.resourceVersion) {
          written.set(metadata.name ?? '', metadata.resourceVersion ?? '')
        }
      }
      try {
        for (const slice of changes.create) remember(await client.create(endpointSlices, stamped(slice, triggerTime)))
        for (const slice of changes.update) remember(await client.update(endpointSlices, stamped(slice, triggerTime)))
        for (const { metadata } of changes.delete) {
          await client.delete(endpointSlices, { namespace: metadata.namespace ?? '', name: metadata.name ?? '' })
        }
      } catch (error) {
        if (isTerminating(error)) return undefined
        if (isConflict(error) || isNotFound(error)) return { requeueAfterMs: staleRetryMs }
        const message = error instanceof Error ? error.message : String(error)
        events.record(
          service,
          'Warning',
          'FailedToUpdateEndpointSlices',
          `Error updating Endpoint Slices for Service ${key}: ${message}`,
        )
        throw error
      }
      if (changes.podsWithoutNode.length > 0) {
        throw new Error(`no node yet for pods ${changes.podsWithoutNode.join(', ')} of Service ${key}`)
      }
      return undefined
    },
  })
  const pods = watchServicePods(informers, (key) => controller.enqueue(key))
  const sliceChanged = (slice: EndpointSlice, gone: boolean): void => {
    const [key] = serviceKeysOf(slice)
    if (key === undefined) return
    const { name = '', resourceVersion = '' } = slice.metadata
    const expected = pending.get(key)?.slices.get(name)
    if (expected === undefined) {
      // Somebody else's change: put right what differs.
      controller.enqueue(key)
    } else if (gone || BigInt(resourceVersion) >= BigInt(expected)) {
      pending.get(key)?.slices.delete(name)
    }
  }
  slices.on({
    added: (slice) => sliceChanged(slice, false),
    updated: (slice) => sliceChanged(slice, false),
    deleted: (slice) => sliceChanged(slice, true),
  })
  nodeInformer.on({
    updated: (node, old) => {
      const zone = 'topology.kubernetes.io/zone'
      if (node.metadata.labels?.[zone] === old.metadata.labels?.[zone]) return
      for (const service of pods.services.list()) {
        controller.enqueue(`${service.metadata.namespace}/${service.metadata.name}`)
      }
    },
  })
  return controller
}

/** How long a pass waits for the informer to show what the last one wrote. */
const staleRetryMs = 20
/** A slice that was deleted again before it was shown is never shown. */
const maxStaleMs = 2000

function serviceKeysOf({ metadata }: EndpointSlice): string[] {
  const name = metadata.labels?.[serviceNameLabel]
  const isOurs = metadata.labels?.[managedByLabel] === endpointSliceControllerName
  return name === undefined || !isOurs ? [] : [`${metadata.namespace}/${name}`]
}

function stamped(slice: EndpointSlice, triggerTime: string | undefined): EndpointSlice {
  const { [lastChangeTriggerTimeAnnotation]: _old, ...annotations } = slice.metadata.annotations ?? {}
  if (triggerTime !== undefined) annotations[lastChangeTriggerTimeAnnotation] = triggerTime
  const { annotations: _all, ...metadata } = slice.metadata
  return { ...slice, metadata: Object.keys(annotations).length === 0 ? metadata : { ...metadata, annotations } }
}
