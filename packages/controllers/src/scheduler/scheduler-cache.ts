// The nodes with the pods that are on them, including those assumed to be: a pod counts from the moment its node is
// chosen, before the API server has said so. Upstream: pkg/scheduler/backend/cache.

import type { Node, Pod } from '@binnacle/api'
import { NodeInfo, podInfoOf } from './node-info.ts'
import type { PodInfo } from './node-info.ts'

interface Placed {
  info: PodInfo
  nodeName: string
  assumed: boolean
}

export class SchedulerCache {
  readonly nodes: Map<string, NodeInfo> = new Map()
  readonly #pods = new Map<string, Placed>()
  /** Pods that a preemption made room for, by the node where the room is. */
  readonly #nominated = new Map<string, { info: PodInfo; nodeName: string }>()

  setNode(node: Node): void {
    const name = node.metadata.name ?? ''
    const known = this.nodes.get(name)
    if (known) {
      known.setNode(node)
      return
    }
    const info = new NodeInfo(node)
    this.nodes.set(name, info)
    // Pods may be heard of before their node.
    for (const placed of this.#pods.values()) if (placed.nodeName === name) info.add(placed.info)
  }

  removeNode(name: string): void {
    this.nodes.delete(name)
  }

  /** A bound pod, as the API says. */
  setPod(pod: Pod): void {
    const uid = pod.metadata.uid ?? ''
    const nodeName = pod.spec?.nodeName ?? ''
    const known = this.#pods.get(uid)
    this.#nominated.delete(uid)
    if (known && known.nodeName === nodeName && sameForScheduling(pod, known.info.pod)) {
      known.info.pod = pod
      known.assumed = false
      return
    }
    this.removePod(uid)
    this.#place({ info: podInfoOf(pod), nodeName, assumed: false })
  }

  assume(info: PodInfo, nodeName: string): void {
    this.#nominated.delete(info.uid)
    this.#place({ info, nodeName, assumed: true })
  }

  /** The bind failed. A pod that the API meanwhile says is bound stays. */
  forget(uid: string): void {
    if (this.#pods.get(uid)?.assumed) this.removePod(uid)
  }

  isPlaced(uid: string): boolean {
    return this.#pods.has(uid)
  }

  removePod(uid: string): void {
    this.#nominated.delete(uid)
    const placed = this.#pods.get(uid)
    if (!placed) return
    this.#pods.delete(uid)
    this.nodes.get(placed.nodeName)?.remove(uid)
  }

  nominate(info: PodInfo, nodeName: string): void {
    if (nodeName === '') this.#nominated.delete(info.uid)
    else this.#nominated.set(info.uid, { info, nodeName })
  }

  /** Pods nominated to the node that count for `pod`: those at least as important. */
  nominatedBefore(pod: PodInfo, nodeName: string): PodInfo[] {
    const pods: PodInfo[] = []
    for (const { info, nodeName: target } of this.#nominated.values()) {
      if (target === nodeName && info.uid !== pod.uid && info.priority >= pod.priority) pods.push(info)
    }
    return pods
  }

  #place(placed: Placed): void {
    this.#pods.set(placed.info.uid, placed)
    this.nodes.get(placed.nodeName)?.add(placed.info)
  }
}

/** Whether two versions of a bound pod count the same: spec, by generation, and labels. */
export function sameForScheduling(pod: Pod, old: Pod): boolean {
  return (
    pod.metadata.generation === old.metadata.generation &&
    pod.metadata.generation !== undefined &&
    JSON.stringify(pod.metadata.labels) === JSON.stringify(old.metadata.labels)
  )
}
