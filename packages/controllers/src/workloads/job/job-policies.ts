// What a Job's podFailurePolicy says of a failed pod, and whether its successPolicy is met. Upstream:
// pkg/controller/job/pod_failure_policy.go and success_policy.go.

import type {
  ContainerStatus,
  Job,
  Pod,
  PodFailurePolicyOnExitCodesRequirement,
  PodFailurePolicyOnPodConditionsPattern,
} from '@binnacle/api'
import { IndexSet } from './completion-indexes.ts'

export interface FailureVerdict {
  /** Whether the failure counts towards the back-off limits. */
  isCounted: boolean
  action?: string
  /** Why the whole Job fails, where the action is FailJob. */
  failJobMessage?: string
}

/** The first rule that matches decides; without one a failure counts. */
export function failureVerdict({ spec }: Job, pod: Pod): FailureVerdict {
  for (const [index, { action, onExitCodes, onPodConditions }] of (spec?.podFailurePolicy?.rules ?? []).entries()) {
    const cause =
      onExitCodes !== undefined ? exitCodeCause(pod, onExitCodes) : conditionCause(pod, onPodConditions ?? [])
    if (cause === undefined) continue
    if (action === 'Ignore') return { isCounted: false, action }
    if (action === 'FailJob')
      return { isCounted: true, action, failJobMessage: `${cause} matching ${action} rule at index ${index}` }
    return { isCounted: true, action }
  }
  return { isCounted: true }
}

function exitCodeCause(
  { metadata, status }: Pod,
  requirement: PodFailurePolicyOnExitCodesRequirement,
): string | undefined {
  const matches = ({ name, state }: ContainerStatus): boolean => {
    const code = state?.terminated?.exitCode
    if (code === undefined || code === 0) return false
    if (requirement.containerName !== undefined && requirement.containerName !== name) return false
    if (requirement.operator === 'In') return requirement.values.includes(code)
    return requirement.operator === 'NotIn' && !requirement.values.includes(code)
  }
  const found = status?.containerStatuses?.find(matches) ?? status?.initContainerStatuses?.find(matches)
  if (found === undefined) return undefined
  return `Container ${found.name} for pod ${metadata.namespace}/${metadata.name} failed with exit code ${found.state?.terminated?.exitCode}`
}

function conditionCause(
  { metadata, status }: Pod,
  patterns: readonly PodFailurePolicyOnPodConditionsPattern[],
): string | undefined {
  const found = status?.conditions?.find((condition) =>
    patterns.some((pattern) => pattern.type === condition.type && (pattern.status ?? 'True') === condition.status),
  )
  return found === undefined ? undefined : `Pod ${metadata.namespace}/${metadata.name} has condition ${found.type}`
}

/** The message of the first rule that is met. */
export function successPolicyMatch({ spec }: Job, succeeded: IndexSet): string | undefined {
  if (succeeded.size === 0) return undefined
  const index = (spec?.successPolicy?.rules ?? []).findIndex(({ succeededIndexes, succeededCount }) => {
    if (succeededIndexes === undefined) return succeededCount !== undefined && succeeded.size >= succeededCount
    const required = IndexSet.parse(succeededIndexes, spec?.completions ?? 0)
    if (required.size === 0) return false
    const overlap = required.overlap(succeeded)
    return overlap === required.size || (succeededCount !== undefined && overlap >= succeededCount)
  })
  return index < 0 ? undefined : `Matched rules at index ${index}`
}
