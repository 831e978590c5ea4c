// How an object is, from what the API says about it: its conditions, counts and phase. Nothing is guessed: what says
// nothing about itself is `unknown`, or is simply there.

import type { ContainerStatus, Pod, Unstructured } from '@binnacle/api'
import { group } from '@binnacle/model'
import { groupOf, kindKeyOf } from './object-key.ts'
import { isRecord } from './schemas.ts'

export const nodeStates = ['ready', 'progressing', 'degraded', 'failed', 'asleep', 'staged', 'unknown'] as const
export type NodeState = (typeof nodeStates)[number]

export interface NodeStatus {
  readonly state: NodeState
  /** The state in a word or two, beside its icon. */
  readonly word: string
  /** CamelCase, as the API has it. */
  readonly reason?: string
  /** The cause in a sentence, with what to do where the API says it. */
  readonly message?: string
}

export interface Counts {
  readonly ready: number
  readonly desired: number
}

/** Of an object that is not deployed yet. */
export const stagedStatus: NodeStatus = { state: 'staged', word: 'Not deployed' }

type Fields = Readonly<Record<string, unknown>>

interface ConditionLike {
  type: string
  status: string
  reason?: string
  message?: string
  observedGeneration?: number
}

function fields(value: unknown): Fields {
  return isRecord(value) ? value : {}
}

function statusFields(object: Unstructured): Fields {
  return fields(object['status'])
}

