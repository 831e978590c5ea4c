// From what is known of a pod's containers to its status. Pure. Upstream: pkg/kubelet/status/generate.go and
// kubelet_pods.go (getPhase, convertToAPIContainerStatuses).

import {
  type Container,
  type ContainerStatus,
  type Pod,
  type PodCondition,
  type PodStatus,
  formatTime,
  podQOSClass,
} from '@binnacle/api'
import type { ContainerSnapshot } from '../runtime.ts'

/** What the pod worker knows of one container beside the runtime's snapshot. */
export interface ContainerView {
  current?: ContainerSnapshot | undefined
  previous?: ContainerSnapshot | undefined
  restartCount: number
  /** Why it does not run: CrashLoopBackOff, ErrImagePull … */
  waiting?: { reason: string; message?: string | undefined } | undefined
  started: boolean
  ready: boolean
  /** Text of the termination message of `current` and `previous`. */
  message?: string | undefined
  previousMessage?: string | undefined
}

export interface StatusInput {
  pod: Pod
  views: ReadonlyMap<string, ContainerView>
  runtimeName: string
  hostIP: string
  /** Empty before the sandbox is there. */
  podIPs: readonly string[]
  startTime: number
  now: number
  /** The pod ends (deleted, deadline): containers are not started again. */
  terminating: boolean
  /** Failed for a reason of its own, such as DeadlineExceeded. */
  failure?: { reason: string; message: string } | undefined
}

export function isSidecar(container: Container): boolean {
  return container.restartPolicy === 'Always'
}

export function podStatus(input: StatusInput): PodStatus {
  const { pod, failure } = input
  const spec = pod.spec
  const inits = spec?.initContainers ?? []
  const containers = spec?.containers ?? []
  const initialized = containers.some(
    ({ name }) => input.views.get(name)?.current !== undefined || input.views.get(name)?.previous !== undefined,
  )
  const statusOf = (container: Pick<Container, 'name' | 'image'>, isInit: boolean): ContainerStatus =>
    containerStatus(container, input, isInit || (inits.length > 0 && !initialized))
  const initStatuses = inits.map((container) => statusOf(container, false))
  const statuses = containers.map((container) => statusOf(container, false))
  const ephemeral = (spec?.ephemeralContainers ?? []).map((container) => statusOf(container, false))
  const phase = failure ? 'Failed' : podPhase(pod, [...initStatuses, ...statuses], input.terminating)
  const finished = phase === 'Succeeded' || phase === 'Failed'
  if (finished)
    for (const status of [...initStatuses, ...statuses])
      status.ready =
        status.ready && status.state?.terminated?.exitCode === 0 && inits.some(({ name }) => name === status.name)
  const status: PodStatus = {
    observedGeneration: pod.metadata.generation,
    phase,
    conditions: conditions(input, { phase, initStatuses, statuses, initialized }),
    hostIP: input.hostIP,
    hostIPs: [{ ip: input.hostIP }],
    startTime: formatTime(input.startTime),
    containerStatuses: statuses,
    qosClass: pod.status?.qosClass ?? podQOSClass(pod),
  }
  if (failure) Object.assign(status, failure)
  if (initStatuses.length > 0) status.initContainerStatuses = initStatuses
  if (ephemeral.length > 0) status.ephemeralContainerStatuses = ephemeral
  if (input.podIPs.length > 0) {
    status.podIP = input.podIPs[0]
    status.podIPs = input.podIPs.map((ip) => ({ ip }))
  }
  return status
}

