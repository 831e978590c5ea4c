// The subsets of an Endpoints object: addresses grouped by the ports that they serve. Pure.
// Upstream: pkg/controller/endpoint/endpoints_controller.go and pkg/api/v1/endpoints/util.go (RepackSubsets).

import type { Endpoints, Pod, Service } from '@binnacle/api'
import {
  belongsInEndpoints,
  hostnameInService,
  isHeadless,
  isIPv6,
  podAddresses,
  podIsReady,
  portInPod,
} from './service-pods.ts'

export type Subset = NonNullable<Endpoints['subsets']>[number]
type Address = NonNullable<Subset['addresses']>[number]
type Port = NonNullable<Subset['ports']>[number]

/** More addresses than this are cut and the annotation says so. */
export const maxAddresses = 1000

export function subsetsOf(service: Service, pods: readonly Pod[]): Subset[] {
  const publishNotReady = service.spec?.publishNotReadyAddresses ?? false
  const groups = new Map<string, { ports: Port[]; ready: Address[]; notReady: Address[] }>()
  for (const pod of pods) {
    if (!belongsInEndpoints(pod, { includeTerminating: publishNotReady })) continue
    const address = addressOf(pod, service)
    const ports = portsOf(pod, service)
    // A Service without ports has endpoints only when it is headless; a pod without any of the ports is not one.
    if (!address || (ports.length === 0 && !((service.spec?.ports ?? []).length === 0 && isHeadless(service)))) continue
    const key = JSON.stringify(ports)
    let group = groups.get(key)
    if (!group) groups.set(key, (group = { ports, ready: [], notReady: [] }))
    if (publishNotReady || podIsReady(pod)) group.ready.push(address)
    else group.notReady.push(address)
  }
  return [...groups]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { ports, ready, notReady }]) => ({
      ...(ready.length > 0 ? { addresses: ready.sort(byAddress) } : {}),
      ...(notReady.length > 0 ? { notReadyAddresses: notReady.sort(byAddress) } : {}),
      ...(ports.length > 0 ? { ports } : {}),
    }))
}

function addressOf(pod: Pod, service: Service): Address | undefined {
  const wantsIPv6 = service.spec?.ipFamilies?.[0] === 'IPv6' || isIPv6(service.spec?.clusterIP ?? '')
  const ip = podAddresses(pod).find((candidate) => isIPv6(candidate) === wantsIPv6)
  if (ip === undefined) return undefined
  const hostname = hostnameInService(pod, service)
  const { namespace, name, uid } = pod.metadata
  return {
    ip,
    ...(hostname === undefined ? {} : { hostname }),
    ...(pod.spec?.nodeName ? { nodeName: pod.spec.nodeName } : {}),
    targetRef: { kind: 'Pod', namespace, name, uid },
  }
}

function portsOf(pod: Pod, service: Service): Port[] {
  const ports: Port[] = []
  for (const servicePort of service.spec?.ports ?? []) {
    const port = portInPod(pod, servicePort)
    if (port === undefined) continue
    const { name, protocol = 'TCP', appProtocol } = servicePort
    ports.push({ ...(name ? { name } : {}), port, protocol, ...(appProtocol === undefined ? {} : { appProtocol }) })
  }
  return ports.sort((a, b) => a.port - b.port || ((a.name ?? '') < (b.name ?? '') ? -1 : 1))
}

function byAddress(a: Address, b: Address): number {
  return a.ip === b.ip ? ((a.targetRef?.uid ?? '') < (b.targetRef?.uid ?? '') ? -1 : 1) : a.ip < b.ip ? -1 : 1
}

/** Cuts the subsets to `maxAddresses` in place, in proportion, not-ready ones first; says whether it had to. */
export function truncateSubsets(subsets: Subset[]): boolean {
  const ready = subsets.reduce((sum, subset) => sum + (subset.addresses?.length ?? 0), 0)
  const notReady = subsets.reduce((sum, subset) => sum + (subset.notReadyAddresses?.length ?? 0), 0)
  if (ready + notReady <= maxAddresses) return false
  const cutReady = ready > maxAddresses
  const room = cutReady ? maxAddresses : maxAddresses - ready
  const total = cutReady ? ready : notReady
  let left = room
  for (const subset of subsets) {
    const list = (cutReady ? subset.addresses : subset.notReadyAddresses) ?? []
    const kept = list.slice(0, Math.min(left, Math.ceil((list.length / total) * room)))
    left -= kept.length
    if (cutReady) {
      subset.addresses = kept
      delete subset.notReadyAddresses
    } else {
      subset.notReadyAddresses = kept
    }
  }
  return true
}
