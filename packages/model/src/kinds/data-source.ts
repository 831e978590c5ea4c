// A database, cache, broker, bucket or remote API: run here with credentials of its own, or elsewhere. What is bound to it
// sees only its Service Binding Secret (servicebinding.io, "Provisioned Service"), so that one can take another's place.

import type { ObjectSchema } from '../schema.ts'
import {
  type Condition,
  type Resource,
  type ResourceRequirements,
  conditionsSchema,
  observedGenerationSchema,
  resourcesSchema,
} from './shared.ts'

export const dataSourceTypes = ['postgresql', 'mysql', 'mongodb', 'redis', 'nats', 's3', 'http'] as const
export type DataSourceType = (typeof dataSourceTypes)[number]

/** A data source that runs elsewhere. */
export interface ExternalSource {
  host: string
  port?: number
  tls?: boolean
  /** Of an HTTP API. */
  path?: string
  /** Secret with the keys username and password (or accessKey and secretKey). */
  credentialsSecret?: string
}

export interface DataSourceSpec {
  type: DataSourceType
  /** Version of the program that is run here, as in the tag of its image. */
  version?: string
  /** Image in place of the usual one. */
  image?: string
  database?: string
  username?: string
  external?: ExternalSource
  storage?: { size: string; storageClassName?: string }
  resources?: ResourceRequirements
  /** Further words for the program's command line. */
  args?: string[]
}

export interface DataSourceStatus {
  observedGeneration?: number
  conditions?: Condition[]
  /** The Service Binding Secret. */
  binding?: { name: string }
  /** `host:port` under which it is reached in the cluster. */
  address?: string
  /** When the last test of the connection ended. */
  lastTestTime?: string
}

export type DataSource = Resource<'DataSource', DataSourceSpec, DataSourceStatus>

export const dataSourceSpecSchema: ObjectSchema<DataSourceSpec> = {
  type: 'object',
  description: 'What kind of data source it is and where it runs.',
  required: ['type'],
  'x-kubernetes-validations': [
    {
      rule: "self.type != 'http' || has(self.external)",
      message: 'a remote API runs elsewhere: its address is needed',
      fieldPath: '.external',
      reason: 'FieldValueRequired',
    },
    {
      rule: 'self.type == oldSelf.type',
      message: 'the type of a data source cannot change: make a new one and bind to it',
      fieldPath: '.type',
    },
  ],
  properties: {
    type: {
      type: 'string',
      description: 'What it is. Cannot be changed later.',
      enum: dataSourceTypes,
    },
    version: {
      type: 'string',
      description: 'Version of the program, as in the tag of its image; a tested one where absent.',
      pattern: '^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$',
    },
    image: { type: 'string', description: 'Image in place of the usual one.', maxLength: 500 },
    database: {
      type: 'string',
      description: 'Name of the database or bucket; the name of the data source where absent.',
      maxLength: 63,
    },
    username: { type: 'string', description: 'Name of the user that is made; app where absent.', maxLength: 63 },
    external: {
      type: 'object',
      description: 'Where it runs, when it does not run here.',
      required: ['host'],
      properties: {
        host: { type: 'string', description: 'Host name or address.', minLength: 1, maxLength: 253 },
        port: {
          type: 'integer',
          format: 'int32',
          description: 'Port; the usual one where absent.',
          minimum: 1,
          maximum: 65_535,
        },
        tls: { type: 'boolean', description: 'Whether it speaks TLS.' },
        path: { type: 'string', description: 'Path of an HTTP API, such as /v1.', pattern: '^/' },
        credentialsSecret: {
          type: 'string',
          description: 'Secret with the keys username and password.',
          maxLength: 253,
        },
      },
    },
    storage: {
      type: 'object',
      description: 'Disk of the data; without it they are gone with the pod.',
      required: ['size'],
      properties: {
        size: {
          type: 'string',
          description: 'Size, such as 1Gi.',
          pattern: '^[0-9]+(\\.[0-9]+)?([EPTGMk]|[EPTGMK]i)?$',
        },
        storageClassName: { type: 'string', description: "Class of the disk; the cluster's default where absent." },
      },
    },
    resources: resourcesSchema,
    args: {
      type: 'array',
      description: "Further words for the program's command line.",
      'x-kubernetes-list-type': 'atomic',
      items: { type: 'string', description: 'One word.' },
    },
  },
}

export const dataSourceStatusSchema: ObjectSchema<DataSourceStatus> = {
  type: 'object',
  description: 'Whether it can be used.',
  properties: {
    observedGeneration: observedGenerationSchema,
    conditions: conditionsSchema,
    binding: {
      type: 'object',
      description: 'The Secret that services are bound to.',
      required: ['name'],
      properties: { name: { type: 'string', description: 'Name of the Secret.' } },
    },
    address: { type: 'string', description: 'host:port under which it is reached.' },
    lastTestTime: { type: 'string', format: 'date-time', description: 'When the connection was last tested.' },
  },
}
