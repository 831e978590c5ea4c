// Where a connect request goes: the node agent of a pod's node, or the address of a pod or of a Service's endpoint.
// Upstream: pkg/registry/core/{pod,service,node}/strategy.go (ResourceLocation, LogLocation, streamLocation).

import {
  type EndpointSlice,
  type KubeObject,
  type Node,
  type Pod,
  type Service,
  badRequest,
  failure,
  hostPortOf,
  notFound,
  serviceUnavailable,
} from '@binnacle/api'
import type { Reader } from '../strategy.ts'

/** One request to a connect sub-resource, after authentication, authorization and admission. */
export interface ConnectCall {
  resource: 'pods' | 'services' | 'nodes'
  subresource: 'exec' | 'attach' | 'portforward' | 'log' | 'proxy'
  namespace?: string | undefined
  /** As in the path: may be `scheme:name:port` for proxy. */
  name: string
  /** What follows `/proxy` in the path, with its slash; empty where nothing does. */
  path?: string | undefined
  /** Of the client's request, as it came. */
  query: URLSearchParams
}

export interface Target {
  secure: boolean
  host: string
  port: number
  /** Path and query. */
  path: string
  /** The node agent: our certificate is shown to it. Its own is signed by the cluster's authority. */
  kubelet: boolean
}

export function targetOf(call: ConnectCall, reader: Reader): Target {
  if (call.resource === 'nodes') return nodeProxy(call, reader)
  if (call.resource === 'services') return serviceProxy(call, reader)
  if (call.subresource === 'proxy') return podProxy(call, reader)
  return podStream(call, reader)
}

// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the resource of the call says which kind it is
function find<T extends KubeObject>(reader: Reader, { resource, namespace }: ConnectCall, name: string): T {
  const found = reader.get<T>(resource, namespace, name)
  if (found === undefined) throw notFound({ group: '', resource }, name)
  return found
}

function kubeletOf(reader: Reader, nodeName: string): { host: string; port: number } {
  const node = reader.get<Node>('nodes', undefined, nodeName)
  if (node === undefined) throw notFound({ group: '', resource: 'nodes' }, nodeName)
  const addresses = node.status?.addresses ?? []
  const host = (
    addresses.find(({ type }) => type === 'InternalIP') ?? addresses.find(({ type }) => type === 'Hostname')
  )?.address
  const port = node.status?.daemonEndpoints?.kubeletEndpoint?.Port
  if (host === undefined || port === undefined || port === 0)
    throw serviceUnavailable(`node "${nodeName}" does not say where its agent listens`)
  return { host, port }
}

const kubeletPath = { exec: 'exec', attach: 'attach', portforward: 'portForward', log: 'containerLogs' } as const

function podStream(call: ConnectCall, reader: Reader): Target {
  const pod = find<Pod>(reader, call, call.name)
  const { subresource } = call
  if (subresource === 'proxy') throw badRequest('proxy has no stream')
  const parts = [kubeletPath[subresource], call.namespace ?? '', call.name]
  const query = new URLSearchParams(call.query)
  if (subresource !== 'portforward') {
    parts.push(containerOf(pod, query.get('container') ?? ''))
    query.delete('container')
  }
  if (subresource === 'exec' || subresource === 'attach') checkStreams(query)
  // The node agent's name for it.
  const ports = query.getAll('ports')
  query.delete('ports')
  if (subresource === 'portforward' && ports.length > 0) query.set('port', ports.join(','))
  const nodeName = pod.spec?.nodeName
  if (nodeName === undefined || nodeName === '') {
    // A pod without a node has no output yet: upstream answers a log request with nothing.
    throw badRequest(`pod ${call.name} does not have a host assigned`)
  }
  const text = query.toString()
  const path = `/${parts.map(encodeURIComponent).join('/')}${text === '' ? '' : `?${text}`}`
  return { ...kubeletOf(reader, nodeName), secure: true, path, kubelet: true }
}

/** Upstream's defaults of PodExecOptions: stdout and stderr are on unless one stream is asked for by name. */
function checkStreams(query: URLSearchParams): void {
  const isOn = (name: string): boolean => ['1', 'true'].includes(query.get(name) ?? '')
  const names = ['stdin', 'stdout', 'stderr']
  if (!names.some((name) => query.has(name))) for (const name of ['stdout', 'stderr']) query.set(name, 'true')
  else if (!names.some(isOn)) throw badRequest('you must specify at least 1 of stdin, stdout, stderr')
}

