// What users of an old version of a custom kind are warned of. Upstream: apiextensions-apiserver
// pkg/apiserver/customresource_handler.go (defaultDeprecationWarning).

import type { CustomResourceDefinition } from '@binnacle/api'
import { compareVersions } from '../version-order.ts'

type Version = CustomResourceDefinition['spec']['versions'][number]

/** The warning that a deprecated version carries, or one that names the newest version to use; undefined for others. */
export function customDeprecationOf(
  { group, names, versions }: CustomResourceDefinition['spec'],
  version: Version,
): string | undefined {
  if (version.deprecated !== true) return undefined
  if (version.deprecationWarning !== undefined) return version.deprecationWarning
  const [newest] = versions
    .filter(({ deprecated, name, served }) => served && deprecated !== true && compareVersions(name, version.name) > 0)
    .sort((a, b) => compareVersions(b.name, a.name))
  const advice = newest === undefined ? '' : `; use ${group}/${newest.name} ${names.kind}`
  return `${group}/${version.name} ${names.kind} is deprecated${advice}`
}
