import { createFakeClock } from '@binnacle/testing'
import { describe, expect, it } from 'vitest'
import { createLineMerger } from '../src/logs/line-merger.ts'
import { type LogLine, colourOf, compareLines, formatLine, parseLogLine } from '../src/logs/log-line.ts'

const from = { pod: 'web-1', container: 'web' }
const line = (time: string, text = ''): LogLine => ({ time, ...from, text })

it('takes a line apart into its time and its text', () => {
  expect(parseLogLine('2026-11-21T08:00:00.5Z hello  there', from)).toEqual(
    line('2026-11-21T08:00:00.5Z', 'hello  there'),
  )
  expect(parseLogLine('2026-11-21T08:00:00Z ', from).text).toBe('')
  expect(parseLogLine('no time here', from)).toEqual(line('', 'no time here'))
})

it('orders times whose trailing zeros are left out', () => {
  const times = ['2026-11-21T08:00:00.5Z', '2026-11-21T08:00:00Z', '2026-11-21T08:00:00.45Z', '2026-11-21T08:00:01Z']
  expect(
    times
      .map((time) => line(time))
      .toSorted(compareLines)
      .map(({ time }) => time),
  ).toEqual(['2026-11-21T08:00:00Z', '2026-11-21T08:00:00.45Z', '2026-11-21T08:00:00.5Z', '2026-11-21T08:00:01Z'])
})

it('puts lines of several streams in order that come within a moment, and holds none for longer', () => {
  const clock = createFakeClock()
  const said: string[][] = []
  const merger = createLineMerger((lines) => said.push(lines.map(({ text }) => text)), clock)
  merger.add([line('2026-11-21T08:00:02Z', 'b')])
  merger.add([line('2026-11-21T08:00:01Z', 'a')])
  expect(said).toEqual([])
  clock.advance(1000)
  expect(said).toEqual([['a', 'b']])
  merger.add([line('2026-11-21T08:00:00Z', 'late')])
  merger.flush()
  expect(said).toEqual([['a', 'b'], ['late']])
})

describe('a line is shown', () => {
  const format = { json: false, timestamps: false, containers: false, stream: process.stdout }
  const hello = line('2026-11-21T08:00:00Z', 'hello')

  it('with the name of its pod, always in the same colour', () => {
    expect(formatLine(hello, format)).toMatch(/web-1 │.* hello\n$/)
    expect(colourOf('web-1')).toBe(colourOf('web-1'))
  })

  it('as JSON when scripts read it', () => {
    expect(JSON.parse(formatLine(hello, { ...format, json: true }))).toEqual(hello)
  })
})
