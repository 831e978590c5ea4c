// What of an object is its own: everything but what the server, a controller or the tool that applied it wrote into it.
// The list is printed into docs/real-clusters.md.

import type { KubeObject } from '@binnacle/api'

interface Ignored {
  what: string
  why: string
  /** Takes it out of a copy of an object. */
  remove: (object: Loose) => void
}

interface Loose extends Omit<KubeObject, 'metadata'> {
  metadata: KubeObject['metadata']
  spec?: Record<string, unknown>
  status?: unknown
}

const serverFields = ['uid', 'resourceVersion', 'generation', 'creationTimestamp', 'managedFields'] as const
const appliersAnnotations = /^(?:kubectl\.kubernetes\.io\/last-applied-configuration|(?:meta\.)?helm\.sh\/)/
const jobLabels = new Set([
  'controller-uid',
  'batch.kubernetes.io/controller-uid',
  'job-name',
  'batch.kubernetes.io/job-name',
])

export const ignoredFields: readonly Ignored[] = [
  {
    what: `\`metadata.${serverFields.join('`, `metadata.')}\``,
    why: 'set by the server for each object',
    remove: ({ metadata }) => {
      for (const field of serverFields) delete metadata[field]
    },
  },
  { what: '`status`', why: 'written by controllers, not by whoever applies', remove: (object) => delete object.status },
  {
    what: '`metadata.namespace`',
    why: 'each way has a namespace of its own here',
    remove: ({ metadata }) => delete metadata.namespace,
  },
  {
    what: '`metadata.ownerReferences`',
    why: 'objects of our controllers belong to their Microservice; exported ones belong to nobody',
    remove: ({ metadata }) => delete metadata.ownerReferences,
  },
  {
    what: 'annotations `kubectl.kubernetes.io/last-applied-configuration`, `meta.helm.sh/…`, `helm.sh/hook…`',
    why: 'what kubectl and Helm note for themselves; a Job is a hook of a chart, since it cannot be changed',
    remove: ({ metadata }) => {
      const own = Object.entries(metadata.annotations ?? {}).filter(([key]) => !appliersAnnotations.test(key))
      if (own.length === 0) delete metadata.annotations
      else metadata.annotations = Object.fromEntries(own)
    },
  },
  {
    what: 'label `app.kubernetes.io/managed-by` of the object (not of selectors and pods)',
    why: 'Helm writes its own name there',
    remove: ({ metadata }) => delete metadata.labels?.['app.kubernetes.io/managed-by'],
  },
  {
    what: 'Service: `clusterIP`, `clusterIPs` (but `None`), `ports[].nodePort`, `healthCheckNodePort`',
    why: 'allocated by the server',
    remove: ({ kind, spec }) => {
      if (kind !== 'Service' || spec === undefined) return
      if (spec['clusterIP'] !== 'None') {
        delete spec['clusterIP']
        delete spec['clusterIPs']
      }
      delete spec['healthCheckNodePort']
      for (const port of (spec['ports'] ?? []) as { nodePort?: number }[]) delete port.nodePort
    },
  },
  {
    what: 'Job: `spec.selector` and the labels `controller-uid` and `job-name` of its pods',
    why: "made by the server of the Job's uid",
    remove: ({ kind, spec }) => {
      if (kind !== 'Job' || spec === undefined) return
      delete spec['selector']
      const template = spec['template'] as { metadata: { labels?: Record<string, string> } }
      for (const label of jobLabels) delete template.metadata.labels?.[label]
    },
  },
]

/** Objects that nobody who deploys applied. */
export const ignoredObjects: readonly { what: string; why: string; is: (object: KubeObject) => boolean }[] = [
  {
    what: 'objects that belong to another object of the namespace (ReplicaSets, Pods, Jobs of CronJobs, EndpointSlices …)',
    why: 'made by the cluster’s controllers of what is compared',
    is: ({ metadata }) =>
      metadata.ownerReferences?.some(
        ({ controller, apiVersion }) => controller === true && !apiVersion.startsWith('binnacle.dev/'),
      ) === true,
  },
  {
    what: 'PersistentVolumeClaims of a StatefulSet, Endpoints of a Service',
    why: 'made by the cluster’s controllers of what is compared, without saying whose they are',
    is: ({ kind }) => kind === 'PersistentVolumeClaim' || kind === 'Endpoints',
  },
  {
    what: 'ConfigMap `kube-root-ca.crt`, ServiceAccount `default`',
    why: 'made in every namespace',
    is: ({ kind, metadata }) =>
      (kind === 'ConfigMap' && metadata.name === 'kube-root-ca.crt') ||
      (kind === 'ServiceAccount' && metadata.name === 'default'),
  },
  {
    what: 'Secrets of the type `helm.sh/release.v1`',
    why: "Helm's own record",
    is: (object) => object.kind === 'Secret' && (object as { type?: string }).type === 'helm.sh/release.v1',
  },
  {
    what: 'Events; Microservices, DataSources and the other kinds of `binnacle.dev`',
    why: 'what the compared objects come from, on the one side only',
    is: ({ kind, apiVersion = '' }) => kind === 'Event' || apiVersion.startsWith('binnacle.dev/'),
  },
]

export function isCompared(object: KubeObject): boolean {
  return !ignoredObjects.some(({ is }) => is(object))
}

/** The object's own fields, by their paths; only leaves. */
export function ownFields(object: KubeObject): Map<string, string> {
  const copy = structuredClone(object) as Loose
  for (const { remove } of ignoredFields) remove(copy)
  const fields = new Map<string, string>()
  addLeaves(copy, { path: '', fields })
  return fields
}

function addLeaves(value: unknown, { path, fields }: { path: string; fields: Map<string, string> }): void {
  if (typeof value !== 'object' || value === null || Object.keys(value).length === 0) {
    fields.set(path, JSON.stringify(value))
    return
  }
  for (const [key, item] of Object.entries(value)) {
    const step = Array.isArray(value) ? `[${key}]` : path === '' ? key : `.${key}`
    addLeaves(item, { path: `${path}${step}`, fields })
  }
}
