// The composition root: store, API server, controllers, scheduler, node agent, network and registry in one process.
// Started from the inside out, ended from the outside in.

import { randomBytes } from 'node:crypto'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { type Node, isAlreadyExists, systemClock } from '@binnacle/api'
import { type ApiServer, type RequestLogEntry, createApiServer } from '@binnacle/apiserver'
import {
  type Client,
  type Controller,
  Informers,
  createClient,
  createEventRecorder,
  nodes,
  storageClasses,
} from '@binnacle/client'
import { startControllers } from '@binnacle/controllers'
import { ImageStore, type Registry, createImageSource, startRegistry } from '@binnacle/images'
import { type Network, type Workloads, startNetwork } from '@binnacle/network'
import {
  type ContainerRuntime,
  type NodeAgent,
  createProcessRuntime,
  createSimulatedRuntime,
  markerVariable,
  standardStorageClass,
  startFolderProvisioner,
  startNode,
} from '@binnacle/node'
import { type Store, StoreOpenError, createMemoryStore, openLmdbStore } from '@binnacle/store'
import { CliError } from './cli-error.ts'
import { type DataDirectory, makeFolder, unusable } from './data-directory.ts'
import type { EngineLog } from './engine-log.ts'
import { startEnginePlatform } from './engine-platform.ts'
import { ifMissing } from './missing-file.ts'
import { listening } from './listening.ts'
import { type ServiceRange, claimServiceRange } from './service-range.ts'

export interface EngineOptions {
  data: DataDirectory
  port: number
  registryPort: number
  runtime: 'process' | 'simulated'
  /** Folders below which sources may be built on the platform's wish. */
  sourceRoots?: readonly string[]
  log: EngineLog
  onStep: (text: string) => void
}

export interface Engine {
  readonly api: ApiServer
  /** Acts as system:masters. */
  readonly admin: Client
  readonly images: ImageStore
  readonly registry: Registry
  readonly network: Network
  readonly nodeName: string
  close(): Promise<void>
}

const zone = 'cluster.local'
/** Time that programs get to end when the engine does. */
const shutdownGraceMs = 5000

export async function startEngine(options: EngineOptions): Promise<Engine> {
  const started: (() => unknown)[] = []
  const close = async (): Promise<void> => {
    for (const end of started.splice(0).toReversed()) await end()
  }
  try {
    return await start(options, started, close)
  } catch (error) {
    await close()
    throw error
  }
}

async function start(options: EngineOptions, started: (() => unknown)[], close: () => Promise<void>): Promise<Engine> {
  const { data, log, onStep } = options
  const clock = systemClock
  const onError = (error: unknown, about = ''): void => log.error(about, error)
  const stop = new AbortController()

  if (data.ephemeral) started.push(() => rm(data.path, { recursive: true, force: true }))
  // The store first: its lock names the engine that has the folder.
  const store = await openStore(data)
  started.push(() => store.close())
  const range = await claimServiceRange(data.path)
  started.push(() => range.release())

  const api = await listening('API', options.port, '--port', () =>
    createApiServer({
      store,
      clock,
      dataDirectory: data.path,
      serviceClusterIPRange: range.services,
      port: options.port,
      log: (entry: RequestLogEntry) => log.request(entry),
      onError,
    }),
  )
  started.push(() => api.close())
  onStep(`API server answers at ${api.url}`)

  const controllers = startControllers({
    transportFor: (user) => api.transport(user),
    clock,
    signal: stop.signal,
    caCertificate: api.caCertificate,
    signClientRequest: (request) => api.signClientRequest(request),
    onError: (error, key) => onError(error, key),
  })
  started.push(async () => {
    stop.abort()
    await controllers.stop()
  })

  const password = await registryPassword(data.path)
  const images = await ImageStore.open(join(data.path, 'images'))
  const registry = await listening('registry', options.registryPort, '--registry-port', () =>
    startRegistry({ store: images, port: options.registryPort, username: 'binnacle', password, onError }),
  )
  started.push(() => registry.close())
  const ownHosts = new Set([registry.address, registry.address.replace('127.0.0.1', 'localhost')])

  const running = Promise.withResolvers<ContainerRuntime>()
  const workloads = workloadsOf(running.promise)
  const network = await startServiceNetwork({ api, range, workloads, signal: stop.signal, onError })
  started.push(() => network.close())

  const admin = createClient(
    api.transport({ username: 'kubernetes-admin', groups: ['system:masters', 'system:authenticated'] }),
  )
  const nodeName = nodeNameOf(hostname())
  const serving = await api.issueServingCertificate(`system:node:${nodeName}`, [nodeName, 'localhost', '127.0.0.1'])
  const nodeDirectory = join(data.path, 'node')
  await mkdir(nodeDirectory, { recursive: true, mode: 0o700 })
  const runtime: ContainerRuntime =
    options.runtime === 'simulated'
      ? createSimulatedRuntime({ clock })
      : await createProcessRuntime({
          directory: nodeDirectory,
          clock,
          log: (message, error) => log.error(message, error),
        })
  const node: NodeAgent = await startNode({
    client: createClient(api.transport(`system:node:${nodeName}`)),
    clock,
    dataDirectory: nodeDirectory,
    runtime,
    nodeName,
    images: createImageSource(images, ownHosts),
    serving: { certificate: serving.certificate, key: serving.key, clientCa: api.caCertificate },
    // Only port 53 can be said in a resolv.conf.
    clusterDns: network.dns.port === 53 ? [network.dns.address] : [],
    clusterDomain: zone,
    // A simulated node stands for as many pods as a test wants.
    ...(options.runtime === 'simulated' ? { maxPods: 100_000 } : {}),
    log: (message, error) => log.error(message, error),
  })
  started.push(() => node.shutdown(shutdownGraceMs))
  running.resolve(runtime)
  const [platform] = await Promise.all([
    startEnginePlatform({
      api,
      images,
      ownHosts,
      sourceRoots: options.sourceRoots ?? [],
      runsPrograms: options.runtime === 'process',
      signal: stop.signal,
      onError,
    }),
    nodeReady(admin, nodeName, stop.signal),
  ])
  started.push(() => platform.stop())
  const provisioner = await startVolumes({ api, admin, directory: data.path, nodeName, signal: stop.signal, onError })
  started.push(() => provisioner.stop())
  onStep(`node ${nodeName} is Ready (${runtime.name} runtime)`)
  return { api, admin, images, registry, network, nodeName, close }
}

