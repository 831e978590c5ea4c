// Keeps as many pods as a ReplicaSet or ReplicationController asks for, and its status. Upstream:
// pkg/controller/replicaset (ReplicationControllers are run through the same code there, too).

import {
  type KubeObject,
  type LabelSelector,
  type Pod,
  type PodTemplateSpec,
  deepEqual,
  formatTime,
  isNotFound,
  labelSelectorMatches,
} from '@binnacle/api'
import {
  type Controller,
  type Informer,
  type ResourceRef,
  objectKey,
  replicaSets,
  replicationControllers,
} from '@binnacle/client'
import { runController } from '../cluster/run-controller.ts'
import type { ControllerContext } from '../context.ts'
import { PodControl, messageOf } from './pod-control.ts'
import { availableAt, byDeletionOrder, byNamespace, isPodActive, isPodReady, isPodTerminating } from './replica-pods.ts'
import { slowStart } from './slow-start.ts'

/** Pods made or removed in one go (upstream's BurstReplicas). */
const burst = 500

interface Condition {
  type: string
  status: 'True' | 'False' | 'Unknown'
  reason?: string | undefined
  message?: string | undefined
  lastTransitionTime?: string | undefined
}

interface ReplicaStatus {
  replicas: number
  fullyLabeledReplicas?: number | undefined
  readyReplicas?: number | undefined
  availableReplicas?: number | undefined
  terminatingReplicas?: number | undefined
  observedGeneration?: number | undefined
  conditions?: Condition[] | undefined
}

/** What the two kinds have in common; their selectors differ. */
interface Replicated extends KubeObject {
  spec?:
    | {
        replicas?: number | undefined
        minReadySeconds?: number | undefined
        template?: PodTemplateSpec | undefined
        selector?: unknown
      }
    | undefined
  status?: ReplicaStatus | undefined
}

interface ReplicatedKind {
  apiVersion: string
  kind: string
  ref: ResourceRef
  name: string
  selectorOf(object: Replicated): LabelSelector
}

const replicaSetKind: ReplicatedKind = {
  apiVersion: 'apps/v1',
  kind: 'ReplicaSet',
  ref: replicaSets,
  name: 'replicaset-controller',
  selectorOf: ({ spec }) => spec?.selector ?? {},
}

const replicationControllerKind: ReplicatedKind = {
  apiVersion: 'v1',
  kind: 'ReplicationController',
  ref: replicationControllers,
  name: 'replicationcontroller-controller',
  selectorOf: ({ spec }) => ({ matchLabels: (spec?.selector ?? {}) as Record<string, string> }),
}

export function startReplicaSetController(context: ControllerContext): Controller {
  return new ReplicaController(context, replicaSetKind).start()
}

export function startReplicationControllerController(context: ControllerContext): Controller {
  return new ReplicaController(context, replicationControllerKind).start()
}

class ReplicaController {
  readonly #context: ControllerContext
  readonly #kind: ReplicatedKind
  readonly #objects: Informer<Replicated>
  readonly #pods: PodControl
  readonly #controller: Controller

  constructor(context: ControllerContext, kind: ReplicatedKind) {
    this.#context = context
    this.#kind = kind
    this.#objects = context.informers.of<Replicated>(kind.ref, { byNamespace })
    this.#pods = new PodControl(context, kind)
    this.#controller = runController(context, { name: kind.name, workers: 5, reconcile: (key) => this.#reconcile(key) })
  }

