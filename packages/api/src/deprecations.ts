// Built-in kinds that have a successor (k8s.io/api zz_generated.prerelease-lifecycle.go).

import type { ResourceInfo } from './resource.ts'

const messages: ReadonlyMap<string, string> = new Map([
  ['v1 ComponentStatus', 'v1 ComponentStatus is deprecated in v1.19+'],
  ['v1 Endpoints', 'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice'],
])

/** What every request for the kind is warned of; undefined for most. */
export function deprecationOf({
  group,
  version,
  kind,
}: Pick<ResourceInfo, 'group' | 'version' | 'kind'>): string | undefined {
  return group === '' ? messages.get(`${version} ${kind}`) : undefined
}
