// An immutable record of one deploy. The spec says what was wanted, by whom and why; the controller adds once what it
// became, with image digests.

import type { KubeObject } from '@binnacle/api'
import type { ArraySchema, ObjectSchema } from '../schema.ts'
import { type Condition, type Resource, conditionsSchema, observedGenerationSchema } from './shared.ts'

/** One of our resources as it was deployed: kind, name, spec, labels and annotations. */
export type ReleasedResource = KubeObject & { [field: string]: unknown }

export interface ReleaseSpec {
  application: string
  revision: number
  /** Who deployed, by the name that the cluster knows. */
  author?: string
  note?: string
  resources: ReleasedResource[]
  /** The release that this one brings back. */
  rollbackTo?: number
  /** The release of another environment that this one was promoted from. */
  promotedFrom?: { environment: string; revision: number }
}

export interface ReleasedImage {
  /** `<kind>/<name>` of the resource that runs it. */
  resource: string
  image: string
  digest?: string
}

export interface ReleaseStatus {
  observedGeneration?: number
  conditions?: Condition[]
  images?: ReleasedImage[]
  /** The plain Kubernetes objects that the resources became. */
  objects?: ReleasedResource[]
}

export type Release = Resource<'Release', ReleaseSpec, ReleaseStatus>

const documents = (description: string): ArraySchema<ReleasedResource> => ({
  type: 'array',
  description,
  'x-kubernetes-list-type': 'atomic',
  items: { type: 'object', description: 'One object.', 'x-kubernetes-preserve-unknown-fields': true },
})

export const releaseSpecSchema: ObjectSchema<ReleaseSpec> = {
  type: 'object',
  description: 'What was deployed, by whom and why. Cannot be changed.',
  required: ['application', 'revision', 'resources'],
  'x-kubernetes-validations': [{ rule: 'self == oldSelf', message: 'a release cannot be changed' }],
  properties: {
    application: { type: 'string', description: 'Name of the Application.', minLength: 1, maxLength: 63 },
    revision: { type: 'integer', format: 'int32', description: 'Number of the release, from 1.', minimum: 1 },
    author: { type: 'string', description: 'Who deployed.', maxLength: 253 },
    note: { type: 'string', description: 'Why.', maxLength: 4096 },
    resources: documents('The resources as they were deployed.'),
    rollbackTo: { type: 'integer', format: 'int32', description: 'Revision that this release brings back.' },
    promotedFrom: {
      type: 'object',
      description: 'Where it was promoted from.',
      required: ['environment', 'revision'],
      properties: {
        environment: { type: 'string', description: 'Name of the Environment.' },
        revision: { type: 'integer', format: 'int32', description: 'Its revision there.' },
      },
    },
  },
}

export const releaseStatusSchema: ObjectSchema<ReleaseStatus> = {
  type: 'object',
  description: 'What it became.',
  properties: {
    observedGeneration: observedGenerationSchema,
    conditions: conditionsSchema,
    images: {
      type: 'array',
      description: 'Images that run.',
      'x-kubernetes-list-type': 'atomic',
      items: {
        type: 'object',
        description: 'One image.',
        required: ['resource', 'image'],
        properties: {
          resource: { type: 'string', description: 'Kind/name of the resource that runs it.' },
          image: { type: 'string', description: 'Image as it was asked for.' },
          digest: { type: 'string', description: 'Digest of what ran.' },
        },
      },
    },
    objects: documents('The plain Kubernetes objects that the resources became.'),
  },
}
