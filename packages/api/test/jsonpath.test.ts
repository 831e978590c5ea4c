import { describe, expect, it } from 'vitest'
import { customPrinter } from '../src/columns/index.ts'
import { compileJsonPath } from '../src/jsonpath.ts'

const object = {
  metadata: { name: 'a', annotations: { 'x.io/y': 'z' }, creationTimestamp: '2026-01-01T00:00:00Z' },
  spec: {
    list: [1, 2, 3, 4],
    items: [
      { name: 'p', port: 80 },
      { name: 'q', port: 443 },
    ],
  },
  status: {
    conditions: [
      { type: 'Ready', status: 'True' },
      { type: 'Synced', status: 'False' },
    ],
  },
}

describe('JSONPath', () => {
  it.each([
    ['.metadata.name', ['a']],
    ['{.metadata.name}', ['a']],
    ['$.metadata.name', ['a']],
    ['.metadata.annotations.x\\.io/y', ['z']],
    [".metadata.annotations['x.io/y']", ['z']],
    ['.spec.list[0]', [1]],
    ['.spec.list[-1]', [4]],
    ['.spec.list[1:3]', [2, 3]],
    ['.spec.list[:]', [1, 2, 3, 4]],
    ['.spec.list[0,2]', [1, 3]],
    ['.spec.items[*].name', ['p', 'q']],
    ['.spec.items.*.port', [80, 443]],
    ['.status.conditions[?(@.type=="Ready")].status', ['True']],
    ['..items[?(@.port > 100)].name', ['q']],
    ['.spec.items[?(@.port)].name', ['p', 'q']],
    ['..status', [object.status, 'True', 'False']],
    ['.missing.field', []],
    ['.spec.list[9]', []],
    ['.spec.toString', []],
  ] as [string, unknown[]][])('%s', (path, found) => {
    expect(compileJsonPath(path)(object)).toEqual(found)
  })

  it.each(['.spec.list[', '.spec.list[x]', '.a[?(@.b==nope)]'])('refuses %s', (path) => {
    expect(() => compileJsonPath(path)).toThrow(SyntaxError)
  })
})

describe('printer columns of custom kinds', () => {
  const now = Date.parse('2026-01-01T00:05:00Z')

  it('shows name and age where none are declared', () => {
    const { columns, cells } = customPrinter([])
    expect(columns.map(({ name }) => name)).toEqual(['Name', 'Age'])
    expect(cells(object, now)).toEqual(['a', '5m'])
  })

  it('shows only values of the declared type', () => {
    const { cells } = customPrinter([
      { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
      { name: 'Count', type: 'integer', jsonPath: '.spec.list[1]' },
      { name: 'Wrong', type: 'integer', jsonPath: '.metadata.name' },
      { name: 'None', type: 'string', jsonPath: '.spec.none' },
      { name: 'Born', type: 'date', jsonPath: '.metadata.name' },
    ])
    expect(cells(object, now)).toEqual(['a', 'True', 2, null, null, '<invalid>'])
  })
})
