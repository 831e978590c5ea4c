// The Node object and its Lease: registered once, then renewed. Upstream: pkg/kubelet/kubelet_node_status.go,
// k8s.io/component-helpers/apimachinery/lease.

import { readFileSync } from 'node:fs'
import { arch, cpus, hostname, release, totalmem, type as osType } from 'node:os'
import {
  type Clock,
  type Lease,
  type Node,
  type NodeCondition,
  type NodeStatus,
  formatMicroTime,
  formatTime,
  isAlreadyExists,
  isNotFound,
} from '@binnacle/api'
import { type Client, leases, nodes } from '@binnacle/client'
import type { ContainerRuntime } from './runtime.ts'

export interface RegistrationOptions {
  client: Client
  clock: Clock
  nodeName: string
  runtime: ContainerRuntime
  /** Of the kubelet API. */
  port: number
  address: string
  maxPods: number
  labels?: Readonly<Record<string, string>> | undefined
  log(message: string, error: unknown): void
}

/** Version that clients and the scheduler compare with the API server's. */
const kubeletVersion = 'v1.36.3'
const leaseSeconds = 40
const renewMs = 10_000
/** kubelet's nodeStatusReportFrequency. */
const statusMs = 300_000
const retryMs = 200

/** Amounts that pods may ask for; nothing is reserved, since the machine is not ours alone anyway. */
export function nodeCapacity(maxPods: number, plays = false): Record<string, string> {
  // Nothing runs under a runtime that plays, so it has room for whatever a test schedules.
  if (plays)
    return { cpu: '100000', memory: '1000Ti', pods: String(Math.max(maxPods, 100_000)), 'ephemeral-storage': '1000Ti' }
  return {
    cpu: String(cpus().length),
    memory: `${Math.floor(totalmem() / 1024)}Ki`,
    pods: String(maxPods),
    'ephemeral-storage': '100Gi',
  }
}

export class NodeRegistration {
  readonly #options: RegistrationOptions
  readonly #labels: Record<string, string>
  #cancels: (() => void)[] = []
  #closed = false
  #readySince: string

