// From a kind to the resource that serves it: the kinds that the Canvas knows, and what discovery says of any other.

import type { KubeObject } from '@binnacle/api'
import { KubeError, type ResourcePath, ask, isKubeError } from './kube-api.ts'
import { liveKinds } from './live.ts'

const known = new Map<string, ResourcePath>(
  liveKinds.map((kind) => [`${kind.group === '' ? kind.version : `${kind.group}/${kind.version}`}/${kind.kind}`, kind]),
)

/** Undefined for a kind that nothing was learned of yet. */
export function knownResourceOf({ apiVersion = '', kind = '' }: KubeObject): ResourcePath | undefined {
  return known.get(`${apiVersion}/${kind}`)
}

/** @throws KubeError for a kind that is not served */
export function resourceOf(object: KubeObject): ResourcePath {
  const { apiVersion = '', kind = '' } = object
  const found = knownResourceOf(object)
  if (found === undefined)
    throw new KubeError({ message: `this cluster serves no ${kind} in ${apiVersion}`, reason: 'NotFound', code: 404 })
  return found
}

interface ResourceList {
  resources: readonly { name: string; kind: string; namespaced: boolean }[]
}

/** Learns which resources serve these objects, where that is not known: of kinds that were pasted or imported. */
export async function learnResourcesOf(objects: readonly KubeObject[]): Promise<void> {
  const unknown = objects.filter(({ apiVersion, kind }) => !known.has(`${apiVersion}/${kind}`))
  await Promise.all([...new Set(unknown.map(({ apiVersion = '' }) => apiVersion))].map(learnResources))
}

async function learnResources(apiVersion: string): Promise<void> {
  const [first = '', second] = apiVersion.split('/')
  const [group, version] = second === undefined ? ['', first] : [first, second]
  let resources: ResourceList['resources'] = []
  try {
    ;({ resources } = await ask<ResourceList>(group === '' ? `/api/${version}` : `/apis/${group}/${version}`))
  } catch (error) {
    // Not served: the deploy says so at each object of it.
    if (!isKubeError(error) || error.code !== 404) throw error
  }
  for (const { name, kind } of resources) {
    if (!name.includes('/')) known.set(`${apiVersion}/${kind}`, { group, version, resource: name })
  }
}
