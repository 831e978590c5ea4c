// What only a Pod gets, not a template of one (SetDefaults_Pod): requests from limits, host ports, service links.

import type { Container, Pod } from '../generated/kinds.ts'
import { addQuantities, compareQuantities, formatQuantity, parseQuantity } from '../quantity.ts'
import { defaultPodSpec } from './pod-spec.ts'
import type { ResourceList } from './resource-list.ts'

export function defaultPod(pod: Pod): void {
  pod.spec ??= { containers: [] }
  pod.status ??= {}
  const spec = pod.spec
  defaultPodSpec(spec)
  for (const container of spec.containers ?? []) requestsFromLimits(container)
  for (const container of spec.initContainers ?? []) requestsFromLimits(container)
  defaultPodLevelResources(pod)
  spec.enableServiceLinks ??= true
  if (spec.hostNetwork) {
    for (const container of spec.containers ?? []) hostPortsFromPorts(container)
    for (const container of spec.initContainers ?? []) hostPortsFromPorts(container)
  }
}

function requestsFromLimits(container: Container): void {
  const resources = container.resources
  if (!resources?.limits) return
  resources.requests ??= {}
  for (const name in resources.limits) resources.requests[name] ??= resources.limits[name] ?? '0'
}

function hostPortsFromPorts(container: Container): void {
  for (const port of container.ports ?? []) port.hostPort ||= port.containerPort
}

function isPodLevelResource(name: string): boolean {
  return name === 'cpu' || name === 'memory' || name.startsWith('hugepages-')
}

/** defaultHugePagePodLimits and defaultPodRequests; only where pod-level resources are partly given (KEP-2837). */
function defaultPodLevelResources(pod: Pod): void {
  const resources = pod.spec?.resources
  if (!resources) return
  const hasLimits = Object.keys(resources.limits ?? {}).length > 0
  if (!hasLimits && Object.keys(resources.requests ?? {}).length === 0) return
  const containerLimits = aggregate(pod, 'limits')
  for (const name in containerLimits) {
    if (!name.startsWith('hugepages-') || resources.requests?.[name] !== undefined) continue
    resources.limits ??= {}
    resources.limits[name] ??= containerLimits[name] ?? '0'
  }
  const limits = resources.limits ?? {}
  if (Object.keys(limits).length === 0) return
  const requests: ResourceList = resources.requests ?? {}
  const containerRequests = aggregate(pod, 'requests')
  for (const name in containerRequests) {
    if (isPodLevelResource(name) && !name.startsWith('hugepages-')) requests[name] ??= containerRequests[name] ?? '0'
  }
  for (const name in limits) {
    if (isPodLevelResource(name)) requests[name] ??= limits[name] ?? '0'
  }
  if (Object.keys(requests).length > 0) resources.requests = requests
}

/** What the containers need together: all that run at once, or the neediest init container (resourcehelper). */
function aggregate(pod: Pod, which: 'limits' | 'requests'): ResourceList {
  const running: ResourceList = {}
  for (const container of pod.spec?.containers ?? []) add(running, container.resources?.[which])
  const sidecars: ResourceList = {}
  const initial: ResourceList = {}
  for (const container of pod.spec?.initContainers ?? []) {
    const needed: ResourceList = { ...sidecars }
    add(needed, container.resources?.[which])
    if (container.restartPolicy === 'Always') {
      add(sidecars, container.resources?.[which])
      add(running, container.resources?.[which])
    }
    raise(initial, needed)
  }
  raise(running, initial)
  return running
}

function add(total: ResourceList, more: ResourceList | null | undefined): void {
  for (const name in more) {
    const amount = more[name] ?? '0'
    const before = total[name]
    total[name] =
      before === undefined ? amount : formatQuantity(addQuantities(parseQuantity(before), parseQuantity(amount)))
  }
}

function raise(total: ResourceList, floor: ResourceList): void {
  for (const name in floor) {
    const amount = floor[name] ?? '0'
    const before = total[name]
    if (before === undefined || compareQuantities(parseQuantity(before), parseQuantity(amount)) < 0)
      total[name] = amount
  }
}
