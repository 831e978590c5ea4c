// How far the deletion of a namespace has come, in words. Pure.
// Upstream: pkg/controller/namespace/deletion/status_condition_utils.go.

import type { NamespaceCondition } from '@binnacle/api'

/** What one pass over a namespace's content found. */
export interface ContentSummary {
  discoveryError?: string
  /** Messages of deletes and lists that failed. */
  deleteErrors: string[]
  /** Objects left, by `<resource>.<group>` (upstream leaves the dot after core resources). */
  remaining: Map<string, number>
  /** Objects left that a finalizer holds, by finalizer. */
  finalizers: Map<string, number>
}

export function emptySummary(): ContentSummary {
  return { deleteErrors: [], remaining: new Map(), finalizers: new Map() }
}

interface Outcome {
  failed: boolean
  reason: string
  message: string
}

const conditionTypes = [
  'NamespaceDeletionDiscoveryFailure',
  'NamespaceDeletionGroupVersionParsingFailure',
  'NamespaceDeletionContentFailure',
  'NamespaceContentRemaining',
  'NamespaceFinalizersRemaining',
] as const

type ConditionType = (typeof conditionTypes)[number]

const fine: Readonly<Record<ConditionType, Outcome>> = {
  NamespaceDeletionDiscoveryFailure: ok('ResourcesDiscovered', 'All resources successfully discovered'),
  NamespaceDeletionGroupVersionParsingFailure: ok('ParsedGroupVersions', 'All legacy kube types successfully parsed'),
  NamespaceDeletionContentFailure: ok(
    'ContentDeleted',
    'All content successfully deleted, may be waiting on finalization',
  ),
  NamespaceContentRemaining: ok('ContentRemoved', 'All content successfully removed'),
  NamespaceFinalizersRemaining: ok('ContentHasNoFinalizers', 'All content-preserving finalizers finished'),
}

function ok(reason: string, message: string): Outcome {
  return { failed: false, reason, message }
}

function failed(reason: string, message: string): Outcome {
  return { failed: true, reason, message }
}

function outcomes(summary: ContentSummary): Record<ConditionType, Outcome> {
  const result = { ...fine }
  if (summary.discoveryError !== undefined) {
    result.NamespaceDeletionDiscoveryFailure = failed('DiscoveryFailed', summary.discoveryError)
  }
  if (summary.deleteErrors.length > 0) {
    const messages = [...summary.deleteErrors].sort()
    result.NamespaceDeletionContentFailure = failed(
      'ContentDeletionFailed',
      `Failed to delete all resource types, ${messages.length} remaining: ${messages.join(', ')}`,
    )
  }
  const resources = sentences(summary.remaining, (resource, count) => `${resource} has ${count} resource instances`)
  if (resources !== '') {
    result.NamespaceContentRemaining = failed('SomeResourcesRemain', `Some resources are remaining: ${resources}`)
  }
  const finalizers = sentences(summary.finalizers, (name, count) => `${name} in ${count} resource instances`)
  if (finalizers !== '') {
    result.NamespaceFinalizersRemaining = failed(
      'SomeFinalizersRemain',
      `Some content in the namespace has finalizers remaining: ${finalizers}`,
    )
  }
  return result
}

function sentences(counts: ReadonlyMap<string, number>, say: (name: string, count: number) => string): string {
  return [...counts]
    .flatMap(([name, count]) => (count > 0 ? [say(name, count)] : []))
    .sort()
    .join(', ')
}

/** The conditions after a pass; the very same array where nothing changed. */
export function updateConditions(
  current: readonly NamespaceCondition[],
  { summary, now }: { summary: ContentSummary; now: string },
): readonly NamespaceCondition[] {
  const results = outcomes(summary)
  let next = current
  for (const type of conditionTypes) {
    const { failed: isFailed, reason, message } = results[type]
    const status = isFailed ? 'True' : 'False'
    const old = next.find((condition) => condition.type === type)
    if (old && old.status === status && old.reason === reason && old.message === message) continue
    const lastTransitionTime = old?.status === status ? old.lastTransitionTime : now
    const condition: NamespaceCondition = { type, status, lastTransitionTime, reason, message }
    next = old ? next.map((one) => (one === old ? condition : one)) : [...next, condition]
  }
  return next
}
