// Rows of apps, batch, autoscaling and policy (pkg/printers/internalversion).

import type {
  ControllerRevision,
  CronJob,
  DaemonSet,
  Deployment,
  HorizontalPodAutoscaler,
  Job,
  MetricSpec,
  MetricStatus,
  PodDisruptionBudget,
  PodTemplate,
  ReplicaSet,
  ReplicationController,
  Scale,
  StatefulSet,
} from '../generated/kinds.ts'
import { formatLabelSelector, labelRequirements, labelSelectorText } from '../selectors.ts'
import { ageText, humanDuration, parseTime } from '../time.ts'
import { ageOf, booleanText, columnsOf, containerCells, labelsText, nameOf, printer, type Printer } from './printer.ts'

const wideColumns = ['Containers*', 'Images*', 'Selector*']
const replicaColumns = columnsOf('Name', 'Desired:integer', 'Current:integer', 'Ready:integer', 'Age', ...wideColumns)

const deployment = printer<Deployment>(
  columnsOf('Name', 'Ready', 'Up-to-date:string', 'Available:string', 'Age', ...wideColumns),
  (object, now) => {
    const { spec, status } = object
    const requirements = labelRequirements(spec?.selector)
    return [
      nameOf(object),
      `${status?.readyReplicas ?? 0}/${spec?.replicas ?? 0}`,
      status?.updatedReplicas ?? 0,
      status?.availableReplicas ?? 0,
      ageOf(object, now),
      ...containerCells(spec?.template?.spec?.containers),
      requirements ? labelSelectorText(requirements) : spec?.selector ? '<invalid>' : '',
    ]
  },
)

const replicaSet = printer<ReplicaSet>(replicaColumns, (object, now) => [
  nameOf(object),
  object.spec?.replicas ?? 0,
  object.status?.replicas ?? 0,
  object.status?.readyReplicas ?? 0,
  ageOf(object, now),
  ...containerCells(object.spec?.template?.spec?.containers),
  formatLabelSelector(object.spec?.selector),
])

const replicationController = printer<ReplicationController>(replicaColumns, (object, now) => [
  nameOf(object),
  object.spec?.replicas ?? 0,
  object.status?.replicas ?? 0,
  object.status?.readyReplicas ?? 0,
  ageOf(object, now),
  ...containerCells(object.spec?.template?.spec?.containers),
  labelsText(object.spec?.selector),
])

const daemonSet = printer<DaemonSet>(
  columnsOf(
    'Name',
    'Desired:integer',
    'Current:integer',
    'Ready:integer',
    'Up-to-date:integer',
    'Available:integer',
    'Node Selector',
    'Age',
    ...wideColumns,
  ),
  (object, now) => [
    nameOf(object),
    object.status?.desiredNumberScheduled ?? 0,
    object.status?.currentNumberScheduled ?? 0,
    object.status?.numberReady ?? 0,
    object.status?.updatedNumberScheduled ?? 0,
    object.status?.numberAvailable ?? 0,
    labelsText(object.spec?.template?.spec?.nodeSelector),
    ageOf(object, now),
    ...containerCells(object.spec?.template?.spec?.containers),
    formatLabelSelector(object.spec?.selector),
  ],
)

const statefulSet = printer<StatefulSet>(columnsOf('Name', 'Ready', 'Age', 'Containers*', 'Images*'), (object, now) => [
  nameOf(object),
  `${object.status?.readyReplicas ?? 0}/${object.spec?.replicas ?? 0}`,
  ageOf(object, now),
  ...containerCells(object.spec?.template?.spec?.containers),
])

const job = printer<Job>(
  columnsOf('Name', 'Status', 'Completions', 'Duration', 'Age', ...wideColumns),
  (object, now) => [
    nameOf(object),
    jobStatus(object),
    jobCompletions(object),
    jobDuration(object, now),
    ageOf(object, now),
    ...containerCells(object.spec?.template?.spec?.containers),
    formatLabelSelector(object.spec?.selector),
  ],
)

function jobStatus(object: Job): string {
  const has = (type: string): boolean =>
    object.status?.conditions?.find((condition) => condition.type === type)?.status === 'True'
  if (has('Complete')) return 'Complete'
  if (has('Failed')) return 'Failed'
  if (object.metadata?.deletionTimestamp) return 'Terminating'
  if (has('Suspended')) return 'Suspended'
  if (has('FailureTarget')) return 'FailureTarget'
  return has('SuccessCriteriaMet') ? 'SuccessCriteriaMet' : 'Running'
}

