// Pods that wait for a node. Active ones are next, by priority and then by arrival; unschedulable ones wait for an event
// that concerns a plugin which refused them; gated ones wait for their gates to go.
// Upstream: pkg/scheduler/backend/queue. As with SchedulerPopFromBackoffQ, a pod that an event brought back is tried as
// soon as no fresh pod waits; only failed API calls are waited out.

import type { Clock, Pod } from '@binnacle/api'
import { podInfoOf } from './node-info.ts'
import type { PodInfo } from './node-info.ts'
import type { ClusterEvent } from './plugin.ts'

export interface QueuedPod {
  info: PodInfo
  /** Scheduling cycles so far. */
  attempts: number
  /** Events after which a refused pod is worth another cycle. */
  retryOn: ReadonlySet<ClusterEvent>
}

export interface SchedulingQueueOptions {
  clock: Clock
  /** Called when a pod is there to be popped. */
  ready(): void
}

const initialBackoffMs = 1000
const maxBackoffMs = 10_000
/** A pod is tried again after this long even if nothing happened that is known to help. */
const maxUnschedulableMs = 5 * 60_000

export function isGated(pod: Pod): boolean {
  return (pod.spec?.schedulingGates?.length ?? 0) > 0
}

export class SchedulingQueue {
  readonly #options: SchedulingQueueOptions
  readonly #active = new PriorityFifo()
  readonly #retried = new PriorityFifo()
  readonly #unschedulable = new Map<string, QueuedPod>()
  readonly #gated = new Map<string, QueuedPod>()
  readonly #failed = new Map<string, { queued: QueuedPod; cancel: () => void }>()
  #cancelFlush: (() => void) | undefined

  constructor(options: SchedulingQueueOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#active.size + this.#retried.size
  }

  /** A new pod, or a new version of one: a changed spec or label is worth a try at once. */
  put(pod: Pod): void {
    const uid = pod.metadata.uid ?? ''
    const known = this.#find(uid)
    const queued: QueuedPod = { info: podInfoOf(pod), attempts: known?.attempts ?? 0, retryOn: new Set() }
    if (known && !worthRetry(pod, known.info.pod)) {
      known.info = queued.info
      return
    }
    this.remove(uid)
    if (isGated(pod)) {
      this.#gated.set(uid, queued)
      return
    }
    this.#active.push(queued)
    this.#options.ready()
  }

  remove(uid: string): void {
    this.#active.remove(uid)
    this.#retried.remove(uid)
    this.#unschedulable.delete(uid)
    this.#gated.delete(uid)
    this.#failed.get(uid)?.cancel()
    this.#failed.delete(uid)
  }

  pop(): QueuedPod | undefined {
    const queued = this.#active.pop() ?? this.#retried.pop()
    if (queued) queued.attempts++
    return queued
  }

  /** After a cycle that found no node. */
  addUnschedulable(queued: QueuedPod, retryOn: ReadonlySet<ClusterEvent>): void {
    queued.retryOn = retryOn
    this.#unschedulable.set(queued.info.uid, queued)
    this.#cancelFlush ??= this.#options.clock.after(maxUnschedulableMs, () => {
      this.#cancelFlush = undefined
      this.#retryWhere(() => true)
    })
  }

  /** After a failed bind: again in 1 s, then twice as long each time, up to 10 s. */
  addFailed(queued: QueuedPod): void {
    const { uid } = queued.info
    const delay = Math.min(maxBackoffMs, initialBackoffMs * 2 ** Math.max(0, queued.attempts - 1))
    const cancel = this.#options.clock.after(delay, () => {
      this.#failed.delete(uid)
      this.#active.push(queued)
      this.#options.ready()
    })
    this.#failed.set(uid, { queued, cancel })
  }

  /** Something happened in the cluster. */
  moveOn(event: ClusterEvent): void {
    if (this.#unschedulable.size > 0) this.#retryWhere(({ retryOn }) => retryOn.has(event))
  }

  close(): void {
    this.#cancelFlush?.()
    for (const { cancel } of this.#failed.values()) cancel()
    this.#failed.clear()
  }

  #retryWhere(worth: (queued: QueuedPod) => boolean): void {
    let moved = false
    for (const [uid, queued] of this.#unschedulable) {
      if (!worth(queued)) continue
      this.#unschedulable.delete(uid)
      this.#retried.push(queued)
      moved = true
    }
    if (moved) this.#options.ready()
  }

  #find(uid: string): QueuedPod | undefined {
    return (
      this.#active.get(uid) ??
      this.#retried.get(uid) ??
      this.#unschedulable.get(uid) ??
      this.#gated.get(uid) ??
      this.#failed.get(uid)?.queued
    )
  }
}

/** Status changes, our own condition above all, must not bring a pod back: that would be a loop. */
function worthRetry(pod: Pod, old: Pod): boolean {
  return (
    pod.metadata.generation !== old.metadata.generation ||
    JSON.stringify(pod.metadata.labels) !== JSON.stringify(old.metadata.labels) ||
    isGated(pod) !== isGated(old)
  )
}

/** First in, first out within a priority. */
class PriorityFifo {
  /** Highest priority first. */
  #levels: { priority: number; pods: Map<string, QueuedPod> }[] = []
  readonly #priorities = new Map<string, number>()

  get size(): number {
    return this.#priorities.size
  }

  get(uid: string): QueuedPod | undefined {
    const priority = this.#priorities.get(uid)
    return this.#levels.find((level) => level.priority === priority)?.pods.get(uid)
  }

  push(queued: QueuedPod): void {
    const { uid, priority } = queued.info
    let level = this.#levels.find((one) => one.priority === priority)
    if (!level) {
      level = { priority, pods: new Map() }
      this.#levels = [...this.#levels, level].sort((a, b) => b.priority - a.priority)
    }
    level.pods.set(uid, queued)
    this.#priorities.set(uid, priority)
  }

  pop(): QueuedPod | undefined {
    for (const { pods } of this.#levels) {
      for (const [uid, queued] of pods) {
        pods.delete(uid)
        this.#priorities.delete(uid)
        return queued
      }
    }
    return undefined
  }

  remove(uid: string): void {
    const priority = this.#priorities.get(uid)
    if (priority === undefined) return
    this.#priorities.delete(uid)
    this.#levels.find((level) => level.priority === priority)?.pods.delete(uid)
  }
}
