// Objects with the resources of the API that serve them, in the order in which they are applied.

import type { Unstructured } from '@binnacle/api'
import type { Client, DiscoveredResource, ResourceRef } from '@binnacle/client'
import { apiVersion } from '@binnacle/model'
import { CliError } from '../cli-error.ts'
import type { SourceObject } from './documents.ts'

export interface Planned {
  ref: ResourceRef
  object: Unstructured
  source: SourceObject
}

/** What others stand on comes first; all other kinds between these and those in `last`. */
const first = [
  'Namespace',
  'CustomResourceDefinition',
  'ServiceAccount',
  'ClusterRole',
  'Role',
  'ClusterRoleBinding',
  'RoleBinding',
  'Secret',
  'ConfigMap',
  'StorageClass',
  'PersistentVolume',
  'PersistentVolumeClaim',
  'Service',
  'Application',
  'DataSource',
]
const last = ['Ingress', 'HorizontalPodAutoscaler', 'ValidatingWebhookConfiguration', 'MutatingWebhookConfiguration']

/**
 * @throws CliError where the cluster does not serve a kind. Kinds that the project's own CustomResourceDefinitions bring
 * are resolved from these.
 */
export async function planObjects(
  client: Client,
  sources: readonly SourceObject[],
  namespace: string,
): Promise<Planned[]> {
  const served = [...(await client.discover()), ...sources.flatMap(({ object }) => definedBy(object))]
  return sources
    .map((source) => {
      const row = served.find(
        (one) => one.kind === source.object.kind && apiVersionOf(one.ref) === source.object.apiVersion,
      )
      if (row === undefined) throw notServed(source)
      const { namespace: own, ...metadata } = source.object.metadata
      const object = row.namespaced
        ? { ...source.object, metadata: { ...metadata, namespace: own ?? namespace } }
        : { ...source.object, metadata }
      return { ref: row.ref, object, source }
    })
    .toSorted((a, b) => rank(a.object.kind ?? '') - rank(b.object.kind ?? ''))
}

export function apiVersionOf({ group, version }: Pick<ResourceRef, 'group' | 'version'>): string {
  return group === '' ? version : `${group}/${version}`
}

/** Whether the cluster has our kinds. */
export async function servesOurKinds(client: Client): Promise<boolean> {
  return (await client.discover()).some(({ ref }) => apiVersionOf(ref) === apiVersion)
}

function rank(kind: string): number {
  const early = first.indexOf(kind)
  return early >= 0 ? early : last.includes(kind) ? first.length + 1 : first.length
}

function notServed({ object, file, lineOf }: SourceObject): CliError {
  const next =
    object.apiVersion === apiVersion
      ? 'run `binnacle install --context …` to add our kinds to the cluster, or deploy plain objects with --plain'
      : '`kubectl api-resources` lists what it serves; a kind of an operator needs that operator first'
  return new CliError(
    `${file}:${lineOf('kind')}: kind: the cluster does not serve ${object.kind} in ${object.apiVersion}: ${next}`,
  )
}

interface DefinitionSpec {
  group: string
  scope: string
  names: { plural: string; kind: string }
  versions: { name: string }[]
}

function definedBy(object: Unstructured): DiscoveredResource[] {
  if (object.kind !== 'CustomResourceDefinition') return []
  const { group, scope, names, versions } = object['spec'] as DefinitionSpec
  const namespaced = scope === 'Namespaced'
  return versions.map(({ name: version }) => ({
    group,
    version,
    resource: names.plural,
    kind: names.kind,
    namespaced,
    verbs: [],
    subresources: [],
    ref: { group, version, resource: names.plural, namespaced },
  }))
}
