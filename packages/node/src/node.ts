// The node agent put together: registers the node, follows its pods, gives each a worker, serves the kubelet API.

import { join } from 'node:path'
import {
  type Clock,
  type ConfigMap,
  type Pod,
  type Secret,
  type Service,
  isNotFound,
  reachableAddress,
} from '@binnacle/api'
import { type Client, Informer, configMaps, createEventRecorder, pods, secrets, services } from '@binnacle/client'
import type { References } from './pods/environment.ts'
import { PodWorker, type PodWorkerContext } from './pods/pod-worker.ts'
import { StatusManager } from './pods/status-manager.ts'
import { NodeRegistration, nodeCapacity } from './registration.ts'
import type { ContainerRuntime, ImageStore } from './runtime.ts'
import { KubeletServer, type ServingOptions } from './server/kubelet-server.ts'

export interface NodeOptions {
  /** Acts as system:node:<nodeName>. */
  client: Client
  clock: Clock
  /** Pods live below it, in `pods/<uid>`. The process runtime must have the same folder. */
  dataDirectory: string
  runtime: ContainerRuntime
  nodeName: string
  images: ImageStore
  serving: ServingOptions
  /** Addresses for the containers' resolv.conf; only port 53 can be said there. */
  clusterDns?: readonly string[]
  clusterDomain?: string
  maxPods?: number
  labels?: Readonly<Record<string, string>>
  log?: (message: string, error: unknown) => void
}

export interface NodeAgent {
  nodeName: string
  /** Of the kubelet API. */
  port: number
  /** Stops the agent; containers go on running, for the next one to adopt. */
  close(): Promise<void>
  /** Ends all containers, then stops the agent. */
  shutdown(graceMs?: number): Promise<void>
}

const namesDelayMs = 50
/** Milliseconds that killed programs get to be seen to be gone: one that waits for a device cannot be killed. */
const killPatienceMs = 2000

/** Resolves when the node is registered and its pods are followed. */
export async function startNode(options: NodeOptions): Promise<NodeAgent> {
  const agent = new Agent(options)
  await agent.start()
  return agent
}

class Agent implements NodeAgent {
  readonly nodeName: string
  port = 0
  readonly #options: NodeOptions
  readonly #stop = new AbortController()
  readonly #workers = new Map<string, PodWorker>()
  readonly #statuses: StatusManager
  readonly #server: KubeletServer
  readonly #pods: Informer<Pod>
  readonly #services: Informer<Service>
  readonly #configMaps: Informer<ConfigMap>
  readonly #secrets: Informer<Secret>
  readonly #context: PodWorkerContext
  #registration: NodeRegistration | undefined
  #namesPending = false
  readonly #log: (message: string, error: unknown) => void

