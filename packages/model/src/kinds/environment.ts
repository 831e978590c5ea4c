// Where an application is deployed: dev, staging, production. A namespace of this cluster, or of another.

import type { ObjectSchema, OpenSchema } from '../schema.ts'
import { type Condition, type Resource, conditionsSchema, observedGenerationSchema } from './shared.ts'

/** What differs in an environment: merged (RFC 7386) into the spec of the resource that it names. */
export interface Override {
  kind: string
  name: string
  spec: { [field: string]: unknown }
}

export interface EnvironmentSpec {
  application: string
  namespace: string
  /** Another cluster: the Secret (key `kubeconfig`) that reaches it, and the context to use. */
  cluster?: { kubeconfigSecret?: string; context?: string }
  /** The environment whose releases are promoted to this one. */
  promotesFrom?: string
  overrides?: Override[]
  /** Deploys to it are asked for twice. */
  protected?: boolean
}

export interface EnvironmentStatus {
  observedGeneration?: number
  conditions?: Condition[]
  /** Revision of the newest release in it. */
  revision?: number
}

export type Environment = Resource<'Environment', EnvironmentSpec, EnvironmentStatus>

const openSpec: OpenSchema = {
  type: 'object',
  description: "Merged into the resource's spec (JSON merge patch): null removes a field.",
  'x-kubernetes-preserve-unknown-fields': true,
}

export const environmentSpecSchema: ObjectSchema<EnvironmentSpec> = {
  type: 'object',
  description: 'Where the application goes and what differs there.',
  required: ['application', 'namespace'],
  properties: {
    application: { type: 'string', description: 'Name of the Application.', minLength: 1, maxLength: 63 },
    namespace: {
      type: 'string',
      description: 'Namespace that its objects are put in.',
      pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$',
      maxLength: 63,
    },
    cluster: {
      type: 'object',
      description: 'Another cluster; this one where absent.',
      properties: {
        kubeconfigSecret: { type: 'string', description: 'Secret whose key kubeconfig reaches it.', maxLength: 253 },
        context: { type: 'string', description: 'Context of the kubeconfig.' },
      },
    },
    promotesFrom: { type: 'string', description: 'Environment whose releases come here next.' },
    overrides: {
      type: 'array',
      description: 'What differs here.',
      'x-kubernetes-list-type': 'atomic',
      items: {
        type: 'object',
        description: 'One resource.',
        required: ['kind', 'name', 'spec'],
        properties: {
          kind: { type: 'string', description: 'Microservice or DataSource.' },
          name: { type: 'string', description: 'Name of the resource.' },
          spec: openSpec,
        },
      },
    },
    protected: { type: 'boolean', description: 'Whether a deploy to it must be confirmed by its name.' },
  },
}

export const environmentStatusSchema: ObjectSchema<EnvironmentStatus> = {
  type: 'object',
  description: 'What is deployed in it.',
  properties: {
    observedGeneration: observedGenerationSchema,
    conditions: conditionsSchema,
    revision: { type: 'integer', format: 'int32', description: 'Revision of the newest release in it.' },
  },
}
