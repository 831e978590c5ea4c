// What a write may change, by kind: the pure part of upstream's strategies (pkg/registry/*/*/strategy.go). A create
// drops the status, an update keeps it, a status update keeps everything else, and metadata.generation counts changes
// of what the user asks for.

import type {
  Job,
  Namespace,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  Secret,
  StatefulSet,
} from './generated/kinds.ts'
import type { KubeObject, ObjectMeta } from './object.ts'
import { podQOSClass } from './pod-qos.ts'
import type { ResourceInfo } from './resource.ts'
import { semanticallyEqual } from './semantic-equality.ts'
import { dropTypeDependentFields } from './service-transitions.ts'
import { formatTime } from './time.ts'

type Kind = Pick<ResourceInfo, 'group' | 'kind' | 'subresources'>
type Fields = KubeObject & Record<string, unknown>

interface Lifecycle {
  /** The status of a new object; absent where the kind has none or keeps the client's. */
  emptyStatus?: () => object
  /**
   * What metadata.generation counts changes of: these fields, or everything but metadata and status. Absent: generation
   * is not kept.
   */
  counted?: readonly string[] | 'all'
  /** Metadata that a status update may not change: all that ResetObjectMetaForStatus lists, or single fields. */
  metadataKeptByStatus?: 'all' | readonly (keyof ObjectMeta)[]
  create?(object: never, now: number): void
  /** Runs after the status was restored and before generation is counted. */
  update?(object: never, old: never): void
  updateStatus?(object: never, old: never, now: number): void
}

const empty = (): object => ({})
const loadBalancer = (): object => ({ loadBalancer: {} })
const specCounted: Lifecycle = { counted: ['spec'] }
const specAndStatus: Lifecycle = { emptyStatus: empty, counted: ['spec'] }
const policyWithStatus: Lifecycle = { ...specAndStatus, metadataKeptByStatus: 'all' }
const webhooks: Lifecycle = { counted: ['webhooks'] }
const plain: Lifecycle = {}

