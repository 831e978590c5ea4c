// One pod, all nodes: which one takes it, or why none does. Pure over the cache.
// Upstream: pkg/scheduler/schedule_one.go (schedulePod) and framework/types.go (FitError).

import type { NodeInfo, PodInfo } from './node-info.ts'
import type { ClusterView, FilterPlugin, NodeFilter, Rejection, ScorePlugin } from './plugin.ts'
import type { SchedulerCache } from './scheduler-cache.ts'

export interface CycleContext {
  cache: SchedulerCache
  view: ClusterView
  filters: readonly FilterPlugin[]
  scorers: readonly ScorePlugin[]
}

export interface Diagnosis {
  nodeCount: number
  /** Refused by a plugin before any node was looked at. */
  forAllNodes?: Rejection
  byNode: ReadonlyMap<string, Rejection>
  /** Names of the plugins that refused the pod somewhere. */
  plugins: ReadonlySet<string>
}

export type CycleResult = { node: string } | { diagnosis: Diagnosis }

interface PreparedFilter {
  name: string
  filter: NodeFilter
}

export type Prepared = { filters: PreparedFilter[] } | { rejection: Rejection; plugin: string }

export function prepareFilters(pod: PodInfo, view: ClusterView, plugins: readonly FilterPlugin[]): Prepared {
  const filters: PreparedFilter[] = []
  for (const plugin of plugins) {
    const prepared = plugin.prepare(pod, view)
    if (typeof prepared === 'function') filters.push({ name: plugin.name, filter: prepared })
    else if (prepared) return { rejection: prepared, plugin: plugin.name }
  }
  return { filters }
}

export function schedulePod(pod: PodInfo, context: CycleContext): CycleResult {
  const { cache, view, filters: plugins } = context
  const nodeCount = cache.nodes.size
  const prepared = prepareFilters(pod, view, plugins)
  if ('rejection' in prepared) {
    const { rejection, plugin } = prepared
    return { diagnosis: { nodeCount, forAllNodes: rejection, byNode: new Map(), plugins: new Set([plugin]) } }
  }
  const feasible: NodeInfo[] = []
  const byNode = new Map<string, Rejection>()
  const refusedBy = new Set<string>()
  for (const node of cache.nodes.values()) {
    const refusal = firstRefusal(node, prepared.filters) ?? refusalBesideNominated(pod, node, context)
    if (!refusal) {
      feasible.push(node)
      continue
    }
    byNode.set(node.name, refusal.rejection)
    refusedBy.add(refusal.plugin)
  }
  const best = bestNode(pod, feasible, context)
  return best ? { node: best.name } : { diagnosis: { nodeCount, byNode, plugins: refusedBy } }
}

interface Refusal {
  rejection: Rejection
  plugin: string
}

function firstRefusal(node: NodeInfo, filters: readonly PreparedFilter[]): Refusal | undefined {
  for (const { name, filter } of filters) {
    const rejection = filter(node)
    if (rejection) return { rejection, plugin: name }
  }
  return undefined
}

/** The room that a preemption made for a pod at least as important is not for this one. */
function refusalBesideNominated(pod: PodInfo, node: NodeInfo, context: CycleContext): Refusal | undefined {
  const nominated = context.cache.nominatedBefore(pod, node.name)
  if (nominated.length === 0) return undefined
  const trial = node.clone()
  for (const info of nominated) trial.add(info)
  return refusalOn(pod, trial, context)
}

/** Whether the pod fits on `node`, which stands for the node of its name in the view: a copy with other pods on it. */
export function refusalOn(pod: PodInfo, node: NodeInfo, context: CycleContext): Refusal | undefined {
  const nodes = new Map(context.view.nodes).set(node.name, node)
  const view: ClusterView = { ...context.view, nodes }
  const prepared = prepareFilters(pod, view, context.filters)
  return 'rejection' in prepared ? prepared : firstRefusal(node, prepared.filters)
}

function bestNode(pod: PodInfo, nodes: readonly NodeInfo[], { scorers, view }: CycleContext): NodeInfo | undefined {
  if (nodes.length <= 1) return nodes[0]
  const totals = nodes.map(() => 0)
  for (const { weight, score } of scorers) {
    const scores = score(pod, nodes, view)
    if (scores) for (const [index, value] of scores.entries()) totals[index] = (totals[index] ?? 0) + value * weight
  }
  const highest = Math.max(...totals)
  const best = nodes.filter((_, index) => totals[index] === highest)
  return best[Math.floor(Math.random() * best.length)]
}

/** `0/3 nodes are available: 1 Insufficient cpu, 2 node(s) were unschedulable. preemption: …` */
export function fitErrorMessage(diagnosis: Diagnosis, preemptionMessage = ''): string {
  let message = `0/${diagnosis.nodeCount} nodes are available:`
  if (diagnosis.forAllNodes) message += ` ${diagnosis.forAllNodes.reasons.join(', ')}.`
  else message += countedReasons(diagnosis.byNode.values())
  return preemptionMessage === '' ? message : `${message} ${preemptionMessage}`
}

/** ` 1 Insufficient cpu, 2 node(s) were unschedulable.`, sorted as text; nothing where there are no reasons. */
export function countedReasons(rejections: Iterable<Rejection>): string {
  const counts = new Map<string, number>()
  for (const { reasons } of rejections) for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1)
  const parts = [...counts].map(([reason, count]) => `${count} ${reason}`).sort()
  return parts.length === 0 ? '' : ` ${parts.join(', ')}.`
}
