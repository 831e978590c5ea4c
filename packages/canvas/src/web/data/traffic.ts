// Rates from the cumulative counters of the service proxy: what happened between the last two looks. Where the cluster has
// no such source the reading stays undefined, and the page says so.

import { KubeError, unreachable } from './kube-api.ts'

/** One series of `GET /traffic`: cumulative since the engine's start (see packages/network traffic). */
export interface TrafficEdge {
  source: { pod: { namespace: string; name: string; uid?: string } } | 'outside' | 'unknown'
  service: { namespace: string; name: string; port: number }
  protocol: 'http' | 'tcp' | 'udp'
  requests: number
  codes: Readonly<Record<string, number>>
  latencyMs: { buckets: readonly number[]; counts: readonly number[] }
  bytesIn: number
  bytesOut: number
  connectionsOpened: number
  connectionsOpen: number
  failures: number
}

export interface TrafficSnapshot {
  /** Milliseconds since the epoch. */
  at: number
  edges: readonly TrafficEdge[]
}

/** What flows over a wire, per second. */
export interface Flow {
  protocol: 'http' | 'tcp' | 'udp'
  requestsPerSecond: number
  /** Share of requests answered 5xx or not at all, or of connections that failed: 0 to 1. */
  errorShare: number
  p50Ms?: number
  p95Ms?: number
  bytesPerSecond: number
  connections: number
}

/** `<source workload>→<service>`; the source is a workload's name, `outside` or `unknown`. */
export type FlowKey = string

export function flowKey(source: string, service: string): FlowKey {
  return `${source}→${service}`
}

/** The service that a flow goes to. */
export function serviceOf(key: FlowKey): string {
  return key.slice(key.lastIndexOf('→') + 1)
}

export async function readTraffic(signal: AbortSignal): Promise<TrafficSnapshot> {
  const response = await fetch('/traffic', { signal }).catch((error: unknown) => {
    throw signal.aborted ? error : unreachable()
  })
  if (!response.ok) throw new KubeError({ message: await response.text(), code: response.status })
  return response.json() as Promise<TrafficSnapshot>
}

/** Flows in `namespace` between two snapshots; `workloadOf` names the workload of a pod. */
export function flowsBetween(
  before: TrafficSnapshot,
  after: TrafficSnapshot,
  { namespace, workloadOf }: { namespace: string; workloadOf: (pod: string) => string | undefined },
): Map<FlowKey, Flow> {
  const seconds = (after.at - before.at) / 1000
  if (seconds <= 0) return new Map()
  const earlier = new Map(before.edges.map((edge) => [identity(edge), edge]))
  const grouped = new Map<FlowKey, Sum>()
  for (const edge of after.edges) {
    if (edge.service.namespace !== namespace) continue
    const key = flowKey(sourceName(edge, workloadOf), edge.service.name)
    const sum = grouped.get(key) ?? emptySum(edge)
    addDifference(sum, edge, earlier.get(identity(edge)))
    grouped.set(key, sum)
  }
  return new Map([...grouped].map(([key, sum]) => [key, flowOf(sum, seconds)]))
}

interface Sum {
  protocol: Flow['protocol']
  requests: number
  errors: number
  failures: number
  opened: number
  open: number
  bytes: number
  buckets: readonly number[]
  counts: number[]
}

function sourceName({ source }: TrafficEdge, workloadOf: (pod: string) => string | undefined): string {
  return typeof source === 'string' ? source : (workloadOf(source.pod.name) ?? source.pod.name)
}

function identity({ source, service, protocol }: TrafficEdge): string {
  const from = typeof source === 'string' ? source : (source.pod.uid ?? `${source.pod.namespace}/${source.pod.name}`)
  return `${from} ${service.namespace}/${service.name}:${service.port} ${protocol}`
}

function emptySum({ protocol, latencyMs }: TrafficEdge): Sum {
  return {
    protocol,
    requests: 0,
    errors: 0,
    failures: 0,
    opened: 0,
    open: 0,
    bytes: 0,
    buckets: latencyMs.buckets,
    counts: latencyMs.counts.map(() => 0),
  }
}

function addDifference(sum: Sum, edge: TrafficEdge, before: TrafficEdge | undefined): void {
  // A counter that went back began anew.
  const since = before !== undefined && before.connectionsOpened <= edge.connectionsOpened ? before : undefined
  if (edge.protocol === 'http') sum.protocol = 'http'
  sum.requests += edge.requests - (since?.requests ?? 0)
  for (const [code, count] of Object.entries(edge.codes)) {
    // 0: the connection ended without an answer.
    if (code.startsWith('5') || code === '0') sum.errors += count - (since?.codes[code] ?? 0)
  }
  sum.failures += edge.failures - (since?.failures ?? 0)
  sum.opened += edge.connectionsOpened - (since?.connectionsOpened ?? 0)
  sum.open += edge.connectionsOpen
  sum.bytes += edge.bytesIn + edge.bytesOut - (since?.bytesIn ?? 0) - (since?.bytesOut ?? 0)
  edge.latencyMs.counts.forEach((count, index) => {
    sum.counts[index] = (sum.counts[index] ?? 0) + count - (since?.latencyMs.counts[index] ?? 0)
  })
}

function flowOf(sum: Sum, seconds: number): Flow {
  const asked = sum.protocol === 'http' ? sum.requests : sum.opened
  const wrong = sum.errors + sum.failures
  const p50Ms = quantile(sum, 0.5)
  const p95Ms = quantile(sum, 0.95)
  return {
    protocol: sum.protocol,
    requestsPerSecond: sum.requests / seconds,
    errorShare: wrong === 0 ? 0 : Math.min(1, wrong / Math.max(asked, wrong)),
    ...(p50Ms === undefined ? {} : { p50Ms }),
    ...(p95Ms === undefined ? {} : { p95Ms }),
    bytesPerSecond: sum.bytes / seconds,
    connections: sum.open,
  }
}

/** As Prometheus' histogram_quantile: linear inside the bucket. Undefined where nothing was measured. */
export function quantile(
  { buckets, counts }: { buckets: readonly number[]; counts: readonly number[] },
  share: number,
): number | undefined {
  const total = counts.reduce((sum, count) => sum + count, 0)
  if (total <= 0) return undefined
  let seen = 0
  for (const [index, count] of counts.entries()) {
    if (seen + count < share * total) {
      seen += count
      continue
    }
    const upper = buckets[index]
    const lower = index === 0 ? 0 : (buckets[index - 1] ?? 0)
    if (upper === undefined || count === 0) return lower
    return lower + ((upper - lower) * (share * total - seen)) / count
  }
  return buckets.at(-1)
}
