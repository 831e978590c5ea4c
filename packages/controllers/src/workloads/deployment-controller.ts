// Brings a Deployment's ReplicaSets from what they are to what it asks for: one new, the others on their way to nothing.
// Upstream: pkg/controller/deployment.

import {
  type Deployment,
  type Pod,
  type ReplicaSet,
  isAlreadyExists,
  isConflict,
  isNotFound,
  labelSelectorMatches,
} from '@binnacle/api'
import { type Controller, type Informer, deployments, objectKey, pods, replicaSets, splitKey } from '@binnacle/client'
import { runController } from '../cluster/run-controller.ts'
import type { ControllerContext } from '../context.ts'
import {
  activeOrLatest,
  annotations,
  availableOf,
  byCreation,
  findNewReplicaSet,
  hasSameTemplate,
  isComplete,
  isRollingUpdate,
  isSaturated,
  maxSurge,
  maxUnavailable,
  newReplicaSetSize,
  proportionOf,
  replicasOf,
  revisionOf,
  sum,
} from './deployment-math.ts'
import {
  condition,
  findCondition,
  hasDeadline,
  isSameStatus,
  rolloutStatus,
  setCondition,
  statusOf,
  timeToDeadline,
} from './deployment-status.ts'
import { podTemplateHash, podTemplateHashLabel } from './pod-template-hash.ts'
import { mayAdopt } from './adoption.ts'
import {
  byControllerUid,
  byNamespace,
  controllerOf,
  controllerReference,
  isPodActive,
  orphansByNamespace,
} from './replica-pods.ts'

const self = { apiVersion: 'apps/v1', kind: 'Deployment' }

/** Annotations that are about the Deployment itself and do not go on to its ReplicaSets. */
const ownAnnotations: ReadonlySet<string> = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  annotations.revision,
  annotations.revisionHistory,
  annotations.desiredReplicas,
  annotations.maxReplicas,
  'deprecated.deployment.rollback.to',
])

export function startDeploymentController(context: ControllerContext): Controller {
  return new DeploymentController(context).start()
}

/** The ReplicaSets as they are after what this round has done to them. */
interface Sets {
  newSet: ReplicaSet | undefined
  oldSets: ReplicaSet[]
}

function allOf({ newSet, oldSets }: Sets): ReplicaSet[] {
  return newSet === undefined ? oldSets : [...oldSets, newSet]
}

class DeploymentController {
  readonly #context: ControllerContext
  readonly #deployments: Informer<Deployment>
  readonly #sets: Informer<ReplicaSet>
  readonly #pods: Informer<Pod>
  readonly #controller: Controller

