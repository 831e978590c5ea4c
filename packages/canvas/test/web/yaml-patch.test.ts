import { removeField, setField } from '@binnacle/canvas-core'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { patchedYaml, textChange, yamlOf } from '../../src/web/inspector/yaml-patch.ts'

const text = `kind: Microservice # what it is
spec:
  # pinned on purpose
  image: "shop/api:1.0.0"

  ports:
    - name: http # the only one
      port: 80
    - { name: admin, port: 81 }
  uses: []
data:
  80: web
`

/** The text after a field of what it says was set, or removed. */
function after(path: string, value: unknown): string {
  const before: unknown = parse(text)
  const changed = value === undefined ? removeField(before, path, {}) : setField(before, path, value, {})
  const patched = patchedYaml(text, { before, after: changed })
  expect(parse(patched)).toEqual(changed)
  return patched
}

describe('a change brought into a YAML text', () => {
  it('changes nothing but its line: comments, quotes, blank lines and brackets stay', () => {
    expect(after('spec.image', 'shop/api:1.1.0')).toBe(text.replace('1.0.0', '1.1.0'))
    expect(after('spec.ports[1].port', 8081)).toBe(text.replace('81 }', '8081 }'))
  })

  it('adds, removes and changes items and fields where they stand', () => {
    expect(after('spec.ports[0]', undefined)).toBe(text.replace(/ {4}- name: http.*\n.*\n/, ''))
    const ports = [
      { name: 'http', port: 80 },
      { name: 'admin', port: 81 },
      { name: 'x', port: 1 },
    ]
    expect(after('spec.ports', ports)).toContain('port: 81 }\n    - name: x\n')
    expect(after('spec.uses', [{ name: 'cache' }])).toContain('uses:\n    - name: cache\n')
    expect(after('spec.replicas', 2)).toContain('uses: []\n  replicas: 2\n')
    expect(after('spec.image', undefined)).not.toContain('image')
    expect(after('data[80]', 'api')).toContain('80: api')
  })

  it('writes a text that is no YAML anew', () => {
    const value = { kind: 'A' }
    expect(patchedYaml('kind: [', { before: {}, after: value })).toBe(yamlOf(value))
  })

  it('is one piece of the text', () => {
    expect(textChange('replicas: 1\nimage: a\n', 'replicas: 12\nimage: a\n')).toEqual({ from: 11, to: 11, insert: '2' })
    expect(textChange('aa', 'aaa')).toEqual({ from: 2, to: 2, insert: 'a' })
    expect(textChange('a', 'a')).toBeUndefined()
  })
})
