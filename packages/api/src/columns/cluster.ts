// Rows of networking, storage, RBAC, certificates, scheduling and the other small groups (pkg/printers/internalversion).

import type {
  APIService,
  CertificateSigningRequest,
  ClusterRoleBinding,
  CSIDriver,
  CSINode,
  CSIStorageCapacity,
  EndpointSlice,
  EventsV1Event,
  FlowSchema,
  Ingress,
  IngressClass,
  IPAddress,
  Lease,
  MutatingAdmissionPolicy,
  MutatingWebhookConfiguration,
  NetworkPolicy,
  PriorityClass,
  PriorityLevelConfiguration,
  ResourceClaim,
  ResourceSlice,
  RoleBinding,
  RuntimeClass,
  ServiceCIDR,
  StorageClass,
  Subject,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
  VolumeAttachment,
  VolumeAttributesClass,
} from '../generated/kinds.ts'
import { formatLabelSelector } from '../selectors.ts'
import { ageText, humanDuration } from '../time.ts'
import { loadBalancerAddresses } from './core.ts'
import { ageOf, columnsOf, nameOf, printer, shortened, type Printer } from './printer.ts'

const ingress = printer<Ingress>(columnsOf('Name', 'Class', 'Hosts', 'Address', 'Ports', 'Age'), (object, now) => [
  nameOf(object),
  object.spec?.ingressClassName ?? '<none>',
  hostsText(object),
  loadBalancerAddresses(object.status?.loadBalancer?.ingress).join(','),
  (object.spec?.tls?.length ?? 0) > 0 ? '80, 443' : '80',
  ageOf(object, now),
])

/** Upstream counts the rules that are left, with or without a host, once three hosts are shown. */
function hostsText({ spec }: Ingress): string {
  const rules = spec?.rules ?? []
  const hosts = rules.flatMap(({ host }) => (host ? [host] : []))
  if (hosts.length === 0) return '*'
  const third = rules.findIndex((_, index) => rules.slice(0, index + 1).filter(({ host }) => host).length === 3)
  const more = third !== -1 && third < rules.length - 1
  return more ? `${hosts.slice(0, 3).join(',')} + ${rules.length - 3} more...` : hosts.join(',')
}

const ingressClass = printer<IngressClass>(columnsOf('Name', 'Controller', 'Parameters', 'Age'), (object, now) => {
  const isDefault = object.metadata?.annotations?.['ingressclass.kubernetes.io/is-default-class'] === 'true'
  const parameters = object.spec?.parameters
  const group = parameters?.apiGroup == null ? '' : `.${parameters.apiGroup}`
  return [
    isDefault ? `${nameOf(object)} (default)` : nameOf(object),
    object.spec?.controller ?? '',
    parameters ? `${parameters.kind}${group}/${parameters.name}` : '<none>',
    ageOf(object, now),
  ]
})

const networkPolicy = printer<NetworkPolicy>(columnsOf('Name', 'Pod-Selector', 'Age'), (object, now) => [
  nameOf(object),
  formatLabelSelector(object.spec?.podSelector ?? {}),
  ageOf(object, now),
])

const serviceCIDR = printer<ServiceCIDR>(columnsOf('Name', 'CIDRs', 'Age'), (object, now) => [
  nameOf(object),
  (object.spec?.cidrs ?? []).join(','),
  ageOf(object, now),
])

const ipAddress = printer<IPAddress>(columnsOf('Name', 'ParentRef', 'Age').slice(0, 2), (object) => {
  const parent = object.spec?.parentRef
  if (!parent) return [nameOf(object), '<none>']
  const resource = (parent.group ? `${parent.resource}.${parent.group}` : (parent.resource ?? '')).toLowerCase()
  return [nameOf(object), [resource, parent.namespace, parent.name].filter(Boolean).join('/')]
})

const endpointSlice = printer<EndpointSlice>(
  columnsOf('Name', 'AddressType', 'Ports', 'Endpoints', 'Age'),
  (object, now) => {
    const ports = (object.ports ?? []).map(({ port, name }) => (port == null ? (name ?? '*') : String(port)))
    return [
      nameOf(object),
      object.addressType ?? '',
      shortened(ports) || '<unset>',
      shortened((object.endpoints ?? []).flatMap(({ addresses }) => addresses ?? [])) || '<unset>',
      ageOf(object, now),
    ]
  },
)

