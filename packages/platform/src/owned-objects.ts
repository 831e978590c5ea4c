// The plain objects that our resources become: applied, kept as they were rendered, and deleted when they are rendered no
// more. One for all controllers of the platform.

import {
  type Deployment,
  type HorizontalPodAutoscaler,
  type Job,
  type KubeObject,
  type OwnerReference,
  type Secret,
  type Service,
  type StatefulSet,
  type StatusError,
  isNotFound,
} from '@binnacle/api'
import { Informer, type ResourceRef, configMaps, objectKey, secrets, services } from '@binnacle/client'
import { apiVersion, managedBy, managedByLabel } from '@binnacle/model'
import { type PlatformContext, fieldManager } from './context.ts'
import type { Trouble } from './pod-trouble.ts'
import { type OwnedKind, ownedKindOf, ownedKinds } from './resources.ts'

/** An object of that name is somebody else's: nothing of it is changed. */
export class NameTakenError extends Error {
  constructor(object: KubeObject, owner: OwnerReference | undefined) {
    const whose = owner === undefined ? 'was not made by Binnacle' : `belongs to ${owner.kind} ${owner.name}`
    super(`${object.kind} ${object.metadata.name} exists and ${whose}: delete it, or choose another name`)
    this.name = 'NameTakenError'
  }
}

/** These are needed whole: any of them may be read by a service. */
const readWhole: readonly ResourceRef[] = [configMaps, secrets, services]

/** Kinds that status is read from. */
interface Readable {
  Deployment: Deployment
  HorizontalPodAutoscaler: HorizontalPodAutoscaler
  Secret: Secret
  Service: Service
  StatefulSet: StatefulSet
}

export class OwnedObjects {
  readonly #context: PlatformContext
  readonly #informers = new Map<OwnedKind, Informer<KubeObject>>()
  /** What was applied last, by kind and key: an apply that would say the same again is left out. */
  readonly #applied = new Map<string, { text: string; object: KubeObject }>()

  constructor(context: PlatformContext) {
    this.#context = context
    const { client, informers, clock, signal, onError } = context
    for (const [kind, ref] of Object.entries(ownedKinds) as [OwnedKind, ResourceRef][]) {
      if (readWhole.includes(ref)) {
        this.#informers.set(kind, informers.of(ref, { owner: ownerUid }))
        continue
      }
      const informer = new Informer<KubeObject>({
        client,
        ref,
        labelSelector: `${managedByLabel}=${managedBy}`,
        indexers: { owner: ownerUid },
        clock,
        onError: (error) => onError(error, `informer ${ref.resource}`),
      })
      informer.start(signal)
      this.#informers.set(kind, informer)
    }
  }