  start(): Controller {
    const enqueue = (object: Replicated): void => this.#controller.enqueue(objectKey(object))
    this.#objects.on({ added: enqueue, updated: enqueue, deleted: enqueue })
    this.#pods.follow({
      owned: (key) => this.#controller.enqueue(key),
      orphan: (pod) => {
        for (const object of this.#objects.byIndex('byNamespace', pod.metadata.namespace ?? ''))
          if (labelSelectorMatches(this.#kind.selectorOf(object), pod.metadata.labels)) enqueue(object)
      },
    })
    return this.#controller
  }

  async #reconcile(key: string): Promise<void | { requeueAfterMs: number }> {
    const object = this.#objects.get(key)
    if (object === undefined) {
      this.#pods.forget(key)
      return
    }
    const claimed = await this.#pods.claim(object, { selector: this.#kind.selectorOf(object) })
    const active = claimed.filter(isPodActive)
    let problem: unknown
    if (this.#pods.isSettled(key) && object.metadata.deletionTimestamp === undefined)
      problem = await this.#manage(object, active)
    const requeue = await this.#writeStatus(object, claimed, active, problem)
    if (problem !== undefined) throw problem
    return requeue
  }

  /** The first thing that went wrong; undefined where nothing did. */
  async #manage(object: Replicated, active: readonly Pod[]): Promise<unknown> {
    const missing = (object.spec?.replicas ?? 1) - active.length
    if (missing > 0) {
      const template = object.spec?.template ?? {}
      const { error } = await slowStart(Math.min(missing, burst), () => this.#pods.create(object, template))
      return error
    }
    if (missing === 0) return undefined
    const doomed = this.#toDelete(active, Math.min(-missing, burst))
    const results = await Promise.allSettled(doomed.map((pod) => this.#pods.delete(object, pod)))
    return results.find((result) => result.status === 'rejected')?.reason
  }

  #toDelete(active: readonly Pod[], count: number): Pod[] {
    if (count >= active.length) return [...active]
    const perNode = new Map<string, number>()
    for (const { spec } of active) perNode.set(spec?.nodeName ?? '', (perNode.get(spec?.nodeName ?? '') ?? 0) + 1)
    const ranks = new Map(active.map((pod) => [pod, perNode.get(pod.spec?.nodeName ?? '') ?? 0]))
    return [...active].sort(byDeletionOrder(this.#context.clock.now(), ranks)).slice(0, count)
  }

  async #writeStatus(
    object: Replicated,
    claimed: readonly Pod[],
    active: readonly Pod[],
    problem: unknown,
  ): Promise<void | { requeueAfterMs: number }> {
    const now = this.#context.clock.now()
    const minReadySeconds = object.spec?.minReadySeconds ?? 0
    const wanted = Object.entries(object.spec?.template?.metadata?.labels ?? {})
    let [ready, available, labelled, nextAt] = [0, 0, 0, Number.POSITIVE_INFINITY]
    for (const pod of active) {
      if (wanted.every(([name, value]) => pod.metadata.labels?.[name] === value)) labelled++
      if (!isPodReady(pod)) continue
      ready++
      const at = availableAt(pod, minReadySeconds) ?? now
      if (at <= now) available++
      else nextAt = Math.min(nextAt, at)
    }
    const status: ReplicaStatus = {
      replicas: active.length,
      ...(labelled > 0 ? { fullyLabeledReplicas: labelled } : {}),
      ...(ready > 0 ? { readyReplicas: ready } : {}),
      ...(available > 0 ? { availableReplicas: available } : {}),
      ...(this.#kind.kind === 'ReplicaSet' ? { terminatingReplicas: claimed.filter(isPodTerminating).length } : {}),
      observedGeneration: object.metadata.generation,
      ...conditionsOf(object, active.length, problem, now),
    }
    if (!deepEqual(status, object.status)) {
      try {
        // Without a version: the status is ours alone, and whoever changed the spec meanwhile brings us here again.
        const { resourceVersion: _version, ...metadata } = object.metadata
        await this.#context.client.updateStatus<Replicated>(this.#kind.ref, { ...object, metadata, status })
      } catch (error) {
        if (!isNotFound(error)) throw error
      }
    }
    if (nextAt !== Number.POSITIVE_INFINITY) return { requeueAfterMs: Math.max(1, nextAt - now) }
  }
}

/** ReplicaFailure stands while the last try failed. */
function conditionsOf(
  { spec, status }: Replicated,
  activeCount: number,
  problem: unknown,
  now: number,
): { conditions?: Condition[] } {
  const others = (status?.conditions ?? []).filter(({ type }) => type !== 'ReplicaFailure')
  const before = status?.conditions?.find(({ type }) => type === 'ReplicaFailure')
  const conditions = [...others]
  if (problem !== undefined) {
    const reason = activeCount < (spec?.replicas ?? 1) ? 'FailedCreate' : 'FailedDelete'
    const lastTransitionTime = before?.reason === reason ? before.lastTransitionTime : formatTime(now)
    conditions.push({ type: 'ReplicaFailure', status: 'True', lastTransitionTime, reason, message: messageOf(problem) })
  }
  return conditions.length === 0 ? {} : { conditions }
}
