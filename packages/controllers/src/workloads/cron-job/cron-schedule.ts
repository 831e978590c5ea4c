// When a CronJob's schedule comes round: the five fields of cron, the @ words and @every, in a time zone. croner reads
// the fields; its own extensions (seconds, years, L, W, #) are not let through, and the walk over the calendar is
// robfig/cron's: a local time that a clock change skips does not come round, one that it repeats comes round twice.
// Upstream: k8s.io/kubernetes/pkg/util/parsers and github.com/robfig/cron/v3 spec.go.

import { CronPattern } from 'croner'

export interface CronSchedule {
  /** The first time after `after`, both in milliseconds since the epoch; undefined where there is none in five years. */
  next(after: number): number | undefined
}

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs
const horizonYears = 5

const words: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
}

/** Names, numbers, lists, ranges and steps; nothing of what croner adds to cron. */
const field = /^(?:[\d*?,/-]|[A-Za-z]{3}(?![A-Za-z]))+$/

/** Throws an Error that says what is wrong with the text or the zone. */
export function parseSchedule(text: string, timeZone?: string): CronSchedule {
  const zoned = /^(?:CRON_)?TZ=(\S+)\s+(.*)$/.exec(text.trim())
  const [zone, spec] = zoned === null ? [timeZone ?? 'UTC', text.trim()] : [zoned[1] ?? '', zoned[2] ?? '']
  const every = /^@every\s+(\S+)$/.exec(spec)
  if (every !== null) return everySchedule(every[1] ?? '')
  if (spec.startsWith('@') && words[spec] === undefined) throw new Error(`unrecognized descriptor: ${spec}`)
  const fields = (words[spec] ?? spec).split(/\s+/)
  if (fields.length !== 5) throw new Error(`expected exactly 5 fields, found ${fields.length}: [${fields.join(' ')}]`)
  for (const part of fields) if (!field.test(part)) throw new Error(`failed to parse int from ${part}`)
  const pattern = new CronPattern(fields.map(bySteps).join(' ').replaceAll('?', '*'), undefined, { mode: '5-part' })
  const isDayFree = [fields[2], fields[4]].some((part) =>
    part?.split(',').some((range) => /^[*?](?:\/1)?$/.test(range)),
  )
  return new FieldSchedule(pattern, isDayFree, localTimeOf(zone))
}

/** `5/15` runs to the end of the range in cron; croner wants that spelt out. */
function bySteps(part: string, position: number): string {
  const last = [59, 23, 31, 12, 6][position]
  return part.replaceAll(/(^|,)(\d+)\/(\d+)/g, `$1$2-${last}/$3`)
}

function everySchedule(text: string): CronSchedule {
  const units: Readonly<Record<string, number>> = { h: hourMs, m: minuteMs, s: 1000, ms: 1 }
  if (!/^(?:\d+(?:\.\d+)?(?:h|ms|m|s))+$/.test(text)) throw new Error(`failed to parse duration @every ${text}`)
  let period = 0
  for (const [, count, unit = ''] of text.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|s)/g))
    period += Number(count) * (units[unit] ?? 0)
  const whole = Math.max(1000, Math.floor(period / 1000) * 1000)
  return { next: (after) => Math.floor(after / 1000) * 1000 + whole }
}

/** Local time, written as the UTC milliseconds that have the same calendar date and clock. */
type LocalTime = (at: number) => number

function localTimeOf(zone: string): LocalTime {
  if (zone === 'UTC' || zone === 'Etc/UTC') return (at) => at
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    calendar: 'iso8601',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  })
  return (at) => {
    const parts = new Map(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]))
    const part = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0
    return Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'))
  }
}

class FieldSchedule implements CronSchedule {
  readonly #pattern: CronPattern
  /** One of the two fields for days is free, so that both must match; else either of them is enough. */
  readonly #isDayFree: boolean
  readonly #localTime: LocalTime

  constructor(pattern: CronPattern, isDayFree: boolean, localTime: LocalTime) {
    this.#pattern = pattern
    this.#isDayFree = isDayFree
    this.#localTime = localTime
  }

  next(after: number): number | undefined {
    let at = Math.floor(after / minuteMs) * minuteMs + minuteMs
    const end = after + (horizonYears + 1) * 366 * dayMs
    while (at < end) {
      const local = new Date(this.#localTime(at))
      if (!this.#isDay(local)) {
        // To the last hour before local midnight at most: the day may be shorter or longer than 24 hours.
        const left = dayMs - (local.getTime() % dayMs)
        at += left > 3 * hourMs ? left - 2 * hourMs : minuteMs * 15 - (local.getTime() % (15 * minuteMs))
      } else if (!this.#pattern.hour[local.getUTCHours()]) {
        // Zones differ from UTC, and clocks change, by whole quarters of an hour.
        at += 15 * minuteMs - (local.getTime() % (15 * minuteMs))
      } else if (!this.#pattern.minute[local.getUTCMinutes()]) {
        at += minuteMs
      } else return at
    }
    return undefined
  }

  #isDay(local: Date): boolean {
    const { month, day, dayOfWeek } = this.#pattern
    if (!month[local.getUTCMonth()]) return false
    const isDayOfMonth = Boolean(day[local.getUTCDate() - 1])
    const isDayOfWeek = Boolean(dayOfWeek[local.getUTCDay()])
    return this.#isDayFree ? isDayOfMonth && isDayOfWeek : isDayOfMonth || isDayOfWeek
  }
}
