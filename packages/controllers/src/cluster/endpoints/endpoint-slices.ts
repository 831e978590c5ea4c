// The endpoint slices that a Service should have, against those that it has: what to create, update and delete, touching
// as few slices as possible. Pure. Upstream: k8s.io/endpointslice/reconciler.go.

import type { EndpointSlice, Node, Pod, Service } from '@binnacle/api'
import {
  belongsInEndpoints,
  headlessLabel,
  hostnameInService,
  isHeadless,
  isIPv6,
  podAddresses,
  podIsReady,
  portInPod,
} from './service-pods.ts'

export const serviceNameLabel = 'kubernetes.io/service-name'
export const managedByLabel = 'endpointslice.kubernetes.io/managed-by'
export const endpointSliceControllerName = 'endpointslice-controller.k8s.io'
export const maxEndpointsPerSlice = 100

type Endpoint = NonNullable<EndpointSlice['endpoints']>[number]
type SlicePort = NonNullable<EndpointSlice['ports']>[number]
type AddressType = EndpointSlice['addressType']

export interface SliceChanges {
  create: EndpointSlice[]
  update: EndpointSlice[]
  delete: EndpointSlice[]
  /** Pods left out because their node is unknown; worth another try later. */
  podsWithoutNode: string[]
}

export interface SliceInput {
  service: Service
  /** Those that the Service selects. */
  pods: readonly Pod[]
  /** Those with the Service's name and this controller's labels. */
  existing: readonly EndpointSlice[]
  nodeOf: (name: string) => Node | undefined
  maxEndpoints?: number
}

/** Slices being worked out: endpoints and labels are this call's own, the rest may be shared with a frozen original. */
interface Draft {
  original: EndpointSlice | undefined
  endpoints: Endpoint[]
  labels: Record<string, string>
  changed: boolean
}

export function reconcileEndpointSlices(input: SliceInput): SliceChanges {
  const changes: SliceChanges = { create: [], update: [], delete: [], podsWithoutNode: [] }
  const addressTypes = addressTypesOf(input.service)
  for (const slice of input.existing) if (!addressTypes.has(slice.addressType)) changes.delete.push(slice)
  for (const addressType of addressTypes) {
    const existing = input.existing.filter((slice) => slice.addressType === addressType)
    const one = reconcileAddressType({ ...input, existing }, addressType)
    changes.create.push(...one.create)
    changes.update.push(...one.update)
    changes.delete.push(...one.delete)
    for (const pod of one.podsWithoutNode) if (!changes.podsWithoutNode.includes(pod)) changes.podsWithoutNode.push(pod)
  }
  if (input.service.metadata.deletionTimestamp !== undefined) changes.create = []
  return changes
}

function reconcileAddressType(input: SliceInput, addressType: AddressType): SliceChanges {
  const { service, pods, existing, nodeOf } = input
  const changes: SliceChanges = { create: [], update: [], delete: [], podsWithoutNode: [] }

  const existingByPorts = new Map<string, EndpointSlice[]>()
  for (const slice of existing) {
    if (isOwnedBy(slice, service)) append(existingByPorts, portsKey(slice.ports ?? []), slice)
    else changes.delete.push(slice)
  }

  const desired = new Map<string, { ports: SlicePort[]; endpoints: Map<string, Endpoint> }>()
  for (const pod of pods) {
    if (!belongsInEndpoints(pod, { includeTerminating: true })) continue
    const ports = slicePortsOf(pod, service)
    const key = portsKey(ports)
    let group = desired.get(key)
    if (!group) desired.set(key, (group = { ports, endpoints: new Map() }))
    const node = nodeOf(pod.spec?.nodeName ?? '')
    if (!node && !service.spec?.publishNotReadyAddresses) {
      changes.podsWithoutNode.push(pod.metadata.name ?? '')
      continue
    }
    const endpoint = endpointOf(pod, { service, node, addressType })
    if (endpoint.addresses.length > 0) group.endpoints.set(endpointKey(endpoint), endpoint)
  }

  for (const [key, group] of desired) {
    reconcilePorts(changes, {
      existing: existingByPorts.get(key) ?? [],
      desired: group.endpoints,
      service,
      ports: group.ports,
      addressType,
      maxEndpoints: input.maxEndpoints ?? maxEndpointsPerSlice,
    })
  }
  for (const [key, slices] of existingByPorts) if (!desired.has(key)) changes.delete.push(...slices)

  keepPlaceholder(changes, { existing, service, addressType })
  reuseDeleted(changes, service)
  return changes
}

interface PortGroup {
  existing: readonly EndpointSlice[]
  /** Taken from as endpoints find their slice. */
  desired: Map<string, Endpoint>
  service: Service
  ports: SlicePort[]
  addressType: AddressType
  maxEndpoints: number
}