function number(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

export function conditionOf(object: Unstructured, type: string): ConditionLike | undefined {
  const { conditions } = statusFields(object)
  if (!Array.isArray(conditions)) return undefined
  return conditions.filter(isRecord).find((condition) => condition['type'] === type) as ConditionLike | undefined
}

/** `pods` are those that belong to the object: their trouble is its. */
export function statusOf(object: Unstructured, pods: readonly Unstructured[] = []): NodeStatus {
  if (object.metadata.deletionTimestamp !== undefined)
    return { state: 'progressing', word: 'Deleting', message: deletionMessage(object) }
  if (groupOf(object.apiVersion) === group) return ownStatus(object)
  const read = byKind[kindKeyOf(object)] ?? genericStatus
  return read(object, pods)
}

function deletionMessage({ metadata }: Unstructured): string {
  const finalizers = metadata.finalizers ?? []
  return finalizers.length === 0
    ? 'it is being deleted'
    : `it is being deleted and waits for ${finalizers.join(', ')} to be done`
}

function said({
  reason,
  message,
}: {
  reason?: string | undefined
  message?: string | undefined
}): Pick<NodeStatus, 'reason' | 'message'> {
  return {
    ...(reason === undefined || reason === '' ? {} : { reason }),
    ...(message === undefined || message === '' ? {} : { message }),
  }
}

/** Reasons of our kinds that are no failure: something is being done, or a person's word is waited for. */
const progressingReasons: ReadonlySet<string> = new Set([
  'Progressing',
  'Building',
  'BindingPending',
  'UsePending',
  'Waiting',
  'Provisioning',
  'Pending',
])

function ownStatus(object: Unstructured): NodeStatus {
  const ready = conditionOf(object, 'Ready')
  const { generation = 0 } = object.metadata
  if (ready === undefined) return { state: 'progressing', word: 'Waiting', message: 'no controller has seen it yet' }
  if ((ready.observedGeneration ?? generation) < generation)
    return { state: 'progressing', word: 'Updating', message: 'the newest change is not worked on yet' }
  const what = said(ready)
  if (ready.status === 'True')
    return ready.reason === 'Stopped'
      ? { state: 'asleep', word: 'Stopped', ...what }
      : { state: 'ready', word: ready.reason === 'Paused' ? 'Paused' : 'Ready', ...what }
  if (ready.status === 'Unknown') return { state: 'unknown', word: 'Unknown', ...what }
  if (progressingReasons.has(ready.reason ?? '')) return { state: 'progressing', word: 'Starting', ...what }
  const readyReplicas = number(statusFields(object)['readyReplicas']) ?? 0
  return readyReplicas > 0
    ? { state: 'degraded', word: 'Degraded', ...what }
    : { state: 'failed', word: 'Failed', ...what }
}

type StatusReader = (object: Unstructured, pods: readonly Unstructured[]) => NodeStatus

const present: NodeStatus = { state: 'ready', word: 'Present' }

/** Of kinds that are not known: `Ready` or `Available`, where there is such a condition. */
function genericStatus(object: Unstructured): NodeStatus {
  const condition = conditionOf(object, 'Ready') ?? conditionOf(object, 'Available')
  if (condition === undefined) return object['status'] === undefined ? present : { state: 'unknown', word: 'Unknown' }
  if (condition.status === 'True') return { state: 'ready', word: 'Ready', ...said(condition) }
  if (condition.status === 'False') return { state: 'failed', word: 'Not ready', ...said(condition) }
  return { state: 'unknown', word: 'Unknown', ...said(condition) }
}

function workloadStatus(object: Unstructured, pods: readonly Unstructured[]): NodeStatus {
  const status = statusFields(object)
  const { ready, desired } = countsOf(object) ?? { ready: 0, desired: 0 }
  const observed = number(status['observedGeneration'])
  if (observed === undefined || observed < (object.metadata.generation ?? 0))
    return { state: 'progressing', word: 'Updating', message: 'the newest change is not worked on yet' }
  const stuck = conditionOf(object, 'Progressing')
  if (stuck?.reason === 'ProgressDeadlineExceeded')
    return {
      state: ready > 0 ? 'degraded' : 'failed',
      word: ready > 0 ? 'Stuck' : 'Failed',
      ...said(stuck),
      ...troubleOf(pods),
    }
  const refused = conditionOf(object, 'ReplicaFailure')
  if (refused?.status === 'True') return { state: ready > 0 ? 'degraded' : 'failed', word: 'Failed', ...said(refused) }
  if (desired === 0) return { state: 'asleep', word: 'Stopped', message: 'no replicas are wanted' }
  const updated = number(status['updatedReplicas']) ?? number(status['updatedNumberScheduled']) ?? ready
  const trouble = troubleOf(pods)
  if (ready >= desired && updated >= desired) return { state: 'ready', word: 'Ready' }
  if (trouble !== undefined)
    return { state: ready > 0 ? 'degraded' : 'failed', word: ready > 0 ? 'Degraded' : 'Failed', ...trouble }
  return {
    state: 'progressing',
    word: updated < desired ? 'Updating' : 'Starting',
    message: `${ready} of ${desired} replicas are ready`,
  }
}

/** The first pod's trouble that a person has to do something about. */
function troubleOf(pods: readonly Unstructured[]): Pick<NodeStatus, 'reason' | 'message'> | undefined {
  for (const pod of pods) {
    const { state, word: _, ...trouble } = podStatus(pod)
    if (state === 'failed' && trouble.reason !== undefined) return trouble
  }
  return undefined
}

/** Waiting reasons that pass by themselves. */
const passing: ReadonlySet<string> = new Set(['ContainerCreating', 'PodInitializing'])

function podStatus(object: Unstructured): NodeStatus {
  const { status = {} } = object as Pod
  const statuses = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])]
  const waiting = statuses.find(({ state }) => state?.waiting !== undefined && !passing.has(state.waiting.reason ?? ''))
  if (waiting?.state?.waiting?.reason !== undefined)
    return { state: 'failed', word: 'Failed', ...said(waiting.state.waiting), ...waitingMessage(waiting) }
  const unscheduled = status.conditions?.find((one) => one.type === 'PodScheduled' && one.status === 'False')
  if (unscheduled !== undefined) return { state: 'failed', word: 'Unschedulable', ...said(unscheduled) }
  switch (status.phase) {
    case 'Succeeded':
      return { state: 'asleep', word: 'Done' }
    case 'Failed':
      return { state: 'failed', word: 'Failed', ...said(status) }
    case 'Running':
      return status.conditions?.some((one) => one.type === 'Ready' && one.status === 'True') === true
        ? { state: 'ready', word: 'Ready' }
        : { state: 'progressing', word: 'Starting', message: 'it runs and is not ready yet' }
    case 'Pending':
      return { state: 'progressing', word: 'Starting' }
    default:
      return { state: 'unknown', word: 'Unknown' }
  }
}

/** Kubernetes says of a crash only that it backs off; any other reason comes with its cause. */
function waitingMessage(status: ContainerStatus): Pick<NodeStatus, 'message'> {
  const { reason, message } = status.state?.waiting ?? {}
  if (reason === 'CrashLoopBackOff' || message === undefined) return exitMessage(status)
  return { message: message.replace(/; back-off \S+ restarting failed container=.*$/, '') }
}

