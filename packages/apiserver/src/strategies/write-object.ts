// The read-change-write step of sub-resource handlers: one compare-and-swap on the object that the path names.

import { type KubeObject, notFound } from '@binnacle/api'
import type { Mutation } from '@binnacle/store'
import type { SubresourceCall } from '../strategy.ts'

type Target = Pick<SubresourceCall, 'backend' | 'resource' | 'namespace' | 'name' | 'dryRun'>

export function objectKey({ resource, namespace, name }: Pick<Target, 'resource' | 'namespace' | 'name'>): string {
  return resource.namespaced ? `${resource.storageKey}/${namespace}/${name}` : `${resource.storageKey}/${name}`
}

/** The object, frozen. Throws NotFound. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller knows the kind, as in Reader.get
export function readObject<T extends KubeObject>({ backend, resource, namespace, name }: Target): T {
  const object = backend.get<T>(resource.storageKey, resource.namespaced ? namespace : undefined, name)
  if (object === undefined) throw notFound(resource, name)
  return object
}

/** Writes what `change` makes of the newest version; a dry run answers with it and keeps nothing. */
export async function writeObject(
  target: Target,
  change: (current: KubeObject | undefined) => Mutation,
): Promise<KubeObject> {
  const { backend, resource, name, dryRun } = target
  let planned: KubeObject | undefined
  const stored = await backend.store.write(objectKey(target), (current) => {
    const mutation = change(current?.object)
    if (!dryRun) return mutation
    planned = 'put' in mutation ? mutation.put : current?.object
    return { keep: true }
  })
  const result = planned ?? stored?.object
  if (result === undefined) throw notFound(resource, name)
  return result
}