const storageClass = printer<StorageClass>(
  columnsOf('Name', 'Provisioner', 'ReclaimPolicy', 'VolumeBindingMode', 'AllowVolumeExpansion', 'Age'),
  (object, now) => {
    const annotations = object.metadata?.annotations
    const isDefault =
      annotations?.['storageclass.kubernetes.io/is-default-class'] === 'true' ||
      annotations?.['storageclass.beta.kubernetes.io/is-default-class'] === 'true'
    return [
      isDefault ? `${nameOf(object)} (default)` : nameOf(object),
      object.provisioner ?? '',
      object.reclaimPolicy ?? 'Delete',
      object.volumeBindingMode ?? 'Immediate',
      object.allowVolumeExpansion ?? false,
      ageOf(object, now),
    ]
  },
)

const volumeAttributesClass = printer<VolumeAttributesClass>(columnsOf('Name', 'DriverName', 'Age'), (object, now) => [
  nameOf(object),
  object.driverName ?? '',
  ageOf(object, now),
])

const volumeAttachment = printer<VolumeAttachment>(
  columnsOf('Name', 'Attacher', 'PV', 'Node', 'Attached:boolean', 'Age').map((column) =>
    column.name === 'Attacher' ? { ...column, format: 'name' } : column,
  ),
  (object, now) => [
    nameOf(object),
    object.spec?.attacher ?? '',
    object.spec?.source?.persistentVolumeName ?? '',
    object.spec?.nodeName ?? '',
    object.status?.attached ?? false,
    ageOf(object, now),
  ],
)

const csiNode = printer<CSINode>(columnsOf('Name', 'Drivers:integer', 'Age'), (object, now) => [
  nameOf(object),
  object.spec?.drivers?.length ?? 0,
  ageOf(object, now),
])

const csiDriver = printer<CSIDriver>(
  columnsOf(
    'Name',
    'AttachRequired:boolean',
    'PodInfoOnMount:boolean',
    'StorageCapacity:boolean',
    'TokenRequests',
    'RequiresRepublish:boolean',
    'Modes',
    'Age',
  ),
  (object, now) => [
    nameOf(object),
    object.spec?.attachRequired ?? true,
    object.spec?.podInfoOnMount ?? false,
    object.spec?.storageCapacity ?? false,
    object.spec?.tokenRequests ? object.spec.tokenRequests.map(({ audience }) => audience).join(',') : '<unset>',
    object.spec?.requiresRepublish ?? false,
    (object.spec?.volumeLifecycleModes ?? []).join(',') || '<none>',
    ageOf(object, now),
  ],
)

const csiStorageCapacity = printer<CSIStorageCapacity>(columnsOf('Name', 'StorageClassName', 'Capacity'), (object) => [
  nameOf(object),
  object.storageClassName ?? '',
  String(object.capacity ?? '<unset>'),
])

const roleBinding = printer<RoleBinding | ClusterRoleBinding>(
  columnsOf('Name', 'Role', 'Age', 'Users*', 'Groups*', 'ServiceAccounts*'),
  (object, now) => [
    nameOf(object),
    `${object.roleRef?.kind ?? ''}/${object.roleRef?.name ?? ''}`,
    ageOf(object, now),
    subjectsText(object.subjects, 'User'),
    subjectsText(object.subjects, 'Group'),
    subjectsText(object.subjects, 'ServiceAccount'),
  ],
)

function subjectsText(subjects: readonly Subject[] | null | undefined, kind: string): string {
  const names = (subjects ?? []).filter((subject) => subject.kind === kind)
  return names.map(({ name, namespace }) => (namespace ? `${namespace}/${name}` : name)).join(', ')
}

const certificateSigningRequest = printer<CertificateSigningRequest>(
  columnsOf('Name', 'Age', 'SignerName', 'Requestor', 'RequestedDuration', 'Condition'),
  (object, now) => [
    nameOf(object),
    ageOf(object, now),
    object.spec?.signerName || '<none>',
    object.spec?.username ?? '',
    object.spec?.expirationSeconds == null ? '<none>' : humanDuration(object.spec.expirationSeconds * 1000),
    certificateCondition(object),
  ],
)

function certificateCondition({ status }: CertificateSigningRequest): string {
  const has = (type: string): boolean => status?.conditions?.some((condition) => condition.type === type) ?? false
  const decision = has('Denied') ? 'Denied' : has('Approved') ? 'Approved' : 'Pending'
  return `${decision}${has('Failed') ? ',Failed' : ''}${status?.certificate ? ',Issued' : ''}`
}

const lease = printer<Lease>(columnsOf('Name', 'Holder', 'Age'), (object, now) => [
  nameOf(object),
  object.spec?.holderIdentity ?? '',
  ageOf(object, now),
])

