// Defaults of apps and batch (pkg/apis/{apps,batch}/v1/defaults.go). Structs that upstream always writes are made here.

import type {
  CronJob,
  DaemonSet,
  DaemonSetSpec,
  Deployment,
  DeploymentSpec,
  Job,
  JobSpec,
  ReplicaSet,
  ReplicaSetSpec,
  StatefulSet,
  StatefulSetSpec,
} from '../generated/kinds.ts'
import { defaultPodTemplate } from './pod-spec.ts'
import { defaultResourceList } from './resource-list.ts'
import { defaultClaimSpec } from './volumes.ts'

export function defaultDeployment(deployment: Deployment): void {
  // It has no selector either, as validation then says.
  deployment.spec ??= {} as DeploymentSpec
  deployment.status ??= {}
  const spec = deployment.spec
  spec.replicas ??= 1
  spec.strategy ??= {}
  spec.strategy.type ||= 'RollingUpdate'
  if (spec.strategy.type === 'RollingUpdate') {
    const rolling = (spec.strategy.rollingUpdate ??= {})
    rolling.maxUnavailable ??= '25%'
    rolling.maxSurge ??= '25%'
  }
  spec.revisionHistoryLimit ??= 10
  spec.progressDeadlineSeconds ??= 600
  spec.template ??= {}
  defaultPodTemplate(spec.template)
}

export function defaultReplicaSet(set: ReplicaSet): void {
  set.spec ??= {} as ReplicaSetSpec
  set.status ??= { replicas: 0 }
  set.spec.replicas ??= 1
  set.spec.template ??= {}
  defaultPodTemplate(set.spec.template)
}

export function defaultDaemonSet(set: DaemonSet): void {
  set.spec ??= {} as DaemonSetSpec
  set.status ??= { currentNumberScheduled: 0, numberMisscheduled: 0, desiredNumberScheduled: 0, numberReady: 0 }
  const spec = set.spec
  spec.updateStrategy ??= {}
  spec.updateStrategy.type ||= 'RollingUpdate'
  if (spec.updateStrategy.type === 'RollingUpdate') {
    const rolling = (spec.updateStrategy.rollingUpdate ??= {})
    rolling.maxUnavailable ??= 1
    rolling.maxSurge ??= 0
  }
  spec.revisionHistoryLimit ??= 10
  spec.template ??= {}
  defaultPodTemplate(spec.template)
}

export function defaultStatefulSet(set: StatefulSet): void {
  set.spec ??= {} as StatefulSetSpec
  set.status ??= { replicas: 0 }
  const spec = set.spec
  spec.podManagementPolicy ||= 'OrderedReady'
  defaultStatefulSetStrategy(spec)
  const retention = (spec.persistentVolumeClaimRetentionPolicy ??= {})
  retention.whenDeleted ||= 'Retain'
  retention.whenScaled ||= 'Retain'
  spec.replicas ??= 1
  spec.revisionHistoryLimit ??= 10
  spec.template ??= {}
  defaultPodTemplate(spec.template)
  for (const claim of spec.volumeClaimTemplates ?? []) {
    claim.apiVersion = 'v1'
    claim.kind = 'PersistentVolumeClaim'
    claim.spec ??= {}
    defaultClaimSpec(claim.spec)
    claim.status ??= {}
    claim.status.phase ||= 'Pending'
    defaultResourceList(claim.status.capacity)
  }
}

/** rollingUpdate appears only where no strategy was given at all; where it stands, its fields are filled. */
function defaultStatefulSetStrategy(spec: NonNullable<StatefulSet['spec']>): void {
  const strategy = (spec.updateStrategy ??= {})
  if (!strategy.type) {
    strategy.type = 'RollingUpdate'
    strategy.rollingUpdate ??= {}
  }
  if (strategy.type !== 'RollingUpdate' || !strategy.rollingUpdate) return
  strategy.rollingUpdate.partition ??= 0
}

export function defaultJob(job: Job): void {
  job.spec ??= { template: {} }
  job.status ??= {}
  const spec = job.spec
  if (spec.completions == null && spec.parallelism == null) spec.completions = 1
  spec.parallelism ??= 1
  spec.backoffLimit ??= spec.backoffLimitPerIndex == null ? 6 : 0x7fff_ffff
  const labels = spec.template?.metadata?.labels
  if (labels && Object.keys(job.metadata?.labels ?? {}).length === 0) (job.metadata ??= {}).labels = { ...labels }
  spec.completionMode ??= 'NonIndexed'
  spec.suspend ??= false
  spec.podReplacementPolicy ??= spec.podFailurePolicy ? 'Failed' : 'TerminatingOrFailed'
  spec.manualSelector ??= false
  defaultJobTemplate(spec)
}

/** What also the job template of a CronJob gets: nothing of the job itself, only of its pods. */
function defaultJobTemplate(spec: JobSpec): void {
  spec.template ??= {}
  defaultPodTemplate(spec.template)
  for (const rule of spec.podFailurePolicy?.rules ?? []) {
    for (const pattern of rule.onPodConditions ?? []) pattern.status ||= 'True'
  }
}

export function defaultCronJob(job: CronJob): void {
  job.spec ??= { schedule: '', jobTemplate: {} }
  job.status ??= {}
  const spec = job.spec
  spec.concurrencyPolicy ||= 'Allow'
  spec.suspend ??= false
  spec.successfulJobsHistoryLimit ??= 3
  spec.failedJobsHistoryLimit ??= 1
  spec.jobTemplate ??= {}
  spec.jobTemplate.metadata ??= {}
  spec.jobTemplate.spec ??= { template: {} }
  defaultJobTemplate(spec.jobTemplate.spec)
}