  constructor(context: ControllerContext) {
    const { informers } = context
    this.#context = context
    this.#deployments = informers.of<Deployment>(deployments, { byNamespace })
    this.#sets = informers.of<ReplicaSet>(replicaSets, { byControllerUid, orphansByNamespace })
    this.#pods = informers.of<Pod>(pods, { byControllerUid, orphansByNamespace })
    this.#controller = runController(context, {
      name: 'deployment-controller',
      workers: 5,
      reconcile: (key) => this.#reconcile(key),
    })
  }

  start(): Controller {
    const enqueue = (deployment: Deployment): void => this.#controller.enqueue(objectKey(deployment))
    this.#deployments.on({ added: enqueue, updated: enqueue, deleted: enqueue })
    const setChanged = (set: ReplicaSet): void => this.#setChanged(set)
    this.#sets.on({ added: setChanged, updated: setChanged, deleted: setChanged })
    // Recreate waits for the last old pod to be gone.
    this.#pods.on({ deleted: (pod) => this.#podDeleted(pod) })
    return this.#controller
  }

  #setChanged(set: ReplicaSet): void {
    const owner = controllerOf(set)
    if (owner?.kind === self.kind) {
      this.#controller.enqueue(`${set.metadata.namespace}/${owner.name}`)
      return
    }
    if (owner !== undefined) return
    for (const deployment of this.#deployments.byIndex('byNamespace', set.metadata.namespace ?? ''))
      if (labelSelectorMatches(deployment.spec?.selector, set.metadata.labels))
        this.#controller.enqueue(objectKey(deployment))
  }

  #podDeleted(pod: Pod): void {
    const owner = controllerOf(pod)
    if (owner?.kind !== 'ReplicaSet') return
    const set = this.#sets.get(`${pod.metadata.namespace}/${owner.name}`)
    const above = set === undefined ? undefined : controllerOf(set)
    const key = `${pod.metadata.namespace}/${above?.name}`
    const deployment = this.#deployments.get(key)
    if (deployment !== undefined && !isRollingUpdate(deployment)) this.#controller.enqueue(key)
  }

  async #reconcile(key: string): Promise<void | { requeueAfterMs: number }> {
    const deployment = this.#deployments.get(key)
    if (deployment === undefined) return
    if (Object.keys(deployment.spec?.selector ?? {}).length === 0) {
      this.#context.events.record(
        deployment,
        'Warning',
        'SelectingAll',
        'This deployment is selecting all pods. A non-empty selector is required.',
      )
      return
    }
    const owned = await this.#claim(deployment)
    if (deployment.metadata.deletionTimestamp !== undefined)
      return this.#writeStatus(deployment, this.#split(deployment, owned), 'plain')
    const current = await this.#notePause(deployment)
    if (current.spec?.paused === true || isScaling(current, owned)) return this.#scaleOnly(current, owned)
    return isRollingUpdate(current) ? this.#rollingUpdate(current, owned) : this.#recreate(current, owned)
  }

  /** Its ReplicaSets; orphans that match are adopted, its own that no longer match are let go. */
  async #claim(deployment: Deployment): Promise<ReplicaSet[]> {
    const { metadata, spec } = deployment
    const isMatch = (set: ReplicaSet): boolean => labelSelectorMatches(spec?.selector, set.metadata.labels)
    const kept: ReplicaSet[] = []
    for (const set of this.#sets.byIndex('byControllerUid', metadata.uid ?? '')) {
      if (isMatch(set)) kept.push(set)
      else if (metadata.deletionTimestamp === undefined)
        await this.#patchOwners(set, { $patch: 'delete', uid: metadata.uid })
    }
    if (metadata.deletionTimestamp !== undefined) return kept
    const orphans = this.#sets
      .byIndex('orphansByNamespace', metadata.namespace ?? '')
      .filter((set) => set.metadata.deletionTimestamp === undefined && isMatch(set))
    if (orphans.length === 0 || !(await mayAdopt(this.#context.client, deployments, deployment))) return kept
    for (const set of orphans) {
      const adopted = await this.#patchOwners(set, controllerReference(self, deployment))
      if (adopted !== undefined) kept.push(adopted)
    }
    return kept
  }

  /** Merges one owner into the list; undefined where the set is gone or another bears its name. */
  #patchOwners(set: ReplicaSet, owner: object): Promise<ReplicaSet | undefined> {
    return this.#patchSet(set, { metadata: { uid: set.metadata.uid, ownerReferences: [owner] } })
  }

  async #patchSet(set: ReplicaSet, body: object): Promise<ReplicaSet | undefined> {
    try {
      return await this.#context.client.patch<ReplicaSet>(replicaSets, splitKey(objectKey(set)), {
        type: 'application/strategic-merge-patch+json',
        body,
      })
    } catch (error) {
      if (isNotFound(error) || isConflict(error)) return undefined
      throw error
    }
  }

  #split(deployment: Deployment, owned: readonly ReplicaSet[]): Sets {
    const newSet = findNewReplicaSet(deployment, owned)
    return { newSet, oldSets: owned.filter((set) => set.metadata.uid !== newSet?.metadata.uid) }
  }

  async #rollingUpdate(found: Deployment, owned: readonly ReplicaSet[]): Promise<void | { requeueAfterMs: number }> {
    const { deployment, sets } = await this.#prepare(found, owned)
    if (sets.newSet === undefined) return
    if (await this.#growNew(deployment, sets)) return this.#writeStatus(deployment, sets, 'rollout')
    if (await this.#shrinkOld(deployment, sets)) return this.#writeStatus(deployment, sets, 'rollout')
    if (isComplete(deployment, deployment.status ?? {})) await this.#cleanUp(deployment, sets.oldSets)
    return this.#writeStatus(deployment, sets, 'rollout')
  }

  async #recreate(found: Deployment, owned: readonly ReplicaSet[]): Promise<void | { requeueAfterMs: number }> {
    const before = this.#split(found, owned)
    let isShrinking = false
    for (const [index, set] of before.oldSets.entries()) {
      if (replicasOf(set) === 0) continue
      before.oldSets[index] = await this.#resize(found, set, 0)
      isShrinking = true
    }
    if (isShrinking || this.#hasPods(before.oldSets)) return this.#writeStatus(found, before, 'rollout')
    const { deployment, sets } = await this.#prepare(found, owned)
    if (sets.newSet === undefined) return
    await this.#growNew(deployment, sets)
    if (isComplete(deployment, deployment.status ?? {})) await this.#cleanUp(deployment, sets.oldSets)
    return this.#writeStatus(deployment, sets, 'rollout')
  }

  #hasPods(sets: readonly ReplicaSet[]): boolean {
    return sets.some(({ metadata }) =>
      this.#pods
        .byIndex('byControllerUid', metadata.uid ?? '')
        .some(
          (pod) =>
            isPodActive(pod) || (pod.metadata.deletionTimestamp !== undefined && pod.status?.phase === 'Running'),
        ),
    )
  }

  /** The new ReplicaSet, found or made, with revision and annotations as they should be; and the Deployment after that. */
  async #prepare(
    deployment: Deployment,
    owned: readonly ReplicaSet[],
  ): Promise<{ deployment: Deployment; sets: Sets }> {
    const found = this.#split(deployment, owned)
    const revision = Math.max(0, ...found.oldSets.map(revisionOf)) + 1
    const newSet =
      found.newSet === undefined
        ? await this.#create(deployment, found.oldSets, revision)
        : await this.#refresh(deployment, found.newSet, revision)
    const sets = { newSet, oldSets: found.oldSets }
    if (newSet === undefined) return { deployment, sets }
    return { deployment: await this.#noteRevision(deployment, newSet, found.newSet === undefined), sets }
  }

  async #refresh(deployment: Deployment, set: ReplicaSet, revision: number): Promise<ReplicaSet> {
    const wanted = setAnnotations(deployment, set, Math.max(revision, revisionOf(set)))
    const minReadySeconds = deployment.spec?.minReadySeconds ?? 0
    const isSame =
      (set.spec?.minReadySeconds ?? 0) === minReadySeconds && sameAnnotations(set.metadata.annotations ?? {}, wanted)
    if (isSame) return set
    return this.#context.client.update<ReplicaSet>(replicaSets, {
      ...set,
      metadata: { ...set.metadata, annotations: wanted },
      spec: { ...set.spec, selector: set.spec?.selector ?? {}, minReadySeconds },
    })
  }

  /** undefined where the name was taken: the collision is counted, and the next round finds another name. */
  async #create(
    deployment: Deployment,
    oldSets: readonly ReplicaSet[],
    revision: number,
  ): Promise<ReplicaSet | undefined> {
    const { client, events } = this.#context
    const { metadata, spec } = deployment
    const template = spec?.template ?? { metadata: {} }
    const hash = podTemplateHash(template, deployment.status?.collisionCount)
    const labels = { ...template.metadata?.labels, [podTemplateHashLabel]: hash }
    const draft: ReplicaSet = {
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      metadata: {
        name: `${metadata.name}-${hash}`,
        namespace: metadata.namespace,
        labels,
        ownerReferences: [controllerReference(self, deployment)],
      },
      spec: {
        replicas: newReplicaSetSize(deployment, oldSets, { replicas: 0 }),
        minReadySeconds: spec?.minReadySeconds,
        selector: { ...spec?.selector, matchLabels: { ...spec?.selector?.matchLabels, [podTemplateHashLabel]: hash } },
        template: { ...template, metadata: { ...template.metadata, labels } },
      },
    }
    draft.metadata.annotations = setAnnotations(deployment, draft, revision)
    try {
      const created = await client.create<ReplicaSet>(replicaSets, draft)
      const size = replicasOf(created)
      if (size > 0)
        events.record(
          deployment,
          'Normal',
          'ScalingReplicaSet',
          `Scaled up replica set ${created.metadata.name} from 0 to ${size}`,
        )
      return created
    } catch (error) {
      if (isAlreadyExists(error)) return this.#collision(deployment, draft)
      const message = error instanceof Error ? error.message : String(error)
      if (hasDeadline(deployment))
        await this.#setProgress(deployment, {
          status: 'False',
          reason: 'ReplicaSetCreateError',
          message: `Failed to create new replica set "${draft.metadata.name}": ${message}`,
        })
      events.record(
        deployment,
        'Warning',
        'ReplicaSetCreateError',
        `Failed to create new replica set "${draft.metadata.name}": ${message}`,
      )
      throw error
    }
  }

  /** The name is ours already (our informer is behind), or another template has the same hash. */
  async #collision(deployment: Deployment, draft: ReplicaSet): Promise<ReplicaSet | undefined> {
    const { client } = this.#context
    const existing = await client.get<ReplicaSet>(replicaSets, splitKey(objectKey(draft)))
    if (
      controllerOf(existing)?.uid === deployment.metadata.uid &&
      hasSameTemplate(existing.spec?.template, deployment.spec?.template)
    )
      return existing
    const status = { ...deployment.status, collisionCount: (deployment.status?.collisionCount ?? 0) + 1 }
    await client.updateStatus<Deployment>(deployments, { ...deployment, status })
    return undefined
  }

  /** Revision and first progress in one write: a status update carries annotations, too (upstream does the same). */
  async #noteRevision(deployment: Deployment, set: ReplicaSet, isNew: boolean): Promise<Deployment> {
    const revision = set.metadata.annotations?.[annotations.revision] ?? ''
    const status = { ...deployment.status }
    if (hasDeadline(deployment) && findCondition(deployment.status, 'Progressing') === undefined) {
      const state = isNew
        ? { reason: 'NewReplicaSetCreated', message: `Created new replica set "${set.metadata.name}"` }
        : { reason: 'FoundNewReplicaSet', message: `Found new replica set "${set.metadata.name}"` }
      setCondition(status, condition('Progressing', { status: 'True', ...state }, this.#context.clock.now()))
    }
    const isNoted = deployment.metadata.annotations?.[annotations.revision] === revision
    if (isNoted && isSameStatus(deployment.status, status)) return deployment
    const { resourceVersion: _version, ...metadata } = deployment.metadata
    const noted = { ...metadata, annotations: { ...metadata.annotations, [annotations.revision]: revision } }
    return this.#context.client.updateStatus<Deployment>(deployments, { ...deployment, metadata: noted, status })
  }

  async #setProgress(
    deployment: Deployment,
    state: { status: 'True' | 'False' | 'Unknown'; reason: string; message: string },
  ): Promise<Deployment> {
    const status = { ...deployment.status }
    setCondition(status, condition('Progressing', state, this.#context.clock.now()))
    if (isSameStatus(deployment.status, status)) return deployment
    const { resourceVersion: _version, ...metadata } = deployment.metadata
    return this.#context.client.updateStatus<Deployment>(deployments, { ...deployment, metadata, status })
  }

  async #growNew(deployment: Deployment, sets: Sets): Promise<boolean> {
    const { newSet } = sets
    if (newSet === undefined) return false
    const size = replicasOf(newSet)
    const desired = replicasOf(deployment)
    if (size === desired) return false
    const wanted = size > desired ? desired : newReplicaSetSize(deployment, allOf(sets), { replicas: size })
    if (wanted === size) return false
    sets.newSet = await this.#resize(deployment, newSet, wanted)
    return true
  }

  async #shrinkOld(deployment: Deployment, sets: Sets): Promise<boolean> {
    const { newSet } = sets
    const total = sum(allOf(sets), replicasOf)
    if (newSet === undefined || sum(sets.oldSets, replicasOf) === 0) return false
    const minAvailable = replicasOf(deployment) - maxUnavailable(deployment)
    const newUnavailable = replicasOf(newSet) - availableOf(newSet)
    const most = total - minAvailable - newUnavailable
    if (most <= 0) return false
    sets.oldSets.sort(byCreation)
    const unhealthy = await this.#removeUnhealthy(deployment, sets.oldSets, most)
    const healthy = await this.#removeHealthy(deployment, sets, minAvailable)
    return unhealthy + healthy > 0
  }

  /** Old pods that are not available anyway go first. */
  async #removeUnhealthy(deployment: Deployment, oldSets: ReplicaSet[], most: number): Promise<number> {
    let removed = 0
    for (const [index, set] of oldSets.entries()) {
      if (removed >= most) break
      const idle = replicasOf(set) - availableOf(set)
      if (replicasOf(set) === 0 || idle <= 0) continue
      const count = Math.min(most - removed, idle)
      oldSets[index] = await this.#resize(deployment, set, replicasOf(set) - count)
      removed += count
    }
    return removed
  }

  async #removeHealthy(deployment: Deployment, sets: Sets, minAvailable: number): Promise<number> {
    const spare = sum(allOf(sets), availableOf) - minAvailable
    let removed = 0
    for (const [index, set] of sets.oldSets.entries()) {
      if (removed >= spare) break
      const count = Math.min(replicasOf(set), spare - removed)
      if (count <= 0) continue
      sets.oldSets[index] = await this.#resize(deployment, set, replicasOf(set) - count)
      removed += count
    }
    return removed
  }

  /** Paused, or only the number of replicas has changed: no step of a rollout, but all ReplicaSets in proportion. */
  async #scaleOnly(deployment: Deployment, owned: readonly ReplicaSet[]): Promise<void | { requeueAfterMs: number }> {
    const sets = this.#split(deployment, owned)
    await this.#scale(deployment, sets)
    if (deployment.spec?.paused === true) await this.#cleanUp(deployment, sets.oldSets)
    return this.#writeStatus(deployment, sets, 'plain')
  }

  async #scale(deployment: Deployment, sets: Sets): Promise<void> {
    const desired = replicasOf(deployment)
    const only = activeOrLatest(sets.newSet, sets.oldSets)
    if (only !== undefined) {
      if (replicasOf(only) !== desired || !hasCountAnnotations(deployment, only))
        this.#replace(sets, await this.#resize(deployment, only, desired))
      return
    }
    if (isSaturated(deployment, sets.newSet)) {
      for (const set of sets.oldSets)
        if (replicasOf(set) > 0) this.#replace(sets, await this.#resize(deployment, set, 0))
      return
    }
    if (isRollingUpdate(deployment)) await this.#scaleInProportion(deployment, sets)
  }

  async #scaleInProportion(deployment: Deployment, sets: Sets): Promise<void> {
    const desired = replicasOf(deployment)
    const active = allOf(sets).filter((set) => replicasOf(set) > 0)
    const toAdd = (desired > 0 ? desired + maxSurge(deployment) : 0) - sum(active, replicasOf)
    // The largest first; of one size the newer when growing, the older when shrinking.
    active.sort((a, b) => replicasOf(b) - replicasOf(a) || (toAdd > 0 ? byCreation(b, a) : byCreation(a, b)))
    let added = 0
    const sizes = active.map((set) => {
      const proportion = toAdd === 0 ? 0 : proportionOf(set, deployment, { toAdd, added })
      added += proportion
      return replicasOf(set) + proportion
    })
    for (const [index, set] of active.entries()) {
      // What rounding left over falls to the largest.
      const leftover = index === 0 ? toAdd - added : 0
      this.#replace(sets, await this.#resize(deployment, set, Math.max(0, (sizes[index] ?? 0) + leftover)))
    }
  }

  #replace(sets: Sets, changed: ReplicaSet): void {
    if (sets.newSet?.metadata.uid === changed.metadata.uid) sets.newSet = changed
    else sets.oldSets = sets.oldSets.map((set) => (set.metadata.uid === changed.metadata.uid ? changed : set))
  }

  async #resize(deployment: Deployment, set: ReplicaSet, size: number): Promise<ReplicaSet> {
    const before = replicasOf(set)
    if (before === size && hasCountAnnotations(deployment, set)) return set
    const changed = await this.#context.client.update<ReplicaSet>(replicaSets, {
      ...set,
      metadata: { ...set.metadata, annotations: { ...set.metadata.annotations, ...countAnnotations(deployment) } },
      spec: { ...set.spec, selector: set.spec?.selector ?? {}, replicas: size },
    })
    if (before !== size) {
      const direction = size > before ? 'up' : 'down'
      this.#context.events.record(
        deployment,
        'Normal',
        'ScalingReplicaSet',
        `Scaled ${direction} replica set ${set.metadata.name} from ${before} to ${size}`,
      )
    }
    return changed
  }

  /** Old ReplicaSets beyond the history limit, the oldest revisions first. */
  async #cleanUp({ spec }: Deployment, oldSets: readonly ReplicaSet[]): Promise<void> {
    const limit = spec?.revisionHistoryLimit
    if (limit === undefined || limit === 2_147_483_647) return
    const alive = oldSets.filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    const surplus = [...alive].sort((a, b) => revisionOf(a) - revisionOf(b)).slice(0, Math.max(0, alive.length - limit))
    for (const set of surplus) {
      const isIdle =
        (set.status?.replicas ?? 0) === 0 &&
        replicasOf(set) === 0 &&
        (set.metadata.generation ?? 0) <= (set.status?.observedGeneration ?? 0)
      if (!isIdle) continue
      try {
        await this.#context.client.delete(replicaSets, splitKey(objectKey(set)))
      } catch (error) {
        if (!isNotFound(error)) throw error
      }
    }
  }

  /** So that a pause does not run into the deadline, nor its end. */
  async #notePause(deployment: Deployment): Promise<Deployment> {
    if (!hasDeadline(deployment)) return deployment
    const current = findCondition(deployment.status, 'Progressing')
    if (current?.reason === 'ProgressDeadlineExceeded') return deployment
    const isNoted = current?.reason === 'DeploymentPaused'
    if (deployment.spec?.paused === true && !isNoted) {
      return this.#setProgress(deployment, {
        status: 'Unknown',
        reason: 'DeploymentPaused',
        message: 'Deployment is paused',
      })
    }
    if (deployment.spec?.paused !== true && isNoted) {
      return this.#setProgress(deployment, {
        status: 'Unknown',
        reason: 'DeploymentResumed',
        message: 'Deployment is resumed',
      })
    }
    return deployment
  }

  async #writeStatus(
    deployment: Deployment,
    sets: Sets,
    kind: 'plain' | 'rollout',
  ): Promise<void | { requeueAfterMs: number }> {
    const now = this.#context.clock.now()
    const { newSet } = sets
    const seen = { newSet, all: allOf(sets) }
    const status = kind === 'rollout' ? rolloutStatus(deployment, seen, now) : statusOf(deployment, seen, now)
    if (!isSameStatus(deployment.status, status)) {
      // Without a version: the status is ours alone, and whoever changed the spec meanwhile brings us here again.
      const { resourceVersion: _version, ...metadata } = deployment.metadata
      try {
        await this.#context.client.updateStatus<Deployment>(deployments, { ...deployment, metadata, status })
      } catch (error) {
        if (!isNotFound(error)) throw error
      }
    }
    if (kind === 'plain' || !hasDeadline(deployment) || isComplete(deployment, status)) return
    const requeueAfterMs = timeToDeadline(deployment, status, now)
    if (requeueAfterMs !== undefined) return { requeueAfterMs }
  }
}