  async synced(): Promise<void> {
    await Promise.all([...this.#informers.values()].map(({ synced }) => synced))
  }

  /** Calls back with the key of the owner for each change of an object that a resource of `kind` owns. */
  onChange(kind: string, enqueue: (key: string) => void): void {
    const tell = (object: KubeObject): void => {
      const owner = ownerOf(object)
      if (owner?.apiVersion === apiVersion && owner.kind === kind) enqueue(`${object.metadata.namespace}/${owner.name}`)
    }
    for (const informer of this.#informers.values())
      informer.on({
        added: tell,
        updated: (object, old) => {
          tell(object)
          if (ownerOf(object)?.uid !== ownerOf(old)?.uid) tell(old)
        },
        deleted: tell,
      })
  }

  /** The object as it was seen last. */
  get<K extends keyof Readable>(kind: K, key: string): Readable[K] | undefined {
    // An informer of a kind holds objects of that kind.
    return this.#informers.get(kind)?.get(key) as Readable[K] | undefined
  }

  /** Jobs of the resource that are there now. */
  jobsOf(owner: KubeObject): Job[] {
    return this.#informers.get('Job')?.byIndex('owner', owner.metadata.uid ?? '') ?? []
  }

  /** What was applied for the resource last. */
  appliedFor(owner: KubeObject): KubeObject[] {
    const { uid, namespace } = owner.metadata
    const found: KubeObject[] = []
    for (const { object } of this.#applied.values())
      if (object.metadata.namespace === namespace && ownerOf(object)?.uid === uid) found.push(object)
    return found
  }

  /** The resource is gone: what was applied for it need not be remembered. */
  forget(owner: KubeObject): void {
    for (const object of this.appliedFor(owner)) this.#applied.delete(appliedKey(object))
  }

  /**
   * Makes the cluster's objects what was rendered. Objects of the resource that are not among them are deleted.
   * @throws NameTakenError before anything is changed; StatusError where the cluster refuses an object
   */
  async reconcile(owner: KubeObject, rendered: readonly KubeObject[]): Promise<void> {
    await this.apply(owner, rendered)
    await this.#prune(owner, rendered)
  }

  async apply(owner: KubeObject, rendered: readonly KubeObject[]): Promise<void> {
    const wanted = rendered.map((object) => withOwner(object, owner))
    const due = wanted.filter((object) => !this.#isAsApplied(object))
    await Promise.all(due.map((object) => this.#requireOurs(object, owner)))
    for (const object of due) {
      const kind = ownedKindOf(object)
      await this.#context.client.apply(ownedKinds[kind], object, { fieldManager, force: true })
      this.#applied.set(appliedKey(object), { text: JSON.stringify(object), object })
    }
  }

  /** Applied before in the same words, and still there in them: what nobody changed needs no request. */
  #isAsApplied(object: KubeObject): boolean {
    if (this.#applied.get(appliedKey(object))?.text !== JSON.stringify(object)) return false
    const live = this.#informers.get(ownedKindOf(object))?.get(objectKey(object))
    return live !== undefined && live.metadata.deletionTimestamp === undefined && says(live, object)
  }

  async #requireOurs(object: KubeObject, owner: KubeObject): Promise<void> {
    if (this.#applied.has(appliedKey(object))) return
    const kind = ownedKindOf(object)
    const key = { namespace: object.metadata.namespace ?? '', name: object.metadata.name ?? '' }
    const live =
      this.#informers.get(kind)?.get(objectKey(object)) ??
      (await this.#context.client.get(ownedKinds[kind], key).catch((error: unknown) => {
        if (isNotFound(error)) return undefined
        throw error
      }))
    if (live === undefined) return
    const controller = ownerOf(live)
    // Exported objects that were applied by hand carry our label and no owner: the resource takes them over.
    const isOurs =
      controller === undefined
        ? live.metadata.labels?.[managedByLabel] === managedBy
        : controller.uid === owner.metadata.uid
    if (!isOurs) throw new NameTakenError(object, controller)
  }

  async #prune(owner: KubeObject, rendered: readonly KubeObject[]): Promise<void> {
    const keep = new Set(rendered.map(appliedKey))
    for (const [kind, informer] of this.#informers) {
      for (const { metadata } of informer.byIndex('owner', owner.metadata.uid ?? '')) {
        const { namespace = '', name = '', uid } = metadata
        const key = appliedKey({ kind, metadata })
        if (keep.has(key) || metadata.deletionTimestamp !== undefined) continue
        this.#applied.delete(key)
        await this.#context.client
          .delete(
            ownedKinds[kind],
            { namespace, name },
            { propagationPolicy: 'Background', ...(uid === undefined ? {} : { preconditions: { uid } }) },
          )
          .catch((error: unknown) => {
            if (!isNotFound(error)) throw error
          })
      }
    }
  }
}

export function ownerOf({ metadata }: KubeObject): OwnerReference | undefined {
  return metadata.ownerReferences?.find(({ controller }) => controller === true)
}

/** The object, where it is the resource's own: one of the same name may be somebody else's. */
export function ownedBy<T extends KubeObject>(resource: KubeObject, object: T | undefined): T | undefined {
  return object !== undefined && ownerOf(object)?.uid === resource.metadata.uid ? object : undefined
}

/** The server's words, which name the field. */
export function refusal(error: StatusError): Trouble {
  return { reason: error.status.reason ?? 'ApplyFailed', message: `the cluster refuses it: ${error.message}` }
}

function ownerUid(object: KubeObject): string[] {
  const owner = ownerOf(object)
  return owner?.apiVersion === apiVersion ? [owner.uid] : []
}

function withOwner(object: KubeObject, owner: KubeObject): KubeObject {
  const { kind = '', metadata } = owner
  const { name = '', uid = '' } = metadata
  const reference = { apiVersion, kind, name, uid, controller: true, blockOwnerDeletion: true }
  return { ...object, metadata: { ...object.metadata, ownerReferences: [reference] } }
}

function appliedKey({ kind, metadata }: KubeObject): string {
  return `${kind} ${metadata.namespace}/${metadata.name}`
}

/** Whether `live` says at least what `wanted` says; what the server or others added does not matter. */
export function says(live: unknown, wanted: unknown): boolean {
  if (wanted === undefined || live === wanted) return true
  if (typeof wanted !== 'object' || typeof live !== 'object' || live === null || wanted === null) return false
  if (Array.isArray(wanted))
    return (
      Array.isArray(live) && live.length === wanted.length && wanted.every((item, index) => says(live[index], item))
    )
  return Object.entries(wanted).every(([field, value]) => says((live as Record<string, unknown>)[field], value))
}
