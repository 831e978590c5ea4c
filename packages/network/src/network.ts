// The service network under the process runtime: watches Services and EndpointSlices, tells the data plane where to
// listen and what names to answer, gives LoadBalancer Services their address, and says on the Service, by annotation
// and event, where it is reached when the machine refuses its own address.

import { Worker } from 'node:worker_threads'
import { type EndpointSlice, type Service, isConflict, isNotFound, reachableAtAnnotation } from '@binnacle/api'
import {
  type Client,
  type EventRecorder,
  type Informer,
  type Informers,
  endpointSlices,
  services,
} from '@binnacle/client'
import type { DnsRecords, ProxyCommand, ProxyReport, ProxyWorkerData, WorkloadAnswer } from './frontend.ts'
import { LoadBalancerAddresses } from './load-balancer.ts'
import type { TrafficSnapshot } from './traffic/snapshot.ts'
import type { Workloads } from './traffic/traffic-meter.ts'
import { type PlannedFrontend, planNames, planService, portKey } from './plan.ts'

export interface NetworkOptions {
  client: Client
  informers: Informers
  events: EventRecorder
  signal: AbortSignal
  /** Where cluster DNS is to listen; a refused address or port falls back to a free port of 127.0.0.1. */
  dns: { address: string; port: number; zone: string }
  /** CIDR of the addresses of LoadBalancer Services. */
  loadBalancerRange: string
  /** Whose processes run here: how the callers of Services are known. */
  workloads: Workloads
  onError: (error: unknown) => void
}

export interface Network {
  /** Where cluster DNS answers. */
  readonly dns: { address: string; port: number }
  /** The traffic between workloads since the start. Rejects when the network is closed. */
  traffic(): Promise<TrafficSnapshot>
  close(): Promise<void>
}

/** The worker lies beside this file: as TypeScript in the repository, as a bundle in dist. */
const workerUrl = new URL(import.meta.url.endsWith('.ts') ? './proxy-worker.ts' : './proxy-worker.mjs', import.meta.url)

const serviceNameLabel = 'kubernetes.io/service-name'
const byService = 'service'

export async function startNetwork(options: NetworkOptions): Promise<Network> {
  const network = new ServiceNetwork(options)
  return network.start()
}

class ServiceNetwork {
  readonly #options: NetworkOptions
  readonly #services: Informer<Service>
  readonly #slices: Informer<EndpointSlice>
  readonly #worker: Worker
  readonly #addresses: LoadBalancerAddresses
  /** Keys of Services to look at again, done together once per turn of the event loop. */
  readonly #dirty = new Set<string>()
  readonly #frontends = new Map<string, Map<string, PlannedFrontend>>()
  readonly #names = new Map<string, Record<string, DnsRecords>>()
  /** By Service: port key to the address that works instead of the Service's own. */
  readonly #instead = new Map<string, Map<string, string>>()
  #scheduled = false
  /** Who asked for the figures of traffic and has no answer yet, in the order of asking. */
  readonly #waiting: { resolve: (snapshot: TrafficSnapshot) => void; reject: (error: Error) => void }[] = []
  #isClosed = false

