// Which port of which pod a forward leads to. Behind a Service one ready pod is kept to for as long as it is ready.
// Upstream: kubectl pkg/cmd/portforward, pkg/util/service_port.go, pkg/util/pod_port.go.

import {
  type Pod,
  type Service,
  badRequest,
  field,
  invalid,
  isNotFound,
  labelSelectorText,
  labelRequirements,
  serviceUnavailable,
} from '@binnacle/api'
import { type Client, pods } from '@binnacle/client'

export interface PodPort {
  /** The pod's name. */
  pod: string
  port: number
}

/** Throws StatusError for a pod that runs no more. */
export function requireRunning({ metadata, status }: Pod): void {
  const phase = status?.phase ?? 'Unknown'
  if (phase !== 'Running') throw badRequest(`the pod ${metadata.name} is not running; it is ${phase}`)
}

/** Throws StatusError where no connection to this port of the Service could ever be made. */
export function requireForwardable(service: Service, port: number): void {
  const { metadata, spec } = service
  const kind = { group: '', kind: 'Service' }
  const name = metadata.name ?? ''
  if (Object.keys(spec?.selector ?? {}).length === 0)
    throw badRequest(`the Service ${name} selects no pods, so that there is none to forward to`)
  const ports = spec?.ports ?? []
  const found = ports.find((one) => one.port === port)
  if (found === undefined) {
    const known = ports.map((one) => String(one.port))
    throw invalid(kind, name, [field.notSupported('port', port, known)])
  }
  if ((found.protocol ?? 'TCP') !== 'TCP')
    throw invalid(kind, name, [field.invalid('port', port, `only TCP can be forwarded, not ${found.protocol}`)])
}

/** `current` is the pod that the forward led to before. Rejects with StatusError where no pod is ready. */
export async function readyPodBehind(
  client: Client,
  { service, port, current }: { service: Service; port: number; current: string | undefined },
): Promise<PodPort> {
  const pod = (await stillReady(client, service, current)) ?? (await firstReady(client, service))
  return { pod: pod.metadata.name ?? '', port: containerPort(service, port, pod) }
}

async function stillReady(client: Client, { metadata }: Service, name: string | undefined): Promise<Pod | undefined> {
  if (name === undefined) return undefined
  try {
    const pod = await client.get<Pod>(pods, { namespace: metadata.namespace ?? '', name })
    return isReady(pod) ? pod : undefined
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error
  }
}

async function firstReady(client: Client, { metadata, spec }: Service): Promise<Pod> {
  const { items } = await client.list<Pod>(pods, {
    namespace: metadata.namespace ?? '',
    labelSelector: labelSelectorText(labelRequirements({ matchLabels: spec?.selector ?? {} }) ?? []),
  })
  const found = items.find(isReady)
  if (found === undefined) throw serviceUnavailable(`no pod of the Service ${metadata.name} is ready`)
  return found
}

function isReady({ metadata, status }: Pod): boolean {
  const isTrue = status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True')
  return isTrue === true && metadata.deletionTimestamp === undefined
}

/** A headless Service maps nothing; a name is looked up in the pod. */
function containerPort({ metadata, spec }: Service, port: number, pod: Pod): number {
  const found = spec?.ports?.find((one) => one.port === port)
  if (found === undefined) throw serviceUnavailable(`the Service ${metadata.name} has no port ${port} any more`)
  const { targetPort = 0 } = found
  if (spec?.clusterIP === 'None' || targetPort === 0) return port
  if (typeof targetPort === 'number') return targetPort
  const { containers = [], initContainers = [] } = pod.spec ?? {}
  const named = [...containers, ...initContainers]
    .flatMap(({ ports = [] }) => ports)
    .find(({ name }) => name === targetPort)
  if (named === undefined) throw serviceUnavailable(`the pod ${pod.metadata.name} has no port named ${targetPort}`)
  return named.containerPort
}
