// The row of a Pod (printPod): the status cell says what is wrong, where anything is.

import type { ContainerState, ContainerStatus, Pod, PodCondition } from '../generated/kinds.ts'
import { ageText, parseTime } from '../time.ts'
import { ageOf, columnsOf, nameOf, printer, type Printer, type TableCell } from './printer.ts'

interface Summary {
  ready: number
  restarts: number
  /** Time of the last restart in milliseconds; 0: none. */
  lastRestart: number
  reason: string
}

export const podPrinter: Printer = printer<Pod>(
  columnsOf('Name', 'Ready', 'Status', 'Restarts', 'Age', 'IP*', 'Node*', 'Nominated Node*', 'Readiness Gates*'),
  (pod, now) => {
    const sidecars = sidecarNames(pod)
    const summary = summaryOf(pod, sidecars)
    const total = (pod.spec?.containers?.length ?? 0) + sidecars.size
    return [
      nameOf(pod),
      `${summary.ready}/${total}`,
      deletionReason(pod) ?? summary.reason,
      restartsText(summary, now),
      ageOf(pod, now),
      pod.status?.podIPs?.[0]?.ip || '<none>',
      pod.spec?.nodeName || '<none>',
      pod.status?.nominatedNodeName || '<none>',
      readinessGates(pod),
    ] satisfies TableCell[]
  },
)

function restartsText({ restarts, lastRestart }: Summary, now: number): string {
  if (restarts === 0 || lastRestart === 0) return String(restarts)
  return `${restarts} (${ageText(new Date(lastRestart).toISOString(), now)} ago)`
}

function sidecarNames(pod: Pod): Set<string> {
  const sidecars = (pod.spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always')
  return new Set(sidecars.map(({ name }) => name))
}

function hasCondition(conditions: readonly PodCondition[] | undefined, type: string): boolean {
  return conditions?.find((condition) => condition.type === type)?.status === 'True'
}

function summaryOf(pod: Pod, sidecars: ReadonlySet<string>): Summary {
  const status = pod.status ?? {}
  const summary: Summary = { ready: 0, restarts: 0, lastRestart: 0, reason: status.reason || status.phase || '' }
  const gated = status.conditions?.some(({ type, reason }) => type === 'PodScheduled' && reason === 'SchedulingGated')
  if (gated) summary.reason = 'SchedulingGated'
  const sidecarRestarts = { restarts: 0, lastRestart: 0 }
  const initializing = summariseInit(pod, sidecars, summary, sidecarRestarts)
  if (initializing && !hasCondition(status.conditions, 'Initialized')) return summary
  Object.assign(summary, sidecarRestarts)
  summariseContainers(status.containerStatuses ?? [], status.conditions, summary)
  return summary
}

function countRestarts(container: ContainerStatus, counters: { restarts: number; lastRestart: number }): void {
  counters.restarts += container.restartCount ?? 0
  const finished = container.lastState?.terminated?.finishedAt
  if (finished) counters.lastRestart = Math.max(counters.lastRestart, parseTime(finished) ?? 0)
}

/** Stops at the first init container that is not done; says whether there was one. */
function summariseInit(
  pod: Pod,
  sidecars: ReadonlySet<string>,
  summary: Summary,
  sidecarRestarts: { restarts: number; lastRestart: number },
): boolean {
  for (const [index, container] of (pod.status?.initContainerStatuses ?? []).entries()) {
    const isSidecar = sidecars.has(container.name)
    countRestarts(container, summary)
    if (isSidecar) countRestarts(container, sidecarRestarts)
    const state = container.state ?? {}
    if (state.terminated && state.terminated.exitCode === 0) continue
    if (isSidecar && container.started) {
      if (container.ready) summary.ready++
      continue
    }
    const waiting = state.waiting?.reason
    if (state.terminated) summary.reason = `Init:${terminationReason(state)}`
    else if (waiting && waiting !== 'PodInitializing') summary.reason = `Init:${waiting}`
    else summary.reason = `Init:${index}/${pod.spec?.initContainers?.length ?? 0}`
    return true
  }
  return false
}

function terminationReason({ terminated }: ContainerState): string {
  if (terminated?.reason) return terminated.reason
  return terminated?.signal ? `Signal:${terminated.signal}` : `ExitCode:${terminated?.exitCode ?? 0}`
}

/** Last to first, so that the first container's trouble is what is shown. */
function summariseContainers(
  statuses: readonly ContainerStatus[],
  conditions: readonly PodCondition[] | undefined,
  summary: Summary,
): void {
  let hasRunning = false
  let errorReason = ''
  for (const container of statuses.toReversed()) {
    countRestarts(container, summary)
    const state = container.state ?? {}
    if (state.waiting?.reason) summary.reason = state.waiting.reason
    else if (state.terminated) {
      summary.reason = terminationReason(state)
      if (state.terminated.exitCode !== 0) errorReason = summary.reason
    } else if (container.ready && state.running) {
      hasRunning = true
      summary.ready++
    }
  }
  if (summary.reason !== 'Completed') return
  if (hasRunning && hasCondition(conditions, 'Ready')) summary.reason = 'Running'
  else if (errorReason !== '') summary.reason = errorReason
  else if (hasRunning) summary.reason = 'NotReady'
}

function deletionReason(pod: Pod): string | undefined {
  if (!pod.metadata?.deletionTimestamp) return undefined
  if (pod.status?.reason === 'NodeLost') return 'Unknown'
  const phase = pod.status?.phase
  return phase === 'Succeeded' || phase === 'Failed' ? undefined : 'Terminating'
}

function readinessGates(pod: Pod): string {
  const gates = pod.spec?.readinessGates ?? []
  if (gates.length === 0) return '<none>'
  const open = gates.filter(({ conditionType }) => hasCondition(pod.status?.conditions, conditionType))
  return `${open.length}/${gates.length}`
}
