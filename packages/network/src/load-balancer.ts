// Addresses for Services of type LoadBalancer: one loopback address each, since two Services may want the same port.

import type { Service } from '@binnacle/api'

/** Hands out addresses of an IPv4 range, by default 127.97.0.0/16. */
export class LoadBalancerAddresses {
  readonly #first: number
  readonly #count: number
  readonly #owners = new Map<string, string>()

  /** `range` in CIDR notation. */
  constructor(range: string) {
    const [base = '', bits = '32'] = range.split('/')
    this.#first = toNumber(base)
    this.#count = 2 ** (32 - Number(bits))
  }

  /** The Service's address: what its status says already, else the next free one. undefined when the range is used up. */
  assign(key: string, service: Service): string | undefined {
    const current = service.status?.loadBalancer?.ingress?.[0]?.ip
    if (current !== undefined && this.#contains(current) && (this.#owners.get(current) ?? key) === key) {
      this.#owners.set(current, key)
      return current
    }
    for (const [address, owner] of this.#owners) if (owner === key) return address
    // The first address of the range is its network's own.
    for (let offset = 1; offset < this.#count; offset++) {
      const address = toAddress(this.#first + offset)
      if (this.#owners.has(address)) continue
      this.#owners.set(address, key)
      return address
    }
    return undefined
  }

  release(key: string): void {
    for (const [address, owner] of this.#owners) if (owner === key) this.#owners.delete(address)
  }

  #contains(address: string): boolean {
    const offset = toNumber(address) - this.#first
    return offset > 0 && offset < this.#count
  }
}

function toNumber(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
}

function toAddress(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.')
}
