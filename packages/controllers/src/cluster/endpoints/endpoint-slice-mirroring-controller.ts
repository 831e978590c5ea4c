// Copies Endpoints that somebody else keeps (Services without selector) into EndpointSlices, which is what proxies read.
// Upstream: pkg/controller/endpointslicemirroring.

import { semanticallyEqual, isConflict, isNotFound } from '@binnacle/api'
import type { Endpoints, EndpointSlice, Service } from '@binnacle/api'
import { endpoints, endpointSlices, services } from '@binnacle/client'
import type { Controller } from '@binnacle/client'
import type { ControllerContext } from '../../context.ts'
import { runController } from '../run-controller.ts'
import { isTerminating } from '../namespace-terminating.ts'
import { managedByLabel, portsKey, serviceNameLabel } from './endpoint-slices.ts'
import type { Subset } from './endpoint-subsets.ts'
import { isIPv6, lastChangeTriggerTimeAnnotation } from './service-pods.ts'

const controllerName = 'endpointslicemirroring-controller.k8s.io'
const skipMirrorLabel = 'endpointslice.kubernetes.io/skip-mirror'
const leaderAnnotation = 'control-plane.alpha.kubernetes.io/leader'
const lastAppliedAnnotation = 'kubectl.kubernetes.io/last-applied-configuration'
const maxAddressesPerSubset = 1000
const staleRetryMs = 20

export function startEndpointSliceMirroringController(context: ControllerContext): Controller {
  const { client, informers, events } = context
  const endpointsInformer = informers.of<Endpoints>(endpoints)
  const serviceInformer = informers.of<Service>(services)
  const slices = informers.of<EndpointSlice>(endpointSlices, { mirrored: endpointsKeysOf })

  const controller = runController(context, {
    name: 'endpointslice-mirroring-controller',
    workers: 5,
    reconcile: async (key) => {
      const source = endpointsInformer.get(key)
      const service = serviceInformer.get(key)
      const existing = slices.byIndex('mirrored', key)
      const shouldMirror = source && service && service.spec?.selector === undefined && isMirrored(source)
      const wanted = shouldMirror ? mirroredSlices(source) : { slices: [], skipped: 0 }
      if (source && wanted.skipped > 0) {
        const message = `A max of ${maxAddressesPerSubset} addresses can be mirrored to EndpointSlices per Endpoints subset. ${wanted.skipped} addresses were skipped`
        events.record(source, 'Warning', 'TooManyAddressesToMirror', message)
      }
      try {
        await apply(wanted.slices, existing)
      } catch (error) {
        if (isTerminating(error)) return undefined
        if (!isConflict(error) && !isNotFound(error)) throw error
        return { requeueAfterMs: staleRetryMs }
      }
      return undefined
    },
  })

  /** A slice of the same ports and family is updated, any other one that would go is used for one that would come. */
  async function apply(wanted: readonly EndpointSlice[], existing: readonly EndpointSlice[]): Promise<void> {
    const free = [...existing]
    const take = (matches: (slice: EndpointSlice) => boolean): EndpointSlice | undefined => {
      const index = free.findIndex(matches)
      return index < 0 ? undefined : free.splice(index, 1)[0]
    }
    const pairs = wanted.map((slice) => ({ slice, old: take((candidate) => groupKey(candidate) === groupKey(slice)) }))
    for (const { slice, old } of pairs) {
      const reused = old ?? take(({ addressType }) => addressType === slice.addressType)
      if (!reused) await client.create<EndpointSlice>(endpointSlices, slice)
      else if (!sameMirror(slice, reused)) {
        const { labels, annotations, ownerReferences } = slice.metadata
        const { name, namespace, resourceVersion } = reused.metadata
        const metadata = { name, namespace, resourceVersion, labels, annotations, ownerReferences }
        await client.update<EndpointSlice>(endpointSlices, { ...slice, metadata })
      }
    }
    for (const { metadata } of free) {
      await client.delete(endpointSlices, { namespace: metadata.namespace ?? '', name: metadata.name ?? '' })
    }
  }

  const enqueue = ({ metadata }: Endpoints | Service): void =>
    controller.enqueue(`${metadata.namespace}/${metadata.name}`)
  const handlers = { added: enqueue, updated: enqueue, deleted: enqueue }
  endpointsInformer.on(handlers)
  serviceInformer.on(handlers)
  const enqueueSource = (slice: EndpointSlice): void => {
    for (const key of endpointsKeysOf(slice)) controller.enqueue(key)
  }
  // An added one too: a pass that did not see the last one yet may have made a second.
  slices.on({ added: enqueueSource, updated: enqueueSource, deleted: enqueueSource })
  return controller
}

