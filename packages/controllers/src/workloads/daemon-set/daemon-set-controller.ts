// Keeps one pod of a DaemonSet on every node that it is for. Upstream: pkg/controller/daemon.

import { type DaemonSet, type DaemonSetStatus, type Node, type Pod, deepEqual, isNotFound } from '@binnacle/api'
import { type Controller, type Informer, type Result, daemonSets, nodes, objectKey } from '@binnacle/client'
import { runController } from '../../cluster/run-controller.ts'
import type { ControllerContext } from '../../context.ts'
import { ControllerRevisions, revisionHashLabel } from '../controller-revisions.ts'
import { PodControl } from '../pod-control.ts'
import { availableAt, byNamespace, controllerOf, isPodReady } from '../replica-pods.ts'
import { slowStart } from '../slow-start.ts'
import { type NodeVerdict, daemonTemplate, isUpdated, targetNode, verdictOn } from './daemon-pods.ts'
import { type Changes, type DaemonState, isAvailable, maxSurge, updateChanges } from './daemon-update.ts'

const self = { apiVersion: 'apps/v1', kind: 'DaemonSet', ref: daemonSets }
const burst = 250
const defaultHistoryLimit = 10
/** Failed pods are replaced after 1 s, 2 s, … up to 15 minutes. */
const firstDelayMs = 1000
const maxDelayMs = 15 * 60_000

export function startDaemonSetController(context: ControllerContext): Controller {
  return new DaemonSetController(context).start()
}

interface Round extends DaemonState {
  verdicts: ReadonlyMap<string, NodeVerdict>
  requeueAfterMs: number
}

class DaemonSetController {
  readonly #context: ControllerContext
  readonly #sets: Informer<DaemonSet>
  readonly #nodes: Informer<Node>
  readonly #pods: PodControl
  readonly #revisions: ControllerRevisions
  /** By set, generation and node: when a failed pod was replaced last, and how long the next has to wait. */
  readonly #backOffs = new Map<string, { since: number; delayMs: number }>()
  readonly #controller: Controller

