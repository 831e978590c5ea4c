// Defaults of the core group's kinds other than pods (pkg/apis/core/v1/defaults.go).

import type {
  Endpoints,
  LimitRange,
  LimitRangeItem,
  Namespace,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  PodTemplate,
  ReplicationController,
  ResourceQuota,
  Secret,
  Service,
} from '../generated/kinds.ts'
import { defaultPodTemplate } from './pod-spec.ts'
import { defaultResourceList } from './resource-list.ts'
import { defaultClaimSpec, defaultPersistentVolumeSource } from './volumes.ts'

/** stringData is a way to write only: it is kept as data (Convert_v1_Secret_To_core_Secret). */
export function defaultSecret(secret: Secret): void {
  secret.type ||= 'Opaque'
  const { stringData } = secret
  if (stringData === undefined) return
  const written = Object.entries(stringData).map(
    ([key, value]) => [key, Buffer.from(value).toString('base64')] as const,
  )
  secret.data = { ...secret.data, ...Object.fromEntries(written) }
  delete secret.stringData
}

/** The label cannot be known before a generated name is; the API server applies defaults again after generating it. */
export function defaultNamespace(namespace: Namespace): void {
  namespace.spec ??= {}
  namespace.status ??= {}
  namespace.status.phase ||= 'Active'
  if (!namespace.metadata?.name) return
  namespace.metadata.labels ??= {}
  namespace.metadata.labels['kubernetes.io/metadata.name'] = namespace.metadata.name
}

export function defaultNode(node: Node): void {
  node.spec ??= {}
  node.status ??= {}
  const status = node.status
  if (!status.allocatable && status.capacity) status.allocatable = { ...status.capacity }
  defaultResourceList(status.capacity)
  defaultResourceList(status.allocatable)
  status.daemonEndpoints ??= {}
  status.daemonEndpoints.kubeletEndpoint ??= { Port: 0 }
  status.nodeInfo ??= {
    machineID: '',
    systemUUID: '',
    bootID: '',
    kernelVersion: '',
    osImage: '',
    containerRuntimeVersion: '',
    kubeletVersion: '',
    kubeProxyVersion: '',
    operatingSystem: '',
    architecture: '',
  }
}

export function defaultService(service: Service): void {
  service.spec ??= {}
  service.status ??= {}
  service.status.loadBalancer ??= {}
  const spec = service.spec
  spec.sessionAffinity ||= 'None'
  if (spec.sessionAffinity === 'None') delete spec.sessionAffinityConfig
  if (spec.sessionAffinity === 'ClientIP' && spec.sessionAffinityConfig?.clientIP?.timeoutSeconds == null) {
    spec.sessionAffinityConfig = { clientIP: { timeoutSeconds: 10800 } }
  }
  spec.type ||= 'ClusterIP'
  for (const port of spec.ports ?? []) {
    port.protocol ||= 'TCP'
    if (port.targetPort == null || port.targetPort === 0 || port.targetPort === '') port.targetPort = port.port
  }
  const external = spec.type === 'NodePort' || spec.type === 'LoadBalancer'
  const hasExternalIPs = spec.type === 'ClusterIP' && (spec.externalIPs?.length ?? 0) > 0
  if (external || hasExternalIPs) spec.externalTrafficPolicy ||= 'Cluster'
  if (external || spec.type === 'ClusterIP') spec.internalTrafficPolicy ??= 'Cluster'
  if (spec.type !== 'LoadBalancer') return
  spec.allocateLoadBalancerNodePorts ??= true
  for (const ingress of service.status.loadBalancer.ingress ?? []) {
    if (ingress.ip) ingress.ipMode ??= 'VIP'
  }
}

export function defaultEndpoints(endpoints: Endpoints): void {
  for (const subset of endpoints.subsets ?? []) {
    for (const port of subset.ports ?? []) port.protocol ||= 'TCP'
  }
}

export function defaultPersistentVolume(volume: PersistentVolume): void {
  volume.spec ??= {}
  volume.status ??= {}
  volume.status.phase ||= 'Pending'
  volume.spec.persistentVolumeReclaimPolicy ||= 'Retain'
  volume.spec.volumeMode ??= 'Filesystem'
  defaultResourceList(volume.spec.capacity)
  defaultPersistentVolumeSource(volume.spec)
}

export function defaultPersistentVolumeClaim(claim: PersistentVolumeClaim): void {
  claim.spec ??= {}
  claim.status ??= {}
  claim.status.phase ||= 'Pending'
  defaultClaimSpec(claim.spec)
  defaultResourceList(claim.status.capacity)
  defaultResourceList(claim.status.allocatedResources)
}

export function defaultPodTemplateKind(template: PodTemplate): void {
  template.template ??= {}
  defaultPodTemplate(template.template)
}

/** Selector and labels come from the template where they are missing. */
export function defaultReplicationController(controller: ReplicationController): void {
  controller.spec ??= {}
  controller.status ??= { replicas: 0 }
  const spec = controller.spec
  spec.replicas ??= 1
  if (!spec.template) return
  defaultPodTemplate(spec.template)
  const labels = spec.template.metadata?.labels
  if (!labels) return
  if (isEmpty(spec.selector)) spec.selector = { ...labels }
  if (isEmpty(controller.metadata?.labels)) (controller.metadata ??= {}).labels = { ...labels }
}

function isEmpty(map: Record<string, string> | null | undefined): boolean {
  for (const _ in map) return false
  return true
}

export function defaultLimitRange(range: LimitRange): void {
  range.spec ??= { limits: [] }
  for (const item of range.spec.limits ?? []) defaultLimitRangeItem(item)
}

/** For containers the default limit comes from the maximum, the default request from the limit, then the minimum. */
function defaultLimitRangeItem(item: LimitRangeItem): void {
  if (item.type === 'Container') {
    const limits = (item.default ??= {})
    const requests = (item.defaultRequest ??= {})
    for (const name in item.max) limits[name] ??= item.max[name] ?? '0'
    for (const name in limits) requests[name] ??= limits[name] ?? '0'
    for (const name in item.min) requests[name] ??= item.min[name] ?? '0'
  }
  defaultResourceList(item.max)
  defaultResourceList(item.min)
  defaultResourceList(item.default)
  defaultResourceList(item.defaultRequest)
  defaultResourceList(item.maxLimitRequestRatio)
}

export function defaultResourceQuota(quota: ResourceQuota): void {
  quota.spec ??= {}
  quota.status ??= {}
  defaultResourceList(quota.spec.hard)
  defaultResourceList(quota.status.hard)
  defaultResourceList(quota.status.used)
}
