// The guarantees that client-go's util/workqueue documents, on a clock that only the test moves.

import { createFakeClock, type FakeClock } from '@binnacle/testing'
import { describe, expect, test } from 'vitest'
import { WorkQueue } from './work-queue.ts'

function createQueue(): { queue: WorkQueue; clock: FakeClock } {
  const clock = createFakeClock()
  return { queue: new WorkQueue({ clock, onAdded: () => undefined }), clock }
}

describe('a work queue', () => {
  test('hands keys out in the order of their arrival', () => {
    const { queue } = createQueue()
    for (const key of ['a', 'b', 'c']) queue.add(key)
    expect([queue.take(), queue.take(), queue.take(), queue.take()]).toEqual(['a', 'b', 'c', undefined])
  })

  test('hands out once what was added twice before it was taken', () => {
    const { queue } = createQueue()
    queue.add('a')
    queue.add('a')
    expect([queue.take(), queue.take()]).toEqual(['a', undefined])
  })

  test('gives a key that is worked on to no second worker, but again when the work is done', () => {
    const { queue } = createQueue()
    queue.add('a')
    queue.take()
    queue.add('a')
    expect(queue.take()).toBeUndefined()
    queue.done('a')
    expect(queue.take()).toBe('a')
  })

  test('does not bring a key back that nobody added during the work', () => {
    const { queue } = createQueue()
    queue.add('a')
    queue.take()
    queue.done('a')
    expect(queue.take()).toBeUndefined()
  })

  test('adds a delayed key when its time has come and not before', () => {
    const { queue, clock } = createQueue()
    queue.addAfter('a', 100)
    clock.advance(99)
    expect(queue.length).toBe(0)
    clock.advance(1)
    expect(queue.take()).toBe('a')
  })

  test('keeps the earlier of two delays of one key', () => {
    const { queue, clock } = createQueue()
    queue.addAfter('a', 100)
    queue.addAfter('a', 10)
    queue.addAfter('a', 1000)
    clock.advance(10)
    expect(queue.take()).toBe('a')
    expect(clock.pending).toBe(0)
  })

  test('doubles the delay for each failure from 5 ms up to 1000 s, and starts again when told to forget', () => {
    const { queue, clock } = createQueue()
    const nextDelay = (): number => {
      queue.addRateLimited('a')
      const delay = (clock.nextAt ?? Number.NaN) - clock.now()
      clock.next()
      queue.take()
      queue.done('a')
      return delay
    }
    expect([nextDelay(), nextDelay(), nextDelay()]).toEqual([5, 10, 20])
    for (let failure = 3; failure < 20; failure++) nextDelay()
    expect(nextDelay()).toBe(1_000_000)
    queue.forget('a')
    expect(nextDelay()).toBe(5)
  })

  test('drops what waits and takes nothing more once it is closed', () => {
    const { queue, clock } = createQueue()
    queue.add('a')
    queue.addAfter('b', 10)
    queue.close()
    queue.add('c')
    expect(queue.take()).toBeUndefined()
    expect(clock.pending).toBe(0)
  })
})
