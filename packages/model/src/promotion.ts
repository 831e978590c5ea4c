// A release of one environment as the next release of another: the same resources by the digests that ran, without what
// was particular to the first environment and with what is particular to the second.

import { type Unstructured, applyMergePatch } from '@binnacle/api'
import type { Override } from './kinds/environment.ts'
import type { Release } from './kinds/release.ts'

/** On a release: JSON list of merge patches that take away what its environment's overrides changed. */
export const overriddenAnnotation = 'binnacle.dev/without-overrides'

/** On a deployed Microservice: the `build` that its image was made from, as JSON. */
export const builtFromAnnotation = 'binnacle.dev/built-from'

/** A release that cannot be promoted, or an override that is of nothing; the message says to a person what to do. */
export class PromotionError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'PromotionError'
  }
}

/**
 * The resources of a release without its environment's overrides, each image by the digest that ran.
 * @throws PromotionError where the image that ran is not known
 */
export function promotedResources(release: Release): readonly Unstructured[] {
  const reverse = JSON.parse(release.metadata.annotations?.[overriddenAnnotation] ?? '[]') as Override[]
  return release.spec.resources.map((resource) => {
    const patch = reverse.find(({ kind, name }) => kind === resource.kind && name === resource.metadata.name)
    return withDigest(patch === undefined ? resource : applyMergePatch(resource, { spec: patch.spec }), release)
  })
}

function withDigest(object: Unstructured, { spec, status }: Release): Unstructured {
  if (object.kind !== 'Microservice') return object
  const { build, ...rest } = (object['spec'] ?? {}) as { image?: string; build?: unknown }
  if (rest.image?.includes('@') === true) return object
  const ran = status?.images?.find(({ resource }) => resource === `Microservice/${object.metadata.name}`)
  const image = ran?.image ?? rest.image
  if (image !== undefined && ran?.digest !== undefined) {
    const annotations = {
      ...object.metadata.annotations,
      ...(build === undefined ? {} : { [builtFromAnnotation]: JSON.stringify(build) }),
    }
    return {
      ...object,
      metadata: { ...object.metadata, ...(Object.keys(annotations).length === 0 ? {} : { annotations }) },
      spec: { ...rest, image: image.includes('@') ? image : `${image}@${ran.digest}` },
    }
  }
  if (image !== undefined) return object
  throw new PromotionError(
    `release ${spec.revision}: Microservice ${object.metadata.name}: the image that ran is not known: deploy it once more, and promote that release`,
  )
}

/**
 * The resources with what differs in an environment.
 * @throws PromotionError where an override is of a resource that is not there
 */
export function overridden(
  resources: readonly Unstructured[],
  overrides: readonly Override[],
): readonly Unstructured[] {
  const result = [...resources]
  overrides.forEach(({ kind, name, spec }, index) => {
    const at = result.findIndex((resource) => resource.kind === kind && resource.metadata.name === name)
    const found = result[at]
    if (found === undefined)
      throw new PromotionError(
        `spec.overrides[${index}]: there is no ${kind} ${name}: correct its name or remove the override`,
      )
    result[at] = applyMergePatch(found, { spec })
  })
  return result
}

/** For each override the merge patch that leads back from it. */
export function reverseOverrides(resources: readonly Unstructured[], overrides: readonly Override[]): Override[] {
  return overrides.flatMap(({ kind, name, spec }) => {
    const base = resources.find((resource) => resource.kind === kind && resource.metadata.name === name)
    return base === undefined ? [] : [{ kind, name, spec: reversePatch(base['spec'], spec) }]
  })
}

function reversePatch(base: unknown, patch: Record<string, unknown>): Record<string, unknown> {
  const fields = isRecord(base) ? base : {}
  return Object.fromEntries(
    Object.entries(patch).map(([key, value]) => {
      const before = fields[key]
      return [key, isRecord(value) && isRecord(before) ? reversePatch(before, value) : (before ?? null)]
    }),
  )
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