  constructor(options: NodeOptions) {
    const { client, clock, nodeName, runtime, serving } = options
    this.#options = options
    this.nodeName = nodeName
    this.#log = options.log ?? (() => {})
    this.#statuses = new StatusManager({ client, clock, log: this.#log })
    this.#pods = new Informer<Pod>({ client, ref: pods, fieldSelector: `spec.nodeName=${nodeName}` })
    this.#services = new Informer<Service>({ client, ref: services })
    this.#configMaps = new Informer<ConfigMap>({ client, ref: configMaps })
    this.#secrets = new Informer<Secret>({ client, ref: secrets })
    this.#server = new KubeletServer({
      serving,
      runtime,
      nodeName,
      pods: () => [...this.#workers.values()].filter(({ finished }) => !finished),
      now: () => clock.now(),
    })
    this.#context = {
      client,
      clock,
      runtime,
      nodeName,
      images: options.images,
      references: this.#references(),
      services: () => this.#services.list(),
      events: createEventRecorder({
        client,
        component: 'kubelet',
        clock,
        host: nodeName,
        onError: (error) => this.#log('cannot write an event', error),
      }),
      statuses: this.#statuses,
      hostIP: '127.0.0.1',
      allocatable: nodeCapacity(options.maxPods ?? 110, runtime.plays),
      podsDirectory: join(options.dataDirectory, 'pods'),
      hostsFile: (pod, podIP) => this.#hostsFile(pod, podIP),
      resolvFile: (pod) => this.#resolvFile(pod),
      log: this.#log,
    }
  }

  /** From the informers where they have it, since containers start in bursts that share configuration. */
  #references(): References {
    const { client } = this.#options
    const absent = (error: unknown): undefined => {
      if (isNotFound(error)) return undefined
      throw error
    }
    return {
      configMap: async (namespace, name) =>
        this.#configMaps.get(`${namespace}/${name}`) ??
        client.get<ConfigMap>(configMaps, { namespace, name }).catch(absent),
      secret: async (namespace, name) =>
        this.#secrets.get(`${namespace}/${name}`) ?? client.get<Secret>(secrets, { namespace, name }).catch(absent),
    }
  }

  async start(): Promise<void> {
    const { runtime, client, clock, nodeName, maxPods = 110, labels, serving } = this.#options
    const [port] = await Promise.all([this.#server.listen(), runtime.start()])
    this.port = port
    runtime.subscribe(({ podUid }) => this.#workers.get(podUid)?.kick())
    const { signal } = this.#stop
    this.#registration = new NodeRegistration({
      client,
      clock,
      nodeName,
      runtime,
      port,
      address: serving.host ?? '127.0.0.1',
      maxPods,
      labels,
      log: this.#log,
    })
    // The node is Ready while the contents of volumes are still on their way.
    const registered = this.#registration.start()
    if (!runtime.plays) {
      const pairs = [this.#services, this.#configMaps, this.#secrets] as const
      for (const informer of pairs) informer.start(signal)
      this.#followContents()
      await Promise.all(pairs.map(({ synced }) => synced))
    }
    await registered
    this.#pods.on({
      added: (pod) => this.#changed(pod),
      updated: (pod) => this.#changed(pod),
      deleted: (pod) => this.#workers.get(pod.metadata.uid ?? '')?.remove(),
    })
    this.#pods.start(signal)
    await this.#pods.synced
    await this.#endOrphans()
  }

  #changed(pod: Pod): void {
    if (this.#stop.signal.aborted) return
    const uid = pod.metadata.uid ?? ''
    const known = this.#workers.get(uid)
    if (known !== undefined && !known.finished) {
      known.update(pod)
      return
    }
    if (known?.finished === true && pod.metadata.deletionTimestamp !== undefined) return
    const worker = new PodWorker(this.#context, pod)
    this.#workers.set(uid, worker)
    worker.kick()
    if (this.#workers.size % 64 === 0) this.#sweep()
  }

  #sweep(): void {
    for (const [uid, worker] of this.#workers) if (worker.finished) this.#workers.delete(uid)
  }

  /** Containers of pods that were deleted while no engine ran. */
  async #endOrphans(): Promise<void> {
    const { runtime } = this.#options
    const known = new Set(this.#pods.list().map(({ metadata }) => metadata.uid))
    const left = new Set(
      runtime
        .containers()
        .map(({ podUid }) => podUid)
        .filter((uid) => !known.has(uid)),
    )
    await Promise.all([...left].map((uid) => runtime.removeSandbox(uid)))
  }

  /** Volumes and names follow what they are made from. */
  #followContents(): void {
    const contentChanged = ({ metadata }: ConfigMap | Secret): void => {
      for (const worker of this.#workers.values()) {
        const { pod } = worker
        if (pod.metadata.namespace === metadata.namespace && mounts(pod, metadata.name ?? '')) worker.kick()
      }
    }
    this.#configMaps.on({ added: contentChanged, updated: contentChanged })
    this.#secrets.on({ added: contentChanged, updated: contentChanged })
    const namesChanged = (): void => {
      if (this.#namesPending) return
      this.#namesPending = true
      this.#options.clock.after(namesDelayMs, () => {
        this.#namesPending = false
        for (const worker of this.#workers.values())
          worker.writeNames().catch((error: unknown) => this.#log('cannot write the names of a pod', error))
      })
    }
    this.#services.on({ added: namesChanged, updated: namesChanged, deleted: namesChanged })
  }

  #hostsFile(pod: Pod, podIP: string): string {
    const domain = this.#options.clusterDomain ?? 'cluster.local'
    const hostname = pod.spec?.hostname ?? pod.metadata.name ?? ''
    const subdomain = pod.spec?.subdomain
    const own =
      subdomain === undefined
        ? hostname
        : `${hostname}.${subdomain}.${pod.metadata.namespace}.svc.${domain}\t${hostname}`
    const lines = [
      '# Kubernetes-managed hosts file.',
      '127.0.0.1\tlocalhost',
      '::1\tlocalhost ip6-localhost ip6-loopback',
      'fe00::0\tip6-localnet',
      'fe00::0\tip6-mcastprefix',
      'fe00::1\tip6-allnodes',
      'fe00::2\tip6-allrouters',
      `${podIP}\t${own}`,
    ]
    if (pod.spec?.hostNetwork !== true)
      for (const service of this.#services.list()) {
        const { name, namespace } = service.metadata
        const port = service.spec?.ports?.[0]
        const address = port === undefined ? undefined : reachableAddress(service, port.port, port.protocol ?? 'TCP')
        const host = address?.host ?? (service.spec?.clusterIP === 'None' ? '127.0.0.1' : undefined)
        if (host === undefined) continue
        const names = [`${name}.${namespace}`, `${name}.${namespace}.svc`, `${name}.${namespace}.svc.${domain}`]
        if (namespace === pod.metadata.namespace) names.unshift(name ?? '')
        lines.push(`${host}\t${names.join(' ')}`)
      }
    const aliases = pod.spec?.hostAliases ?? []
    if (aliases.length > 0) lines.push('', '# Entries added by HostAliases.')
    for (const { ip, hostnames } of aliases) lines.push(`${ip}\t${(hostnames ?? []).join('\t')}`)
    return `${lines.join('\n')}\n`
  }

  #resolvFile(pod: Pod): string {
    const domain = this.#options.clusterDomain ?? 'cluster.local'
    const namespace = pod.metadata.namespace ?? 'default'
    const config = pod.spec?.dnsConfig
    const servers = [
      ...(pod.spec?.dnsPolicy === 'None' ? [] : (this.#options.clusterDns ?? [])),
      ...(config?.nameservers ?? []),
    ]
    const searches = [
      ...(pod.spec?.dnsPolicy === 'None' ? [] : [`${namespace}.svc.${domain}`, `svc.${domain}`, domain]),
      ...(config?.searches ?? []),
    ]
    const extra = (config?.options ?? [])
      .map(({ name, value }) => (value === undefined ? name : `${name}:${value}`))
      .join(' ')
    return [
      `search ${searches.join(' ')}`,
      ...servers.map((server) => `nameserver ${server}`),
      `options ${extra === '' ? 'ndots:5' : extra}`,
      '',
    ].join('\n')
  }

  async close(): Promise<void> {
    this.#stop.abort()
    this.#registration?.close()
    this.#statuses.close()
    await this.#server.close()
    await Promise.all([...this.#workers.values()].map((worker) => worker.close()))
    await this.#options.runtime.close()
  }

  async shutdown(graceMs = 5000): Promise<void> {
    this.#stop.abort()
    // The API may be what makes the engine end: nobody waits long for its answer.
    await this.#within(graceMs, 'the report that the node is going', this.#registration?.sayNotReady())
    // From here on nothing is started; a program that a worker is just starting is ended with the others.
    const closed = Promise.all([...this.#workers.values()].map((worker) => worker.close()))
    await this.#endPrograms(graceMs)
    await closed
    await this.#endPrograms(graceMs)
    await this.close()
  }

  async #endPrograms(graceMs: number): Promise<void> {
    const { runtime } = this.#options
    const running = runtime.containers().filter(({ state }) => state === 'running')
    const stopping = running.map(({ id }) => runtime.stopContainer(id, graceMs))
    await this.#within(graceMs + killPatienceMs, 'the programs', Promise.all(stopping))
  }

  /** What does not end in time must not keep the others from ending. */
  async #within(ms: number, what: string, work: Promise<unknown> | undefined): Promise<void> {
    let cancel = (): void => {}
    const late = new Promise<'late'>((resolve) => {
      cancel = this.#options.clock.after(ms, () => resolve('late'))
    })
    const done = Promise.resolve(work).catch((error: unknown) => this.#log(`cannot end ${what}`, error))
    if ((await Promise.race([done, late])) === 'late')
      this.#log(`gave up waiting for ${what} after ${ms} ms`, undefined)
    cancel()
  }
}

function mounts(pod: Pod, name: string): boolean {
  return (pod.spec?.volumes ?? []).some(
    ({ configMap, secret, projected }) =>
      configMap?.name === name ||
      secret?.secretName === name ||
      (projected?.sources ?? []).some((source) => source.configMap?.name === name || source.secret?.name === name),
  )
}
