import { describe, expect, it } from 'vitest'
import {
  type CanvasDocument,
  type Command,
  type ConflictView,
  applyLive,
  applySnapshot,
  conflictView,
  conflictsOf,
  createDocument,
  createEditor,
  execute,
  objectOf,
} from '../src/index.ts'

const api = {
  apiVersion: 'binnacle.dev/v1alpha1',
  kind: 'Microservice',
  metadata: { name: 'api', namespace: 'shop', resourceVersion: '1' },
  spec: { image: 'a:1', args: ['--quiet', '--port', '80'], ports: [{ name: 'http', port: 80 }] },
}
const login = {
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'login', namespace: 'shop', resourceVersion: '1' },
  data: { token: 'b25l' },
}
const apiKey = 'Microservice.binnacle.dev/shop/api'
const loginKey = 'Secret/shop/login'

function edited(...commands: Command[]): CanvasDocument {
  const kinds = ['Microservice.binnacle.dev', 'Secret']
  const told = applySnapshot(createDocument({ namespace: 'shop' }), [api, login], kinds)
  return execute(createEditor(told), { type: 'batch', commands }).document
}

function set(key: string, path: string, value: unknown): Command {
  return { type: 'setField', key, path, value }
}

function theirs(document: CanvasDocument, object: typeof api | typeof login): CanvasDocument {
  const metadata = { ...object.metadata, resourceVersion: '2' }
  return applyLive(document, [{ type: 'MODIFIED', object: { ...object, metadata } }])
}

function viewOf(document: CanvasDocument, key: string): ConflictView {
  const [conflict, ...more] = conflictsOf(document, key)
  if (conflict === undefined || more.length > 0) throw new Error('one conflict is expected')
  return conflictView(document, conflict)
}

describe('a conflict', () => {
  it('of a list that is one value has all three of it', () => {
    const mine = edited(set(apiKey, 'spec.args', ['--port', '80']))
    const both = theirs(mine, { ...api, spec: { ...api.spec, args: ['--loud', '--port', '80'] } })
    expect(viewOf(both, apiKey)).toMatchObject({
      type: 'bothChanged',
      base: { value: api.spec.args },
      theirs: { value: ['--loud', '--port', '80'] },
      mine: { value: ['--port', '80'] },
    })
  })

  it('of an item that they removed and I changed is one of the item', () => {
    const both = theirs(edited(set(apiKey, 'spec.ports[http].port', 81)), { ...api, spec: { ...api.spec, ports: [] } })
    const [conflict] = conflictsOf(both, apiKey)
    expect(conflict).toMatchObject({ path: 'spec.ports[http]', theirs: undefined, mine: { name: 'http', port: 81 } })
    const taken = execute(createEditor(both), { type: 'takeTheirs', key: apiKey, path: 'spec.ports[http]' }).document
    expect(objectOf(taken, apiKey)).toMatchObject({ spec: { ports: [] } })
    expect(taken.staged.size).toBe(0)
  })

  it('of an object that they deleted shows what I changed of it', () => {
    const mine = edited(set(apiKey, 'spec.image', 'a:2'))
    const gone = applyLive(mine, [{ type: 'DELETED', object: api }])
    expect(viewOf(gone, apiKey)).toMatchObject({
      type: 'theyDeleted',
      theirs: { type: 'deleted' },
      mine: { type: 'changed', lines: [{ path: 'spec.image', before: 'a:1', after: 'a:2' }] },
    })
    const kept = execute(createEditor(gone), { type: 'keepMine', key: apiKey, path: '' }).document
    expect(kept.staged.get(apiKey)?.type).toBe('create')
    const left = execute(createEditor(gone), { type: 'takeTheirs', key: apiKey, path: '' }).document
    expect(objectOf(left, apiKey)).toBeUndefined()
  })

  it('of an object that I delete shows what they changed of it', () => {
    const both = theirs(edited({ type: 'removeResource', key: apiKey }), {
      ...api,
      spec: { ...api.spec, image: 'a:3' },
    })
    expect(viewOf(both, apiKey)).toMatchObject({
      type: 'iDelete',
      mine: { type: 'deleted' },
      theirs: { type: 'changed', lines: [{ path: 'spec.image', after: 'a:3' }] },
    })
  })

  it('of a Secret shows no value', () => {
    const both = theirs(edited(set(loginKey, 'data.token', 'bWluZQ==')), { ...login, data: { token: 'dGhlaXJz' } })
    expect(JSON.stringify(viewOf(both, loginKey))).not.toMatch(/b25l|bWluZQ|dGhlaXJz/)
  })
})
