// The data plane: listeners and the DNS server, run in a thread of their own (proxy-worker.ts) so that a burst of
// traffic never delays the API. Told by ProxyCommands, answers with ProxyReports.

import { DnsServer } from './dns-server.ts'
import type { Frontend, ProxyCommand, ProxyReport } from './frontend.ts'
import { errorCode } from './error-code.ts'
import { TcpFrontend } from './tcp-frontend.ts'
import type { ServiceReference } from './traffic/snapshot.ts'
import { TrafficMeter } from './traffic/traffic-meter.ts'
import { WorkloadQueries } from './traffic/workload-queries.ts'
import { UdpFrontend } from './udp-frontend.ts'

interface Listener {
  update(frontend: Frontend): void
  listen(address: string, port: number): Promise<number>
  close(options: { now: boolean }): void
}

interface Active {
  listener: Listener
  service: ServiceReference
  address: string
  port: number
}

export interface DataPlaneOptions {
  /** Measures traffic; see Workloads. */
  marker?: string
}

export class DataPlane {
  readonly #report: (report: ProxyReport) => void
  readonly #meter: TrafficMeter | undefined
  readonly #workloads: WorkloadQueries | undefined
  readonly #active = new Map<string, Active>()
  readonly #dns = new DnsServer()
  /** Commands are carried out one after the other: a port may be freed by one and taken by the next. */
  #queue: Promise<void> = Promise.resolve()
  #isClosing = false

  constructor(report: (report: ProxyReport) => void, { marker }: DataPlaneOptions = {}) {
    this.#report = report
    if (marker === undefined) return
    this.#workloads = new WorkloadQueries(marker, report)
    this.#meter = new TrafficMeter({
      workloads: this.#workloads,
      hasService: (service) => this.#hasService(service),
      onError: (error) => report({ type: 'error', error }),
    })
  }

  /** After 'close' nothing more is done: a listener opened then would keep the thread from ever ending. */
  command(command: ProxyCommand): void {
    if (this.#isClosing) return
    // Needs nothing of what is carried out before it, and is not kept waiting by it.
    if (command.type === 'whose') {
      this.#workloads?.answer(command.question, command.answer)
      return
    }
    this.#isClosing = command.type === 'close'
    this.#queue = this.#queue.then(() => this.#run(command))
  }

  async #run(command: Exclude<ProxyCommand, { type: 'whose' }>): Promise<void> {
    switch (command.type) {
      case 'configure':
        for (const id of command.remove) this.#remove(id, { now: false })
        for (const frontend of command.set) await this.#set(frontend)
        return
      case 'names':
        this.#dns.setNames(command.names, command.zone)
        return
      case 'listenDns':
        this.#report({ type: 'dns', ...(await this.#dns.listen(command.address, command.port)) })
        return
      case 'traffic':
        this.#report({ type: 'traffic', snapshot: this.#meter?.snapshot() ?? { at: Date.now(), edges: [] } })
        return
      case 'close':
        this.#meter?.close()
        for (const id of this.#active.keys()) this.#remove(id, { now: true })
        await this.#dns.close()
        this.#report({ type: 'closed' })
    }
  }

  async #set(frontend: Frontend): Promise<void> {
    const active = this.#active.get(frontend.id)
    if (active?.address === frontend.address && active.port === frontend.port) {
      active.listener.update(frontend)
      return
    }
    this.#remove(frontend.id, { now: false })
    const code = await this.#listen(frontend, frontend.address, frontend.port, undefined)
    if (code === undefined) return
    if (frontend.fallback && (await this.#listen(frontend, '127.0.0.1', 0, code)) === undefined) return
    this.#report({ type: 'failed', id: frontend.id, code })
  }

  /** The error's code where the address is refused. */
  async #listen(
    frontend: Frontend,
    address: string,
    port: number,
    because: string | undefined,
  ): Promise<string | undefined> {
    const listener =
      frontend.protocol === 'UDP' ? new UdpFrontend(frontend, this.#meter) : new TcpFrontend(frontend, this.#meter)
    try {
      const bound = await listener.listen(address, port)
      this.#active.set(frontend.id, {
        listener,
        service: frontend.service,
        address: frontend.address,
        port: frontend.port,
      })
      this.#report({
        type: 'listening',
        id: frontend.id,
        address,
        port: bound,
        ...(because === undefined ? {} : { code: because }),
      })
      return undefined
    } catch (error) {
      listener.close({ now: true })
      return errorCode(error)
    }
  }

  #hasService({ namespace, name, port }: ServiceReference): boolean {
    return [...this.#active.values()].some(
      ({ service }) => service.namespace === namespace && service.name === name && service.port === port,
    )
  }

  #remove(id: string, options: { now: boolean }): void {
    this.#active.get(id)?.listener.close(options)
    this.#active.delete(id)
  }
}