  constructor(options: RegistrationOptions) {
    this.#options = options
    this.#readySince = formatTime(options.clock.now())
    const machine = arch() === 'x64' ? 'amd64' : arch()
    this.#labels = {
      'beta.kubernetes.io/arch': machine,
      'beta.kubernetes.io/os': 'linux',
      'kubernetes.io/arch': machine,
      'kubernetes.io/hostname': options.nodeName,
      'kubernetes.io/os': 'linux',
      ...options.labels,
    }
  }

  /** Resolves when the node is registered and Ready; the API server may still be starting. */
  async start(): Promise<Node> {
    const node = await this.#register()
    await this.#renewLease(node).catch((error: unknown) => this.#options.log('cannot write the node lease', error))
    this.#every(renewMs, () => this.#renewLease(node))
    this.#every(statusMs, () => this.#patchStatus())
    return node
  }

  close(): void {
    this.#closed = true
    for (const cancel of this.#cancels) cancel()
  }

  /** A graceful end: the node is not Ready at once, instead of after 50 s of silence. */
  async sayNotReady(): Promise<void> {
    await this.#patchStatus({
      type: 'Ready',
      status: 'False',
      reason: 'KubeletNotReady',
      message: 'the node agent is shutting down',
    })
  }

  #every(ms: number, work: () => Promise<unknown>): void {
    const index = this.#cancels.length
    const again = (): void => {
      if (this.#closed) return
      this.#cancels[index] = this.#options.clock.after(ms, () => {
        void work()
          .catch((error: unknown) => this.#options.log('cannot report the node', error))
          .finally(again)
      })
    }
    this.#cancels.push(() => {})
    again()
  }

  async #register(): Promise<Node> {
    const { client, nodeName, clock } = this.#options
    for (;;) {
      try {
        const made = await client.create<Node>(nodes, {
          apiVersion: 'v1',
          kind: 'Node',
          metadata: {
            name: nodeName,
            labels: this.#labels,
            annotations: { 'volumes.kubernetes.io/controller-managed-attach-detach': 'true' },
          },
          spec: {},
          status: this.#status(),
        })
        // A create may not take the status; then this writes it, else it changes nothing.
        if (made.status?.conditions === undefined) await this.#patchStatus()
        return made
      } catch (error) {
        if (isAlreadyExists(error)) return this.#reconcile()
        if (this.#closed) throw error
        this.#options.log('cannot register the node, trying again', error)
        await new Promise<void>((resolve) => clock.after(retryMs, resolve))
      }
    }
  }

  async #reconcile(): Promise<Node> {
    const { client, nodeName } = this.#options
    const body = { metadata: { labels: this.#labels } }
    const node = await client.patch<Node>(nodes, { name: nodeName }, { type: 'application/merge-patch+json', body })
    await this.#patchStatus()
    return node
  }

  async #patchStatus(ready?: NodeCondition): Promise<void> {
    const { client, nodeName } = this.#options
    const status = this.#status(ready)
    await client.patch(
      nodes,
      { name: nodeName },
      { type: 'application/strategic-merge-patch+json', body: { status }, subresource: 'status' },
    )
  }

  #status(ready?: NodeCondition): NodeStatus {
    const { runtime, maxPods, nodeName, port, address } = this.#options
    const capacity = nodeCapacity(maxPods, runtime.plays)
    return {
      capacity,
      allocatable: capacity,
      conditions: this.#conditions(ready),
      addresses: [
        { type: 'InternalIP', address },
        { type: 'Hostname', address: nodeName },
      ],
      daemonEndpoints: { kubeletEndpoint: { Port: port } },
      nodeInfo: {
        machineID: identity('/etc/machine-id'),
        systemUUID: identity('/etc/machine-id'),
        bootID: identity('/proc/sys/kernel/random/boot_id'),
        kernelVersion: release(),
        osImage: `${osType()} (${hostname()})`,
        containerRuntimeVersion: `${runtime.name}://${runtime.version.replace(/^v/, '')}`,
        kubeletVersion,
        kubeProxyVersion: '',
        operatingSystem: 'linux',
        architecture: this.#labels['kubernetes.io/arch'] ?? 'amd64',
      },
    }
  }

  #conditions(ready?: NodeCondition): NodeCondition[] {
    const now = formatTime(this.#options.clock.now())
    const fine = (type: string, reason: string, message: string): NodeCondition => ({
      type,
      status: 'False',
      reason,
      message,
    })
    const conditions: NodeCondition[] = [
      fine('MemoryPressure', 'KubeletHasSufficientMemory', 'kubelet has sufficient memory available'),
      fine('DiskPressure', 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'),
      fine('PIDPressure', 'KubeletHasSufficientPID', 'kubelet has sufficient PID available'),
      ready ?? { type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'kubelet is posting ready status' },
    ]
    return conditions.map((condition) => ({
      ...condition,
      lastHeartbeatTime: now,
      lastTransitionTime: condition === ready ? now : this.#readySince,
    }))
  }

  async #renewLease(node: Node): Promise<void> {
    const { client, clock, nodeName } = this.#options
    const key = { namespace: 'kube-node-lease', name: nodeName }
    const renewTime = formatMicroTime(clock.now())
    const spec = { holderIdentity: nodeName, leaseDurationSeconds: leaseSeconds, renewTime }
    try {
      await client.patch<Lease>(leases, key, { type: 'application/merge-patch+json', body: { spec } })
    } catch (error) {
      if (!isNotFound(error)) throw error
      await client.create<Lease>(leases, {
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: {
          ...key,
          ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: nodeName, uid: node.metadata.uid ?? '' }],
        },
        spec,
      })
    }
  }
}

function identity(path: string): string {
  try {
    return readFileSync(path, 'latin1').trim()
  } catch {
    // No such file on other systems than Linux; the field is only shown.
    return ''
  }
}
