// Works out how many pods of each PodDisruptionBudget may go, which the eviction sub-resource then spends.
// Upstream: pkg/controller/disruption.

import { formatTime, isConflict, isNotFound, labelSelectorMatches, scaledValue } from '@binnacle/api'
import type { Condition, KubeObject, OwnerReference, Pod, PodCondition, PodDisruptionBudget } from '@binnacle/api'
import { podDisruptionBudgets, pods } from '@binnacle/client'
import type { Client, Controller } from '@binnacle/client'
import type { ControllerContext } from '../context.ts'
import { runController } from './run-controller.ts'
import { ResourceTable } from './garbage-collector/resource-table.ts'
import { podIsReady, podIsTerminal } from './endpoints/service-pods.ts'

/** An eviction that did not lead to a delete within this time does not count any more. */
const disruptionTimeoutMs = 2 * 60_000
const budgetPrefix = 'budget/'
const podPrefix = 'pod/'

type Status = NonNullable<PodDisruptionBudget['status']>

export function startDisruptionController(context: ControllerContext): Controller {
  const { client, informers, events, clock } = context
  const budgetInformer = informers.of<PodDisruptionBudget>(podDisruptionBudgets, { namespace: namespaceOf })
  const podInformer = informers.of<Pod>(pods, { namespace: namespaceOf })

  const resources = new ResourceTable(client)
  const controller = runController(context, {
    name: 'disruption-controller',
    workers: 2,
    reconcile: (key) =>
      key.startsWith(podPrefix) ? clearStale(key.slice(podPrefix.length)) : sync(key.slice(budgetPrefix.length)),
  })

  async function sync(key: string): Promise<void | { requeueAfterMs: number }> {
    const budget = budgetInformer.get(key)
    if (!budget) return undefined
    try {
      return await trySync(budget)
    } catch (error) {
      if (isConflict(error)) return { requeueAfterMs: 20 }
      // Fail safe: without a number nothing may be evicted.
      await writeStatus(budget, {
        ...budget.status,
        ...counts(budget.status),
        disruptionsAllowed: 0,
        conditions: withCondition(budget.status?.conditions ?? [], {
          status: 'False',
          reason: 'SyncFailed',
          message: error instanceof Error ? error.message : String(error),
          observedGeneration: budget.status?.observedGeneration ?? 0,
          now: formatTime(clock.now()),
        }),
      })
      return undefined
    }
  }

  async function trySync(budget: PodDisruptionBudget): Promise<void | { requeueAfterMs: number }> {
    const selected = podsOf(budget)
    if (selected.length === 0) events.record(budget, 'Normal', 'NoPods', 'No matching pods found')
    const { expected, desired, unmanaged } = await expectedCounts(resources, budget, selected)
    if (unmanaged.length > 0) {
      events.record(
        budget,
        'Warning',
        'UnmanagedPods',
        `Pods selected by this PodDisruptionBudget (selector: ${JSON.stringify(budget.spec?.selector)}) were found to be unmanaged. ` +
          'As a result, the status of the PDB cannot be calculated correctly, which may result in undefined behavior. ' +
          'To account for these pods please set ".spec.minAvailable" field of the PDB to an integer value.',
      )
    }
    const { disrupted, recheckMs } = disruptedPods(budget, selected)
    const healthy = selected.filter(
      (pod) => !pod.metadata.deletionTimestamp && !disrupted[pod.metadata.name ?? ''] && podIsReady(pod),
    ).length
    const allowed = expected <= 0 ? 0 : Math.max(0, healthy - desired)
    const generation = budget.metadata.generation ?? 0
    const conditions = withCondition(budget.status?.conditions ?? [], {
      status: allowed > 0 ? 'True' : 'False',
      reason: allowed > 0 ? 'SufficientPods' : 'InsufficientPods',
      message: '',
      observedGeneration: generation,
      now: formatTime(clock.now()),
    })
    const status: Status = {
      observedGeneration: generation,
      ...(Object.keys(disrupted).length > 0 ? { disruptedPods: disrupted } : {}),
      disruptionsAllowed: allowed,
      currentHealthy: healthy,
      desiredHealthy: desired,
      expectedPods: expected,
      conditions,
    }
    if (!sameStatus(status, budget.status)) await writeStatus(budget, status)
    return recheckMs === undefined ? undefined : { requeueAfterMs: recheckMs }
  }

  function podsOf({ spec, metadata }: PodDisruptionBudget): Pod[] {
    const selector = spec?.selector
    // No selector selects nothing, an empty one (in policy/v1) everything.
    if (selector === undefined) return []
    return podInformer
      .byIndex('namespace', metadata.namespace ?? '')
      .filter((pod) => labelSelectorMatches(selector, pod.metadata.labels ?? {}))
  }

  function disruptedPods(
    budget: PodDisruptionBudget,
    selected: readonly Pod[],
  ): { disrupted: Record<string, string>; recheckMs: number | undefined } {
    const disrupted: Record<string, string> = {}
    let recheckMs: number | undefined
    for (const pod of selected) {
      const name = pod.metadata.name ?? ''
      const time = budget.status?.disruptedPods?.[name]
      if (time === undefined || pod.metadata.deletionTimestamp !== undefined) continue
      const left = Date.parse(time) + disruptionTimeoutMs - clock.now()
      if (left < 0) {
        const message = `Pod was expected by PDB ${budget.metadata.namespace}/${budget.metadata.namespace} to be deleted but it wasn't`
        events.record(pod, 'Warning', 'NotDeleted', message)
        continue
      }
      disrupted[name] = time
      recheckMs = Math.min(recheckMs ?? left, left)
    }
    return { disrupted, recheckMs }
  }

  async function writeStatus(budget: PodDisruptionBudget, status: Status): Promise<void> {
    try {
      await client.updateStatus<PodDisruptionBudget>(podDisruptionBudgets, { ...budget, status })
    } catch (error) {
      if (!isNotFound(error)) throw error
    }
  }

  async function clearStale(key: string): Promise<void | { requeueAfterMs: number }> {
    const pod = podInformer.get(key)
    const condition = pod && staleCandidate(pod)
    if (!pod || !condition) return undefined
    const left = Date.parse(condition.lastTransitionTime ?? formatTime(0)) + disruptionTimeoutMs - clock.now()
    if (left > 0) return { requeueAfterMs: left }
    const { name = '', namespace = '', uid } = pod.metadata
    const cleared: PodCondition = {
      type: 'DisruptionTarget',
      status: 'False',
      lastTransitionTime: formatTime(clock.now()),
    }
    await client.patch<Pod>(
      pods,
      { namespace, name },
      {
        type: 'application/strategic-merge-patch+json',
        subresource: 'status',
        body: {
          metadata: { uid },
          status: { conditions: [{ ...cleared, reason: null, message: null }] },
        },
      },
    )
    return undefined
  }

  const enqueue = ({ metadata }: PodDisruptionBudget): void =>
    controller.enqueue(`${budgetPrefix}${metadata.namespace}/${metadata.name}`)
  const enqueueFor = (pod: Pod): void => {
    const labels = pod.metadata.labels ?? {}
    for (const budget of budgetInformer.byIndex('namespace', pod.metadata.namespace ?? '')) {
      if (budget.spec?.selector && labelSelectorMatches(budget.spec.selector, labels)) enqueue(budget)
    }
    if (staleCandidate(pod)) controller.enqueue(`${podPrefix}${pod.metadata.namespace}/${pod.metadata.name}`)
  }
  budgetInformer.on({ added: enqueue, updated: enqueue })
  podInformer.on({
    added: enqueueFor,
    updated: (pod, old) => {
      enqueueFor(pod)
      if (JSON.stringify(pod.metadata.labels) !== JSON.stringify(old.metadata.labels)) enqueueFor(old)
    },
    deleted: enqueueFor,
  })
  return controller
}

