// Times as Go writes them where a CronJob shows them.

/** RFC 3339 with the zone's offset at that time, and Z for none. */
export function rfc3339In(timeZone: string, at: number): string {
  const parts = new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' }).formatToParts(at)
  const text = parts.find(({ type }) => type === 'timeZoneName')?.value ?? 'GMT'
  const [, sign = '+', hours = '00', minutes = '00'] = /^GMT([+-])(\d{2}):(\d{2})/.exec(text) ?? []
  const offset = (Number(hours) * 60 + Number(minutes)) * 60_000 * (sign === '-' ? -1 : 1)
  const local = new Date(at + offset).toISOString().slice(0, 19)
  return offset === 0 ? `${local}Z` : `${local}${sign}${hours}:${minutes}`
}

/** `Mon, 02 Jan 2006 15:04:05 +0000` (time.RFC1123Z). */
export function rfc1123(at: number): string {
  return new Date(at).toUTCString().replace('GMT', '+0000')
}
