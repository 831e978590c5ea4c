// Live figures, apart from the document: read every two seconds, kept for a quarter of an hour, and seen only by what
// shows them. Nothing here is ever guessed: what the cluster does not say is absent.

import { nameLabel } from '@binnacle/model'
import { create } from 'zustand'
import { type PodUsage, readPodUsage } from '../data/pod-stats.ts'
import { type Flow, type FlowKey, type TrafficSnapshot, flowsBetween, readTraffic } from '../data/traffic.ts'
import { isKubeError } from '../data/kube-api.ts'
import { useCanvas } from './store.ts'

export interface Sample {
  /** Milliseconds since the epoch. */
  at: number
  flows: ReadonlyMap<FlowKey, Flow>
  usage: ReadonlyMap<string, PodUsage> | undefined
}

interface TelemetryState {
  /** Newest last. */
  samples: readonly Sample[]
  flows: ReadonlyMap<FlowKey, Flow>
  usage: ReadonlyMap<string, PodUsage> | undefined
  /** Whether the cluster tells of traffic at all. */
  hasTraffic: boolean
}

export const useTelemetry = create<TelemetryState>()(() => ({
  samples: [],
  flows: new Map(),
  usage: undefined,
  hasTraffic: false,
}))

const periodMs = 2000
const keptSamples = 450

/** Reads until the returned function is called; a hidden page reads nothing. */
export function startTelemetry(namespace: string): () => void {
  const ended = new AbortController()
  const hasTraffic = useCanvas.getState().context?.hasTraffic === true
  useTelemetry.setState({ samples: [], flows: new Map(), usage: undefined, hasTraffic })
  let before: TrafficSnapshot | undefined
  const read = async (): Promise<void> => {
    if (document.hidden) return
    const signal = AbortSignal.any([ended.signal, AbortSignal.timeout(periodMs * 2)])
    const [snapshot, usage] = await Promise.all([
      hasTraffic ? readTraffic(signal) : undefined,
      readPodUsage(namespace, { nodes: nodesOfPods(), signal }),
    ])
    const flows =
      before === undefined || snapshot === undefined
        ? new Map<FlowKey, Flow>()
        : flowsBetween(before, snapshot, { namespace, workloadOf: workloadsByPod() })
    before = snapshot
    const { samples } = useTelemetry.getState()
    const sample: Sample = { at: snapshot?.at ?? Date.now(), flows, usage }
    useTelemetry.setState({ samples: [...samples.slice(1 - keptSamples), sample], flows, usage })
  }
  const run = (): void => {
    read()
      .catch((error: unknown) => {
        // Out of reach for now: the figures stop, and the connection's state says why.
        if (!ended.signal.aborted && !isKubeError(error) && !isTimeout(error)) throw error
        before = undefined
      })
      .finally(() => {
        if (!ended.signal.aborted) timer = setTimeout(run, periodMs)
      })
  }
  let timer = setTimeout(run, 0)
  return () => {
    ended.abort()
    clearTimeout(timer)
  }
}

function isTimeout(error: unknown): boolean {
  return error instanceof DOMException && (error.name === 'TimeoutError' || error.name === 'AbortError')
}

function livePods(): readonly LivePod[] {
  const pods: LivePod[] = []
  for (const object of useCanvas.getState().editor.document.live.values()) {
    if (object.kind === 'Pod') pods.push(object as unknown as LivePod)
  }
  return pods
}

interface LivePod {
  metadata: { name?: string; labels?: Record<string, string> }
  spec?: { nodeName?: string }
}

function nodesOfPods(): string[] {
  return [...new Set(livePods().flatMap(({ spec }) => spec?.nodeName ?? []))]
}

/** The workload of a pod, by the label that all of ours carry. */
function workloadsByPod(): (pod: string) => string | undefined {
  const workloads = new Map(livePods().map(({ metadata }) => [metadata.name, metadata.labels?.[nameLabel]]))
  return (pod) => workloads.get(pod)
}
