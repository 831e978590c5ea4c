// The figures of one node: what flows into it, and what its pods use. Read from the newest sample.

import { type GraphNode, parseKey } from '@binnacle/canvas-core'
import { useMemo } from 'react'
import { useShallow } from 'zustand/react/shallow'
import { type Flow, type FlowKey, serviceOf } from '../data/traffic.ts'
import { useCanvas } from './store.ts'
import { type Sample, useTelemetry } from './telemetry.ts'

export interface Figures {
  requestsPerSecond?: number
  errorShare?: number
  p95Ms?: number
  connections?: number
  /** Cores. */
  cpu?: number
  bytes?: number
}

/** All flows into each service brought together, by the service's name. */
export function flowsInto(flows: ReadonlyMap<FlowKey, Flow>): ReadonlyMap<string, Flow> {
  const grouped = new Map<string, Flow[]>()
  for (const [key, flow] of flows) {
    const service = serviceOf(key)
    const known = grouped.get(service)
    if (known === undefined) grouped.set(service, [flow])
    else known.push(flow)
  }
  return new Map([...grouped].map(([service, into]) => [service, together(into)]))
}

function together(into: readonly Flow[]): Flow {
  const requests = into.reduce((sum, flow) => sum + flow.requestsPerSecond, 0)
  const slowest = into.flatMap(({ p95Ms }) => p95Ms ?? [])
  return {
    protocol: into.some(({ protocol }) => protocol === 'http') ? 'http' : (into[0]?.protocol ?? 'tcp'),
    requestsPerSecond: requests,
    errorShare:
      requests === 0
        ? Math.max(...into.map(({ errorShare }) => errorShare))
        : into.reduce((sum, flow) => sum + flow.errorShare * flow.requestsPerSecond, 0) / requests,
    ...(slowest.length === 0 ? {} : { p95Ms: Math.max(...slowest) }),
    bytesPerSecond: into.reduce((sum, flow) => sum + flow.bytesPerSecond, 0),
    connections: into.reduce((sum, flow) => sum + flow.connections, 0),
  }
}

/** Of each sample's flows once, for whatever node asks. */
const known = new WeakMap<ReadonlyMap<FlowKey, Flow>, ReadonlyMap<string, Flow>>()

function flowInto(flows: ReadonlyMap<FlowKey, Flow>, service: string): Flow | undefined {
  let into = known.get(flows)
  if (into === undefined) {
    into = flowsInto(flows)
    known.set(flows, into)
  }
  return into.get(service)
}

export function figuresOf(
  { flows, usage }: Pick<Sample, 'flows' | 'usage'>,
  { name, pods }: { name: string; pods: readonly string[] },
): Figures {
  const flow = flowInto(flows, name)
  const used = pods.flatMap((pod) => usage?.get(pod) ?? [])
  return {
    ...(flow === undefined
      ? {}
      : {
          connections: flow.connections,
          // What is not HTTP has connections and bytes, and neither requests nor errors.
          ...(flow.protocol === 'http'
            ? { requestsPerSecond: flow.requestsPerSecond, errorShare: flow.errorShare }
            : {}),
        }),
    ...(flow?.p95Ms === undefined ? {} : { p95Ms: flow.p95Ms }),
    ...(used.length === 0
      ? {}
      : {
          cpu: used.reduce((sum, { cpu }) => sum + cpu, 0),
          bytes: used.reduce((sum, { bytes }) => sum + bytes, 0),
        }),
  }
}

/** Names of the pods that are folded into a node. */
export function podsOf(node: GraphNode): readonly string[] {
  return node.children.map(parseKey).flatMap(({ kind, name }) => (kind === 'Pod' ? [name] : []))
}

export function useFigures(node: GraphNode): Figures {
  const pods = useMemo(() => podsOf(node), [node])
  return useTelemetry(useShallow((state) => figuresOf(state, { name: node.title, pods })))
}

/** A figure of a node over the last quarter of an hour, for a line. */
export function useSeries(
  node: GraphNode | undefined,
  read: (figures: Figures) => number | undefined,
): { times: readonly number[]; values: readonly (number | null)[] } {
  const samples = useTelemetry((state) => state.samples)
  if (node === undefined) return { times: [], values: [] }
  const pods = podsOf(node)
  return {
    times: samples.map(({ at }) => at / 1000),
    values: samples.map((sample) => read(figuresOf(sample, { name: node.title, pods })) ?? null),
  }
}

export function useNode(key: string | undefined): GraphNode | undefined {
  return useCanvas((state) => (key === undefined ? undefined : state.graph.byKey.get(key)))
}
