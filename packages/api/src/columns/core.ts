// Rows of the core group and of events (pkg/printers/internalversion).

import type {
  ComponentStatus,
  ConfigMap,
  Endpoints,
  Event,
  Namespace,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  ResourceQuota,
  Secret,
  Service,
  ServiceAccount,
} from '../generated/kinds.ts'
import { ageText } from '../time.ts'
import { ageOf, columnsOf, labelsText, nameOf, printer, type Printer } from './printer.ts'

const configMap = printer<ConfigMap>(columnsOf('Name', 'Data', 'Age'), (object, now) => [
  nameOf(object),
  Object.keys(object.data ?? {}).length + Object.keys(object.binaryData ?? {}).length,
  ageOf(object, now),
])

const secret = printer<Secret>(columnsOf('Name', 'Type', 'Data', 'Age'), (object, now) => [
  nameOf(object),
  object.type ?? '',
  Object.keys(object.data ?? {}).length,
  ageOf(object, now),
])

const namespace = printer<Namespace>(columnsOf('Name', 'Status', 'Age'), (object, now) => [
  nameOf(object),
  object.status?.phase ?? '',
  ageOf(object, now),
])

const serviceAccount = printer<ServiceAccount>(columnsOf('Name', 'Age'), (object, now) => [
  nameOf(object),
  ageOf(object, now),
])

const service = printer<Service>(
  columnsOf('Name', 'Type', 'Cluster-IP', 'External-IP', 'Port(s)', 'Age', 'Selector*'),
  (object, now) => [
    nameOf(object),
    object.spec?.type ?? '',
    object.spec?.clusterIPs?.[0] ?? '<none>',
    externalIP(object),
    portsText(object) || '<none>',
    ageOf(object, now),
    labelsText(object.spec?.selector),
  ],
)

function externalIP({ spec, status }: Service): string {
  const external = spec?.externalIPs ?? []
  switch (spec?.type) {
    case 'ClusterIP':
    case 'NodePort':
      return external.join(',') || '<none>'
    case 'LoadBalancer':
      return [...loadBalancerAddresses(status?.loadBalancer?.ingress), ...external].join(',') || '<pending>'
    case 'ExternalName':
      return spec.externalName ?? ''
    default:
      return '<unknown>'
  }
}

/** Addresses in order, each once. */
export function loadBalancerAddresses(
  ingress: readonly { ip?: string | undefined; hostname?: string | undefined }[] | null | undefined,
): string[] {
  const addresses = (ingress ?? []).map(({ ip, hostname }) => ip || hostname || '')
  return [...new Set(addresses.filter((address) => address !== ''))].sort()
}

function portsText({ spec }: Service): string {
  const texts = (spec?.ports ?? []).map(({ port, nodePort, protocol }) =>
    nodePort ? `${port}:${nodePort}/${protocol ?? ''}` : `${port}/${protocol ?? ''}`,
  )
  return texts.join(',')
}

const endpoints = printer<Endpoints>(columnsOf('Name', 'Endpoints', 'Age'), (object, now) => [
  nameOf(object),
  endpointsText(object),
  ageOf(object, now),
])

function endpointsText({ subsets }: Endpoints): string {
  if ((subsets?.length ?? 0) === 0) return '<none>'
  const list = (subsets ?? []).flatMap(({ addresses = [], ports = [] }) => {
    if (ports.length === 0) return addresses.map(({ ip }) => ip)
    return ports.flatMap(({ port }) => addresses.map(({ ip }) => hostPort(ip, port)))
  })
  const shown = list.slice(0, 3).join(',')
  return list.length > 3 ? `${shown} + ${list.length - 3} more...` : shown
}

function hostPort(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}

const node = printer<Node>(
  columnsOf(
    'Name',
    'Status',
    'Roles',
    'Age',
    'Version',
    'Internal-IP*',
    'External-IP*',
    'OS-Image*',
    'Kernel-Version*',
    'Container-Runtime*',
  ),
  (object, now) => {
    const info = object.status?.nodeInfo
    const architecture = info?.architecture ? ` (${info.architecture})` : ''
    return [
      nameOf(object),
      nodeStatus(object),
      nodeRoles(object) || '<none>',
      ageOf(object, now),
      info?.kubeletVersion ?? '',
      nodeAddress(object, 'InternalIP'),
      nodeAddress(object, 'ExternalIP'),
      info?.osImage || '<unknown>',
      `${info?.kernelVersion || '<unknown>'}${architecture}`,
      info?.containerRuntimeVersion || '<unknown>',
    ]
  },
)

function nodeStatus(object: Node): string {
  const ready = object.status?.conditions?.findLast(({ type }) => type === 'Ready')
  const status = !ready ? 'Unknown' : ready.status === 'True' ? 'Ready' : 'NotReady'
  return object.spec?.unschedulable ? `${status},SchedulingDisabled` : status
}

const rolePrefix = 'node-role.kubernetes.io/'

function nodeRoles(object: Node): string {
  const roles = new Set<string>()
  for (const [key, value] of Object.entries(object.metadata?.labels ?? {})) {
    if (key.startsWith(rolePrefix) && key.length > rolePrefix.length) roles.add(key.slice(rolePrefix.length))
    else if (key === 'kubernetes.io/role' && value !== '') roles.add(value)
  }
  return [...roles].sort().join(',')
}

function nodeAddress(object: Node, type: string): string {
  return object.status?.addresses?.find((address) => address.type === type)?.address ?? '<none>'
}

