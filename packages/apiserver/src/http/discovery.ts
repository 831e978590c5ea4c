// Discovery: which groups, versions and resources there are, in the aggregated form (v2) and in the older lists. Made
// from the rows, kept until they change. Upstream: apiserver pkg/endpoints/discovery.

import { createHash } from 'node:crypto'
import { type ResourceInfo, notAcceptable } from '@binnacle/api'
import type { Registry } from '../registry.ts'
import { compareVersions } from '../version-order.ts'
import { clausesOf } from './negotiate.ts'

/** Groups in the order of upstream's discovery; custom groups follow by name. */
const groupOrder = [
  'apiregistration.k8s.io',
  'apps',
  'events.k8s.io',
  'authentication.k8s.io',
  'authorization.k8s.io',
  'autoscaling',
  'batch',
  'certificates.k8s.io',
  'networking.k8s.io',
  'policy',
  'rbac.authorization.k8s.io',
  'storage.k8s.io',
  'admissionregistration.k8s.io',
  'apiextensions.k8s.io',
  'scheduling.k8s.io',
  'coordination.k8s.io',
  'node.k8s.io',
  'discovery.k8s.io',
  'resource.k8s.io',
  'flowcontrol.apiserver.k8s.io',
]

export interface Document {
  contentType: string
  etag?: string
  body: string
}

const aggregatedType = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'

export class Discovery {
  readonly #registry: Registry
  #version = -1
  readonly #documents = new Map<string, Document>()

  constructor(registry: Registry) {
    this.#registry = registry
  }

  /** The document at `path` (/api, /apis, /api/v1, /apis/g, /apis/g/v); undefined where there is none. */
  document(path: string, accept: string | undefined): Document | undefined {
    if (this.#version !== this.#registry.version) {
      this.#documents.clear()
      this.#version = this.#registry.version
    }
    const parts = path.split('/').filter((part) => part !== '')
    const aggregated = parts.length === 1 && acceptsAggregated(accept)
    if (!aggregated && parts.length === 1) requirePlain(accept)
    const key = `${aggregated}${parts.join('/')}`
    const known = this.#documents.get(key)
    if (known !== undefined) return known
    const value = this.#make(parts, aggregated)
    if (value === undefined) return undefined
    const body = JSON.stringify(value)
    const document: Document = aggregated
      ? {
          contentType: aggregatedType,
          etag: `"${createHash('sha512').update(body).digest('hex').toUpperCase()}"`,
          body,
        }
      : { contentType: 'application/json', body }
    this.#documents.set(key, document)
    return document
  }

  #make([root, group, version]: string[], aggregated: boolean): object | undefined {
    const groups = this.groups()
    if (root === 'api') {
      if (group === undefined)
        return aggregated ? aggregatedList(groups.filter(({ name }) => name === '')) : coreVersions()
      return group === 'v1' && version === undefined ? resourceList('v1', this.#rows('', 'v1')) : undefined
    }
    if (root !== 'apis') return undefined
    const named = groups.filter(({ name }) => name !== '')
    if (group === undefined)
      return aggregated
        ? aggregatedList(named)
        : { kind: 'APIGroupList', apiVersion: 'v1', groups: named.map(groupEntry) }
    const found = named.find(({ name }) => name === group)
    if (found === undefined) return undefined
    if (version === undefined) return { kind: 'APIGroup', apiVersion: 'v1', ...groupEntry(found) }
    return found.versions.some((one) => one.version === version)
      ? resourceList(`${group}/${version}`, this.#rows(group, version))
      : undefined
  }

  #rows(group: string, version: string): ResourceInfo[] {
    return this.#registry
      .all()
      .map(({ info }) => info)
      .filter((info) => info.group === group && info.version === version)
  }

  /** All groups with their versions, the preferred version first. */
  groups(): Group[] {
    const groups = new Map<string, Map<string, ResourceInfo[]>>()
    for (const { info } of this.#registry.all()) {
      const versions = groups.get(info.group) ?? new Map<string, ResourceInfo[]>()
      groups.set(info.group, versions)
      const rows = versions.get(info.version) ?? []
      versions.set(info.version, rows)
      rows.push(info)
    }
    const rank = (name: string): number =>
      name === '' ? -1 : groupOrder.includes(name) ? groupOrder.indexOf(name) : groupOrder.length
    return [...groups]
      .sort(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : 1))
      .map(([name, versions]) => ({
        name,
        versions: [...versions]
          .map(([version, resources]) => ({ version, resources }))
          .sort((a, b) => compareVersions(b.version, a.version)),
      }))
  }
}

