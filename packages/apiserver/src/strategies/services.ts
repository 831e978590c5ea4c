// Services: cluster IPs, node ports, IP families. Upstream: pkg/registry/core/service/storage/{alloc,storage}.go.

import { randomUUID } from 'node:crypto'
import {
  type FieldError,
  type IPAddress,
  type Service,
  type ServicePort,
  type ServiceSpec,
  field,
  formatTime,
  invalid,
  validateServiceAddresses,
} from '@binnacle/api'
import type { Backend, Strategy, WriteContext } from '../strategy.ts'
import { ServiceAllocator, addressesOf, nodePortRange, ownerOf } from './service-allocator.ts'

const allocators = new WeakMap<Backend, ServiceAllocator>()

function allocatorOf(backend: Backend): ServiceAllocator {
  let allocator = allocators.get(backend)
  if (allocator === undefined) allocators.set(backend, (allocator = new ServiceAllocator(backend)))
  return allocator
}

export const services: Strategy = {
  async prepareForCreate(object, context) {
    const service = object as Service
    if (service.spec === undefined) return
    await allocate(service, undefined, context)
  },

  async prepareForUpdate(object, old, context) {
    if (context.subresource !== undefined && context.subresource !== '') return
    const service = object as Service
    const before = old as Service
    if (service.spec === undefined || before.spec === undefined) return
    keepAllocated(service.spec, before.spec)
    await allocate(service, before, context)
    if (!context.dryRun) forgetUnused(service, before, context.backend)
  },

  undoCreate(object, { backend }) {
    const service = object as Service
    allocatorOf(backend).release(service)
    forgetAddresses(addressesOf(service), ownerOf(service), backend)
  },

  afterDelete(object, { backend }) {
    const service = object as Service
    allocatorOf(backend).release(service)
    forgetAddresses(addressesOf(service), ownerOf(service), backend)
  },
}

async function allocate(
  service: Service,
  old: Service | undefined,
  { backend, dryRun, resource }: WriteContext,
): Promise<void> {
  const spec = service.spec as ServiceSpec
  const allocator = allocatorOf(backend)
  if (spec.clusterIP) spec.clusterIPs ??= [spec.clusterIP]
  // Nothing is allocated for addresses that do not fit, and then nothing else is said either.
  const errors: FieldError[] = validateServiceAddresses(spec)
  if (errors.length === 0) errors.push(...setFamilies(spec, old?.spec))
  const taken: (() => void)[] = []
  if (errors.length === 0) {
    errors.push(...allocateAddress(service, old, allocator, taken), ...allocatePorts(service, old, allocator, taken))
  }
  if (errors.length > 0) {
    for (const undo of taken) undo()
    throw invalid(resource, service.metadata.name ?? '', errors)
  }
  if (dryRun) {
    for (const undo of taken) undo()
    return
  }
  const fresh = addressesOf(service).filter((address) => old === undefined || !addressesOf(old).includes(address))
  await Promise.all(fresh.map((address) => recordAddress(address, service, backend)))
}

/** Single-stack IPv4, the only family of this engine; headless Services without a selector may name both. */
function setFamilies(spec: ServiceSpec, old: ServiceSpec | undefined): FieldError[] {
  if (spec.type === 'ExternalName') return []
  const isHeadless = spec.clusterIP === 'None' || spec.clusterIPs?.[0] === 'None'
  const isSelectorless = isHeadless && Object.keys(spec.selector ?? {}).length === 0
  if (isHeadless) {
    spec.clusterIP ??= 'None'
    if (spec.clusterIP === 'None') spec.clusterIPs ??= ['None']
  }
  spec.ipFamilyPolicy ??= old?.ipFamilyPolicy ?? (isSelectorless ? 'RequireDualStack' : 'SingleStack')
  if (!isSelectorless) {
    const errors = (spec.ipFamilies ?? []).flatMap((family, index) =>
      family === 'IPv4' ? [] : [field.invalid(`spec.ipFamilies[${index}]`, family, 'not configured on this cluster')],
    )
    if (spec.ipFamilyPolicy === 'RequireDualStack') {
      errors.push(
        field.invalid(
          'spec.ipFamilyPolicy',
          spec.ipFamilyPolicy,
          'this cluster is not configured for dual-stack services',
        ),
      )
    }
    if (errors.length > 0) return errors
  }
  if ((spec.ipFamilies?.length ?? 0) === 0) spec.ipFamilies = ['IPv4']
  if (isSelectorless && spec.ipFamilyPolicy !== 'SingleStack' && spec.ipFamilies?.length === 1) {
    spec.ipFamilies = [...spec.ipFamilies, spec.ipFamilies[0] === 'IPv4' ? 'IPv6' : 'IPv4']
  }
  return []
}

