// A release as a project again: for a rollback with what differed in its environment, for a promotion without it and with
// the digests that ran.

import {
  type Override,
  PromotionError,
  type Release,
  builtFromAnnotation,
  promotedResources,
  reverseOverrides as reverseResourceOverrides,
} from '@binnacle/model'
import { CliError } from '../cli-error.ts'
import type { SourceObject } from './documents.ts'
import { type Project, isMicroservice } from './project.ts'

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
  try {
    const resources = promotedResources(release)
    const objects = project.objects.map((source, index) => ({ ...source, object: resources[index] ?? source.object }))
    return { ...project, objects }
  } catch (error) {
    if (!(error instanceof PromotionError)) throw error
    throw new CliError(error.message, { cause: error })
  }
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
export function reverseOverrides({ objects }: Project, overrides: readonly Override[]): Override[] {
  return reverseResourceOverrides(
    objects.map(({ object }) => object),
    overrides,
  )
}
