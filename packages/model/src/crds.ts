// The CustomResourceDefinitions of our kinds, made from their schemas.

import type { CustomResourceDefinition } from './crd-kinds.ts'
import { group, version } from './group.ts'
import { applicationSpecSchema, applicationStatusSchema } from './kinds/application.ts'
import { dataSourceSpecSchema, dataSourceStatusSchema } from './kinds/data-source.ts'
import { environmentSpecSchema, environmentStatusSchema } from './kinds/environment.ts'
import { microserviceSpecSchema, microserviceStatusSchema } from './kinds/microservice.ts'
import { releaseSpecSchema, releaseStatusSchema } from './kinds/release.ts'
import type { AnySchema } from './schema.ts'

/** One of our kinds: what it is called, its schemas, and the columns of `kubectl get`. */
export interface KindInfo {
  kind: string
  resource: string
  singular: string
  shortNames: readonly string[]
  description: string
  spec: AnySchema
  status: AnySchema
  columns: readonly Column[]
  /** JSON paths of the scale sub-resource. */
  scale?: { specReplicasPath: string; statusReplicasPath: string; labelSelectorPath: string }
}

interface Column {
  name: string
  type: 'string' | 'integer' | 'date'
  jsonPath: string
  description: string
  priority?: number
}

const ready: Column = {
  name: 'Ready',
  type: 'string',
  jsonPath: '.status.conditions[?(@.type=="Ready")].status',
  description: 'Whether it can be used.',
}
const reason: Column = {
  name: 'Reason',
  type: 'string',
  jsonPath: '.status.conditions[?(@.type=="Ready")].reason',
  description: 'Why it is, or is not.',
}
const age: Column = {
  name: 'Age',
  type: 'date',
  jsonPath: '.metadata.creationTimestamp',
  description: 'Time since it was made.',
}
const text = (name: string, jsonPath: string, description: string, priority = 0): Column => ({
  name,
  type: 'string',
  jsonPath,
  description,
  ...(priority === 0 ? {} : { priority }),
})
const whole = (name: string, jsonPath: string, description: string): Column => ({
  ...text(name, jsonPath, description),
  type: 'integer',
})

/** All our kinds, in the order in which the Canvas offers them. */
export const kinds: readonly KindInfo[] = [
  {
    kind: 'Application',
    resource: 'applications',
    singular: 'application',
    shortNames: ['app'],
    description: 'A project: the services, data sources and gateways that one Canvas shows.',
    spec: applicationSpecSchema,
    status: applicationStatusSchema,
    columns: [
      ready,
      whole('Resources', '.status.resources', 'Resources that belong to it.'),
      whole('Release', '.status.revision', 'Revision of the newest release.'),
      age,
    ],
  },
  {
    kind: 'Microservice',
    resource: 'microservices',
    singular: 'microservice',
    shortNames: ['ms'],
    description: 'A service: what runs, what it needs, and who reaches it.',
    spec: microserviceSpecSchema,
    status: microserviceStatusSchema,
    columns: [
      ready,
      reason,
      whole('Replicas', '.status.replicas', 'Replicas that exist.'),
      text('URL', '.status.url', 'Address that a browser or curl reaches.'),
      text('Image', '.status.image', 'What runs.', 1),
      age,
    ],
    scale: {
      specReplicasPath: '.spec.replicas',
      statusReplicasPath: '.status.replicas',
      labelSelectorPath: '.status.selector',
    },
  },
  {
    kind: 'DataSource',
    resource: 'datasources',
    singular: 'datasource',
    shortNames: ['dsrc'],
    description: 'A database, cache, broker, bucket or remote API, run here or elsewhere.',
    spec: dataSourceSpecSchema,
    status: dataSourceStatusSchema,
    columns: [
      text('Type', '.spec.type', 'What it is.'),
      ready,
      reason,
      text('Address', '.status.address', 'host:port under which it is reached.'),
      age,
    ],
  },
  {
    kind: 'Environment',
    resource: 'environments',
    singular: 'environment',
    shortNames: ['env'],
    description: 'Where an application is deployed: a namespace of this cluster or of another.',
    spec: environmentSpecSchema,
    status: environmentStatusSchema,
    columns: [
      text('Application', '.spec.application', 'What is deployed.'),
      text('Namespace', '.spec.namespace', 'Where its objects are.'),
      ready,
      whole('Release', '.status.revision', 'Revision of the newest release in it.'),
      age,
    ],
  },
  {
    kind: 'Release',
    resource: 'releases',
    singular: 'release',
    shortNames: ['rel'],
    description: 'An immutable record of one deploy.',
    spec: releaseSpecSchema,
    status: releaseStatusSchema,
    columns: [
      text('Application', '.spec.application', 'What was deployed.'),
      whole('Revision', '.spec.revision', 'Number of the release.'),
      text('Status', '.status.conditions[?(@.type=="Deployed")].reason', 'What became of it.'),
      text('Author', '.spec.author', 'Who deployed.'),
      text('Note', '.spec.note', 'Why.', 1),
      age,
    ],
  },
]

export function kindInfo(kind: string): KindInfo | undefined {
  return kinds.find((one) => one.kind === kind)
}

/** What `binnacle install` applies first. */
export function customResourceDefinitions(): CustomResourceDefinition[] {
  return kinds.map((kind) => ({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${kind.resource}.${group}`, labels: { 'app.kubernetes.io/managed-by': 'binnacle' } },
    spec: {
      group,
      scope: 'Namespaced',
      names: {
        kind: kind.kind,
        listKind: `${kind.kind}List`,
        plural: kind.resource,
        singular: kind.singular,
        shortNames: kind.shortNames,
        categories: ['all', 'binnacle'],
      },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          schema: {
            openAPIV3Schema: {
              type: 'object',
              description: kind.description,
              required: ['spec'],
              properties: {
                apiVersion: { type: 'string' },
                kind: { type: 'string' },
                metadata: { type: 'object' },
                spec: kind.spec,
                status: kind.status,
              },
            },
          },
          subresources: { status: {}, ...(kind.scale === undefined ? {} : { scale: kind.scale }) },
          additionalPrinterColumns: kind.columns,
        },
      ],
    },
  }))
}
