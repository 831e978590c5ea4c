// The values that Kubernetes adds to CEL: quantities, URLs, semantic versions, formats.
// Upstream: k8s.io/apiserver pkg/cel/library/{quantity,urls,semverlib,format,jsonpatch}.go.

import {
  type Quantity,
  addQuantities,
  compareQuantities,
  isDns1035Label,
  isDns1123Label,
  isDns1123Subdomain,
  isLabelValue,
  isQualifiedName,
  isQuantity,
  parseQuantity,
  subtractQuantities,
} from '@binnacle/api'
import { CIDR, IP, addressGlobals, addressMembers } from './address-library.ts'
import { type CelFunction, asText, define, noOverload } from './function.ts'
import { parseTimestamp } from './time-library.ts'
import { EvaluationError, Optional, Special } from './values.ts'

class QuantityValue extends Special {
  readonly typeName = 'kubernetes.Quantity'
  readonly quantity: Quantity
  constructor(quantity: Quantity) {
    super()
    this.quantity = quantity
  }
  compareTo(other: QuantityValue): number {
    return compareQuantities(this.quantity, other.quantity)
  }
  equals(other: unknown): boolean {
    return other instanceof QuantityValue && this.compareTo(other) === 0
  }
}

class URLValue extends Special {
  readonly typeName = 'kubernetes.URL'
  readonly text: string
  readonly url: URL
  constructor(text: string, url: URL) {
    super()
    this.text = text
    this.url = url
  }
  equals(other: unknown): boolean {
    return other instanceof URLValue && other.text === this.text
  }
}

class Semver extends Special {
  readonly typeName = 'kubernetes.Semver'
  readonly numbers: readonly [bigint, bigint, bigint]
  readonly pre: readonly string[]
  constructor(numbers: readonly [bigint, bigint, bigint], pre: readonly string[]) {
    super()
    this.numbers = numbers
    this.pre = pre
  }
  compareTo(other: Semver): number {
    for (const [index, number] of this.numbers.entries()) {
      const second = other.numbers[index] ?? 0n
      if (number !== second) return number < second ? -1 : 1
    }
    return comparePreReleases(this.pre, other.pre)
  }
  equals(other: unknown): boolean {
    return other instanceof Semver && this.compareTo(other) === 0
  }
}

/** A version without one is above all that have one. */
function comparePreReleases(left: readonly string[], right: readonly string[]): number {
  if (left.length === 0 || right.length === 0) return (left.length === 0 ? 1 : 0) - (right.length === 0 ? 1 : 0)
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const [a, b] = [left[index], right[index]]
    if (a === undefined || b === undefined) return a === undefined ? -1 : 1
    if (a === b) continue
    const [isANumber, isBNumber] = [/^\d+$/.test(a), /^\d+$/.test(b)]
    if (isANumber && isBNumber) return BigInt(a) < BigInt(b) ? -1 : 1
    if (isANumber !== isBNumber) return isANumber ? -1 : 1
    return a < b ? -1 : 1
  }
  return 0
}

const semverShape =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-([\dA-Za-z-]+(?:\.[\dA-Za-z-]+)*))?(?:\+[\dA-Za-z-]+(?:\.[\dA-Za-z-]+)*)?$/

/** `normalize` accepts a leading v, missing parts and leading zeros. */
function parseSemver(text: string, normalize: boolean): Semver | undefined {
  const [core = '', ...rest] = normalize ? text.replace(/^v/, '').split(/(?=[-+])/) : [text]
  const parts = core.split('.').map((part) => part.replace(/^0+(?=\d)/, ''))
  const given = normalize ? [...parts, '0', '0'].slice(0, Math.max(3, parts.length)).join('.') + rest.join('') : text
  const found = semverShape.exec(given)
  if (found === null) return undefined
  const [, major = '0', minor = '0', patch = '0', pre] = found
  return new Semver([BigInt(major), BigInt(minor), BigInt(patch)], pre === undefined ? [] : pre.split('.'))
}

