import { expect, test } from 'vitest'
import { emptySummary, updateConditions } from './namespace-conditions.ts'

const now = '2026-01-01T00:00:00Z'
const later = '2026-01-01T00:00:09Z'

test('content and finalizers left are named, sorted', () => {
  const summary = emptySummary()
  summary.remaining.set('pods.', 2)
  summary.remaining.set('deployments.apps', 1)
  summary.finalizers.set('example.com/hold', 1)
  const conditions = updateConditions([], { summary, now })
  expect(conditions.map(({ type, status, reason }) => `${type}=${status} ${reason}`)).toEqual([
    'NamespaceDeletionDiscoveryFailure=False ResourcesDiscovered',
    'NamespaceDeletionGroupVersionParsingFailure=False ParsedGroupVersions',
    'NamespaceDeletionContentFailure=False ContentDeleted',
    'NamespaceContentRemaining=True SomeResourcesRemain',
    'NamespaceFinalizersRemaining=True SomeFinalizersRemain',
  ])
  expect(conditions[3]?.message).toBe(
    'Some resources are remaining: deployments.apps has 1 resource instances, pods. has 2 resource instances',
  )
  expect(conditions[4]?.message).toBe(
    'Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances',
  )
})

test('a pass that finds the same changes nothing, and a transition gets a new time', () => {
  const clean = updateConditions([], { summary: emptySummary(), now })
  expect(updateConditions(clean, { summary: emptySummary(), now: later })).toBe(clean)
  const summary = emptySummary()
  summary.remaining.set('pods.', 1)
  const dirty = updateConditions(clean, { summary, now: later })
  expect(dirty.find(({ type }) => type === 'NamespaceContentRemaining')?.lastTransitionTime).toBe(later)
  expect(dirty.find(({ type }) => type === 'NamespaceFinalizersRemaining')?.lastTransitionTime).toBe(now)
})