function jobCompletions({ spec, status }: Job): string {
  const succeeded = status?.succeeded ?? 0
  if (spec?.completions != null) return `${succeeded}/${spec.completions}`
  const parallelism = spec?.parallelism ?? 0
  return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`
}

function jobDuration({ status }: Job, now: number): string {
  const started = status?.startTime ? parseTime(status.startTime) : undefined
  if (started === undefined) return ''
  const ended = status?.completionTime ? parseTime(status.completionTime) : undefined
  return humanDuration((ended ?? now) - started)
}

const cronJob = printer<CronJob>(
  columnsOf(
    'Name',
    'Schedule',
    'Timezone',
    'Suspend:boolean',
    'Active:integer',
    'Last Schedule',
    'Age',
    ...wideColumns,
  ),
  (object, now) => [
    nameOf(object),
    object.spec?.schedule ?? '',
    object.spec?.timeZone ?? '<none>',
    booleanText(object.spec?.suspend),
    object.status?.active?.length ?? 0,
    object.status?.lastScheduleTime ? ageText(object.status.lastScheduleTime, now) : '<none>',
    ageOf(object, now),
    ...containerCells(object.spec?.jobTemplate?.spec?.template?.spec?.containers),
    formatLabelSelector(object.spec?.jobTemplate?.spec?.selector),
  ],
)

const controllerRevision = printer<ControllerRevision>(
  columnsOf('Name', 'Controller', 'Revision', 'Age'),
  (object, now) => {
    const owner = object.metadata?.ownerReferences?.find(({ controller }) => controller)
    const group = owner?.apiVersion.includes('/') ? `.${owner.apiVersion.split('/')[0]}` : ''
    return [
      nameOf(object),
      owner ? `${`${owner.kind}${group}`.toLowerCase()}/${owner.name}` : '<none>',
      object.revision ?? 0,
      ageOf(object, now),
    ]
  },
)

const podTemplate = printer<PodTemplate>(columnsOf('Name', 'Containers', 'Images', 'Pod Labels'), (object) => [
  nameOf(object),
  ...containerCells(object.template?.spec?.containers),
  labelsText(object.template?.metadata?.labels),
])

const podDisruptionBudget = printer<PodDisruptionBudget>(
  columnsOf('Name', 'Min Available', 'Max Unavailable', 'Allowed Disruptions:integer', 'Age'),
  (object, now) => [
    nameOf(object),
    object.spec?.minAvailable == null ? 'N/A' : String(object.spec.minAvailable),
    object.spec?.maxUnavailable == null ? 'N/A' : String(object.spec.maxUnavailable),
    object.status?.disruptionsAllowed ?? 0,
    ageOf(object, now),
  ],
)

const scale = printer<Scale>(columnsOf('Name', 'Desired:integer', 'Available:integer', 'Age'), (object, now) => [
  nameOf(object),
  object.spec?.replicas ?? 0,
  object.status?.replicas ?? 0,
  ageOf(object, now),
])

const horizontalPodAutoscaler = printer<HorizontalPodAutoscaler>(
  columnsOf('Name', 'Reference', 'Targets', 'MinPods', 'MaxPods', 'Replicas', 'Age'),
  (object, now) => [
    nameOf(object),
    `${object.spec?.scaleTargetRef.kind ?? ''}/${object.spec?.scaleTargetRef.name ?? ''}`,
    metricsText(object.spec?.metrics ?? [], object.status?.currentMetrics ?? []),
    object.spec?.minReplicas == null ? '<unset>' : String(object.spec.minReplicas),
    object.spec?.maxReplicas ?? 0,
    object.status?.currentReplicas ?? 0,
    ageOf(object, now),
  ],
)

/** formatHPAMetrics: the first two metrics and how many more. */
function metricsText(specs: readonly MetricSpec[], statuses: readonly MetricStatus[]): string {
  if (specs.length === 0) return '<none>'
  const texts = specs.map((spec, index) => metricText(spec, statuses[index]))
  const shown = texts.slice(0, 2).join(', ')
  return texts.length > 2 ? `${shown} + ${texts.length - 2} more...` : shown
}

function metricText(spec: MetricSpec, status: MetricStatus | undefined): string {
  switch (spec.type) {
    case 'External':
      return valueText(spec.external?.target, status?.external?.current)
    case 'Object':
      return valueText(spec.object?.target, status?.object?.current)
    case 'Pods':
      return `${status?.pods?.current?.averageValue ?? '<unknown>'}/${spec.pods?.target.averageValue ?? '0'}`
    case 'Resource':
      return resourceText(spec.resource, status?.resource?.current)
    case 'ContainerResource':
      return resourceText(spec.containerResource, status?.containerResource?.current)
    default:
      return '<unknown type>'
  }
}

interface Amounts {
  value?: string | number | undefined
  averageValue?: string | number | undefined
  averageUtilization?: number | undefined
}

function valueText(target: Amounts | undefined, current: Amounts | undefined): string {
  if (target?.averageValue != null) return `${current?.averageValue ?? '<unknown>'}/${target.averageValue} (avg)`
  return `${current?.value ?? '<unknown>'}/${target?.value ?? '0'}`
}

function resourceText(
  spec: { name: string; target: Amounts } | null | undefined,
  current: Amounts | undefined,
): string {
  if (!spec) return '<unknown type>'
  if (spec.target.averageValue != null) {
    return `${spec.name}: ${current?.averageValue ?? '<unknown>'}/${spec.target.averageValue}`
  }
  const percent = (value: number | null | undefined): string | undefined => (value == null ? undefined : `${value}%`)
  const now = percent(current?.averageUtilization) ?? '<unknown>'
  return `${spec.name}: ${now}/${percent(spec.target.averageUtilization) ?? '<auto>'}`
}

export const workloadPrinters: Readonly<Record<string, Printer>> = {
  '/PodTemplate': podTemplate,
  '/ReplicationController': replicationController,
  'apps/ControllerRevision': controllerRevision,
  'apps/DaemonSet': daemonSet,
  'apps/Deployment': deployment,
  'apps/ReplicaSet': replicaSet,
  'apps/StatefulSet': statefulSet,
  'autoscaling/HorizontalPodAutoscaler': horizontalPodAutoscaler,
  'autoscaling/Scale': scale,
  'batch/CronJob': cronJob,
  'batch/Job': job,
  'policy/PodDisruptionBudget': podDisruptionBudget,
}
