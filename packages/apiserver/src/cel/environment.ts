// CEL on cel-js, with the part of the Kubernetes library that it lacks. Upstream: k8s.io/apiserver pkg/cel/library,
// cel-go ext/strings. Regular expressions of the added functions run in linear time.

import { Environment } from '@marcbachmann/cel-js'
import { RE2JS } from 're2js'

export type Program = (context: Record<string, unknown>) => unknown

type Comparable = bigint | number | string

/** Throws an Error that says what does not parse or type-check. */
export function compile(expression: string): Program {
  return environment.parse(expression)
}

function sum(list: readonly (bigint | number)[]): bigint | number {
  return list.some((item) => typeof item === 'number')
    ? list.reduce<number>((total, item) => total + Number(item), 0)
    : list.reduce<bigint>((total, item) => total + BigInt(item), 0n)
}

function extreme(list: readonly Comparable[], isBetter: (a: Comparable, b: Comparable) => boolean): Comparable {
  const [first, ...rest] = list
  if (first === undefined) throw new Error('min/max called on empty list')
  return rest.reduce((best, item) => (isBetter(item, best) ? item : best), first)
}

function isSorted(list: readonly Comparable[]): boolean {
  return list.every((item, index) => index === 0 || (list[index - 1] as Comparable) <= item)
}

function findAll(text: string, pattern: string, limit: number): string[] {
  const matcher = RE2JS.compile(pattern).matcher(text)
  const found: string[] = []
  for (let left = limit; left !== 0 && matcher.find(); left--) found.push(matcher.group() ?? '')
  return found
}

const functions: readonly (readonly [signature: string, handler: (...values: never[]) => unknown])[] = [
  ['list.isSorted(): bool', isSorted],
  ['list.sum(): dyn', sum],
  ['list.min(): dyn', (list: readonly Comparable[]) => extreme(list, (a, b) => a < b)],
  ['list.max(): dyn', (list: readonly Comparable[]) => extreme(list, (a, b) => a > b)],
  ['list.indexOf(dyn): int', (list: readonly unknown[], item: unknown) => BigInt(list.indexOf(item))],
  ['list.lastIndexOf(dyn): int', (list: readonly unknown[], item: unknown) => BigInt(list.lastIndexOf(item))],
  ['string.find(string): string', (text: string, pattern: string) => findAll(text, pattern, 1)[0] ?? ''],
  ['string.findAll(string): list', (text: string, pattern: string) => findAll(text, pattern, -1)],
  [
    'string.findAll(string, int): list',
    (text: string, pattern: string, limit: bigint) => findAll(text, pattern, Number(limit)),
  ],
  [
    'string.replace(string, string): string',
    (text: string, from: string, to: string) => text.replaceAll(from, () => to),
  ],
  ['string.charAt(int): string', (text: string, index: bigint) => Array.from(text)[Number(index)] ?? ''],
  ['isURL(string): bool', (text: string) => URL.canParse(text) || /^\/\S*$/.test(text)],
]

function createEnvironment(): Environment {
  const created = new Environment({
    unlistedVariablesAreDyn: true,
    homogeneousAggregateLiterals: false,
    enableOptionalTypes: true,
  })
  for (const [signature, handler] of functions)
    created.registerFunction(signature, handler as (...values: unknown[]) => unknown)
  return created
}

const environment = createEnvironment()
