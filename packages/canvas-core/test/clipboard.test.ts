import { describe, expect, it } from 'vitest'
import { copyText, duplicateCommand, pasteCommand } from '../src/clipboard.ts'
import { apply } from '../src/commands.ts'
import { objectOf } from '../src/document.ts'
import { freeName } from '../src/free-name.ts'
import { dataSource, documentOf, dsKey, microservice, msKey, plain } from './support.ts'

const shop = () =>
  documentOf(
    microservice('web', { image: 'a:1', ports: [{ name: 'http', port: 80 }], uses: [{ name: 'api' }] }),
    microservice('api', { image: 'a:1', ports: [{ name: 'http', port: 80 }], bindings: [{ name: 'cache' }] }),
    dataSource('cache'),
  )

describe('the clipboard', () => {
  it('pastes with new names, wires between the copies, and none to what was not copied', () => {
    const document = apply(shop(), { type: 'move', positions: new Map([[msKey('web'), { x: 10, y: 20 }]]) }).document
    const text = copyText(document, [msKey('web'), msKey('api')])
    expect(text).not.toContain('resourceVersion')
    const { command, keys } = pasteCommand(document, text, { position: { x: 100, y: 100 } })
    expect(keys).toEqual([msKey('web-2'), msKey('api-2')])
    if (command === undefined) throw new Error('nothing to paste')
    const pasted = apply(document, command).document
    expect(objectOf(pasted, msKey('web-2'))).toMatchObject({ spec: { uses: [{ name: 'api-2', prefix: 'API' }] } })
    expect(objectOf(pasted, msKey('api-2'))?.['spec']).not.toHaveProperty('bindings')
    expect(pasted.layout.places.get(msKey('web-2'))).toEqual({ position: { x: 100, y: 100 } })
    expect(objectOf(pasted, msKey('web'))).toMatchObject({ spec: { uses: [{ name: 'api' }] } })
  })

  it('duplicates with the wires that lead out', () => {
    const { command, keys } = duplicateCommand(shop(), [msKey('api')])
    const { document } = apply(shop(), command)
    expect(keys).toEqual([msKey('api-2')])
    expect(objectOf(document, msKey('api-2'))).toMatchObject({ spec: { bindings: [{ name: 'cache' }] } })
  })

  it('takes any kind, and members of a List, into the namespace', () => {
    const text =
      'apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: other}, data: {k: v}}\n'
    const { command, keys } = pasteCommand(shop(), text)
    expect(keys).toEqual(['ConfigMap/shop/a'])
    if (command === undefined) throw new Error('nothing to paste')
    expect(objectOf(apply(shop(), command).document, 'ConfigMap/shop/a')).toEqual(
      plain('v1', 'ConfigMap', 'a', { data: { k: 'v' } }),
    )
  })

  it('says why a text cannot be pasted', () => {
    expect(pasteCommand(shop(), '{').problem).toContain('not YAML')
    expect(pasteCommand(shop(), 'hello').problem).toContain('no object')
    expect(pasteCommand(shop(), 'kind: A\napiVersion: v1').problem).toBe('a A has no metadata.name')
  })

  it('counts names as numbers', () => {
    const taken = new Set(['api', ...Array.from({ length: 11 }, (_, index) => `api-${index + 2}`)])
    expect(freeName('api', (name) => taken.has(name))).toBe('api-13')
    expect(freeName('api-9', (name) => taken.has(name))).toBe('api-13')
    expect(freeName(dsKey('x'), () => false)).toBe(dsKey('x'))
    const long = 'a'.repeat(63)
    expect(freeName(long, (name) => name === long)).toBe(`${'a'.repeat(61)}-2`)
  })
})
