// A service: what runs, what it needs, who reaches it. Becomes a Deployment (or a StatefulSet where it has storage) and
// what belongs to it.

import type { ObjectSchema } from '../schema.ts'
import {
  type Condition,
  type EnvFromSource,
  type EnvVar,
  type KeySelector,
  type Port,
  type Probe,
  type Resource,
  type ResourceRequirements,
  commandSchema,
  conditionsSchema,
  envFromSchema,
  envSchema,
  exactlyOne,
  nameSchema,
  observedGenerationSchema,
  portsSchema,
  probeSchema,
  resourcesSchema,
} from './shared.ts'
import { type Security, securitySchema } from './security.ts'

/** Where the image is made from. */
export interface BuildSource {
  /** Folder of the sources, relative to the file that the resource comes from or to the engine's source folder. */
  context: string
  /** OCI image that the layers are put on; none where absent. */
  base?: string
  /** Explicit tag of the image; a digest of the sources where absent. */
  tag?: string
}

/** A file that the program finds at `path`. Exactly one of the sources is set. */
export interface ConfigFile {
  path: string
  content?: string
  configMap?: KeySelector
  secret?: KeySelector
}

/** A wire to another service: its address arrives as `<PREFIX>_URL`, `_HOST` and `_PORT`. */
export interface Use {
  name: string
  namespace?: string
  /** Name of the port; the first where absent. */
  port?: string
  /** Start of the variables' names; the service's name in capitals where absent. */
  prefix?: string
}

/** A wire to a data source: its Service Binding Secret arrives as variables and as files. */
export interface Binding {
  name: string
  /** Start of the variables' names; the data source's name in capitals where absent. */
  prefix?: string
  /** Further variables, each with the key of the binding that it takes: `{DATABASE_URL: uri}`. */
  env?: { [variable: string]: string }
}

export interface Autoscaling {
  minReplicas?: number
  maxReplicas: number
  /** Average of the requests, in per cent. */
  cpuUtilization?: number
  memoryUtilization?: number
}

export interface Rollout {
  type?: 'RollingUpdate' | 'Recreate'
  maxSurge?: string | number
  maxUnavailable?: string | number
  minReadySeconds?: number
  progressDeadlineSeconds?: number
  revisionHistoryLimit?: number
  paused?: boolean
}

export interface Sidecar {
  name: string
  image: string
  command?: string[]
  args?: string[]
  env?: EnvVar[]
  ports?: Port[]
  resources?: ResourceRequirements
}

/** An admin process in the service's image and configuration: on a schedule, with each release, or by hand. */
export interface AdminJob {
  name: string
  image?: string
  command?: string[]
  args?: string[]
  env?: EnvVar[]
  run?: 'OnSchedule' | 'OnRelease' | 'Manual'
  schedule?: string
  timeZone?: string
  concurrencyPolicy?: 'Allow' | 'Forbid' | 'Replace'
  backoffLimit?: number
}

export interface Storage {
  name: string
  path: string
  size: string
  storageClassName?: string
}

/** A folder that can be written, and that is gone with the replica. */
export interface ScratchFolder {
  path: string
  /** Kept in memory, which counts as the service's. */
  medium?: 'Memory'
  sizeLimit?: string
}

export interface MicroserviceSpec {
  image?: string
  build?: BuildSource
  command?: string[]
  args?: string[]
  ports?: Port[]
  serviceType?: 'ClusterIP' | 'NodePort' | 'LoadBalancer'
  env?: EnvVar[]
  envFrom?: EnvFromSource[]
  files?: ConfigFile[]
  uses?: Use[]
  bindings?: Binding[]
  replicas?: number
  autoscaling?: Autoscaling
  health?: { liveness?: Probe; readiness?: Probe; startup?: Probe }
  resources?: ResourceRequirements
  rollout?: Rollout
  sidecars?: Sidecar[]
  jobs?: AdminJob[]
  storage?: Storage[]
  scratch?: ScratchFolder[]
  securityContext?: Security
  disruption?: { minAvailable?: string | number; maxUnavailable?: string | number }
  access?: 'Any' | 'Wired'
  serviceAccountName?: string
  terminationGracePeriodSeconds?: number
}

