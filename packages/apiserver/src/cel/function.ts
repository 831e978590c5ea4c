// What a function of a library is.

import { type Budget, EvaluationError } from './values.ts'

export interface CelFunction {
  /** How many arguments it takes; of a member function the first one is what it is called on. */
  readonly arities: readonly number[]
  readonly run: (values: readonly unknown[], budget: Budget) => unknown
}

export type Handler = (first: unknown, second: unknown, third: unknown, budget: Budget, fourth: unknown) => unknown

export function define(arities: readonly number[], handler: Handler): CelFunction {
  return { arities, run: ([first, second, third, fourth], budget) => handler(first, second, third, budget, fourth) }
}

/** The values are not of the types that the function takes. */
export function noOverload(): EvaluationError {
  return new EvaluationError('no such overload')
}

export function asText(value: unknown): string {
  if (typeof value !== 'string') throw noOverload()
  return value
}

export function asList(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw noOverload()
  return value as readonly unknown[]
}

/** An index or a count, which the host can hold. */
export function asIndex(value: unknown): number {
  if (typeof value !== 'bigint') throw noOverload()
  return Number(BigInt.asIntN(53, value) === value ? value : value < 0n ? -1n : 2n ** 53n - 1n)
}
