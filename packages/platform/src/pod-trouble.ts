// Why a pod is not ready, in words that say what to do. The reasons are those of the kubelet and the scheduler, so that
// who knows them finds them again.

import type { ContainerStatus, Event, Pod } from '@binnacle/api'

export interface Trouble {
  reason: string
  message: string
}

/** undefined where the pod is ready, or nothing is known but that it takes time. */
export function podTrouble(pod: Pod, warnings: readonly Event[]): Trouble | undefined {
  const conditions = pod.status?.conditions ?? []
  if (conditions.some(({ type, status }) => type === 'Ready' && status === 'True')) return undefined
  const unscheduled = conditions.find(
    ({ type, status, reason }) => type === 'PodScheduled' && status === 'False' && reason === 'Unschedulable',
  )
  if (unscheduled !== undefined) {
    const why = (unscheduled.message ?? 'no room').replace(/[.\s]+$/, '')
    return { reason: 'Unschedulable', message: `no node takes a replica: ${why}; ${schedulingHint(why)}` }
  }
  const statuses = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])]
  for (const status of statuses) {
    const trouble = containerTrouble(status, pod)
    if (trouble !== undefined) return trouble
  }
  return warningTrouble(pod, statuses, warnings)
}

function schedulingHint(why: string): string {
  if (/PersistentVolumeClaim|persistent volume|pvc/i.test(why))
    return 'name a storageClassName that the cluster has, or give it a default StorageClass'
  if (/Insufficient/.test(why)) return 'lower resources.requests, or add a node'
  return 'make room on a node, or add one'
}

function containerTrouble(status: ContainerStatus, pod: Pod): Trouble | undefined {
  const { name, state, lastState } = status
  const { waiting } = state ?? {}
  switch (waiting?.reason) {
    case undefined:
      return crashed(status) ? crash(status, state?.terminated ?? lastState?.terminated) : undefined
    case 'ImagePullBackOff':
    case 'ErrImagePull':
    case 'ErrImageNeverPull':
    case 'InvalidImageName':
      return {
        // It goes back and forth between the first two.
        reason: waiting.reason === 'ErrImagePull' ? 'ImagePullBackOff' : waiting.reason,
        message: `image ${imageOf(name, pod) ?? status.image} cannot be had: ${pullReason(waiting.message)}`,
      }
    case 'CreateContainerConfigError':
      return {
        reason: 'CreateContainerConfigError',
        message: `container ${name} cannot start: ${waiting.message ?? 'its configuration is not complete'}; ${missingHint(waiting.message ?? '')}`,
      }
    case 'CrashLoopBackOff':
      return crash(status, lastState?.terminated)
    case 'RunContainerError':
    case 'StartError':
    case 'CreateContainerError':
      return {
        reason: waiting.reason,
        message: `container ${name} cannot start: ${waiting.message ?? waiting.reason}; correct command and args, or the image`,
      }
    default:
      return undefined
  }
}

/** It ended in failure just now, or runs again after it had. */
function crashed({ state, restartCount, ready }: ContainerStatus): boolean {
  if (state?.terminated !== undefined) return state.terminated.exitCode !== 0
  return !ready && restartCount > 0
}

function crash(
  { name, lastState }: ContainerStatus,
  terminated: NonNullable<ContainerStatus['state']>['terminated'],
): Trouble {
  const end = terminated ?? lastState?.terminated
  const code = end?.exitCode ?? 0
  const line = lastLine(end?.message)
  const said = line === undefined ? '' : `, \`${line}\``
  return {
    reason: end?.reason === 'OOMKilled' ? 'OOMKilled' : 'CrashLoopBackOff',
    message: `container ${name} keeps crashing: ${end?.signal === undefined ? `exit code ${code}` : `signal ${end.signal}`}${said}; ${crashHint(end?.reason, code, line ?? '')}`,
  }
}

function crashHint(reason: string | undefined, code: number, line: string): string {
  if (reason === 'OOMKilled') return 'raise resources.limits.memory'
  if (/\b[A-Z][A-Z0-9_]{2,}\b.*\b(not set|unset|undefined|missing|required|empty)\b|environment variable/i.test(line))
    return 'add the variable or bind a Secret'
  if (/ECONNREFUSED|connection refused|ENOTFOUND|no such host/i.test(line))
    return 'what it connects to is not there: add it and wire it'
  if (/EADDRINUSE|address already in use/i.test(line)) return 'listen on the port that PORT says'
  if (code === 126 || code === 127) return 'correct command: it is not in the image'
  if (code === 0) return 'a service must not end by itself: make it a job, or keep it running'
  return 'its log says more'
}

/** As the kubelet's events say it, less the words that repeat the image. */
function pullReason(message: string | undefined): string {
  const why = (message ?? 'the registry does not give it').replace(
    /^Back-off pulling image "[^"]*"(: (ErrImagePull: )?)?/,
    '',
  )
  // Our own node says what to do.
  return why.includes('binnacle build') ? why : `${why}; push it, or correct the image`
}

function missingHint(message: string): string {
  if (/key/i.test(message)) return 'add the key, or correct its name'
  if (/secret/i.test(message)) return 'create the Secret, or correct its name'
  if (/configmap/i.test(message)) return 'create the ConfigMap, or correct its name'
  return 'complete its configuration'
}

/** So many probes must have failed before it is more than a slow start. */
const tries = 3

function warningTrouble(
  pod: Pod,
  statuses: readonly ContainerStatus[],
  warnings: readonly Event[],
): Trouble | undefined {
  const newest = (reason: string, times = 1): string | undefined =>
    warnings.findLast((warning) => warning.reason === reason && (warning.count ?? 1) >= times)?.message?.trim()
  const mount = newest('FailedMount') ?? newest('FailedAttachVolume')
  if (mount !== undefined && statuses.every(({ state }) => state?.running === undefined))
    return { reason: 'FailedMount', message: `a volume cannot be mounted: ${mount}; ${missingHint(mount)}` }
  const probe = newest('Unhealthy', tries)
  if (probe !== undefined)
    return {
      reason: 'ProbeFailed',
      message: `${lowerFirst(probe)}; correct health.${/^\w+/.exec(lowerFirst(probe))?.[0] ?? 'readiness'}, or what the program answers`,
    }
  return pod.status?.reason === undefined
    ? undefined
    : { reason: pod.status.reason, message: pod.status.message ?? pod.status.reason }
}

function imageOf(container: string, { spec }: Pod): string | undefined {
  return [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])].find(({ name }) => name === container)?.image
}

/** Characters of a line of a log in a message. */
const longestLine = 300

/** The last line that says something; a stack's frames and the runtime's own trailer do not. */
function lastLine(text: string | undefined): string | undefined {
  const lines = (text ?? '').split('\n').map((line) => line.trim())
  const telling = lines.filter((line) => line !== '' && !/^(at |Node\.js v|[{}\]]|goroutine |\^+$)/.test(line))
  const named = telling.findLast((line) => /error|exception|panic|fatal/i.test(line)) ?? telling.at(-1)
  return named?.slice(0, longestLine)
}

function lowerFirst(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1)
}
