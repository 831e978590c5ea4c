// Labels of nodes that have newer names, wherever nodes are chosen (pkg/api/node).

import type { NodeSelectorTerm } from '../generated/kinds.ts'
import { isLabelValue } from '../names.ts'

const replaced: ReadonlyMap<string, string> = new Map([
  ['beta.kubernetes.io/arch', 'deprecated since v1.14; use "kubernetes.io/arch" instead'],
  ['beta.kubernetes.io/os', 'deprecated since v1.14; use "kubernetes.io/os" instead'],
  ['failure-domain.beta.kubernetes.io/region', 'deprecated since v1.17; use "topology.kubernetes.io/region" instead'],
  ['failure-domain.beta.kubernetes.io/zone', 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead'],
  ['beta.kubernetes.io/instance-type', 'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead'],
  ['app.kubernetes.io/created-by', 'deprecated since v1.9'],
  ['scheduler.alpha.kubernetes.io/preferAvoidPods', 'deprecated since v1.22; use Taints and Tolerations instead'],
  ['node-role.kubernetes.io/master', 'use "node-role.kubernetes.io/control-plane" instead'],
])

/** What is said of the label; undefined for one that is still in use. */
export function deprecatedNodeLabel(label: string): string | undefined {
  return replaced.get(label)
}

export function nodeSelectorWarnings(
  warnings: string[],
  path: string,
  selector: Readonly<Record<string, string>> | null | undefined,
): void {
  for (const label in selector) {
    const message = deprecatedNodeLabel(label)
    if (message !== undefined) warnings.push(`${path}: ${message}`)
  }
}

/** Values are only looked at where validation takes bad ones, in terms that are preferred. */
export function nodeSelectorTermWarnings(
  warnings: string[],
  path: string,
  { term, checksValues }: { term: NodeSelectorTerm | null | undefined; checksValues: boolean },
): void {
  for (const [index, { key, values = [] }] of (term?.matchExpressions ?? []).entries()) {
    const at = `${path}.matchExpressions[${index}]`
    const message = deprecatedNodeLabel(key)
    if (message !== undefined) warnings.push(`${at}.key: ${key} is ${message}`)
    if (!checksValues) continue
    for (const [position, value] of values.entries()) {
      for (const problem of isLabelValue(value)) {
        warnings.push(`${at}.values[${position}]: ${value} is invalid, ${problem}`)
      }
    }
  }
}