/** Every built-in kind: one that is not here is custom. */
const byKind: Readonly<Record<string, Lifecycle>> = {
  '/Binding': plain,
  '/ConfigMap': plain,
  '/Endpoints': plain,
  '/Event': plain,
  '/LimitRange': plain,
  '/Namespace': { emptyStatus: () => ({ phase: 'Active' }), create: addKubernetesFinalizer, update: keepFinalizers },
  // Nodes bring their status along.
  '/Node': { create: dropConfigSource, updateStatus: dropNodeConfig, update: keepStatus },
  '/PersistentVolume': {
    emptyStatus: () => ({ phase: 'Pending' }),
    create: stampPhase,
    updateStatus: restampPhase,
  },
  '/PersistentVolumeClaim': {
    emptyStatus: () => ({ phase: 'Pending' }),
    create: completeDataSources,
    update: fillDataSources,
  },
  '/Pod': {
    emptyStatus: () => ({ phase: 'Pending' }),
    counted: ['spec'],
    metadataKeptByStatus: ['deletionTimestamp', 'deletionGracePeriodSeconds', 'ownerReferences'],
    create: completePod,
    updateStatus: keepQOSClass,
  },
  '/PodTemplate': { counted: ['template'] },
  '/ReplicationController': { emptyStatus: () => ({ replicas: 0 }), counted: ['spec'] },
  '/ResourceQuota': { emptyStatus: empty },
  '/Secret': { update: keepSecretType },
  '/Service': { emptyStatus: loadBalancer, update: dropTypeDependentFields },
  '/ServiceAccount': { create: cleanSecretReferences, update: cleanSecretReferences },
  'admissionregistration.k8s.io/MutatingAdmissionPolicy': specCounted,
  'admissionregistration.k8s.io/MutatingAdmissionPolicyBinding': specCounted,
  'admissionregistration.k8s.io/MutatingWebhookConfiguration': webhooks,
  'admissionregistration.k8s.io/ValidatingAdmissionPolicy': policyWithStatus,
  'admissionregistration.k8s.io/ValidatingAdmissionPolicyBinding': specCounted,
  'admissionregistration.k8s.io/ValidatingWebhookConfiguration': webhooks,
  'apiextensions.k8s.io/CustomResourceDefinition': policyWithStatus,
  'apiregistration.k8s.io/APIService': { emptyStatus: empty, metadataKeptByStatus: 'all' },
  'apps/ControllerRevision': plain,
  'apps/DaemonSet': {
    emptyStatus: () => ({
      currentNumberScheduled: 0,
      numberMisscheduled: 0,
      desiredNumberScheduled: 0,
      numberReady: 0,
    }),
    counted: ['spec'],
    create: startTemplateGeneration,
    update: countTemplateGeneration,
  },
  // Annotations count because rollbacks of the first API version were asked for by one.
  'apps/Deployment': { ...specAndStatus, counted: ['spec', 'annotations'], metadataKeptByStatus: ['labels'] },
  'apps/ReplicaSet': { emptyStatus: () => ({ replicas: 0 }), counted: ['spec'] },
  'apps/StatefulSet': {
    emptyStatus: () => ({ replicas: 0, availableReplicas: 0 }),
    counted: ['spec'],
    create: (set: StatefulSet) => dropMaxUnavailable(set),
    update: dropMaxUnavailable,
  },
  'autoscaling/HorizontalPodAutoscaler': { emptyStatus: () => ({ desiredReplicas: 0, currentMetrics: null }) },
  'batch/CronJob': specAndStatus,
  'batch/Job': { ...specAndStatus, create: generateJobSelector },
  // The requestor is filled in by the API server, which knows the user.
  'certificates.k8s.io/CertificateSigningRequest': { emptyStatus: empty, update: keepSpec },
  'coordination.k8s.io/Lease': plain,
  'discovery.k8s.io/EndpointSlice': { counted: ['endpoints', 'ports', 'addressType', 'labels'] },
  'events.k8s.io/Event': plain,
  'flowcontrol.apiserver.k8s.io/FlowSchema': policyWithStatus,
  'flowcontrol.apiserver.k8s.io/PriorityLevelConfiguration': policyWithStatus,
  'networking.k8s.io/IPAddress': plain,
  'networking.k8s.io/Ingress': { emptyStatus: loadBalancer, counted: ['spec'] },
  'networking.k8s.io/IngressClass': specCounted,
  'networking.k8s.io/NetworkPolicy': specCounted,
  'networking.k8s.io/ServiceCIDR': { emptyStatus: empty, metadataKeptByStatus: 'all' },
  'node.k8s.io/RuntimeClass': plain,
  'policy/PodDisruptionBudget': {
    emptyStatus: () => ({ disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 }),
    counted: ['spec'],
  },
  'rbac.authorization.k8s.io/ClusterRole': plain,
  'rbac.authorization.k8s.io/ClusterRoleBinding': plain,
  'rbac.authorization.k8s.io/Role': plain,
  'rbac.authorization.k8s.io/RoleBinding': plain,
  'resource.k8s.io/DeviceClass': specCounted,
  'resource.k8s.io/ResourceClaim': { emptyStatus: empty, metadataKeptByStatus: 'all' },
  'resource.k8s.io/ResourceClaimTemplate': plain,
  'resource.k8s.io/ResourceSlice': specCounted,
  'scheduling.k8s.io/PriorityClass': { create: startGeneration },
  'storage.k8s.io/CSIDriver': { counted: ['spec'] },
  'storage.k8s.io/CSINode': plain,
  'storage.k8s.io/CSIStorageCapacity': plain,
  'storage.k8s.io/StorageClass': plain,
  'storage.k8s.io/VolumeAttachment': { emptyStatus: () => ({ attached: false }), metadataKeptByStatus: 'all' },
  'storage.k8s.io/VolumeAttributesClass': plain,
}

const customKind: Lifecycle = { counted: 'all' }
const customKindWithStatus: Lifecycle = { counted: 'all', metadataKeptByStatus: 'all' }

function lifecycleOf(kind: Kind): Lifecycle {
  const known = byKind[`${kind.group}/${kind.kind}`]
  if (known) return known
  return hasStatusSubresource(kind) ? customKindWithStatus : customKind
}

function hasStatusSubresource(kind: Kind): boolean {
  return kind.subresources.some(({ name }) => name === 'status')
}

/** Drops what clients may not set on create; `object` is a private draft with its defaults applied. */
export function prepareForCreate(kind: Kind, object: KubeObject, now: () => number = Date.now): void {
  const draft = object as Fields
  const lifecycle = lifecycleOf(kind)
  if (lifecycle.emptyStatus) draft['status'] = lifecycle.emptyStatus()
  else if (lifecycle === customKindWithStatus) delete draft['status']
  if (lifecycle.counted) object.metadata.generation = 1
  lifecycle.create?.(object as never, now())
}

/** Restores what an update of the main resource may not change and counts the generation; `old` is not changed. */
export function prepareForUpdate(kind: Kind, object: KubeObject, old: KubeObject): void {
  const draft = object as Fields
  const before = old as Fields
  const lifecycle = lifecycleOf(kind)
  if (lifecycle.emptyStatus || lifecycle === customKindWithStatus) restore(draft, before, 'status')
  lifecycle.update?.(object as never, old as never)
  restore(object.metadata, old.metadata, 'generation')
  if (lifecycle.counted && hasChanged(lifecycle.counted, draft, before)) {
    object.metadata.generation = (old.metadata.generation ?? 0) + 1
  }
}