function allocateAddress(
  service: Service,
  old: Service | undefined,
  allocator: ServiceAllocator,
  taken: (() => void)[],
): FieldError[] {
  const spec = service.spec as ServiceSpec
  if (spec.type === 'ExternalName') return []
  const wanted = spec.clusterIP === undefined || spec.clusterIP === '' ? spec.clusterIPs?.[0] : spec.clusterIP
  if (wanted === 'None') return []
  const owner = ownerOf(service)
  if (wanted !== undefined && wanted !== '') {
    spec.clusterIP = wanted
    spec.clusterIPs ??= [wanted]
    if (old !== undefined && addressesOf(old).includes(wanted)) return []
    // Validation, which comes after this, says that an address does not change.
    if (old !== undefined && old.spec?.type !== 'ExternalName' && addressesOf(old).length > 0) return []
    const refusal = allocator.takeAddress(wanted, owner)
    if (refusal === undefined) {
      taken.push(() => allocator.releaseAddress(wanted, owner))
      return []
    }
    const why =
      refusal === 'taken'
        ? 'provided IP is already allocated'
        : `the provided IP (${wanted}) is not in the valid range. The range of valid IPs is ${allocator.range.text}`
    return [field.invalid('spec.clusterIPs', [wanted], `failed to allocate IP ${wanted}: ${why}`)]
  }
  const address = allocator.nextAddress(owner)
  if (address === undefined) return [field.internal('spec.clusterIPs', 'failed to allocate a serviceIP: range is full')]
  taken.push(() => allocator.releaseAddress(address, owner))
  spec.clusterIP = address
  spec.clusterIPs = [address]
  return []
}

function allocatePorts(
  service: Service,
  old: Service | undefined,
  allocator: ServiceAllocator,
  taken: (() => void)[],
): FieldError[] {
  const spec = service.spec as ServiceSpec
  if (spec.type !== 'NodePort' && spec.type !== 'LoadBalancer') return []
  const owner = ownerOf(service)
  const errors: FieldError[] = []
  const allocates = spec.type === 'NodePort' || spec.allocateLoadBalancerNodePorts !== false
  const had = new Set((old?.spec?.ports ?? []).map(({ nodePort, protocol = 'TCP' }) => `${nodePort}/${protocol}`))
  const take = (port: number, protocol: string, path: string): void => {
    if (had.has(`${port}/${protocol}`)) return
    const refusal = allocator.takePort(port, protocol, owner)
    if (refusal === undefined) taken.push(() => allocator.releasePort(port, protocol, owner))
    else errors.push(field.invalid(path, port, portRefusals[refusal]))
  }
  for (const [index, port] of (spec.ports ?? []).entries()) {
    const protocol = port.protocol ?? 'TCP'
    const path = `spec.ports[${index}].nodePort`
    if (port.nodePort) {
      take(port.nodePort, protocol, path)
    } else if (allocates) {
      const shared = sharedNodePort(spec.ports ?? [], port)
      const nodePort = shared ?? allocator.nextPort(owner, protocol)
      if (nodePort === undefined) {
        errors.push(field.internal(path, 'failed to allocate a nodePort: range is full'))
        continue
      }
      if (shared === undefined) taken.push(() => allocator.releasePort(nodePort, protocol, owner))
      else take(shared, protocol, path)
      port.nodePort = nodePort
    }
  }
  if (spec.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local') {
    if (spec.healthCheckNodePort && spec.healthCheckNodePort !== old?.spec?.healthCheckNodePort) {
      take(spec.healthCheckNodePort, 'TCP', 'spec.healthCheckNodePort')
    } else if (!spec.healthCheckNodePort) {
      const port = allocator.nextPort(owner, 'TCP')
      if (port !== undefined) {
        spec.healthCheckNodePort = port
        taken.push(() => allocator.releasePort(port, 'TCP', owner))
      }
    }
  }
  return errors
}

const portRefusals = {
  taken: 'provided port is already allocated',
  'out of range': `provided port is not in the valid range. The range of valid ports is ${nodePortRange.first}-${nodePortRange.last}`,
} as const

/** One port number under two protocols gets one node port. */
function sharedNodePort(ports: readonly ServicePort[], wanted: ServicePort): number | undefined {
  const protocol = wanted.protocol ?? 'TCP'
  const sibling = ports.find(
    (port) => port.nodePort && port.port === wanted.port && (port.protocol ?? 'TCP') !== protocol,
  )
  const nodePort = sibling?.nodePort
  const isFree = ports.every((port) => port.nodePort !== nodePort || (port.protocol ?? 'TCP') !== protocol)
  return isFree ? nodePort : undefined
}

