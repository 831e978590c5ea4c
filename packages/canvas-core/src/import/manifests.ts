// Plain manifests as objects of the Canvas. A Deployment with its Service may be lifted to a Microservice, where that says
// all that the two say.

import type { Container, Deployment, KubeObject, Probe, Service, Unstructured } from '@binnacle/api'
import { labelSelectorMatches } from '@binnacle/api'
import { type MicroserviceSpec, apiVersion, nameLabel, partOfLabel } from '@binnacle/model'
import { asNew } from '../content.ts'
import { defined, withoutNulls } from './defined.ts'
import { mountedIn, securityOf } from './pod-fields.ts'
import type { ImportOptions, ImportPlace, Imported, Unmapped } from './import-resources.ts'

/** What a server fills in and an import leaves out. */
const foundKinds: ReadonlySet<string> = new Set(['Namespace', 'Event', 'Endpoints', 'EndpointSlice', 'Node'])

export function importManifests(
  manifests: readonly Unstructured[],
  place: ImportPlace,
  { lift = false }: ImportOptions = {},
): Imported {
  const unmapped: Unmapped[] = []
  const objects = manifests.flatMap((manifest) => {
    const { kind = '', metadata } = manifest
    if (foundKinds.has(kind)) {
      unmapped.push({ path: `${kind} ${metadata.name}`, why: `a ${kind} is the cluster's own and is not imported` })
      return []
    }
    if (metadata.namespace !== undefined && metadata.namespace !== place.namespace)
      unmapped.push({
        path: `${kind} ${metadata.name}: metadata.namespace`,
        why: `it was written for the namespace ${metadata.namespace} and goes to ${place.namespace}`,
      })
    return [belonging(asNew(manifest), place)]
  })
  return { objects: lift ? lifted(objects, unmapped) : objects, unmapped }
}

/** The object in the namespace and application. */
export function belonging(object: Unstructured, { namespace, application }: ImportPlace): Unstructured {
  const labels = { ...object.metadata.labels, ...(application === undefined ? {} : { [partOfLabel]: application }) }
  return {
    ...object,
    metadata: { ...object.metadata, namespace, ...(Object.keys(labels).length === 0 ? {} : { labels }) },
  }
}

function lifted(objects: readonly Unstructured[], unmapped: Unmapped[]): readonly Unstructured[] {
  const result = new Set(objects)
  for (const object of objects) {
    if (object.kind !== 'Deployment') continue
    const deployment = object as KubeObject as Deployment
    const labels = deployment.spec?.template.metadata?.labels
    const services = objects.filter((one) => {
      const selector = (one as KubeObject as Service).spec?.selector
      return one.kind === 'Service' && selector !== undefined && labelSelectorMatches({ matchLabels: selector }, labels)
    })
    const outcome = microserviceOf(withoutNulls(deployment), withoutNulls(services))
    if (!('metadata' in outcome)) {
      unmapped.push({ path: `Deployment ${object.metadata.name}`, why: `stays a Deployment: ${outcome.why}` })
      continue
    }
    for (const gone of [object, ...services]) result.delete(gone)
    for (const why of leftOut(deployment, services))
      unmapped.push({ path: `Deployment ${object.metadata.name}`, why: `becomes a Microservice without ${why}` })
    result.add({ ...outcome, metadata: { ...outcome.metadata, ...object.metadata } })
  }
  return [...result]
}

/** Fields of a container, a pod and a Deployment that a Microservice has too. */
const knownContainer = new Set([
  'name',
  'image',
  'command',
  'args',
  'ports',
  'env',
  'envFrom',
  'resources',
  'livenessProbe',
  'readinessProbe',
  'startupProbe',
  'imagePullPolicy',
  'terminationMessagePath',
  'terminationMessagePolicy',
  'securityContext',
  'volumeMounts',
])
const knownPod = new Set([
  'containers',
  'serviceAccountName',
  'terminationGracePeriodSeconds',
  'restartPolicy',
  'dnsPolicy',
  'schedulerName',
  'securityContext',
  'volumes',
])
const knownDeployment = new Set([
  'replicas',
  'selector',
  'template',
  'minReadySeconds',
  'revisionHistoryLimit',
  'progressDeadlineSeconds',
  'strategy',
  'paused',
])

function unknownField(object: object | undefined, known: ReadonlySet<string>): string | undefined {
  return Object.entries(object ?? {}).find(
    ([name, value]) => !known.has(name) && value !== undefined && JSON.stringify(value) !== '{}',
  )?.[0]
}

