// Required affinity and anti-affinity between pods, both ways: the incoming pod's own terms, and the anti-affinity of the
// pods that are there. Upstream: pkg/scheduler/framework/plugins/interpodaffinity/filtering.go.

import { labelSelectorMatches } from '@binnacle/api'
import type { Affinity } from '@binnacle/api'
import type { NodeInfo, PodInfo } from '../node-info.ts'
import { unresolvable, unschedulable } from '../plugin.ts'
import type { ClusterView, FilterPlugin } from '../plugin.ts'

export type PodAffinityTerm = NonNullable<
  NonNullable<Affinity['podAffinity']>['requiredDuringSchedulingIgnoredDuringExecution']
>[number]

/** Pods per topology domain, keyed `<key>=<value>`. */
type Domains = Map<string, number>

export const interPodAffinity: FilterPlugin = {
  name: 'InterPodAffinity',
  events: ['node', 'podAdded', 'podRemoved', 'podUpdated'],
  prepare(incoming, view) {
    const affinity = incoming.pod.spec?.affinity
    const near = affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []
    const apart = affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []
    const repelled = repelledDomains(incoming, view)
    if (near.length === 0 && apart.length === 0 && repelled.size === 0) return undefined
    const nearMatchers = near.map((term) => termMatcher(term, incoming, view))
    const nearCounts = countDomains(near, view, (pod) => nearMatchers.every((matches) => matches(pod)))
    const apartCounts = apart.map((term) => countDomains([term], view, termMatcher(term, incoming, view)))
    // The first pod of a group that wants to be near its own kind has nothing to be near to.
    const isFirstOfGroup = nearCounts.size === 0 && nearMatchers.every((matches) => matches(incoming))

    return (node) => {
      const labels = node.node.metadata.labels ?? {}
      if (near.some(({ topologyKey }) => labels[topologyKey] === undefined)) return notNear
      if (!isFirstOfGroup && near.some(({ topologyKey }) => !hasPods(nearCounts, node, topologyKey))) return notNear
      for (const [index, { topologyKey }] of apart.entries()) {
        if (hasPods(apartCounts[index] ?? none, node, topologyKey)) {
          return unschedulable("node(s) didn't match pod anti-affinity rules")
        }
      }
      if (repelled.size > 0 && Object.entries(labels).some(([key, value]) => repelled.has(`${key}=${value}`))) {
        return unschedulable("node(s) didn't satisfy existing pods anti-affinity rules")
      }
      return undefined
    }
  },
}

const notNear = unresolvable("node(s) didn't match pod affinity rules")
const none: Domains = new Map()

function hasPods(domains: Domains, node: NodeInfo, topologyKey: string): boolean {
  const value = node.node.metadata.labels?.[topologyKey]
  return value !== undefined && domains.has(`${topologyKey}=${value}`)
}

function countDomains(
  terms: readonly PodAffinityTerm[],
  view: ClusterView,
  matches: (pod: PodInfo) => boolean,
): Domains {
  const domains: Domains = new Map()
  if (terms.length === 0) return domains
  for (const node of view.nodes.values()) {
    let count = 0
    for (const pod of node.pods.values()) if (matches(pod)) count++
    if (count === 0) continue
    for (const { topologyKey } of terms) {
      const value = node.node.metadata.labels?.[topologyKey]
      if (value === undefined) continue
      const key = `${topologyKey}=${value}`
      domains.set(key, (domains.get(key) ?? 0) + count)
    }
  }
  return domains
}

/** Domains that pods with required anti-affinity keep the incoming pod out of. */
function repelledDomains(incoming: PodInfo, view: ClusterView): ReadonlySet<string> {
  const domains = new Set<string>()
  for (const node of view.nodes.values()) {
    for (const existing of node.podsWithAffinity.values()) {
      if (!existing.hasRequiredAntiAffinity) continue
      const terms = existing.pod.spec?.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []
      for (const term of terms) {
        const value = node.node.metadata.labels?.[term.topologyKey]
        if (value !== undefined && termMatcher(term, existing, view)(incoming)) {
          domains.add(`${term.topologyKey}=${value}`)
        }
      }
    }
  }
  return domains
}

/** Whether a pod is one that a term of `owner` speaks of: selector, (mis)match label keys, namespaces. */
export function termMatcher(term: PodAffinityTerm, owner: PodInfo, view: ClusterView): (pod: PodInfo) => boolean {
  const namespaces = term.namespaces ?? []
  const ownOnly = namespaces.length === 0 && term.namespaceSelector === undefined
  const ownerLabels = owner.pod.metadata.labels ?? {}
  return ({ pod }) => {
    const namespace = pod.metadata.namespace ?? ''
    const inScope = ownOnly
      ? namespace === owner.pod.metadata.namespace
      : namespaces.includes(namespace) ||
        (term.namespaceSelector !== undefined &&
          labelSelectorMatches(term.namespaceSelector, view.namespace(namespace)?.metadata.labels ?? {}))
    if (!inScope || term.labelSelector === undefined) return false
    const labels = pod.metadata.labels ?? {}
    // The API server folds matchLabelKeys into the selector on create; keys that it left are compared here.
    const sameKeys = term.matchLabelKeys?.every(
      (key) => ownerLabels[key] === undefined || labels[key] === ownerLabels[key],
    )
    const otherKeys = term.mismatchLabelKeys?.every(
      (key) => ownerLabels[key] === undefined || (labels[key] !== undefined && labels[key] !== ownerLabels[key]),
    )
    return labelSelectorMatches(term.labelSelector, labels) && sameKeys !== false && otherKeys !== false
  }
}
