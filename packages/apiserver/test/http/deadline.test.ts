import { createFakeClock } from '@binnacle/testing'
import { expect, it } from 'vitest'
import { requestTimeoutMs, withinTime } from '../../src/http/deadline.ts'

it.each([
  ['', 60_000],
  ['30s', 30_000],
  ['1m0s', 60_000],
  ['1m30s', 60_000],
  ['250ms', 250],
  ['0', 60_000],
])('reads the duration %j', (text, expected) => {
  expect(requestTimeoutMs(new URLSearchParams({ timeout: text }))).toBe(expected)
})

it('refuses what is no duration', () => {
  expect(() => requestTimeoutMs(new URLSearchParams({ timeout: 'soon' }))).toThrow(
    'invalid timeout specified in the request URL',
  )
})

it('gives up on work that takes too long', async () => {
  const clock = createFakeClock()
  const never = withinTime(new Promise(() => undefined), 1000, clock)
  clock.advance(1000)
  await expect(never).rejects.toMatchObject({ code: 504, reason: 'Timeout' })
  expect(await withinTime(Promise.resolve('done'), 1000, clock)).toBe('done')
  expect(clock.pending).toBe(0)
})
