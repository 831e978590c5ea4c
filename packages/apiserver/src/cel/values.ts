// What CEL expressions work on. Integers are BigInt, doubles are numbers, lists are arrays; maps are plain objects where
// they came from JSON and Map where an expression made them.

export class UInt {
  readonly value: bigint
  constructor(value: bigint) {
    this.value = value
  }
}

/** Nanoseconds since 1970. */
export class Timestamp {
  readonly nanos: bigint
  constructor(nanos: bigint) {
    this.nanos = nanos
  }
}

export class Duration {
  readonly nanos: bigint
  constructor(nanos: bigint) {
    this.nanos = nanos
  }
}

export class TypeValue {
  readonly name: string
  constructor(name: string) {
    this.name = name
  }
}

export class Optional {
  static readonly none: Optional = new Optional(undefined)
  readonly value: unknown
  constructor(value: unknown) {
    this.value = value
  }
  get hasValue(): boolean {
    return this.value !== undefined
  }
}

/** `Object{…}`, `JSONPatch{…}`: what mutating policies make. */
export class Message {
  readonly typeName: string
  readonly fields: ReadonlyMap<string, unknown>
  constructor(typeName: string, fields: ReadonlyMap<string, unknown>) {
    this.typeName = typeName
    this.fields = fields
  }
}

/** A value of the Kubernetes library: quantity, URL, IP, CIDR, semver, format. */
export abstract class Special {
  abstract readonly typeName: string
  abstract equals(other: unknown): boolean
}

export type CelMap = ReadonlyMap<unknown, unknown> | Readonly<Record<string, unknown>>

export class EvaluationError extends Error {
  override readonly name = 'EvaluationError'
}

/** Not to be caught by `||` and `&&`: it ends the expression. */
export class CostExceeded extends Error {
  override readonly name = 'CostExceeded'
  constructor() {
    super('operation cancelled: actual cost limit exceeded')
  }
}