  constructor(context: ControllerContext) {
    this.#context = context
    this.#sets = context.informers.of<DaemonSet>(daemonSets, { byNamespace })
    this.#nodes = context.informers.of<Node>(nodes)
    this.#pods = new PodControl(context, self)
    this.#revisions = new ControllerRevisions(context, self, revisionHashLabel)
    this.#controller = runController(context, {
      name: 'daemonset-controller',
      workers: 2,
      reconcile: (key) => this.#reconcile(key),
    })
  }

  start(): Controller {
    const enqueue = (set: DaemonSet): void => this.#controller.enqueue(objectKey(set))
    const enqueueAll = (): void => this.#sets.list().forEach(enqueue)
    this.#sets.on({ added: enqueue, updated: enqueue, deleted: enqueue })
    this.#nodes.on({
      added: enqueueAll,
      updated: (node, old) => {
        const isSame =
          deepEqual(node.metadata.labels, old.metadata.labels) && deepEqual(node.spec?.taints, old.spec?.taints)
        if (!isSame) enqueueAll()
      },
      deleted: enqueueAll,
    })
    this.#pods.follow({
      owned: (key) => this.#controller.enqueue(key),
      orphan: (pod) => {
        for (const set of this.#sets.byIndex('byNamespace', pod.metadata.namespace ?? '')) enqueue(set)
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
    const { events, clock } = this.#context
    if (deepEqual(set.spec?.selector, {})) {
      const message = 'This daemon set is selecting all pods. A non-empty selector is required.'
      events.record(set, 'Warning', 'SelectingAll', message)
      return
    }
    if (set.metadata.deletionTimestamp !== undefined || !this.#pods.isSettled(key)) return
    const history = await this.#revisions.sync(set, set.status?.collisionCount ?? 0)
    const hash = history.current.metadata.labels?.[revisionHashLabel] ?? ''
    const pods = await this.#pods.claim(set, { selector: set.spec?.selector })
    const round = this.#look(set, { hash, pods, now: clock.now() })
    let problem: unknown
    try {
      const needed = this.#needed(round)
      await this.#apply(round, needed)
      // After a change the pods have to be looked at anew first, which their events bring about.
      const isSteady = needed.doomed.length + needed.nodes.length === 0
      if (isSteady && (set.spec?.updateStrategy?.type ?? 'RollingUpdate') === 'RollingUpdate')
        await this.#apply(round, updateChanges(round))
      const live = new Set(pods.map(({ metadata }) => metadata.labels?.[revisionHashLabel]))
      await this.#revisions.prune(
        history.all.filter((revision) => revision !== history.current),
        ({ metadata }) => live.has(metadata.labels?.[revisionHashLabel]),
        set.spec?.revisionHistoryLimit ?? defaultHistoryLimit,
      )
    } catch (error) {
      problem = error
    }
    await this.#writeStatus(round, history.collisionCount)
    if (problem !== undefined) throw problem
    if (Number.isFinite(round.requeueAfterMs)) return { requeueAfterMs: Math.max(1, round.requeueAfterMs) }
  }

  #look(set: DaemonSet, { hash, pods, now }: { hash: string; pods: readonly Pod[]; now: number }): Round {
    const verdicts = new Map(this.#nodes.list().map((node) => [node.metadata.name ?? '', verdictOn(node, set)]))
    const desired = new Set([...verdicts].filter(([, { shouldRun }]) => shouldRun).map(([name]) => name))
    const podsByNode = new Map<string, Pod[]>()
    let requeueAfterMs = Number.POSITIVE_INFINITY
    for (const pod of pods) {
      const isOver = pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed'
      const node = targetNode(pod)
      if (node === undefined || (isOver && pod.metadata.deletionTimestamp !== undefined)) continue
      podsByNode.set(node, [...(podsByNode.get(node) ?? []), pod])
      const at = availableAt(pod, set.spec?.minReadySeconds ?? 0)
      if (at !== undefined && at > now) requeueAfterMs = Math.min(requeueAfterMs, at - now)
    }
    for (const podsOfNode of podsByNode.values()) podsOfNode.sort(byAge)
    return { set, hash, now, verdicts, desired, podsByNode, requeueAfterMs }
  }

  /** What makes one pod of each node, leaving updates aside. */
  #needed(round: Round): Changes {
    const changes: Changes = { doomed: [], nodes: [] }
    for (const [node, verdict] of round.verdicts) {
      const pods = round.podsByNode.get(node)
      if (pods === undefined) {
        if (verdict.shouldRun) changes.nodes.push(node)
      } else if (verdict.shouldContinue) this.#tidy(round, node, changes)
      else changes.doomed.push(...pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined))
    }
    // Nobody else removes pods that wait for a node that is gone.
    for (const [node, pods] of round.podsByNode)
      if (!round.verdicts.has(node)) changes.doomed.push(...pods.filter(({ spec }) => !spec?.nodeName))
    return changes
  }

  #tidy(round: Round, node: string, { doomed, nodes: missing }: Changes): void {
    const { set, hash, now, podsByNode, verdicts } = round
    const running: Pod[] = []
    for (const pod of podsByNode.get(node) ?? []) {
      const { namespace, name, deletionTimestamp } = pod.metadata
      const phase = pod.status?.phase
      if (deletionTimestamp !== undefined) continue
      if (phase === 'Failed') {
        const wait = this.#backOff(round, node)
        if (wait > 0) {
          round.requeueAfterMs = Math.min(round.requeueAfterMs, wait)
          continue
        }
        const message = `Found failed daemon pod ${namespace}/${name} on node ${node}, will try to kill it`
        this.#context.events.record(set, 'Warning', 'FailedDaemonPod', message)
        doomed.push(pod)
      } else if (phase === 'Succeeded') {
        const message = `Found succeeded daemon pod ${namespace}/${name} on node ${node}, will try to delete it`
        this.#context.events.record(set, 'Normal', 'SucceededDaemonPod', message)
        doomed.push(pod)
      } else running.push(pod)
    }
    if (maxSurge(set, 1) === 0) {
      doomed.push(...running.slice(1))
      return
    }
    if (running.length === 0 && verdicts.get(node)?.shouldRun === true) missing.push(node)
    if (running.length < 2) return
    const [fresh, ...moreFresh] = running.filter((pod) => pod.metadata.labels?.[revisionHashLabel] === hash)
    const [old, ...moreOld] = running.filter((pod) => pod.metadata.labels?.[revisionHashLabel] !== hash)
    doomed.push(...moreFresh, ...moreOld)
    const isReplaced = fresh !== undefined && old !== undefined && (!isPodReady(old) || isAvailable(fresh, set, now))
    if (isReplaced) doomed.push(old)
  }

  /** Milliseconds until the failed pod may be replaced; 0 starts the next, longer wait. */
  #backOff({ set, now }: Round, node: string): number {
    const key = `${set.metadata.uid}/${set.status?.observedGeneration ?? 0}/${node}`
    const known = this.#backOffs.get(key)
    if (known !== undefined && now - known.since < known.delayMs) return known.since + known.delayMs - now
    const isFresh = known === undefined || now - known.since > 2 * maxDelayMs
    this.#backOffs.set(key, { since: now, delayMs: isFresh ? firstDelayMs : Math.min(known.delayMs * 2, maxDelayMs) })
    for (const [other, { since }] of this.#backOffs) if (now - since > 2 * maxDelayMs) this.#backOffs.delete(other)
    return 0
  }

  async #apply({ set, hash }: Round, { doomed, nodes: missing }: Changes): Promise<void> {
    const targets = missing.slice(0, burst)
    const { error } = await slowStart(targets.length, async (position) => {
      await this.#pods.create(set, daemonTemplate(set, targets[position] ?? '', hash))
    })
    const results = await Promise.allSettled(doomed.slice(0, burst).map((pod) => this.#pods.delete(set, pod)))
    const failed = results.find((result) => result.status === 'rejected')
    if (error !== undefined) throw error
    if (failed !== undefined) throw failed.reason
  }

  async #writeStatus({ set, hash, now, desired, verdicts }: Round, collisionCount: number): Promise<void> {
    const own = this.#pods.informer
      .byIndex('byControllerUid', set.metadata.uid ?? '')
      .filter((pod) => controllerOf(pod)?.kind === self.kind)
    const { podsByNode } = this.#look(set, { hash, pods: own, now })
    const firsts = [...desired].map((node) => podsByNode.get(node)?.[0]).filter((pod) => pod !== undefined)
    const available = firsts.filter((pod) => isAvailable(pod, set, now)).length
    const updated = firsts.filter((pod) => isUpdated(pod, set, hash)).length
    const unavailable = desired.size - available
    const status: DaemonSetStatus = {
      currentNumberScheduled: firsts.length,
      numberMisscheduled: [...verdicts.keys()].filter((node) => !desired.has(node) && podsByNode.has(node)).length,
      desiredNumberScheduled: desired.size,
      numberReady: firsts.filter(isPodReady).length,
      observedGeneration: set.metadata.generation,
      ...(updated > 0 ? { updatedNumberScheduled: updated } : {}),
      ...(available > 0 ? { numberAvailable: available } : {}),
      ...(unavailable > 0 ? { numberUnavailable: unavailable } : {}),
      ...(collisionCount > 0 ? { collisionCount } : {}),
      ...(set.status?.conditions === undefined ? {} : { conditions: set.status.conditions }),
    }
    if (deepEqual(status, set.status)) return
    try {
      const { resourceVersion: _version, ...metadata } = set.metadata
      await this.#context.client.updateStatus<DaemonSet>(daemonSets, { ...set, metadata, status })
    } catch (error) {
      if (!isNotFound(error)) throw error
    }
  }
}

/** Bound pods first, then the oldest. */
function byAge(a: Pod, b: Pod): number {
  const bound = Number(Boolean(b.spec?.nodeName)) - Number(Boolean(a.spec?.nodeName))
  if (bound !== 0) return bound
  const age = Date.parse(a.metadata.creationTimestamp ?? '') - Date.parse(b.metadata.creationTimestamp ?? '')
  return age || ((a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1)
}