  constructor(options: NetworkOptions) {
    this.#options = options
    const workerData: ProxyWorkerData = { marker: options.workloads.marker }
    this.#worker = new Worker(workerUrl, { workerData })
    this.#addresses = new LoadBalancerAddresses(options.loadBalancerRange)
    this.#services = options.informers.of<Service>(services)
    this.#slices = options.informers.of<EndpointSlice>(endpointSlices, {
      [byService]: (slice) => {
        const name = slice.metadata.labels?.[serviceNameLabel]
        return name === undefined ? [] : [`${slice.metadata.namespace}/${name}`]
      },
    })
  }

  async start(): Promise<Network> {
    const touchService = (service: Service): void =>
      this.#touch(`${service.metadata.namespace}/${service.metadata.name}`)
    const touchSlice = (slice: EndpointSlice): void => {
      const name = slice.metadata.labels?.[serviceNameLabel]
      if (name !== undefined) this.#touch(`${slice.metadata.namespace}/${name}`)
    }
    this.#services.on({ added: touchService, updated: touchService, deleted: touchService })
    this.#slices.on({ added: touchSlice, updated: touchSlice, deleted: touchSlice })
    const dns = this.#nextDns()
    this.#worker.on('message', (report: ProxyReport) => this.#report(report))
    this.#worker.on('error', this.#options.onError)
    this.#tell({ type: 'listenDns', address: this.#options.dns.address, port: this.#options.dns.port })
    return { dns: await dns, traffic: () => this.#traffic(), close: () => this.#close() }
  }

  /** Rejects when the worker cannot even start. */
  #nextDns(): Promise<{ address: string; port: number }> {
    return new Promise((resolve, reject) => {
      const onMessage = (report: ProxyReport): void => {
        if (report.type !== 'dns') return
        this.#worker.off('message', onMessage)
        this.#worker.off('error', reject)
        resolve({ address: report.address, port: report.port })
      }
      this.#worker.on('message', onMessage)
      this.#worker.once('error', reject)
    })
  }

  #tell(command: ProxyCommand): void {
    // A worker is no window: there is no origin to name.
    // oxlint-disable-next-line unicorn/require-post-message-target-origin
    this.#worker.postMessage(command)
  }

  #traffic(): Promise<TrafficSnapshot> {
    return new Promise((resolve, reject) => {
      if (this.#isClosed) {
        reject(closedError())
        return
      }
      this.#waiting.push({ resolve, reject })
      this.#tell({ type: 'traffic' })
    })
  }

  async #answer(report: Extract<ProxyReport, { type: 'whose' }>): Promise<void> {
    const { workloads } = this.#options
    const answer: WorkloadAnswer = {}
    if ('podUid' in report) answer.hasPod = await workloads.hasPod(report.podUid)
    else {
      const container = await workloads.containerOf(report.containerId)
      if (container !== undefined) answer.container = container
    }
    this.#tell({ type: 'whose', question: report.question, answer })
  }

  async #close(): Promise<void> {
    this.#isClosed = true
    for (const { reject } of this.#waiting.splice(0)) reject(closedError())
    const ended = new Promise((resolve) => this.#worker.once('exit', resolve))
    this.#tell({ type: 'close' })
    await ended
  }

  #touch(key: string): void {
    this.#dirty.add(key)
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      this.#sync()
    })
  }

  #sync(): void {
    const set: PlannedFrontend[] = []
    const remove: string[] = []
    for (const key of this.#dirty) {
      const service = this.#services.get(key)
      const slices = service === undefined ? [] : this.#slices.byIndex(byService, key)
      this.#syncFrontends(key, service === undefined ? [] : planService(service, slices), set, remove)
      if (service === undefined) {
        this.#addresses.release(key)
        this.#instead.delete(key)
        this.#names.delete(key)
      } else {
        this.#names.set(key, planNames(service, slices, this.#options.dns.zone))
        this.#assignAddress(key, service)
      }
    }
    this.#dirty.clear()
    if (set.length > 0 || remove.length > 0) this.#tell({ type: 'configure', set, remove })
    this.#tell({
      type: 'names',
      names: Object.assign({}, ...this.#names.values()) as Record<string, DnsRecords>,
      zone: this.#options.dns.zone,
    })
  }

  #syncFrontends(key: string, planned: readonly PlannedFrontend[], set: PlannedFrontend[], remove: string[]): void {
    const before = this.#frontends.get(key) ?? new Map<string, PlannedFrontend>()
    const after = new Map(planned.map((frontend) => [frontend.id, frontend]))
    for (const id of before.keys()) if (!after.has(id)) remove.push(id)
    for (const [id, frontend] of after) {
      const known = before.get(id)
      if (known === undefined || JSON.stringify(known) !== JSON.stringify(frontend)) set.push(frontend)
    }
    if (after.size === 0) this.#frontends.delete(key)
    else this.#frontends.set(key, after)
  }

  #assignAddress(key: string, service: Service): void {
    const wants = service.spec?.type === 'LoadBalancer' && service.spec.loadBalancerClass === undefined
    const current = service.status?.loadBalancer?.ingress?.[0]?.ip
    if (!wants) {
      this.#addresses.release(key)
      if (current !== undefined) this.#patchStatus(service, [])
      return
    }
    const failed = this.#instead.has(key)
    const address = failed ? '127.0.0.1' : this.#addresses.assign(key, service)
    if (address !== undefined && address !== current) this.#patchStatus(service, [{ ip: address, ipMode: 'VIP' }])
  }

  #patchStatus(service: Service, ingress: readonly object[]): void {
    this.#patch(service, { status: { loadBalancer: { ingress: ingress.length === 0 ? null : ingress } } }, 'status')
  }

  #patch(service: Service, body: object, subresource?: string): void {
    const { namespace = '', name = '' } = service.metadata
    const patch = {
      type: 'application/merge-patch+json' as const,
      body,
      ...(subresource === undefined ? {} : { subresource }),
    }
    this.#options.client.patch(services, { namespace, name }, patch).catch((error: unknown) => {
      // Gone, or changed meanwhile: the event of that change brings us here again.
      if (!isNotFound(error) && !isConflict(error)) this.#options.onError(error)
    })
  }

  #report(report: ProxyReport): void {
    switch (report.type) {
      case 'traffic':
        this.#waiting.shift()?.resolve(report.snapshot)
        return
      case 'whose':
        this.#answer(report).catch(this.#options.onError)
        return
      case 'error':
        this.#options.onError(report.error)
        return
      case 'listening':
      case 'failed':
        this.#listening(report)
        return
      case 'dns':
      case 'closed':
    }
  }

  #listening(report: Extract<ProxyReport, { type: 'listening' | 'failed' }>): void {
    const found = this.#frontendOf(report.id)
    if (found === undefined) return
    const { key, frontend } = found
    if (report.type === 'listening') {
      if (report.code !== undefined)
        this.#reachedInstead(key, frontend, `${report.address}:${report.port}`, report.code)
      return
    }
    const { nodePort } = frontend.servicePort
    // What serves instead of the Service's own address serves instead of the load balancer's, too.
    const instead =
      this.#instead.get(key)?.get(portKey(frontend.servicePort)) ?? (nodePort ? `127.0.0.1:${nodePort}` : undefined)
    if (frontend.role === 'loadBalancer' && instead !== undefined)
      this.#reachedInstead(key, frontend, instead, report.code)
    else
      this.#warn(
        key,
        'AddressUnavailable',
        `cannot listen on ${frontend.address}:${frontend.port}: ${explain(report.code)}`,
      )
  }

  #frontendOf(id: string): { key: string; frontend: PlannedFrontend } | undefined {
    const key = id.slice(0, id.indexOf(':'))
    const frontend = this.#frontends.get(key)?.get(id)
    return frontend && { key, frontend }
  }

  #reachedInstead(key: string, frontend: PlannedFrontend, address: string, code: string): void {
    const instead = this.#instead.get(key) ?? new Map<string, string>()
    this.#instead.set(key, instead)
    const port = portKey(frontend.servicePort)
    if (instead.get(port) === address && frontend.role !== 'loadBalancer') return
    instead.set(port, address)
    this.#warn(
      key,
      'AddressUnavailable',
      `cannot listen on ${frontend.address}:${frontend.port} (${explain(code)}); port ${port} is reached at ${address}`,
    )
    const service = this.#services.get(key)
    if (service === undefined) return
    const value = JSON.stringify(Object.fromEntries([...instead].sort(([a], [b]) => (a < b ? -1 : 1))))
    if (service.metadata.annotations?.[reachableAtAnnotation] !== value)
      this.#patch(service, { metadata: { annotations: { [reachableAtAnnotation]: value } } })
    this.#assignAddress(key, service)
  }

  #warn(key: string, reason: string, message: string): void {
    const service = this.#services.get(key)
    if (service !== undefined) this.#options.events.record(service, 'Warning', reason, message)
  }
}

function closedError(): Error {
  return new Error('the network is closed')
}

function explain(code: string): string {
  const texts: Readonly<Record<string, string>> = {
    EACCES: 'ports below 1024 need a privilege that this process does not have',
    EADDRNOTAVAIL: 'this machine has no such loopback address',
    EADDRINUSE: 'another program has the port',
  }
  return texts[code] ?? code
}
