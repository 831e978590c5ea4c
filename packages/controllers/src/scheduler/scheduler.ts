// The scheduler: watches pods without a node, finds one, and binds. Cycles are synchronous and work on a cache in which
// a chosen pod counts at once, so that binds can be on their way while the next pods are looked at.
// Upstream: pkg/scheduler/{scheduler,schedule_one,eventhandlers}.go.

import { formatTime, isNotFound } from '@binnacle/api'
import type {
  Namespace,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  PodCondition,
  PodDisruptionBudget,
  StorageClass,
} from '@binnacle/api'
import {
  namespaces,
  nodes,
  persistentVolumeClaims,
  persistentVolumes,
  podDisruptionBudgets,
  pods,
  storageClasses,
} from '@binnacle/client'

import type { ControllerContext } from '../context.ts'
import { podInfoOf, podKey } from './node-info.ts'
import type { PodInfo } from './node-info.ts'
import type { ClusterEvent, ClusterView } from './plugin.ts'
import { filterPlugins, scorePlugins } from './plugins/default-plugins.ts'
import { findPreemption } from './preemption.ts'
import { sameForScheduling, SchedulerCache } from './scheduler-cache.ts'
import { fitErrorMessage, schedulePod } from './scheduling-cycle.ts'
import type { CycleContext, Diagnosis } from './scheduling-cycle.ts'
import { isGated, SchedulingQueue } from './scheduling-queue.ts'
import type { QueuedPod } from './scheduling-queue.ts'
import { selectNodeForClaims } from './select-node-for-claims.ts'

export interface SchedulerOptions {
  /** Pods that name another scheduler are left alone. */
  schedulerName?: string
  /** Binds on their way at the same time. */
  maxBindsInFlight?: number
}

export interface Scheduler {
  stop(): Promise<void>
}

/** The longest that cycles run before the event loop gets a turn. */
const sliceMs = 4
const maxEventMessage = 1024

export function startScheduler(context: ControllerContext, options: SchedulerOptions = {}): Scheduler {
  const scheduler = new RunningScheduler(context, options)
  scheduler.watch()
  return scheduler
}

class RunningScheduler implements Scheduler {
  readonly #context: ControllerContext
  readonly #schedulerName: string
  readonly #maxBindsInFlight: number
  readonly #cache = new SchedulerCache()
  readonly #queue: SchedulingQueue
  readonly #cycle: CycleContext
  readonly #unsubscribe: (() => void)[] = []
  readonly #requests = new Set<Promise<void>>()
  #bindsInFlight = 0
  #synced = false
  #stopped = false
  #pumpPlanned = false

  constructor(context: ControllerContext, options: SchedulerOptions) {
    this.#context = context
    this.#schedulerName = options.schedulerName ?? 'default-scheduler'
    this.#maxBindsInFlight = options.maxBindsInFlight ?? 64
    this.#queue = new SchedulingQueue({ clock: context.clock, ready: () => this.#planPump() })
    this.#cycle = { cache: this.#cache, view: this.#view(), filters: filterPlugins, scorers: scorePlugins }
  }

  watch(): void {
    const { informers, signal } = this.#context
    const podInformer = informers.of<Pod>(pods)
    const nodeInformer = informers.of<Node>(nodes)
    this.#unsubscribe.push(
      podInformer.on({
        added: (pod) => this.#podChanged(pod),
        updated: (pod, old) => this.#podChanged(pod, old),
        deleted: (pod) => this.#podGone(pod),
      }),
      nodeInformer.on({
        added: (node) => this.#nodeChanged(node),
        updated: (node, old) => this.#nodeChanged(node, old),
        deleted: ({ metadata }) => this.#cache.removeNode(metadata.name ?? ''),
      }),
    )
    const volumeEvent = { added: () => this.#moveOn('volume'), updated: () => this.#moveOn('volume') }
    for (const ref of [persistentVolumeClaims, persistentVolumes, storageClasses]) {
      this.#unsubscribe.push(informers.of(ref).on(volumeEvent))
    }
    signal.addEventListener('abort', () => void this.stop(), { once: true })
    // A cycle before all bound pods are known would overbook the nodes.
    const others = [persistentVolumeClaims, persistentVolumes, storageClasses, namespaces, podDisruptionBudgets]
    const inStep = [podInformer.synced, nodeInformer.synced, ...others.map((ref) => informers.of(ref).synced)]
    void Promise.all(inStep).then(
      () => {
        this.#synced = true
        this.#planPump()
        return undefined
      },
      // Only when the informers are stopped before they were ever in step; then there is nothing to schedule.
      () => undefined,
    )
  }

