// Arithmetic of CEL: 64-bit integers that refuse to overflow, times, and joining of texts and lists.

import { type Budget, Duration, EvaluationError, Timestamp, UInt } from './values.ts'

const noOverload = (): EvaluationError => new EvaluationError('no such overload')

function int(value: bigint): bigint {
  if (BigInt.asIntN(64, value) !== value) throw new EvaluationError('integer overflow')
  return value
}

function uint(value: bigint): UInt {
  if (BigInt.asUintN(64, value) !== value) throw new EvaluationError('unsigned integer overflow')
  return new UInt(value)
}

/** Joining costs what the result is long, so that no expression can make a huge one for little. */
export function add(left: unknown, right: unknown, budget: Budget): unknown {
  if (typeof left === 'string' && typeof right === 'string') {
    budget.spend((left.length + right.length) / 10)
    return left + right
  }
  if (Array.isArray(left) && Array.isArray(right)) {
    budget.spend(left.length + right.length)
    return [...(left as unknown[]), ...(right as unknown[])]
  }
  if (left instanceof Uint8Array && right instanceof Uint8Array) {
    budget.spend((left.length + right.length) / 10)
    return Uint8Array.from([...left, ...right])
  }
  if (left instanceof Timestamp && right instanceof Duration) return new Timestamp(left.nanos + right.nanos)
  if (left instanceof Duration && right instanceof Timestamp) return new Timestamp(left.nanos + right.nanos)
  if (left instanceof Duration && right instanceof Duration) return new Duration(int(left.nanos + right.nanos))
  return arithmetic('+', left, right)
}

type Operator = '+' | '-' | '*' | '/' | '%'

export function arithmetic(operator: Operator, left: unknown, right: unknown): unknown {
  if (typeof left === 'bigint' && typeof right === 'bigint') return int(whole(operator, left, right))
  if (left instanceof UInt && right instanceof UInt) return uint(whole(operator, left.value, right.value))
  if (typeof left === 'number' && typeof right === 'number') return fraction(operator, left, right)
  if (operator === '-') {
    if (left instanceof Timestamp && right instanceof Timestamp) return new Duration(int(left.nanos - right.nanos))
    if (left instanceof Timestamp && right instanceof Duration) return new Timestamp(left.nanos - right.nanos)
    if (left instanceof Duration && right instanceof Duration) return new Duration(int(left.nanos - right.nanos))
  }
  throw noOverload()
}

function whole(operator: Operator, left: bigint, right: bigint): bigint {
  if (right === 0n && (operator === '/' || operator === '%')) {
    throw new EvaluationError(operator === '/' ? 'division by zero' : 'modulus by zero')
  }
  switch (operator) {
    case '+':
      return left + right
    case '-':
      return left - right
    case '*':
      return left * right
    case '/':
      return left / right
    default:
      return left % right
  }
}

function fraction(operator: Operator, left: number, right: number): number {
  switch (operator) {
    case '+':
      return left + right
    case '-':
      return left - right
    case '*':
      return left * right
    case '/':
      return left / right
    default:
      throw noOverload()
  }
}

export function negate(value: unknown): unknown {
  if (typeof value === 'bigint') return int(-value)
  if (typeof value === 'number') return -value
  if (value instanceof Duration) return new Duration(int(-value.nanos))
  throw noOverload()
}