export interface MicroserviceStatus {
  observedGeneration?: number
  conditions?: Condition[]
  replicas?: number
  readyReplicas?: number
  /** What runs, with its digest where it is known. */
  image?: string
  /** Address that a browser or curl on this machine reaches, where there is one. */
  url?: string
  /** Label selector of the pods, for the scale sub-resource. */
  selector?: string
}

export type Microservice = Resource<'Microservice', MicroserviceSpec, MicroserviceStatus>

const keyOf = (what: string): ObjectSchema<KeySelector> => ({
  type: 'object',
  description: `Content from a key of a ${what}.`,
  required: ['name', 'key'],
  properties: {
    name: { type: 'string', description: `Name of the ${what}.`, minLength: 1, maxLength: 253 },
    key: { type: 'string', description: 'Key in its data.', minLength: 1, maxLength: 253 },
    optional: { type: 'boolean', description: 'Start also where the key is missing.' },
  },
})

export const microserviceSpecSchema: ObjectSchema<MicroserviceSpec> = {
  type: 'object',
  description: 'What runs, what it needs, and who reaches it.',
  'x-kubernetes-validations': [
    {
      rule: 'has(self.image) != has(self.build)',
      message: 'exactly one of image and build is needed',
    },
    {
      rule: '!(has(self.replicas) && has(self.autoscaling))',
      message: 'replicas are set by autoscaling: remove one of the two',
      fieldPath: '.replicas',
      reason: 'FieldValueForbidden',
    },
  ],
  properties: {
    image: {
      type: 'string',
      description: 'Image with an explicit tag or digest, such as shop/api:1.4.2.',
      minLength: 1,
      maxLength: 500,
      'x-kubernetes-validations': [
        {
          rule: "self.contains('@') || self.matches('^.+:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$') && !self.endsWith(':latest')",
          message: 'an explicit tag or digest is needed, such as shop/api:1.4.2: what runs must be known',
        },
      ],
    },
    build: {
      type: 'object',
      description: 'Sources that the image is built from, in place of image.',
      required: ['context'],
      properties: {
        context: { type: 'string', description: 'Folder of the sources.', minLength: 1, maxLength: 1024 },
        base: { type: 'string', description: 'Image that the layers are put on.', maxLength: 500 },
        tag: {
          type: 'string',
          description: 'Tag of the image; taken from the sources where absent.',
          pattern: '^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$',
          'x-kubernetes-validations': [
            { rule: "self != 'latest'", message: 'latest says nothing about what runs: choose an explicit tag' },
          ],
        },
      },
    },
    command: commandSchema("Program in place of the image's entry point."),
    args: commandSchema('Arguments of the program.'),
    ports: portsSchema,
    serviceType: {
      type: 'string',
      description: 'Who reaches the ports: the cluster only, each node, or the outside.',
      enum: ['ClusterIP', 'NodePort', 'LoadBalancer'],
      default: 'ClusterIP',
    },
    env: envSchema,
    envFrom: envFromSchema,
    files: {
      type: 'array',
      description: 'Configuration files that the program finds.',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['path'],
      maxItems: 128,
      items: {
        type: 'object',
        description: 'One file.',
        required: ['path'],
        'x-kubernetes-validations': [
          {
            rule: exactlyOne('content', 'configMap', 'secret'),
            message: 'exactly one of content, configMap and secret is needed',
          },
        ],
        properties: {
          path: {
            type: 'string',
            description: 'Absolute path of the file.',
            pattern: '^/[^:]*[^/:]$',
            maxLength: 1024,
          },
          content: { type: 'string', description: 'Text of the file. Not for secrets.', maxLength: 262_144 },
          configMap: keyOf('ConfigMap'),
          secret: keyOf('Secret'),
        },
      },
    },
    uses: {
      type: 'array',
      description: 'Services that this one calls. The address of each arrives as environment variables.',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
      maxItems: 128,
      items: {
        type: 'object',
        description: 'One service.',
        required: ['name'],
        properties: {
          name: nameSchema('Name of the microservice or Service.'),
          namespace: nameSchema('Namespace of the service; the same where absent.'),
          port: { type: 'string', description: 'Name of its port; the first where absent.', maxLength: 15 },
          prefix: {
            type: 'string',
            description: 'Start of the names of the variables; the name of the service in capitals where absent.',
            pattern: '^[A-Za-z_][A-Za-z0-9_]*$',
          },
        },
      },
    },
    bindings: {
      type: 'array',
      description: 'Data sources that this service is bound to. Credentials arrive as variables and files.',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
      maxItems: 64,
      items: {
        type: 'object',
        description: 'One data source.',
        required: ['name'],
        properties: {
          name: nameSchema('Name of the data source.'),
          prefix: {
            type: 'string',
            description: 'Start of the names of the variables; the name of the data source in capitals where absent.',
            pattern: '^[A-Za-z_][A-Za-z0-9_]*$',
          },
          env: {
            type: 'object',
            description: 'Further variables, each with the key of the binding that it takes: DATABASE_URL: uri.',
            additionalProperties: { type: 'string', description: 'uri, host, port, username, password or database.' },
          },
        },
      },
    },
    replicas: {
      type: 'integer',
      format: 'int32',
      description: 'How many copies run; 1 where neither this nor autoscaling is set, 0 stops the service.',
      minimum: 0,
      maximum: 10_000,
    },
    autoscaling: {
      type: 'object',
      description: 'How the number of replicas follows the load.',
      required: ['maxReplicas'],
      'x-kubernetes-validations': [
        {
          rule: '!has(self.minReplicas) || self.minReplicas <= self.maxReplicas',
          message: 'must not be more than maxReplicas',
          fieldPath: '.minReplicas',
        },
      ],
      properties: {
        minReplicas: { type: 'integer', format: 'int32', description: 'Never fewer.', minimum: 1, maximum: 10_000 },
        maxReplicas: { type: 'integer', format: 'int32', description: 'Never more.', minimum: 1, maximum: 10_000 },
        cpuUtilization: {
          type: 'integer',
          format: 'int32',
          description: 'Average CPU to keep, in per cent of the requests.',
          minimum: 1,
        },
        memoryUtilization: {
          type: 'integer',
          format: 'int32',
          description: 'Average memory to keep, in per cent of the requests.',
          minimum: 1,
        },
      },
    },
    health: {
      type: 'object',
      description: 'How it is known that a replica is well.',
      properties: {
        liveness: probeSchema('A replica that fails this is restarted.'),
        readiness: probeSchema('A replica that fails this gets no traffic.'),
        startup: probeSchema('The other checks wait until this has succeeded once.'),
      },
    },
    resources: resourcesSchema,
    rollout: {
      type: 'object',
      description: 'How a new version takes the place of the old.',
      properties: {
        type: {
          type: 'string',
          description: 'RollingUpdate replaces step by step, Recreate stops all first.',
          enum: ['RollingUpdate', 'Recreate'],
        },
        maxSurge: { 'x-kubernetes-int-or-string': true, description: 'Replicas above the number wanted: 1 or 25%.' },
        maxUnavailable: { 'x-kubernetes-int-or-string': true, description: 'Replicas that may be missing: 0 or 25%.' },
        minReadySeconds: {
          type: 'integer',
          format: 'int32',
          description: 'Seconds that a new replica must be ready to count.',
          minimum: 0,
        },
        progressDeadlineSeconds: {
          type: 'integer',
          format: 'int32',
          description: 'Seconds without progress after which a rollout has failed.',
          minimum: 1,
        },
        revisionHistoryLimit: {
          type: 'integer',
          format: 'int32',
          description: 'Old versions that are kept for undo.',
          minimum: 0,
        },
        paused: { type: 'boolean', description: 'Changes are taken but not rolled out.' },
      },
    },
    sidecars: {
      type: 'array',
      description: 'Containers beside the program in each replica.',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
      maxItems: 16,
      items: {
        type: 'object',
        description: 'One container.',
        required: ['name', 'image'],
        properties: {
          name: nameSchema('Name of the container.'),
          image: { type: 'string', description: 'Image with an explicit tag or digest.', minLength: 1, maxLength: 500 },
          command: commandSchema("Program in place of the image's entry point."),
          args: commandSchema('Arguments of the program.'),
          env: envSchema,
          ports: portsSchema,
          resources: resourcesSchema,
        },
      },
    },
    jobs: {
      type: 'array',
      description: 'Admin processes with the image and the configuration of the service.',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
      maxItems: 32,
      items: {
        type: 'object',
        description: 'One admin process.',
        required: ['name'],
        'x-kubernetes-validations': [
          {
            rule: "has(self.schedule) == (has(self.run) && self.run == 'OnSchedule')",
            message: 'run: OnSchedule and schedule belong together',
            fieldPath: '.schedule',
          },
        ],
        properties: {
          name: nameSchema('Name of the job, such as migrate.'),
          image: { type: 'string', description: "Image; the service's where absent.", maxLength: 500 },
          command: commandSchema('Program of the job.'),
          args: commandSchema('Arguments of the program.'),
          env: envSchema,
          run: {
            type: 'string',
            description: 'OnRelease runs once for each version, OnSchedule by the clock, Manual when it is asked for.',
            enum: ['OnSchedule', 'OnRelease', 'Manual'],
            default: 'OnRelease',
          },
          schedule: { type: 'string', description: 'Cron expression, such as 0 3 * * *.', minLength: 1 },
          timeZone: { type: 'string', description: 'Name of the time zone of the schedule, such as Europe/Vienna.' },
          concurrencyPolicy: {
            type: 'string',
            description: 'What happens when the one before still runs.',
            enum: ['Allow', 'Forbid', 'Replace'],
          },
          backoffLimit: { type: 'integer', format: 'int32', description: 'Tries before it has failed.', minimum: 0 },
        },
      },
    },
    storage: {
      type: 'array',
      description: 'Disks that stay with each replica. The service becomes a StatefulSet.',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
      maxItems: 16,
      items: {
        type: 'object',
        description: 'One disk.',
        required: ['name', 'path', 'size'],
        properties: {
          name: nameSchema('Name of the disk.'),
          path: { type: 'string', description: 'Folder at which the program finds it.', pattern: '^/[^:]+$' },
          size: {
            type: 'string',
            description: 'Size, such as 1Gi.',
            pattern: '^[0-9]+(\\.[0-9]+)?([EPTGMk]|[EPTGMK]i)?$',
          },
          storageClassName: { type: 'string', description: "Class of the disk; the cluster's default where absent." },
        },
      },
    },
    scratch: {
      type: 'array',
      description: 'Empty folders that the program may write to; what is in them is gone with the replica.',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['path'],
      maxItems: 16,
      items: {
        type: 'object',
        description: 'One folder.',
        required: ['path'],
        properties: {
          path: {
            type: 'string',
            description: 'Folder at which the program finds it.',
            pattern: '^/[^:]+$',
            maxLength: 1024,
          },
          medium: { type: 'string', description: 'Memory keeps it off the disk.', enum: ['Memory'] },
          sizeLimit: {
            type: 'string',
            description: 'Most that it may hold, such as 64Mi.',
            pattern: '^[0-9]+(\\.[0-9]+)?([EPTGMk]|[EPTGMK]i)?$',
          },
        },
      },
    },
    securityContext: securitySchema,
    disruption: {
      type: 'object',
      description: 'How many replicas may be missing while nodes are drained.',
      'x-kubernetes-validations': [
        {
          rule: 'has(self.minAvailable) != has(self.maxUnavailable)',
          message: 'exactly one of minAvailable and maxUnavailable is needed',
        },
      ],
      properties: {
        minAvailable: { 'x-kubernetes-int-or-string': true, description: 'Replicas that must stay: 1 or 50%.' },
        maxUnavailable: { 'x-kubernetes-int-or-string': true, description: 'Replicas that may be missing: 1 or 50%.' },
      },
    },
    access: {
      type: 'string',
      description: 'Who may connect: Any, or only the services that are wired to this one (by a NetworkPolicy).',
      enum: ['Any', 'Wired'],
      default: 'Any',
    },
    serviceAccountName: { type: 'string', description: 'ServiceAccount of the pods; default where absent.' },
    terminationGracePeriodSeconds: {
      type: 'integer',
      format: 'int64',
      description: 'Seconds that the program gets to end before it is killed.',
      minimum: 0,
    },
  },
}

export const microserviceStatusSchema: ObjectSchema<MicroserviceStatus> = {
  type: 'object',
  description: 'What runs.',
  properties: {
    observedGeneration: observedGenerationSchema,
    conditions: conditionsSchema,
    replicas: { type: 'integer', format: 'int32', description: 'Replicas that exist.' },
    readyReplicas: { type: 'integer', format: 'int32', description: 'Replicas that take traffic.' },
    image: { type: 'string', description: 'What runs, with its digest where it is known.' },
    url: { type: 'string', description: 'Address that a browser or curl reaches.' },
    selector: { type: 'string', description: 'Label selector of the pods.' },
  },
}
