// A node with the pods that are, or are assumed to be, on it, summed up so that a filter looks at numbers and not at pods.
// Upstream: pkg/scheduler/framework/types.go (NodeInfo, PodInfo, HostPortInfo).

import type { Node, Pod } from '@binnacle/api'
import { addResources, noResources, podRequests, resourcesOf, subtractResources } from './pod-requests.ts'
import type { PodRequests, Resources } from './pod-requests.ts'

/** A pod with what the scheduler reads of it again and again. */
export interface PodInfo extends PodRequests {
  pod: Pod
  /** `<namespace>/<name>` */
  key: string
  uid: string
  priority: number
  hostPorts: readonly HostPort[]
  hasAffinity: boolean
  hasRequiredAntiAffinity: boolean
}

export interface HostPort {
  ip: string
  protocol: string
  port: number
}

export function podKey(pod: Pod): string {
  return `${pod.metadata.namespace}/${pod.metadata.name}`
}

export function podInfoOf(pod: Pod): PodInfo {
  const affinity = pod.spec?.affinity
  return {
    pod,
    key: podKey(pod),
    uid: pod.metadata.uid ?? '',
    priority: pod.spec?.priority ?? 0,
    ...podRequests(pod),
    hostPorts: hostPortsOf(pod),
    hasAffinity: affinity?.podAffinity !== undefined || affinity?.podAntiAffinity !== undefined,
    hasRequiredAntiAffinity:
      (affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.length ?? 0) > 0,
  }
}

function hostPortsOf(pod: Pod): HostPort[] {
  const sidecars = pod.spec?.initContainers?.filter((container) => container.restartPolicy === 'Always') ?? []
  return [...(pod.spec?.containers ?? []), ...sidecars].flatMap((container) =>
    (container.ports ?? []).flatMap((port) =>
      port.hostPort ? [{ ip: port.hostIP || anyAddress, protocol: port.protocol ?? 'TCP', port: port.hostPort }] : [],
    ),
  )
}

const anyAddress = '0.0.0.0'

export class NodeInfo {
  readonly name: string
  node: Node
  allocatable: Resources
  allowedPods: number
  readonly pods: Map<string, PodInfo> = new Map()
  readonly requested: Resources = noResources()
  readonly scored: Resources = noResources()
  /** Of those in `pods`: the ones with inter-pod terms, which a filter must look at one by one. */
  readonly podsWithAffinity: Map<string, PodInfo> = new Map()
  readonly #usedPorts = new Map<string, string[]>()

  constructor(node: Node) {
    this.name = node.metadata.name ?? ''
    this.node = node
    this.allocatable = resourcesOf(node.status?.allocatable)
    this.allowedPods = Number(node.status?.allocatable?.['pods'] ?? 0)
  }

  setNode(node: Node): void {
    this.node = node
    this.allocatable = resourcesOf(node.status?.allocatable)
    this.allowedPods = Number(node.status?.allocatable?.['pods'] ?? 0)
  }

  add(info: PodInfo): void {
    this.pods.set(info.uid, info)
    addResources(this.requested, info.requests)
    addResources(this.scored, info.scored)
    if (info.hasAffinity) this.podsWithAffinity.set(info.uid, info)
    for (const port of info.hostPorts) {
      const key = `${port.protocol}/${port.port}`
      this.#usedPorts.set(key, [...(this.#usedPorts.get(key) ?? []), port.ip])
    }
  }

  remove(uid: string): void {
    const info = this.pods.get(uid)
    if (!info) return
    this.pods.delete(uid)
    subtractResources(this.requested, info.requests)
    subtractResources(this.scored, info.scored)
    this.podsWithAffinity.delete(uid)
    for (const port of info.hostPorts) {
      const key = `${port.protocol}/${port.port}`
      const ips = this.#usedPorts.get(key) ?? []
      const rest = ips.toSpliced(ips.indexOf(port.ip), 1)
      if (rest.length > 0) this.#usedPorts.set(key, rest)
      else this.#usedPorts.delete(key)
    }
  }

  portInUse({ ip, protocol, port }: HostPort): boolean {
    const ips = this.#usedPorts.get(`${protocol}/${port}`)
    if (!ips) return false
    return ip === anyAddress || ips.includes(anyAddress) || ips.includes(ip)
  }

  /** A copy whose pods can be taken away to see what would fit then. */
  clone(): NodeInfo {
    const copy = new NodeInfo(this.node)
    for (const info of this.pods.values()) copy.add(info)
    return copy
  }
}
