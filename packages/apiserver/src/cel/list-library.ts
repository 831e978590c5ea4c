// Lists and sets. Upstream: k8s.io/apiserver pkg/cel/library/lists.go, cel-go ext/{lists,sets}.go.

import { type CelFunction, asIndex, asList, define, noOverload } from './function.ts'
import { add } from './operators.ts'
import { type Budget, Duration, EvaluationError, compare, equals } from './values.ts'

function orderOf(left: unknown, right: unknown, budget: Budget): number {
  budget.spend(1)
  const order = compare(left, right, budget)
  if (order === undefined) throw noOverload()
  return order
}

function extreme(name: string, isBetter: (order: number) => boolean): CelFunction {
  return define([1], (value, _second, _third, budget) => {
    const [first, ...rest] = asList(value)
    if (first === undefined) throw new EvaluationError(`${name} called on empty list`)
    return rest.reduce((best, item) => (isBetter(orderOf(item, best, budget)) ? item : best), first)
  })
}

function sum(value: unknown, _second: unknown, _third: unknown, budget: Budget): unknown {
  const [first, ...rest] = asList(value)
  budget.spend(rest.length)
  if (first instanceof Duration || typeof first === 'number')
    return rest.reduce((total, item) => add(total, item, budget), first)
  return first === undefined ? 0n : rest.reduce((total, item) => add(total, item, budget), first)
}

function includes(list: readonly unknown[], item: unknown, budget: Budget): boolean {
  return list.some((candidate) => equals(candidate, item, budget))
}

function setContains(list: unknown, part: unknown, _third: unknown, budget: Budget): boolean {
  return asList(part).every((item) => includes(asList(list), item, budget))
}

function flatten(list: readonly unknown[], depth: number, budget: Budget): unknown[] {
  budget.spend(list.length)
  return list.flatMap((item) =>
    Array.isArray(item) && depth > 0 ? flatten(item as unknown[], depth - 1, budget) : [item],
  )
}

function distinct(value: unknown, _second: unknown, _third: unknown, budget: Budget): unknown[] {
  const kept: unknown[] = []
  for (const item of asList(value)) if (!includes(kept, item, budget)) kept.push(item)
  return kept
}

function sort(value: unknown, _second: unknown, _third: unknown, budget: Budget): unknown[] {
  return [...asList(value)].sort((left, right) => orderOf(left, right, budget))
}

function slice(value: unknown, from: unknown, to: unknown): unknown[] {
  const list = asList(value)
  const [start, end] = [asIndex(from), asIndex(to)]
  if (start < 0 || end < 0) throw new EvaluationError(`cannot slice(${start}, ${end}), negative indexes not supported`)
  if (start > end)
    throw new EvaluationError(`cannot slice(${start}, ${end}), start index must be less than or equal to end index`)
  if (end > list.length) throw new EvaluationError(`cannot slice(${start}, ${end}), list is length ${list.length}`)
  return list.slice(start, end)
}

export const listGlobals: Readonly<Record<string, CelFunction>> = {
  'sets.contains': define([2], setContains),
  'sets.equivalent': define([2], (a, b, _, budget) => setContains(a, b, _, budget) && setContains(b, a, _, budget)),
  'sets.intersects': define([2], (a, b, _, budget) => asList(b).some((item) => includes(asList(a), item, budget))),
  'lists.range': define([1], (count, _second, _third, budget) => {
    const length = Math.max(0, asIndex(count))
    budget.spend(length)
    return Array.from({ length }, (_, index) => BigInt(index))
  }),
}

export const listMembers: Readonly<Record<string, CelFunction>> = {
  isSorted: define([1], (value, _second, _third, budget) =>
    asList(value).every((item, index, list) => index === 0 || orderOf(list[index - 1], item, budget) <= 0),
  ),
  sum: define([1], sum),
  min: extreme('min', (order) => order < 0),
  max: extreme('max', (order) => order > 0),
  indexOf: define([2], (value, item, _third, budget) =>
    BigInt(asList(value).findIndex((candidate) => equals(candidate, item, budget))),
  ),
  lastIndexOf: define([2], (value, item, _third, budget) =>
    BigInt(asList(value).findLastIndex((candidate) => equals(candidate, item, budget))),
  ),
  slice: define([3], slice),
  flatten: define([1, 2], (value, depth, _third, budget) =>
    flatten(asList(value), depth === undefined ? 1 : asIndex(depth), budget),
  ),
  sort: define([1], sort),
  distinct: define([1], distinct),
  reverse: define([1], (value, _second, _third, budget) => {
    budget.spend(asList(value).length)
    return asList(value).toReversed()
  }),
}
