import type { CelVariables } from '@binnacle/api'
import { expect, it } from 'vitest'
import { checkExpression } from '../../src/cel/result-type.ts'

const variables: CelVariables = {
  object: 'dyn',
  request: { fields: { name: 'string', dryRun: 'bool', options: undefined } },
  unknown: undefined,
}

it.each([
  ['1', 'int'],
  ['1 + 2 * 3', 'int'],
  ['"a" + "b"', 'string'],
  ['null', 'null_type'],
  ['object.spec.replicas', 'dyn'],
  ['object.items[0]', 'dyn'],
  ['object.a == 1 && request.dryRun', 'bool'],
  ['request.name', 'string'],
  ['string(object.a)', 'string'],
  ['["a", "b"]', 'list(string)'],
  ['{"a": 1}', 'map(string, int)'],
  ['true ? 1 : 2', 'int'],
  ['Object{}', 'Object'],
  ['[JSONPatch{op: "remove", path: "/a"}]', 'list(JSONPatch)'],
])('%s is certain to be %s', (expression, type) => {
  expect(checkExpression(expression, variables)).toEqual({ type })
})

it.each(['object.?a', 'unknown.b', 'request.options.c', 'object.a + 1', '[1, "a"]', '[]', 'object.map(x, x.y)'])(
  '%s may be anything',
  (expression) => {
    expect(checkExpression(expression, variables)).toEqual({ type: undefined })
  },
)

it('names the field that a struct does not have, also inside of a macro', () => {
  expect(checkExpression('request.nothing', variables).problem).toBe(
    "ERROR: <input>:1:8: undefined field 'nothing'\n | request.nothing\n | .......^",
  )
  expect(checkExpression('object.all(x, x == request.nothing)', variables).problem).toContain('undefined field')
})