const priorityClass = printer<PriorityClass>(
  columnsOf('Name', 'Value:integer', 'Global-Default:boolean', 'Age', 'PreemptionPolicy'),
  (object, now) => [
    nameOf(object),
    object.value ?? 0,
    object.globalDefault ?? false,
    ageOf(object, now),
    object.preemptionPolicy ?? '',
  ],
)

const runtimeClass = printer<RuntimeClass>(columnsOf('Name', 'Handler', 'Age'), (object, now) => [
  nameOf(object),
  object.handler ?? '',
  ageOf(object, now),
])

const webhookConfiguration = printer<MutatingWebhookConfiguration>(
  columnsOf('Name', 'Webhooks:integer', 'Age'),
  (object, now) => [nameOf(object), object.webhooks?.length ?? 0, ageOf(object, now)],
)

function paramKind(kind: { apiVersion?: string | undefined; kind?: string | undefined } | null | undefined): string {
  return kind ? `${kind.apiVersion ?? ''}/${kind.kind ?? ''}` : '<unset>'
}

const validatingAdmissionPolicy = printer<ValidatingAdmissionPolicy>(
  columnsOf('Name', 'Validations:integer', 'ParamKind', 'Age'),
  (object, now) => [
    nameOf(object),
    object.spec?.validations?.length ?? 0,
    paramKind(object.spec?.paramKind),
    ageOf(object, now),
  ],
)

const mutatingAdmissionPolicy = printer<MutatingAdmissionPolicy>(
  columnsOf('Name', 'Mutations:integer', 'ParamKind', 'Age'),
  (object, now) => [
    nameOf(object),
    object.spec?.mutations?.length ?? 0,
    paramKind(object.spec?.paramKind),
    ageOf(object, now),
  ],
)

const admissionPolicyBinding = printer<ValidatingAdmissionPolicyBinding>(
  columnsOf('Name', 'PolicyName', 'ParamRef', 'Age'),
  (object, now) => {
    const reference = object.spec?.paramRef
    const selector = reference?.selector ? formatLabelSelector(reference.selector) : '<unset>'
    return [
      nameOf(object),
      object.spec?.policyName ?? '',
      reference?.name ? `${reference.namespace || '*'}/${reference.name}` : selector,
      ageOf(object, now),
    ]
  },
)

const flowSchemaRow = printer<FlowSchema>(
  columnsOf('Name', 'PriorityLevel', 'MatchingPrecedence', 'DistinguisherMethod', 'Age', 'MissingPL'),
  (object, now) => [
    nameOf(object),
    object.spec?.priorityLevelConfiguration?.name ?? '',
    object.spec?.matchingPrecedence ?? 0,
    object.spec?.distinguisherMethod?.type ?? '<none>',
    ageOf(object, now),
    object.status?.conditions?.find(({ type }) => type === 'Dangling')?.status ?? '?',
  ],
)

/** In the order in which they are matched (printFlowSchemaList). */
const flowSchema: Printer = {
  ...flowSchemaRow,
  compare: (a, b) => precedenceOf(a) - precedenceOf(b) || (nameOf(a) < nameOf(b) ? -1 : 1),
}

function precedenceOf(object: FlowSchema): number {
  return object.spec?.matchingPrecedence ?? 0
}

const priorityLevelConfiguration = printer<PriorityLevelConfiguration>(
  columnsOf('Name', 'Type', 'NominalConcurrencyShares', 'Queues', 'HandSize', 'QueueLengthLimit', 'Age'),
  (object, now) => {
    const queuing = object.spec?.limited?.limitResponse?.queuing
    return [
      nameOf(object),
      object.spec?.type ?? '',
      object.spec?.limited ? (object.spec.limited.nominalConcurrencyShares ?? 0) : '<none>',
      queuing ? (queuing.queues ?? 0) : '<none>',
      queuing ? (queuing.handSize ?? 0) : '<none>',
      queuing ? (queuing.queueLengthLimit ?? 0) : '<none>',
      ageOf(object, now),
    ]
  },
)

const nameAndAge = printer<Lease>(columnsOf('Name', 'Age'), (object, now) => [nameOf(object), ageOf(object, now)])

const resourceClaim = printer<ResourceClaim>(columnsOf('Name', 'State', 'Age'), (object, now) => {
  const states: string[] = []
  if (object.metadata?.deletionTimestamp) states.push('deleted')
  if (object.status?.allocation) {
    states.push('allocated')
    if ((object.status.reservedFor?.length ?? 0) > 0) states.push('reserved')
  } else if (!object.metadata?.deletionTimestamp) states.push('pending')
  return [nameOf(object), states.join(','), ageOf(object, now)]
})

