// The pod templates that a StatefulSet or DaemonSet has had, kept as ControllerRevisions. A template that was there
// before gets its old revision back under a new number. Upstream: pkg/controller/history.

import {
  type ControllerRevision,
  type KubeObject,
  type LabelSelector,
  type PodTemplateSpec,
  cloneJson,
  deepEqual,
  isAlreadyExists,
  isNotFound,
  labelSelectorMatches,
} from '@binnacle/api'
import { type Informer, controllerRevisions, objectKey, splitKey } from '@binnacle/client'
import type { ControllerContext } from '../context.ts'
import { mayAdopt } from './adoption.ts'
import type { OwnerKind } from './pod-control.ts'
import { podTemplateHash } from './pod-template-hash.ts'
import { byControllerUid, controllerOf, controllerReference, orphansByNamespace } from './replica-pods.ts'

export const revisionHashLabel = 'controller-revision-hash'
/** In the revisions of StatefulSets: the hash that their name ends with. */
const revisionLabel = 'controller.kubernetes.io/hash'
const longestPrefix = 223

interface Templated extends KubeObject {
  spec?: { template: PodTemplateSpec; selector?: LabelSelector | undefined } | undefined
}

export interface History {
  /** The revision of the template as it is now. */
  current: ControllerRevision
  /** All, oldest first, with `current` last. */
  all: readonly ControllerRevision[]
  collisionCount: number
}

export class ControllerRevisions {
  readonly #context: ControllerContext
  readonly #kind: OwnerKind
  readonly #hashLabel: string
  readonly #informer: Informer<ControllerRevision>
  /** Written here, and perhaps not in the informer yet. */
  readonly #written = new Map<string, ControllerRevision>()

  constructor(context: ControllerContext, kind: OwnerKind, hashLabel: string = revisionLabel) {
    this.#context = context
    this.#kind = kind
    this.#hashLabel = hashLabel
    this.#informer = context.informers.of<ControllerRevision>(controllerRevisions, {
      byControllerUid,
      orphansByNamespace,
    })
    this.#informer.on({ deleted: (revision) => void this.#written.delete(objectKey(revision)) })
  }

  /** Makes sure that there is a revision of the owner's template, and that its number is the highest. */
  async sync(owner: Templated, knownCollisions: number): Promise<History> {
    const revisions = await this.#list(owner)
    const data = dataOf(owner)
    const number = Math.max(0, ...revisions.map(({ revision }) => revision)) + 1
    const equal = revisions.findLast((revision) => deepEqual(revision.data, data))
    if (equal !== undefined && equal === revisions.at(-1)) {
      return { current: equal, all: revisions, collisionCount: knownCollisions }
    }
    const others = revisions.filter((revision) => revision !== equal)
    if (equal !== undefined) {
      const current = await this.#update({ ...equal, revision: number })
      return { current, all: [...others, current], collisionCount: knownCollisions }
    }
    let collisionCount = knownCollisions
    for (;;) {
      const current = await this.#create(owner, { data, number, collisionCount })
      if (current !== undefined) return { current, all: [...others, current], collisionCount }
      collisionCount++
    }
  }

  /** Deletes the oldest of those that nobody uses, down to `limit`. */
  async prune(
    revisions: readonly ControllerRevision[],
    isLive: (revision: ControllerRevision) => boolean,
    limit: number,
  ): Promise<void> {
    const idle = revisions.filter((revision) => !isLive(revision))
    for (const revision of idle.slice(0, Math.max(0, idle.length - limit))) {
      try {
        await this.#context.client.delete(controllerRevisions, splitKey(objectKey(revision)))
      } catch (error) {
        if (!isNotFound(error)) throw error
      }
    }
  }

  async #list(owner: Templated): Promise<ControllerRevision[]> {
    const { uid = '', namespace = '', deletionTimestamp } = owner.metadata
    const owned = new Map(
      this.#informer.byIndex('byControllerUid', uid).map((revision) => [objectKey(revision), revision]),
    )
    for (const [key, revision] of this.#written) {
      const shown = this.#informer.get(key)
      if (shown !== undefined && Number(shown.metadata.resourceVersion) >= Number(revision.metadata.resourceVersion))
        this.#written.delete(key)
      else if (controllerOf(revision)?.uid === uid) owned.set(key, revision)
    }
    const orphans = this.#informer
      .byIndex('orphansByNamespace', namespace)
      .filter(({ metadata }) => labelSelectorMatches(owner.spec?.selector, metadata.labels))
    const { client } = this.#context
    const adopts =
      deletionTimestamp === undefined && orphans.length > 0 && (await mayAdopt(client, this.#kind.ref, owner))
    for (const orphan of adopts ? orphans : []) {
      const ownerReferences = [...(orphan.metadata.ownerReferences ?? []), controllerReference(this.#kind, owner)]
      const adopted = await this.#update({ ...orphan, metadata: { ...orphan.metadata, ownerReferences } })
      owned.set(objectKey(adopted), adopted)
    }
    return [...owned.values()].sort((a, b) => a.revision - b.revision)
  }

  async #update(revision: ControllerRevision): Promise<ControllerRevision> {
    const updated = await this.#context.client.update<ControllerRevision>(controllerRevisions, revision)
    this.#written.set(objectKey(updated), updated)
    return updated
  }

  /** Undefined where another template has that name. */
  async #create(
    owner: Templated,
    { data, number, collisionCount }: { data: Record<string, unknown>; number: number; collisionCount: number },
  ): Promise<ControllerRevision | undefined> {
    const { client } = this.#context
    const { name: ownerName = '', namespace = '', annotations } = owner.metadata
    const template = owner.spec?.template ?? {}
    const hash = podTemplateHash(template, collisionCount === 0 ? undefined : collisionCount)
    const name = `${ownerName.slice(0, longestPrefix)}-${hash}`
    const revision: ControllerRevision = {
      apiVersion: 'apps/v1',
      kind: 'ControllerRevision',
      metadata: {
        name,
        namespace,
        labels: { ...template.metadata?.labels, [this.#hashLabel]: hash },
        annotations,
        ownerReferences: [controllerReference(this.#kind, owner)],
      },
      data,
      revision: number,
    }
    try {
      const created = await client.create<ControllerRevision>(controllerRevisions, revision)
      this.#written.set(objectKey(created), created)
      return created
    } catch (error) {
      if (!isAlreadyExists(error)) throw error
      const known = await client.get<ControllerRevision>(controllerRevisions, { namespace, name })
      const isOurs = controllerOf(known)?.uid === owner.metadata.uid && deepEqual(known.data, data)
      return isOurs ? known : undefined
    }
  }
}

/** A strategic merge patch that brings the template back, as kubectl rollout undo expects it. */
function dataOf({ spec }: Templated): Record<string, unknown> {
  return { spec: { template: { ...cloneJson(spec?.template ?? {}), $patch: 'replace' } } }
}

export function templateOf({ data }: ControllerRevision): PodTemplateSpec {
  const { template = {} } = (data?.['spec'] ?? {}) as { template?: PodTemplateSpec & { $patch?: string } }
  const { $patch: _directive, ...rest } = template
  return rest
}
