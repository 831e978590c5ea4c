// ip() and cidr(). Upstream: k8s.io/apiserver pkg/cel/library/{ip,cidr}.go; addresses as Go's netip reads them.

import { isIPv4, isIPv6 } from 'node:net'
import { type CelFunction, asText, define, noOverload } from './function.ts'
import { EvaluationError, Special } from './values.ts'

export class IP extends Special {
  readonly typeName = 'net.IP'
  readonly family: 4 | 6
  readonly bits: bigint
  constructor(family: 4 | 6, bits: bigint) {
    super()
    this.family = family
    this.bits = bits
  }
  equals(other: unknown): boolean {
    return other instanceof IP && other.family === this.family && other.bits === this.bits
  }
  /** The first `length` bits of the address. */
  prefix(length: number): bigint {
    return this.bits >> BigInt((this.family === 4 ? 32 : 128) - length)
  }
  override toString(): string {
    if (this.family === 4) return [24n, 16n, 8n, 0n].map((shift) => (this.bits >> shift) & 255n).join('.')
    const groups = Array.from({ length: 8 }, (_, index) =>
      ((this.bits >> BigInt(112 - index * 16)) & 0xffffn).toString(16),
    )
    // The longest run of two or more zeros, the first of equal ones.
    const runs = [...groups.join(':').matchAll(/(?:^|(?<=:))0(?::0)+(?=:|$)/g)].sort(
      (a, b) => b[0].length - a[0].length,
    )
    const [run] = runs
    if (run === undefined) return groups.join(':')
    const text = groups.join(':')
    return `${text.slice(0, run.index).replace(/:$/, '')}::${text.slice(run.index + run[0].length).replace(/^:/, '')}`
  }
}

export class CIDR extends Special {
  readonly typeName = 'net.CIDR'
  readonly ip: IP
  readonly length: number
  constructor(ip: IP, length: number) {
    super()
    this.ip = ip
    this.length = length
  }
  equals(other: unknown): boolean {
    return other instanceof CIDR && other.length === this.length && other.ip.equals(this.ip)
  }
  contains(ip: IP): boolean {
    return ip.family === this.ip.family && ip.prefix(this.length) === this.ip.prefix(this.length)
  }
  masked(): CIDR {
    const host = BigInt((this.ip.family === 4 ? 32 : 128) - this.length)
    return new CIDR(new IP(this.ip.family, (this.ip.bits >> host) << host), this.length)
  }
  override toString(): string {
    return `${this.ip.toString()}/${this.length}`
  }
}

/** Without zones, and without IPv4 addresses in IPv6 form. */
function parseIP(text: string): IP | undefined {
  if (isIPv4(text))
    return new IP(
      4,
      text.split('.').reduce((bits, part) => (bits << 8n) | BigInt(part), 0n),
    )
  if (!isIPv6(text) || text.includes('%') || /^::ffff:\d+\./i.test(text)) return undefined
  const expanded = text.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, a: string, b: string, c: string, d: string) =>
    [Number(a) * 256 + Number(b), Number(c) * 256 + Number(d)].map((group) => group.toString(16)).join(':'),
  )
  const [head = '', tail] = expanded.split('::')
  const groups = (part: string): string[] => (part === '' ? [] : part.split(':'))
  const left = groups(head)
  const right = groups(tail ?? '')
  const all =
    tail === undefined ? left : [...left, ...Array<string>(8 - left.length - right.length).fill('0'), ...right]
  const bits = all.reduce((made, group) => (made << 16n) | BigInt(`0x${group}`), 0n)
  return bits >> 32n === 0xffffn ? undefined : new IP(6, bits)
}

function parseCIDR(text: string): CIDR | undefined {
  const [, address = '', digits = ''] = /^(.*)\/(0|[1-9]\d{0,2})$/.exec(text) ?? []
  const ip = parseIP(address)
  if (ip === undefined || Number(digits) > (ip.family === 4 ? 32 : 128)) return undefined
  return new CIDR(ip, Number(digits))
}

function toIP(value: unknown): IP {
  const text = asText(value)
  const ip = parseIP(text)
  if (ip === undefined)
    throw new EvaluationError(`IP Address ${JSON.stringify(text)} parse error during conversion from string`)
  return ip
}

function toCIDR(value: unknown): CIDR {
  const text = asText(value)
  const cidr = parseCIDR(text)
  if (cidr === undefined)
    throw new EvaluationError(`network address parse error during conversion from string: ${JSON.stringify(text)}`)
  return cidr
}

function onIP(read: (ip: IP) => unknown): CelFunction {
  return define([1], (value) => {
    if (!(value instanceof IP)) throw noOverload()
    return read(value)
  })
}

function onCIDR(arity: number, read: (cidr: CIDR, other: unknown) => unknown): CelFunction {
  return define([arity], (value, other) => {
    if (!(value instanceof CIDR)) throw noOverload()
    return read(value, other)
  })
}

function isLoopback({ family, bits }: IP): boolean {
  return family === 4 ? bits >> 24n === 127n : bits === 1n
}

function isLinkLocal({ family, bits }: IP): boolean {
  return family === 4 ? bits >> 16n === 0xa9fen : bits >> 118n === 0x3fan
}

function isMulticast({ family, bits }: IP): boolean {
  return family === 4 ? bits >> 28n === 14n : bits >> 120n === 0xffn
}

export const addressGlobals: Readonly<Record<string, CelFunction>> = {
  ip: define([1], toIP),
  isIP: define([1], (value) => parseIP(asText(value)) !== undefined),
  'ip.isCanonical': define([1], (value) => toIP(value).toString() === value),
  cidr: define([1], toCIDR),
  isCIDR: define([1], (value) => parseCIDR(asText(value)) !== undefined),
}

export const addressMembers: Readonly<Record<string, CelFunction>> = {
  family: onIP(({ family }) => BigInt(family)),
  isUnspecified: onIP(({ bits }) => bits === 0n),
  isLoopback: onIP(isLoopback),
  isLinkLocalMulticast: onIP(({ family, bits }) =>
    family === 4 ? bits >> 8n === 0xe00000n : bits >> 112n === 0xff02n,
  ),
  isLinkLocalUnicast: onIP(isLinkLocal),
  isGlobalUnicast: onIP((ip) => {
    const isBroadcast = ip.family === 4 && ip.bits === 0xffffffffn
    return ip.bits !== 0n && !isBroadcast && !isLoopback(ip) && !isLinkLocal(ip) && !isMulticast(ip)
  }),
  containsIP: onCIDR(2, (cidr, other) => cidr.contains(other instanceof IP ? other : toIP(other))),
  containsCIDR: onCIDR(2, (cidr, given) => {
    const other = given instanceof CIDR ? given : toCIDR(given)
    return other.length >= cidr.length && cidr.contains(other.ip)
  }),
  ip: onCIDR(1, ({ ip }) => ip),
  prefixLength: onCIDR(1, ({ length }) => BigInt(length)),
  masked: onCIDR(1, (cidr) => cidr.masked()),
}
