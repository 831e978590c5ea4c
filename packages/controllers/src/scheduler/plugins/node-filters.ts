// Filters that look at the node alone: its name, cordon, taints, labels and host ports.
// Upstream: pkg/scheduler/framework/plugins/{nodename,nodeunschedulable,tainttoleration,nodeaffinity,nodeports}.

import { matchesRequiredNodes } from '../node-affinity.ts'
import { unresolvable, unschedulable } from '../plugin.ts'
import type { FilterPlugin } from '../plugin.ts'
import { tolerates, untoleratedTaint } from '../taints.ts'

const unschedulableTaint = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' } as const

export const nodeUnschedulable: FilterPlugin = {
  name: 'NodeUnschedulable',
  events: ['node'],
  prepare({ pod }) {
    if (pod.spec?.tolerations?.some((toleration) => tolerates(toleration, unschedulableTaint))) return undefined
    return ({ node }) => (node.spec?.unschedulable ? unresolvable('node(s) were unschedulable') : undefined)
  },
}

export const nodeName: FilterPlugin = {
  name: 'NodeName',
  events: ['node'],
  prepare({ pod }) {
    const wanted = pod.spec?.nodeName
    if (!wanted) return undefined
    return ({ name }) => (name === wanted ? undefined : unresolvable("node(s) didn't match the requested node name"))
  },
}

export const taintToleration: FilterPlugin = {
  name: 'TaintToleration',
  events: ['node'],
  prepare({ pod }) {
    const options = { tolerations: pod.spec?.tolerations, effects: ['NoSchedule', 'NoExecute'] }
    return ({ node }) =>
      untoleratedTaint(node.spec?.taints, options) ? unresolvable('node(s) had untolerated taint(s)') : undefined
  },
}

export const nodeAffinity: FilterPlugin = {
  name: 'NodeAffinity',
  events: ['node'],
  prepare({ pod }) {
    const required = pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
    if (!pod.spec?.nodeSelector && !required) return undefined
    return ({ node }) =>
      matchesRequiredNodes(pod, node) ? undefined : unresolvable("node(s) didn't match Pod's node affinity/selector")
  },
}

export const nodePorts: FilterPlugin = {
  name: 'NodePorts',
  events: ['node', 'podRemoved'],
  prepare({ hostPorts }) {
    if (hostPorts.length === 0) return undefined
    return (node) =>
      hostPorts.some((port) => node.portInUse(port))
        ? unschedulable("node(s) didn't have free ports for the requested pod ports")
        : undefined
  },
}