/** The number of replicas has changed since the ReplicaSets were last sized. */
function isScaling(deployment: Deployment, owned: readonly ReplicaSet[]): boolean {
  return owned.some((set) => {
    const noted = set.metadata.annotations?.[annotations.desiredReplicas]
    return replicasOf(set) > 0 && noted !== undefined && Number(noted) !== replicasOf(deployment)
  })
}

function countAnnotations(deployment: Deployment): Record<string, string> {
  const desired = replicasOf(deployment)
  return {
    [annotations.desiredReplicas]: String(desired),
    [annotations.maxReplicas]: String(desired + maxSurge(deployment)),
  }
}

function hasCountAnnotations(deployment: Deployment, { metadata }: ReplicaSet): boolean {
  return Object.entries(countAnnotations(deployment)).every(([name, value]) => metadata.annotations?.[name] === value)
}

/** Annotations of the new ReplicaSet: those of the Deployment, its revision (earlier ones in the history), its counts. */
function setAnnotations(deployment: Deployment, set: ReplicaSet, revision: number): Record<string, string> {
  const passed = Object.entries(deployment.metadata.annotations ?? {}).filter(([name]) => !ownAnnotations.has(name))
  const before = set.metadata.annotations ?? {}
  const wanted: Record<string, string> = { ...before, ...Object.fromEntries(passed) }
  if (set.metadata.resourceVersion === undefined) Object.assign(wanted, countAnnotations(deployment))
  const old = before[annotations.revision]
  if (old !== undefined && Number(old) < revision) {
    const history = before[annotations.revisionHistory]
    wanted[annotations.revisionHistory] = [...(history === undefined ? [] : history.split(',')), old].join(',')
  }
  wanted[annotations.revision] = String(revision)
  return wanted
}

function sameAnnotations(a: Record<string, string>, b: Record<string, string>): boolean {
  const names = Object.keys(b)
  return names.length === Object.keys(a).length && names.every((name) => a[name] === b[name])
}