const event = printer<Event>(
  columnsOf(
    'Last Seen',
    'Type',
    'Reason',
    'Object',
    'Subobject*',
    'Source*',
    'Message',
    'First Seen*',
    'Count*',
    'Name*',
  ),
  (object, now) => {
    const first = ageText(object.firstTimestamp ?? object.eventTime, now)
    const last = object.lastTimestamp ? ageText(object.lastTimestamp, now) : first
    const target = object.involvedObject
    const kind = (target?.kind ?? '').toLowerCase()
    return [
      object.series ? ageText(object.series.lastObservedTime, now) : last,
      object.type ?? '',
      object.reason ?? '',
      target?.name ? `${kind}/${target.name}` : kind,
      target?.fieldPath ?? '',
      eventSource(object),
      (object.message ?? '').trim(),
      first,
      object.series ? (object.series.count ?? 0) : object.count || 1,
      nameOf(object),
    ]
  },
)

function eventSource({ source, reportingComponent, reportingInstance }: Event): string {
  const component = source?.component || reportingComponent || ''
  const instance = source?.host || reportingInstance || ''
  return instance === '' ? component : `${component}, ${instance}`
}

const accessModeNames: Readonly<Record<string, string>> = {
  ReadWriteOnce: 'RWO',
  ReadOnlyMany: 'ROX',
  ReadWriteMany: 'RWX',
  ReadWriteOncePod: 'RWOP',
}

/** In a fixed order, each once (helper.GetAccessModesAsString). */
function accessModesText(modes: readonly string[] | null | undefined): string {
  const names = Object.entries(accessModeNames).filter(([mode]) => modes?.includes(mode))
  return names.map(([, name]) => name).join(',')
}

const betaStorageClass = 'volume.beta.kubernetes.io/storage-class'

const persistentVolume = printer<PersistentVolume>(
  columnsOf(
    'Name',
    'Capacity',
    'Access Modes',
    'Reclaim Policy',
    'Status',
    'Claim',
    'StorageClass',
    'VolumeAttributesClass',
    'Reason',
    'Age',
    'VolumeMode*',
  ),
  (object, now) => {
    const { spec, status, metadata } = object
    const claim = spec?.claimRef
    return [
      nameOf(object),
      String(spec?.capacity?.['storage'] ?? '0'),
      accessModesText(spec?.accessModes),
      spec?.persistentVolumeReclaimPolicy ?? '',
      metadata?.deletionTimestamp ? 'Terminating' : (status?.phase ?? ''),
      claim ? `${claim.namespace ?? ''}/${claim.name ?? ''}` : '',
      metadata?.annotations?.[betaStorageClass] ?? spec?.storageClassName ?? '',
      spec?.volumeAttributesClassName ?? '<unset>',
      status?.reason ?? '',
      ageOf(object, now),
      spec?.volumeMode ?? '<unset>',
    ]
  },
)

const persistentVolumeClaim = printer<PersistentVolumeClaim>(
  columnsOf(
    'Name',
    'Status',
    'Volume',
    'Capacity',
    'Access Modes',
    'StorageClass',
    'VolumeAttributesClass',
    'Age',
    'VolumeMode*',
  ),
  (object, now) => {
    const { spec, status, metadata } = object
    const bound = Boolean(spec?.volumeName)
    return [
      nameOf(object),
      metadata?.deletionTimestamp ? 'Terminating' : (status?.phase ?? ''),
      spec?.volumeName ?? '',
      bound ? String(status?.capacity?.['storage'] ?? '0') : '',
      bound ? accessModesText(status?.accessModes) : '',
      metadata?.annotations?.[betaStorageClass] ?? spec?.storageClassName ?? '',
      spec?.volumeAttributesClassName ?? '<unset>',
      ageOf(object, now),
      spec?.volumeMode ?? '<unset>',
    ]
  },
)

const resourceQuota = printer<ResourceQuota>(columnsOf('Name', 'Request', 'Limit', 'Age'), (object, now) => {
  const hard = object.status?.hard ?? {}
  const text = (names: string[]): string =>
    names.map((name) => `${name}: ${object.status?.used?.[name] ?? '0'}/${hard[name] ?? '0'}`).join(', ')
  const names = Object.keys(hard).sort()
  return [
    nameOf(object),
    text(names.filter((name) => !name.startsWith('limits.'))),
    text(names.filter((name) => name.startsWith('limits.'))),
    ageOf(object, now),
  ]
})

const componentStatus = printer<ComponentStatus>(columnsOf('Name', 'Status', 'Message', 'Error'), (object) => {
  const healthy = object.conditions?.find(({ type }) => type === 'Healthy')
  const status = !healthy ? 'Unknown' : healthy.status === 'True' ? 'Healthy' : 'Unhealthy'
  return [nameOf(object), status, healthy?.message ?? '', healthy?.error ?? '']
})

export const corePrinters: Readonly<Record<string, Printer>> = {
  '/ComponentStatus': componentStatus,
  '/ConfigMap': configMap,
  '/Endpoints': endpoints,
  '/Event': event,
  '/Namespace': namespace,
  '/Node': node,
  '/PersistentVolume': persistentVolume,
  '/PersistentVolumeClaim': persistentVolumeClaim,
  '/ResourceQuota': resourceQuota,
  '/Secret': secret,
  '/Service': service,
  '/ServiceAccount': serviceAccount,
}
