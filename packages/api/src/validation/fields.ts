// Checks that many kinds share. Each adds what is wrong to `errors` and says nothing where all is well; paths and
// messages are those of pkg/apis/core/validation and apimachinery.

import { field, type FieldError } from '../field-error.ts'
import type { IntOrString } from '../int-or-string.ts'
import { isLabelValue, isPortName, isPortNumber, isQualifiedName } from '../names.ts'
import { canonicalQuantity, compareQuantities, parseQuantity } from '../quantity.ts'
import type { LabelSelector } from '../selectors.ts'
import { semanticallyEqual } from '../semantic-equality.ts'

/** One name for the list that a validation fills. */
export type FieldErrors = FieldError[]

export const immutableMessage = 'field is immutable'

/** Adds one Invalid per message of a name check. */
export function addInvalid(errors: FieldErrors, path: string, value: unknown, messages: readonly string[]): void {
  for (const message of messages) errors.push(field.invalid(path, value, message))
}

/** A non-empty text that satisfies the check, or Required. */
export function requireValid(
  errors: FieldErrors,
  path: string,
  value: string | null | undefined,
  check?: (value: string) => readonly string[],
): void {
  if (!value) errors.push(field.required(path, ''))
  else if (check) addInvalid(errors, path, value, check(value))
}

export function validateImmutable(errors: FieldErrors, path: string, value: unknown, old: unknown): void {
  if (!semanticallyEqual(value, old)) errors.push(field.invalid(path, value, immutableMessage))
}

export function validateNonNegative(errors: FieldErrors, path: string, value: number | null | undefined): void {
  if (value != null && value < 0) errors.push(field.invalid(path, value, 'must be greater than or equal to 0'))
}

export function validatePositive(errors: FieldErrors, path: string, value: number): void {
  if (value <= 0) errors.push(field.invalid(path, value, 'must be greater than zero'))
}

/** A value out of a closed set; unset counts as Required. */
export function validateEnum(
  errors: FieldErrors,
  path: string,
  value: string | null | undefined,
  supported: readonly string[],
): void {
  if (!value) errors.push(field.required(path, ''))
  else if (!supported.includes(value)) errors.push(field.notSupported(path, value, supported))
}

/** A value out of a closed set, or none. */
export function validateOptionalEnum(
  errors: FieldErrors,
  path: string,
  value: string | null | undefined,
  supported: readonly string[],
): void {
  if (value != null && !supported.includes(value)) errors.push(field.notSupported(path, value, supported))
}

export function validateLabels(
  errors: FieldErrors,
  path: string,
  labels: Readonly<Record<string, string>> | null | undefined,
): void {
  for (const key in labels) {
    addInvalid(errors, path, key, isQualifiedName(key))
    const value = labels[key] ?? ''
    addInvalid(errors, path, value, isLabelValue(value))
  }
}

export interface LabelSelectorOptions {
  /** Updates keep what was stored before values were checked. */
  allowInvalidValues?: boolean
}

