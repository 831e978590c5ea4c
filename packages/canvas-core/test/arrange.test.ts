import { describe, expect, it } from 'vitest'
import { align, distribute, freePlace, nearestNode } from '../src/arrange.ts'
import { positionsFromElk, toElkGraph } from '../src/elk-layout.ts'
import { buildGraph } from '../src/graph.ts'
import { searchNodes } from '../src/search.ts'
import { dataSource, documentOf, dsKey, microservice, msKey } from './support.ts'

const places = new Map([
  ['a', { x: 0, y: 0 }],
  ['b', { x: 300, y: 40 }],
  ['c', { x: 310, y: 400 }],
  ['d', { x: 1000, y: 0 }],
])

describe('arranging', () => {
  it('aligns and distributes', () => {
    expect([...align(places, 'top').values()].map(({ y }) => y)).toEqual([0, 0, 0, 0])
    expect([...align(places, 'right').values()].map(({ x }) => x)).toEqual([1000, 1000, 1000, 1000])
    expect([...distribute(places, 'x').values()].map(({ x }) => x)).toEqual([0, 333, 667, 1000])
  })

  it('leads an arrow key to the nearest node ahead', () => {
    expect(nearestNode(places, 'a', 'right')).toBe('b')
    expect(nearestNode(places, 'b', 'down')).toBe('c')
    expect(nearestNode(places, 'd', 'left')).toBe('b')
    expect(nearestNode(places, 'a', 'up')).toBeUndefined()
  })

  it('finds a place that covers no other node', () => {
    const place = freePlace(places.values(), { x: 4, y: 4 })
    for (const { x, y } of places.values())
      expect(Math.abs(x - place.x) >= 232 || Math.abs(y - place.y) >= 96).toBe(true)
  })
})

describe('a layout by ELK', () => {
  it('nests frames, and gives positions of nodes back', () => {
    const grouped = dataSource('cache')
    grouped.metadata.annotations = { 'binnacle.dev/group': 'data' }
    const graph = buildGraph(documentOf(microservice('api', { image: 'a:1', bindings: [{ name: 'cache' }] }), grouped))
    const elk = toElkGraph(graph)
    expect(elk.children?.map(({ id, children }) => [id, children?.map((child) => child.id)])).toEqual([
      [msKey('api'), undefined],
      ['frame:data', [dsKey('cache')]],
    ])
    expect(elk.edges).toMatchObject([{ sources: [msKey('api')], targets: [dsKey('cache')] }])
    const [api, frame] = elk.children ?? []
    const laidOut = {
      id: 'root',
      children: [
        { id: api?.id ?? '', x: 0, y: 0 },
        { id: frame?.id ?? '', x: 300, y: 0, children: [{ id: dsKey('cache'), x: 24, y: 48 }] },
      ],
    }
    expect(positionsFromElk(laidOut, { x: 10, y: 10 })).toEqual(
      new Map([
        [msKey('api'), { x: 10, y: 10 }],
        [dsKey('cache'), { x: 334, y: 58 }],
      ]),
    )
  })
})

describe('search', () => {
  const graph = buildGraph(
    documentOf(microservice('orders-api'), microservice('api'), dataSource('orders-db', { type: 'postgresql' })),
  )
  const found = (query: string): string[] => searchNodes(graph, query).map(({ node }) => node.title)

  it('ranks names before what else is known of a node', () => {
    expect(found('api')).toEqual(['api', 'orders-api'])
    expect(found('postgres')).toEqual(['orders-db'])
    expect(found('orders db')).toEqual(['orders-db'])
    expect(found('ordb')[0]).toBe('orders-db')
    expect(found('part-of=shop')).toEqual(['api', 'orders-api'])
    expect(found('nothing')).toEqual([])
    expect(found('')).toEqual(['api', 'orders-api', 'orders-db'])
  })
})
