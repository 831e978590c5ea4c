import type { Pod } from '@binnacle/api'
import { createFakeClock, type FakeClock } from '@binnacle/testing'
import { beforeEach, expect, test } from 'vitest'
import { SchedulingQueue, type QueuedPod } from './scheduling-queue.ts'

let clock: FakeClock
let queue: SchedulingQueue
let wakes: number

beforeEach(() => {
  clock = createFakeClock()
  wakes = 0
  queue = new SchedulingQueue({ clock, ready: () => void wakes++ })
})

function pod(name: string, spec: object = {}, metadata: object = {}): Pod {
  return {
    metadata: { name, namespace: 'default', uid: name, generation: 1, ...metadata },
    spec: { containers: [], ...spec },
  }
}

function pop(): QueuedPod {
  const queued = queue.pop()
  if (!queued) throw new Error('the queue is empty')
  return queued
}

test('pods come by priority, then in the order in which they came', () => {
  queue.put(pod('a'))
  queue.put(pod('high', { priority: 10 }))
  queue.put(pod('b'))
  queue.put(pod('low', { priority: -1 }))
  expect([pop(), pop(), pop(), pop()].map(({ info }) => info.uid)).toEqual(['high', 'a', 'b', 'low'])
  expect(queue.pop()).toBeUndefined()
})

test('a refused pod comes back on the events that can help it, after fresh ones', () => {
  queue.put(pod('refused'))
  queue.addUnschedulable(pop(), new Set(['node']))
  queue.moveOn('volume')
  expect(queue.size).toBe(0)
  queue.moveOn('node')
  queue.put(pod('fresh'))
  expect([pop(), pop()].map(({ info, attempts }) => [info.uid, attempts])).toEqual([
    ['fresh', 1],
    ['refused', 2],
  ])
})

test('a status update does not bring a refused pod back, a new spec or label does', () => {
  queue.put(pod('p'))
  queue.addUnschedulable(pop(), new Set())
  queue.put(pod('p', {}, { resourceVersion: '2' }))
  expect(queue.size).toBe(0)
  queue.put(pod('p', {}, { labels: { a: 'b' } }))
  expect(queue.size).toBe(1)
})

test('a refused pod is looked at again after five minutes whatever happens', () => {
  queue.put(pod('p'))
  queue.addUnschedulable(pop(), new Set())
  clock.advance(5 * 60_000)
  expect(pop().info.uid).toBe('p')
})

test('a failed bind is tried again after 1 s, 2 s, … 10 s', () => {
  queue.put(pod('p'))
  const waits: number[] = []
  for (let attempt = 0; attempt < 6; attempt++) {
    queue.addFailed(pop())
    const before = clock.now()
    clock.next()
    waits.push(clock.now() - before)
  }
  expect(waits).toEqual([1000, 2000, 4000, 8000, 10_000, 10_000])
})

test('a gated pod is not popped before its gates are gone', () => {
  queue.put(pod('p', { schedulingGates: [{ name: 'example.com/wait' }] }))
  expect([queue.size, wakes]).toEqual([0, 0])
  queue.put(pod('p', { schedulingGates: [] }, { generation: 2 }))
  expect(pop().info.uid).toBe('p')
})

test('a deleted pod is nowhere any more', () => {
  for (const name of ['active', 'refused', 'failed']) queue.put(pod(name))
  const [, refused, failed] = [pop(), pop(), pop()]
  queue.put(pod('active'))
  queue.addUnschedulable(refused, new Set(['node']))
  queue.addFailed(failed)
  for (const name of ['active', 'refused', 'failed']) queue.remove(name)
  queue.moveOn('node')
  clock.advance(20_000)
  expect(queue.size).toBe(0)
})
