// What else than the kinds that the Canvas always shows a namespace can hold, as the cluster's discovery tells.

import { isHiddenKind } from '@binnacle/canvas-core'
import { ask, isKubeError, kube, pathOf } from './kube-api.ts'
import { type LiveKind, liveKinds } from './live.ts'

interface GroupList {
  groups: readonly { name: string; preferredVersion?: { version: string } }[]
}

interface ResourceList {
  resources: readonly { name: string; kind: string; namespaced: boolean; verbs: readonly string[] }[]
}

export interface CountedKind {
  kind: LiveKind
  /** Objects of it in the namespace. */
  count: number
}

/** `boats.sea.dev`, `serviceaccounts` */
export function kindName({ group, resource }: Pick<LiveKind, 'group' | 'resource'>): string {
  return group === '' ? resource : `${resource}.${group}`
}

/** Kinds that can be watched in a namespace beside those that always are. */
export async function furtherKinds(): Promise<readonly LiveKind[]> {
  const { groups } = await ask<GroupList>('/apis')
  const versions = [
    { group: '', version: 'v1' },
    ...groups.flatMap(({ name, preferredVersion }) =>
      preferredVersion === undefined ? [] : [{ group: name, version: preferredVersion.version }],
    ),
  ]
  const always = new Set(liveKinds.map(kindName))
  const found = await Promise.all(versions.map(kindsOf))
  return found.flat().filter((kind) => !always.has(kindName(kind)) && !isHiddenKind(kind.kind))
}

async function kindsOf({ group, version }: { group: string; version: string }): Promise<readonly LiveKind[]> {
  const path = group === '' ? `/api/${version}` : `/apis/${group}/${version}`
  try {
    const { resources } = await ask<ResourceList>(path)
    return resources
      .filter(({ name, namespaced, verbs }) => namespaced && !name.includes('/') && verbs.includes('watch'))
      .map(({ name, kind }) => ({ group, version, resource: name, kind, optional: true }))
  } catch (error) {
    // An aggregated API whose server is away hides none of the others.
    if (!isKubeError(error)) throw error
    return []
  }
}

/** How many objects of each kind there are; kinds that the user may not list are left out. */
export async function counted(kinds: readonly LiveKind[], namespace: string): Promise<readonly CountedKind[]> {
  const all = await Promise.all(
    kinds.map(async (kind): Promise<CountedKind | undefined> => {
      try {
        const { items, metadata } = await kube.list(pathOf(kind, { namespace }), { limit: '1' })
        return { kind, count: items.length + (metadata?.remainingItemCount ?? 0) }
      } catch (error) {
        if (!isKubeError(error)) throw error
        return undefined
      }
    }),
  )
  return all.filter((one) => one !== undefined)
}
