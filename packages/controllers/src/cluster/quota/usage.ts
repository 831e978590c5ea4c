// What the objects of a namespace use of a quota. Pure.
// Upstream: pkg/quota/v1/evaluator/core and k8s.io/apiserver/pkg/quota/v1 (CalculateUsage).

import { addQuantities, formatQuantity, parseQuantity } from '@binnacle/api'
import type { PersistentVolumeClaim, Pod, ResourceQuota, Service } from '@binnacle/api'
import { podLimits, podRequests } from '../../scheduler/pod-requests.ts'
import type { Resources } from '../../scheduler/pod-requests.ts'

export type Usage = Record<string, string>
type QuotaSpec = NonNullable<ResourceQuota['spec']>

/** The objects of one namespace that quotas look into; others are only counted. */
export interface NamespaceObjects {
  pods: readonly Pod[]
  services: readonly Service[]
  claims: readonly PersistentVolumeClaim[]
  /** How many objects of `<resource>` or `<resource>.<group>` there are. */
  count(resource: string): number
  now: number
}

/** Core kinds that a quota may name without `count/`. */
const plainCounts = [
  'configmaps',
  'secrets',
  'replicationcontrollers',
  'resourcequotas',
  'services',
  'persistentvolumeclaims',
] as const

/** Usage of everything that the quota limits, zero where nothing uses it. */
export function quotaUsage(spec: QuotaSpec, objects: NamespaceObjects): Usage {
  const podUse = sumPods(spec, objects)
  const usage: Usage = {}
  for (const name of Object.keys(spec.hard ?? {})) usage[name] = usageOf(name, { spec, objects, podUse })
  return usage
}

interface UsageContext {
  spec: QuotaSpec
  objects: NamespaceObjects
  podUse: PodUse
}

function usageOf(name: string, { spec, objects, podUse }: UsageContext): string {
  const [, counted] = /^count\/(.+)$/.exec(name) ?? []
  if (counted === 'pods') return String(podUse.all)
  if (counted !== undefined) return String(objects.count(counted))
  if (name === 'pods') return String(podUse.living)
  // Scopes select pods (or claims); nothing else is charged to a quota with scopes.
  const isScoped = (spec.scopes?.length ?? 0) > 0 || (spec.scopeSelector?.matchExpressions?.length ?? 0) > 0
  if (plainCounts.some((plain) => plain === name)) return isScoped ? '0' : String(objects.count(name))
  if (name === 'services.nodeports' || name === 'services.loadbalancers') {
    return isScoped ? '0' : String(serviceUse(name, objects.services))
  }
  const storage = storageUse(name, objects.claims)
  if (storage !== undefined) return isScoped ? '0' : storage
  return computeUse(name, podUse)
}

interface PodUse {
  all: number
  living: number
  requests: readonly Resources[]
  limits: readonly Resources[]
}

function sumPods(spec: QuotaSpec, { pods, now }: NamespaceObjects): PodUse {
  const matching = pods.filter((pod) => matchesScopes(pod, spec))
  const living = matching.filter((pod) => isCharged(pod, now))
  return {
    all: matching.length,
    living: living.length,
    requests: living.map((pod) => podRequests(pod).requests),
    limits: living.map((pod) => podLimits(pod)),
  }
}

/** Ended pods, and those stuck in termination past their grace, are not charged. */
export function isCharged(pod: Pod, now: number): boolean {
  if (pod.status?.phase === 'Failed' || pod.status?.phase === 'Succeeded') return false
  const { deletionTimestamp, deletionGracePeriodSeconds } = pod.metadata
  if (deletionTimestamp === undefined || deletionGracePeriodSeconds === undefined) return true
  return now <= Date.parse(deletionTimestamp) + deletionGracePeriodSeconds * 1000
}

export function matchesScopes(pod: Pod, spec: QuotaSpec): boolean {
  const plain = spec.scopes?.every((scope) => matchesScope(pod, { scopeName: scope, operator: 'Exists' })) ?? true
  return plain && (spec.scopeSelector?.matchExpressions?.every((expression) => matchesScope(pod, expression)) ?? true)
}

interface ScopeRequirement {
  scopeName: string
  operator: string
  values?: readonly string[] | undefined
}