  async stop(): Promise<void> {
    this.#stopped = true
    for (const unsubscribe of this.#unsubscribe.splice(0)) unsubscribe()
    this.#queue.close()
    await Promise.allSettled(this.#requests)
  }

  #view(): ClusterView {
    const { informers } = this.#context
    const claims = informers.of<PersistentVolumeClaim>(persistentVolumeClaims)
    const volumes = informers.of<PersistentVolume>(persistentVolumes)
    const classes = informers.of<StorageClass>(storageClasses)
    const spaces = informers.of<Namespace>(namespaces)
    informers.of<PodDisruptionBudget>(podDisruptionBudgets)
    return {
      nodes: this.#cache.nodes,
      namespace: (name) => spaces.get(name),
      claim: (namespace, name) => claims.get(`${namespace}/${name}`),
      volume: (name) => volumes.get(name),
      volumes: () => volumes.list(),
      storageClass: (name) => classes.get(name),
    }
  }

  #podChanged(pod: Pod, old?: Pod): void {
    const uid = pod.metadata.uid ?? ''
    const phase = pod.status?.phase
    if (phase === 'Succeeded' || phase === 'Failed') {
      this.#podGone(pod)
      return
    }
    if (pod.spec?.nodeName) {
      this.#queue.remove(uid)
      this.#cache.setPod(pod)
      // Most updates are of the status, which no filter looks at.
      if (!old?.spec?.nodeName) this.#moveOn('podAdded')
      else if (!sameForScheduling(pod, old)) this.#moveOn('podUpdated')
      return
    }
    if (pod.spec?.schedulerName !== undefined && pod.spec.schedulerName !== this.#schedulerName) return
    if (pod.metadata.deletionTimestamp !== undefined) {
      this.#queue.remove(uid)
      return
    }
    if (this.#cache.isPlaced(uid)) return
    const nominated = pod.status?.nominatedNodeName
    if (nominated) this.#cache.nominate(podInfoOf(pod), nominated)
    this.#queue.put(pod)
    if (isGated(pod)) this.#sayGated(pod)
  }

  #podGone(pod: Pod): void {
    const uid = pod.metadata.uid ?? ''
    this.#queue.remove(uid)
    const hadNode = this.#cache.isPlaced(uid) || !!pod.status?.nominatedNodeName
    this.#cache.removePod(uid)
    if (hadNode) this.#moveOn('podRemoved')
  }

  #nodeChanged(node: Node, old?: Node): void {
    this.#cache.setNode(node)
    // Heartbeats come every few seconds and change nothing that a filter looks at.
    if (!old || !sameForFilters(node, old)) this.#moveOn('node')
  }