function toSemver(value: unknown, normalize: unknown): Semver {
  const semver = parseSemver(asText(value), normalize === true)
  if (semver === undefined)
    throw new EvaluationError(`semver parse error during conversion from string: ${JSON.stringify(value)}`)
  return semver
}

/** Go's url.ParseRequestURI: absolute, or a path from the root. */
function parseURL(text: string): URL | undefined {
  if (/[\s\u007f]/.test(text)) return undefined
  if (text.startsWith('/')) return URL.parse(text.replace(/^\/\//, '/./'), 'path://host') ?? undefined
  return /^[a-z][a-z\d+.-]*:/i.test(text) ? (URL.parse(text) ?? undefined) : undefined
}

function toURL(value: unknown): URLValue {
  const text = asText(value)
  const url = parseURL(text)
  if (url === undefined)
    throw new EvaluationError(
      `URL parse error during conversion from string: parse ${JSON.stringify(text)}: invalid URI for request`,
    )
  return new URLValue(text, url)
}

function onURL(read: (value: URLValue, authority: string) => unknown): CelFunction {
  return define([1], (value) => {
    if (!(value instanceof URLValue)) throw noOverload()
    // The host's parser drops a scheme's usual port; Go does not.
    const [, authority = ''] = /^[a-z][a-z\d+.-]*:\/\/(?:[^/?#@]*@)?([^/?#]*)/i.exec(value.text) ?? []
    return read(value, authority)
  })
}

function query({ url }: URLValue): Map<string, string[]> {
  const values = new Map<string, string[]>()
  for (const [name, value] of url.searchParams) values.set(name, [...(values.get(name) ?? []), value])
  return values
}

class Format extends Special {
  readonly typeName = 'kubernetes.NamedFormat'
  readonly name: string
  readonly validate: (text: string) => readonly string[]
  constructor(name: string, validate: (text: string) => readonly string[]) {
    super()
    this.name = name
    this.validate = validate
  }
  equals(other: unknown): boolean {
    return other instanceof Format && other.name === this.name
  }
}

/** Upstream's maskTrailingDash: a generated name's prefix may end in one. */
function prefixOf(validate: (text: string) => readonly string[]): (text: string) => readonly string[] {
  return (text) => validate(text.length > 1 && text.endsWith('-') ? `${text.slice(0, -2)}a` : text)
}

function shaped(isValid: (text: string) => boolean, message: string): (text: string) => readonly string[] {
  return (text) => (isValid(text) ? [] : [message])
}

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/
const uuid = /^[\da-f]{8}-?[\da-f]{4}-?[\da-f]{4}-?[\da-f]{4}-?[\da-f]{12}$/i

const formats: Readonly<Record<string, Format>> = Object.fromEntries(
  Object.entries({
    dns1123Label: isDns1123Label,
    dns1123Subdomain: isDns1123Subdomain,
    dns1035Label: isDns1035Label,
    dns1123LabelPrefix: prefixOf(isDns1123Label),
    dns1123SubdomainPrefix: prefixOf(isDns1123Subdomain),
    dns1035LabelPrefix: prefixOf(isDns1035Label),
    qualifiedName: isQualifiedName,
    labelValue: isLabelValue,
    uri: (text: string) =>
      parseURL(text) === undefined ? [`parse ${JSON.stringify(text)}: invalid URI for request`] : [],
    uuid: shaped((text) => uuid.test(text), 'does not match the UUID format'),
    byte: shaped((text) => text !== '' && base64.test(text), 'invalid base64'),
    date: shaped((text) => /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text)), 'invalid date'),
    datetime: shaped((text) => parseTimestamp(text) !== undefined, 'invalid datetime'),
  }).map(([name, validate]) => [name, new Format(name, validate)]),
)

function toQuantity(value: unknown): QuantityValue {
  const text = asText(value)
  try {
    return new QuantityValue(parseQuantity(text))
  } catch (error) {
    throw new EvaluationError(error instanceof Error ? error.message : String(error), { cause: error })
  }
}

const nano = 1_000_000_000n

function onQuantity(read: (quantity: Quantity) => unknown): CelFunction {
  return define([1], (value) => {
    if (!(value instanceof QuantityValue)) throw noOverload()
    return read(value.quantity)
  })
}

function combine(apply: (left: Quantity, right: Quantity) => Quantity): CelFunction {
  return define([2], (left, right) => {
    const other = typeof right === 'bigint' ? new QuantityValue(parseQuantity(String(right))) : right
    if (!(left instanceof QuantityValue) || !(other instanceof QuantityValue)) throw noOverload()
    return new QuantityValue(apply(left.quantity, other.quantity))
  })
}

function comparing(read: (order: number) => unknown): CelFunction {
  return define([2], (left, right) => {
    if (left instanceof QuantityValue && right instanceof QuantityValue) return read(left.compareTo(right))
    if (left instanceof Semver && right instanceof Semver) return read(left.compareTo(right))
    throw noOverload()
  })
}

function onSemver(index: 0 | 1 | 2): CelFunction {
  return define([1], (value) => {
    if (!(value instanceof Semver)) throw noOverload()
    return value.numbers[index]
  })
}

export const kubernetesGlobals: Readonly<Record<string, CelFunction>> = {
  ...addressGlobals,
  quantity: define([1], toQuantity),
  isQuantity: define([1], (value) => isQuantity(asText(value))),
  url: define([1], toURL),
  isURL: define([1], (value) => parseURL(asText(value)) !== undefined),
  semver: define([1, 2], toSemver),
  isSemver: define([1, 2], (value, normalize) => parseSemver(asText(value), normalize === true) !== undefined),
  'jsonpatch.escapeKey': define([1], (value) => asText(value).replaceAll('~', '~0').replaceAll('/', '~1')),
  'format.named': define([1], (value) => {
    const name = asText(value)
    return Object.hasOwn(formats, name) ? new Optional(formats[name]) : Optional.none
  }),
  ...Object.fromEntries(Object.entries(formats).map(([name, format]) => [`format.${name}`, define([0], () => format)])),
}

export const kubernetesMembers: Readonly<Record<string, CelFunction>> = {
  ...addressMembers,
  sign: onQuantity((quantity) => (quantity.nano === 0n ? 0n : quantity.nano < 0n ? -1n : 1n)),
  isGreaterThan: comparing((order) => order > 0),
  isLessThan: comparing((order) => order < 0),
  compareTo: comparing((order) => BigInt(Math.sign(order))),
  asApproximateFloat: onQuantity((quantity) => Number(quantity.nano) / Number(nano)),
  asInteger: onQuantity((quantity) => {
    if (quantity.nano % nano !== 0n) throw new EvaluationError('cannot convert value to integer')
    return quantity.nano / nano
  }),
  isInteger: onQuantity((quantity) => quantity.nano % nano === 0n),
  add: combine(addQuantities),
  sub: combine(subtractQuantities),
  getScheme: onURL(({ text, url }) => (text.startsWith('/') ? '' : url.protocol.slice(0, -1))),
  getHost: onURL((_, authority) => authority),
  getHostname: onURL((_, authority) => authority.replace(/:\d*$/, '').replace(/^\[(.*)\]$/, '$1')),
  getPort: onURL((_, authority) => /:(\d*)$/.exec(authority.replace(/^\[.*\]/, ''))?.[1] ?? ''),
  getEscapedPath: onURL(({ text, url }) => (/^[a-z][a-z\d+.-]*:\/\/[^/?#]*(?:[?#]|$)/i.test(text) ? '' : url.pathname)),
  getQuery: onURL(query),
  major: onSemver(0),
  minor: onSemver(1),
  patch: onSemver(2),
  validate: define([2], (value, text) => {
    if (!(value instanceof Format)) throw noOverload()
    const errors = value.validate(asText(text))
    return errors.length === 0 ? Optional.none : new Optional([...errors])
  }),
}

/** `string()` of an address. */
export function addressText(value: unknown): string | undefined {
  return value instanceof IP || value instanceof CIDR ? value.toString() : undefined
}
