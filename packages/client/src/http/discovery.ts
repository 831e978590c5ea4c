// What a server serves: by aggregated discovery in two requests, or by a request for each group and version where the
// server is older. Upstream: client-go discovery/discovery_client.go and aggregated_discovery.go.

import type { ServedResource } from '@binnacle/api'

const aggregated = (version: string): string =>
  `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`
const accept = `${aggregated('v2')},${aggregated('v2beta1')},application/json`

interface GroupDiscoveryList {
  kind: 'APIGroupDiscoveryList'
  items: {
    metadata: { name?: string }
    versions?: {
      version: string
      resources?: {
        resource: string
        responseKind?: { kind: string }
        scope: 'Namespaced' | 'Cluster'
        verbs: string[]
        subresources?: { subresource: string }[]
      }[]
    }[]
  }[]
}

interface GroupList {
  kind: 'APIGroupList'
  groups: { name: string; versions: { version: string }[]; preferredVersion?: { version: string } }[]
}

interface CoreVersions {
  kind: 'APIVersions'
  versions: string[]
}

interface ResourceList {
  resources: { name: string; kind: string; namespaced: boolean; verbs: string[] }[]
}

type Root = GroupDiscoveryList | GroupList | CoreVersions

interface GroupVersion {
  group: string
  version: string
}

export interface DiscoveryOptions {
  get<T>(path: string, accept: string): Promise<T>
  /** Told of a group that did not answer; the others count. */
  onWarning: (text: string) => void
}

/** The preferred version of each group first. */
export async function discover(options: DiscoveryOptions): Promise<ServedResource[]> {
  const roots = await Promise.all(['/api', '/apis'].map((path) => options.get<Root>(path, accept)))
  const parts = await Promise.all(
    roots.map(async (root) => {
      if (root.kind === 'APIGroupDiscoveryList') return aggregatedResources(root)
      const lists = await Promise.all(groupVersions(root).map((version) => listedResources(version, options)))
      return lists.flat()
    }),
  )
  return parts.flat()
}

function aggregatedResources({ items }: GroupDiscoveryList): ServedResource[] {
  return items.flatMap(({ metadata, versions = [] }) =>
    versions.flatMap(({ version, resources = [] }) =>
      resources.map(({ resource, responseKind, scope, verbs, subresources = [] }) => ({
        group: metadata.name ?? '',
        version,
        resource,
        kind: responseKind?.kind ?? '',
        namespaced: scope === 'Namespaced',
        verbs,
        subresources: subresources.map(({ subresource }) => subresource),
      })),
    ),
  )
}

function groupVersions(root: GroupList | CoreVersions): GroupVersion[] {
  if (root.kind === 'APIVersions') return root.versions.map((version) => ({ group: '', version }))
  return root.groups.flatMap(({ name, versions, preferredVersion }) => {
    const others = versions.map(({ version }) => version).filter((version) => version !== preferredVersion?.version)
    const ordered = preferredVersion === undefined ? others : [preferredVersion.version, ...others]
    return ordered.map((version) => ({ group: name, version }))
  })
}

async function listedResources({ group, version }: GroupVersion, options: DiscoveryOptions): Promise<ServedResource[]> {
  const path = group === '' ? `/api/${version}` : `/apis/${group}/${version}`
  let list: ResourceList
  try {
    list = await options.get<ResourceList>(path, 'application/json')
  } catch (error) {
    // One aggregated API that is down must not hide all others.
    options.onWarning(`couldn't get resource list for ${path.slice(path.indexOf('/', 1) + 1)}: ${String(error)}`)
    return []
  }
  const below = list.resources.filter(({ name }) => name.includes('/'))
  return list.resources
    .filter(({ name }) => !name.includes('/'))
    .map(({ name, kind, namespaced, verbs }) => ({
      group,
      version,
      resource: name,
      kind,
      namespaced,
      verbs,
      subresources: below
        .filter((one) => one.name.startsWith(`${name}/`))
        .map((one) => one.name.slice(name.length + 1)),
    }))
}
