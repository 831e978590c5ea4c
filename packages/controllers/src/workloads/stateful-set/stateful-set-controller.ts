// Keeps a StatefulSet's pods: one for each ordinal, with its own claims, made from the lowest up, removed and updated
// from the highest down; one after the other unless the set says Parallel. Upstream: pkg/controller/statefulset.

import {
  type ControllerRevision,
  type PersistentVolumeClaim,
  type Pod,
  type StatefulSet,
  type StatefulSetStatus,
  deepEqual,
  isAlreadyExists,
  isNotFound,
  scaledValue,
} from '@binnacle/api'
import {
  type Controller,
  type Informer,
  type Result,
  objectKey,
  persistentVolumeClaims,
  statefulSets,
} from '@binnacle/client'
import { runController } from '../../cluster/run-controller.ts'
import type { ControllerContext } from '../../context.ts'
import { ControllerRevisions, templateOf } from '../controller-revisions.ts'
import { PodControl, messageOf } from '../pod-control.ts'
import { availableAt, byNamespace } from '../replica-pods.ts'
import { slowStart } from '../slow-start.ts'
import {
  type Revision,
  claimOwners,
  claimsOf,
  hasIdentity,
  identityLabels,
  isAvailable,
  isInRange,
  isRunningAndReady,
  isStaleClaim,
  isTerminating,
  newPod,
  ordinalOf,
  replicasOf,
  revisionOf,
  startOrdinal,
  statefulSetKind,
} from './stateful-pods.ts'

const self = { ...statefulSetKind, ref: statefulSets }
const defaultHistoryLimit = 10

export function startStatefulSetController(context: ControllerContext): Controller {
  return new StatefulSetController(context).start()
}

/** Whether to go on with the next pod. */
type Step = 'go on' | 'wait'

interface Round {
  set: StatefulSet
  current: Revision
  update: Revision
  /** By position; undefined where the pod is missing. */
  replicas: readonly (Pod | undefined)[]
  /** Out of range, highest ordinal first. */
  condemned: readonly Pod[]
  now: number
}

class StatefulSetController {
  readonly #context: ControllerContext
  readonly #sets: Informer<StatefulSet>
  readonly #claims: Informer<PersistentVolumeClaim>
  readonly #pods: PodControl
  readonly #revisions: ControllerRevisions
  readonly #controller: Controller

