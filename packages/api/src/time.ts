// Points in time as the API writes them (RFC 3339, UTC, seconds or microseconds) and durations as kubectl shows them.

/** metav1.Time: `2026-01-02T03:04:05Z`. */
export function formatTime(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 19)}Z`
}

/** metav1.MicroTime: `2026-01-02T03:04:05.000000Z`. */
export function formatMicroTime(milliseconds: number): string {
  const microseconds = Math.floor(milliseconds * 1000)
  const whole = Math.floor(microseconds / 1_000_000)
  return `${formatTime(whole * 1000).slice(0, -1)}.${String(microseconds - whole * 1_000_000).padStart(6, '0')}Z`
}

const rfc3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}([.,]\d+)?(Z|[+-]\d{2}:\d{2})$/

/** Milliseconds since the epoch; undefined for what RFC 3339 does not allow. */
export function parseTime(text: string): number | undefined {
  if (!rfc3339.test(text)) return undefined
  const milliseconds = Date.parse(text.replace(',', '.'))
  return Number.isNaN(milliseconds) ? undefined : milliseconds
}

const second = 1000
const minute = 60 * second
const hour = 60 * minute

/** Two or three significant figures: `45s`, `4m10s`, `2d3h` (apimachinery duration.HumanDuration). */
export function humanDuration(milliseconds: number): string {
  const seconds = Math.trunc(milliseconds / second)
  if (seconds < -1) return '<invalid>'
  if (seconds < 0) return '0s'
  if (seconds < 120) return `${seconds}s`
  const minutes = Math.trunc(milliseconds / minute)
  if (minutes < 10) return pair(minutes, 'm', seconds % 60, 's')
  if (minutes < 180) return `${minutes}m`
  const hours = Math.trunc(milliseconds / hour)
  if (hours < 8) return pair(hours, 'h', minutes % 60, 'm')
  if (hours < 48) return `${hours}h`
  const days = Math.trunc(hours / 24)
  if (hours < 24 * 8) return pair(days, 'd', hours % 24, 'h')
  if (hours < 24 * 365 * 2) return `${days}d`
  const years = Math.trunc(days / 365)
  if (hours < 24 * 365 * 8) return pair(years, 'y', days % 365, 'd')
  return `${years}y`
}

function pair(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large}${largeUnit}` : `${large}${largeUnit}${small}${smallUnit}`
}

/** The age of a timestamp at `now`, or `<unknown>` where there is none (printers' translateTimestampSince). */
export function ageText(timestamp: string | undefined, now: number): string {
  const then = timestamp === undefined ? undefined : parseTime(timestamp)
  return then === undefined ? '<unknown>' : humanDuration(now - then)
}