interface Group {
  name: string
  versions: { version: string; resources: ResourceInfo[] }[]
}

/** Of what the client lists first among the forms that are served. */
function acceptsAggregated(accept: string | undefined): boolean {
  for (const { type, parameters } of clausesOf(accept ?? '')) {
    if (type !== 'application/json' && type !== '*/*') continue
    const { g, v, as } = parameters
    if (as === undefined) return false
    if (g === 'apidiscovery.k8s.io' && v === 'v2' && as === 'APIGroupDiscoveryList') return true
  }
  return false
}

/** Throws NotAcceptable where the client takes nothing but forms that are not served. */
function requirePlain(accept: string | undefined): void {
  const clauses = clausesOf(accept ?? '').filter(({ type }) => type !== '')
  if (clauses.length === 0 || clauses.some(({ parameters }) => parameters['as'] === undefined)) return
  throw notAcceptable(['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'])
}

function coreVersions(): object {
  return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] }
}

function groupEntry({ name, versions }: Group): object {
  const entries = versions.map(({ version }) => ({ groupVersion: `${name}/${version}`, version }))
  return { name, versions: entries, preferredVersion: entries[0] }
}

/** As upstream: a hash of the storage group version, so that clients see when objects must be migrated. */
function storageVersionHash({ storageKey, storageVersion, kind }: ResourceInfo): string {
  return createHash('sha256')
    .update(`${storageVersion}/${kind}/${storageKey}`)
    .digest()
    .subarray(0, 8)
    .toString('base64')
}

function resourceList(groupVersion: string, rows: readonly ResourceInfo[]): object {
  const resources = rows.flatMap((info) => [
    {
      name: info.resource,
      singularName: info.singular,
      namespaced: info.namespaced,
      kind: info.kind,
      verbs: info.verbs,
      ...(info.shortNames.length === 0 ? {} : { shortNames: info.shortNames }),
      ...(info.categories.length === 0 ? {} : { categories: info.categories }),
      ...(info.verbs.includes('watch') ? { storageVersionHash: storageVersionHash(info) } : {}),
    },
    ...info.subresources.map(({ name, kind, group, version, verbs }) => ({
      name: `${info.resource}/${name}`,
      singularName: '',
      namespaced: info.namespaced,
      ...(group === undefined ? {} : { group }),
      ...(version === undefined ? {} : { version }),
      kind,
      verbs,
    })),
  ])
  return {
    kind: 'APIResourceList',
    // As upstream: the oldest of these lists, that of core/v1, does not say its version.
    ...(groupVersion === 'v1' ? {} : { apiVersion: 'v1' }),
    groupVersion,
    resources: resources.sort((a, b) => (a.name < b.name ? -1 : 1)),
  }
}

function aggregatedList(groups: readonly Group[]): object {
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: 'apidiscovery.k8s.io/v2',
    metadata: {},
    items: groups.map(({ name, versions }) => ({
      metadata: name === '' ? {} : { name },
      versions: versions.map(({ version, resources }) => ({
        version,
        resources: resources.map(aggregatedResource),
        freshness: 'Current',
      })),
    })),
  }
}

function aggregatedResource(info: ResourceInfo): object {
  return {
    resource: info.resource,
    responseKind: { group: info.group, version: info.version, kind: info.kind },
    scope: info.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: info.singular,
    verbs: info.verbs,
    ...(info.shortNames.length === 0 ? {} : { shortNames: info.shortNames }),
    ...(info.categories.length === 0 ? {} : { categories: info.categories }),
    ...(info.subresources.length === 0
      ? {}
      : {
          subresources: info.subresources.map(({ name, kind, group = info.group, version = info.version, verbs }) => ({
            subresource: name,
            responseKind: { group, version, kind },
            verbs,
          })),
        }),
  }
}
