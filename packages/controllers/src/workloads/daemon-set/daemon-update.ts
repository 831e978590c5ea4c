// Which old pods of a DaemonSet go, and on which nodes new ones come beside them, while it is updated. Upstream:
// rollingUpdate in pkg/controller/daemon/update.go.

import { type DaemonSet, type Pod, scaledValue } from '@binnacle/api'
import { availableAt } from '../replica-pods.ts'
import { isUpdated } from './daemon-pods.ts'

export interface DaemonState {
  set: DaemonSet
  hash: string
  now: number
  podsByNode: ReadonlyMap<string, readonly Pod[]>
  /** Nodes that should run a pod. */
  desired: ReadonlySet<string>
}

export interface Changes {
  doomed: Pod[]
  /** Nodes on which a pod is to be made. */
  nodes: string[]
}

export function maxSurge({ spec }: DaemonSet, desired: number): number {
  const { type = 'RollingUpdate', rollingUpdate } = spec?.updateStrategy ?? {}
  return type === 'RollingUpdate' ? scaledValue(rollingUpdate?.maxSurge ?? 0, desired, 'up') : 0
}

export function isAvailable(pod: Pod, { spec }: DaemonSet, now: number): boolean {
  const at = availableAt(pod, spec?.minReadySeconds ?? 0)
  return at !== undefined && at <= now
}

export function updateChanges(state: DaemonState): Changes {
  const surge = maxSurge(state.set, state.desired.size)
  return surge === 0 ? replaceInPlace(state) : replaceBeside(state, surge)
}

/** Just so many old pods go that no more than maxUnavailable are missing; those that do not work go in any case. */
function replaceInPlace(state: DaemonState): Changes {
  const { set, now, desired } = state
  const wanted = set.spec?.updateStrategy?.rollingUpdate?.maxUnavailable ?? 1
  const maxUnavailable = scaledValue(wanted, desired.size, 'up') || 1
  const broken: Pod[] = []
  const candidates: Pod[] = []
  let unavailable = 0
  for (const pods of allNodes(state).values()) {
    const { fresh, old } = byRevision(state, pods)
    const [pod] = fresh.length + old.length === 1 ? [...fresh, ...old] : []
    if (pod === undefined) unavailable++
    else if (old.length === 0) unavailable += isAvailable(pod, set, now) ? 0 : 1
    else if (isAvailable(pod, set, now)) candidates.push(pod)
    else {
      broken.push(pod)
      unavailable++
    }
  }
  return { doomed: [...broken, ...candidates.slice(0, Math.max(0, maxUnavailable - unavailable))], nodes: [] }
}

/** New pods come beside at most maxSurge old ones that work; an old one goes when the new one is available. */
function replaceBeside(state: DaemonState, surge: number): Changes {
  const { set, now, desired } = state
  const doomed: Pod[] = []
  const misplaced: Pod[] = []
  const nodes: string[] = []
  const candidates: string[] = []
  let surging = 0
  let available = 0
  for (const [node, pods] of allNodes(state)) {
    const { fresh, old } = byRevision(state, pods)
    if (fresh.length > 1 || old.length > 1) {
      surging++
      continue
    }
    const [freshPod] = fresh
    const [oldPod] = old
    const first = oldPod ?? freshPod
    const works = first !== undefined && isAvailable(first, set, now)
    if (works) available++
    if (oldPod === undefined) continue
    if (freshPod !== undefined) {
      if (isAvailable(freshPod, set, now)) doomed.push(oldPod)
      else surging++
    } else if (!desired.has(node)) (works ? misplaced : doomed).push(oldPod)
    else (works ? candidates : nodes).push(node)
  }
  // Where the nodes have changed, old pods stay until new ones elsewhere do their work.
  doomed.push(...misplaced.slice(0, Math.max(0, available - desired.size)))
  return { doomed, nodes: [...nodes, ...candidates.slice(0, Math.max(0, surge - surging))] }
}

/** With the nodes on which a pod is missing. */
function allNodes({ podsByNode, desired }: DaemonState): Map<string, readonly Pod[]> {
  const all = new Map(podsByNode)
  for (const node of desired) if (!all.has(node)) all.set(node, [])
  return all
}

function byRevision({ set, hash }: DaemonState, pods: readonly Pod[]): { fresh: Pod[]; old: Pod[] } {
  const kept = pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined)
  return {
    fresh: kept.filter((pod) => isUpdated(pod, set, hash)),
    old: kept.filter((pod) => !isUpdated(pod, set, hash)),
  }
}
