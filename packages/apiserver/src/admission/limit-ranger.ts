// LimitRanger: a namespace's LimitRanges fill in requests and limits and bound them. Upstream: plugin/pkg/admission/limitranger.

import {
  type Container,
  type KubeObject,
  type LimitRange,
  type PersistentVolumeClaim,
  type Pod,
  canonicalQuantity,
  compareQuantities,
  forbidden,
  parseQuantity,
  addQuantities,
  formatQuantity,
  milliValue,
} from '@binnacle/api'
import type { AdmissionPlugin, AdmissionRequest } from '../admission.ts'
import type { Reader } from '../strategy.ts'

type ResourceList = Record<string, string | number>
interface Bounds {
  type: string
  max?: ResourceList | undefined
  min?: ResourceList | undefined
  default?: ResourceList | undefined
  defaultRequest?: ResourceList | undefined
  maxLimitRequestRatio?: ResourceList | undefined
}

const annotation = 'kubernetes.io/limit-ranger'

export const limitRanger: AdmissionPlugin = {
  name: 'LimitRanger',

  admit(request, reader) {
    if (!isConcerned(request) || request.resource.storageKey !== 'pods') return
    const pod = request.object as Pod
    const filled = rangesOf(request, reader).flatMap((bounds) => (bounds.type === 'Container' ? fill(pod, bounds) : []))
    if (filled.length === 0) return
    const text = `LimitRanger plugin set: ${filled.join('; ')}`
    pod.metadata.annotations = { ...pod.metadata.annotations, [annotation]: text }
  },

  validate(request, reader) {
    if (!isConcerned(request)) return
    const problems = rangesOf(request, reader).flatMap((bounds) =>
      check(request.object as KubeObject, bounds, request.resource.storageKey),
    )
    if (problems.length === 0) return
    const why = problems.length === 1 ? (problems[0] ?? '') : `[${problems.join(', ')}]`
    throw forbidden(request.resource, request.name || (request.object?.metadata.name ?? ''), why)
  },
}

function isConcerned({ operation, resource, subresource, object }: AdmissionRequest): boolean {
  if (subresource || object === undefined || object.metadata.deletionTimestamp !== undefined) return false
  if (resource.storageKey === 'pods') return operation === 'CREATE'
  return resource.storageKey === 'persistentvolumeclaims' && (operation === 'CREATE' || operation === 'UPDATE')
}

function rangesOf({ namespace }: AdmissionRequest, reader: Reader): Bounds[] {
  return reader.list<LimitRange>('limitranges', namespace).flatMap(({ spec }) => spec?.limits ?? [])
}

function fill(pod: Pod, bounds: Bounds): string[] {
  const notes: string[] = []
  const fillOne = (container: Container, prefix: string): void => {
    const resources = (container.resources ??= {})
    const requests = { ...resources.requests }
    const limits = { ...resources.limits }
    const add = (target: ResourceList, defaults: ResourceList | undefined): string[] => {
      const names = Object.keys(defaults ?? {}).filter((name) => target[name] === undefined)
      for (const name of names) target[name] = (defaults ?? {})[name] ?? 0
      return names.sort()
    }
    const setLimits = add(limits, bounds.default)
    const setRequests = add(requests, bounds.defaultRequest)
    if (setRequests.length > 0) notes.push(`${setRequests.join(', ')} request for ${prefix} ${container.name}`)
    if (setLimits.length > 0) notes.push(`${setLimits.join(', ')} limit for ${prefix} ${container.name}`)
    if (Object.keys(requests).length > 0) resources.requests = requests as never
    if (Object.keys(limits).length > 0) resources.limits = limits as never
  }
  for (const container of pod.spec?.containers ?? []) fillOne(container, 'container')
  for (const container of pod.spec?.initContainers ?? []) fillOne(container, 'init container')
  return notes
}

function check(object: KubeObject, bounds: Bounds, storageKey: string): string[] {
  if (storageKey === 'persistentvolumeclaims') {
    const claim = object as PersistentVolumeClaim
    return bounds.type === 'PersistentVolumeClaim' ? checkOne(bounds, claim.spec?.resources?.requests ?? {}, {}) : []
  }
  const { spec } = object as Pod
  const containers = [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])]
  if (bounds.type === 'Container')
    return containers.flatMap(({ resources }) => checkOne(bounds, resources?.requests ?? {}, resources?.limits ?? {}))
  if (bounds.type !== 'Pod') return []
  const total = (which: 'requests' | 'limits'): ResourceList =>
    sum((spec?.containers ?? []).map(({ resources }) => resources?.[which] ?? {}))
  return checkOne(bounds, total('requests'), total('limits'))
}

function sum(lists: readonly ResourceList[]): ResourceList {
  const total: ResourceList = {}
  for (const list of lists) {
    for (const [name, value] of Object.entries(list)) {
      const before = total[name]
      total[name] =
        before === undefined ? value : formatQuantity(addQuantities(parseQuantity(before), parseQuantity(value)))
    }
  }
  return total
}

function checkOne(
  { type, min, max, maxLimitRequestRatio }: Bounds,
  requests: ResourceList,
  limits: ResourceList,
): string[] {
  const problems: string[] = []
  const isLess = (a: string | number, b: string | number): boolean =>
    compareQuantities(parseQuantity(a), parseQuantity(b)) < 0
  for (const [name, enforced] of Object.entries(min ?? {})) {
    const head = `minimum ${name} usage per ${type} is ${canonicalQuantity(enforced)}`
    const request = requests[name]
    const limit = limits[name]
    if (request === undefined) problems.push(`${head}.  No request is specified`)
    else if (isLess(request, enforced)) problems.push(`${head}, but request is ${canonicalQuantity(request)}`)
    else if (limit !== undefined && isLess(limit, enforced))
      problems.push(`${head}, but limit is ${canonicalQuantity(limit)}`)
  }
  for (const [name, enforced] of Object.entries(max ?? {})) {
    const head = `maximum ${name} usage per ${type} is ${canonicalQuantity(enforced)}`
    const request = requests[name]
    const limit = limits[name]
    if (type === 'PersistentVolumeClaim') {
      if (request === undefined) problems.push(`${head}.  No request is specified`)
      else if (isLess(enforced, request)) problems.push(`${head}, but request is ${canonicalQuantity(request)}`)
    } else if (limit === undefined) problems.push(`${head}.  No limit is specified`)
    else if (isLess(enforced, limit)) problems.push(`${head}, but limit is ${canonicalQuantity(limit)}`)
    else if (request !== undefined && isLess(enforced, request))
      problems.push(`${head}, but request is ${canonicalQuantity(request)}`)
  }
  for (const [name, enforced] of Object.entries(maxLimitRequestRatio ?? {})) {
    const head = `${name} max limit to request ratio per ${type} is ${canonicalQuantity(enforced)}`
    const request = milliValue(requests[name] ?? 0)
    const limit = milliValue(limits[name] ?? 0)
    if (request === 0) problems.push(`${head}, but no request is specified or request is 0`)
    else if (limit === 0) problems.push(`${head}, but no limit is specified or limit is 0`)
    else if ((limit / request) * 1000 > milliValue(enforced))
      problems.push(`${head}, but provided ratio is ${(limit / request).toFixed(6)}`)
  }
  return problems
}
