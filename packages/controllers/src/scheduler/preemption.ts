// Which less important pods would have to go so that a pod fits somewhere. Pure; carrying it out is the scheduler's.
// Upstream: pkg/scheduler/framework/preemption and plugins/defaultpreemption.

import { labelSelectorMatches } from '@binnacle/api'
import type { Pod, PodDisruptionBudget } from '@binnacle/api'
import type { NodeInfo, PodInfo } from './node-info.ts'
import { unresolvable } from './plugin.ts'
import type { Rejection } from './plugin.ts'
import { countedReasons, refusalOn } from './scheduling-cycle.ts'
import type { CycleContext, Diagnosis } from './scheduling-cycle.ts'

export type PreemptionResult =
  | { node: string; victims: PodInfo[] }
  /** Why nothing is preempted; `clearNomination` where a nomination that stands is of no use any more. */
  | { message: string; clearNomination: boolean }

interface Candidate {
  node: string
  /** Most important first. */
  victims: PodInfo[]
  budgetsViolated: number
}

export function findPreemption(
  pod: PodInfo,
  {
    diagnosis,
    context,
    budgets,
  }: { diagnosis: Diagnosis; context: CycleContext; budgets: readonly PodDisruptionBudget[] },
): PreemptionResult {
  const ineligible = whyNotEligible(pod, diagnosis, context)
  if (ineligible) return { message: `preemption: ${ineligible}`, clearNomination: false }
  const refusals = new Map<string, Rejection>()
  const candidates: Candidate[] = []
  for (const node of context.cache.nodes.values()) {
    const rejection = diagnosis.forAllNodes ?? diagnosis.byNode.get(node.name)
    if (!rejection || rejection.unresolvable) {
      refusals.set(node.name, unresolvable('Preemption is not helpful for scheduling'))
      continue
    }
    const outcome = selectVictims(pod, node, { context, budgets })
    if ('reasons' in outcome) refusals.set(node.name, outcome)
    else candidates.push(outcome)
  }
  const best = bestCandidate(candidates)
  if (best) return { node: best.node, victims: best.victims }
  const count = context.cache.nodes.size
  return {
    message: `preemption: 0/${count} nodes are available:${countedReasons(refusals.values())}`,
    clearNomination: true,
  }
}

function whyNotEligible(pod: PodInfo, diagnosis: Diagnosis, context: CycleContext): string | undefined {
  if (pod.pod.spec?.preemptionPolicy === 'Never') return 'not eligible due to preemptionPolicy=Never.'
  const nominated = pod.pod.status?.nominatedNodeName
  const node = nominated ? context.cache.nodes.get(nominated) : undefined
  if (!node || (diagnosis.forAllNodes ?? diagnosis.byNode.get(node.name))?.unresolvable) return undefined
  for (const other of node.pods.values()) {
    if (other.priority < pod.priority && isLeavingForPreemption(other.pod)) {
      return 'not eligible due to a terminating pod on the nominated node.'
    }
  }
  return undefined
}

function isLeavingForPreemption(pod: Pod): boolean {
  if (pod.metadata.deletionTimestamp === undefined) return false
  const condition = pod.status?.conditions?.find(({ type }) => type === 'DisruptionTarget')
  return condition?.status === 'True' && condition.reason === 'PreemptionByScheduler'
}

/** The fewest and least important pods: all lower ones are taken away, then given back in order as long as the pod fits. */
function selectVictims(
  pod: PodInfo,
  node: NodeInfo,
  { context, budgets }: { context: CycleContext; budgets: readonly PodDisruptionBudget[] },
): Candidate | Rejection {
  const potential = [...node.pods.values()].filter((other) => other.priority < pod.priority)
  if (potential.length === 0) return unresolvable('No preemption victims found for incoming pod')
  const trial = node.clone()
  for (const { uid } of potential) trial.remove(uid)
  for (const nominated of context.cache.nominatedBefore(pod, node.name)) trial.add(nominated)
  const refusal = refusalOn(pod, trial, context)
  if (refusal) return refusal.rejection

  potential.sort(moreImportantFirst)
  const violating = violatingPods(potential, budgets)
  const victims: PodInfo[] = []
  let budgetsViolated = 0
  // Pods whose budget would be broken are given back first.
  for (const other of [
    ...potential.filter((one) => violating.has(one)),
    ...potential.filter((one) => !violating.has(one)),
  ]) {
    trial.add(other)
    if (!refusalOn(pod, trial, context)) continue
    trial.remove(other.uid)
    victims.push(other)
    if (violating.has(other)) budgetsViolated++
  }
  if (victims.length === 0) return unresolvable('No preemption victims found for incoming pod')
  return { node: node.name, victims: victims.sort(moreImportantFirst), budgetsViolated }
}

function moreImportantFirst(a: PodInfo, b: PodInfo): number {
  return b.priority - a.priority || compareText(startTime(a), startTime(b))
}

function startTime({ pod }: PodInfo): string {
  return pod.status?.startTime ?? '9999'
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function violatingPods(pods: readonly PodInfo[], budgets: readonly PodDisruptionBudget[]): Set<PodInfo> {
  const allowed = budgets.map((budget) => budget.status?.disruptionsAllowed ?? 0)
  const violating = new Set<PodInfo>()
  for (const info of pods) {
    const { name = '', namespace, labels } = info.pod.metadata
    if (!labels || Object.keys(labels).length === 0) continue
    for (const [index, budget] of budgets.entries()) {
      const selector = budget.spec?.selector
      const isEmpty = !selector?.matchLabels && !selector?.matchExpressions
      if (budget.metadata.namespace !== namespace || selector === undefined || isEmpty) continue
      if (!labelSelectorMatches(selector, labels) || budget.status?.disruptedPods?.[name] !== undefined) continue
      allowed[index] = (allowed[index] ?? 0) - 1
      if ((allowed[index] ?? 0) < 0) violating.add(info)
    }
  }
  return violating
}

/** Fewest broken budgets, then lowest highest victim, lowest sum, fewest victims, latest start of the highest ones. */
function bestCandidate(candidates: readonly Candidate[]): Candidate | undefined {
  const offset = 2 ** 31
  const cost = ({ victims, budgetsViolated }: Candidate): number[] => [
    budgetsViolated,
    victims[0]?.priority ?? 0,
    victims.reduce((sum, { priority }) => sum + priority + offset, 0),
    victims.length,
    -Date.parse(earliestStart(victims)) || 0,
  ]
  return candidates
    .map((candidate) => ({ candidate, cost: cost(candidate) }))
    .reduce<{ candidate: Candidate; cost: number[] } | undefined>(
      (best, one) => (!best || compareCosts(one.cost, best.cost) < 0 ? one : best),
      undefined,
    )?.candidate
}

function earliestStart(victims: readonly PodInfo[]): string {
  const highest = victims[0]?.priority
  return (
    victims
      .filter(({ priority }) => priority === highest)
      .map(startTime)
      .sort()
      .at(0) ?? ''
  )
}

function compareCosts(a: readonly number[], b: readonly number[]): number {
  for (const [index, value] of a.entries()) {
    const difference = value - (b[index] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}