function containerOf(pod: Pod, wanted: string): string {
  const { spec, metadata } = pod
  const main = (spec?.containers ?? []).map(({ name }) => name)
  const inits = (spec?.initContainers ?? []).map(({ name }) => name)
  const ephemeral = (spec?.ephemeralContainers ?? []).map(({ name }) => name)
  if (wanted !== '') {
    if ([...main, ...inits, ...ephemeral].includes(wanted)) return wanted
    throw badRequest(`container ${wanted} is not valid for pod ${metadata.name}`)
  }
  const [only] = main
  if (only !== undefined && main.length === 1 && inits.length === 0 && ephemeral.length === 0) return only
  // A sidecar or init container does not make the choice doubtful where there is one main container.
  if (only !== undefined && main.length === 1) return only
  const others = inits.length === 0 ? '' : ` or one of the init containers: [${inits.join(' ')}]`
  throw badRequest(
    `a container name must be specified for pod ${metadata.name}, choose one of: [${main.join(' ')}]${others}`,
  )
}

interface NameParts {
  scheme: string
  name: string
  port: string
}

/** `name`, `name:port`, `scheme:name:port`: utilnet.SplitSchemeNamePort. */
export function splitSchemeNamePort(text: string): NameParts | undefined {
  const parts = text.split(':')
  const [first = '', second = '', third = ''] = parts
  if (first === '' && parts.length < 3) return undefined
  if (parts.length === 1) return { scheme: '', name: first, port: '' }
  if (parts.length === 2) return { scheme: '', name: first, port: second }
  if (parts.length !== 3 || second === '' || !['', 'http', 'https'].includes(first)) return undefined
  return { scheme: first, name: second, port: third }
}

function partsOf({ name, resource }: ConnectCall): NameParts {
  const parts = splitSchemeNamePort(name)
  if (parts === undefined) throw badRequest(`invalid ${resource.slice(0, -1)} request "${name}"`)
  return parts
}

function proxyPath(call: ConnectCall): string {
  const query = call.query.toString()
  return `${call.path === undefined || call.path === '' ? '/' : call.path}${query === '' ? '' : `?${query}`}`
}

function podProxy(call: ConnectCall, reader: Reader): Target {
  const { scheme, name, port } = partsOf(call)
  const pod = find<Pod>(reader, call, name)
  const ports = (pod.spec?.containers ?? []).flatMap((container) => container.ports ?? [])
  const number =
    port === ''
      ? (ports[0]?.containerPort ?? 80)
      : /^\d+$/.test(port)
        ? Number(port)
        : ports.find((each) => each.name === port)?.containerPort
  const host = pod.status?.podIP
  if (number === undefined) throw serviceUnavailable(`no port "${port}" in pod "${name}"`)
  if (host === undefined || host === '') throw badRequest('address not allowed')
  return { secure: scheme === 'https', host, port: hostPortOf(pod, number), path: proxyPath(call), kubelet: false }
}

function nodeProxy(call: ConnectCall, reader: Reader): Target {
  const { name } = partsOf(call)
  return { ...kubeletOf(reader, name), secure: true, path: proxyPath(call), kubelet: true }
}

function serviceProxy(call: ConnectCall, reader: Reader): Target {
  const { scheme, name, port } = partsOf(call)
  const service = find<Service>(reader, call, name)
  const ports = service.spec?.ports ?? []
  const wanted =
    port === '' && ports.length === 1
      ? ports[0]
      : ports.find((each) => each.name === port || String(each.port) === port)
  if (wanted === undefined && !(port === '' && ports.length === 0))
    throw serviceUnavailable(`no service port "${port}" found for service "${name}"`)
  const reachable = reader
    .list<EndpointSlice>('endpointslices.discovery.k8s.io', call.namespace)
    .filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === name)
    .flatMap((slice) => {
      const found = (slice.ports ?? []).find((each) => (each.name ?? '') === (wanted?.name ?? ''))?.port
      if (found === undefined) return []
      const ready = (slice.endpoints ?? []).filter(({ conditions }) => conditions?.ready !== false)
      return ready.flatMap(({ addresses }) => addresses.map((host) => ({ host, port: found })))
    })
  // Any one of them, so that clients of the proxy spread.
  const chosen = reachable[Math.floor(Math.random() * reachable.length)]
  if (chosen === undefined) throw failure('ServiceUnavailable', `no endpoints available for service "${name}"`)
  return { ...chosen, secure: scheme === 'https', path: proxyPath(call), kubelet: false }
}
