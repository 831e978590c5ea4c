// The figures of the traffic through the Service proxy: one for the whole data plane.

import type { RemoteInfo } from 'node:dgram'
import type { Socket } from 'node:net'
import { type Clock, systemClock } from '@binnacle/api'
import { type Caller, Callers } from './callers.ts'
import { type Edge, EdgeTable } from './edge-table.ts'
import type { PodReference, ServiceReference, TrafficSnapshot, TrafficSource } from './snapshot.ts'
import type { Address, ClientSocket } from './socket-table.ts'
import { Tally } from './tally.ts'
import { TcpMeter } from './tcp-meter.ts'

/** A container whose processes run on this machine. */
export interface WorkloadContainer {
  pod: PodReference
  /** Its name in the pod. */
  container: string
}

/** What is known of containers outside the data plane. */
export interface Workloads {
  /** Name of the environment variable that holds the id of the container a process belongs to. */
  readonly marker: string
  /** undefined where it is no container of ours. */
  containerOf(id: string): Promise<WorkloadContainer | undefined>
  hasPod(uid: string): Promise<boolean>
}

export interface TrafficMeterOptions {
  workloads: Workloads
  /** Whether the Service is there. */
  hasService: (service: ServiceReference) => boolean
  clock?: Clock
  /** Finds the callers; for tests. */
  callers?: Pick<Callers, 'find' | 'close'>
  onError: (error: unknown) => void
}

/** How long the figures of a pod or Service that is gone are kept after its last traffic, in milliseconds. */
const keepMs = 10 * 60_000
const forgetEveryMs = 60_000

export class TrafficMeter {
  readonly #options: TrafficMeterOptions
  readonly #clock: Clock
  readonly #callers: Pick<Callers, 'find' | 'close'>
  readonly #edges = new EdgeTable()
  readonly #open = new Set<TcpMeter>()
  #cancel: () => void
  #isClosed = false

  constructor(options: TrafficMeterOptions) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
    const { workloads, onError } = options
    this.#callers = options.callers ?? new Callers({ marker: workloads.marker, clock: this.#clock, onError })
    this.#cancel = this.#clock.after(forgetEveryMs, () => void this.#forget())
  }

  /** A connection has been accepted. */
  tcp(client: Socket, service: ServiceReference): TcpMeter {
    const { remoteAddress, remotePort, localAddress, localPort } = client
    const known =
      remoteAddress !== undefined && remotePort !== undefined && localAddress !== undefined && localPort !== undefined
    const meter = new TcpMeter(
      this.#tally(
        service,
        // A connection that was reset before we saw it has no addresses.
        known && {
          protocol: 'tcp',
          local: { address: remoteAddress, port: remotePort },
          remote: { address: localAddress, port: localPort },
        },
        () => client.destroyed,
      ),
      client,
      this.#clock,
    )
    this.#open.add(meter)
    client.once('close', () => {
      meter.ended()
      this.#open.delete(meter)
    })
    return meter
  }

  /** A flow of datagrams begins, or a datagram was dropped. */
  udp(from: RemoteInfo, to: Address, service: ServiceReference): Tally {
    const local = { address: from.address, port: from.port }
    const tally = this.#tally(service, { protocol: 'udp', local, remote: to })
    tally.speaks('udp')
    return tally
  }

  #tally(service: ServiceReference, socket: ClientSocket | false, isOver?: () => boolean): Tally {
    const source = socket === false ? Promise.resolve('unknown' as const) : this.#sourceOf(socket, isOver)
    return new Tally({ edges: this.#edges, service, source, now: () => this.#clock.now() })
  }

  async #sourceOf(socket: ClientSocket, isOver?: () => boolean): Promise<TrafficSource> {
    const caller: Caller = await this.#callers.find(socket, isOver)
    if (typeof caller === 'string') return caller
    // A container that is none of ours is another engine's.
    return (await this.#options.workloads.containerOf(caller.containerId)) ?? 'outside'
  }

  snapshot(): TrafficSnapshot {
    for (const meter of this.#open) meter.settleBytes()
    return { at: this.#clock.now(), edges: this.#edges.figures() }
  }

  async #forget(): Promise<void> {
    const before = this.#clock.now() - keepMs
    const gone: Edge[] = []
    for (const edge of this.#edges.idleSince(before)) if (await this.#isGone(edge)) gone.push(edge)
    // Traffic may have come while we asked.
    this.#edges.forget(gone.filter(({ usedAt }) => usedAt <= before))
    if (!this.#isClosed) this.#cancel = this.#clock.after(forgetEveryMs, () => void this.#forget())
  }

  async #isGone({ source, service }: Edge): Promise<boolean> {
    if (!this.#options.hasService(service)) return true
    return typeof source !== 'string' && !(await this.#options.workloads.hasPod(source.pod.uid))
  }

  close(): void {
    this.#isClosed = true
    this.#cancel()
    this.#callers.close()
  }
}
