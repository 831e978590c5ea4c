// The objects of one namespace, as the API says them, over the page's one watch connection. Batches are gathered for a
// frame, so that a burst of events is one change of the page.

import type { KubeObject, WatchEvent } from '@binnacle/api'
import { type ObjectKey, keyOf } from '@binnacle/canvas-core'
import type { ResourcePath } from './kube-api.ts'
import { pathOf } from './kube-api.ts'
import type { WatchConnection } from './watch-connection.ts'

export interface LiveKind extends ResourcePath {
  kind: string
  /** Watched only where it is served: our own kinds on a cluster without them, for example. */
  optional?: boolean
}

const core = (resource: string, kind: string): LiveKind => ({ group: '', version: 'v1', resource, kind })
const ours = (resource: string, kind: string): LiveKind => ({
  group: 'binnacle.dev',
  version: 'v1alpha1',
  resource,
  kind,
  optional: true,
})

/** What a Canvas shows, and what it needs to tell how those are. */
export const liveKinds: readonly LiveKind[] = [
  ours('applications', 'Application'),
  ours('microservices', 'Microservice'),
  ours('datasources', 'DataSource'),
  ours('environments', 'Environment'),
  ours('releases', 'Release'),
  core('services', 'Service'),
  core('configmaps', 'ConfigMap'),
  core('secrets', 'Secret'),
  core('pods', 'Pod'),
  core('persistentvolumeclaims', 'PersistentVolumeClaim'),
  core('events', 'Event'),
  { group: 'apps', version: 'v1', resource: 'deployments', kind: 'Deployment' },
  { group: 'apps', version: 'v1', resource: 'statefulsets', kind: 'StatefulSet' },
  { group: 'apps', version: 'v1', resource: 'daemonsets', kind: 'DaemonSet' },
  { group: 'apps', version: 'v1', resource: 'replicasets', kind: 'ReplicaSet' },
  { group: 'batch', version: 'v1', resource: 'jobs', kind: 'Job' },
  { group: 'batch', version: 'v1', resource: 'cronjobs', kind: 'CronJob' },
  { group: 'networking.k8s.io', version: 'v1', resource: 'ingresses', kind: 'Ingress' },
  { group: 'autoscaling', version: 'v2', resource: 'horizontalpodautoscalers', kind: 'HorizontalPodAutoscaler' },
]

export interface LiveListener {
  /** Changes since the last call, in order, with kind and apiVersion set. */
  events(batch: readonly WatchEvent[]): void
  /** All kinds have been told once; `told` are the keys of all that there is. */
  synced(told: ReadonlySet<ObjectKey>): void
  /** A kind's state is told anew: what was told of it before is out of date. */
  reset(kind: LiveKind): void
  error(kind: LiveKind, message: string): void
}

const hiddenMs = 250
/** What a change of the page took is owed so many times as rest ... */
const restFactor = 8
/** ... of which so much may be put off: single changes are shown at once, and a storm of them leaves the page usable. */
const creditMs = 400

/** Watches `kinds` in a namespace until the returned function is called. */
export function watchNamespace(
  connection: WatchConnection,
  { namespace, kinds, listener }: { namespace: string; kinds: readonly LiveKind[]; listener: LiveListener },
): () => void {
  const waiting = new Set(kinds)
  const told = new Set<ObjectKey>()
  let gathered: WatchEvent[] = []
  let frame = 0
  /** When all rest that is owed would be over. */
  let restedAt = 0
  const flush = (): void => {
    frame = 0
    const batch = gathered
    gathered = []
    if (batch.length === 0) return
    const began = performance.now()
    listener.events(batch)
    restedAt = Math.max(began, restedAt) + (performance.now() - began) * restFactor
  }
  const schedule = (): void => {
    if (frame !== 0) return
    const wait = restedAt - creditMs - performance.now()
    // A hidden page draws no frames, and must not gather for ever.
    if (document.hidden) frame = window.setTimeout(flush, hiddenMs)
    else frame = wait > 16 ? window.setTimeout(flush, wait) : requestAnimationFrame(flush)
  }
  const arrived = (kind: LiveKind): void => {
    if (!waiting.delete(kind) || waiting.size > 0) return
    flush()
    listener.synced(told)
    told.clear()
  }
  const stops = kinds.map((kind) => {
    const apiVersion = kind.group === '' ? kind.version : `${kind.group}/${kind.version}`
    return connection.watch<KubeObject>(
      { path: pathOf(kind, { namespace }) },
      {
        events: (batch) => {
          for (const event of batch) {
            const object = { ...event.object, apiVersion, kind: kind.kind }
            gathered.push({ ...event, object })
            if (waiting.size > 0) told.add(keyOf(object))
          }
          schedule()
        },
        synced: () => arrived(kind),
        reset: () => listener.reset(kind),
        error: (status) => {
          arrived(kind)
          if (kind.optional !== true || status.code !== 404) listener.error(kind, status.message ?? '')
        },
      },
    )
  })
  return () => {
    for (const stop of stops) stop()
  }
}