function matchesScope(pod: Pod, { scopeName, operator, values = [] }: ScopeRequirement): boolean {
  switch (scopeName) {
    case 'Terminating':
      return pod.spec?.activeDeadlineSeconds !== undefined
    case 'NotTerminating':
      return pod.spec?.activeDeadlineSeconds === undefined
    case 'BestEffort':
      return isBestEffort(pod)
    case 'NotBestEffort':
      return !isBestEffort(pod)
    case 'PriorityClass':
      return matchesPriorityClass(pod.spec?.priorityClassName ?? '', operator, values)
    case 'CrossNamespacePodAffinity':
      return usesOtherNamespaces(pod)
    default:
      return false
  }
}

function matchesPriorityClass(name: string, operator: string, values: readonly string[]): boolean {
  if (operator === 'Exists') return name !== ''
  if (operator === 'DoesNotExist') return name === ''
  if (operator === 'In') return name !== '' && values.includes(name)
  return operator === 'NotIn' && !values.includes(name)
}

function isBestEffort(pod: Pod): boolean {
  if (pod.status?.qosClass) return pod.status.qosClass === 'BestEffort'
  return [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])].every(
    ({ resources }) =>
      !['cpu', 'memory'].some(
        (name) => resources?.requests?.[name] !== undefined || resources?.limits?.[name] !== undefined,
      ),
  )
}

function usesOtherNamespaces(pod: Pod): boolean {
  const { podAffinity, podAntiAffinity } = pod.spec?.affinity ?? {}
  const terms = [podAffinity, podAntiAffinity].flatMap((affinity) => [
    ...(affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
    ...(affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(({ podAffinityTerm }) => podAffinityTerm),
  ])
  return terms.some((term) => (term.namespaces?.length ?? 0) > 0 || term.namespaceSelector !== undefined)
}

function computeUse(name: string, { requests, limits }: PodUse): string {
  const [, kind, rest] = /^(requests|limits)\.(.+)$/.exec(name) ?? []
  const resource = rest ?? name
  const list = kind === 'limits' ? limits : requests
  const sum = list.reduce((total, resources) => total + amountOf(resources, resource), 0)
  if (resource === 'cpu') return formatQuantity(parseQuantity(`${sum}m`))
  const isBytes = resource === 'memory' || resource === 'ephemeral-storage' || resource.startsWith('hugepages-')
  return isBytes ? binary(sum) : String(sum)
}

function amountOf(resources: Resources, name: string): number {
  if (name === 'cpu') return resources.milliCpu
  if (name === 'memory') return resources.memory
  return name === 'ephemeral-storage' ? resources.ephemeralStorage : (resources.others.get(name) ?? 0)
}

function binary(bytes: number): string {
  return bytes === 0 ? '0' : formatQuantity({ ...parseQuantity(String(bytes)), format: 'BinarySI' })
}

function serviceUse(name: string, services: readonly Service[]): number {
  let sum = 0
  for (const { spec } of services) {
    const isLoadBalancer = spec?.type === 'LoadBalancer'
    if (name === 'services.loadbalancers') sum += isLoadBalancer ? 1 : 0
    else if (spec?.type === 'NodePort') sum += spec.ports?.length ?? 0
    else if (isLoadBalancer && spec?.allocateLoadBalancerNodePorts !== false) sum += spec?.ports?.length ?? 0
    else if (isLoadBalancer) sum += spec?.ports?.filter(({ nodePort }) => nodePort).length ?? 0
  }
  return sum
}

const classSuffix = '.storageclass.storage.k8s.io/'

/** `requests.storage`, and both that and `persistentvolumeclaims` of one storage class. */
function storageUse(name: string, claims: readonly PersistentVolumeClaim[]): string | undefined {
  const at = name.indexOf(classSuffix)
  const what = at < 0 ? name : name.slice(at + classSuffix.length)
  if (at < 0 && what !== 'requests.storage') return undefined
  const chosen = at < 0 ? claims : claims.filter(({ spec }) => spec?.storageClassName === name.slice(0, at))
  if (what === 'persistentvolumeclaims') return String(chosen.length)
  if (what !== 'requests.storage') return undefined
  const zero = parseQuantity('0')
  const sum = chosen.reduce(
    (total, { spec }) => addQuantities(total, parseQuantity(spec?.resources?.requests?.['storage'] ?? '0')),
    zero,
  )
  return sum.nano === 0n ? '0' : formatQuantity({ ...sum, format: 'BinarySI' })
}
