import { expect, test } from 'vitest'
import { createFakeClock, deepFrozen, unfrozenPath } from '../src/index.ts'

test('timers run in the order of their times, each at its own time, and those set meanwhile too', () => {
  const clock = createFakeClock(1000)
  const ran: string[] = []
  const note = (name: string) => (): void => void ran.push(`${name}@${clock.now()}`)
  clock.after(20, note('late'))
  clock.after(10, () => {
    note('early')()
    clock.after(5, note('set by early'))
    clock.after(50, note('beyond'))
  })
  clock.after(20, note('late too'))
  const cancel = clock.after(15, note('never'))
  cancel()
  clock.advance(30)
  expect(ran).toEqual(['early@1010', 'set by early@1015', 'late@1020', 'late too@1020'])
  expect([clock.now(), clock.pending, clock.nextAt]).toEqual([1030, 1, 1060])
  expect([clock.next(), clock.next()]).toEqual([true, false])
  expect(clock.now()).toBe(1060)
})

test('promises that a timer leads to settle before the next timer runs', async () => {
  const clock = createFakeClock()
  let rounds = 0
  const loop = async (): Promise<void> => {
    for (;;) {
      await new Promise<void>((resolve) => clock.after(10, resolve))
      rounds++
    }
  }
  void loop()
  await clock.advanceAsync(100)
  expect(rounds).toBe(10)
})

test('frozen fixtures are frozen to the last leaf, and a part that is not is named', () => {
  expect(unfrozenPath(deepFrozen({ a: [{ b: {} }] }))).toBeUndefined()
  expect(unfrozenPath(Object.freeze({ metadata: Object.freeze({ labels: {} }) }))).toBe('.metadata.labels')
})