/**
 * What a write to the main resource or to `status` resets, as paths: nobody comes to own it by that write
 * (rest.ResetFieldsStrategy).
 */
export function resetFields(info: Kind & Pick<ResourceInfo, 'schema'>, subresource?: string): string[][] {
  const lifecycle = lifecycleOf(info)
  if (subresource === undefined) return lifecycle.emptyStatus || lifecycle === customKindWithStatus ? [['status']] : []
  if (subresource !== 'status' || info.schema.type !== 'object') return []
  const others = [...info.schema.fields.keys()].filter((name) => !notReset.has(name)).map((name) => [name])
  const kept = lifecycle.metadataKeptByStatus === 'all' ? metadataResetForStatus : lifecycle.metadataKeptByStatus
  return [...others, ...(kept ?? []).map((name) => ['metadata', name])]
}

const notReset: ReadonlySet<string> = new Set(['apiVersion', 'kind', 'metadata', 'status'])

/** Keeps everything but the status (and what metadata the kind lets a status update change). */
export function prepareForStatusUpdate(
  kind: Kind,
  object: KubeObject,
  old: KubeObject,
  now: () => number = Date.now,
): void {
  const draft = object as Fields
  const before = old as Fields
  const lifecycle = lifecycleOf(kind)
  for (const name in draft) {
    if (name !== 'status' && name !== 'metadata' && !(name in before)) delete draft[name]
  }
  for (const name in before) {
    if (name !== 'status' && name !== 'metadata') draft[name] = before[name]
  }
  restore(object.metadata, old.metadata, 'generation')
  const kept = lifecycle.metadataKeptByStatus === 'all' ? metadataResetForStatus : lifecycle.metadataKeptByStatus
  for (const name of kept ?? []) restore(object.metadata, old.metadata, name)
  lifecycle.updateStatus?.(object as never, old as never, now())
}

/** metav1.ResetObjectMetaForStatus. */
const metadataResetForStatus: readonly (keyof ObjectMeta)[] = [
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'selfLink',
  'labels',
  'annotations',
  'finalizers',
  'ownerReferences',
]

function restore<T extends object>(object: T, old: T, name: keyof T): void {
  if (old[name] === undefined) delete object[name]
  else object[name] = old[name]
}

function hasChanged(counted: readonly string[] | 'all', object: Fields, old: Fields): boolean {
  if (counted !== 'all') return counted.some((name) => !semanticallyEqual(part(object, name), part(old, name)))
  const names = new Set([...Object.keys(object), ...Object.keys(old)])
  for (const name of ['metadata', 'status', 'apiVersion', 'kind']) names.delete(name)
  return [...names].some((name) => !semanticallyEqual(object[name], old[name]))
}

function part(object: Fields, name: string): unknown {
  return name === 'labels' || name === 'annotations' ? object.metadata[name] : object[name]
}

function keepStatus(object: Fields, old: Fields): void {
  restore(object, old, 'status')
}

function keepSpec(object: Fields, old: Fields): void {
  restore(object, old, 'spec')
}

function startGeneration(object: KubeObject): void {
  object.metadata.generation = 1
}

function addKubernetesFinalizer(namespace: Namespace): void {
  const spec = (namespace.spec ??= {})
  if (!spec.finalizers?.includes('kubernetes')) spec.finalizers = [...(spec.finalizers ?? []), 'kubernetes']
}

function keepFinalizers(namespace: Namespace, old: Namespace): void {
  namespace.spec = { ...namespace.spec }
  if (old.spec?.finalizers) namespace.spec.finalizers = old.spec.finalizers
  else delete namespace.spec.finalizers
}

/** Dynamic configuration of kubelets is gone. */
function dropConfigSource({ spec }: { spec?: { configSource?: unknown } }): void {
  delete spec?.configSource
}

function dropNodeConfig(node: { status?: { config?: unknown } }, old: { status?: { config?: unknown } }): void {
  if (node.status && old.status?.config == null) delete node.status.config
}

function completePod(pod: Pod): void {
  const { spec } = pod
  // Nobody waits less than no time; upstream converts it so.
  if (spec?.terminationGracePeriodSeconds != null && spec.terminationGracePeriodSeconds < 0) {
    spec.terminationGracePeriodSeconds = 1
  }
  pod.status = { ...pod.status, qosClass: podQOSClass(pod) }
  if ((pod.spec?.schedulingGates?.length ?? 0) === 0) return
  pod.status.conditions = [
    {
      type: 'PodScheduled',
      status: 'False',
      reason: 'SchedulingGated',
      message: 'Scheduling is blocked due to non-empty scheduling gates',
    },
  ]
}