/** What a client left out of an update stays as it was (patchAllocatedValues). */
function keepAllocated(spec: ServiceSpec, before: ServiceSpec): void {
  if (spec.type !== 'ExternalName' && before.type !== 'ExternalName') {
    if (!spec.clusterIP && (spec.clusterIPs?.length ?? 0) === 0) {
      if (before.clusterIP !== undefined) spec.clusterIP = before.clusterIP
      if (before.clusterIPs !== undefined) spec.clusterIPs = before.clusterIPs
    } else if (spec.clusterIP && (spec.clusterIPs?.length ?? 0) === 0) {
      spec.clusterIPs = spec.clusterIP === before.clusterIP ? (before.clusterIPs ?? [spec.clusterIP]) : [spec.clusterIP]
    } else if (!spec.clusterIP && spec.clusterIPs?.[0] !== undefined) {
      spec.clusterIP = spec.clusterIPs[0]
    } else if (spec.clusterIP && spec.clusterIP !== before.clusterIP && spec.clusterIPs?.[0] === before.clusterIP) {
      // Only the one was changed: the other follows (normalizeClusterIPs).
      spec.clusterIPs = [spec.clusterIP, ...(spec.clusterIPs ?? []).slice(1)]
    }
    spec.ipFamilies ??= before.ipFamilies
    spec.ipFamilyPolicy ??= before.ipFamilyPolicy
  }
  if (!hasNodePorts(spec) || !hasNodePorts(before)) return
  const known = new Map(
    (before.ports ?? []).map((port) => [`${port.protocol ?? 'TCP'}/${port.port}`, port.nodePort] as const),
  )
  const used = new Set((spec.ports ?? []).map(({ nodePort, protocol }) => `${nodePort}/${protocol ?? 'TCP'}`))
  for (const port of spec.ports ?? []) {
    if (port.nodePort) continue
    const nodePort = known.get(`${port.protocol ?? 'TCP'}/${port.port}`)
    if (nodePort && !used.has(`${nodePort}/${port.protocol ?? 'TCP'}`)) port.nodePort = nodePort
  }
  if (
    !spec.healthCheckNodePort &&
    before.healthCheckNodePort &&
    spec.externalTrafficPolicy === 'Local' &&
    spec.type === 'LoadBalancer'
  ) {
    spec.healthCheckNodePort = before.healthCheckNodePort
  }
}

function hasNodePorts({ type }: ServiceSpec): boolean {
  return type === 'NodePort' || type === 'LoadBalancer'
}

/** No hook runs after an update: a moment later the store says whether the addresses are still the Service's. */
function forgetUnused(service: Service, before: Service, backend: Backend): void {
  const gone = addressesOf(before).filter((address) => !addressesOf(service).includes(address))
  if (gone.length === 0) return
  const { namespace, name = '' } = service.metadata
  backend.clock.after(1000, () => {
    const kept = backend.get<Service>('services', namespace, name)
    const unused = gone.filter((address) => kept === undefined || !addressesOf(kept).includes(address))
    for (const address of unused) allocatorOf(backend).releaseAddress(address, ownerOf(service))
    forgetAddresses(unused, ownerOf(service), backend)
  })
}

const addressKey = (address: string): string => `ipaddresses.networking.k8s.io/${address}`

/** The IPAddress object that stands for an allocated address. */
async function recordAddress(address: string, service: Service, backend: Backend): Promise<void> {
  const record: IPAddress = {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'IPAddress',
    metadata: {
      name: address,
      uid: randomUUID(),
      creationTimestamp: formatTime(backend.clock.now()),
      labels: {
        'ipaddress.kubernetes.io/ip-family': 'IPv4',
        'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io',
      },
    },
    spec: {
      parentRef: {
        group: '',
        resource: 'services',
        namespace: service.metadata.namespace ?? '',
        name: service.metadata.name ?? '',
      },
    },
  }
  await backend.store.write(addressKey(address), () => ({ put: record }))
}

async function forgetAddress(address: string, owner: string, backend: Backend): Promise<void> {
  await backend.store.write(addressKey(address), (current) => {
    const parent = (current?.object as IPAddress | undefined)?.spec?.parentRef
    return parent !== undefined && `${parent.namespace}/${parent.name}` === owner ? { remove: true } : { keep: true }
  })
}

/** Where nobody can wait: a record that could not be removed is taken over by the next Service with the address. */
function forgetAddresses(addresses: readonly string[], owner: string, backend: Backend): void {
  for (const address of addresses) forgetAddress(address, owner, backend).catch(() => undefined)
}
