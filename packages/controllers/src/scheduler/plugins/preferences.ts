// Scores for what a pod would rather have: nodes without soft taints, preferred node affinity, preferred inter-pod terms,
// soft topology spread. Upstream: the Score parts of tainttoleration, nodeaffinity, interpodaffinity, podtopologyspread.

import { matchesNodeSelectorTerm, matchesRequiredNodes } from '../node-affinity.ts'
import type { NodeInfo, PodInfo } from '../node-info.ts'
import { maxNodeScore, normalizeScores } from '../plugin.ts'
import type { ClusterView, ScorePlugin } from '../plugin.ts'
import { tolerates } from '../taints.ts'
import { termMatcher } from './inter-pod-affinity.ts'
import type { PodAffinityTerm } from './inter-pod-affinity.ts'
import { constraintsOf, matchingPods } from './pod-topology-spread.ts'

export const softTaints: ScorePlugin = {
  name: 'TaintToleration',
  weight: 3,
  score({ pod }, nodes) {
    if (!nodes.some(({ node }) => node.spec?.taints?.some((taint) => taint.effect === 'PreferNoSchedule'))) {
      return undefined
    }
    const tolerations = pod.spec?.tolerations?.filter(({ effect }) => !effect || effect === 'PreferNoSchedule') ?? []
    const counts = nodes.map(
      ({ node }) =>
        node.spec?.taints?.filter(
          (taint) =>
            taint.effect === 'PreferNoSchedule' && !tolerations.some((toleration) => tolerates(toleration, taint)),
        ).length ?? 0,
    )
    return normalizeScores(counts, { reverse: true })
  },
}

export const preferredNodes: ScorePlugin = {
  name: 'NodeAffinity',
  weight: 2,
  score({ pod }, nodes) {
    const preferred = pod.spec?.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []
    if (preferred.length === 0) return undefined
    const sums = nodes.map(({ node }) =>
      preferred.reduce(
        (sum, { weight, preference }) => sum + (matchesNodeSelectorTerm(preference, node) ? weight : 0),
        0,
      ),
    )
    return normalizeScores(sums, { reverse: false })
  },
}

/** What pods on the nodes want of, or get from, the incoming pod, summed per topology domain. */
export const preferredPods: ScorePlugin = {
  name: 'InterPodAffinity',
  weight: 2,
  score(incoming, nodes, view) {
    const domains = new Map<string, number>()
    const affinity = incoming.pod.spec?.affinity
    const own = weightedTerms(incoming)
    for (const node of view.nodes.values()) {
      const pods = own.length > 0 ? node.pods : node.podsWithAffinity
      for (const existing of pods.values()) {
        for (const { weight, term } of own) {
          if (termMatcher(term, incoming, view)(existing)) addToDomain(domains, { node, term, weight })
        }
        if (!existing.hasAffinity) continue
        for (const { weight, term } of [...weightedTerms(existing), ...hardTerms(existing)]) {
          if (termMatcher(term, existing, view)(incoming)) addToDomain(domains, { node, term, weight })
        }
      }
    }
    if (domains.size === 0 || (affinity === undefined && domains.size === 0)) return undefined
    const sums = nodes.map((node) => sumOfDomains(domains, node))
    const min = Math.min(...sums)
    const range = Math.max(...sums) - min
    return sums.map((sum) => (range === 0 ? 0 : Math.trunc((maxNodeScore * (sum - min)) / range)))
  },
}

interface WeightedTerm {
  weight: number
  term: PodAffinityTerm
}

function weightedTerms({ pod }: PodInfo): WeightedTerm[] {
  const affinity = pod.spec?.affinity
  const towards = affinity?.podAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []
  const away = affinity?.podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []
  return [
    ...towards.map(({ weight, podAffinityTerm }) => ({ weight, term: podAffinityTerm })),
    ...away.map(({ weight, podAffinityTerm }) => ({ weight: -weight, term: podAffinityTerm })),
  ]
}

/** Hard affinity of a running pod counts 1 for whoever it wants near (hardPodAffinityWeight). */
function hardTerms({ pod }: PodInfo): WeightedTerm[] {
  const required = pod.spec?.affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []
  return required.map((term) => ({ weight: 1, term }))
}

function addToDomain(
  domains: Map<string, number>,
  { node, term, weight }: { node: NodeInfo; term: PodAffinityTerm; weight: number },
): void {
  const value = node.node.metadata.labels?.[term.topologyKey]
  if (value === undefined) return
  const key = `${term.topologyKey}=${value}`
  domains.set(key, (domains.get(key) ?? 0) + weight)
}

function sumOfDomains(domains: ReadonlyMap<string, number>, { node }: NodeInfo): number {
  let sum = 0
  for (const [key, value] of Object.entries(node.metadata.labels ?? {})) sum += domains.get(`${key}=${value}`) ?? 0
  return sum
}

/** Fewer matching pods in the node's domains are better, rarer domains weigh less (ScheduleAnyway constraints). */
export const softSpread: ScorePlugin = {
  name: 'PodTopologySpread',
  weight: 2,
  score(incoming, nodes, view) {
    const constraints = constraintsOf(incoming.pod, 'ScheduleAnyway')
    if (constraints.length === 0) return undefined
    const costs = nodes.map(() => 0)
    for (const constraint of constraints) {
      const counts = domainCounts(incoming, constraint, view)
      const weight = Math.log(counts.size + 2)
      for (const [index, { node }] of nodes.entries()) {
        const value = node.metadata.labels?.[constraint.topologyKey]
        if (value !== undefined) costs[index] = (costs[index] ?? 0) + (counts.get(value) ?? 0) * weight
      }
    }
    const rounded = costs.map((cost) => Math.round(cost))
    const min = Math.min(...rounded)
    const max = Math.max(...rounded)
    return rounded.map((cost) => (max === 0 ? maxNodeScore : Math.trunc((maxNodeScore * (max + min - cost)) / max)))
  },
}

function domainCounts(
  incoming: PodInfo,
  constraint: ReturnType<typeof constraintsOf>[number],
  view: ClusterView,
): Map<string, number> {
  const counts = new Map<string, number>()
  for (const node of view.nodes.values()) {
    const value = node.node.metadata.labels?.[constraint.topologyKey]
    if (value === undefined || !matchesRequiredNodes(incoming.pod, node.node)) continue
    counts.set(value, (counts.get(value) ?? 0) + matchingPods(node, incoming, constraint))
  }
  return counts
}
