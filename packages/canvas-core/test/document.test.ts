import { describe, expect, it } from 'vitest'
import { type Command, apply } from '../src/commands.ts'
import { objectDiff } from '../src/diff.ts'
import { type CanvasDocument, applyLive, conflictsOf, objectOf } from '../src/document.ts'
import { changed, documentOf, microservice, msKey, served } from './support.ts'

const api = msKey('api')

function after(document: CanvasDocument, ...commands: Command[]): CanvasDocument {
  return commands.reduce((next, command) => apply(next, command).document, document)
}

const setImage = (value: string): Command => ({ type: 'setField', key: api, path: 'spec.image', value })
const setReplicas = (value: number): Command => ({ type: 'setField', key: api, path: 'spec.replicas', value })

describe('a document', () => {
  it('shows an edit of somebody else to a field that is not staged', () => {
    const staged = after(documentOf(microservice('api')), setReplicas(3))
    const document = changed(staged, microservice('api', { image: 'shop/api:2' }))
    expect(objectOf(document, api)).toMatchObject({ spec: { image: 'shop/api:2', replicas: 3 } })
    expect(conflictsOf(document, api)).toEqual([])
  })

  it('keeps mine and says what is theirs where both changed a field', () => {
    const staged = after(documentOf(microservice('api')), setImage('shop/api:mine'))
    const document = changed(staged, microservice('api', { image: 'shop/api:theirs' }))
    expect(objectOf(document, api)).toMatchObject({ spec: { image: 'shop/api:mine' } })
    expect(conflictsOf(document, api)).toEqual([
      { key: api, path: 'spec.image', base: 'shop/api:1', mine: 'shop/api:mine', theirs: 'shop/api:theirs' },
    ])
    const kept = after(document, { type: 'keepMine', key: api, path: 'spec.image' })
    expect(conflictsOf(kept, api)).toEqual([])
    expect(objectOf(kept, api)).toMatchObject({ spec: { image: 'shop/api:mine' } })
    const taken = after(document, { type: 'takeTheirs', key: api, path: 'spec.image' })
    expect(taken.staged.size).toBe(0)
    expect(objectOf(taken, api)).toMatchObject({ spec: { image: 'shop/api:theirs' } })
  })

  it('has nothing staged once the cluster has what was staged', () => {
    const staged = after(documentOf(microservice('api')), setReplicas(3))
    const document = changed(
      staged,
      microservice('api', { image: 'shop/api:1', replicas: 3, serviceType: 'ClusterIP' }),
    )
    expect(document.staged.size).toBe(0)
  })

  it('takes a default that the server writes for no edit of somebody else', () => {
    const exposed = microservice('api', { image: 'shop/api:1', serviceType: 'LoadBalancer' })
    const staged = after(documentOf(exposed), { type: 'removeField', key: api, path: 'spec.serviceType' })
    const document = changed(staged, microservice('api', { image: 'shop/api:1', serviceType: 'ClusterIP' }))
    expect(document.staged.size).toBe(0)
  })

  it('keeps an edit of an object that somebody deleted as a conflict of the whole object', () => {
    const staged = after(documentOf(microservice('api')), setReplicas(3))
    const document = applyLive(staged, [{ type: 'DELETED', object: served(microservice('api')) }])
    expect(conflictsOf(document, api)).toMatchObject([{ path: '', theirs: undefined }])
    const kept = after(document, { type: 'keepMine', key: api, path: '' })
    expect(kept.staged.get(api)).toMatchObject({ type: 'create' })
    expect(after(document, { type: 'takeTheirs', key: api, path: '' }).staged.size).toBe(0)
  })

  it('follows positions of others, and keeps one that was changed here', () => {
    const at = (position: string) => {
      const object = microservice('api')
      return { ...object, metadata: { ...object.metadata, annotations: { 'binnacle.dev/position': position } } }
    }
    const document = documentOf(at('0,0'))
    expect(changed(document, at('10,20')).layout.places.get(api)).toEqual({ position: { x: 10, y: 20 } })
    const moved = after(document, { type: 'move', positions: new Map([[api, { x: 5, y: 5 }]]) })
    expect(moved.staged.size).toBe(0)
    expect(changed(moved, at('0,0')).layout.places.get(api)).toEqual({ position: { x: 5, y: 5 } })
    expect(changed(changed(moved, at('5,5')), at('7,7')).layout.places.get(api)).toEqual({ position: { x: 7, y: 7 } })
  })

  it('undoes an edit that was deployed meanwhile', () => {
    const { document, inverse } = apply(documentOf(microservice('api')), setReplicas(3))
    const deployed = changed(document, microservice('api', { image: 'shop/api:2', replicas: 3 }))
    expect(deployed.staged.size).toBe(0)
    const undone = apply(deployed, inverse).document
    expect(objectOf(undone, api)?.['spec']).toEqual({ image: 'shop/api:2' })
    expect(undone.staged.get(api)).toMatchObject({ type: 'update' })
  })
})

describe('defaults of the server', () => {
  it('are no difference: an object as it was written is the object as it is kept', () => {
    const written = microservice('api', { image: 'a:1', ports: [{ name: 'http', port: 80 }] })
    const kept = microservice('api', {
      image: 'a:1',
      ports: [{ name: 'http', port: 80, protocol: 'TCP' }],
      serviceType: 'ClusterIP',
      access: 'Any',
      replicas: 2,
    })
    const document = documentOf(kept)
    const staged = after(document, { type: 'replaceResource', key: api, object: written })
    expect(objectDiff(staged, api)?.lines.map(({ path }) => path)).toEqual(['spec.replicas'])
    const object = { ...written, spec: { ...(written['spec'] as object), replicas: 2 } }
    expect(after(document, { type: 'replaceResource', key: api, object }).staged.size).toBe(0)
  })
})