const resourceSlice = printer<ResourceSlice>(columnsOf('Name', 'Node', 'Driver', 'Pool', 'Age'), (object, now) => [
  nameOf(object),
  object.spec?.nodeName ?? '',
  object.spec?.driver ?? '',
  object.spec?.pool?.name ?? '',
  ageOf(object, now),
])

/** kube-aggregator's own printer (pkg/registry/apiservice/rest). */
const apiService = printer<APIService>(columnsOf('Name', 'Service', 'Available', 'Age'), (object, now) => {
  const service = object.spec?.service
  const condition = object.status?.conditions?.find(({ type }) => type === 'Available')
  const reason = condition && condition.status !== 'True' ? ` (${condition.reason ?? ''})` : ''
  return [
    nameOf(object),
    service ? `${service.namespace ?? ''}/${service.name ?? ''}` : 'Local',
    condition ? `${condition.status}${reason}` : 'Unknown',
    ageOf(object, now),
  ]
})

const eventsV1Event = printer<EventsV1Event>(
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
    const first = ageText(object.deprecatedFirstTimestamp ?? object.eventTime, now)
    const last = object.deprecatedLastTimestamp ? ageText(object.deprecatedLastTimestamp, now) : first
    const kind = (object.regarding?.kind ?? '').toLowerCase()
    const component = object.deprecatedSource?.component || object.reportingController || ''
    const instance = object.deprecatedSource?.host || object.reportingInstance || ''
    return [
      object.series ? ageText(object.series.lastObservedTime, now) : last,
      object.type ?? '',
      object.reason ?? '',
      object.regarding?.name ? `${kind}/${object.regarding.name}` : kind,
      object.regarding?.fieldPath ?? '',
      instance === '' ? component : `${component}, ${instance}`,
      (object.note ?? '').trim(),
      first,
      object.series ? object.series.count : object.deprecatedCount || 1,
      nameOf(object),
    ]
  },
)

export const clusterPrinters: Readonly<Record<string, Printer>> = {
  'admissionregistration.k8s.io/MutatingAdmissionPolicy': mutatingAdmissionPolicy,
  'admissionregistration.k8s.io/MutatingAdmissionPolicyBinding': admissionPolicyBinding,
  'admissionregistration.k8s.io/MutatingWebhookConfiguration': webhookConfiguration,
  'admissionregistration.k8s.io/ValidatingAdmissionPolicy': validatingAdmissionPolicy,
  'admissionregistration.k8s.io/ValidatingAdmissionPolicyBinding': admissionPolicyBinding,
  'admissionregistration.k8s.io/ValidatingWebhookConfiguration': webhookConfiguration,
  'apiregistration.k8s.io/APIService': apiService,
  'certificates.k8s.io/CertificateSigningRequest': certificateSigningRequest,
  'coordination.k8s.io/Lease': lease,
  'discovery.k8s.io/EndpointSlice': endpointSlice,
  'events.k8s.io/Event': eventsV1Event,
  'flowcontrol.apiserver.k8s.io/FlowSchema': flowSchema,
  'flowcontrol.apiserver.k8s.io/PriorityLevelConfiguration': priorityLevelConfiguration,
  'networking.k8s.io/IPAddress': ipAddress,
  'networking.k8s.io/Ingress': ingress,
  'networking.k8s.io/IngressClass': ingressClass,
  'networking.k8s.io/NetworkPolicy': networkPolicy,
  'networking.k8s.io/ServiceCIDR': serviceCIDR,
  'node.k8s.io/RuntimeClass': runtimeClass,
  'rbac.authorization.k8s.io/ClusterRoleBinding': roleBinding,
  'rbac.authorization.k8s.io/RoleBinding': roleBinding,
  'resource.k8s.io/DeviceClass': nameAndAge,
  'resource.k8s.io/ResourceClaim': resourceClaim,
  'resource.k8s.io/ResourceClaimTemplate': nameAndAge,
  'resource.k8s.io/ResourceSlice': resourceSlice,
  'scheduling.k8s.io/PriorityClass': priorityClass,
  'storage.k8s.io/CSIDriver': csiDriver,
  'storage.k8s.io/CSINode': csiNode,
  'storage.k8s.io/CSIStorageCapacity': csiStorageCapacity,
  'storage.k8s.io/StorageClass': storageClass,
  'storage.k8s.io/VolumeAttachment': volumeAttachment,
  'storage.k8s.io/VolumeAttributesClass': volumeAttributesClass,
}
