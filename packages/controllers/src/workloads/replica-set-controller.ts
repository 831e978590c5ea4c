// Keeps as many pods as a ReplicaSet or ReplicationController asks for, and its status. Upstream:
// pkg/controller/replicaset (ReplicationControllers are run through the same code there, too).

import {
  type KubeObject,
  type LabelSelector,
  type Pod,
  type PodTemplateSpec,
  deepEqual,
  formatTime,
  isConflict,
  isNotFound,
  labelSelectorMatches,
} from '@binnacle/api'
import {
  type Controller,
  type Informer,
  type ResourceRef,
  objectKey,
  pods,
  replicaSets,
  replicationControllers,
  splitKey,
} from '@binnacle/client'
import { runController } from '../cluster/run-controller.ts'
import type { ControllerContext } from '../context.ts'
import { Expectations } from './expectations.ts'
import {
  availableAt,
  byControllerUid,
  byDeletionOrder,
  controllerOf,
  controllerReference,
  isPodActive,
  isPodReady,
  isPodTerminating,
  orphansByNamespace,
} from './replica-pods.ts'
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
  readonly #pods: Informer<Pod>
  readonly #expectations: Expectations
  readonly #controller: Controller

  constructor(context: ControllerContext, kind: ReplicatedKind) {
    const { informers, clock } = context
    this.#context = context
    this.#kind = kind
    this.#objects = informers.of<Replicated>(kind.ref)
    this.#pods = informers.of<Pod>(pods, { byControllerUid, orphansByNamespace })
    this.#expectations = new Expectations(() => clock.now())
    this.#controller = runController(context, { name: kind.name, workers: 5, reconcile: (key) => this.#reconcile(key) })
  }

  start(): Controller {
    const enqueue = (object: Replicated): void => this.#controller.enqueue(objectKey(object))
    this.#objects.on({ added: enqueue, updated: enqueue, deleted: enqueue })
    this.#pods.on({
      added: (pod) => this.#podChanged(pod),
      updated: (pod, old) => this.#podChanged(pod, old),
      deleted: (pod) => this.#podChanged(pod),
    })
    return this.#controller
  }

  #podChanged(pod: Pod, old?: Pod): void {
    const owner = controllerOf(pod)
    const before = old === undefined ? undefined : controllerOf(old)
    for (const reference of new Set([owner?.uid, before?.uid])) {
      const ref = reference === owner?.uid ? owner : before
      if (ref?.kind !== this.#kind.kind || ref.apiVersion !== this.#kind.apiVersion) continue
      const key = `${pod.metadata.namespace}/${ref.name}`
      // Seen to be there, to be going or to be gone: whichever of the three was waited for.
      this.#expectations.observed(key, pod.metadata.uid ?? '')
      this.#controller.enqueue(key)
    }
    if (owner === undefined) this.#enqueueAdopters(pod)
  }

  #enqueueAdopters(pod: Pod): void {
    for (const object of this.#objects.list()) {
      if (object.metadata.namespace !== pod.metadata.namespace) continue
      if (labelSelectorMatches(this.#kind.selectorOf(object), pod.metadata.labels))
        this.#controller.enqueue(objectKey(object))
    }
  }

  async #reconcile(key: string): Promise<void | { requeueAfterMs: number }> {
    const object = this.#objects.get(key)
    if (object === undefined) {
      this.#expectations.forget(key)
      return
    }
    const claimed = await this.#claim(object)
    const active = claimed.filter(isPodActive)
    let problem: unknown
    if (this.#expectations.isSatisfied(key) && object.metadata.deletionTimestamp === undefined) {
      problem = await this.#manage(key, object, active)
    }
    const requeue = await this.#writeStatus(object, claimed, active, problem)
    if (problem !== undefined) throw problem
    return requeue
  }

  /** Its pods; orphans that match are adopted, its own that no longer match are let go. */
  async #claim(object: Replicated): Promise<Pod[]> {
    const { metadata } = object
    const selector = this.#kind.selectorOf(object)
    const owned = this.#pods.byIndex('byControllerUid', metadata.uid ?? '')
    const kept: Pod[] = []
    for (const pod of owned) {
      if (labelSelectorMatches(selector, pod.metadata.labels)) kept.push(pod)
      else if (metadata.deletionTimestamp === undefined && pod.metadata.deletionTimestamp === undefined)
        await this.#release(pod, metadata.uid ?? '')
    }
    if (metadata.deletionTimestamp !== undefined) return kept
    for (const pod of this.#pods.byIndex('orphansByNamespace', metadata.namespace ?? '')) {
      if (!isPodActive(pod) || !labelSelectorMatches(selector, pod.metadata.labels)) continue
      if (await this.#adopt(pod, object)) kept.push(pod)
    }
    return kept
  }

  async #adopt(pod: Pod, object: Replicated): Promise<boolean> {
    const owner = controllerReference(this.#kind, object)
    const body = {
      metadata: { uid: pod.metadata.uid, ownerReferences: [...(pod.metadata.ownerReferences ?? []), owner] },
    }
    return this.#patchOwners(pod, body)
  }

  async #release(pod: Pod, uid: string): Promise<void> {
    const owners = (pod.metadata.ownerReferences ?? []).filter((owner) => owner.uid !== uid)
    await this.#patchOwners(pod, {
      metadata: { uid: pod.metadata.uid, ownerReferences: owners.length === 0 ? null : owners },
    })
  }

  /** False where somebody else was faster, or the pod is gone. */
  async #patchOwners(pod: Pod, body: object): Promise<boolean> {
    try {
      await this.#context.client.patch<Pod>(pods, splitKeyOf(pod), { type: 'application/merge-patch+json', body })
      return true
    } catch (error) {
      if (isNotFound(error) || isConflict(error)) return false
      throw error
    }
  }

  /** The first thing that went wrong; undefined where nothing did. */
  async #manage(key: string, object: Replicated, active: readonly Pod[]): Promise<unknown> {
    const missing = (object.spec?.replicas ?? 1) - active.length
    if (missing > 0) {
      const { error } = await slowStart(Math.min(missing, burst), () => this.#createPod(key, object))
      return error
    }
    if (missing === 0) return undefined
    const doomed = this.#toDelete(active, Math.min(-missing, burst))
    const results = await Promise.allSettled(doomed.map((pod) => this.#deletePod(key, object, pod)))
    return results.find((result) => result.status === 'rejected')?.reason
  }

  async #createPod(key: string, object: Replicated): Promise<void> {
    const { client, events } = this.#context
    const { metadata, spec } = object
    const template = spec?.template
    const pod: Pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        generateName: `${metadata.name}-`,
        namespace: metadata.namespace,
        labels: template?.metadata?.labels,
        annotations: template?.metadata?.annotations,
        finalizers: template?.metadata?.finalizers,
        ownerReferences: [controllerReference(this.#kind, object)],
      },
      spec: template?.spec,
    }
    try {
      const created = await client.create<Pod>(pods, pod)
      const uid = created.metadata.uid ?? ''
      // Its event may have come before the answer.
      if (this.#pods.get(objectKey(created))?.metadata.uid !== uid) this.#expectations.expect(key, uid)
      events.record(object, 'Normal', 'SuccessfulCreate', `Created pod: ${created.metadata.name}`)
    } catch (error) {
      if (!isNamespaceTerminating(error))
        events.record(object, 'Warning', 'FailedCreate', `Error creating: ${messageOf(error)}`)
      throw error
    }
  }

  async #deletePod(key: string, object: Replicated, pod: Pod): Promise<void> {
    const { client, events } = this.#context
    const uid = pod.metadata.uid ?? ''
    this.#expectations.expect(key, uid)
    try {
      await client.delete(pods, splitKeyOf(pod), { preconditions: { uid } })
      events.record(object, 'Normal', 'SuccessfulDelete', `Deleted pod: ${pod.metadata.name}`)
    } catch (error) {
      this.#expectations.observed(key, uid)
      if (isNotFound(error)) return
      events.record(object, 'Warning', 'FailedDelete', `Error deleting: ${messageOf(error)}`)
      throw error
    }
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

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function isNamespaceTerminating(error: unknown): boolean {
  return messageOf(error).includes('because it is being terminated')
}

function splitKeyOf(pod: Pod): ReturnType<typeof splitKey> {
  return splitKey(objectKey(pod))
}
