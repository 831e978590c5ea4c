// Pods made, removed, adopted and let go on behalf of their controller, with its events, and the memory of what its
// informer has not shown yet. Upstream: RealPodControl and PodControllerRefManager in pkg/controller.

import {
  type KubeObject,
  type LabelSelector,
  type Pod,
  type PodTemplateSpec,
  isConflict,
  isNotFound,
  labelSelectorMatches,
} from '@binnacle/api'
import { type Informer, type ResourceRef, objectKey, pods, splitKey } from '@binnacle/client'
import { isTerminating } from '../cluster/namespace-terminating.ts'
import type { ControllerContext } from '../context.ts'
import { mayAdopt } from './adoption.ts'
import { Expectations } from './expectations.ts'
import { byControllerUid, controllerOf, controllerReference, isPodActive, orphansByNamespace } from './replica-pods.ts'

export interface OwnerKind {
  apiVersion: string
  kind: string
  ref: ResourceRef
}

export interface ClaimOptions {
  selector: LabelSelector | undefined
  /** Added to pods that are adopted. */
  finalizer?: string
  /** A pod that matches the selector but must not be adopted. */
  isForeign?: (pod: Pod) => boolean
}

export class PodControl {
  readonly informer: Informer<Pod>
  readonly #context: ControllerContext
  readonly #kind: OwnerKind
  readonly #creations: Expectations
  readonly #deletions: Expectations

  constructor(context: ControllerContext, kind: OwnerKind) {
    const now = (): number => context.clock.now()
    this.informer = context.informers.of<Pod>(pods, { byControllerUid, orphansByNamespace })
    this.#context = context
    this.#kind = kind
    this.#creations = new Expectations(now)
    this.#deletions = new Expectations(now)
  }

  /** Calls `enqueue` with the key of each owner that a change of a pod concerns, and `orphan` for pods without one. */
  follow(handlers: {
    owned: (key: string, pod: Pod, isGone: boolean) => void
    orphan: (pod: Pod, isGone: boolean) => void
  }): void {
    const changed = (pod: Pod, isGone: boolean): void => {
      const owner = controllerOf(pod)
      if (owner === undefined) return handlers.orphan(pod, isGone)
      const key = this.#ownerKey(pod)
      if (key === undefined) return
      const uid = pod.metadata.uid ?? ''
      this.#creations.observed(key, uid)
      if (isGone || pod.metadata.deletionTimestamp !== undefined) this.#deletions.observed(key, uid)
      handlers.owned(key, pod, isGone)
    }
    this.informer.on({
      added: (pod) => changed(pod, false),
      updated: (pod, old) => {
        const before = this.#ownerKey(old)
        if (before !== undefined && controllerOf(old)?.uid !== controllerOf(pod)?.uid) {
          this.#deletions.observed(before, pod.metadata.uid ?? '')
          handlers.owned(before, pod, false)
        }
        changed(pod, false)
      },
      deleted: (pod) => changed(pod, true),
    })
  }

  #ownerKey(pod: Pod): string | undefined {
    const owner = controllerOf(pod)
    if (owner?.kind !== this.#kind.kind || owner.apiVersion !== this.#kind.apiVersion) return undefined
    return `${pod.metadata.namespace}/${owner.name}`
  }

  /** Whether the informer shows all that was done for the owner. */
  isSettled(key: string): boolean {
    return this.#creations.isSatisfied(key) && this.#deletions.isSatisfied(key)
  }

  forget(key: string): void {
    this.#creations.forget(key)
    this.#deletions.forget(key)
  }

  /** A pod as the owner's template says, under a generated name; undefined where its namespace is going away. */
  async create(owner: KubeObject, template: PodTemplateSpec, generateName?: string): Promise<Pod | undefined> {
    const { events } = this.#context
    const { name, namespace } = owner.metadata
    const pod: Pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        generateName: generateName ?? `${name}-`,
        namespace,
        labels: template.metadata?.labels,
        annotations: template.metadata?.annotations,
        finalizers: template.metadata?.finalizers,
        ownerReferences: [controllerReference(this.#kind, owner)],
      },
      spec: template.spec,
    }
    try {
      const created = await this.send(owner, pod)
      events.record(owner, 'Normal', 'SuccessfulCreate', `Created pod: ${created.metadata.name}`)
      return created
    } catch (error) {
      if (isTerminating(error)) return undefined
      events.record(owner, 'Warning', 'FailedCreate', `Error creating: ${messageOf(error)}`)
      throw error
    }
  }