  constructor(context: ControllerContext) {
    this.#context = context
    this.#sets = context.informers.of<StatefulSet>(statefulSets, { byNamespace })
    this.#claims = context.informers.of<PersistentVolumeClaim>(persistentVolumeClaims)
    this.#pods = new PodControl(context, self)
    this.#revisions = new ControllerRevisions(context, self)
    this.#controller = runController(context, {
      name: 'statefulset-controller',
      workers: 5,
      reconcile: (key) => this.#reconcile(key),
    })
  }

  start(): Controller {
    const enqueue = (set: StatefulSet): void => this.#controller.enqueue(objectKey(set))
    this.#sets.on({ added: enqueue, updated: enqueue, deleted: enqueue })
    this.#pods.follow({
      owned: (key) => this.#controller.enqueue(key),
      orphan: (pod) => {
        for (const set of this.#sets.byIndex('byNamespace', pod.metadata.namespace ?? ''))
          if (ordinalOf(pod, set) !== undefined) enqueue(set)
      },
    })
    return this.#controller
  }

  async #reconcile(key: string): Promise<Result> {
    const set = this.#sets.get(key)
    if (set === undefined) {
      this.#pods.forget(key)
      return
    }
    // What was done last is not in the informer yet; its events bring us back.
    if (!this.#pods.isSettled(key)) return
    const pods = await this.#pods.claim(set, {
      selector: set.spec?.selector,
      isForeign: (pod) => ordinalOf(pod, set) === undefined,
    })
    const history = await this.#revisions.sync(set, set.status?.collisionCount ?? 0)
    const update = history.current
    const current = history.all.find(({ metadata }) => metadata.name === set.status?.currentRevision) ?? update
    const now = this.#context.clock.now()
    const round: Round = {
      set,
      current: asRevision(current),
      update: asRevision(update),
      ...placed(set, pods),
      now,
    }
    const status = statusOf(round, pods, history.collisionCount)
    let problem: unknown
    if (set.metadata.deletionTimestamp === undefined) {
      try {
        await this.#manage(round, status)
      } catch (error) {
        problem = error
      }
    }
    completeUpdate(set, status)
    await this.#writeStatus(set, status)
    const live = new Set([current.metadata.name, update.metadata.name, ...pods.map(revisionOf)])
    await this.#revisions.prune(
      history.all,
      ({ metadata }) => live.has(metadata.name),
      set.spec?.revisionHistoryLimit ?? defaultHistoryLimit,
    )
    if (problem !== undefined) throw problem
    const next = Math.min(...pods.map((pod) => timeToAvailable(pod, set, now)))
    if (Number.isFinite(next)) return { requeueAfterMs: next }
  }

  async #writeStatus(set: StatefulSet, status: StatefulSetStatus): Promise<void> {
    if (deepEqual({ ...status, conditions: set.status?.conditions }, set.status)) return
    try {
      const { resourceVersion: _version, ...metadata } = set.metadata
      await this.#context.client.updateStatus<StatefulSet>(statefulSets, { ...set, metadata, status })
    } catch (error) {
      if (!isNotFound(error)) throw error
    }
  }

  /** Scaling up goes before scaling down, and that before updates. */
  async #manage(round: Round, status: StatefulSetStatus): Promise<void> {
    const { set, replicas, condemned } = round
    const isMonotonic = set.spec?.podManagementPolicy !== 'Parallel'
    if (
      (await each(replicas, isMonotonic, (pod, position) => this.#processReplica(round, pod, position))) === 'wait' ||
      (await each(condemned, isMonotonic, (pod) => this.#keepClaims(set, pod))) === 'wait' ||
      (await each(condemned, isMonotonic, (pod) => this.#condemn(round, pod))) === 'wait'
    )
      return
    if (set.spec?.updateStrategy?.type === 'OnDelete') return
    for (const pod of podsToUpdate(round)) {
      await this.#deletePod(set, pod)
      status.currentReplicas = Math.max(0, (status.currentReplicas ?? 0) - 1)
    }
  }

  async #processReplica(round: Round, pod: Pod | undefined, position: number): Promise<Step> {
    const { set, now } = round
    const isMonotonic = set.spec?.podManagementPolicy !== 'Parallel'
    const ordinal = startOrdinal(set) + position
    if (pod === undefined) {
      const name = `${set.metadata.name}-${ordinal}`
      const claims = claimsOf(set, ordinal).map((claim) => this.#claims.get(objectKey(claim)))
      if (claims.some((claim) => claim !== undefined && isStaleClaim(set, name, claim))) return 'wait'
      await this.#createPod(set, newPod(set, ordinal, revisionFor(round, ordinal)), ordinal)
      return isMonotonic ? 'wait' : 'go on'
    }
    const phase = pod.status?.phase
    if (phase === 'Failed' || phase === 'Succeeded') {
      // Made anew when it is gone, whatever it ended with: an eviction may look like a success.
      if (!isTerminating(pod)) await this.#deletePod(set, pod)
      return 'wait'
    }
    if (phase === 'Pending') {
      await this.#createClaims(set, pod, ordinal)
      await this.#keepClaims(set, pod)
    }
    if (isMonotonic && (isTerminating(pod) || !isRunningAndReady(pod) || !isAvailable(pod, set, now))) return 'wait'
    if (!isTerminating(pod)) await this.#restore(set, pod, ordinal)
    return 'go on'
  }

  /** Puts back what somebody took from the pod. */
  async #restore(set: StatefulSet, pod: Pod, ordinal: number): Promise<void> {
    await this.#keepClaims(set, pod)
    if (hasIdentity(pod)) return
    await this.#told('update', set, pod, async () => {
      await this.#pods.patch(pod, { metadata: { uid: pod.metadata.uid, labels: identityLabels(pod, ordinal) } })
    })
  }

  async #condemn({ set, replicas, condemned, now }: Round, pod: Pod): Promise<Step> {
    const isMonotonic = set.spec?.podManagementPolicy !== 'Parallel'
    if (isTerminating(pod)) return isMonotonic ? 'wait' : 'go on'
    if (isMonotonic && (!isRunningAndReady(pod) || !isAvailable(pod, set, now))) {
      // Of those that are not well only the first goes: the others may be needed to bring it back.
      const inOrder = [...replicas, ...condemned.toReversed()]
      const first = inOrder.find((one) => one === undefined || isTerminating(one) || !isAvailable(one, set, now))
      if (first !== pod) return 'wait'
    }
    await this.#deletePod(set, pod)
    return 'wait'
  }

  async #createPod(set: StatefulSet, pod: Pod, ordinal: number): Promise<void> {
    await this.#told('create', set, pod, async () => {
      await this.#createClaims(set, pod, ordinal)
      const created = await this.#pods.send(set, pod)
      await this.#keepClaims(set, created)
    })
  }

  async #deletePod(set: StatefulSet, pod: Pod): Promise<void> {
    await this.#told('delete', set, pod, async () => {
      await this.#pods.remove(set, pod)
    })
  }

  /** Records how it went. That a pod exists already is no news: the informer is behind. */
  async #told(
    verb: 'create' | 'update' | 'delete',
    set: StatefulSet,
    pod: Pod,
    act: () => Promise<void>,
  ): Promise<void> {
    const { events } = this.#context
    const title = verb.charAt(0).toUpperCase() + verb.slice(1)
    const subject = `${title} Pod ${pod.metadata.name} in StatefulSet ${set.metadata.name}`
    try {
      await act()
      events.record(set, 'Normal', `Successful${title}`, `${subject} successful`)
    } catch (error) {
      if (!isAlreadyExists(error))
        events.record(set, 'Warning', `Failed${title}`, `${subject} failed error: ${messageOf(error)}`)
      throw error
    }
  }

  async #createClaims(set: StatefulSet, pod: Pod, ordinal: number): Promise<void> {
    const { client, events } = this.#context
    for (const claim of claimsOf(set, ordinal)) {
      const { name } = claim.metadata
      const known = this.#claims.get(objectKey(claim))
      if (known?.metadata.deletionTimestamp !== undefined) throw new Error(`pvc ${name} is being deleted`)
      if (known !== undefined) continue
      try {
        await client.create(persistentVolumeClaims, claim)
        const message = `Create Claim ${name} Pod ${pod.metadata.name} in StatefulSet ${set.metadata.name} success`
        events.record(set, 'Normal', 'SuccessfulCreate', message)
      } catch (error) {
        if (isAlreadyExists(error)) continue
        const subject = `Create Claim ${name} for Pod ${pod.metadata.name} in StatefulSet ${set.metadata.name}`
        events.record(set, 'Warning', 'FailedCreate', `${subject} failed error: ${messageOf(error)}`)
        throw new Error(`failed to create PVC ${name}: ${messageOf(error)}`, { cause: error })
      }
    }
  }

  /** Gives the pod's claims the owners that the retention policy asks for. */
  async #keepClaims(set: StatefulSet, pod: Pod): Promise<Step> {
    const { client, events } = this.#context
    for (const template of claimsOf(set, ordinalOf(pod, set) ?? 0)) {
      const claim = this.#claims.get(objectKey(template))
      if (claim === undefined) continue
      const wanted = claimOwners(set, pod, claim)
      if (wanted.kind !== 'change') continue
      if (wanted.isForeign) {
        const message = `PersistentVolumeClaim ${claim.metadata.name} has a conflicting OwnerReference that acts as a manging controller, the retention policy is ignored for this claim`
        events.record(set, 'Warning', 'ConflictingController', message)
      }
      const metadata = { ...claim.metadata, ownerReferences: wanted.owners }
      await client.update(persistentVolumeClaims, { ...claim, metadata })
    }
    return 'go on'
  }
}

