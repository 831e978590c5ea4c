// The environment of a container, in kubelet's order: Services of the namespace, envFrom, env with $(VAR) references.
// Upstream: pkg/kubelet/kubelet_pods.go makeEnvironmentVariables, third_party/forked/golang/expansion.

import {
  type ConfigMap,
  type Container,
  type EnvVar,
  type Pod,
  type Secret,
  type Service,
  milliValue,
  quantityValue,
  reachableAddress,
} from '@binnacle/api'

/** Something that the container needs is not there (yet): waiting reason CreateContainerConfigError. */
export class ContainerConfigError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'ContainerConfigError'
  }
}

export interface NodeFacts {
  nodeName: string
  hostIP: string
  podIP: string
  allocatable: Readonly<Record<string, string | number>>
}

/** Reads of what containers refer to; undefined where it does not exist. */
export interface References {
  configMap(namespace: string, name: string): Promise<ConfigMap | undefined>
  secret(namespace: string, name: string): Promise<Secret | undefined>
}

export interface EnvironmentOptions {
  pod: Pod
  container: Container
  imageEnvironment: readonly string[]
  services: readonly Service[]
  references: References
  facts: NodeFacts
}

export async function containerEnvironment(options: EnvironmentOptions): Promise<Record<string, string>> {
  const { pod, container, references } = options
  const namespace = pod.metadata.namespace ?? ''
  const result: Record<string, string> = {}
  for (const from of container.envFrom ?? []) {
    const data = await envFromData(from, namespace, references)
    for (const [key, value] of Object.entries(data)) result[`${from.prefix ?? ''}${key}`] = value
  }
  const serviceVariables = serviceEnvironment(pod, options.services)
  for (const variable of container.env ?? []) {
    const value = await variableValue(variable, { ...options, known: { ...serviceVariables, ...result } })
    if (value !== undefined) result[variable.name] = value
  }
  const image = Object.fromEntries(
    options.imageEnvironment.map((line) => {
      const equals = line.indexOf('=')
      return equals === -1 ? [line, ''] : [line.slice(0, equals), line.slice(equals + 1)]
    }),
  )
  return { ...image, ...serviceVariables, ...result }
}

async function envFromData(
  from: NonNullable<Container['envFrom']>[number],
  namespace: string,
  references: References,
): Promise<Record<string, string>> {
  if (from.configMapRef) {
    const name = from.configMapRef.name ?? ''
    const found = await references.configMap(namespace, name)
    if (found) return found.data ?? {}
    if (from.configMapRef.optional !== true) throw new ContainerConfigError(`configmap "${name}" not found`)
  } else if (from.secretRef) {
    const name = from.secretRef.name ?? ''
    const found = await references.secret(namespace, name)
    if (found) return decodeSecret(found)
    if (from.secretRef.optional !== true) throw new ContainerConfigError(`secret "${name}" not found`)
  }
  return {}
}

async function variableValue(
  variable: EnvVar,
  options: EnvironmentOptions & { known: Record<string, string> },
): Promise<string | undefined> {
  const { pod, container, references, facts, known } = options
  const namespace = pod.metadata.namespace ?? ''
  const from = variable.valueFrom
  if (from === undefined) return expand(variable.value ?? '', known)
  if (from.fieldRef) return podField(pod, from.fieldRef.fieldPath, facts)
  if (from.resourceFieldRef) return resourceField(pod, from.resourceFieldRef, facts, container)
  if (from.configMapKeyRef) {
    const { name = '', key, optional } = from.configMapKeyRef
    const found = await references.configMap(namespace, name)
    if (found?.data?.[key] !== undefined) return found.data[key]
    if (optional === true) return undefined
    throw new ContainerConfigError(
      found ? `couldn't find key ${key} in ConfigMap ${namespace}/${name}` : `configmap "${name}" not found`,
    )
  }
  if (from.secretKeyRef) {
    const { name = '', key, optional } = from.secretKeyRef
    const found = await references.secret(namespace, name)
    const value = found?.data?.[key]
    if (value !== undefined) return Buffer.from(value, 'base64').toString()
    if (optional === true) return undefined
    throw new ContainerConfigError(
      found ? `couldn't find key ${key} in Secret ${namespace}/${name}` : `secret "${name}" not found`,
    )
  }
  throw new ContainerConfigError(`env ${variable.name}: this source of a value is not supported`)
}

export function decodeSecret(secret: Secret): Record<string, string> {
  return Object.fromEntries(
    Object.entries(secret.data ?? {}).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]),
  )
}

