// pods/eviction: a delete that asks the PodDisruptionBudgets first. Upstream: pkg/registry/core/pod/storage/eviction.go.

import {
  type Eviction,
  type KubeObject,
  type Pod,
  type PodDisruptionBudget,
  type UserInfo,
  badRequest,
  conflict,
  failure,
  formatTime,
  labelSelectorMatches,
  notFound,
  staleObject,
} from '@binnacle/api'
import type { SubresourceCall } from '../strategy.ts'
import { success } from './status-success.ts'
import { readObject, writeObject } from './write-object.ts'

/** More than this many unconfirmed disruptions mean that the controller does not run (MaxDisruptedPodSize). */
const maxDisruptedPods = 2000

const evictor: UserInfo = { username: 'system:apiserver', groups: ['system:masters'] }
const budgets = { group: 'policy', resource: 'poddisruptionbudgets' }

export async function evict(asked: SubresourceCall): Promise<KubeObject> {
  const eviction = asked.request.body as Eviction
  // kubectl drain asks for a dry run in the body (propagateDryRun).
  const call = { ...asked, dryRun: asked.dryRun || (eviction.deleteOptions?.dryRun ?? []).length > 0 }
  const named = eviction.metadata?.name ?? ''
  if (named !== '' && named !== call.name) throw badRequest('name in URL does not match name in Eviction object: spec')
  const pod = readObject<Pod>(call)
  if (!goesWithoutAsking(pod)) await askBudget(pod, call)
  await mark(call)
  const { gracePeriodSeconds, propagationPolicy, preconditions } = eviction.deleteOptions ?? {}
  const request = {
    verb: 'delete',
    group: '',
    version: 'v1',
    resource: 'pods',
    namespace: call.namespace ?? '',
    name: call.name,
    options: {
      ...(gracePeriodSeconds == null ? {} : { gracePeriodSeconds }),
      ...(propagationPolicy == null ? {} : { propagationPolicy: propagationPolicy as 'Background' }),
      preconditions: {
        ...(pod.metadata.uid === undefined ? {} : { uid: pod.metadata.uid }),
        ...dropUnset(preconditions),
      },
      ...(call.dryRun ? { dryRun: ['All'] } : {}),
    },
  } as const
  await call.backend.dispatch(request, evictor)
  return success()
}

function dropUnset(preconditions: { uid?: string | undefined; resourceVersion?: string | undefined } | undefined): {
  uid?: string
  resourceVersion?: string
} {
  const { uid, resourceVersion } = preconditions ?? {}
  return { ...(uid ? { uid } : {}), ...(resourceVersion ? { resourceVersion } : {}) }
}

/** canIgnorePDB: what has ended, not begun or is going already disturbs nobody. */
function goesWithoutAsking({ status, metadata }: Pod): boolean {
  const phase = status?.phase
  return phase === 'Succeeded' || phase === 'Failed' || phase === 'Pending' || metadata.deletionTimestamp !== undefined
}

async function askBudget(pod: Pod, call: SubresourceCall): Promise<void> {
  const matching = call.backend
    .list<PodDisruptionBudget>('poddisruptionbudgets.policy', call.namespace)
    .filter(({ spec }) => spec?.selector != null && labelSelectorMatches(spec.selector, pod.metadata.labels))
  if (matching.length > 1) {
    throw failure(
      'InternalError',
      'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
    )
  }
  const budget = matching[0]
  if (budget === undefined) return
  const isReady = pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false
  if (!isReady && mayGoUnready(budget)) return
  const { namespace } = call
  const name = budget.metadata.name ?? ''
  await call.backend.store.write(`poddisruptionbudgets.policy/${namespace}/${name}`, (current) => {
    if (current === undefined) throw notFound(budgets, name)
    const updated = takeOne(current.object, call)
    return call.dryRun ? { keep: true } : { put: updated }
  })
}

function mayGoUnready({ spec, status }: PodDisruptionBudget): boolean {
  if (spec?.unhealthyPodEvictionPolicy === 'AlwaysAllow') return true
  // IfHealthyBudget: what is not ready may go while the rest is enough.
  return (status?.currentHealthy ?? 0) >= (status?.desiredHealthy ?? 0) && (status?.desiredHealthy ?? 0) > 0
}

/** checkAndDecrement. */
function takeOne(budget: PodDisruptionBudget, { backend, name }: SubresourceCall): PodDisruptionBudget {
  const { status, metadata } = budget
  const budgetName = metadata.name ?? ''
  if ((status?.observedGeneration ?? 0) < (metadata.generation ?? 0)) {
    throw refusal(`The disruption budget ${budgetName} is still being processed by the server.`, 10)
  }
  const allowed = status?.disruptionsAllowed ?? 0
  if (allowed < 0) throw refusalForbidden(budgetName, 'pdb disruptions allowed is negative')
  if (Object.keys(status?.disruptedPods ?? {}).length > maxDisruptedPods) {
    throw refusalForbidden(budgetName, 'DisruptedPods map too big - too many evictions not confirmed by PDB controller')
  }
  if (allowed === 0) {
    const { desiredHealthy = 0, currentHealthy = 0 } = status ?? {}
    throw refusal(
      `The disruption budget ${budgetName} needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`,
      0,
    )
  }
  const disruptedPods = { ...status?.disruptedPods, [name]: formatTime(backend.clock.now()) }
  const conditions =
    allowed === 1
      ? status?.conditions?.map((condition) =>
          condition.type === 'DisruptionAllowed' ? insufficient(condition, backend.clock.now()) : condition,
        )
      : status?.conditions
  return {
    ...budget,
    status: {
      ...(status as NonNullable<typeof status>),
      disruptionsAllowed: allowed - 1,
      disruptedPods,
      ...(conditions === undefined ? {} : { conditions }),
    },
  }
}

function insufficient<T extends { status: string; reason: string; lastTransitionTime: string }>(
  condition: T,
  now: number,
): T {
  return condition.status === 'False'
    ? condition
    : { ...condition, status: 'False', reason: 'InsufficientPods', lastTransitionTime: formatTime(now) }
}

function refusal(message: string, retryAfterSeconds: number): Error {
  return failure('TooManyRequests', "Cannot evict pod as it would violate the pod's disruption budget.", {
    details: {
      causes: [{ reason: 'DisruptionBudget', message }],
      ...(retryAfterSeconds > 0 ? { retryAfterSeconds } : {}),
    },
  })
}

function refusalForbidden(name: string, why: string): Error {
  return failure('Forbidden', `poddisruptionbudgets.policy "${name}" is forbidden: ${why}`, {
    details: { name, group: 'policy', kind: 'poddisruptionbudgets' },
  })
}

/** Says on the pod why it goes, so that its owner can tell a disruption from a failure. */
async function mark(call: SubresourceCall): Promise<void> {
  const lastTransitionTime = formatTime(call.backend.clock.now())
  await writeObject(call, (current) => {
    if (current === undefined) throw conflict(call.resource, call.name, staleObject)
    const pod = current as Pod
    const condition = {
      type: 'DisruptionTarget',
      status: 'True',
      reason: 'EvictionByEvictionAPI',
      message: 'Eviction API: evicting',
      lastTransitionTime,
      observedGeneration: pod.metadata.generation,
    }
    const conditions = [...(pod.status?.conditions ?? []).filter(({ type }) => type !== 'DisruptionTarget'), condition]
    return { put: { ...pod, status: { ...pod.status, conditions } } as Pod }
  })
}
