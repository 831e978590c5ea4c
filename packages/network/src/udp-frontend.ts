// One UDP address. Each client (address and port) has a socket of its own towards its backend, so that answers find
// their way back; it is closed when nothing passed for a while, as conntrack forgets a flow.

import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { Balancer } from './balancer.ts'
import type { Backend, Frontend } from './frontend.ts'
import type { ServiceReference } from './traffic/snapshot.ts'
import type { Tally } from './traffic/tally.ts'
import type { TrafficMeter } from './traffic/traffic-meter.ts'

/** nf_conntrack_udp_timeout_stream is 120 s; one-way flows are forgotten after 30 s there. */
const idleMs = 60_000

interface Flow {
  socket: Socket
  backend: Backend
  idle: NodeJS.Timeout
  tally: Tally | undefined
}

export class UdpFrontend {
  readonly #socket: Socket
  readonly #balancer: Balancer
  readonly #flows = new Map<string, Flow>()

  readonly #service: ServiceReference
  readonly #meter: TrafficMeter | undefined

  constructor(frontend: Frontend, meter?: TrafficMeter) {
    this.#service = frontend.service
    this.#meter = meter
    this.#balancer = new Balancer(frontend)
    this.#socket = createSocket('udp4', (message, from) => this.#forward(message, from))
  }

  async listen(address: string, port: number): Promise<number> {
    this.#socket.bind({ address, port, exclusive: true })
    await once(this.#socket, 'listening')
    return this.#socket.address().port
  }

  update(frontend: Frontend): void {
    this.#balancer.update(frontend)
    // Unlike a TCP connection a flow has no end of its own: it leaves a backend that is gone at once.
    for (const [key, flow] of this.#flows) {
      const stays = frontend.backends.some(
        ({ address, port }) => address === flow.backend.address && port === flow.backend.port,
      )
      if (!stays) this.#end(key, flow)
    }
  }

  close(): void {
    for (const [key, flow] of this.#flows) this.#end(key, flow)
    this.#socket.close()
  }

  #forward(message: Buffer, from: RemoteInfo): void {
    const key = `${from.address}:${from.port}`
    const flow = this.#flows.get(key) ?? this.#open(key, from)
    if (flow === undefined) return
    flow.idle.refresh()
    if (flow.tally !== undefined) flow.tally.counters.bytesIn += message.length
    flow.socket.send(message, flow.backend.port, flow.backend.address)
  }

  #open(key: string, from: RemoteInfo): Flow | undefined {
    const [backend] = this.#balancer.order(from.address)
    const tally = this.#meter?.udp(from, this.#socket.address(), this.#service)
    if (backend === undefined) {
      if (tally !== undefined) tally.counters.failures++
      return undefined
    }
    if (tally !== undefined) {
      tally.counters.opened++
      tally.counters.open++
    }
    this.#balancer.chosen(from.address, backend)
    const socket = createSocket('udp4', (answer) => {
      flow.idle.refresh()
      if (tally !== undefined) tally.counters.bytesOut += answer.length
      this.#socket.send(answer, from.port, from.address)
    })
    const flow: Flow = { socket, backend, idle: setTimeout(() => this.#end(key, flow), idleMs), tally }
    // "Connection refused" of a backend that has just ended: the next datagram chooses again.
    socket.on('error', () => this.#end(key, flow))
    this.#flows.set(key, flow)
    return flow
  }

  #end(key: string, flow: Flow): void {
    clearTimeout(flow.idle)
    flow.socket.close()
    if (flow.tally !== undefined) flow.tally.counters.open--
    this.#flows.delete(key)
  }
}