/** What an evaluation may still cost; one unit is about one step. */
export class Budget {
  #left: number
  constructor(limit: number) {
    this.#left = limit
  }
  get left(): number {
    return this.#left
  }
  spend(cost: number): void {
    this.#left -= cost
    if (this.#left < 0) throw new CostExceeded()
  }
}

export function isMap(value: unknown): value is CelMap {
  if (value instanceof Map) return true
  return typeof value === 'object' && value !== null && !Array.isArray(value) && isPlain(value)
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

export function typeName(value: unknown): string {
  switch (typeof value) {
    case 'bigint':
      return 'int'
    case 'number':
      return 'double'
    case 'string':
      return 'string'
    case 'boolean':
      return 'bool'
  }
  if (value === null) return 'null_type'
  if (Array.isArray(value)) return 'list'
  if (value instanceof UInt) return 'uint'
  if (value instanceof Uint8Array) return 'bytes'
  if (value instanceof Timestamp) return 'google.protobuf.Timestamp'
  if (value instanceof Duration) return 'google.protobuf.Duration'
  if (value instanceof TypeValue) return 'type'
  if (value instanceof Optional) return 'optional_type'
  if (value instanceof Message || value instanceof Special) return value.typeName
  return 'map'
}

/** A key as a Map finds it: numbers of all types that are equal are the same key. */
export function mapKey(key: unknown): unknown {
  if (key instanceof UInt) return key.value
  return typeof key === 'number' && Number.isInteger(key) ? BigInt(key) : key
}

/** Undefined where the map has no such key. */
export function mapGet(map: CelMap, key: unknown): unknown {
  if (map instanceof Map) return map.get(mapKey(key)) as unknown
  return typeof key === 'string' && Object.hasOwn(map, key) ? (map as Record<string, unknown>)[key] : undefined
}

export function mapEntries(map: CelMap): [unknown, unknown][] {
  return map instanceof Map ? [...(map as ReadonlyMap<unknown, unknown>)] : Object.entries(map)
}

export function mapSize(map: CelMap): number {
  return map instanceof Map ? map.size : Object.keys(map).length
}

/** CEL's equality: across numeric types, and deep. */
export function equals(left: unknown, right: unknown, budget: Budget): boolean {
  budget.spend(typeof left === 'string' ? 1 + left.length / 100 : 1)
  if (left === right) return true
  if (isNumber(left) && isNumber(right)) return compareNumbers(left, right) === 0
  if (Array.isArray(left)) {
    return (
      Array.isArray(right) &&
      left.length === right.length &&
      left.every((item, index) => equals(item, right[index], budget))
    )
  }
  if (left instanceof Uint8Array) {
    return (
      right instanceof Uint8Array && left.length === right.length && left.every((byte, index) => byte === right[index])
    )
  }
  if (left instanceof Timestamp) return right instanceof Timestamp && left.nanos === right.nanos
  if (left instanceof Duration) return right instanceof Duration && left.nanos === right.nanos
  if (left instanceof TypeValue) return right instanceof TypeValue && left.name === right.name
  if (left instanceof Optional) {
    if (!(right instanceof Optional) || left.hasValue !== right.hasValue) return false
    return !left.hasValue || equals(left.value, right.value, budget)
  }
  if (left instanceof Special) return left.equals(right)
  if (left instanceof Message) {
    return right instanceof Message && left.typeName === right.typeName && equals(left.fields, right.fields, budget)
  }
  if (!isMap(left) || !isMap(right) || mapSize(left) !== mapSize(right)) return false
  return mapEntries(left).every(([key, value]) => {
    const other = mapGet(right, key)
    return other !== undefined && equals(value, other, budget)
  })
}

export type CelNumber = bigint | number | UInt

export function isNumber(value: unknown): value is CelNumber {
  return typeof value === 'bigint' || typeof value === 'number' || value instanceof UInt
}

function compareNumbers(left: CelNumber, right: CelNumber): number {
  const a = left instanceof UInt ? left.value : left
  const b = right instanceof UInt ? right.value : right
  // The host compares BigInt with number exactly. Not-a-number is neither less, equal nor more.
  return a < b ? -1 : a > b ? 1 : a == b ? 0 : Number.NaN // oxlint-disable-line eqeqeq -- across BigInt and number
}

/** Negative, zero or positive; undefined where the two cannot be ordered. */
export function compare(left: unknown, right: unknown, budget: Budget): number | undefined {
  if (isNumber(left) && isNumber(right)) return compareNumbers(left, right)
  if (typeof left === 'string' && typeof right === 'string') {
    budget.spend(Math.min(left.length, right.length) / 10)
    return compareText(left, right)
  }
  if (typeof left === 'boolean' && typeof right === 'boolean') return Number(left) - Number(right)
  if (left instanceof Timestamp && right instanceof Timestamp) return compareNumbers(left.nanos, right.nanos)
  if (left instanceof Duration && right instanceof Duration) return compareNumbers(left.nanos, right.nanos)
  if (left instanceof Uint8Array && right instanceof Uint8Array) return Buffer.compare(left, right)
  return undefined
}

/** By code points, as UTF-8 would be. */
function compareText(left: string, right: string): number {
  if (left === right) return 0
  return Buffer.compare(Buffer.from(left), Buffer.from(right))
}

/** An object where no schema is at hand: whole numbers are integers. */
export function toCel(value: unknown): unknown {
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : value
  if (Array.isArray(value)) return value.map(toCel)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, toCel(member)]))
}

/** Back to JSON, for what mutating policies make. */
export function fromCel(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value)
  if (value instanceof UInt) return Number(value.value)
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  if (value instanceof Optional) return fromCel(value.value)
  if (Array.isArray(value)) return value.map(fromCel)
  if (value instanceof Message) return fromCel(value.fields)
  if (isMap(value)) {
    return Object.fromEntries(mapEntries(value).map(([key, member]) => [String(fromCel(key)), fromCel(member)]))
  }
  if (value instanceof Timestamp) return new Date(Number(value.nanos / 1_000_000n)).toISOString()
  if (value instanceof Duration) return `${Number(value.nanos) / 1e9}s`
  return value
}
