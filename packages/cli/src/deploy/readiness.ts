// Whether an object does what it is for, read from its status as kubectl's `rollout status` and `wait` read it, and what
// keeps a pod from running.

import type { DaemonSet, Deployment, Job, KubeObject, Pod, StatefulSet } from '@binnacle/api'
import type { Condition } from '@binnacle/model'
import { isOurs } from './project.ts'

export interface Readiness {
  /** `stuck`: somebody must do something, unless another change that is under way does. */
  state: 'ready' | 'waiting' | 'stuck' | 'failed'
  /** What is there, or what is missing. */
  text: string
}

interface WithStatus extends KubeObject {
  status?: {
    observedGeneration?: number
    conditions?: Condition[]
    replicas?: number
    readyReplicas?: number
    url?: string
  }
}

/** Kinds that have something to wait for. */
export function isWaitedFor(object: KubeObject): boolean {
  if (isOurs(object)) return object.kind === 'Microservice' || object.kind === 'DataSource'
  const known = ['apps/v1/Deployment', 'apps/v1/StatefulSet', 'apps/v1/DaemonSet', 'batch/v1/Job', 'v1/Pod']
  return known.includes(`${object.apiVersion}/${object.kind}`)
}

export function readinessOf(object: KubeObject): Readiness {
  if (isOurs(object)) return ofOurs(object)
  switch (object.kind) {
    case 'Deployment':
      return ofDeployment(object)
    case 'StatefulSet':
      return ofStatefulSet(object)
    case 'DaemonSet':
      return ofDaemonSet(object)
    case 'Job':
      return ofJob(object)
    case 'Pod':
      return conditionOf(object, 'Ready')?.status === 'True' ? ready('running') : waiting('not ready yet')
    default:
      return ready('applied')
  }
}

const ready = (text: string): Readiness => ({ state: 'ready', text })
const waiting = (text: string): Readiness => ({ state: 'waiting', text })
const failed = (text: string): Readiness => ({ state: 'failed', text })

function conditionOf({ status }: WithStatus, type: string): Condition | undefined {
  return status?.conditions?.find((condition) => condition.type === type)
}

function isObserved({ metadata, status }: WithStatus): boolean {
  return (status?.observedGeneration ?? 0) >= (metadata.generation ?? 1)
}

function ofOurs(object: WithStatus): Readiness {
  const condition = conditionOf(object, 'Ready')
  if (condition === undefined) return waiting('no controller has looked at it yet')
  const seen = condition.observedGeneration ?? object.status?.observedGeneration ?? 0
  if (seen < (object.metadata.generation ?? 1)) return waiting('its controller has not seen the change yet')
  const { replicas, readyReplicas = 0 } = object.status ?? {}
  if (condition.status === 'True')
    return ready(replicas === undefined ? condition.reason : `${readyReplicas}/${replicas}`)
  return {
    state: unresolved.has(condition.reason) ? 'stuck' : 'waiting',
    text: `${condition.reason}: ${condition.message}`,
  }
}

function ofDeployment(object: KubeObject): Readiness {
  const { spec, status } = object as Deployment
  if (!isObserved(object)) return waiting('not looked at yet')
  if (conditionOf(object, 'Progressing')?.reason === 'ProgressDeadlineExceeded')
    return failed('no progress within its deadline')
  const wanted = spec?.replicas ?? 1
  const { updatedReplicas = 0, replicas = 0, availableReplicas = 0 } = status ?? {}
  if (updatedReplicas < wanted) return waiting(`${updatedReplicas}/${wanted} replicas updated`)
  if (replicas > updatedReplicas) return waiting(`${replicas - updatedReplicas} old replicas still end`)
  return availableReplicas < updatedReplicas
    ? waiting(`${availableReplicas}/${updatedReplicas} replicas available`)
    : ready(`${availableReplicas}/${wanted}`)
}

function ofStatefulSet(object: KubeObject): Readiness {
  const { spec, status } = object as StatefulSet
  if (!isObserved(object)) return waiting('not looked at yet')
  const wanted = spec?.replicas ?? 1
  const { readyReplicas = 0, updateRevision, currentRevision } = status ?? {}
  if (readyReplicas < wanted) return waiting(`${readyReplicas}/${wanted} replicas ready`)
  return updateRevision === currentRevision || spec?.updateStrategy?.type === 'OnDelete'
    ? ready(`${readyReplicas}/${wanted}`)
    : waiting('old replicas are being replaced')
}

function ofDaemonSet(object: KubeObject): Readiness {
  const { status } = object as DaemonSet
  if (!isObserved(object)) return waiting('not looked at yet')
  const { desiredNumberScheduled = 0, updatedNumberScheduled = 0, numberAvailable = 0 } = status ?? {}
  const least = Math.min(updatedNumberScheduled, numberAvailable)
  return least < desiredNumberScheduled
    ? waiting(`${least}/${desiredNumberScheduled} nodes`)
    : ready(`${numberAvailable}/${desiredNumberScheduled} nodes`)
}

function ofJob(object: KubeObject): Readiness {
  const { conditions = [] } = (object as Job).status ?? {}
  const end = conditions.find(({ type, status }) => status === 'True' && (type === 'Complete' || type === 'Failed'))
  if (end?.type === 'Failed') return failed(`${end.reason}: ${end.message}`)
  return end === undefined ? waiting('runs') : ready('complete')
}

/** What our controllers say of resources that lack something. */
const unresolved = new Set([
  'UseUnresolved',
  'BindingUnresolved',
  'PortUnknown',
  'ImageUnknown',
  'ProgramNotFound',
  'BuildFailed',
  'NoBuilder',
  'CredentialsMissing',
  'JobFailed',
  'NameTaken',
  'QuotaExceeded',
])
/** Reasons of pods that waiting does not heal. */
const stuck = new Set([
  'ImagePullBackOff',
  'ErrImagePull',
  'ErrImageNeverPull',
  'InvalidImageName',
  'CreateContainerConfigError',
  'CreateContainerError',
  'CrashLoopBackOff',
  'RunContainerError',
])
/** Reasons that are part of every start. */
const usual = new Set(['ContainerCreating', 'PodInitializing'])

export interface Trouble {
  text: string
  /** Whether somebody must do something about it. */
  stuck: boolean
}

/** What keeps the pod from being ready; undefined where nothing does but time. */
export function troubleOf({ metadata, status }: Pod): Trouble | undefined {
  if (metadata.deletionTimestamp !== undefined) return undefined
  const containers = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])]
  for (const { name, state, lastState } of containers) {
    const reason = state?.waiting?.reason
    if (reason === undefined || usual.has(reason)) continue
    const code = lastState?.terminated?.exitCode
    const ended = code === undefined ? '' : ` (last exit code ${code})`
    const message = state?.waiting?.message ?? ''
    return {
      text: `pod ${metadata.name}: container ${name}: ${reason}${ended}${message === '' ? '' : `: ${message}`}`,
      stuck: stuck.has(reason),
    }
  }
  const scheduled = status?.conditions?.find(({ type }) => type === 'PodScheduled')
  if (scheduled?.status === 'False')
    return {
      text: `pod ${metadata.name}: ${scheduled.reason}: ${scheduled.message}`,
      stuck: scheduled.reason === 'Unschedulable',
    }
  return undefined
}