function namespaceOf({ metadata }: KubeObject): string[] {
  return [metadata.namespace ?? '']
}

/** A condition that announced a disruption which never came; the node agent's own may take as long as it wants. */
function staleCandidate(pod: Pod): PodCondition | undefined {
  if (pod.metadata.deletionTimestamp !== undefined || podIsTerminal(pod)) return undefined
  return pod.status?.conditions?.find(
    ({ type, status, reason }) => type === 'DisruptionTarget' && status === 'True' && reason !== 'TerminationByKubelet',
  )
}

interface ExpectedCounts {
  expected: number
  desired: number
  unmanaged: string[]
}

async function expectedCounts(
  resources: ResourceTable,
  { spec }: PodDisruptionBudget,
  selected: readonly Pod[],
): Promise<ExpectedCounts> {
  if (spec?.maxUnavailable !== undefined) {
    const { expected, unmanaged } = await expectedScale(resources, selected)
    const unavailable = scaledValue(spec.maxUnavailable, expected, 'up')
    return { expected, desired: Math.max(0, expected - unavailable), unmanaged }
  }
  if (spec?.minAvailable === undefined) return { expected: 0, desired: 0, unmanaged: [] }
  if (typeof spec.minAvailable === 'number') {
    return { expected: selected.length, desired: spec.minAvailable, unmanaged: [] }
  }
  const { expected, unmanaged } = await expectedScale(resources, selected)
  return { expected, desired: scaledValue(spec.minAvailable, expected, 'up'), unmanaged }
}

