// A release as a project again: for a rollback with what differed in its environment, for a promotion without it and with
// the digests that ran.

import { type Unstructured, applyMergePatch } from '@binnacle/api'
import type { EnvironmentSpec, Release } from '@binnacle/model'
import { CliError } from '../cli-error.ts'
import { builtFromAnnotation } from './build-images.ts'
import type { SourceObject } from './documents.ts'
import { type Project, isMicroservice } from './project.ts'

/** On a release: JSON list of merge patches that take away what its environment's overrides changed. */
export const overriddenAnnotation = 'binnacle.dev/without-overrides'

type Overrides = NonNullable<EnvironmentSpec['overrides']>

export function projectOfRelease({ metadata, spec }: Release): Project {
  const file = `release ${spec.revision}`
  return {
    application: spec.application,
    objects: spec.resources.map((object): SourceObject => ({
      object,
      file: metadata.name ?? file,
      directory: '.',
      lineOf: () => 0,
    })),
    environments: [],
  }
}

/**
 * What is promoted: the resources without what was particular to their environment, each image by the digest that ran.
 * @throws CliError where an image's digest is not known
 */
export function promotable(release: Release): Project {
  const project = projectOfRelease(release)
  const reverse = JSON.parse(release.metadata.annotations?.[overriddenAnnotation] ?? '[]') as Overrides
  const objects = project.objects.map((source) => {
    const patch = reverse.find(({ kind, name }) => kind === source.object.kind && name === source.object.metadata.name)
    const object = patch === undefined ? source.object : applyMergePatch(source.object, { spec: patch.spec })
    return { ...source, object: withDigest(object, release) }
  })
  return { ...project, objects }
}

function withDigest(object: Unstructured, { spec, status }: Release): Unstructured {
  if (!isMicroservice(object) || object.spec.image?.includes('@') === true) return object
  const ran = status?.images?.find(({ resource }) => resource === `Microservice/${object.metadata.name}`)
  const image = ran?.image ?? object.spec.image
  if (image !== undefined && ran?.digest !== undefined) {
    const { build, ...rest } = object.spec
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
  throw new CliError(
    `release ${spec.revision}: Microservice ${object.metadata.name}: the image that ran is not known: deploy it once more, and promote that release`,
  )
}

/**
 * An image that was built into an engine's own store, and pushed nowhere, runs on that engine only.
 * @throws CliError that names them all
 */
export function requireFetchable({ objects }: Project, { place }: { place: string }): void {
  const refused = objects.flatMap(({ object }) => {
    if (!isMicroservice(object) || object.metadata.annotations?.[builtFromAnnotation] === undefined) return []
    const { image = '' } = object.spec
    if (namesRegistry(image)) return []
    return [
      `Microservice ${object.metadata.name}: spec.image: ${place} cannot fetch ${image}: it is in the engine's store only: deploy it once more with --push REGISTRY, and promote that release`,
    ]
  })
  if (refused.length > 0) throw new CliError(refused.join('\n'))
}

/** As Docker reads references: a first part with a dot or a port is a host. */
function namesRegistry(image: string): boolean {
  const [first = '', ...rest] = image.split('/')
  return rest.length > 0 && (/[.:]/.test(first) || first === 'localhost')
}

/** For each override the merge patch that leads back from it. */
export function reverseOverrides({ objects }: Project, overrides: Overrides): Overrides {
  return overrides.flatMap(({ kind, name, spec }) => {
    const base = objects.find(({ object }) => object.kind === kind && object.metadata.name === name)
    return base === undefined ? [] : [{ kind, name, spec: reversePatch(base.object['spec'], spec) }]
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