async function openStore(data: DataDirectory): Promise<Store> {
  if (data.ephemeral) return createMemoryStore()
  try {
    await makeFolder(join(data.path, 'pki'))
    const encryptionKey = await keyFile(join(data.path, 'pki', 'encryption-at-rest.key'), 32)
    return await openLmdbStore({
      directory: join(data.path, 'store'),
      encryptionKey,
      encrypt: (key) => key.startsWith('secrets/'),
    })
  } catch (error) {
    if (error instanceof StoreOpenError)
      throw new CliError(`cannot open the data folder ${data.path}: ${error.message}`, { cause: error })
    throw error instanceof Error && 'code' in error ? unusable(data.path, error) : error
  }
}

/** A secret of so many random bytes, made on first use. Readable by the owner only. */
async function keyFile(path: string, bytes: number): Promise<Buffer> {
  const known = await readFile(path).catch(ifMissing(undefined))
  if (known !== undefined) return known
  const made = randomBytes(bytes)
  await writeFile(path, made, { mode: 0o600, flag: 'wx' })
  return made
}

async function registryPassword(data: string): Promise<string> {
  await makeFolder(join(data, 'pki'))
  const path = join(data, 'pki', 'registry-password')
  const known = await readFile(path, 'utf8').catch(ifMissing(undefined))
  if (known !== undefined) return known.trim()
  const made = randomBytes(18).toString('base64url')
  await writeFile(path, `${made}\n`, { mode: 0o600, flag: 'wx' })
  return made
}

interface NetworkStart {
  api: ApiServer
  range: ServiceRange
  workloads: Workloads
  signal: AbortSignal
  onError: (error: unknown) => void
}

async function startServiceNetwork({ api, range, workloads, signal, onError }: NetworkStart): Promise<Network> {
  const client = createClient(api.transport('binnacle:network'))
  const informers = new Informers({ client, onError })
  const network = await startNetwork({
    client,
    informers,
    events: createEventRecorder({ client, component: 'binnacle-network', clock: systemClock, onError }),
    signal,
    dns: { address: range.dns, port: 53, zone },
    loadBalancerRange: range.loadBalancers,
    workloads,
    onError,
  })
  informers.start(signal)
  return network
}

interface VolumesStart {
  api: ApiServer
  admin: Client
  directory: string
  nodeName: string
  signal: AbortSignal
  onError: (error: unknown, about?: string) => void
}

/** Claims get folders of this machine, by a class that may be changed; a class of another name can be made the default. */
async function startVolumes({ api, admin, directory, nodeName, signal, onError }: VolumesStart): Promise<Controller> {
  const client = createClient(api.transport('system:serviceaccount:kube-system:persistent-volume-binder'))
  const informers = new Informers({ client, onError: (error) => onError(error, 'informer') })
  await admin.create(storageClasses, standardStorageClass).catch((error: unknown) => {
    if (!isAlreadyExists(error)) throw error
  })
  const component = 'folder-provisioner'
  const provisioner = startFolderProvisioner({
    client,
    informers,
    events: createEventRecorder({ client, component, clock: systemClock, onError }),
    clock: systemClock,
    directory: join(directory, 'volumes'),
    nodeName,
    onError: (error, key) => onError(error, `${component} ${key}`),
  })
  informers.start(signal)
  return provisioner
}

/** How the network knows whose a process is. Answers when the runtime has found what an engine before left running. */
function workloadsOf(running: Promise<ContainerRuntime>): Workloads {
  return {
    marker: markerVariable,
    async containerOf(id) {
      const found = (await running).containers().find((container) => container.id === id)
      if (found === undefined) return undefined
      const { podNamespace: namespace, podName: name, podUid: uid } = found
      return { pod: { namespace, name, uid }, container: found.name }
    },
    hasPod: async (uid) => (await running).containers(uid).length > 0,
  }
}

/** A DNS subdomain, as names of nodes must be. */
function nodeNameOf(host: string): string {
  const name = host
    .toLowerCase()
    .replaceAll(/[^a-z0-9.-]+/g, '-')
    .replaceAll(/^[-.]+|[-.]+$/g, '')
  return name === '' ? 'binnacle' : name
}

async function nodeReady(client: Client, name: string, signal: AbortSignal): Promise<void> {
  const found = new AbortController()
  const events = await client.watch<Node>(
    nodes,
    { fieldSelector: `metadata.name=${name}` },
    AbortSignal.any([signal, found.signal]),
  )
  for await (const batch of events) {
    for (const event of batch) {
      const conditions = event.type === 'BOOKMARK' ? undefined : event.object.status?.conditions
      if (conditions?.some(({ type, status }) => type === 'Ready' && status === 'True')) {
        found.abort()
        return
      }
    }
  }
}
