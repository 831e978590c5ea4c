// The one switch over what a reconcile returns or throws: controller-runtime's reconcileHandler.

import { conflict } from '@binnacle/api'
import { type FakeClock, createFakeClock, settle } from '@binnacle/testing'
import { expect, test } from 'vitest'
import { type Reconciliation, type Result, TerminalError, startController } from '../src/controller.ts'

async function reconcileOnce(
  reconcile: () => Promise<Result> | Result,
): Promise<{ clock: FakeClock; errors: unknown[]; outcomes: (string | number)[] }> {
  const clock = createFakeClock()
  const errors: unknown[] = []
  const outcomes: (string | number)[] = []
  const onReconciled = ({ outcome, durationMs }: Reconciliation): void => void outcomes.push(outcome, durationMs)
  const controller = startController({
    name: 'test',
    clock,
    reconcile,
    onReconciled,
    onError: (error) => errors.push(error),
  })
  controller.enqueue('default/a')
  await settle()
  await settle()
  return { clock, errors, outcomes }
}

test('a reconcile that returns nothing is done', async () => {
  const { clock, outcomes } = await reconcileOnce(() => undefined)
  expect([clock.pending, outcomes]).toEqual([0, ['success', 0]])
})

test('requeueAfterMs of 0 means done, as RequeueAfter of 0 does upstream', async () => {
  const { clock, outcomes } = await reconcileOnce(() => ({ requeueAfterMs: 0 }))
  expect([clock.pending, outcomes]).toEqual([0, ['success', 0]])
})

test('requeueAfterMs above 0 comes again at that time', async () => {
  const { clock, outcomes } = await reconcileOnce(() => ({ requeueAfterMs: 250 }))
  expect([(clock.nextAt ?? 0) - clock.now(), outcomes]).toEqual([250, ['requeue_after', 0]])
})

test('a failure is told and tried again after the first delay', async () => {
  const fault = new Error('fault')
  const { clock, errors, outcomes } = await reconcileOnce(() => {
    throw fault
  })
  expect([(clock.nextAt ?? 0) - clock.now(), errors, outcomes]).toEqual([5, [fault], ['error', 0]])
})

test('a conflict is tried again and not told', async () => {
  const { clock, errors } = await reconcileOnce(() => {
    throw conflict({ group: '', resource: 'pods' }, 'a', 'stale')
  })
  expect([clock.pending, errors]).toEqual([1, []])
})

test('a terminal error is told and not tried again', async () => {
  const fault = new TerminalError('fault')
  const { clock, errors, outcomes } = await reconcileOnce(() => {
    throw fault
  })
  expect([clock.pending, errors, outcomes]).toEqual([0, [fault], ['terminal_error', 0]])
})
