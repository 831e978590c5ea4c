// Texts: cel-go's standard functions and its ext/strings, and Kubernetes' regular expressions. Those run in linear time:
// patterns come from whoever may make a definition, texts from whoever may use it.

import { RE2JS } from 're2js'
import { type CelFunction, asIndex, asList, asText, define, noOverload } from './function.ts'
import { type Budget, Duration, EvaluationError, Timestamp, UInt, isMap, mapEntries, typeName } from './values.ts'
import { durationText, timestampText } from './time-library.ts'

const programs = new Map<string, RE2JS>()

function programOf(pattern: string): RE2JS {
  let program = programs.get(pattern)
  if (program !== undefined) return program
  try {
    program = RE2JS.compile(pattern)
  } catch (error) {
    throw new EvaluationError(`error parsing regexp: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    })
  }
  // Patterns may be made from values: the memory of them is bounded.
  if (programs.size >= 1000) programs.clear()
  programs.set(pattern, program)
  return program
}

/** As upstream reckons it: the length of the text by that of the pattern. */
function spendOnMatch(text: string, pattern: string, budget: Budget): void {
  budget.spend((1 + text.length / 10) * (1 + pattern.length / 4))
}

function matches(value: unknown, given: unknown, _: unknown, budget: Budget): boolean {
  const text = asText(value)
  const pattern = asText(given)
  spendOnMatch(text, pattern, budget)
  return programOf(pattern).matcher(text).find()
}

function findAll(value: unknown, given: unknown, limit: number, budget: Budget): string[] {
  const text = asText(value)
  const pattern = asText(given)
  spendOnMatch(text, pattern, budget)
  const matcher = programOf(pattern).matcher(text)
  const found: string[] = []
  for (let left = limit; left !== 0 && matcher.find(); left--) found.push(matcher.group() ?? '')
  return found
}

/** Code points; texts of which all are single units are indexed as they are. */
function points(text: string, budget: Budget): readonly string[] {
  budget.spend(text.length / 10)
  return Array.from(text)
}

function indexOf(value: unknown, part: unknown, from: unknown, budget: Budget): bigint {
  const all = points(asText(value), budget)
  const wanted = points(asText(part), budget)
  const start = from === undefined ? 0 : asIndex(from)
  if (start < 0 || start > all.length) throw new EvaluationError(`index out of range: ${start}`)
  const before = all.slice(0, start).join('').length
  const found = all.join('').indexOf(wanted.join(''), before)
  return found < 0 ? -1n : BigInt(Array.from(all.join('').slice(0, found)).length)
}

function lastIndexOf(value: unknown, part: unknown, from: unknown, budget: Budget): bigint {
  const all = points(asText(value), budget)
  const start = from === undefined ? all.length : asIndex(from)
  if (start < 0 || start > all.length) throw new EvaluationError(`index out of range: ${start}`)
  const text = all.join('')
  const found = text.lastIndexOf(asText(part), all.slice(0, start).join('').length)
  return found < 0 ? -1n : BigInt(Array.from(text.slice(0, found)).length)
}

function replace(value: unknown, from: unknown, to: unknown, budget: Budget, limit: unknown): string {
  const text = asText(value)
  const pieces = text.split(asText(from))
  const count =
    limit === undefined || asIndex(limit) < 0 ? pieces.length - 1 : Math.min(asIndex(limit), pieces.length - 1)
  budget.spend((text.length + count * asText(to).length) / 10 + count)
  const replaced = pieces.slice(0, count + 1).join(asText(to))
  return [replaced, ...pieces.slice(count + 1)].join(asText(from))
}

function split(value: unknown, separator: unknown, limit: unknown, budget: Budget): string[] {
  const text = asText(value)
  budget.spend(1 + text.length / 10)
  const most = limit === undefined ? -1 : asIndex(limit)
  if (most === 0) return []
  const pieces = asText(separator) === '' ? Array.from(text) : text.split(asText(separator))
  if (most < 0 || pieces.length <= most) return pieces
  return [...pieces.slice(0, most - 1), pieces.slice(most - 1).join(asText(separator))]
}

function substring(value: unknown, from: unknown, to: unknown, budget: Budget): string {
  const all = points(asText(value), budget)
  const start = asIndex(from)
  const end = to === undefined ? all.length : asIndex(to)
  if (start < 0 || start > all.length) throw new EvaluationError(`index out of range: ${start}`)
  if (end < 0 || end > all.length) throw new EvaluationError(`index out of range: ${end}`)
  if (start > end) throw new EvaluationError(`invalid substring range. start: ${start}, end: ${end}`)
  return all.slice(start, end).join('')
}

function shown(value: unknown): string {
  if (typeof value === 'string') return value
  if (value === null) return 'null'
  if (typeof value === 'bigint' || typeof value === 'boolean') return String(value)
  if (typeof value === 'number') return doubleText(value)
  if (value instanceof UInt) return String(value.value)
  if (value instanceof Uint8Array) return new TextDecoder().decode(value)
  if (value instanceof Timestamp) return timestampText(value)
  if (value instanceof Duration) return durationText(value)
  if (Array.isArray(value)) return `[${value.map(shown).join(', ')}]`
  if (isMap(value)) {
    const entries = mapEntries(value).map(([key, member]) => `${shown(key)}: ${shown(member)}`)
    return `{${entries.sort().join(', ')}}`
  }
  return typeName(value)
}

function doubleText(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf'
  return String(value)
}

/** `string()`: what has one text only. */
export function toText(value: unknown): string {
  if (Array.isArray(value) || value === null || isMap(value)) throw noOverload()
  return shown(value)
}

function format(value: unknown, given: unknown, _: unknown, budget: Budget): string {
  const args = [...asList(given)]
  const text = asText(value).replaceAll(
    /%(?:%|(?:\.(\d+))?([a-zA-Z]))/g,
    (whole, precision: string | undefined, verb: string) => {
      if (whole === '%%') return '%'
      if (args.length === 0) throw new EvaluationError(`index ${asList(given).length} out of range`)
      return formatOne(args.shift(), verb, precision === undefined ? undefined : Math.min(Number(precision), 100))
    },
  )
  budget.spend(1 + text.length / 10)
  return text
}

function formatOne(value: unknown, verb: string, precision: number | undefined): string {
  const whole = value instanceof UInt ? value.value : value
  switch (verb) {
    case 's':
      return shown(value)
    case 'd':
      if (typeof whole === 'bigint' || typeof whole === 'number') return shown(whole)
      break
    case 'f':
      if (typeof whole === 'number' || typeof whole === 'bigint') return Number(whole).toFixed(precision ?? 6)
      break
    case 'e':
      if (typeof whole === 'number') return whole.toExponential(precision ?? 6).replace(/e([+-])(\d)$/, 'e$10$2')
      break
    case 'b':
      if (typeof whole === 'bigint') return whole.toString(2)
      if (typeof whole === 'boolean') return whole ? '1' : '0'
      break
    case 'o':
      if (typeof whole === 'bigint') return whole.toString(8)
      break
    case 'x':
    case 'X': {
      const bytes = typeof value === 'string' ? Buffer.from(value) : value
      const hex =
        typeof whole === 'bigint'
          ? whole.toString(16)
          : bytes instanceof Uint8Array
            ? Buffer.from(bytes).toString('hex')
            : undefined
      if (hex !== undefined) return verb === 'X' ? hex.toUpperCase() : hex
      break
    }
  }
  throw new EvaluationError(`error during formatting: unrecognized formatting clause "${verb}" for ${typeName(value)}`)
}

function quote(value: unknown): string {
  const special: Readonly<Record<string, string>> = {
    '\u0007': '\\a',
    '\b': '\\b',
    '\f': '\\f',
    '\n': '\\n',
    '\r': '\\r',
    '\t': '\\t',
    '\v': '\\v',
    '\\': '\\\\',
    '"': '\\"',
  }
  // oxlint-disable-next-line no-control-regex -- these are what is quoted
  return `"${asText(value).replaceAll(/[\u0007\b\f\n\r\t\v\\"]/g, (letter) => special[letter] ?? letter)}"`
}

