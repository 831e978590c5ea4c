// APIServices: one for each group and version that is served, kept in step with the rows. Those that point to a Service
// may be made, and say in their status that this server does not aggregate.
// Upstream: kube-aggregator pkg/controllers/autoregister, pkg/controlplane/apiserver/aggregator.go.

import { randomUUID } from 'node:crypto'
import { type APIService, type Clock, type KubeObject, formatTime } from '@binnacle/api'
import type { Store } from '@binnacle/store'
import type { Registry, Row } from '../registry.ts'
import type { Strategy, WriteContext } from '../strategy.ts'

const storageKey = 'apiservices.apiregistration.k8s.io'
const managedLabel = 'kube-aggregator.kubernetes.io/automanaged'

/** Priority of the group, and of the version where it is not 15. */
const builtinPriorities: Readonly<Record<string, readonly [group: number, version?: number]>> = {
  'v1.': [18_000, 1],
  'v1.admissionregistration.k8s.io': [16_700],
  'v1.apiextensions.k8s.io': [16_700],
  'v1.apps': [17_800],
  'v1.authentication.k8s.io': [17_700],
  'v1.authorization.k8s.io': [17_600],
  'v1.autoscaling': [17_500],
  'v1.batch': [17_400],
  'v1.certificates.k8s.io': [17_300],
  'v1.coordination.k8s.io': [16_500],
  'v1.discovery.k8s.io': [16_200],
  'v1.events.k8s.io': [17_750],
  'v1.flowcontrol.apiserver.k8s.io': [16_100, 21],
  'v1.networking.k8s.io': [17_200],
  'v1.node.k8s.io': [16_300],
  'v1.policy': [17_100],
  'v1.rbac.authorization.k8s.io': [17_000],
  'v1.resource.k8s.io': [16_200, 21],
  'v1.scheduling.k8s.io': [16_600],
  'v1.storage.k8s.io': [16_800],
  'v2.autoscaling': [17_500, 30],
}

const customPriorities = [1000, 100] as const

export interface ApiServicesOptions {
  store: Store
  registry: Registry
  clock: Clock
  onError: (error: unknown) => void
}

/** Writes what is missing now and follows the registry; the returned function ends that. */
export async function startApiServices(options: ApiServicesOptions): Promise<() => void> {
  let isPending = false
  const stop = options.registry.onChange(() => {
    if (isPending) return
    isPending = true
    // A definition comes with all its versions in one turn.
    queueMicrotask(() => {
      isPending = false
      reconcile(options).catch(options.onError)
    })
  })
  await reconcile(options)
  return stop
}

async function reconcile({ store, registry, clock }: ApiServicesOptions): Promise<void> {
  const wanted = new Map(registry.all().map((row) => [nameOf(row), row]))
  const writes: Promise<unknown>[] = []
  for (const [name, row] of wanted) {
    const key = `${storageKey}/${name}`
    if (store.get(key) !== undefined || row.info.group === 'apiregistration.k8s.io') continue
    writes.push(
      store.write(key, (current) =>
        current === undefined ? { put: localService(name, row, clock.now()) } : { keep: true },
      ),
    )
  }
  for (const { key, object } of store.range({ prefix: `${storageKey}/` }).items) {
    if (object.metadata.labels?.[managedLabel] !== undefined && !wanted.has(object.metadata.name ?? ''))
      writes.push(store.write(key, () => ({ remove: true })))
  }
  await Promise.all(writes)
}

function nameOf({ info }: Row): string {
  return `${info.version}.${info.group}`
}

function localService(name: string, { info, isCustom }: Row, now: number): KubeObject {
  const [groupPriorityMinimum, versionPriority = 15] = builtinPriorities[name] ?? customPriorities
  const service: APIService = {
    kind: 'APIService',
    apiVersion: 'apiregistration.k8s.io/v1',
    metadata: {
      name,
      uid: randomUUID(),
      creationTimestamp: formatTime(now),
      labels: { [managedLabel]: isCustom ? 'true' : 'onstart' },
    },
    spec: {
      ...(info.group === '' ? {} : { group: info.group }),
      version: info.version,
      groupPriorityMinimum,
      versionPriority,
    },
  }
  return withAvailability(service, now)
}

export const apiServices: Strategy = {
  prepareForCreate: judge,
  prepareForUpdate: judge,
}

function judge(object: KubeObject, ...rest: [WriteContext] | [KubeObject, WriteContext]): void {
  const context = rest.at(-1) as WriteContext
  if (context.subresource === 'status') return
  withAvailability(object, context.backend.clock.now())
}

function withAvailability(service: APIService, now: number): APIService {
  const isLocal = !service.spec?.service
  const known = service.status?.conditions?.find(({ type }) => type === 'Available')
  const status = isLocal ? 'True' : 'False'
  if (known?.status === status) return service
  const why = isLocal
    ? { reason: 'Local', message: 'Local APIServices are always available' }
    : { reason: 'NotSupported', message: 'this server does not pass requests on to other API servers' }
  service.status = { conditions: [{ type: 'Available', status, lastTransitionTime: formatTime(now), ...why }] }
  return service
}