/** The sum of the replicas that the pods' controllers want, each controller once. */
async function expectedScale(
  resources: ResourceTable,
  selected: readonly Pod[],
): Promise<{ expected: number; unmanaged: string[] }> {
  const scales = new Map<string, number>()
  const unmanaged: string[] = []
  for (const pod of selected) {
    const owner = pod.metadata.ownerReferences?.find(({ controller }) => controller === true)
    if (!owner) unmanaged.push(pod.metadata.name ?? '')
    else if (!scales.has(owner.uid)) {
      const scale = await scaleOf(resources, owner, pod.metadata.namespace ?? '')
      if (!scale) throw new Error(`found no controllers for pod "${pod.metadata.name}"`)
      scales.set(scale.uid, scale.replicas)
      scales.set(owner.uid, scale.uid === owner.uid ? scale.replicas : 0)
    }
  }
  return { expected: [...scales.values()].reduce((sum, replicas) => sum + replicas, 0), unmanaged }
}

interface ScaleView extends KubeObject {
  spec?: { replicas?: number }
}

/** By the scale sub-resource, which all workloads and scalable custom resources have; a Deployment's pods count by it. */
async function scaleOf(
  resources: ResourceTable,
  owner: OwnerReference,
  namespace: string,
): Promise<{ uid: string; replicas: number } | undefined> {
  const { client } = resources
  const resource = await resources.find(owner.apiVersion, owner.kind)
  if (!resource) return undefined
  try {
    const scale = await client.subresource<ScaleView>(resource.ref, 'scale', {
      verb: 'get',
      namespace,
      name: owner.name,
    })
    if (scale.metadata.uid !== owner.uid) return undefined
    const above =
      owner.kind === 'ReplicaSet' ? await deploymentAbove(client, resource.ref, { owner, namespace }) : undefined
    return above ? await scaleOf(resources, above, namespace) : { uid: owner.uid, replicas: scale.spec?.replicas ?? 0 }
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error
  }
}

async function deploymentAbove(
  client: Client,
  replicaSets: Parameters<Client['get']>[0],
  { owner, namespace }: { owner: OwnerReference; namespace: string },
): Promise<OwnerReference | undefined> {
  const replicaSet = await client.get<KubeObject>(replicaSets, { namespace, name: owner.name })
  return replicaSet.metadata.ownerReferences?.find(
    ({ controller, kind }) => controller === true && kind === 'Deployment',
  )
}

function counts(status: Status | undefined): Pick<Status, 'currentHealthy' | 'desiredHealthy' | 'expectedPods'> {
  const { currentHealthy = 0, desiredHealthy = 0, expectedPods = 0 } = status ?? {}
  return { currentHealthy, desiredHealthy, expectedPods }
}

function withCondition(
  conditions: readonly Condition[],
  next: { status: 'True' | 'False'; reason: string; message: string; observedGeneration: number; now: string },
): Condition[] {
  const { now, ...rest } = next
  const old = conditions.find(({ type }) => type === 'DisruptionAllowed')
  const lastTransitionTime = old?.status === next.status ? old.lastTransitionTime : now
  const condition: Condition = { type: 'DisruptionAllowed', ...rest, lastTransitionTime }
  return old ? conditions.map((one) => (one === old ? condition : one)) : [...conditions, condition]
}

function sameStatus(a: Status, b: Status | undefined): boolean {
  const view = (status: Status | undefined): string =>
    JSON.stringify([
      status?.observedGeneration,
      status?.disruptionsAllowed,
      status?.currentHealthy,
      status?.desiredHealthy,
      status?.expectedPods,
      Object.entries(status?.disruptedPods ?? {}).sort(([one], [other]) => (one < other ? -1 : 1)),
      (status?.conditions ?? []).map(({ type, status: value, reason }) => [type, value, reason]),
    ])
  return view(a) === view(b)
}
