import { describe, expect, it } from 'vitest'
import { apply } from '../src/commands.ts'
import { buildGraph, nodeLabel } from '../src/graph.ts'
import { changed, dataSource, documentOf, dsKey, microservice, msKey, namespace, plain } from './support.ts'

const shop = () =>
  documentOf(
    microservice('web', { image: 'shop/web:1', ports: [{ name: 'http', port: 80 }], uses: [{ name: 'api' }] }),
    microservice('api', { image: 'shop/api:1', ports: [{ name: 'http', port: 80 }], bindings: [{ name: 'cache' }] }),
    dataSource('cache'),
  )

describe('a graph', () => {
  it('has a node for each object and a wire for each field that names another', () => {
    const graph = buildGraph(shop())
    expect(graph.nodes.map(({ title, subtitle }) => [title, subtitle])).toEqual([
      ['web', 'shop/web:1'],
      ['api', 'shop/api:1'],
      ['cache', 'Redis'],
    ])
    expect(graph.wires).toMatchObject([
      { kind: 'uses', from: msKey('web'), to: msKey('api'), isDrawn: true },
      { kind: 'bindings', from: msKey('api'), to: dsKey('cache') },
    ])
  })

  it('names images without what only machines compare', () => {
    const digest = `sha256:0123456789abcdef${'0'.repeat(48)}`
    const images = [`shop/web:1@${digest}`, `localhost:5000/web@${digest}`, 'localhost:5000/web', undefined]
    const graph = buildGraph(
      documentOf(...images.map((image, index) => microservice(`s${index}`, image ? { image } : {}))),
    )
    expect(graph.nodes.map(({ subtitle }) => subtitle)).toEqual([
      'shop/web:1',
      'localhost:5000/web@0123456789ab',
      'localhost:5000/web',
      'no image yet',
    ])
  })

  it('keeps what has not changed as the same values', () => {
    const document = shop()
    const before = buildGraph(document)
    const after = buildGraph(
      changed(
        document,
        microservice('api', {
          image: 'shop/api:2',
          ports: [{ name: 'http', port: 80 }],
          bindings: [{ name: 'cache' }],
        }),
      ),
      before,
    )
    expect(after.byKey.get(msKey('web'))).toBe(before.byKey.get(msKey('web')))
    expect(after.byKey.get(msKey('api'))).not.toBe(before.byKey.get(msKey('api')))
    expect(after.wires).toBe(before.wires)
    expect(buildGraph(document, before).nodes).toBe(before.nodes)
  })

  it('folds what belongs to an object into its node', () => {
    const owner = (kind: string, name: string) => ({
      metadata: {
        name,
        namespace,
        ownerReferences: [{ apiVersion: 'v1', kind, name: 'api', uid: `uid-${kind}-api`, controller: true }],
      },
    })
    const pod = { ...plain('v1', 'Pod', 'x'), ...owner('Deployment', 'api-1'), status: { phase: 'Running' } }
    const document = documentOf(
      microservice('api'),
      { ...plain('apps/v1', 'Deployment', 'api'), ...owner('Microservice', 'api') },
      pod,
    )
    const graph = buildGraph(document)
    expect(graph.nodes.map(({ key }) => key)).toEqual([msKey('api')])
    expect(graph.nodes[0]?.children).toEqual([`Deployment.apps/${namespace}/api`, `Pod/${namespace}/api-1`])
    expect(graph.nodeOf.get(`Pod/${namespace}/api-1`)).toBe(msKey('api'))
  })

  it('shows a staged deletion, and the wires that go with it', () => {
    const { document } = apply(shop(), { type: 'removeResource', key: dsKey('cache') })
    const graph = buildGraph(document)
    expect(graph.byKey.get(dsKey('cache'))).toMatchObject({ staged: 'delete' })
    expect(graph.wires.find(({ kind }) => kind === 'bindings')).toMatchObject({ staged: 'removed' })
    expect(graph.byKey.get(msKey('api'))).toMatchObject({ staged: 'update', edits: 1 })
  })

  it('names a node for those who hear it', () => {
    const ready = {
      ...microservice('api', { image: 'shop/api:1', replicas: 2 }),
      status: { replicas: 2, readyReplicas: 2, conditions: [{ type: 'Ready', status: 'True', reason: 'Available' }] },
    }
    const [node] = buildGraph(documentOf(ready)).nodes
    expect(node && nodeLabel(node)).toBe('api, Microservice, ready, 2 of 2 replicas')
  })
})
