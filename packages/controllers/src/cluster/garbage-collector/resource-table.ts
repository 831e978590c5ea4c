// From the kind in an owner reference to the resource that serves it, by discovery.

import type { Client, DiscoveredResource, ResourceRef } from '@binnacle/client'

export class ResourceTable {
  readonly client: Client
  #byKind = new Map<string, DiscoveredResource>()

  constructor(client: Client) {
    this.client = client
  }

  /** Preferred versions only, one row per resource. */
  async refresh(): Promise<readonly DiscoveredResource[]> {
    const all = await this.client.discover()
    this.#byKind = new Map(all.map((resource) => [`${apiVersionOf(resource.ref)}/${resource.kind}`, resource]))
    return preferredOnly(all)
  }

  /** Asks again once for a kind that was not there before: it may be a new one. */
  async find(apiVersion: string, kind: string): Promise<DiscoveredResource | undefined> {
    const key = `${apiVersion}/${kind}`
    const known = this.#byKind.get(key)
    if (known) return known
    await this.refresh()
    return this.#byKind.get(key)
  }
}

/** Discovery names the preferred version of a resource first; the others show the same objects. */
export function preferredOnly(resources: readonly DiscoveredResource[]): DiscoveredResource[] {
  const seen = new Set<string>()
  return resources.filter(({ ref }) => {
    const key = `${ref.resource}.${ref.group}`
    return !seen.has(key) && seen.add(key)
  })
}

function apiVersionOf({ group, version }: ResourceRef): string {
  return group === '' ? version : `${group}/${version}`
}