/** Slices of one set of ports: keep what is right, fill what changes anyway, then at most one more, then new ones. */
function reconcilePorts(changes: SliceChanges, group: PortGroup): void {
  const { desired, service, maxEndpoints } = group
  const unchanged: Draft[] = []
  const updated: Draft[] = []
  for (const slice of group.existing) {
    const endpoints: Endpoint[] = []
    let changed = false
    for (const endpoint of slice.endpoints ?? []) {
      const key = endpointKey(endpoint)
      const wanted = desired.get(key)
      if (!wanted) continue
      endpoints.push(wanted)
      desired.delete(key)
      changed ||= !sameEndpoint(wanted, endpoint)
    }
    changed ||= endpoints.length !== (slice.endpoints?.length ?? 0)
    const { labels, changed: labelsChanged } = sliceLabels(slice.metadata.labels, service)
    const draft: Draft = { original: slice, endpoints, labels, changed: changed || labelsChanged }
    if (changed && endpoints.length === 0) changes.delete.push(slice)
    else if (draft.changed) updated.push(draft)
    else unchanged.push(draft)
  }

  updated.sort((a, b) => b.endpoints.length - a.endpoints.length)
  for (const draft of updated) fill(draft, desired, maxEndpoints)

  while (desired.size > 0) {
    let draft = desired.size < maxEndpoints ? closestToFull(unchanged, desired.size, maxEndpoints) : undefined
    if (draft) {
      unchanged.splice(unchanged.indexOf(draft), 1)
      draft.changed = true
    } else {
      draft = { original: undefined, endpoints: [], labels: sliceLabels(undefined, service).labels, changed: true }
    }
    fill(draft, desired, maxEndpoints)
    updated.push(draft)
  }

  for (const draft of updated) {
    if (draft.original) {
      const metadata = { ...draft.original.metadata, labels: draft.labels }
      changes.update.push({ ...draft.original, metadata, endpoints: draft.endpoints })
    } else {
      changes.create.push({
        ...newSlice(service, { ports: group.ports, addressType: group.addressType }),
        endpoints: draft.endpoints,
      })
    }
  }
}

function fill(draft: Draft, desired: Map<string, Endpoint>, maxEndpoints: number): void {
  for (const [key, endpoint] of desired) {
    if (draft.endpoints.length >= maxEndpoints) return
    draft.endpoints.push(endpoint)
    desired.delete(key)
  }
}

function closestToFull(drafts: readonly Draft[], adding: number, maxEndpoints: number): Draft | undefined {
  let best: Draft | undefined
  for (const draft of drafts) {
    const total = draft.endpoints.length + adding
    if (total <= maxEndpoints && (!best || draft.endpoints.length > best.endpoints.length)) best = draft
  }
  return best
}

/** A Service without endpoints has one slice without endpoints, so that clients can tell "none" from "not yet". */
function keepPlaceholder(
  changes: SliceChanges,
  {
    existing,
    service,
    addressType,
  }: { existing: readonly EndpointSlice[]; service: Service; addressType: AddressType },
): void {
  if (existing.length !== changes.delete.length || changes.create.length > 0) return
  const placeholder = newSlice(service, { ports: [], addressType })
  const [only, ...others] = changes.delete
  if (only && others.length === 0 && isPlaceholder(only, placeholder, service)) changes.delete = []
  else changes.create.push(placeholder)
}

function isPlaceholder(slice: EndpointSlice, placeholder: EndpointSlice, service: Service): boolean {
  return (
    (slice.endpoints ?? []).length === 0 &&
    (slice.ports ?? []).length === 0 &&
    isOwnedBy(slice, service) &&
    sameLabels(slice.metadata.labels ?? {}, placeholder.metadata.labels ?? {})
  )
}

/** A slice that would go and one that would come are one update. */
function reuseDeleted(changes: SliceChanges, service: Service): void {
  changes.delete = changes.delete.filter((old) => {
    const fresh = changes.create.at(-1)
    if (!fresh || old.addressType !== fresh.addressType || !isOwnedBy(old, service)) return true
    changes.create.pop()
    const metadata = { ...old.metadata, labels: fresh.metadata.labels }
    changes.update.push({ ...fresh, metadata })
    return false
  })
}

function newSlice(service: Service, options: { ports: SlicePort[]; addressType: AddressType }): EndpointSlice {
  const { name = '', namespace, uid = '' } = service.metadata
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      // A generated name gets five more characters, and the whole must stay a DNS subdomain.
      generateName: name.length < 253 ? `${name}-` : name,
      ...(namespace === undefined ? {} : { namespace }),
      labels: sliceLabels(undefined, service).labels,
      ownerReferences: [{ apiVersion: 'v1', kind: 'Service', name, uid, controller: true, blockOwnerDeletion: true }],
    },
    addressType: options.addressType,
    endpoints: [],
    ports: options.ports,
  }
}