function containerStatus(
  container: Pick<Container, 'name' | 'image'>,
  { views, runtimeName }: StatusInput,
  beforeInit: boolean,
): ContainerStatus {
  const view = views.get(container.name)
  const current = view?.current
  const status: ContainerStatus = {
    name: container.name,
    state: {},
    lastState: {},
    ready: view?.ready === true,
    restartCount: view?.restartCount ?? 0,
    image: container.image ?? '',
    imageID: current?.imageId ?? view?.previous?.imageId ?? '',
    started: view?.started === true,
  }
  const shown = current ?? view?.previous
  if (shown !== undefined) status.containerID = `${runtimeName}://${shown.id}`
  if (view?.waiting !== undefined) {
    status.state = {
      waiting: {
        reason: view.waiting.reason,
        ...(view.waiting.message === undefined ? {} : { message: view.waiting.message }),
      },
    }
    const last = current?.state === 'exited' ? current : view.previous
    if (last?.state === 'exited')
      status.lastState = terminated(
        last,
        runtimeName,
        current?.state === 'exited' ? view.message : view.previousMessage,
      )
    return status
  }
  if (current === undefined)
    status.state = { waiting: { reason: beforeInit ? 'PodInitializing' : 'ContainerCreating' } }
  else if (current.state === 'running') status.state = { running: { startedAt: formatTime(current.startedAt) } }
  else status.state = terminated(current, runtimeName, view?.message)
  if (view?.previous?.state === 'exited')
    status.lastState = terminated(view.previous, runtimeName, view.previousMessage)
  return status
}

function terminated(
  snapshot: ContainerSnapshot,
  runtimeName: string,
  message: string | undefined,
): NonNullable<ContainerStatus['state']> {
  const text = message ?? snapshot.message
  return {
    terminated: {
      exitCode: snapshot.exitCode ?? 137,
      reason: snapshot.reason ?? 'Error',
      startedAt: formatTime(snapshot.startedAt),
      finishedAt: formatTime(snapshot.finishedAt ?? snapshot.startedAt),
      containerID: `${runtimeName}://${snapshot.id}`,
      ...(text === undefined || text === '' ? {} : { message: text }),
    },
  }
}

/** Whether the container is started again after that end. */
export function restarts(pod: Pod, container: Container, exitCode: number): boolean {
  const policy = container.restartPolicy ?? pod.spec?.restartPolicy ?? 'Always'
  for (const rule of container.restartPolicyRules ?? []) {
    const codes = rule.exitCodes
    if (!codes) continue
    const listed = (codes.values ?? []).includes(exitCode)
    if (rule.action === 'Restart' && (codes.operator === 'In' ? listed : !listed)) return true
  }
  return policy === 'Always' || (policy === 'OnFailure' && exitCode !== 0)
}

/** getPhase of kubelet_pods.go. */
export function podPhase(pod: Pod, statuses: readonly ContainerStatus[], terminal: boolean): string {
  const byName = new Map(statuses.map((status) => [status.name, status]))
  let pendingInit = 0
  let failedInit = 0
  for (const container of pod.spec?.initContainers ?? []) {
    const status = byName.get(container.name)
    if (isSidecar(container)) {
      if (status?.state?.running && status.started !== true) pendingInit++
      if (status?.state?.waiting && !status.lastState?.terminated) pendingInit++
      continue
    }
    const end = status?.state?.terminated ?? (status?.state?.waiting ? status.lastState?.terminated : undefined)
    if (end === undefined) pendingInit++
    else if (end.exitCode !== 0 && !restartsInit(pod, container, end.exitCode)) failedInit++
    else if (end.exitCode !== 0) pendingInit++
  }
  let running = 0
  let waiting = 0
  let stopped = 0
  let stoppedForGood = 0
  let succeeded = 0
  for (const container of pod.spec?.containers ?? []) {
    const status = byName.get(container.name)
    const end = status?.state?.terminated ?? (status?.state?.waiting ? status.lastState?.terminated : undefined)
    if (status?.state?.running) running++
    else if (end === undefined) waiting++
    else {
      stopped++
      if (!restarts(pod, container, end.exitCode)) stoppedForGood++
      if (end.exitCode === 0 && status?.state?.terminated) succeeded++
    }
  }
  if (failedInit > 0) return 'Failed'
  const begun = running + stopped > 0
  if ((pendingInit > 0 && !begun) || waiting > 0)
    return terminal && running === 0 ? (stopped > 0 ? 'Failed' : 'Pending') : 'Pending'
  if (running > 0) return 'Running'
  if (stopped === 0) return 'Pending'
  if (terminal) return stopped === succeeded ? 'Succeeded' : 'Failed'
  if (stopped !== stoppedForGood) return 'Running'
  return stopped === succeeded ? 'Succeeded' : 'Failed'
}

