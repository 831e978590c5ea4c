import type { KubeObject, OwnerReference } from '@binnacle/api'
import { expect, test } from 'vitest'
import { OwnerGraph } from './owner-graph.ts'
import type { Identity } from './owner-graph.ts'

interface Recorded {
  graph: OwnerGraph
  /** What the graph asked for, in order; taking it clears it. */
  asked: () => string[]
}

function record(): Recorded {
  let asked: string[] = []
  const graph = new OwnerGraph({
    attemptToDelete: ({ identity }) => asked.push(`delete ${identity.name}`),
    attemptToOrphan: ({ identity }) => asked.push(`orphan ${identity.name}`),
    invalidOwner: ({ identity }, owner) => asked.push(`invalid ${identity.name} -> ${owner.name}`),
  })
  return {
    graph,
    asked: () => {
      const taken = asked
      asked = []
      return taken
    },
  }
}

function identity(name: string, namespace = 'default'): Identity {
  return { apiVersion: 'v1', kind: 'Pod', namespace, name, uid: `${name}-uid` }
}

function owner(name: string, blockOwnerDeletion = true): OwnerReference {
  return { apiVersion: 'v1', kind: 'Pod', name, uid: `${name}-uid`, blockOwnerDeletion }
}

function object(name: string, metadata: Partial<KubeObject['metadata']> = {}): KubeObject {
  return { metadata: { name, namespace: 'default', uid: `${name}-uid`, ...metadata } }
}

const deleted = '2026-01-01T00:00:00Z'

test('dependents of a deleted owner are looked at', () => {
  const { graph, asked } = record()
  graph.observe(identity('owner'), object('owner'))
  graph.observe(identity('child'), object('child', { ownerReferences: [owner('owner')] }))
  expect(asked()).toEqual([])
  graph.remove(identity('owner'), { virtual: false })
  expect(asked()).toEqual(['delete child'])
  expect(graph.isAbsent(owner('owner'), 'default')).toBe(true)
})

test('an owner that nobody saw is virtual until a look shows that it is absent', () => {
  const { graph, asked } = record()
  graph.observe(identity('child'), object('child', { ownerReferences: [owner('ghost')] }))
  expect(asked()).toEqual(['delete ghost'])
  graph.remove(identity('ghost'), { virtual: true })
  expect(asked()).toEqual(['delete child'])
})

test('an owner seen after its dependent is the same node', () => {
  const { graph, asked } = record()
  graph.observe(identity('child'), object('child', { ownerReferences: [owner('late')] }))
  graph.observe(identity('late'), object('late'))
  asked()
  expect(graph.get('late-uid')?.virtual).toBe(false)
  expect(graph.get('late-uid')?.dependents.size).toBe(1)
})

test('foreground deletion looks at the dependents, then at the owner each time one is gone', () => {
  const { graph, asked } = record()
  graph.observe(identity('owner'), object('owner'))
  graph.observe(identity('child'), object('child', { ownerReferences: [owner('owner')] }))
  graph.observe(
    identity('owner'),
    object('owner', { deletionTimestamp: deleted, finalizers: ['foregroundDeletion'] }),
    object('owner'),
  )
  expect(asked()).toEqual(['delete child', 'delete owner'])
  const node = graph.get('owner-uid')
  expect(node && graph.blockingDependents(node)).toHaveLength(1)
  graph.remove(identity('child'), { virtual: false })
  expect(asked()).toEqual(['delete owner'])
  expect(node && graph.blockingDependents(node)).toHaveLength(0)
})

test('a dependent that stops blocking lets its owner be looked at', () => {
  const { graph, asked } = record()
  graph.observe(identity('owner'), object('owner'))
  const blocking = object('child', { ownerReferences: [owner('owner')] })
  graph.observe(identity('child'), blocking)
  graph.observe(identity('child'), object('child', { ownerReferences: [owner('owner', false)] }), blocking)
  expect(asked()).toEqual(['delete owner'])
})

test('orphan deletion asks to set the dependents free, once', () => {
  const { graph, asked } = record()
  const marked = object('owner', { deletionTimestamp: deleted, finalizers: ['orphan'] })
  graph.observe(identity('owner'), marked, object('owner'))
  graph.observe(identity('owner'), marked, marked)
  expect(asked()).toEqual(['orphan owner'])
})

test('an owner in another namespace is reported and the dependent looked at', () => {
  const { graph, asked } = record()
  graph.observe(identity('owner', 'other'), object('owner', { namespace: 'other' }))
  graph.observe(identity('child'), object('child', { ownerReferences: [owner('owner')] }))
  expect(asked()).toEqual(['invalid child -> owner', 'delete child'])
})

test('a circle of owners is followed all the way round', () => {
  const { graph, asked } = record()
  graph.observe(identity('a'), object('a', { ownerReferences: [owner('c')] }))
  graph.observe(identity('b'), object('b', { ownerReferences: [owner('a')] }))
  graph.observe(identity('c'), object('c', { ownerReferences: [owner('b')] }))
  asked()
  graph.remove(identity('a'), { virtual: false })
  expect(asked()).toEqual(['delete b'])
  graph.remove(identity('b'), { virtual: false })
  expect(asked()).toEqual(['delete c'])
  graph.remove(identity('c'), { virtual: false })
  expect(asked()).toEqual([])
  expect(graph.size).toBe(0)
})