function asRevision(revision: ControllerRevision): Revision {
  return { name: revision.metadata.name ?? '', template: templateOf(revision) }
}

function placed(set: StatefulSet, pods: readonly Pod[]): Pick<Round, 'replicas' | 'condemned'> {
  const replicas: (Pod | undefined)[] = Array.from({ length: replicasOf(set) }, () => undefined)
  const condemned: Pod[] = []
  for (const pod of pods) {
    const ordinal = ordinalOf(pod, set) ?? -1
    if (isInRange(ordinal, set)) replicas[ordinal - startOrdinal(set)] = pod
    else condemned.push(pod)
  }
  condemned.sort((a, b) => (ordinalOf(b, set) ?? 0) - (ordinalOf(a, set) ?? 0))
  return { replicas, condemned }
}

/** In order until one says wait, or all of them, in growing batches. */
async function each<T>(
  items: readonly T[],
  isMonotonic: boolean,
  act: (item: T, position: number) => Promise<Step>,
): Promise<Step> {
  if (!isMonotonic) {
    const { error } = await slowStart(items.length, async (position) => {
      await act(items[position] as T, position)
    })
    if (error !== undefined) throw error
    return 'go on'
  }
  for (const [position, item] of items.entries()) if ((await act(item, position)) === 'wait') return 'wait'
  return 'go on'
}

