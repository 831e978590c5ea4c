// Which nodes a DaemonSet's pods are for, and what a pod for a node looks like. Upstream:
// pkg/controller/daemon/daemon_controller.go and util/daemonset_util.go.

import type { DaemonSet, Node, NodeSelectorTerm, Pod, PodSpec, PodTemplateSpec, Toleration } from '@binnacle/api'
import { matchesRequiredNodes } from '../../scheduler/node-affinity.ts'
import { untoleratedTaint } from '../../scheduler/taints.ts'
import { revisionHashLabel } from '../controller-revisions.ts'

const generationAnnotation = 'deprecated.daemonset.template.generation'
const generationLabel = 'pod-template-generation'

/** Daemons stay where other pods are sent away. */
function daemonTolerations({ hostNetwork }: PodSpec): Toleration[] {
  const tolerate = (key: string, effect: string): Toleration => ({
    key: `node.kubernetes.io/${key}`,
    operator: 'Exists',
    effect,
  })
  return [
    tolerate('not-ready', 'NoExecute'),
    tolerate('unreachable', 'NoExecute'),
    tolerate('disk-pressure', 'NoSchedule'),
    tolerate('memory-pressure', 'NoSchedule'),
    tolerate('pid-pressure', 'NoSchedule'),
    tolerate('unschedulable', 'NoSchedule'),
    ...(hostNetwork === true ? [tolerate('network-unavailable', 'NoSchedule')] : []),
  ]
}

function withTolerations(spec: PodSpec): Toleration[] {
  const added = daemonTolerations(spec)
  const isReplaced = (one: Toleration): boolean =>
    added.some(
      ({ key, effect, operator }) =>
        one.key === key &&
        one.effect === effect &&
        one.operator === operator &&
        !one.value &&
        one.tolerationSeconds === undefined,
    )
  return [...(spec.tolerations ?? []).filter((one) => !isReplaced(one)), ...added]
}

export interface NodeVerdict {
  shouldRun: boolean
  /** A pod that is there already may stay. */
  shouldContinue: boolean
}

export function verdictOn(node: Node, { metadata, spec }: DaemonSet): NodeVerdict {
  const podSpec = spec?.template.spec ?? { containers: [] }
  const isAssigned =
    podSpec.nodeName === undefined || podSpec.nodeName === '' || podSpec.nodeName === node.metadata.name
  const pod: Pod = { metadata: { namespace: metadata.namespace }, spec: podSpec }
  if (!isAssigned || !matchesRequiredNodes(pod, node)) return { shouldRun: false, shouldContinue: false }
  const tolerations = withTolerations(podSpec)
  const isRepelled = (effects: readonly string[]): boolean =>
    untoleratedTaint(node.spec?.taints, { tolerations, effects }) !== undefined
  return { shouldRun: !isRepelled(['NoExecute', 'NoSchedule']), shouldContinue: !isRepelled(['NoExecute']) }
}

/** The template of the pod for one node. The scheduler binds it: the node is named in its affinity. */
export function daemonTemplate({ metadata, spec }: DaemonSet, nodeName: string, hash: string): PodTemplateSpec {
  const { metadata: own, spec: podSpec = { containers: [] } } = spec?.template ?? {}
  const generation = metadata.annotations?.[generationAnnotation]
  const { affinity } = podSpec
  const matchFields = [{ key: 'metadata.name', operator: 'In', values: [nodeName] }]
  // In place of the user's terms, which were looked at already.
  const nodeSelectorTerms: NodeSelectorTerm[] = [{ matchFields }]
  return {
    metadata: {
      ...own,
      labels: {
        ...own?.labels,
        ...(generation === undefined ? {} : { [generationLabel]: generation }),
        [revisionHashLabel]: hash,
      },
    },
    spec: {
      ...podSpec,
      tolerations: withTolerations(podSpec),
      affinity: {
        ...affinity,
        nodeAffinity: {
          ...affinity?.nodeAffinity,
          requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms },
        },
      },
    },
  }
}

/** The node that the pod is on, or is for; undefined where its affinity names none. */
export function targetNode({ spec }: Pod): string | undefined {
  if (spec?.nodeName) return spec.nodeName
  const terms = spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? []
  for (const { matchFields = [] } of terms) {
    for (const { key, operator, values = [] } of matchFields) {
      if (key === 'metadata.name' && operator === 'In' && values.length === 1) return values[0]
    }
  }
  return undefined
}

export function isUpdated({ metadata }: Pod, { metadata: set }: DaemonSet, hash: string): boolean {
  const generation = set.annotations?.[generationAnnotation]
  const isSameGeneration = generation !== undefined && metadata.labels?.[generationLabel] === generation
  return isSameGeneration || metadata.labels?.[revisionHashLabel] === hash
}
