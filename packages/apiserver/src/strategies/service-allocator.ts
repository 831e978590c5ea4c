// Which Service holds which cluster IP and node port. Kept in memory and rebuilt from the Services that the store has, so
// nothing is leaked by a crash; a reservation whose write failed is found out when somebody else asks for the same value.
// Upstream: pkg/registry/core/service/{ipallocator,portallocator}.

import type { Service } from '@binnacle/api'
import type { Backend } from '../strategy.ts'
import { type AddressRange, addressText, parseRange } from './address-range.ts'

export const nodePortRange = { first: 30000, last: 32767 } as const

/** How long a reservation may be ahead of the Service's own write. */
const pendingMs = 60_000

interface Reservation {
  /** `<namespace>/<name>` of the Service. */
  owner: string
  /** Clock time of the reservation; 0 for what was found in the store. */
  since: number
}

export type Refusal = 'taken' | 'out of range'

export class ServiceAllocator {
  readonly range: AddressRange
  readonly #backend: Backend
  readonly #addresses = new Map<string, Reservation>()
  readonly #ports = new Map<string, Reservation>()
  #nextAddress: number
  #nextPort = 0

  constructor(backend: Backend) {
    this.#backend = backend
    this.range = parseRange(backend.serviceClusterIPRange)
    // The lower band is left to addresses that people choose themselves, as upstream does (KEP-3070).
    this.#nextAddress = staticBand(this.range.size)
    for (const service of backend.list<Service>('services')) {
      const owner = `${service.metadata.namespace}/${service.metadata.name}`
      for (const address of addressesOf(service)) this.#addresses.set(address, { owner, since: 0 })
      for (const key of portsOf(service)) this.#ports.set(key, { owner, since: 0 })
    }
  }

  /** Undefined when the range is used up. */
  nextAddress(owner: string): string | undefined {
    const dynamic = staticBand(this.range.size)
    const usable = this.range.size - 2
    for (let tried = 0; tried < usable; tried++) {
      const offset = this.#nextAddress
      this.#nextAddress = offset >= usable ? 1 : offset + 1
      if (tried > usable - dynamic && offset >= dynamic) continue
      const address = addressText(this.range, offset)
      if (this.#reserve(this.#addresses, address, owner, holdsAddress)) return address
    }
    return undefined
  }

  takeAddress(address: string, owner: string): Refusal | undefined {
    if (!this.range.contains(address)) return 'out of range'
    return this.#reserve(this.#addresses, address, owner, holdsAddress) ? undefined : 'taken'
  }

  releaseAddress(address: string, owner: string): void {
    if (this.#addresses.get(address)?.owner === owner) this.#addresses.delete(address)
  }

  nextPort(owner: string, protocol: string): number | undefined {
    const size = nodePortRange.last - nodePortRange.first + 1
    // Upstream keeps the first 86 ports for people's own choice.
    const band = 86
    for (let tried = 0; tried < size; tried++) {
      const port = nodePortRange.first + ((band + this.#nextPort) % size)
      this.#nextPort = (this.#nextPort + 1) % size
      // A port is free only when no protocol has it, so that one number can serve TCP and UDP later.
      const isTaken = [...protocols].some((other) => this.#isHeld(this.#ports, `${port}/${other}`, owner, holdsPort))
      if (!isTaken && this.takePort(port, protocol, owner) === undefined) return port
    }
    return undefined
  }

  takePort(port: number, protocol: string, owner: string): Refusal | undefined {
    if (port < nodePortRange.first || port > nodePortRange.last) return 'out of range'
    return this.#reserve(this.#ports, `${port}/${protocol}`, owner, holdsPort) ? undefined : 'taken'
  }

  releasePort(port: number, protocol: string, owner: string): void {
    const key = `${port}/${protocol}`
    if (this.#ports.get(key)?.owner === owner) this.#ports.delete(key)
  }

  /** Gives back all that the Service holds. */
  release(service: Service): void {
    const owner = ownerOf(service)
    for (const address of addressesOf(service)) this.releaseAddress(address, owner)
    for (const { nodePort, protocol } of service.spec?.ports ?? []) {
      if (nodePort !== undefined) this.releasePort(nodePort, protocol ?? 'TCP', owner)
    }
    const healthCheck = service.spec?.healthCheckNodePort
    if (healthCheck !== undefined) this.releasePort(healthCheck, 'TCP', owner)
  }

  #reserve(held: Map<string, Reservation>, key: string, owner: string, holds: Holds): boolean {
    if (this.#isHeld(held, key, owner, holds)) return false
    held.set(key, { owner, since: this.#backend.clock.now() })
    return true
  }

  #isHeld(held: Map<string, Reservation>, key: string, owner: string, holds: Holds): boolean {
    const reservation = held.get(key)
    if (reservation === undefined || reservation.owner === owner) return false
    if (this.#backend.clock.now() - reservation.since < pendingMs) return true
    const [namespace, name = ''] = reservation.owner.split('/')
    const service = this.#backend.get<Service>('services', namespace, name)
    return service !== undefined && holds(service, key)
  }
}

type Holds = (service: Service, key: string) => boolean

const protocols = ['TCP', 'UDP', 'SCTP'] as const
const holdsAddress: Holds = (service, key) => addressesOf(service).includes(key)
const holdsPort: Holds = (service, key) => portsOf(service).includes(key)

export function ownerOf(service: Service): string {
  return `${service.metadata.namespace}/${service.metadata.name}`
}

export function addressesOf({ spec }: Service): readonly string[] {
  if (spec === undefined || spec.type === 'ExternalName') return []
  const addresses = spec.clusterIPs ?? (spec.clusterIP === undefined ? [] : [spec.clusterIP])
  return addresses.filter((address) => address !== '' && address !== 'None')
}

function portsOf({ spec }: Service): readonly string[] {
  const ports = (spec?.ports ?? []).flatMap(({ nodePort, protocol = 'TCP' }) =>
    nodePort ? [`${nodePort}/${protocol}`] : [],
  )
  return spec?.healthCheckNodePort ? [...ports, `${spec.healthCheckNodePort}/TCP`] : ports
}

/** min(max(16, size/16), 256): ipallocator.calculateRangeOffset. */
function staticBand(size: number): number {
  return Math.min(Math.max(16, Math.floor(size / 16)), 256, Math.max(1, size - 2))
}