/** Below the partition, and while an update without one is under way, pods come back as they were. */
function revisionFor({ set, current, update }: Round, ordinal: number): Revision {
  const { type = 'RollingUpdate', rollingUpdate } = set.spec?.updateStrategy ?? {}
  if (type !== 'RollingUpdate') return update
  const kept = rollingUpdate === undefined ? (set.status?.currentReplicas ?? 0) : (rollingUpdate.partition ?? 0)
  return ordinal < startOrdinal(set) + kept ? current : update
}

/** The pods that go now to come back as the update revision says: highest first. */
function podsToUpdate({ set, replicas, update, now }: Round): Pod[] {
  const { partition = 0, maxUnavailable } = set.spec?.updateStrategy?.rollingUpdate ?? {}
  const isUnavailable = (pod: Pod | undefined): boolean =>
    pod === undefined || isTerminating(pod) || !isAvailable(pod, set, now)
  const targets = replicas.slice(partition).toReversed()
  const isOld = (pod: Pod | undefined): pod is Pod =>
    pod !== undefined && revisionOf(pod) !== update.name && !isTerminating(pod)
  if (maxUnavailable !== undefined) {
    const allowed = Math.max(1, scaledValue(maxUnavailable, replicas.length, 'down'))
    return targets.filter(isOld).slice(0, Math.max(0, allowed - replicas.filter(isUnavailable).length))
  }
  for (const pod of targets) {
    if (isOld(pod)) return [pod]
    if (isUnavailable(pod)) return []
  }
  return []
}

function statusOf(
  { set, current, update, now }: Round,
  pods: readonly Pod[],
  collisionCount: number,
): StatefulSetStatus {
  const ready = pods.filter(isRunningAndReady)
  const kept = pods.filter((pod) => !isTerminating(pod))
  const { conditions } = set.status ?? {}
  return {
    observedGeneration: set.metadata.generation,
    replicas: pods.length,
    readyReplicas: ready.length,
    availableReplicas: ready.filter((pod) => isAvailable(pod, set, now)).length,
    currentReplicas: kept.filter((pod) => revisionOf(pod) === current.name).length,
    updatedReplicas: kept.filter((pod) => revisionOf(pod) === update.name).length,
    currentRevision: current.name,
    updateRevision: update.name,
    collisionCount,
    ...(conditions === undefined ? {} : { conditions }),
  }
}

/** When all pods are as the update says, it is what the set is now. Counts of zero are left out then. */
function completeUpdate(set: StatefulSet, status: StatefulSetStatus): void {
  const wanted = replicasOf(set)
  const isComplete = [status.updatedReplicas, status.readyReplicas, status.replicas].every((count) => count === wanted)
  if ((set.spec?.updateStrategy?.type ?? 'RollingUpdate') === 'RollingUpdate' && isComplete) {
    status.currentReplicas = status.updatedReplicas
    status.currentRevision = status.updateRevision
  }
  for (const name of ['readyReplicas', 'currentReplicas', 'updatedReplicas'] as const)
    if (status[name] === 0) delete status[name]
}

function timeToAvailable(pod: Pod, { spec }: StatefulSet, now: number): number {
  const at = availableAt(pod, spec?.minReadySeconds ?? 0)
  return at === undefined || at <= now ? Number.POSITIVE_INFINITY : at - now
}