function keepQOSClass(pod: Pod, old: Pod): void {
  if (old.status?.qosClass) (pod.status ??= {}).qosClass ||= old.status.qosClass
}

function stampPhase(volume: PersistentVolume, now: number): void {
  volume.status = { phase: 'Pending', lastPhaseTransitionTime: formatTime(now) }
}

/** A phase that changed without a new time gets one; a time that was left out is kept. */
function restampPhase(volume: PersistentVolume, old: PersistentVolume, now: number): void {
  const status = (volume.status ??= {})
  const before = old.status?.lastPhaseTransitionTime
  if (old.status?.phase === status.phase) {
    if (before) status.lastPhaseTransitionTime ??= before
  } else if (!status.lastPhaseTransitionTime || status.lastPhaseTransitionTime === before) {
    status.lastPhaseTransitionTime = formatTime(now)
  }
}

/** Behind MaxUnavailableStatefulSet, which is off in 1.36; what was stored while it was on is kept. */
function dropMaxUnavailable({ spec }: StatefulSet, old?: StatefulSet): void {
  if (old?.spec?.updateStrategy?.rollingUpdate?.maxUnavailable == null) {
    delete spec?.updateStrategy?.rollingUpdate?.maxUnavailable
  }
}

/** A source that is neither a claim nor a snapshot was always ignored in the older of the two fields. */
function completeDataSources(claim: PersistentVolumeClaim): void {
  const { spec } = claim
  const source = spec?.dataSource
  if (spec && source && !spec.dataSourceRef) {
    const isClaim = source.kind === 'PersistentVolumeClaim' && !source.apiGroup
    const isSnapshot = source.kind === 'VolumeSnapshot' && source.apiGroup === 'snapshot.storage.k8s.io'
    if (!isClaim && !isSnapshot) delete spec.dataSource
  }
  fillDataSources(claim)
}

/** Both fields say the same, unless the newer one names a namespace (NormalizeDataSources). */
function fillDataSources({ spec }: PersistentVolumeClaim): void {
  if (!spec || spec.dataSourceRef?.namespace) return
  if (spec.dataSource) spec.dataSourceRef ??= { ...spec.dataSource }
  else if (spec.dataSourceRef) {
    const { apiGroup, kind, name } = spec.dataSourceRef
    spec.dataSource = { ...(apiGroup === undefined ? {} : { apiGroup }), kind, name }
  }
}

function keepSecretType(secret: Secret, old: Secret): void {
  if (!secret.type && old.type) secret.type = old.type
}

/** Of the references to secrets only the names are kept. */
function cleanSecretReferences(account: { secrets?: { name?: string }[] }): void {
  if (account.secrets) account.secrets = account.secrets.map(({ name }) => (name ? { name } : {}))
}

interface TemplateGeneration {
  spec?: { template?: unknown }
  metadata: ObjectMeta
}

const templateGeneration = 'deprecated.daemonset.template.generation'

/** Upstream's internal templateGeneration is this annotation in apps/v1. */
function startTemplateGeneration(set: TemplateGeneration): void {
  const annotations = (set.metadata.annotations ??= {})
  if (!(Number(annotations[templateGeneration] ?? '0') >= 1)) annotations[templateGeneration] = '1'
}

function countTemplateGeneration(set: TemplateGeneration, old: TemplateGeneration): void {
  const before = Number(old.metadata.annotations?.[templateGeneration] ?? '0')
  const changed = !semanticallyEqual(set.spec?.template, old.spec?.template)
  const annotations = (set.metadata.annotations ??= {})
  annotations[templateGeneration] = String(changed ? before + 1 : before)
}

const controllerUid = 'batch.kubernetes.io/controller-uid'
const jobName = 'batch.kubernetes.io/job-name'

/**
 * The selector that makes a Job own its pods and no others, with labels under the old and the new names. Labels that the
 * Job took from its template follow the template (upstream's defaulting makes them one map).
 */
function generateJobSelector(job: Job): void {
  const spec = job.spec
  if (!spec || spec.manualSelector === true) return
  const uid = job.metadata?.uid ?? ''
  const name = job.metadata?.name ?? ''
  const template = (spec.template.metadata ??= {})
  const inherited = semanticallyEqual(job.metadata?.labels, template.labels)
  template.labels = {
    'job-name': name,
    [jobName]: name,
    'controller-uid': uid,
    [controllerUid]: uid,
    ...template.labels,
  }
  if (inherited) (job.metadata ??= {}).labels = { ...template.labels }
  spec.selector = { ...spec.selector, matchLabels: { [controllerUid]: uid, ...spec.selector?.matchLabels } }
}
