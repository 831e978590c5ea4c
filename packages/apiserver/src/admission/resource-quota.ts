// ResourceQuota: what a create would add to what the namespace has. Usage is counted from the store's newest state, and
// from what has been let through but is still on its way into the store.
// Upstream: k8s.io/apiserver pkg/admission/plugin/resourcequota, pkg/quota/v1/evaluator/core.

import {
  type KubeObject,
  type PersistentVolumeClaim,
  type Pod,
  type ResourceInfo,
  type ResourceQuota,
  type Service,
  addQuantities,
  canonicalQuantity,
  compareQuantities,
  forbidden,
  formatQuantity,
  parseQuantity,
  podQOSClass,
} from '@binnacle/api'
import type { AdmissionPlugin, AdmissionRequest } from '../admission.ts'
import type { Reader } from '../strategy.ts'

type Usage = Record<string, string>

const plainCounts: ReadonlySet<string> = new Set([
  'configmaps',
  'persistentvolumeclaims',
  'pods',
  'replicationcontrollers',
  'resourcequotas',
  'secrets',
  'services',
])

/** By storage key and namespace. */
const onTheirWay = new WeakMap<Reader, Map<string, Set<KubeObject>>>()

function reservations(reader: Reader, { resource, namespace = '' }: AdmissionRequest): Set<KubeObject> {
  let all = onTheirWay.get(reader)
  if (all === undefined) onTheirWay.set(reader, (all = new Map<string, Set<KubeObject>>()))
  const key = `${resource.storageKey}/${namespace}`
  let reserved = all.get(key)
  if (reserved === undefined) all.set(key, (reserved = new Set<KubeObject>()))
  return reserved
}

export const resourceQuota: AdmissionPlugin = {
  name: 'ResourceQuota',

  settle(request, reader) {
    if (request.operation === 'CREATE' && request.object !== undefined)
      reservations(reader, request).delete(request.object)
  },

  validate(request, reader) {
    const { operation, resource, subresource, namespace, object, name } = request
    if (operation !== 'CREATE' || subresource || namespace === undefined || object === undefined) return
    const quotas = reader
      .list<ResourceQuota>('resourcequotas', namespace)
      .filter((quota) => isInScope(quota, resource, object))
    if (quotas.length === 0) return
    const requested = usageOf(resource, object)
    for (const quota of quotas) {
      const hard: Usage = Object.fromEntries(
        Object.entries(quota.spec?.hard ?? {}).map(([key, value]) => [key, String(value)]),
      )
      const named = Object.keys(hard).filter((key) => requested[key] !== undefined)
      const missing =
        resource.storageKey === 'pods'
          ? Object.keys(hard)
              .filter((key) => isCompute(key) && requested[key] === undefined)
              .sort()
          : []
      const refuse = (why: string): Error => forbidden(resource, name || object.metadata.name || '', why)
      const quotaName = quota.metadata.name ?? ''
      if (missing.length > 0) throw refuse(`failed quota: ${quotaName}: must specify ${missing.join(',')}`)
      if (named.length === 0) continue
      const used = total(
        [...reader.list(resource.storageKey, namespace), ...reservations(reader, request)]
          .filter((other) => isInScope(quota, resource, other) && !hasEnded(resource, other))
          .map((other) => usageOf(resource, other)),
      )
      const over = named.filter((key) => {
        const sum = addQuantities(parseQuantity(used[key] ?? '0'), parseQuantity(requested[key] ?? '0'))
        return compareQuantities(sum, parseQuantity(hard[key] ?? '0')) > 0
      })
      if (over.length === 0) continue
      const shown = (usage: Usage): string =>
        [...over]
          .sort()
          .map((key) => `${key}=${canonicalQuantity(usage[key] ?? '0')}`)
          .join(',')
      throw refuse(
        `exceeded quota: ${quotaName}, requested: ${shown(requested)}, used: ${shown(used)}, limited: ${shown(hard)}`,
      )
    }
    if (!request.dryRun) reservations(reader, request).add(object)
  },
}

