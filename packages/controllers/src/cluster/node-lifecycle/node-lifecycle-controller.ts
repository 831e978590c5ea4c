// Watches that nodes are alive: a node whose Lease and status both fell silent gets conditions of status Unknown, its
// conditions become taints, and its pods are no longer ready. Upstream: pkg/controller/nodelifecycle, without zones (there
// is one) and with eviction at once rather than 0.1 nodes per second, which protects large clusters.

import { formatTime, isConflict, isNotFound } from '@binnacle/api'
import type { Clock, Lease, Node, NodeCondition, Pod, PodCondition, Taint } from '@binnacle/api'
import { leases, nodes, pods } from '@binnacle/client'
import type { Controller } from '@binnacle/client'
import type { ControllerContext } from '../../context.ts'
import { runController } from '../run-controller.ts'
import { podIsReady } from '../endpoints/service-pods.ts'

const monitorPeriodMs = 5000
const monitorGraceMs = 50_000
const startupGraceMs = 60_000
const leaseNamespace = 'kube-node-lease'

const taintByCondition: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Ready: { False: 'node.kubernetes.io/not-ready', Unknown: 'node.kubernetes.io/unreachable' },
  MemoryPressure: { True: 'node.kubernetes.io/memory-pressure' },
  DiskPressure: { True: 'node.kubernetes.io/disk-pressure' },
  PIDPressure: { True: 'node.kubernetes.io/pid-pressure' },
  NetworkUnavailable: { True: 'node.kubernetes.io/network-unavailable' },
}
const unschedulableTaint = 'node.kubernetes.io/unschedulable'
const managedTaints = new Set([
  unschedulableTaint,
  ...Object.values(taintByCondition).flatMap((byStatus) => Object.values(byStatus)),
])
const monitoredConditions = ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure'] as const

/** When a node was last heard of, by this controller's own clock: node and controller clocks may differ. */
interface Health {
  uid: string
  heardAt: number
  leaseRenewed: string | undefined
  heartbeat: string | undefined
}

export function startNodeLifecycleController(context: ControllerContext): Controller {
  const { client, informers, events, clock } = context
  const nodeInformer = informers.of<Node>(nodes)
  const leaseInformer = informers.of<Lease>(leases)
  const podInformer = informers.of<Pod>(pods, { node: nodeNameOf })
  const health = new Map<string, Health>()

  const controller = runController(context, {
    name: 'node-lifecycle-controller',
    workers: 4,
    reconcile: async (name) => {
      const node = nodeInformer.get(name)
      if (!node) {
        const known = health.get(name)
        if (known)
          events.record(
            eventTarget(name, known.uid),
            'Normal',
            'RemovingNode',
            `Node ${name} event: Removing Node ${name} from Controller`,
          )
        health.delete(name)
        return undefined
      }
      if (!health.has(name)) {
        const message = `Node ${name} event: Registered Node ${name} in Controller`
        events.record(eventTarget(name, node.metadata.uid ?? ''), 'Normal', 'RegisteredNode', message)
      }
      const heardAt = hearFrom(node)
      try {
        const current = await markSilent(node, heardAt)
        await updateTaints(current)
        if (readyStatus(current) !== 'True') await markPodsNotReady(current)
      } catch (error) {
        // The node's own heartbeat came in between: look again with the new version.
        if (!isConflict(error) && !isNotFound(error)) throw error
        return { requeueAfterMs: 20 }
      }
      return { requeueAfterMs: monitorPeriodMs }
    },
  })

  function hearFrom(node: Node): number {
    const name = node.metadata.name ?? ''
    const leaseRenewed = leaseInformer.get(`${leaseNamespace}/${name}`)?.spec?.renewTime
    const heartbeat = condition(node, 'Ready')?.lastHeartbeatTime
    const known = health.get(name)
    const isNews = !known || known.leaseRenewed !== leaseRenewed || known.heartbeat !== heartbeat
    const heardAt = isNews ? firstHeard(node, known, clock) : known.heardAt
    health.set(name, { uid: node.metadata.uid ?? '', heardAt, leaseRenewed, heartbeat })
    return heardAt
  }

  async function markSilent(node: Node, heardAt: number): Promise<Node> {
    const ready = condition(node, 'Ready')
    const grace = ready ? monitorGraceMs : startupGraceMs
    if (clock.now() - heardAt <= grace) return node
    const now = formatTime(clock.now())
    const conditions = unknownConditions(node, now)
    if (conditions === undefined) return node
    if (ready?.status === 'True') {
      const name = node.metadata.name ?? ''
      const message = `Node ${name} status is now: NodeNotReady`
      events.record(eventTarget(name, node.metadata.uid ?? ''), 'Normal', 'NodeNotReady', message)
    }
    return client.updateStatus<Node>(nodes, { ...node, status: { ...node.status, conditions } })
  }

  async function updateTaints(node: Node): Promise<void> {
    const taints = wantedTaints(node, clock)
    if (taints === undefined) return
    const { name = '', resourceVersion } = node.metadata
    await client.patch<Node>(
      nodes,
      { name },
      {
        type: 'application/merge-patch+json',
        body: { metadata: { resourceVersion }, spec: { taints: taints.length > 0 ? taints : null } },
      },
    )
  }

  async function markPodsNotReady(node: Node): Promise<void> {
    const name = node.metadata.name ?? ''
    for (const pod of podInformer.byIndex('node', name)) {
      if (!podIsReady(pod)) continue
      const { namespace = '', name: podName = '', uid } = pod.metadata
      const notReady: PodCondition = { type: 'Ready', status: 'False', lastTransitionTime: formatTime(clock.now()) }
      await client.patch<Pod>(
        pods,
        { namespace, name: podName },
        {
          type: 'application/strategic-merge-patch+json',
          subresource: 'status',
          body: { metadata: { uid }, status: { conditions: [notReady] } },
        },
      )
      events.record(pod, 'Warning', 'NodeNotReady', 'Node is not ready')
    }
  }

  const enqueue = ({ metadata }: Node): void => controller.enqueue(metadata.name ?? '')
  nodeInformer.on({ added: enqueue, updated: enqueue, deleted: enqueue })
  podInformer.on({
    updated: (pod) => {
      const name = pod.spec?.nodeName
      const node = name ? nodeInformer.get(name) : undefined
      if (node && readyStatus(node) !== 'True' && podIsReady(pod)) controller.enqueue(name ?? '')
    },
  })
  return controller
}