/** $(NAME) becomes the value, $$ a dollar; an unknown name stays as it is. */
export function expand(text: string, values: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\$(\$|\(([^()]*)\))/g, (whole, first: string, name: string | undefined) => {
    if (first === '$') return '$'
    return name !== undefined && Object.hasOwn(values, name) ? (values[name] ?? whole) : whole
  })
}

/** Downward API: pkg/fieldpath and kubelet's podFieldSelectorRuntimeValue. */
export function podField(pod: Pod, path: string, facts: NodeFacts): string {
  const { metadata, spec } = pod
  const subscript = /^metadata\.(labels|annotations)\['(.*)'\]$/.exec(path)
  if (subscript) return (subscript[1] === 'labels' ? metadata.labels : metadata.annotations)?.[subscript[2] ?? ''] ?? ''
  switch (path) {
    case 'metadata.name':
      return metadata.name ?? ''
    case 'metadata.namespace':
      return metadata.namespace ?? ''
    case 'metadata.uid':
      return metadata.uid ?? ''
    case 'metadata.labels':
      return formatMap(metadata.labels)
    case 'metadata.annotations':
      return formatMap(metadata.annotations)
    case 'spec.nodeName':
      return spec?.nodeName ?? ''
    case 'spec.serviceAccountName':
      return spec?.serviceAccountName ?? ''
    case 'status.hostIP':
    case 'status.hostIPs':
      return facts.hostIP
    case 'status.podIP':
    case 'status.podIPs':
      return facts.podIP
    default:
      throw new ContainerConfigError(`unsupported fieldPath: ${path}`)
  }
}

/** As Go's fieldpath.FormatMap: `key="value"` lines in order. */
function formatMap(map: Readonly<Record<string, string>> | undefined): string {
  return Object.entries(map ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .join('\n')
}

/** limits fall back to the node's allocatable, as upstream's MergeContainerResourceLimits. */
export function resourceField(
  pod: Pod,
  selector: { resource: string; containerName?: string | undefined; divisor?: string | number | undefined },
  facts: NodeFacts,
  own?: Container,
): string {
  const name = selector.containerName
  const container = name === undefined || name === '' ? own : pod.spec?.containers.find((each) => each.name === name)
  if (container === undefined) throw new ContainerConfigError(`container ${name ?? ''} not found`)
  const [kind, ...rest] = selector.resource.split('.')
  const resource = rest.join('.')
  const list = kind === 'limits' ? container.resources?.limits : container.resources?.requests
  const value = list?.[resource] ?? (kind === 'limits' ? facts.allocatable[resource] : undefined) ?? '0'
  const divisor =
    selector.divisor === undefined || selector.divisor === '' || selector.divisor === '0' ? '1' : selector.divisor
  const ratio =
    resource === 'cpu' ? milliValue(value) / milliValue(divisor) : quantityValue(value) / quantityValue(divisor)
  return String(Math.ceil(ratio))
}

/** Docker-style variables of the namespace's Services and of the API server. Upstream: pkg/kubelet/envvars. */
export function serviceEnvironment(pod: Pod, services: readonly Service[]): Record<string, string> {
  const result: Record<string, string> = {}
  const ofNamespace = pod.spec?.enableServiceLinks !== false
  for (const service of services) {
    const { namespace, name } = service.metadata
    const isApi = namespace === 'default' && name === 'kubernetes'
    if (!isApi && !(ofNamespace && namespace === pod.metadata.namespace)) continue
    const clusterIP = service.spec?.clusterIP
    if (clusterIP === undefined || clusterIP === '' || clusterIP === 'None') continue
    Object.assign(result, variablesOf(service))
  }
  return result
}

function variablesOf(service: Service): Record<string, string> {
  const prefix = (service.metadata.name ?? '').toUpperCase().replaceAll('-', '_')
  const ports = service.spec?.ports ?? []
  const result: Record<string, string> = {}
  for (const [index, { name, port, protocol = 'TCP' }] of ports.entries()) {
    const address = reachableAddress(service, port, protocol)
    if (address === undefined) continue
    const lower = protocol.toLowerCase()
    const url = `${lower}://${address.host}:${address.port}`
    if (index === 0) {
      result[`${prefix}_SERVICE_HOST`] = address.host
      result[`${prefix}_SERVICE_PORT`] = String(address.port)
      result[`${prefix}_PORT`] = url
    }
    if (name !== undefined && name !== '')
      result[`${prefix}_SERVICE_PORT_${name.toUpperCase().replaceAll('-', '_')}`] = String(address.port)
    const portPrefix = `${prefix}_PORT_${port}_${protocol.toUpperCase()}`
    result[portPrefix] = url
    result[`${portPrefix}_PROTO`] = lower
    result[`${portPrefix}_PORT`] = String(address.port)
    result[`${portPrefix}_ADDR`] = address.host
  }
  return result
}
