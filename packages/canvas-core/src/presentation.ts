// How objects are called and grouped on the Canvas: the family whose hue the icon's tile has, title, and what runs.

import type { Unstructured } from '@binnacle/api'
import { type DataSourceType, engines, kindInfo } from '@binnacle/model'
import { getField } from './field-path.ts'

/** Each family has a hue. */
export const families = [
  'service',
  'data',
  'network',
  'configuration',
  'job',
  'storage',
  'scaling',
  'access',
  'other',
] as const
export type Family = (typeof families)[number]

const familyByKind: Readonly<Record<string, Family>> = {
  Microservice: 'service',
  Deployment: 'service',
  StatefulSet: 'service',
  DaemonSet: 'service',
  ReplicaSet: 'service',
  Pod: 'service',
  DataSource: 'data',
  Service: 'network',
  Ingress: 'network',
  Gateway: 'network',
  HTTPRoute: 'network',
  GRPCRoute: 'network',
  NetworkPolicy: 'access',
  ConfigMap: 'configuration',
  Secret: 'configuration',
  Job: 'job',
  CronJob: 'job',
  PersistentVolumeClaim: 'storage',
  PersistentVolume: 'storage',
  StorageClass: 'storage',
  HorizontalPodAutoscaler: 'scaling',
  PodDisruptionBudget: 'scaling',
  ServiceAccount: 'access',
  Role: 'access',
  RoleBinding: 'access',
}

export function familyOf({ kind = '' }: Pick<Unstructured, 'kind'>): Family {
  return familyByKind[kind] ?? 'other'
}

/** Kinds that are never nodes: what the cluster keeps for itself, and what the Canvas shows in other ways. */
const hiddenKinds: ReadonlySet<string> = new Set([
  'Application',
  'Environment',
  'Release',
  'Event',
  'EndpointSlice',
  'Endpoints',
  'ControllerRevision',
  'Lease',
  'ReplicaSet',
  'Namespace',
  'PodMetrics',
])

/** Whether objects of the kind are never nodes. */
export function isHiddenKind(kind: string): boolean {
  return hiddenKinds.has(kind)
}

/** Whether an object is shown as a node when it belongs to no other. */
export function isShown(object: Unstructured): boolean {
  const { kind = '', metadata } = object
  if (hiddenKinds.has(kind)) return false
  if (kind === 'ConfigMap' && metadata.name === 'kube-root-ca.crt') return false
  if (kind === 'ServiceAccount' && metadata.name === 'default') return false
  if (kind === 'Service' && metadata.name === 'kubernetes' && metadata.namespace === 'default') return false
  return object['type'] !== 'helm.sh/release.v1'
}

/** The kind in a person's words: `PostgreSQL`, `Microservice`. */
export function kindTitle(object: Unstructured): string {
  if (object.kind === 'DataSource') {
    const type = getField(object, 'spec.type')
    if (type === 'http') return 'Remote API'
    if (typeof type === 'string' && Object.hasOwn(engines, type))
      return engines[type as Exclude<DataSourceType, 'http'>].title
  }
  return object.kind ?? ''
}

export function kindDescription(kind: string): string | undefined {
  return kindInfo(kind)?.description
}

/** An image as people name it: by its tag, or where it has none by the first digits of its digest. */
function shortImage(image: string | undefined): string | undefined {
  const [name = '', digest] = image?.split('@sha256:') ?? []
  if (digest === undefined) return image
  return /:[^/]*$/.test(name) ? name : `${name}@${digest.slice(0, 12)}`
}

/** What it runs or is, in a few words: an image, a version, an address. */
export function subtitleOf(object: Unstructured): string {
  const at = (path: string): string | undefined => {
    const value = getField(object, path)
    return typeof value === 'string' && value !== '' ? value : typeof value === 'number' ? String(value) : undefined
  }
  const image = (path: string): string | undefined => shortImage(at(path))
  const prefixed = (prefix: string, value: string | undefined): string | undefined => value && `${prefix}${value}`
  switch (object.kind) {
    case 'Microservice':
      return image('spec.image') ?? prefixed('built from ', at('spec.build.context')) ?? 'no image yet'
    case 'DataSource':
      return [kindTitle(object), at('spec.version') ?? at('spec.external.host')].filter(Boolean).join(' ')
    case 'Deployment':
    case 'StatefulSet':
    case 'DaemonSet':
    case 'ReplicaSet':
    case 'Job':
      return image('spec.template.spec.containers[0].image') ?? object.kind
    case 'CronJob':
      return [at('spec.schedule'), image('spec.jobTemplate.spec.template.spec.containers[0].image')]
        .filter(Boolean)
        .join(' · ')
    case 'Pod':
      return image('spec.containers[0].image') ?? 'Pod'
    case 'Service':
      return [at('spec.type') ?? 'ClusterIP', prefixed(':', at('spec.ports[0].port'))].filter(Boolean).join(' ')
    case 'Ingress':
      return at('spec.rules[0].host') ?? 'Ingress'
    case 'HTTPRoute':
      return at('spec.hostnames[0]') ?? 'HTTPRoute'
    case 'ConfigMap':
    case 'Secret': {
      const count = Object.keys(object['data'] ?? {}).length
      return `${object.kind} · ${count} ${count === 1 ? 'key' : 'keys'}`
    }
    case 'PersistentVolumeClaim':
      return at('spec.resources.requests.storage') ?? 'PersistentVolumeClaim'
    case 'HorizontalPodAutoscaler':
      return `${at('spec.minReplicas') ?? '1'} to ${at('spec.maxReplicas') ?? '?'} replicas`
    default:
      return object.kind ?? ''
  }
}
