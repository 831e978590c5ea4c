// Whether the node has room, and how well its resources would be used.
// Upstream: pkg/scheduler/framework/plugins/noderesources (Fit with LeastAllocated, BalancedAllocation).

import type { NodeInfo } from '../node-info.ts'
import { maxNodeScore } from '../plugin.ts'
import type { FilterPlugin, Rejection, ScorePlugin } from '../plugin.ts'

export const nodeResourcesFit: FilterPlugin = {
  name: 'NodeResourcesFit',
  events: ['node', 'podRemoved', 'podUpdated'],
  prepare({ requests }) {
    return (node): Rejection | undefined => {
      const reasons: string[] = []
      let tooBig = false
      const check = (name: string, wanted: number, { capacity, used }: { capacity: number; used: number }): void => {
        if (wanted <= 0 || wanted <= capacity - used) return
        reasons.push(`Insufficient ${name}`)
        tooBig ||= wanted > capacity
      }
      const { allocatable, requested } = node
      if (node.pods.size + 1 > node.allowedPods) reasons.push('Too many pods')
      check('cpu', requests.milliCpu, { capacity: allocatable.milliCpu, used: requested.milliCpu })
      check('memory', requests.memory, { capacity: allocatable.memory, used: requested.memory })
      check('ephemeral-storage', requests.ephemeralStorage, {
        capacity: allocatable.ephemeralStorage,
        used: requested.ephemeralStorage,
      })
      for (const [name, wanted] of requests.others) {
        const used = requested.others.get(name) ?? 0
        check(name, wanted, { capacity: allocatable.others.get(name) ?? 0, used })
      }
      return reasons.length === 0 ? undefined : { reasons, unresolvable: tooBig }
    }
  },
}

export const leastAllocated: ScorePlugin = {
  name: 'NodeResourcesFit',
  weight: 1,
  score: ({ scored }, nodes) =>
    nodes.map((node) => {
      const cpu = freeShare(node.scored.milliCpu + scored.milliCpu, node.allocatable.milliCpu)
      const memory = freeShare(node.scored.memory + scored.memory, node.allocatable.memory)
      const known = [cpu, memory].filter((share) => share !== undefined)
      return known.length === 0 ? 0 : Math.trunc(known.reduce((sum, share) => sum + share, 0) / known.length)
    }),
}

function freeShare(requested: number, capacity: number): number | undefined {
  if (capacity === 0) return undefined
  return requested > capacity ? 0 : Math.trunc(((capacity - requested) * maxNodeScore) / capacity)
}

export const balancedAllocation: ScorePlugin = {
  name: 'NodeResourcesBalancedAllocation',
  weight: 1,
  score({ requests }, nodes) {
    // A pod that requests nothing leaves every node as balanced as it was.
    if (requests.milliCpu === 0 && requests.memory === 0) return undefined
    return nodes.map((node) => {
      const before = balance(node, { cpu: 0, memory: 0 })
      const after = balance(node, { cpu: requests.milliCpu, memory: requests.memory })
      return Math.trunc(maxNodeScore / 2 + (maxNodeScore / 2 + after - before) / 2)
    })
  },
}

/** 100 where CPU and memory are used to the same share, 50 where one is full and the other empty. */
function balance({ requested, allocatable }: NodeInfo, more: { cpu: number; memory: number }): number {
  if (allocatable.milliCpu === 0 || allocatable.memory === 0) return maxNodeScore
  const cpu = Math.min(1, (requested.milliCpu + more.cpu) / allocatable.milliCpu)
  const memory = Math.min(1, (requested.memory + more.memory) / allocatable.memory)
  return Math.trunc((1 - Math.abs(cpu - memory) / 2) * maxNodeScore)
}