  /** Creates the pod as it is, without an event. */
  async send(owner: KubeObject, pod: Pod): Promise<Pod> {
    const created = await this.#context.client.create<Pod>(pods, pod)
    const uid = created.metadata.uid ?? ''
    // Its event may have come before the answer.
    if (this.informer.get(objectKey(created))?.metadata.uid !== uid) this.#creations.expect(objectKey(owner), uid)
    return created
  }

  /** Asks for the pod's end, without an event; false where it is gone already. */
  async remove(owner: KubeObject, pod: Pod): Promise<boolean> {
    const key = objectKey(owner)
    const uid = pod.metadata.uid ?? ''
    if (pod.metadata.deletionTimestamp === undefined) this.#deletions.expect(key, uid)
    try {
      await this.#context.client.delete(pods, splitKey(objectKey(pod)), { preconditions: { uid } })
      return true
    } catch (error) {
      this.#deletions.observed(key, uid)
      if (isNotFound(error)) return false
      throw error
    }
  }

  /** Asks for the pod's end; one that is gone already is as good. */
  async delete(owner: KubeObject, pod: Pod): Promise<void> {
    const { events } = this.#context
    try {
      if (!(await this.remove(owner, pod))) return
      events.record(owner, 'Normal', 'SuccessfulDelete', `Deleted pod: ${pod.metadata.name}`)
    } catch (error) {
      events.record(owner, 'Warning', 'FailedDelete', `Error deleting: ${messageOf(error)}`)
      throw error
    }
  }

  /** The owner's pods. Orphans that match are adopted, and those of its own that match no longer are let go. */
  async claim(owner: KubeObject, options: ClaimOptions): Promise<Pod[]> {
    const { metadata } = owner
    const isMatch = (pod: Pod): boolean =>
      labelSelectorMatches(options.selector, pod.metadata.labels) && !options.isForeign?.(pod)
    const isGoing = metadata.deletionTimestamp !== undefined
    const kept: Pod[] = []
    for (const pod of this.informer.byIndex('byControllerUid', metadata.uid ?? '')) {
      if (isMatch(pod)) kept.push(pod)
      else if (!isGoing && pod.metadata.deletionTimestamp === undefined) await this.#release(pod, owner, options)
    }
    if (isGoing) return kept
    const orphans = this.informer
      .byIndex('orphansByNamespace', metadata.namespace ?? '')
      .filter((pod) => isPodActive(pod) && isMatch(pod))
    if (orphans.length === 0 || !(await mayAdopt(this.#context.client, this.#kind.ref, owner))) return kept
    for (const pod of orphans) {
      const adopted = await this.#adopt(pod, owner, options)
      if (adopted !== undefined) kept.push(adopted)
    }
    return kept
  }

  #adopt(pod: Pod, owner: KubeObject, { finalizer }: ClaimOptions): Promise<Pod | undefined> {
    return this.patch(pod, {
      metadata: {
        uid: pod.metadata.uid,
        ownerReferences: [controllerReference(this.#kind, owner)],
        ...(finalizer === undefined ? {} : { finalizers: [finalizer] }),
      },
    })
  }

  async #release(pod: Pod, owner: KubeObject, { finalizer }: ClaimOptions): Promise<void> {
    await this.patch(pod, {
      metadata: {
        uid: pod.metadata.uid,
        ownerReferences: [{ $patch: 'delete', uid: owner.metadata.uid }],
        ...(finalizer === undefined ? {} : { '$deleteFromPrimitiveList/finalizers': [finalizer] }),
      },
    })
  }

  /** A strategic merge patch; undefined where the pod is gone or another bears its name. */
  async patch(pod: Pod, body: object): Promise<Pod | undefined> {
    try {
      return await this.#context.client.patch<Pod>(pods, splitKey(objectKey(pod)), {
        type: 'application/strategic-merge-patch+json',
        body,
      })
    } catch (error) {
      if (isNotFound(error) || isConflict(error)) return undefined
      throw error
    }
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
