import { type Container, systemClock } from '@binnacle/api'
import { createFakeClock } from '@binnacle/testing'
import { expect, test } from 'vitest'
import { BackOff, goDuration } from '../src/pods/back-off.ts'
import { findImage } from '../src/pods/image-lookup.ts'
import { newManagedContainer } from '../src/pods/managed-container.ts'

test('waits double from ten seconds to five minutes', () => {
  const backOff = new BackOff(systemClock)
  const waits = Array.from({ length: 7 }, () => {
    backOff.grow()
    return goDuration(backOff.delayMs)
  })
  expect(waits).toEqual(['10s', '20s', '40s', '1m20s', '2m40s', '5m0s', '5m0s'])
})

test('a missing image is pulled again after 10 s, then 20 s, and found as soon as it is there', async () => {
  const clock = createFakeClock()
  const managed = newManagedContainer(clock)
  const container: Container = { name: 'main', image: 'web:v1' }
  const said: string[] = []
  let isThere = false
  const look = (): ReturnType<typeof findImage> =>
    findImage({
      images: {
        resolve: () =>
          Promise.resolve(isThere ? { digest: 'sha256:1', config: {}, rootfs: () => Promise.resolve('/') } : undefined),
      },
      now: clock.now(),
      container,
      managed,
      say: (_type, reason) => said.push(reason),
    })
  const reasons: (string | undefined)[] = []
  for (let second = 0; second <= 30; second += 2) {
    expect(await look()).toBeUndefined()
    reasons.push(managed.waiting?.reason)
    clock.advance(2000)
  }
  const pulls = reasons.flatMap((reason, index) => (reason === 'ErrImagePull' ? [index * 2] : []))
  expect(pulls).toEqual([0, 10, 30])
  expect(reasons.filter((reason) => reason === 'ImagePullBackOff')).toHaveLength(13)
  expect(said.filter((reason) => reason === 'BackOff')).toHaveLength(2)
  isThere = true
  expect(await look()).toMatchObject({ digest: 'sha256:1' })
  expect(said.at(-1)).toBe('Pulled')
  expect(managed.pulls.leftMs).toBe(0)
})
