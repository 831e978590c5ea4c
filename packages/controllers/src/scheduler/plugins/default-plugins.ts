// The plugins of the default profile, in the order in which upstream runs them: the first filter that refuses a node is
// the one whose reason counts. Upstream: pkg/scheduler/apis/config/v1/default_plugins.go.
// Not here: DynamicResources, NodeVolumeLimits (CSI), VolumeZone, ImageLocality, GangScheduling.

import type { FilterPlugin, ScorePlugin } from '../plugin.ts'
import { interPodAffinity } from './inter-pod-affinity.ts'
import { nodeAffinity, nodeName, nodePorts, nodeUnschedulable, taintToleration } from './node-filters.ts'
import { balancedAllocation, leastAllocated, nodeResourcesFit } from './node-resources.ts'
import { podTopologySpread } from './pod-topology-spread.ts'
import { preferredNodes, preferredPods, softSpread, softTaints } from './preferences.ts'
import { volumeBinding, volumeRestrictions } from './volume-binding.ts'

export const filterPlugins: readonly FilterPlugin[] = [
  nodeUnschedulable,
  nodeName,
  taintToleration,
  nodeAffinity,
  nodePorts,
  nodeResourcesFit,
  volumeRestrictions,
  volumeBinding,
  podTopologySpread,
  interPodAffinity,
]

export const scorePlugins: readonly ScorePlugin[] = [
  softTaints,
  preferredNodes,
  leastAllocated,
  softSpread,
  preferredPods,
  balancedAllocation,
]
