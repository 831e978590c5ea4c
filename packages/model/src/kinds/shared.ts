// Parts that several of our kinds have. Where core/v1 has a name for a thing, it is used.

import type { KubeObject, ObjectMeta } from '@binnacle/api'
import type { ArraySchema, MapSchema, ObjectSchema, SchemaFor, StringSchema } from '../schema.ts'

/** metav1.Condition. */
export interface Condition {
  type: string
  status: 'True' | 'False' | 'Unknown'
  observedGeneration?: number
  lastTransitionTime: string
  reason: string
  message: string
}

/** An object of ours: `Spec` is what is wanted, `Status` what a controller has seen. */
export interface Resource<Kind extends string, Spec, Status> extends KubeObject {
  apiVersion: 'binnacle.dev/v1alpha1'
  kind: Kind
  metadata: ObjectMeta
  spec: Spec
  status?: Status | undefined
}

export interface KeySelector {
  name: string
  key: string
  optional?: boolean
}

/** core/v1 EnvVar, with the sources that a service needs. */
export interface EnvVar {
  name: string
  value?: string
  valueFrom?: {
    configMapKeyRef?: KeySelector
    secretKeyRef?: KeySelector
    fieldRef?: { fieldPath: string }
  }
}

/** core/v1 EnvFromSource. */
export interface EnvFromSource {
  prefix?: string
  configMapRef?: { name: string; optional?: boolean }
  secretRef?: { name: string; optional?: boolean }
}

/** core/v1 Probe. */
export interface Probe {
  httpGet?: { path?: string; port: string | number; scheme?: 'HTTP' | 'HTTPS' }
  tcpSocket?: { port: string | number }
  exec?: { command: string[] }
  grpc?: { port: number; service?: string }
  initialDelaySeconds?: number
  periodSeconds?: number
  timeoutSeconds?: number
  failureThreshold?: number
  successThreshold?: number
}

/** core/v1 ResourceRequirements. */
export interface ResourceRequirements {
  requests?: { [resource: string]: string | number }
  limits?: { [resource: string]: string | number }
}

export interface Port {
  name: string
  port: number
  targetPort?: number
  protocol?: 'TCP' | 'UDP'
  appProtocol?: string
}

const dnsLabel = '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$'

/** A rule that one of the fields is set, and no second. Its cost does not depend on how much they hold. */
export function exactlyOne(...fields: readonly string[]): string {
  return `${fields.map((field) => `(has(self.${field}) ? 1 : 0)`).join(' + ')} == 1`
}

export const conditionsSchema: ArraySchema<Condition> = {
  type: 'array',
  description: 'What the controller last found out about this object.',
  'x-kubernetes-list-type': 'map',
  'x-kubernetes-list-map-keys': ['type'],
  items: {
    type: 'object',
    description: 'One aspect of the state.',
    required: ['type', 'status', 'lastTransitionTime', 'reason', 'message'],
    properties: {
      type: { type: 'string', description: 'Aspect, in CamelCase.', maxLength: 316 },
      status: { type: 'string', description: 'True, False or Unknown.', enum: ['True', 'False', 'Unknown'] },
      observedGeneration: {
        type: 'integer',
        format: 'int64',
        description: 'Generation of the object that the condition was set for.',
        minimum: 0,
      },
      lastTransitionTime: { type: 'string', format: 'date-time', description: 'When the status last changed.' },
      reason: { type: 'string', description: 'Cause in one word, in CamelCase.', minLength: 1, maxLength: 1024 },
      message: { type: 'string', description: 'Cause in a sentence, with what to do about it.', maxLength: 32_768 },
    },
  },
}

export const observedGenerationSchema: SchemaFor<number> = {
  type: 'integer',
  format: 'int64',
  description: 'Generation of the object that this status is about.',
}

export function nameSchema(description: string): StringSchema {
  return { type: 'string', description, pattern: dnsLabel, maxLength: 63 }
}

export const commandSchema = (description: string): ArraySchema<string> => ({
  type: 'array',
  description,
  'x-kubernetes-list-type': 'atomic',
  items: { type: 'string', description: 'One word.' },
})

function keySelectorSchema(what: string): ObjectSchema<KeySelector> {
  return {
    type: 'object',
    description: `A key of a ${what} of the same namespace.`,
    required: ['name', 'key'],
    properties: {
      name: { type: 'string', description: `Name of the ${what}.`, minLength: 1, maxLength: 253 },
      key: { type: 'string', description: 'Key in its data.', minLength: 1, maxLength: 253 },
      optional: { type: 'boolean', description: 'Start also where the key is missing.' },
    },
  }
}

export const envSchema: ArraySchema<EnvVar> = {
  type: 'array',
  description: 'Environment variables, in order: a value may use those before it as $(NAME).',
  'x-kubernetes-list-type': 'map',
  'x-kubernetes-list-map-keys': ['name'],
  maxItems: 256,
  items: {
    type: 'object',
    description: 'One variable: a value, or where the value comes from.',
    required: ['name'],
    'x-kubernetes-validations': [
      { rule: '!(has(self.value) && has(self.valueFrom))', message: 'a variable has value or valueFrom, not both' },
    ],
    properties: {
      name: {
        type: 'string',
        description: 'Name of the variable.',
        pattern: '^[-._a-zA-Z][-._a-zA-Z0-9]*$',
        maxLength: 253,
      },
      value: { type: 'string', description: 'Literal value. Not for secrets: use a Secret.' },
      valueFrom: {
        type: 'object',
        description: 'Where the value comes from: exactly one of the sources.',
        'x-kubernetes-validations': [
          {
            rule: exactlyOne('configMapKeyRef', 'secretKeyRef', 'fieldRef'),
            message: 'exactly one of configMapKeyRef, secretKeyRef and fieldRef is needed',
          },
        ],
        properties: {
          configMapKeyRef: keySelectorSchema('ConfigMap'),
          secretKeyRef: keySelectorSchema('Secret'),
          fieldRef: {
            type: 'object',
            description: 'A field of the pod.',
            required: ['fieldPath'],
            properties: {
              fieldPath: { type: 'string', description: 'Such as metadata.name or status.podIP.', minLength: 1 },
            },
          },
        },
      },
    },
  },
}