function microserviceOf(deployment: Deployment, services: readonly Service[]): Unstructured | { why: string } {
  const { metadata, spec } = deployment
  const name = metadata.name ?? ''
  const pod = spec?.template.spec
  const [container, second] = pod?.containers ?? []
  if (container?.image === undefined || second !== undefined)
    return { why: 'it has not exactly one container with an image' }
  const strange =
    unknownField(container, knownContainer) ?? unknownField(pod, knownPod) ?? unknownField(spec, knownDeployment)
  if (strange !== undefined) return { why: `a Microservice has no ${strange}` }
  if (services.length > 1) return { why: 'several Services lead to it' }
  const [service] = services
  if (service !== undefined && service.metadata.name !== name)
    return { why: `its Service has another name: ${service.metadata.name}` }
  const ports = portsOf(container, service)
  if ('why' in ports) return ports
  const secured = securityOf(pod, container)
  if ('why' in secured) return secured
  const mounted = mountedIn(pod, container)
  if ('why' in mounted) return mounted
  const rollout = rolloutOf(deployment)
  const health = defined({
    liveness: checkOf(container.livenessProbe, { container, ports: ports.ports }),
    readiness: checkOf(container.readinessProbe, { container, ports: ports.ports }),
    startup: checkOf(container.startupProbe, { container, ports: ports.ports }),
  })
  const type = service?.spec?.type
  return {
    apiVersion,
    kind: 'Microservice',
    metadata: { name, labels: { [nameLabel]: name } },
    spec: defined({
      image: container.image,
      command: container.command,
      args: container.args,
      ports: ports.ports.length === 0 ? undefined : ports.ports,
      serviceType: type === 'NodePort' || type === 'LoadBalancer' ? type : undefined,
      env: container.env,
      envFrom: container.envFrom,
      files: mounted.files.length === 0 ? undefined : mounted.files,
      replicas: spec?.replicas,
      health: Object.keys(health).length === 0 ? undefined : health,
      resources: container.resources,
      rollout: Object.keys(rollout).length === 0 ? undefined : rollout,
      scratch: mounted.scratch.length === 0 ? undefined : mounted.scratch,
      securityContext: secured.security,
      serviceAccountName: pod?.serviceAccountName,
      terminationGracePeriodSeconds: pod?.terminationGracePeriodSeconds,
    }),
  }
}

/** What changes nothing of how it runs here, and is not taken over. */
function leftOut({ spec }: Deployment, services: readonly Service[]): string[] {
  const { metadata, spec: pod } = spec?.template ?? {}
  const annotations = [metadata, ...services.map((service) => service.metadata)].flatMap((one) =>
    Object.keys(one?.annotations ?? {}),
  )
  const reached = new Set(
    services.flatMap((service) => service.spec?.ports ?? []).flatMap(({ port, targetPort }) => [targetPort ?? port]),
  )
  const ports = (pod?.containers[0]?.ports ?? []).filter(
    ({ name = '', containerPort }) => !reached.has(name) && !reached.has(containerPort),
  )
  return [
    ...(annotations.length === 0 ? [] : [`the annotations ${annotations.join(', ')} of its pods and its Service`]),
    ...ports.map(({ name, containerPort }) => `the port ${name ?? containerPort}, to which no Service leads`),
  ]
}

/** Ports have the names of the Service here; a check may know one by the container's. */
function checkOf(
  probe: Probe | undefined,
  { container, ports }: { container: Container; ports: Ports },
): Probe | undefined {
  if (probe === undefined) return undefined
  const numberOf = (port: string | number): string | number => {
    const own = container.ports?.find(({ name }) => name === port)?.containerPort
    const isSame = ports.some(({ name, port: number, targetPort = number }) => name === port && targetPort === own)
    return own === undefined || isSame ? port : own
  }
  const { httpGet, tcpSocket } = probe
  return {
    ...probe,
    ...(httpGet === undefined ? {} : { httpGet: { ...httpGet, port: numberOf(httpGet.port) } }),
    ...(tcpSocket === undefined ? {} : { tcpSocket: { ...tcpSocket, port: numberOf(tcpSocket.port) } }),
  }
}

function rolloutOf({ spec }: Deployment): object {
  const { type, rollingUpdate } = spec?.strategy ?? {}
  return defined({
    type: type === 'Recreate' ? type : undefined,
    maxSurge: rollingUpdate?.maxSurge,
    maxUnavailable: rollingUpdate?.maxUnavailable,
    minReadySeconds: spec?.minReadySeconds,
    progressDeadlineSeconds: spec?.progressDeadlineSeconds,
    revisionHistoryLimit: spec?.revisionHistoryLimit,
    paused: spec?.paused,
  })
}

type Ports = NonNullable<MicroserviceSpec['ports']>

/** The ports of the Service, each with the container's port that it leads to. */
function portsOf(container: Container, service: Service | undefined): { ports: Ports } | { why: string } {
  const ports: Ports = []
  const byName = new Map((container.ports ?? []).map((port) => [port.name ?? '', port.containerPort]))
  if (service === undefined && byName.size > 0) return { why: 'its container has ports and no Service leads to them' }
  for (const { name, port, targetPort, protocol, appProtocol } of service?.spec?.ports ?? []) {
    const target = typeof targetPort === 'string' ? byName.get(targetPort) : (targetPort ?? port)
    if (target === undefined)
      return { why: `the Service's port ${port} leads to ${targetPort}, which the container has not` }
    const isUdp = protocol === 'UDP'
    if (protocol !== undefined && protocol !== 'TCP' && !isUdp)
      return { why: `a Microservice has no ${protocol} ports` }
    ports.push(
      defined({
        name: name ?? (ports.length === 0 ? 'http' : `port-${port}`),
        port,
        targetPort: target === port ? undefined : target,
        protocol: isUdp ? ('UDP' as const) : undefined,
        appProtocol,
      }),
    )
  }
  return { ports }
}
