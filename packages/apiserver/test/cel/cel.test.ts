import { expect, test } from 'vitest'
import { compile } from '../../src/cel/environment.ts'

const o = { a: 1n, l: [1n] }

const cases: [expression: string, result: unknown][] = [
  ['1 + 2 * 3 == 7', true],
  ['"abc".matches("^a.c$")', true],
  ['[1,2,3].all(x, x > 0) && [1,2].exists(x, x == 2)', true],
  ['has(o.a) && !has(o.b)', true],
  ['o.?b.orValue(5) == 5', true],
  ['{"a":1}.a', 1n],
  ['o.a in [1,2]', true],
  ['"%s-%d-%.2f".format(["x", 3, 1.5])', 'x-3-1.50'],
  ['quantity("1Gi").isGreaterThan(quantity("1Mi"))', true],
  ['ip("192.168.0.1").family() == 4 && cidr("10.0.0.0/8").containsIP("10.1.2.3")', true],
  ['string(ip("2001:db8::0:1"))', '2001:db8::1'],
  ['url("https://example.com:80/p?a=1").getHost()', 'example.com:80'],
  ['semver("1.2.3").isLessThan(semver("1.10.0"))', true],
  ['duration("1h30m") > duration("89m")', true],
  ['timestamp("2024-01-02T03:04:05Z").getFullYear()', 2024n],
  ['false && (1/0 == 1)', false],
  ['(1/0 == 1) || true', true],
  ['[1,2,3].map(x, x*2).sum()', 12n],
  ['{"a":1,"b":2}.all(k, v, v > 0)', true],
  ['type(1) == int', true],
  ['-9223372036854775808', -(2n ** 63n)],
  ['cel.bind(x, 4, x * x)', 16n],
  ['format.dns1123Label().validate("A").hasValue()', true],
  ['Object{spec: Object.spec{replicas: 3}}.spec.replicas', 3n],
  ['o.l[?5].hasValue()', false],
  ['r"a\\d" == "a\\\\d"', true],
  ['"it\'s"', "it's"],
  ['[3,1,2].sort() == [1,2,3]', true],
  ['o.a > 0 ? "y" : "n"', 'y'],
  ['dyn(1) == 1.0', true],
  ['size("héé")', 3n],
  ['!(1 in [])', true],
  ['1 == 1.5', false],
  ['"a" < "b"', true],
  ['[{"n":2},{"n":1}].sortBy(e, e.n)[0].n', 1n],
  ['{"x": 1}.transformMap(k, v, v + 1)["x"]', 2n],
  ['"a,b".split(",").join("-")', 'a-b'],
]

test.each(cases)('%s is %s', (expression, result) => {
  expect(compile(expression, ['o'])({ o })).toEqual(result)
})

test.each([
  ['foo + 1', "undeclared reference to 'foo' (in container '')"],
  ['o.f()', "undeclared reference to 'f' (in container '')"],
  ['1 +', "Syntax error: mismatched input '<EOF>'"],
  ['[1, 2', "Syntax error: mismatched input '<EOF>' expecting ']'"],
])('%s does not compile', (expression, message) => {
  expect(() => compile(expression, ['o'])).toThrow(message)
})

test('an error points at its place', () => {
  expect(() => compile('o.a ==\n  foo', ['o'])).toThrow(
    "ERROR: <input>:2:3: undeclared reference to 'foo' (in container '')\n |   foo\n | ..^",
  )
})

test.each([
  ['o.x', 'no such key: x'],
  ['"a" + 1', 'no such overload'],
  ['9223372036854775807 + 1', 'integer overflow'],
  ['1 / 0', 'division by zero'],
  ['[1][2]', 'index out of bounds: 2'],
])('%s fails', (expression, message) => {
  expect(() => compile(expression, ['o'])({ o })).toThrow(message)
})

test.each([
  ['lists.range(2000).map(a, lists.range(2000)).size() > 0'],
  [
    'lists.range(30).map(x, "abcdefghij").join("").size() > 0 && [0,1,2,3,4,5,6,7,8,9].all(a, [0,1,2,3,4,5,6,7,8,9].all(b, lists.range(10000).size() > a + b))',
  ],
])('%s costs too much', (expression) => {
  expect(() => compile(expression, [])({})).toThrow('actual cost limit exceeded')
})

test('matching takes linear time', () => {
  const text = `${'a'.repeat(5000)}!`
  expect(compile('o.matches("^(a+)+$")', ['o'])({ o: text })).toBe(false)
})