function wholeSourceSchema(what: string): ObjectSchema<{ name: string; optional?: boolean }> {
  return {
    type: 'object',
    description: `All keys of a ${what}.`,
    required: ['name'],
    properties: {
      name: { type: 'string', description: `Name of the ${what}.`, minLength: 1, maxLength: 253 },
      optional: { type: 'boolean', description: `Start also where the ${what} is missing.` },
    },
  }
}

export const envFromSchema: ArraySchema<EnvFromSource> = {
  type: 'array',
  description: 'ConfigMaps and Secrets of which every key becomes a variable.',
  'x-kubernetes-list-type': 'atomic',
  maxItems: 64,
  items: {
    type: 'object',
    description: 'One ConfigMap or Secret.',
    'x-kubernetes-validations': [
      {
        rule: 'has(self.configMapRef) != has(self.secretRef)',
        message: 'exactly one of configMapRef and secretRef is needed',
      },
    ],
    properties: {
      prefix: { type: 'string', description: 'Put before each name.' },
      configMapRef: wholeSourceSchema('ConfigMap'),
      secretRef: wholeSourceSchema('Secret'),
    },
  },
}

const seconds = (description: string, minimum: number): SchemaFor<number> => ({
  type: 'integer',
  format: 'int32',
  description,
  minimum,
})

export function probeSchema(description: string): ObjectSchema<Probe> {
  return {
    type: 'object',
    description,
    'x-kubernetes-validations': [
      {
        rule: exactlyOne('httpGet', 'tcpSocket', 'exec', 'grpc'),
        message: 'exactly one of httpGet, tcpSocket, exec and grpc is needed',
      },
    ],
    properties: {
      httpGet: {
        type: 'object',
        description: 'Healthy when a GET answers with a status from 200 to 399.',
        required: ['port'],
        properties: {
          path: { type: 'string', description: 'Path of the request.', default: '/' },
          port: { 'x-kubernetes-int-or-string': true, description: 'Number or name of a port of the service.' },
          scheme: { type: 'string', description: 'HTTP or HTTPS.', enum: ['HTTP', 'HTTPS'] },
        },
      },
      tcpSocket: {
        type: 'object',
        description: 'Healthy when the port accepts a connection.',
        required: ['port'],
        properties: {
          port: { 'x-kubernetes-int-or-string': true, description: 'Number or name of a port of the service.' },
        },
      },
      exec: {
        type: 'object',
        description: 'Healthy when the command ends with 0.',
        required: ['command'],
        properties: { command: commandSchema('Command, run without a shell.') },
      },
      grpc: {
        type: 'object',
        description: 'Healthy when the gRPC health service says SERVING.',
        required: ['port'],
        properties: {
          port: { type: 'integer', format: 'int32', description: 'Port number.', minimum: 1, maximum: 65_535 },
          service: { type: 'string', description: 'Name sent to the health service.' },
        },
      },
      initialDelaySeconds: seconds('Seconds from the start to the first check.', 0),
      periodSeconds: seconds('Seconds between checks.', 1),
      timeoutSeconds: seconds('Seconds that a check may take.', 1),
      failureThreshold: seconds('Failed checks in a row that count as a failure.', 1),
      successThreshold: seconds('Good checks in a row that count as healthy.', 1),
    },
  }
}

function quantities(description: string): MapSchema<string | number> {
  return {
    type: 'object',
    description,
    additionalProperties: { 'x-kubernetes-int-or-string': true, description: 'A quantity: 250m, 1, 128Mi.' },
  }
}

export const resourcesSchema: ObjectSchema<ResourceRequirements> = {
  type: 'object',
  description: 'CPU and memory of one replica.',
  properties: {
    requests: quantities('What is reserved for it, such as cpu: 100m.'),
    limits: quantities('What it may use at most, such as memory: 256Mi.'),
  },
}

export const portsSchema: ArraySchema<Port> = {
  type: 'array',
  description: 'Ports that other services and the outside reach. The first is told to the program as PORT.',
  'x-kubernetes-list-type': 'map',
  'x-kubernetes-list-map-keys': ['name'],
  'x-kubernetes-validations': [
    {
      rule: 'self.all(a, self.exists_one(b, b.port == a.port && (has(b.protocol) ? b.protocol : "TCP") == (has(a.protocol) ? a.protocol : "TCP")))',
      message: 'two ports must not have the same number and protocol: choose another number',
      reason: 'FieldValueDuplicate',
    },
  ],
  maxItems: 32,
  items: {
    type: 'object',
    description: 'One port.',
    required: ['name', 'port'],
    properties: {
      name: { type: 'string', description: 'Name of the port: http, grpc, metrics.', pattern: dnsLabel, maxLength: 15 },
      port: { type: 'integer', format: 'int32', description: 'Port of the service.', minimum: 1, maximum: 65_535 },
      targetPort: {
        type: 'integer',
        format: 'int32',
        description: 'Port that the program listens on; the same as port where absent.',
        minimum: 1,
        maximum: 65_535,
      },
      protocol: { type: 'string', description: 'TCP or UDP.', enum: ['TCP', 'UDP'], default: 'TCP' },
      appProtocol: { type: 'string', description: 'What is spoken on it: http, grpc, kubernetes.io/h2c.' },
    },
  },
}
