// The quality-of-service class of a pod (pkg/apis/core/helper/qos): how evictable its resource requests make it.

import type { ResourceRequirements, Pod } from './generated/kinds.ts'
import { parseQuantity } from './quantity.ts'

export type PodQOSClass = 'Guaranteed' | 'Burstable' | 'BestEffort'

type Amounts = Map<string, bigint>

/** Only these two resources count. */
function add(total: Amounts, list: ResourceRequirements['limits']): number {
  let found = 0
  for (const name of ['cpu', 'memory']) {
    const value = list?.[name]
    if (value == null) continue
    const { nano } = parseQuantity(value)
    if (nano <= 0n) continue
    total.set(name, (total.get(name) ?? 0n) + nano)
    found++
  }
  return found
}

/** Expects canonical quantities, as defaulting leaves them. */
export function podQOSClass(pod: Pick<Pod, 'spec'>): PodQOSClass {
  const requests: Amounts = new Map()
  const limits: Amounts = new Map()
  let guaranteed = true
  const own = pod.spec?.resources
  if (own) {
    add(requests, own.requests)
    const limited = add(limits, own.limits)
    if (limited < 2 && Object.keys(own.limits ?? {}).length > 0) guaranteed = false
  } else {
    for (const list of [pod.spec?.containers, pod.spec?.initContainers]) {
      for (const container of list ?? []) {
        add(requests, container.resources?.requests)
        if (add(limits, container.resources?.limits) < 2) guaranteed = false
      }
    }
  }
  if (requests.size === 0 && limits.size === 0) return 'BestEffort'
  for (const [name, amount] of requests) {
    if (limits.get(name) !== amount) guaranteed = false
  }
  return guaranteed && requests.size === limits.size ? 'Guaranteed' : 'Burstable'
}