/** Init containers under policy Always are tried again as under OnFailure. */
export function restartsInit(pod: Pod, container: Container, exitCode: number): boolean {
  return exitCode !== 0 && restarts(pod, container, exitCode)
}

interface Parts {
  phase: string
  initStatuses: readonly ContainerStatus[]
  statuses: readonly ContainerStatus[]
  initialized: boolean
}

function conditions(input: StatusInput, parts: Parts): PodCondition[] {
  const { pod } = input
  const old = pod.status?.conditions ?? []
  const containersReady = containersReadyCondition(pod, parts)
  let ready = { ...containersReady, type: 'Ready' }
  if (containersReady.status === 'True') {
    const missing = (pod.spec?.readinessGates ?? []).flatMap(({ conditionType }) => {
      const found = old.find(({ type }) => type === conditionType)
      if (found === undefined)
        return [`corresponding condition of pod readiness gate "${conditionType}" does not exist.`]
      return found.status === 'True'
        ? []
        : [`the status of pod readiness gate "${conditionType}" is not "True", but ${found.status}`]
    })
    if (missing.length > 0)
      ready = { type: 'Ready', status: 'False', reason: 'ReadinessGatesNotReady', message: missing.join(', ') }
  }
  const wanted: PodCondition[] = [
    {
      type: 'PodReadyToStartContainers',
      status: input.podIPs.length > 0 && parts.phase !== 'Succeeded' && parts.phase !== 'Failed' ? 'True' : 'False',
    },
    initializedCondition(pod, parts),
    ready,
    containersReady,
    { type: 'PodScheduled', status: 'True' },
  ]
  return wanted.map((condition) => {
    const before = old.find(({ type }) => type === condition.type)
    return {
      ...condition,
      observedGeneration: pod.metadata.generation,
      lastTransitionTime: before?.status === condition.status ? before.lastTransitionTime : formatTime(input.now),
    }
  })
}

function containersReadyCondition(pod: Pod, { phase, initStatuses, statuses }: Parts): PodCondition {
  const type = 'ContainersReady'
  if (phase === 'Succeeded') return { type, status: 'False', reason: 'PodCompleted' }
  if (phase === 'Failed') return { type, status: 'False', reason: 'PodFailed' }
  const sidecars = new Set((pod.spec?.initContainers ?? []).filter(isSidecar).map(({ name }) => name))
  const unready = [...initStatuses.filter(({ name }) => sidecars.has(name)), ...statuses].filter(({ ready }) => !ready)
  if (unready.length === 0) return { type, status: 'True' }
  const message = `containers with unready status: [${unready.map(({ name }) => name).join(' ')}]`
  return { type, status: 'False', reason: 'ContainersNotReady', message }
}

function initializedCondition(pod: Pod, { phase, initStatuses, initialized }: Parts): PodCondition {
  const type = 'Initialized'
  if (phase === 'Succeeded') return { type, status: 'True', reason: 'PodCompleted' }
  if (initialized) return { type, status: 'True' }
  const incomplete = (pod.spec?.initContainers ?? []).filter((container) => {
    const status = initStatuses.find(({ name }) => name === container.name)
    return isSidecar(container) ? status?.started !== true : status?.ready !== true
  })
  if (incomplete.length === 0) return { type, status: 'True' }
  const message = `containers with incomplete status: [${incomplete.map(({ name }) => name).join(' ')}]`
  return { type, status: 'False', reason: 'ContainersNotInitialized', message }
}