function isCompute(key: string): boolean {
  return (
    key === 'cpu' ||
    key === 'memory' ||
    key === 'requests.cpu' ||
    key === 'requests.memory' ||
    key === 'limits.cpu' ||
    key === 'limits.memory'
  )
}

function hasEnded({ storageKey }: ResourceInfo, object: KubeObject): boolean {
  const phase = (object as Pod).status?.phase
  return storageKey === 'pods' && (phase === 'Succeeded' || phase === 'Failed')
}

function total(usages: readonly Usage[]): Usage {
  const sum: Usage = {}
  for (const usage of usages) {
    for (const [key, value] of Object.entries(usage)) {
      sum[key] = formatQuantity(addQuantities(parseQuantity(sum[key] ?? '0'), parseQuantity(value)))
    }
  }
  return sum
}

function usageOf({ resource, group, storageKey }: ResourceInfo, object: KubeObject): Usage {
  const counted: Usage = { [`count/${group === '' ? resource : `${resource}.${group}`}`]: '1' }
  if (group === '' && plainCounts.has(resource)) counted[resource] = '1'
  if (storageKey === 'pods') return { ...counted, ...podUsage(object) }
  if (storageKey === 'services') {
    const { type, ports = [] } = (object as Service).spec ?? {}
    if (type === 'LoadBalancer') counted['services.loadbalancers'] = '1'
    if (type === 'NodePort' || type === 'LoadBalancer') counted['services.nodeports'] = String(ports.length)
  }
  if (storageKey === 'persistentvolumeclaims') {
    const { resources, storageClassName } = (object as PersistentVolumeClaim).spec ?? {}
    const storage = String(resources?.requests?.['storage'] ?? '0')
    counted['requests.storage'] = storage
    if (storageClassName) {
      counted[`${storageClassName}.storageclass.storage.k8s.io/requests.storage`] = storage
      counted[`${storageClassName}.storageclass.storage.k8s.io/persistentvolumeclaims`] = '1'
    }
  }
  return counted
}

function podUsage({ spec }: Pod): Usage {
  const usage: Usage = {}
  for (const which of ['requests', 'limits'] as const) {
    const lists = (spec?.containers ?? []).map(({ resources }): Usage =>
      Object.fromEntries(Object.entries(resources?.[which] ?? {}).map(([key, value]) => [key, String(value)])),
    )
    for (const [key, value] of Object.entries(total(lists))) {
      usage[`${which}.${key}`] = value
      if (which === 'requests' && (key === 'cpu' || key === 'memory' || key === 'ephemeral-storage')) usage[key] = value
    }
  }
  return usage
}

function isInScope({ spec }: ResourceQuota, { storageKey }: ResourceInfo, object: KubeObject): boolean {
  const selectors = spec?.scopeSelector?.matchExpressions ?? []
  const scopes = [
    ...(spec?.scopes ?? []).map((scopeName) => ({ scopeName, operator: 'Exists', values: [] as string[] })),
    ...selectors,
  ]
  if (scopes.length === 0) return true
  if (storageKey !== 'pods') return false
  const pod = object as Pod
  return scopes.every(({ scopeName, operator, values = [] }) => {
    switch (scopeName) {
      case 'Terminating':
        return pod.spec?.activeDeadlineSeconds != null
      case 'NotTerminating':
        return pod.spec?.activeDeadlineSeconds == null
      case 'BestEffort':
        return podQOSClass(pod) === 'BestEffort'
      case 'NotBestEffort':
        return podQOSClass(pod) !== 'BestEffort'
      case 'PriorityClass': {
        const name = pod.spec?.priorityClassName ?? ''
        if (operator === 'In') return values.includes(name)
        if (operator === 'NotIn') return !values.includes(name)
        return operator === 'DoesNotExist' ? name === '' : name !== ''
      }
      default:
        return false
    }
  })
}
