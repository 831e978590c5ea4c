import { Writable } from 'node:stream'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { FrameQueue } from '../../src/http/frame-queue.ts'

interface Client {
  out: Writable
  received: Buffer[]
  /** Takes what was written last; nothing more comes before. */
  read: () => void
}

function clientOf(reads: 'at once' | 'when told'): Client {
  const received: Buffer[] = []
  let take: () => void = () => undefined
  const out = new Writable({
    write(chunk: Buffer, _encoding, done) {
      received.push(chunk)
      if (reads === 'at once') done()
      else take = done
    },
  })
  out.on('error', () => undefined)
  return { out, received, read: () => take() }
}

const mebibyte = Buffer.alloc(1024 * 1024)

it('sends what comes in one turn in one write, in order, and ends after it', async () => {
  const { out, received } = clientOf('at once')
  const queue = new FrameQueue(out, () => undefined)
  for (const text of ['a', 'b', 'c']) queue.push(text === 'b' ? () => Buffer.from(text) : Buffer.from(text))
  queue.end()
  await nextTurn()
  expect(received.map(String)).toEqual(['abc'])
  expect(out.writableEnded).toBe(true)
})

it('encodes a large state only as fast as it is read', async () => {
  const { out, received, read } = clientOf('when told')
  const queue = new FrameQueue(out, () => undefined)
  let encoded = 0
  const count = 200
  for (let index = 0; index < count; index++) {
    queue.push(() => {
      encoded++
      return mebibyte
    })
  }
  await nextTurn()
  expect(encoded).toBeLessThan(3)
  while (received.length < count) {
    read()
    await nextTurn()
  }
  expect(encoded).toBe(count)
})

it('cuts off a client that lets too much wait', async () => {
  const { out } = clientOf('when told')
  let overflows = 0
  const queue = new FrameQueue(out, () => overflows++)
  for (let index = 0; index < 70 && !out.destroyed; index++) {
    queue.push(mebibyte)
    await nextTurn()
  }
  expect([out.destroyed, overflows]).toEqual([true, 1])
})
