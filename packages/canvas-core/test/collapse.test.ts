import { describe, expect, it } from 'vitest'
import { drawnWires, frameId, mostUrgent, standInsOf } from '../src/collapse.ts'
import { apply } from '../src/commands.ts'
import { type Graph, buildGraph } from '../src/graph.ts'
import { dataSource, documentOf, dsKey, microservice, msKey } from './support.ts'

const http = [{ name: 'http', port: 80 }]

/** web → api → cache and queue, worker → cache; the named ones in a frame. */
function shop(...framed: string[]): Graph {
  const document = documentOf(
    microservice('web', { image: 'w:1', ports: http, uses: [{ name: 'api' }] }),
    microservice('api', { image: 'a:1', ports: http, bindings: [{ name: 'cache' }, { name: 'queue' }] }),
    microservice('worker', { image: 'k:1', bindings: [{ name: 'cache' }] }),
    dataSource('cache'),
    dataSource('queue', { type: 'nats' }),
  )
  const grouped = apply(document, { type: 'setGroup', keys: framed, group: 'data' }).document
  return buildGraph(apply(grouped, { type: 'collapseGroup', name: 'data', isCollapsed: true }).document)
}

function drawn(graph: Graph): string[] {
  const nameOf = (end: string): string => end.slice(end.lastIndexOf('/') + 1)
  return drawnWires(graph.wires, standInsOf(graph.frames)).map(
    ({ from, to, wires }) => `${nameOf(from)} ${nameOf(to)} ${wires.length}`,
  )
}

describe('a collapsed frame', () => {
  it('stands where its nodes are wired to', () => {
    expect(drawn(shop(dsKey('cache'), dsKey('queue')))).toEqual([
      'web api 1',
      `api ${frameId('data')} 2`,
      `worker ${frameId('data')} 1`,
    ])
  })

  it('hides what is between its own nodes', () => {
    expect(drawn(shop(msKey('api'), dsKey('cache')))).toEqual([
      `web ${frameId('data')} 1`,
      `${frameId('data')} queue 1`,
      `worker ${frameId('data')} 1`,
    ])
  })

  it('keeps the id of a wire that is drawn for itself, by which its traffic is known', () => {
    const graph = shop(dsKey('cache'), dsKey('queue'))
    const ids = drawnWires(graph.wires, standInsOf(graph.frames)).map(({ id }) => id)
    const of = (from: string): string | undefined => graph.wires.find((wire) => wire.from === from)?.id
    expect(ids).toEqual([of(msKey('web')), `${msKey('api')}→${frameId('data')}`, of(msKey('worker'))])
  })

  it('changes nothing while it is open', () => {
    const graph = shop()
    const wires = drawnWires(graph.wires, standInsOf(graph.frames))
    expect(wires.map(({ wires: [wire] }) => wire)).toEqual(graph.wires)
  })

  it('is as its most urgent node is', () => {
    const { nodes } = shop()
    const [web, api] = nodes
    if (web === undefined || api === undefined) throw new Error('the graph has no nodes')
    const failed = { ...api, status: { state: 'failed', word: 'Crashing' } as const }
    const ready = { ...web, status: { state: 'ready', word: 'Ready' } as const }
    expect(mostUrgent([ready, failed])).toBe(failed)
    expect(mostUrgent([])).toBeUndefined()
  })
})