function exitMessage({ name, lastState, restartCount }: ContainerStatus): Pick<NodeStatus, 'message'> {
  const ended = lastState?.terminated
  if (ended === undefined) return {}
  const why = ended.reason === 'OOMKilled' ? 'it used more memory than its limit' : `it ended with ${ended.exitCode}`
  return { message: `container ${name} was started ${restartCount + 1} times: ${why}` }
}

function jobStatus(object: Unstructured): NodeStatus {
  const failed = conditionOf(object, 'Failed')
  if (failed?.status === 'True') return { state: 'failed', word: 'Failed', ...said(failed) }
  if (conditionOf(object, 'Complete')?.status === 'True') return { state: 'asleep', word: 'Done' }
  if (conditionOf(object, 'Suspended')?.status === 'True') return { state: 'asleep', word: 'Suspended' }
  return { state: 'progressing', word: 'Running' }
}

function cronJobStatus(object: Unstructured): NodeStatus {
  if (fields(object['spec'])['suspend'] === true) return { state: 'asleep', word: 'Suspended' }
  const { active } = statusFields(object)
  return Array.isArray(active) && active.length > 0
    ? { state: 'progressing', word: 'Running' }
    : { state: 'ready', word: 'Scheduled' }
}

function serviceStatus(object: Unstructured): NodeStatus {
  if (fields(object['spec'])['type'] !== 'LoadBalancer') return present
  const { ingress } = fields(statusFields(object)['loadBalancer'])
  return Array.isArray(ingress) && ingress.length > 0
    ? present
    : { state: 'progressing', word: 'Pending', message: 'it has no address for the outside yet' }
}

function claimStatus(object: Unstructured): NodeStatus {
  switch (statusFields(object)['phase']) {
    case 'Bound':
      return { state: 'ready', word: 'Bound' }
    case 'Lost':
      return { state: 'failed', word: 'Lost', message: 'the volume that it was bound to is gone' }
    default:
      return { state: 'progressing', word: 'Pending', message: 'no volume is bound to it yet' }
  }
}

function autoscalerStatus(object: Unstructured): NodeStatus {
  const able = conditionOf(object, 'AbleToScale')
  const active = conditionOf(object, 'ScalingActive')
  if (able?.status === 'False') return { state: 'failed', word: 'Failed', ...said(able) }
  if (active?.status === 'False') return { state: 'degraded', word: 'Inactive', ...said(active) }
  return active === undefined ? { state: 'unknown', word: 'Unknown' } : { state: 'ready', word: 'Active' }
}

const byKind: Readonly<Record<string, StatusReader>> = {
  'Deployment.apps': workloadStatus,
  'StatefulSet.apps': workloadStatus,
  'ReplicaSet.apps': workloadStatus,
  'DaemonSet.apps': workloadStatus,
  Pod: podStatus,
  'Job.batch': jobStatus,
  'CronJob.batch': cronJobStatus,
  Service: serviceStatus,
  PersistentVolumeClaim: claimStatus,
  'HorizontalPodAutoscaler.autoscaling': autoscalerStatus,
  'Ingress.networking.k8s.io': () => present,
  'NetworkPolicy.networking.k8s.io': () => present,
  'PodDisruptionBudget.policy': () => present,
}

/** Replicas that are ready and wanted; undefined for what has none. */
export function countsOf(object: Unstructured): Counts | undefined {
  const spec = fields(object['spec'])
  const status = statusFields(object)
  switch (object.kind) {
    case 'Microservice': {
      if (status['replicas'] === undefined && spec['image'] === undefined && spec['build'] === undefined)
        return undefined
      const least = number(fields(spec['autoscaling'])['minReplicas'])
      const desired = number(spec['replicas']) ?? Math.max(least ?? 1, number(status['replicas']) ?? 0)
      return { ready: number(status['readyReplicas']) ?? 0, desired }
    }
    case 'Deployment':
    case 'StatefulSet':
    case 'ReplicaSet':
      return { ready: number(status['readyReplicas']) ?? 0, desired: number(spec['replicas']) ?? 1 }
    case 'DaemonSet':
      return { ready: number(status['numberReady']) ?? 0, desired: number(status['desiredNumberScheduled']) ?? 0 }
    case 'Job':
      return { ready: number(status['succeeded']) ?? 0, desired: number(spec['completions']) ?? 1 }
    default:
      return undefined
  }
}

/** The address under which a browser of this machine reaches it. */
export function urlOf(object: Unstructured): string | undefined {
  return text(statusFields(object)['url'])
}
