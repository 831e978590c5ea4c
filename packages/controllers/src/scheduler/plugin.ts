// The seam between the scheduling cycle and its rules. A filter says whether a node can take the pod, a scorer how well.
// Upstream: k8s.io/kube-scheduler/framework (Plugin, Status, NodeScore).

import type { Namespace, PersistentVolume, PersistentVolumeClaim, StorageClass } from '@binnacle/api'
import type { NodeInfo, PodInfo } from './node-info.ts'

export interface Rejection {
  /** Why, each as upstream words it; they are counted over all nodes for the message. */
  reasons: string[]
  /** True where taking pods off the node would not help (UnschedulableAndUnresolvable). */
  unresolvable: boolean
}

export function unschedulable(...reasons: string[]): Rejection {
  return { reasons, unresolvable: false }
}

export function unresolvable(...reasons: string[]): Rejection {
  return { reasons, unresolvable: true }
}

/** What a cycle looks at: all nodes with their pods, and the objects that rules refer to. */
export interface ClusterView {
  nodes: ReadonlyMap<string, NodeInfo>
  namespace(name: string): Namespace | undefined
  claim(namespace: string, name: string): PersistentVolumeClaim | undefined
  volume(name: string): PersistentVolume | undefined
  volumes(): readonly PersistentVolume[]
  storageClass(name: string): StorageClass | undefined
}

export type NodeFilter = (node: NodeInfo) => Rejection | undefined

/** What makes a pod that a plugin refused worth another look. */
export type ClusterEvent = 'node' | 'podAdded' | 'podRemoved' | 'podUpdated' | 'volume'

export interface FilterPlugin {
  /** Upstream's name, such as `NodeResourcesFit`. */
  name: string
  /** A refusal may be over after one of these. */
  events: readonly ClusterEvent[]
  /**
   * Looks at the pod once per cycle: a rejection for all nodes, nothing where the plugin has no say, or the filter to ask
   * for each node. The filter reads node infos at the time of the call, so that preemption can ask again after taking
   * pods away, with `view` as the nodes to count over.
   */
  prepare(pod: PodInfo, view: ClusterView): Rejection | NodeFilter | undefined
}

export interface ScorePlugin {
  name: string
  weight: number
  /** Nothing where the plugin has no preference; else scores of 0 to 100 in the order of `nodes`. */
  score: (pod: PodInfo, nodes: readonly NodeInfo[], view: ClusterView) => number[] | undefined
}

export const maxNodeScore = 100

/** Scales scores so that the highest is 100; `reverse` makes the lowest count the best. Upstream: DefaultNormalizeScore. */
export function normalizeScores(scores: number[], options: { reverse: boolean }): number[] {
  const max = Math.max(0, ...scores)
  if (max === 0) return options.reverse ? scores.map(() => maxNodeScore) : scores
  return scores.map((score) => {
    const scaled = Math.trunc((maxNodeScore * score) / max)
    return options.reverse ? maxNodeScore - scaled : scaled
  })
}
