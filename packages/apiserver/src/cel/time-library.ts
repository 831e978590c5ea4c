// Times and durations of CEL, in nanoseconds.

import { type CelFunction, asText, define, noOverload } from './function.ts'
import { Duration, EvaluationError, Timestamp } from './values.ts'

const units: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1000n,
  µs: 1000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
}

/** Go's syntax: `1h30m`, `-1.5s`. Undefined where the text is none. */
export function parseDuration(text: string): Duration | undefined {
  if (/^[+-]?0$/.test(text)) return new Duration(0n)
  if (!/^[+-]?(?:\d+(?:\.\d*)?(?:ns|us|µs|ms|s|m|h))+$/.test(text)) return undefined
  let nanos = 0n
  for (const [, whole = '0', fraction = '', unit = ''] of text.matchAll(/(\d+)(?:\.(\d*))?(ns|us|µs|ms|s|m|h)/g)) {
    const scale = units[unit] ?? 0n
    const digits = fraction.slice(0, 15)
    nanos += BigInt(whole) * scale + (digits === '' ? 0n : (BigInt(digits) * scale) / 10n ** BigInt(digits.length))
  }
  if (BigInt.asIntN(64, nanos) !== nanos) return undefined
  return new Duration(text.startsWith('-') ? -nanos : nanos)
}

/** RFC 3339. Undefined where the text is none. */
export function parseTimestamp(text: string): Timestamp | undefined {
  const found = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d{1,9})\d*)?(Z|[+-]\d{2}:\d{2})$/i.exec(text)
  const seconds = found === null ? Number.NaN : Date.parse(`${found[1]}${found[3]}`)
  if (Number.isNaN(seconds)) return undefined
  return new Timestamp(BigInt(seconds) * 1_000_000n + BigInt((found?.[2] ?? '').padEnd(9, '0')))
}

export function timestampText({ nanos }: Timestamp): string {
  const fraction = ((nanos % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n
  const seconds = new Date(Number((nanos - fraction) / 1_000_000n)).toISOString().slice(0, 19)
  return `${seconds}${fraction === 0n ? '' : `.${String(fraction).padStart(9, '0').replace(/0+$/, '')}`}Z`
}

export function durationText({ nanos }: Duration): string {
  const sign = nanos < 0n ? '-' : ''
  const size = nanos < 0n ? -nanos : nanos
  const fraction = String(size % 1_000_000_000n)
    .padStart(9, '0')
    .replace(/0+$/, '')
  return `${sign}${size / 1_000_000_000n}${fraction === '' ? '' : `.${fraction}`}s`
}

export const timeGlobals: {
  toInt(value: unknown): bigint | undefined
  timestamp(value: unknown): Timestamp
  duration(value: unknown): Duration
} = {
  /** Seconds of a time, nanoseconds of a duration. */
  toInt(value) {
    if (value instanceof Timestamp) return value.nanos / 1_000_000_000n
    return value instanceof Duration ? value.nanos : undefined
  },
  timestamp(value) {
    if (value instanceof Timestamp) return value
    if (typeof value === 'bigint') return new Timestamp(value * 1_000_000_000n)
    const made = parseTimestamp(asText(value))
    if (made === undefined)
      throw new EvaluationError(`type conversion error from 'string' to 'google.protobuf.Timestamp'`)
    return made
  },
  duration(value) {
    if (value instanceof Duration) return value
    if (typeof value === 'bigint') return new Duration(value)
    const made = parseDuration(asText(value))
    if (made === undefined)
      throw new EvaluationError(`type conversion error from 'string' to 'google.protobuf.Duration'`)
    return made
  },
}

/** The moment as if UTC were the named zone. */
function inZone({ nanos }: Timestamp, zone: unknown): Date {
  const milliseconds = Number(nanos / 1_000_000n)
  const moment = new Date(milliseconds)
  if (zone === undefined) return moment
  const fixed = /^([+-]?)(\d{2}):(\d{2})$/.exec(asText(zone))
  if (fixed !== null) {
    const minutes = Number(fixed[2]) * 60 + Number(fixed[3])
    return new Date(milliseconds + (fixed[1] === '-' ? -minutes : minutes) * 60_000)
  }
  try {
    const local = new Intl.DateTimeFormat('sv-SE', {
      timeZone: asText(zone),
      dateStyle: 'short',
      timeStyle: 'medium',
    }).format(moment)
    return new Date(Date.parse(`${local.replace(' ', 'T')}Z`) + moment.getUTCMilliseconds())
  } catch (error) {
    throw new EvaluationError(`unknown time zone ${asText(zone)}`, { cause: error })
  }
}

function part(read: (moment: Date) => number, ofDuration?: bigint): CelFunction {
  return define([1, 2], (value, zone) => {
    if (value instanceof Timestamp) return BigInt(read(inZone(value, zone)))
    if (value instanceof Duration && ofDuration !== undefined && zone === undefined) return value.nanos / ofDuration
    throw noOverload()
  })
}

export const timeMembers: Readonly<Record<string, CelFunction>> = {
  getFullYear: part((moment) => moment.getUTCFullYear()),
  getMonth: part((moment) => moment.getUTCMonth()),
  getDayOfYear: part((moment) => Math.floor((moment.getTime() - Date.UTC(moment.getUTCFullYear(), 0, 1)) / 86_400_000)),
  getDayOfMonth: part((moment) => moment.getUTCDate() - 1),
  getDate: part((moment) => moment.getUTCDate()),
  getDayOfWeek: part((moment) => moment.getUTCDay()),
  getHours: part((moment) => moment.getUTCHours(), 3_600_000_000_000n),
  getMinutes: part((moment) => moment.getUTCMinutes(), 60_000_000_000n),
  getSeconds: part((moment) => moment.getUTCSeconds(), 1_000_000_000n),
  getMilliseconds: part((moment) => moment.getUTCMilliseconds(), 1_000_000n),
}