function isOwnedBy(slice: EndpointSlice, service: Service): boolean {
  return (slice.metadata.ownerReferences ?? []).some(
    (owner) => owner.uid === service.metadata.uid && owner.kind === 'Service' && owner.apiVersion === 'v1',
  )
}

function addressTypesOf(service: Service): Set<AddressType> {
  const types = new Set<AddressType>()
  for (const family of service.spec?.ipFamilies ?? []) {
    if (family === 'IPv4' || family === 'IPv6') types.add(family)
  }
  if (types.size > 0) return types
  // An object from before ipFamilies: both families for headless ones, as upstream assumes.
  if (isHeadless(service)) return new Set<AddressType>(['IPv4', 'IPv6'])
  return new Set<AddressType>([isIPv6(service.spec?.clusterIP ?? '') ? 'IPv6' : 'IPv4'])
}

function slicePortsOf(pod: Pod, service: Service): SlicePort[] {
  const ports: SlicePort[] = []
  for (const servicePort of service.spec?.ports ?? []) {
    const port = portInPod(pod, servicePort)
    if (port === undefined) continue
    const { appProtocol } = servicePort
    ports.push({
      name: servicePort.name ?? '',
      port,
      protocol: servicePort.protocol ?? 'TCP',
      ...(appProtocol === undefined ? {} : { appProtocol }),
    })
  }
  return ports
}

function endpointOf(
  pod: Pod,
  { service, node, addressType }: { service: Service; node: Node | undefined; addressType: AddressType },
): Endpoint {
  const serving = podIsReady(pod)
  const terminating = pod.metadata.deletionTimestamp !== undefined
  const hostname = hostnameInService(pod, service)
  const zone = node?.metadata.labels?.['topology.kubernetes.io/zone']
  return {
    addresses: podAddresses(pod).filter((ip) => isIPv6(ip) === (addressType === 'IPv6')),
    conditions: {
      ready: (service.spec?.publishNotReadyAddresses ?? false) || (serving && !terminating),
      serving,
      terminating,
    },
    targetRef: {
      kind: 'Pod',
      namespace: pod.metadata.namespace,
      name: pod.metadata.name,
      uid: pod.metadata.uid,
    },
    ...(pod.spec?.nodeName ? { nodeName: pod.spec.nodeName } : {}),
    ...(zone ? { zone } : {}),
    ...(hostname === undefined ? {} : { hostname }),
  }
}

/** The Service's labels and the three of the controller; `changed` looks at the Service's only. */
function sliceLabels(
  current: Record<string, string> | undefined,
  service: Service,
): { labels: Record<string, string>; changed: boolean } {
  const labels = withoutReserved(service.metadata.labels ?? {})
  const changed = !sameLabels(withoutReserved(current ?? {}), labels)
  if (isHeadless(service)) labels[headlessLabel] = ''
  labels[serviceNameLabel] = service.metadata.name ?? ''
  labels[managedByLabel] = endpointSliceControllerName
  return { labels, changed }
}

function withoutReserved(labels: Record<string, string>): Record<string, string> {
  const { [serviceNameLabel]: _name, [managedByLabel]: _managedBy, [headlessLabel]: _headless, ...own } = labels
  return own
}

function sameLabels(a: Record<string, string>, b: Record<string, string>): boolean {
  const keys = Object.keys(a)
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key])
}

export function portsKey(ports: readonly SlicePort[]): string {
  return ports
    .map((port) => `${port.name ?? ''}/${port.port ?? ''}/${port.protocol ?? ''}/${port.appProtocol ?? ''}`)
    .sort()
    .join()
}

/** What makes an endpoint the same one over time. */
export function endpointKey(endpoint: Endpoint): string {
  const { addresses, hostname, targetRef } = endpoint
  return `${[...addresses].sort().join('+')} ${hostname ?? ''} ${targetRef?.namespace ?? ''}/${targetRef?.name ?? ''}`
}

/** Upstream: EndpointsEqualBeyondHash. */
function sameEndpoint(a: Endpoint, b: Endpoint): boolean {
  return (
    a.nodeName === b.nodeName &&
    a.zone === b.zone &&
    a.conditions?.ready === b.conditions?.ready &&
    a.conditions?.serving === b.conditions?.serving &&
    a.conditions?.terminating === b.conditions?.terminating &&
    a.targetRef?.uid === b.targetRef?.uid &&
    a.targetRef?.kind === b.targetRef?.kind
  )
}

function append<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const values = map.get(key)
  if (values) values.push(value)
  else map.set(key, [value])
}
