// The project: what one Canvas shows. Resources belong to it by the label app.kubernetes.io/part-of.

import type { ObjectSchema } from '../schema.ts'
import { type Condition, type Resource, conditionsSchema, observedGenerationSchema } from './shared.ts'

export interface ApplicationSpec {
  displayName?: string
  description?: string
  /** Releases that are kept. */
  revisionHistoryLimit?: number
}

export interface ApplicationStatus {
  observedGeneration?: number
  conditions?: Condition[]
  /** Resources of ours that belong to it, and how many of them are Ready. */
  resources?: number
  readyResources?: number
  /** Revision of the newest release. */
  revision?: number
}

export type Application = Resource<'Application', ApplicationSpec, ApplicationStatus>

export const applicationSpecSchema: ObjectSchema<ApplicationSpec> = {
  type: 'object',
  description: 'What the project is.',
  properties: {
    displayName: { type: 'string', description: 'Name that is shown; metadata.name where absent.', maxLength: 100 },
    description: { type: 'string', description: 'What it is for.', maxLength: 4096 },
    revisionHistoryLimit: {
      type: 'integer',
      format: 'int32',
      description: 'Releases that are kept for diff and rollback.',
      minimum: 1,
      maximum: 1000,
      default: 20,
    },
  },
}

export const applicationStatusSchema: ObjectSchema<ApplicationStatus> = {
  type: 'object',
  description: 'How its resources are.',
  properties: {
    observedGeneration: observedGenerationSchema,
    conditions: conditionsSchema,
    resources: { type: 'integer', format: 'int32', description: 'Resources that belong to it.' },
    readyResources: { type: 'integer', format: 'int32', description: 'Resources that are Ready.' },
    revision: { type: 'integer', format: 'int32', description: 'Revision of the newest release.' },
  },
}
