// Objects that earlier releases of an application had and this deploy has no more.

import { type Unstructured, isNotFound } from '@binnacle/api'
import type { Client } from '@binnacle/client'
import { partOfLabel } from '@binnacle/model'
import { type Planned, apiVersionOf } from './plan.ts'
import type { Project } from './project.ts'
import { listReleases } from './releases.ts'
import { fieldManager, keyOf } from './transaction.ts'

export interface PruneScope {
  client: Client
  namespace: string
  project: Project
}

/** Live objects that an earlier deploy of this application applied and that are not in the plan. */
export async function unwanted(
  { client, namespace, project }: PruneScope,
  plan: readonly Planned[],
): Promise<Unstructured[]> {
  const wanted = new Set(plan.map(({ object }) => identity(object, namespace)))
  const served = await client.discover()
  const releases = await listReleases({ client, namespace, application: project.application })
  const known = new Map(
    releases.flatMap(({ spec }) => spec.resources).map((resource) => [identity(resource, namespace), resource]),
  )
  const found: Unstructured[] = []
  for (const [id, { apiVersion, kind, metadata }] of known) {
    const row = served.find(({ ref, kind: other }) => other === kind && apiVersionOf(ref) === apiVersion)
    if (wanted.has(id) || row === undefined) continue
    const object = { metadata: { name: metadata.name, namespace: metadata.namespace ?? namespace } } as Unstructured
    const live = await client.get<Unstructured>(row.ref, keyOf({ object })).catch((error: unknown) => {
      if (isNotFound(error)) return undefined
      throw error
    })
    // An object that another application or another tool has taken over is theirs.
    const isOwn =
      live?.metadata.labels?.[partOfLabel] === project.application &&
      live.metadata.managedFields?.some(({ manager, operation }) => manager === fieldManager && operation === 'Apply')
    if (live !== undefined && isOwn === true && live.metadata.deletionTimestamp === undefined)
      found.push({ ...live, apiVersion, kind })
  }
  return found
}

/** Removes them, and with them what they own. */
export async function prune(client: Client, objects: readonly Unstructured[]): Promise<readonly Unstructured[]> {
  const served = await client.discover()
  for (const object of objects) {
    const row = served.find(({ ref, kind }) => kind === object.kind && apiVersionOf(ref) === object.apiVersion)
    if (row === undefined) continue
    await client.delete(row.ref, keyOf({ object }), {
      preconditions: { uid: object.metadata.uid ?? '' },
      propagationPolicy: 'Background',
    })
  }
  return objects
}

function identity({ apiVersion, kind, metadata }: Unstructured, namespace: string): string {
  return [apiVersion, kind, metadata.namespace ?? namespace, metadata.name].join(' ')
}
