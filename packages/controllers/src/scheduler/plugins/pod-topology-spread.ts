// Spread constraints that must hold (DoNotSchedule).
// Upstream: pkg/scheduler/framework/plugins/podtopologyspread/filtering.go.

import { labelSelectorMatches } from '@binnacle/api'
import type { Node, Pod, PodSpec } from '@binnacle/api'
import { matchesRequiredNodes } from '../node-affinity.ts'
import type { NodeInfo, PodInfo } from '../node-info.ts'
import { unresolvable, unschedulable } from '../plugin.ts'
import type { ClusterView, FilterPlugin } from '../plugin.ts'
import { untoleratedTaint } from '../taints.ts'

type Constraint = NonNullable<PodSpec['topologySpreadConstraints']>[number]

export function constraintsOf(pod: Pod, action: string): Constraint[] {
  return (pod.spec?.topologySpreadConstraints ?? []).filter((constraint) => constraint.whenUnsatisfiable === action)
}

export const podTopologySpread: FilterPlugin = {
  name: 'PodTopologySpread',
  events: ['node', 'podAdded', 'podRemoved', 'podUpdated'],
  prepare(incoming, view) {
    const constraints = constraintsOf(incoming.pod, 'DoNotSchedule')
    if (constraints.length === 0) return undefined
    const counted = constraints.map((constraint) => ({
      constraint,
      counts: countDomains(incoming, { constraint, constraints, view }),
      self: selects(constraint, { pod: incoming.pod, incoming: incoming.pod }) ? 1 : 0,
    }))
    return ({ node }) => {
      for (const { constraint, counts, self } of counted) {
        const value = node.metadata.labels?.[constraint.topologyKey]
        if (value === undefined) {
          return unresolvable("node(s) didn't match pod topology spread constraints (missing required label)")
        }
        const fewest = counts.size < (constraint.minDomains ?? 1) ? 0 : Math.min(...counts.values())
        if ((counts.get(value) ?? 0) + self - fewest > constraint.maxSkew) {
          return unschedulable("node(s) didn't match pod topology spread constraints")
        }
      }
      return undefined
    }
  },
}

function countDomains(
  incoming: PodInfo,
  { constraint, constraints, view }: { constraint: Constraint; constraints: readonly Constraint[]; view: ClusterView },
): Map<string, number> {
  const counts = new Map<string, number>()
  for (const info of view.nodes.values()) {
    const labels = info.node.metadata.labels ?? {}
    if (constraints.some(({ topologyKey }) => labels[topologyKey] === undefined)) continue
    if (!includesNode(constraint, incoming.pod, info.node)) continue
    const value = labels[constraint.topologyKey] ?? ''
    counts.set(value, (counts.get(value) ?? 0) + matchingPods(info, incoming, constraint))
  }
  return counts
}

/** nodeAffinityPolicy (Honor unless said) and nodeTaintsPolicy (Ignore unless said). */
function includesNode(constraint: Constraint, pod: Pod, node: Node): boolean {
  if ((constraint.nodeAffinityPolicy ?? 'Honor') === 'Honor' && !matchesRequiredNodes(pod, node)) return false
  if (constraint.nodeTaintsPolicy !== 'Honor') return true
  const options = { tolerations: pod.spec?.tolerations, effects: ['NoSchedule', 'NoExecute'] }
  return untoleratedTaint(node.spec?.taints, options) === undefined
}

export function matchingPods(node: NodeInfo, incoming: PodInfo, constraint: Constraint): number {
  let count = 0
  for (const { pod } of node.pods.values()) {
    if (pod.metadata.namespace !== incoming.pod.metadata.namespace) continue
    if (pod.metadata.deletionTimestamp !== undefined) continue
    if (selects(constraint, { pod, incoming: incoming.pod })) count++
  }
  return count
}

function selects(constraint: Constraint, { pod, incoming }: { pod: Pod; incoming: Pod }): boolean {
  if (constraint.labelSelector === undefined) return false
  const labels = pod.metadata.labels ?? {}
  return (
    labelSelectorMatches(constraint.labelSelector, labels) &&
    (constraint.matchLabelKeys ?? []).every((key) => {
      const wanted = incoming.metadata.labels?.[key]
      return wanted === undefined || labels[key] === wanted
    })
  )
}
