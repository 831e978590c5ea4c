import { describe, expect, it } from 'vitest'
import { isPercent, scaledValue } from '../src/int-or-string.ts'
import { ageText, formatMicroTime, formatTime, humanDuration, parseTime } from '../src/time.ts'

const seconds = 1000
const minutes = 60 * seconds
const hours = 60 * minutes
const days = 24 * hours

describe('durations for people', () => {
  it.each([
    [-3 * seconds, '<invalid>'],
    [-500, '0s'],
    [0, '0s'],
    [119 * seconds, '119s'],
    [2 * minutes, '2m'],
    [2 * minutes + 3 * seconds, '2m3s'],
    [10 * minutes + 59 * seconds, '10m'],
    [179 * minutes, '179m'],
    [3 * hours, '3h'],
    [3 * hours + 5 * minutes, '3h5m'],
    [8 * hours + 5 * minutes, '8h'],
    [2 * days, '2d'],
    [2 * days + 3 * hours, '2d3h'],
    [8 * days + 3 * hours, '8d'],
    [729 * days, '729d'],
    [731 * days, '2y1d'],
    [9 * 365 * days, '9y'],
  ])('%d ms is %s', (milliseconds, text) => {
    expect(humanDuration(milliseconds)).toBe(text)
  })

  it('says so where there is no time to tell an age from', () => {
    expect(ageText(undefined, 0)).toBe('<unknown>')
    expect(ageText('1970-01-01T00:00:01Z', 6000)).toBe('5s')
  })
})

describe('times', () => {
  it('writes seconds and microseconds in UTC', () => {
    expect(formatTime(1_767_323_045_678)).toBe('2026-01-02T03:04:05Z')
    expect(formatMicroTime(1_767_323_045_678)).toBe('2026-01-02T03:04:05.678000Z')
  })

  it('reads offsets and fractions and nothing but RFC 3339', () => {
    expect(parseTime('2026-01-02T04:04:05+01:00')).toBe(1_767_323_045_000)
    expect(parseTime('2026-01-02T03:04:05.678901Z')).toBe(1_767_323_045_678)
    expect(parseTime('2026-01-02')).toBeUndefined()
    expect(parseTime('2026-13-02T03:04:05Z')).toBeUndefined()
  })
})

describe('counts and percentages', () => {
  it('rounds percentages as asked', () => {
    expect(scaledValue('25%', 3, 'up')).toBe(1)
    expect(scaledValue('25%', 3, 'down')).toBe(0)
    expect(scaledValue(2, 3, 'down')).toBe(2)
    expect(() => scaledValue('two', 3, 'up')).toThrow(RangeError)
    expect(isPercent('10%')).toBe(true)
    expect(isPercent('10')).toBe(false)
  })
})
