// One listening TCP address and the connections through it. A connection goes to the next ready backend; one that
// refuses is passed over, so that a client does not see an endpoint that ended a moment ago. Connections under way stay
// with their backend until they end by themselves, also when that backend leaves the list (kube-proxy does the same).

import { createServer, connect, type Server, type Socket } from 'node:net'
import { once } from 'node:events'
import type { Backend, Frontend } from './frontend.ts'
import { Balancer } from './balancer.ts'
import type { ServiceReference } from './traffic/snapshot.ts'
import type { TrafficMeter } from './traffic/traffic-meter.ts'

/** Milliseconds to wait for a backend to accept. */
const connectTimeoutMs = 2000

export class TcpFrontend {
  readonly #server: Server
  readonly #balancer: Balancer
  readonly #sockets = new Set<Socket>()
  readonly #service: ServiceReference
  readonly #meter: TrafficMeter | undefined

  constructor(frontend: Frontend, meter?: TrafficMeter) {
    this.#service = frontend.service
    this.#meter = meter
    this.#balancer = new Balancer(frontend)
    this.#server = createServer(
      { allowHalfOpen: true, noDelay: true, pauseOnConnect: true },
      (client) => void this.#serve(client),
    )
  }

  async listen(address: string, port: number): Promise<number> {
    this.#server.listen({ host: address, port, exclusive: true })
    await once(this.#server, 'listening')
    const bound = this.#server.address()
    return typeof bound === 'object' && bound !== null ? bound.port : port
  }

  update(frontend: Frontend): void {
    this.#balancer.update(frontend)
  }

  /** Stops listening. Open connections go on, unless `now`. */
  close(options: { now: boolean }): void {
    this.#server.close()
    if (options.now) for (const socket of this.#sockets) socket.destroy()
  }

  async #serve(client: Socket): Promise<void> {
    this.#track(client)
    const meter = this.#meter?.tcp(client, this.#service)
    for (const backend of this.#balancer.order(client.remoteAddress ?? '')) {
      const upstream = await dial(backend)
      if (upstream === undefined) continue
      if (client.destroyed) {
        upstream.destroy()
        return
      }
      this.#track(upstream)
      this.#balancer.chosen(client.remoteAddress ?? '', backend)
      join(client, upstream)
      meter?.joined(upstream)
      return
    }
    // Nobody is there: what the kernel does for a Service without endpoints.
    await meter?.failed()
    client.resetAndDestroy()
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket)
    socket.once('close', () => this.#sockets.delete(socket))
    // A reset by either side ends the pair in `join`; before that there is nothing to undo.
    socket.on('error', () => socket.destroy())
  }
}

/** undefined where the backend refuses or does not answer in time. */
function dial(backend: Backend): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host: backend.address, port: backend.port, allowHalfOpen: true, noDelay: true })
    const give = (result: Socket | undefined): void => {
      socket.setTimeout(0)
      socket.removeAllListeners()
      if (result === undefined) {
        socket.on('error', () => undefined)
        socket.destroy()
      }
      resolve(result)
    }
    socket.setTimeout(connectTimeoutMs, () => give(undefined))
    socket.once('error', () => give(undefined))
    socket.once('connect', () => give(socket))
  })
}

function join(client: Socket, upstream: Socket): void {
  client.pipe(upstream)
  upstream.pipe(client)
  // An orderly end passes through pipe; a broken side must not leave the other waiting.
  client.once('close', () => upstream.destroy())
  upstream.once('close', () => client.destroy())
}