function endpointsKeysOf({ metadata }: EndpointSlice): string[] {
  const name = metadata.labels?.[serviceNameLabel]
  return name !== undefined && metadata.labels?.[managedByLabel] === controllerName
    ? [`${metadata.namespace}/${name}`]
    : []
}

function isMirrored({ metadata }: Endpoints): boolean {
  return metadata.labels?.[skipMirrorLabel] !== 'true' && metadata.annotations?.[leaderAnnotation] === undefined
}

function mirroredSlices(source: Endpoints): { slices: EndpointSlice[]; skipped: number } {
  const slices = new Map<string, { slice: EndpointSlice; endpoints: NonNullable<EndpointSlice['endpoints']> }>()
  let skipped = 0
  for (const subset of source.subsets ?? []) {
    const ready = (subset.addresses ?? []).map((address) => ({ address, isReady: true }))
    const notReady = (subset.notReadyAddresses ?? []).map((address) => ({ address, isReady: false }))
    const all = [...ready, ...notReady]
    skipped += Math.max(0, all.length - maxAddressesPerSubset)
    for (const { address, isReady } of all.slice(0, maxAddressesPerSubset)) {
      const slice = emptySlice(source, subset, isIPv6(address.ip) ? 'IPv6' : 'IPv4')
      const group = slices.get(groupKey(slice)) ?? { slice, endpoints: [] }
      slices.set(groupKey(slice), group)
      const { ip, hostname, nodeName, targetRef } = address
      group.endpoints.push({
        addresses: [ip],
        conditions: { ready: isReady },
        ...(hostname ? { hostname } : {}),
        ...(nodeName ? { nodeName } : {}),
        ...(targetRef ? { targetRef } : {}),
      })
    }
  }
  return { slices: [...slices.values()].map(({ slice, endpoints: list }) => ({ ...slice, endpoints: list })), skipped }
}

function emptySlice(source: Endpoints, subset: Subset, addressType: 'IPv4' | 'IPv6'): EndpointSlice {
  const { name = '', namespace, uid = '', labels, annotations = {} } = source.metadata
  const { [lastChangeTriggerTimeAnnotation]: _time, [lastAppliedAnnotation]: _applied, ...copied } = annotations
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      generateName: `${name}-`,
      ...(namespace === undefined ? {} : { namespace }),
      labels: { ...labels, [serviceNameLabel]: name, [managedByLabel]: controllerName },
      ...(Object.keys(copied).length > 0 ? { annotations: copied } : {}),
      ownerReferences: [{ apiVersion: 'v1', kind: 'Endpoints', name, uid, controller: true, blockOwnerDeletion: true }],
    },
    addressType,
    endpoints: [],
    ports: (subset.ports ?? []).map((port) => ({
      name: port.name ?? '',
      port: port.port,
      protocol: port.protocol ?? 'TCP',
      ...(port.appProtocol === undefined ? {} : { appProtocol: port.appProtocol }),
    })),
  }
}

function groupKey({ addressType, ports }: EndpointSlice): string {
  return `${addressType} ${portsKey(ports ?? [])}`
}

function sameMirror(a: EndpointSlice, b: EndpointSlice): boolean {
  return (
    groupKey(a) === groupKey(b) &&
    semanticallyEqual(a.endpoints, b.endpoints) &&
    semanticallyEqual(a.metadata.labels ?? {}, b.metadata.labels ?? {}) &&
    semanticallyEqual(a.metadata.annotations ?? {}, b.metadata.annotations ?? {}) &&
    semanticallyEqual(a.metadata.ownerReferences ?? [], b.metadata.ownerReferences ?? [])
  )
}