function join(value: unknown, separator: unknown, _: unknown, budget: Budget): string {
  const text = asList(value)
    .map(asText)
    .join(separator === undefined ? '' : asText(separator))
  budget.spend(1 + text.length / 10)
  return text
}

export const stringGlobals: Readonly<Record<string, CelFunction>> = {
  matches: define([2], matches),
  'strings.quote': define([1], quote),
}

export const stringMembers: Readonly<Record<string, CelFunction>> = {
  contains: define([2], (value, part, _, budget) => {
    budget.spend(asText(value).length / 10)
    return asText(value).includes(asText(part))
  }),
  startsWith: define([2], (value, part) => asText(value).startsWith(asText(part))),
  endsWith: define([2], (value, part) => asText(value).endsWith(asText(part))),
  matches: define([2], matches),
  find: define([2], (value, pattern, _, budget) => findAll(value, pattern, 1, budget)[0] ?? ''),
  findAll: define([2, 3], (value, pattern, limit, budget) =>
    findAll(value, pattern, limit === undefined ? -1 : asIndex(limit), budget),
  ),
  charAt: define([2], (value, index, _, budget) => {
    const all = points(asText(value), budget)
    const at = asIndex(index)
    if (at < 0 || at > all.length) throw new EvaluationError(`index out of range: ${at}`)
    return all[at] ?? ''
  }),
  indexOf: define([2, 3], indexOf),
  lastIndexOf: define([2, 3], lastIndexOf),
  lowerAscii: define([1], (value) => asText(value).replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase())),
  upperAscii: define([1], (value) => asText(value).replaceAll(/[a-z]+/g, (letters) => letters.toUpperCase())),
  trim: define([1], (value) => asText(value).trim()),
  replace: define([3, 4], replace),
  split: define([2, 3], split),
  substring: define([2, 3], substring),
  format: define([2], format),
  join: define([1, 2], join),
}