  #moveOn(event: ClusterEvent): void {
    this.#queue.moveOn(event)
  }

  #planPump(): void {
    if (this.#pumpPlanned || this.#stopped || !this.#synced) return
    this.#pumpPlanned = true
    setImmediate(() => {
      this.#pumpPlanned = false
      this.#pump()
    })
  }

  #pump(): void {
    const deadline = performance.now() + sliceMs
    while (!this.#stopped && this.#bindsInFlight < this.#maxBindsInFlight) {
      const queued = this.#queue.pop()
      if (!queued) return
      this.#scheduleOne(queued)
      if (performance.now() > deadline) {
        this.#planPump()
        return
      }
    }
  }

  #scheduleOne(queued: QueuedPod): void {
    const { info } = queued
    if (this.#cache.isPlaced(info.uid)) return
    if (this.#cache.nodes.size === 0) {
      this.#refuse(queued, { message: 'no nodes available to schedule pods', retryOn: new Set(['node']) })
      return
    }
    const result = schedulePod(info, this.#cycle)
    if ('diagnosis' in result) {
      this.#notScheduled(queued, result.diagnosis)
      return
    }
    this.#cache.assume(info, result.node)
    this.#bindsInFlight++
    this.#track(
      this.#bind(queued, result.node).finally(() => {
        this.#bindsInFlight--
        if (this.#queue.size > 0) this.#planPump()
      }),
    )
  }

  async #bind(queued: QueuedPod, node: string): Promise<void> {
    const { client, events } = this.#context
    const { pod, uid } = queued.info
    const { name = '', namespace = '' } = pod.metadata
    try {
      if (await selectNodeForClaims(pod, { node, view: this.#cycle.view, client })) {
        // The claims are not bound yet: the PV controller binds them now, and that brings the pod back.
        this.#cache.forget(uid)
        this.#queue.addUnschedulable(queued, new Set(['volume']))
        return
      }
      await client.subresource(pods, 'binding', {
        verb: 'create',
        namespace,
        name,
        body: {
          apiVersion: 'v1',
          kind: 'Binding',
          metadata: { name, namespace, uid },
          target: { kind: 'Node', name: node },
        },
      })
      events.record(pod, 'Normal', 'Scheduled', `Successfully assigned ${namespace}/${name} to ${node}`)
    } catch (error) {
      this.#cache.forget(uid)
      this.#moveOn('podRemoved')
      if (isNotFound(error) || this.#stopped) return
      const message = `binding rejected: ${error instanceof Error ? error.message : String(error)}`
      events.record(pod, 'Warning', 'FailedScheduling', message)
      this.#track(this.#setCondition(pod, { reason: 'SchedulerError', message }))
      if (this.#isStillWaiting(pod)) this.#queue.addFailed(queued)
    }
  }

  /** The pod may have been deleted, or bound by someone else, while the bind was on its way. */
  #isStillWaiting(pod: Pod): boolean {
    const current = this.#context.informers.of<Pod>(pods).get(podKey(pod))
    return current?.metadata.uid === pod.metadata.uid && !current?.spec?.nodeName
  }

  #notScheduled(queued: QueuedPod, diagnosis: Diagnosis): void {
    const budgets = this.#context.informers.of<PodDisruptionBudget>(podDisruptionBudgets).list()
    const preemption = findPreemption(queued.info, { diagnosis, context: this.#cycle, budgets })
    const retryOn = new Set<ClusterEvent>()
    for (const plugin of filterPlugins) {
      if (diagnosis.plugins.has(plugin.name)) for (const event of plugin.events) retryOn.add(event)
    }
    if ('victims' in preemption) {
      this.#cache.nominate(queued.info, preemption.node)
      this.#refuse(queued, { message: fitErrorMessage(diagnosis), retryOn, nominatedNode: preemption.node })
      for (const victim of preemption.victims) this.#track(this.#preempt(victim, queued, preemption.node))
      return
    }
    const { message, clearNomination } = preemption
    if (clearNomination) this.#cache.nominate(queued.info, '')
    this.#refuse(queued, {
      message: fitErrorMessage(diagnosis, message),
      retryOn,
      ...(clearNomination && queued.info.pod.status?.nominatedNodeName ? { nominatedNode: '' } : {}),
    })
  }

  #refuse(
    queued: QueuedPod,
    {
      message,
      retryOn,
      nominatedNode,
    }: { message: string; retryOn: ReadonlySet<ClusterEvent>; nominatedNode?: string },
  ): void {
    const { pod } = queued.info
    this.#queue.addUnschedulable(queued, retryOn)
    this.#context.events.record(pod, 'Warning', 'FailedScheduling', truncate(message))
    this.#track(
      this.#setCondition(pod, {
        reason: 'Unschedulable',
        message,
        ...(nominatedNode === undefined ? {} : { nominatedNode }),
      }),
    )
  }

  async #preempt(victim: PodInfo, preemptor: QueuedPod, node: string): Promise<void> {
    const { client, clock, events } = this.#context
    const { name = '', namespace = '', uid = '', deletionTimestamp } = victim.pod.metadata
    if (deletionTimestamp !== undefined) return
    const condition: PodCondition = {
      type: 'DisruptionTarget',
      status: 'True',
      reason: 'PreemptionByScheduler',
      message: `${this.#schedulerName}: preempting to accommodate a higher priority pod`,
      lastTransitionTime: formatTime(clock.now()),
    }
    try {
      await client.patch<Pod>(
        pods,
        { namespace, name },
        {
          type: 'application/strategic-merge-patch+json',
          subresource: 'status',
          body: { metadata: { uid }, status: { conditions: [condition] } },
        },
      )
      await client.delete(pods, { namespace, name }, { preconditions: { uid } })
    } catch (error) {
      if (isNotFound(error)) return
      // The preemptor is looked at again: the victim may be gone, or another one may do.
      const message = error instanceof Error ? error.message : String(error)
      events.record(preemptor.info.pod, 'Warning', 'FailedScheduling', truncate(`preemption: ${message}`))
      this.#moveOn('podRemoved')
      return
    }
    events.record(victim.pod, 'Normal', 'Preempted', `Preempted by pod ${preemptor.info.uid} on node ${node}`)
  }

  #sayGated(pod: Pod): void {
    if (pod.status?.conditions?.some(({ type, reason }) => type === 'PodScheduled' && reason === 'SchedulingGated'))
      return
    const message = 'Scheduling is blocked due to non-empty scheduling gates'
    this.#track(this.#setCondition(pod, { reason: 'SchedulingGated', message }))
  }

  async #setCondition(
    pod: Pod,
    { reason, message, nominatedNode }: { reason: string; message: string; nominatedNode?: string },
  ): Promise<void> {
    const { client, clock, informers } = this.#context
    const { name = '', namespace = '', uid, generation } = pod.metadata
    const current = informers.of<Pod>(pods).get(podKey(pod)) ?? pod
    const old = current.status?.conditions?.find(({ type }) => type === 'PodScheduled')
    const sameCondition = old?.status === 'False' && old.reason === reason && old.message === message
    if (sameCondition && (nominatedNode === undefined || nominatedNode === (current.status?.nominatedNodeName ?? '')))
      return
    const condition = {
      type: 'PodScheduled',
      status: 'False',
      reason,
      message,
      ...(generation === undefined ? {} : { observedGeneration: generation }),
      lastTransitionTime: old?.status === 'False' ? old.lastTransitionTime : formatTime(clock.now()),
    }
    const nomination =
      nominatedNode === undefined ? {} : { nominatedNodeName: nominatedNode === '' ? null : nominatedNode }
    try {
      await client.patch<Pod>(
        pods,
        { namespace, name },
        {
          type: 'application/strategic-merge-patch+json',
          subresource: 'status',
          body: { metadata: { uid }, status: { conditions: [condition], ...nomination } },
        },
      )
    } catch (error) {
      // A condition is a courtesy to readers: the event has said it, and the next cycle says it again.
      if (!isNotFound(error)) this.#context.events.record(pod, 'Warning', 'FailedScheduling', truncate(String(error)))
    }
  }

  #track(request: Promise<void>): void {
    this.#requests.add(request)
    void request.finally(() => this.#requests.delete(request))
  }
}

function truncate(message: string): string {
  return message.length <= maxEventMessage ? message : `${message.slice(0, maxEventMessage - 4)} ...`
}

function sameForFilters(node: Node, old: Node): boolean {
  return (
    node.spec?.unschedulable === old.spec?.unschedulable &&
    JSON.stringify([node.spec?.taints, node.metadata.labels, node.status?.allocatable]) ===
      JSON.stringify([old.spec?.taints, old.metadata.labels, old.status?.allocatable])
  )
}