function nodeNameOf({ spec }: Pod): string[] {
  return spec?.nodeName ? [spec.nodeName] : []
}

function firstHeard(node: Node, known: Health | undefined, clock: Clock): number {
  // A node that never posted a status has the time since its creation.
  const created = Date.parse(node.metadata.creationTimestamp ?? '')
  return !known && !condition(node, 'Ready') && !Number.isNaN(created) ? created : clock.now()
}

function condition(node: Node, type: string): NodeCondition | undefined {
  return node.status?.conditions?.find((one) => one.type === type)
}

function readyStatus(node: Node): string {
  return condition(node, 'Ready')?.status ?? 'Unknown'
}

function unknownConditions(node: Node, now: string): NodeCondition[] | undefined {
  const conditions = [...(node.status?.conditions ?? [])]
  let changed = false
  for (const type of monitoredConditions) {
    const index = conditions.findIndex((one) => one.type === type)
    const old = conditions[index]
    if (old?.status === 'Unknown') continue
    changed = true
    const created = node.metadata.creationTimestamp
    const next: NodeCondition = old
      ? {
          ...old,
          status: 'Unknown',
          reason: 'NodeStatusUnknown',
          message: 'Kubelet stopped posting node status.',
          lastTransitionTime: now,
        }
      : {
          type,
          status: 'Unknown',
          reason: 'NodeStatusNeverUpdated',
          message: 'Kubelet never posted node status.',
          ...(created === undefined ? {} : { lastHeartbeatTime: created }),
          lastTransitionTime: now,
        }
    if (old) conditions[index] = next
    else conditions.push(next)
  }
  return changed ? conditions : undefined
}

/** The node's taints with those of its conditions and its cordon; undefined where they are right already. */
function wantedTaints(node: Node, clock: Clock): Taint[] | undefined {
  const wanted: Taint[] = []
  for (const { type, status } of node.status?.conditions ?? []) {
    const key = taintByCondition[type]?.[status]
    if (key === undefined) continue
    wanted.push({ key, effect: 'NoSchedule' })
    if (type === 'Ready') wanted.push({ key, effect: 'NoExecute' })
  }
  if (node.spec?.unschedulable) wanted.push({ key: unschedulableTaint, effect: 'NoSchedule' })
  const current = node.spec?.taints ?? []
  const isSame = (a: Taint, b: Taint): boolean => a.key === b.key && a.effect === b.effect
  const kept = current.filter((taint) => !managedTaints.has(taint.key) || wanted.some((one) => isSame(one, taint)))
  const added = wanted.filter((taint) => !current.some((one) => isSame(one, taint)))
  if (added.length === 0 && kept.length === current.length) return undefined
  const now = formatTime(clock.now())
  return [...kept, ...added.map((taint) => ({ ...taint, timeAdded: now }))]
}

/** Upstream's node events carry the node's name as the uid of the involved object. */
function eventTarget(
  name: string,
  uid: string,
): { apiVersion: string; kind: string; metadata: { name: string; uid: string } } {
  return { apiVersion: 'v1', kind: 'Node', metadata: { name, uid } }
}
