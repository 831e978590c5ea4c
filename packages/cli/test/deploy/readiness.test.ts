import type { Pod } from '@binnacle/api'
import { describe, expect, it } from 'vitest'
import { readinessOf, troubleOf } from '../../src/deploy/readiness.ts'

const apiVersion = 'binnacle.dev/v1alpha1'
const ready = (status: string, reason: string, observedGeneration: number): object => ({
  type: 'Ready',
  status,
  reason,
  message: 'because',
  observedGeneration,
  lastTransitionTime: '',
})

describe('a resource of ours', () => {
  const service = (condition: object): Parameters<typeof readinessOf>[0] =>
    ({
      apiVersion,
      kind: 'Microservice',
      metadata: { name: 'web', generation: 2 },
      status: { conditions: [condition], replicas: 2, readyReplicas: 2 },
    }) as Parameters<typeof readinessOf>[0]

  it('is ready when its controller says so of the newest spec', () => {
    expect(readinessOf(service(ready('True', 'Available', 2)))).toEqual({ state: 'ready', text: '2/2' })
    expect(readinessOf(service(ready('True', 'Available', 1))).state).toBe('waiting')
  })

  it('is stuck where something must be done', () => {
    expect(readinessOf(service(ready('False', 'UseUnresolved', 2)))).toEqual({
      state: 'stuck',
      text: 'UseUnresolved: because',
    })
    expect(readinessOf(service(ready('False', 'RollingOut', 2))).state).toBe('waiting')
  })
})

describe('a Deployment', () => {
  const deployment = (status: object): Parameters<typeof readinessOf>[0] =>
    ({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web', generation: 3 },
      spec: { replicas: 2 },
      status: { observedGeneration: 3, ...status },
    }) as Parameters<typeof readinessOf>[0]

  it.each([
    [{ observedGeneration: 2, updatedReplicas: 2, replicas: 2, availableReplicas: 2 }, 'waiting'],
    [{ updatedReplicas: 1, replicas: 2, availableReplicas: 2 }, 'waiting'],
    [{ updatedReplicas: 2, replicas: 3, availableReplicas: 3 }, 'waiting'],
    [{ updatedReplicas: 2, replicas: 2, availableReplicas: 1 }, 'waiting'],
    [{ updatedReplicas: 2, replicas: 2, availableReplicas: 2 }, 'ready'],
    [{ conditions: [{ type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded' }] }, 'failed'],
  ])('with %j is %s', (status, state) => {
    expect(readinessOf(deployment(status)).state).toBe(state)
  })
})

it('names the container that keeps a pod from running, with its reason', () => {
  const waiting = { reason: 'CrashLoopBackOff', message: 'back-off 10s' }
  const status = {
    containerStatuses: [{ name: 'web', state: { waiting }, lastState: { terminated: { exitCode: 3 } } }],
  }
  expect(troubleOf({ metadata: { name: 'web-1' }, status } as Pod)).toEqual({
    text: 'pod web-1: container web: CrashLoopBackOff (last exit code 3): back-off 10s',
    stuck: true,
  })
})
