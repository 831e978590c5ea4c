// CPU and memory of pods: from the metrics API where a cluster has it, else from the kubelet's own summary. Neither is
// there on every cluster, and the page then says that there are no figures.

import type { KubeList, KubeObject } from '@binnacle/api'
import { ask, isKubeError } from './kube-api.ts'

export interface PodUsage {
  /** Cores. */
  cpu: number
  bytes: number
}

interface Summary {
  pods?: readonly {
    podRef: { name: string; namespace: string }
    cpu?: { usageNanoCores?: number }
    memory?: { workingSetBytes?: number }
    containers?: readonly { cpu?: { usageNanoCores?: number }; memory?: { workingSetBytes?: number } }[]
  }[]
}

interface PodMetrics extends KubeObject {
  containers: readonly { usage: { cpu: string; memory: string } }[]
}

interface GroupList {
  groups: readonly { name: string }[]
}

/** Asked once: a cluster seldom gets a metrics server while it is looked at. */
let hasMetricsApi: Promise<boolean> | undefined

/** Nodes whose kubelet did not answer, with the time (ms) from which it is asked again. */
const silentUntil = new Map<string, number>()
const silentMs = 60_000

/** Usage by pod name in a namespace; undefined where the cluster has no figures or does not show them. */
export async function readPodUsage(
  namespace: string,
  { nodes, signal }: { nodes: readonly string[]; signal: AbortSignal },
): Promise<ReadonlyMap<string, PodUsage> | undefined> {
  hasMetricsApi ??= ask<GroupList>('/apis').then(({ groups }) => groups.some(({ name }) => name === 'metrics.k8s.io'))
  const byMetrics = (await hasMetricsApi)
    ? await optional(() =>
        ask<KubeList<PodMetrics>>(`/apis/metrics.k8s.io/v1beta1/namespaces/${namespace}/pods`, { signal }),
      )
    : undefined
  if (byMetrics !== undefined) {
    return new Map(
      byMetrics.items.map(({ metadata, containers }) => [
        metadata.name ?? '',
        {
          cpu: containers.reduce((sum, { usage }) => sum + cpuOf(usage.cpu), 0),
          bytes: containers.reduce((sum, { usage }) => sum + memoryOf(usage.memory), 0),
        },
      ]),
    )
  }
  const usage = new Map<string, PodUsage>()
  let hasAny = false
  for (const node of nodes) {
    if (performance.now() < (silentUntil.get(node) ?? 0)) continue
    const summary = await optional(() => ask<Summary>(`/api/v1/nodes/${node}/proxy/stats/summary`, { signal }))
    if (summary === undefined) {
      silentUntil.set(node, performance.now() + silentMs)
      continue
    }
    hasAny = true
    for (const pod of summary.pods ?? []) {
      if (pod.podRef.namespace !== namespace) continue
      const parts = pod.cpu === undefined && pod.memory === undefined ? (pod.containers ?? []) : [pod]
      usage.set(pod.podRef.name, {
        cpu: parts.reduce((sum, { cpu }) => sum + (cpu?.usageNanoCores ?? 0) / 1e9, 0),
        bytes: parts.reduce((sum, { memory }) => sum + (memory?.workingSetBytes ?? 0), 0),
      })
    }
  }
  return hasAny ? usage : undefined
}

/** Nothing where it is not served, not allowed or out of reach for now; a later reading tries again. */
async function optional<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read()
  } catch (error) {
    if (isKubeError(error) && [0, 403, 404, 405, 500, 502, 503].includes(error.code)) return undefined
    throw error
  }
}

/** `250m`, `1200n`, `2` in cores. */
export function cpuOf(quantity: string): number {
  const match = /^([\d.]+)([num]?)$/.exec(quantity)
  const scale = { n: 1e-9, u: 1e-6, m: 1e-3, '': 1 } as const
  return match === null ? 0 : Number(match[1]) * scale[(match[2] ?? '') as keyof typeof scale]
}

/** `128Mi`, `64000Ki`, `1048576` in bytes. */
export function memoryOf(quantity: string): number {
  const match = /^([\d.]+)(Ki|Mi|Gi|Ti|k|M|G|T)?$/.exec(quantity)
  if (match === null) return 0
  const scale = { Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40, k: 1e3, M: 1e6, G: 1e9, T: 1e12, '': 1 } as const
  return Number(match[1]) * scale[(match[2] ?? '') as keyof typeof scale]
}
