import type { Unstructured } from '@binnacle/api'
import { describe, expect, it } from 'vitest'
import { statusOf } from '../src/status.ts'

function waitingPod(reason: string, message: string): Unstructured {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web-1', namespace: 'shop' },
    status: {
      phase: 'Running',
      containerStatuses: [
        {
          name: 'web',
          restartCount: 2,
          state: { waiting: { reason, message } },
          lastState: { terminated: { exitCode: 3 } },
        },
      ],
    },
  }
}

describe('a resource of ours', () => {
  const service = (reason: string, readyReplicas = 0): Unstructured => ({
    apiVersion: 'binnacle.dev/v1alpha1',
    kind: 'Microservice',
    metadata: { name: 'web', generation: 1 },
    status: { readyReplicas, conditions: [{ type: 'Ready', status: 'False', reason, observedGeneration: 1 }] },
  })

  it('that waits for what was just made beside it is starting, not failed', () => {
    expect(statusOf(service('BindingPending'))).toMatchObject({ state: 'progressing', reason: 'BindingPending' })
    expect(statusOf(service('UsePending', 1)).state).toBe('progressing')
  })

  it('that lacks something is failed, or degraded where it still runs', () => {
    expect(statusOf(service('BindingUnresolved')).state).toBe('failed')
    expect(statusOf(service('BindingUnresolved', 1)).state).toBe('degraded')
  })
})

describe('the trouble of a pod', () => {
  it('is how a program ended where the cluster only says that it backs off', () => {
    const pod = waitingPod('CrashLoopBackOff', 'back-off 40s restarting failed container=web pod=web-1_shop(1)')
    expect(statusOf(pod).message).toBe('container web was started 3 times: it ended with 3')
  })

  it('is the cause where the cluster says one', () => {
    const pod = waitingPod(
      'PortConflict',
      'port 8080 of this machine is in use; back-off 5m0s restarting failed container=web pod=web-1_shop(1)',
    )
    expect(statusOf(pod)).toMatchObject({ reason: 'PortConflict', message: 'port 8080 of this machine is in use' })
  })
})
