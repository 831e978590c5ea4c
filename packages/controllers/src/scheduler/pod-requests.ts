// What a pod asks of a node, as integers: milli-CPU, bytes, and counts of other resources.
// Upstream: k8s.io/component-helpers/resource/helpers.go (PodRequests) and pkg/scheduler/framework/types.go (Resource).

import { milliValue, quantityValue } from '@binnacle/api'
import type { Container, Pod } from '@binnacle/api'

export interface Resources {
  milliCpu: number
  memory: number
  ephemeralStorage: number
  /** Extended resources, huge pages, attachable volumes. */
  others: Map<string, number>
}

type ResourceList = Readonly<Record<string, string | number>>

/** What a container without requests counts for in scores, so that such pods spread too. */
const defaultMilliCpu = 100
const defaultMemory = 200 * 1024 * 1024

export function noResources(): Resources {
  return { milliCpu: 0, memory: 0, ephemeralStorage: 0, others: new Map() }
}

export function resourcesOf(list: ResourceList | undefined): Resources {
  const resources = noResources()
  for (const [name, quantity] of Object.entries(list ?? {})) {
    if (name === 'cpu') resources.milliCpu = milliValue(quantity)
    else if (name === 'memory') resources.memory = quantityValue(quantity)
    else if (name === 'ephemeral-storage') resources.ephemeralStorage = quantityValue(quantity)
    else if (name !== 'pods') resources.others.set(name, quantityValue(quantity))
  }
  return resources
}

export function addResources(to: Resources, what: Resources): void {
  to.milliCpu += what.milliCpu
  to.memory += what.memory
  to.ephemeralStorage += what.ephemeralStorage
  for (const [name, value] of what.others) to.others.set(name, (to.others.get(name) ?? 0) + value)
}

export function subtractResources(from: Resources, what: Resources): void {
  from.milliCpu -= what.milliCpu
  from.memory -= what.memory
  from.ephemeralStorage -= what.ephemeralStorage
  for (const [name, value] of what.others) from.others.set(name, (from.others.get(name) ?? 0) - value)
}

function raiseTo(resources: Resources, least: Resources): void {
  resources.milliCpu = Math.max(resources.milliCpu, least.milliCpu)
  resources.memory = Math.max(resources.memory, least.memory)
  resources.ephemeralStorage = Math.max(resources.ephemeralStorage, least.ephemeralStorage)
  for (const [name, value] of least.others) {
    resources.others.set(name, Math.max(resources.others.get(name) ?? 0, value))
  }
}

export interface PodRequests {
  /** What the fit filter counts. */
  requests: Resources
  /** The same with defaults for containers that request nothing, which the scores count. */
  scored: Resources
}

/** Containers of a pod made from the same template have equal requests: parsed once per text. */
const parsed = new Map<string, Resources>()

function requestsOf(container: Container): Resources {
  const list = container.resources?.requests
  if (!list) return none
  const key = JSON.stringify(list)
  let resources = parsed.get(key)
  if (!resources) {
    if (parsed.size >= 4096) parsed.clear()
    resources = resourcesOf(list)
    parsed.set(key, resources)
  }
  return resources
}

const none: Resources = noResources()

function scoredRequestsOf(container: Container): Resources {
  const requests = requestsOf(container)
  const list = container.resources?.requests
  if (list?.['cpu'] !== undefined && list['memory'] !== undefined) return requests
  return {
    ...requests,
    milliCpu: list?.['cpu'] === undefined ? defaultMilliCpu : requests.milliCpu,
    memory: list?.['memory'] === undefined ? defaultMemory : requests.memory,
  }
}

function total(
  pod: Pod,
  { of, podLevel }: { of: (container: Container) => Resources; podLevel: ResourceList | undefined },
): Resources {
  const sum = noResources()
  for (const container of pod.spec?.containers ?? []) addResources(sum, of(container))
  // Init containers run one after another beside the sidecars that started before them.
  const sidecars = noResources()
  const starting = noResources()
  for (const container of pod.spec?.initContainers ?? []) {
    if (container.restartPolicy === 'Always') {
      addResources(sum, of(container))
      addResources(sidecars, of(container))
      raiseTo(starting, sidecars)
    } else {
      const peak = noResources()
      addResources(peak, sidecars)
      addResources(peak, of(container))
      raiseTo(starting, peak)
    }
  }
  raiseTo(sum, starting)
  applyPodLevel(sum, podLevel)
  if (pod.spec?.overhead) addResources(sum, resourcesOf(pod.spec.overhead))
  return sum
}

/** spec.resources (PodLevelResources) stands for the sum of the containers where it names a resource. */
function applyPodLevel(sum: Resources, list: ResourceList | undefined): void {
  if (!list) return
  const level = resourcesOf(list)
  if (list['cpu'] !== undefined) sum.milliCpu = level.milliCpu
  if (list['memory'] !== undefined) sum.memory = level.memory
  for (const [name, value] of level.others) if (name.startsWith('hugepages-')) sum.others.set(name, value)
}

/** The same sum over limits, for quotas. */
export function podLimits(pod: Pod): Resources {
  return total(pod, { of: ({ resources }) => resourcesOf(resources?.limits), podLevel: pod.spec?.resources?.limits })
}

export function podRequests(pod: Pod): PodRequests {
  const podLevel = pod.spec?.resources?.requests
  return { requests: total(pod, { of: requestsOf, podLevel }), scored: total(pod, { of: scoredRequestsOf, podLevel }) }
}
