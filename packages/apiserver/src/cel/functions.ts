// The functions that expressions may call, by name. Upstream: cel-go stdlib, ext (strings, lists, sets) and
// k8s.io/apiserver pkg/cel/library.

import { addressText, kubernetesGlobals, kubernetesMembers } from './kubernetes-library.ts'
import { listMembers, listGlobals } from './list-library.ts'
import { stringGlobals, stringMembers, toText } from './string-library.ts'
import { timeGlobals, timeMembers } from './time-library.ts'
import { type Budget, EvaluationError, Optional, TypeValue, UInt, isMap, mapSize, typeName } from './values.ts'
import { type CelFunction, define, noOverload } from './function.ts'

export type { CelFunction } from './function.ts'

function size(value: unknown): bigint {
  if (typeof value === 'string') return BigInt(codePoints(value))
  if (Array.isArray(value) || value instanceof Uint8Array) return BigInt(value.length)
  if (isMap(value)) return BigInt(mapSize(value))
  throw noOverload()
}

function codePoints(text: string): number {
  let count = 0
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    // The second half of a pair is not counted.
    if (unit < 0xdc00 || unit > 0xdfff) count++
  }
  return count
}

function toInt(value: unknown): bigint {
  let made: bigint
  if (typeof value === 'bigint') return value
  if (value instanceof UInt) made = value.value
  else if (typeof value === 'number' && Number.isFinite(value)) made = BigInt(Math.trunc(value))
  else if (typeof value === 'string' && /^[+-]?\d{1,20}$/.test(value)) made = BigInt(value)
  else if (typeof value === 'string') throw new EvaluationError(`type conversion error from 'string' to 'int'`)
  else throw noOverload()
  if (BigInt.asIntN(64, made) !== made) throw new EvaluationError('integer overflow')
  return made
}

function toUint(value: unknown): UInt {
  if (value instanceof UInt) return value
  let made: bigint
  if (typeof value === 'bigint') made = value
  else if (typeof value === 'number' && Number.isFinite(value)) made = BigInt(Math.trunc(value))
  else if (typeof value === 'string' && /^\d{1,20}$/.test(value)) made = BigInt(value)
  else throw noOverload()
  if (BigInt.asUintN(64, made) !== made) throw new EvaluationError('unsigned integer overflow')
  return new UInt(made)
}

function toDouble(value: unknown): number {
  if (typeof value === 'number') return value
  if (typeof value === 'bigint') return Number(value)
  if (value instanceof UInt) return Number(value.value)
  if (typeof value === 'string' && /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(value)) return Number(value)
  throw new EvaluationError(`type conversion error from '${typeName(value)}' to 'double'`)
}

function toBool(value: unknown): boolean {
  if (typeof value === 'boolean') return value
  if (value === 'true' || value === 'True' || value === 'TRUE' || value === 't' || value === '1') return true
  if (value === 'false' || value === 'False' || value === 'FALSE' || value === 'f' || value === '0') return false
  throw new EvaluationError(`type conversion error from '${typeName(value)}' to 'bool'`)
}

function optionalOf(value: unknown): Optional {
  if (value instanceof Optional) return value
  throw noOverload()
}

/** What CEL takes for empty. */
function isZero(value: unknown): boolean {
  if (value === null || value === false || value === '' || value === 0 || value === 0n) return true
  if (value instanceof UInt) return value.value === 0n
  if (Array.isArray(value) || value instanceof Uint8Array) return value.length === 0
  return isMap(value) && mapSize(value) === 0
}

export const globalFunctions: Readonly<Record<string, CelFunction>> = {
  size: define([1], size),
  int: define([1], (value) => timeGlobals.toInt(value) ?? toInt(value)),
  uint: define([1], toUint),
  double: define([1], toDouble),
  bool: define([1], toBool),
  bytes: define([1], (value) => {
    if (value instanceof Uint8Array) return value
    if (typeof value === 'string') return new TextEncoder().encode(value)
    throw noOverload()
  }),
  dyn: define([1], (value) => value),
  type: define([1], (value) => new TypeValue(typeName(value))),
  timestamp: define([1], (value) => timeGlobals.timestamp(value)),
  duration: define([1], (value) => timeGlobals.duration(value)),
  'optional.of': define([1], (value) => new Optional(value)),
  'optional.none': define([0], () => Optional.none),
  'optional.ofNonZeroValue': define([1], (value) => (isZero(value) ? Optional.none : new Optional(value))),
  ...stringGlobals,
  ...listGlobals,
  ...kubernetesGlobals,
  string: define([1], (value) => addressText(value) ?? toText(value)),
}

const ownMembers: Readonly<Record<string, CelFunction>> = {
  size: define([1], size),
  hasValue: define([1], (value) => optionalOf(value).hasValue),
  value: define([1], (value) => {
    const optional = optionalOf(value)
    if (!optional.hasValue) throw new EvaluationError('optional.none() dereference')
    return optional.value
  }),
  or: define([2], (value, other) => (optionalOf(value).hasValue ? value : optionalOf(other))),
  orValue: define([2], (value, other) => (optionalOf(value).hasValue ? optionalOf(value).value : other)),
}

/** Several libraries may name a function alike, for values of their own: the first that takes the values answers. */
function merge(...libraries: readonly Readonly<Record<string, CelFunction>>[]): Readonly<Record<string, CelFunction>> {
  const merged = new Map<string, CelFunction[]>()
  for (const library of libraries) {
    for (const [name, known] of Object.entries(library)) merged.set(name, [...(merged.get(name) ?? []), known])
  }
  return Object.fromEntries([...merged].map(([name, all]) => [name, firstOf(all)]))
}

function firstOf(all: readonly CelFunction[]): CelFunction {
  const [first, ...others] = all
  if (first !== undefined && others.length === 0) return first
  const run = (values: readonly unknown[], budget: Budget): unknown => {
    for (const { arities, run: attempt } of all) {
      if (!arities.includes(values.length)) continue
      try {
        return attempt(values, budget)
      } catch (error) {
        if (!(error instanceof EvaluationError) || error.message !== 'no such overload') throw error
      }
    }
    throw noOverload()
  }
  return { arities: [...new Set(all.flatMap(({ arities }) => arities))], run }
}

export const memberFunctions: Readonly<Record<string, CelFunction>> = merge(
  ownMembers,
  stringMembers,
  listMembers,
  timeMembers,
  kubernetesMembers,
)
