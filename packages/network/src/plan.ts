// From Services and their EndpointSlices to frontends and names: pure, one Service at a time.

import type { EndpointSlice, Service, ServicePort } from '@binnacle/api'
import type { Backend, DnsRecords, Frontend } from './frontend.ts'

/** Which address of the Service a frontend stands for. */
export type Role = 'cluster' | 'node' | 'loadBalancer'

export interface PlannedFrontend extends Frontend {
  role: Role
  servicePort: ServicePort
}

/** `port/protocol` key of the annotation and of messages. */
export function portKey(port: ServicePort): string {
  return `${port.port}/${port.protocol ?? 'TCP'}`
}

/** All addresses on which the Service is to be listened for. Empty for headless and ExternalName. */
export function planService(service: Service, slices: readonly EndpointSlice[]): PlannedFrontend[] {
  const spec = service.spec
  if (spec === undefined || spec.type === 'ExternalName' || spec.clusterIP === 'None' || !spec.clusterIP) return []
  const { namespace = '', name = '' } = service.metadata
  const key = `${namespace}/${name}`
  const affinity =
    spec.sessionAffinity === 'ClientIP'
      ? { affinitySeconds: spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? 10_800 }
      : {}
  const frontends: PlannedFrontend[] = []
  for (const servicePort of spec.ports ?? []) {
    const protocol = servicePort.protocol ?? 'TCP'
    // SCTP has no sockets in Node: the Service keeps its address, and an event says that nobody listens.
    if (protocol !== 'TCP' && protocol !== 'UDP') continue
    const backends = backendsOf(slices, servicePort)
    const add = (role: Role, address: string, port: number, fallback: boolean): void => {
      frontends.push({
        id: `${key}:${portKey(servicePort)}@${role}:${address}`,
        service: { namespace, name, port: servicePort.port },
        address,
        port,
        protocol,
        backends,
        ...affinity,
        fallback,
        role,
        servicePort,
      })
    }
    for (const address of spec.clusterIPs ?? [spec.clusterIP]) {
      if (!address.includes(':')) add('cluster', address, servicePort.port, true)
    }
    if (servicePort.nodePort) add('node', '127.0.0.1', servicePort.nodePort, false)
    for (const { ip } of service.status?.loadBalancer?.ingress ?? []) {
      if (ip !== undefined && ip !== '127.0.0.1') add('loadBalancer', ip, servicePort.port, false)
    }
  }
  return frontends
}

interface Candidate extends Backend {
  ready: boolean
  serving: boolean
}

/** Ready endpoints; where there are none, those that still serve while they end (kube-proxy, KEP-1669). */
function backendsOf(slices: readonly EndpointSlice[], servicePort: ServicePort): Backend[] {
  const candidates = slices.flatMap((slice) => candidatesOf(slice, servicePort))
  const ready = candidates.filter((candidate) => candidate.ready)
  const chosen = ready.length > 0 ? ready : candidates.filter((candidate) => candidate.serving)
  // The same address may stand in two slices while one is replaced by the other.
  const unique = new Map(chosen.map(({ address, port }) => [`${address}:${port}`, { address, port }]))
  return [...unique.keys()].sort().flatMap((key) => unique.get(key) ?? [])
}

function candidatesOf(slice: EndpointSlice, servicePort: ServicePort): Candidate[] {
  const port = slice.ports?.find(
    ({ name, protocol }) =>
      (name ?? '') === (servicePort.name ?? '') && (protocol ?? 'TCP') === (servicePort.protocol ?? 'TCP'),
  )?.port
  if (slice.addressType !== 'IPv4' || port === undefined) return []
  return (slice.endpoints ?? []).flatMap(({ addresses, conditions }) =>
    addresses.slice(0, 1).map((address) => ({
      address,
      port,
      ready: conditions?.ready ?? true,
      serving: conditions?.serving ?? conditions?.ready ?? true,
    })),
  )
}

/** The names of one Service as the Kubernetes DNS specification 1.1 has them, by name. */
export function planNames(
  service: Service,
  slices: readonly EndpointSlice[],
  zone: string,
): Record<string, DnsRecords> {
  const spec = service.spec
  const name = `${service.metadata.name}.${service.metadata.namespace}.svc.${zone}`
  if (spec?.type === 'ExternalName') return { [name]: { cname: spec.externalName ?? '' } }
  if (spec?.clusterIP === 'None') return headlessNames(name, slices, spec.publishNotReadyAddresses ?? false)
  if (!spec?.clusterIP) return {}
  const names: Record<string, DnsRecords> = {
    [name]: { a: spec.clusterIPs?.filter((ip) => !ip.includes(':')) ?? [spec.clusterIP] },
  }
  for (const { name: portName, port, protocol = 'TCP' } of spec.ports ?? []) {
    if (portName) names[`_${portName}._${protocol.toLowerCase()}.${name}`] = { srv: [{ port, target: name }] }
  }
  return names
}

function headlessNames(
  name: string,
  slices: readonly EndpointSlice[],
  publishNotReady: boolean,
): Record<string, DnsRecords> {
  const addresses = new Set<string>()
  const names: Record<string, DnsRecords> = {}
  const services = new Map<string, Map<string, { port: number; target: string }>>()
  for (const slice of slices) {
    if (slice.addressType !== 'IPv4') continue
    for (const endpoint of slice.endpoints ?? []) {
      const [address] = endpoint.addresses
      if (address === undefined || !(publishNotReady || (endpoint.conditions?.ready ?? true))) continue
      addresses.add(address)
      const target = `${endpoint.hostname ?? address.replaceAll('.', '-')}.${name}`.toLowerCase()
      names[target] = { a: [...new Set([...(names[target]?.a ?? []), address])] }
      for (const { name: portName, port, protocol = 'TCP' } of slice.ports ?? []) {
        if (!portName || port === undefined) continue
        const key = `_${portName}._${protocol.toLowerCase()}.${name}`
        const targets = services.get(key) ?? new Map<string, { port: number; target: string }>()
        services.set(key, targets.set(`${target}:${port}`, { port, target }))
      }
    }
  }
  for (const [key, targets] of services) names[key] = { srv: [...targets.values()] }
  names[name] = { a: [...addresses] }
  return names
}