export function validateLabelSelector(
  errors: FieldErrors,
  path: string,
  selector: LabelSelector | null | undefined,
  options: LabelSelectorOptions = {},
): void {
  if (!selector) return
  validateLabels(errors, `${path}.matchLabels`, selector.matchLabels)
  for (const [index, { key, operator, values = [] }] of (selector.matchExpressions ?? []).entries()) {
    const at = `${path}.matchExpressions[${index}]`
    if (operator === 'In' || operator === 'NotIn') {
      if (values.length === 0) {
        errors.push(field.required(`${at}.values`, "must be specified when `operator` is 'In' or 'NotIn'"))
      }
    } else if (operator === 'Exists' || operator === 'DoesNotExist') {
      if (values.length > 0) {
        errors.push(
          field.forbidden(`${at}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"),
        )
      }
    } else errors.push(field.invalid(`${at}.operator`, operator, 'not a valid selector operator'))
    addInvalid(errors, `${at}.key`, key, isQualifiedName(key))
    if (options.allowInvalidValues) continue
    for (const [position, value] of values.entries()) {
      addInvalid(errors, `${at}.values[${position}]`, value, isLabelValue(value))
    }
  }
}

/** Maps as Go's JSON shows them: keys in order. */
export function sortedMap<T>(map: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(map).sort(([left], [right]) => (left < right ? -1 : 1)))
}

/** A selector as messages show it. */
export function shownSelector({ matchLabels, matchExpressions }: LabelSelector): LabelSelector {
  return {
    ...(matchLabels ? { matchLabels: sortedMap(matchLabels) } : {}),
    ...(matchExpressions ? { matchExpressions } : {}),
  }
}

/** Port numbers from 1 to 65535 or a port name. */
export function validatePortNumberOrName(errors: FieldErrors, path: string, port: IntOrString): void {
  addInvalid(errors, path, port, typeof port === 'number' ? isPortNumber(port) : isPortName(port))
}

export function validatePortNumber(errors: FieldErrors, path: string, port: number): void {
  addInvalid(errors, path, port, isPortNumber(port))
}

const zero = parseQuantity('0')

export function validateNonNegativeQuantity(errors: FieldErrors, path: string, value: string | number): void {
  if (compareQuantities(parseQuantity(value), zero) < 0) {
    errors.push(field.invalid(path, canonicalQuantity(value), 'must be greater than or equal to 0'))
  }
}

const ipv4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/
const ipv6Characters = /^[0-9a-fA-F:.]+$/

export function isIPv4(text: string): boolean {
  return ipv4.test(text)
}

export function isIPv6(text: string): boolean {
  if (!text.includes(':') || !ipv6Characters.test(text)) return false
  try {
    return new URL(`http://[${text}]/`).hostname.length > 2
  } catch {
    return false
  }
}

const ipMessage = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'
const cidrMessage = 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'
const leadingZeros = /^(\d{1,3}\.){3}\d{1,3}$/

/** An address in any accepted notation (IsValidIPForLegacyField with strict validation, on since 1.36). */
export function validateIP(errors: FieldErrors, path: string, value: string): void {
  if (isIPv4(value)) return
  if (leadingZeros.test(value) && value.split('.').every((part) => Number(part) <= 255)) {
    errors.push(field.invalid(path, value, 'must not have leading 0s'))
  } else if (!isIPv6(value)) errors.push(field.invalid(path, value, ipMessage))
  else if (/^::ffff:/i.test(value) && value.includes('.')) {
    errors.push(field.invalid(path, value, 'must not be an IPv4-mapped IPv6 address'))
  }
}

/** The short form of RFC 5952; expects a valid IPv6 address. */
export function canonicalIPv6(address: string): string {
  return new URL(`http://[${address}]/`).hostname.slice(1, -1)
}

/** An address in the one notation of new fields (IsValidIP). */
export function validateCanonicalIP(errors: FieldErrors, path: string, value: string): void {
  const before = errors.length
  validateIP(errors, path, value)
  if (errors.length > before || isIPv4(value) || canonicalIPv6(value) === value) return
  errors.push(field.invalid(path, value, `must be in canonical form ("${canonicalIPv6(value)}")`))
}

/** A subnet such as 10.0.0.0/8, without bits beyond its prefix. */
export function validateCIDR(errors: FieldErrors, path: string, value: string): void {
  const slash = value.lastIndexOf('/')
  const written = value.slice(0, slash)
  const prefix = value.slice(slash + 1)
  // Old notations have leading zeros, which are named as such.
  const address = leadingZeros.test(written) ? written.replaceAll(/\b0+(?=\d)/g, '') : written
  const bits = isIPv4(address) ? 32 : isIPv6(address) ? 128 : 0
  if (slash === -1 || bits === 0 || !/^\d{1,3}$/.test(prefix) || Number(prefix) > bits) {
    errors.push(field.invalid(path, value, cidrMessage))
  } else if (address !== written || (prefix.length > 1 && prefix.startsWith('0'))) {
    errors.push(field.invalid(path, value, 'must not have leading 0s in IP or prefix length'))
  } else if ((addressBits(address) & ((1n << BigInt(bits - Number(prefix))) - 1n)) !== 0n) {
    errors.push(field.invalid(path, value, 'must not have bits set beyond the prefix length'))
  }
}

/** An address of a network interface with its prefix, in the one notation (IsValidInterfaceAddress). */
export function validateInterfaceAddress(errors: FieldErrors, path: string, value: string): void {
  const slash = value.lastIndexOf('/')
  const [address, prefix] = [value.slice(0, Math.max(slash, 0)), value.slice(slash + 1)]
  const bits = isIPv4(address) ? 32 : isIPv6(address) ? 128 : 0
  if (bits === 0 || !/^\d{1,3}$/.test(prefix) || Number(prefix) > bits) {
    const why = 'must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)'
    errors.push(field.invalid(path, value, why))
    return
  }
  const canonical = `${bits === 32 ? address : canonicalIPv6(address)}/${Number(prefix)}`
  if (value !== canonical) errors.push(field.invalid(path, value, `must be in canonical form ("${canonical}")`))
}

/** Whether every address of the one lies in the other, which has more; false where one of them cannot be read. */
export function isStrictSubset(inner: string, outer: string): boolean {
  const [innerAddress = '', innerPrefix = ''] = inner.split('/')
  const [outerAddress = '', outerPrefix = ''] = outer.split('/')
  if (isIPv4(innerAddress) !== isIPv4(outerAddress)) return false
  const shift = BigInt((isIPv4(outerAddress) ? 32 : 128) - Number(outerPrefix))
  const isInside = addressBits(innerAddress) >> shift === addressBits(outerAddress) >> shift
  return isInside && Number(innerPrefix) > Number(outerPrefix)
}

/** The address as a number; expects a valid one. */
function addressBits(address: string): bigint {
  if (isIPv4(address)) return address.split('.').reduce((bits, part) => (bits << 8n) | BigInt(part), 0n)
  const canonical = new URL(`http://[${address}]/`).hostname.slice(1, -1)
  const [head = '', tail] = canonical.split('::')
  const words = (text: string): string[] => (text === '' ? [] : text.split(':'))
  const left = words(head)
  const right = words(tail ?? '')
  const middle = Array.from({ length: tail === undefined ? 0 : 8 - left.length - right.length }, () => '0')
  return [...left, ...middle, ...right].reduce((bits, word) => (bits << 16n) | BigInt(`0x${word}`), 0n)
}
