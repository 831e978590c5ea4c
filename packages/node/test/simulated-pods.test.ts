import { type Pod, systemClock } from '@binnacle/api'
import { expect, test } from 'vitest'
import { createSimulatedRuntime } from '../src/index.ts'
import { conditionOf, podOf, startFixture } from './fixture.ts'

test('a thousand simulated pods are Running and Ready after one status write each, and go with one delete each', async () => {
  await using fixture = await startFixture({ runtime: createSimulatedRuntime({ clock: systemClock }) })
  const names = Array.from({ length: 1000 }, (_, index) => `pod-${index}`)
  fixture.api.writes.length = 0
  for (const name of names) fixture.api.put('pods', podOf(name, { containers: [{ name: 'main', image: 'any:v1' }] }))
  await fixture.api.until(() => fixture.api.list<Pod>('pods').every((pod) => conditionOf(pod, 'Ready') === 'True'))
  expect(fixture.api.writes).toHaveLength(1000)
  fixture.api.writes.length = 0
  for (const name of names) fixture.api.deletePod(`default/${name}`, 30)
  await fixture.api.until(() => fixture.api.list('pods').length === 0)
  expect(fixture.api.writes).toHaveLength(1000)
})
