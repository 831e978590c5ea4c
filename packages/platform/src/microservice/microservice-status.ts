// What a Microservice's status says of its workload, its pods and its address.

import {
  type Clock,
  type HorizontalPodAutoscaler,
  type Job,
  type Pod,
  type Service,
  reachableAddress,
} from '@binnacle/api'
import { type Microservice, type MicroserviceStatus, selectorLabels } from '@binnacle/model'
import { type Finding, conditionsOf } from '../conditions.ts'
import type { Trouble } from '../pod-trouble.ts'
import { type WorkloadState, newestFirst, workloadTrouble } from '../workload.ts'

export interface Observed extends WorkloadState {
  /** Why nothing could be rendered or applied. */
  failure?: Trouble
  /** Whether `failure` is a need that rendering found unmet. */
  unresolved?: boolean
  built?: Finding
  autoscaler: HorizontalPodAutoscaler | undefined
  /** Admin processes of this version. */
  jobs: readonly Job[]
  url: string | undefined
  clock: Clock
}

export function microserviceStatus(service: Microservice, observed: Observed): MicroserviceStatus {
  const { deployment, statefulSet, pods, failure, unresolved, built, url, clock } = observed
  const workload = deployment ?? statefulSet
  const image = runningImage(service, pods) ?? workload?.spec?.template.spec?.containers[0]?.image
  const findings: Finding[] = [
    readyOf(service, observed),
    progressingOf(observed),
    ...(built === undefined ? [] : [built]),
    ...(service.spec.autoscaling === undefined ? [] : [scalingOf(observed.autoscaler)]),
    unresolved === true && failure !== undefined
      ? { type: 'Resolved', status: 'False', ...failure }
      : { type: 'Resolved', status: 'True', reason: 'Resolved', message: '' },
  ]
  return {
    observedGeneration: service.metadata.generation ?? 0,
    conditions: conditionsOf(service, findings, clock),
    replicas: workload?.status?.replicas ?? 0,
    readyReplicas: workload?.status?.readyReplicas ?? 0,
    ...(image === undefined ? {} : { image }),
    ...(url === undefined ? {} : { url }),
    selector: Object.entries(selectorLabels(service.metadata.name ?? ''))
      .map(([label, value]) => `${label}=${value}`)
      .join(','),
  }
}

function readyOf(service: Microservice, observed: Observed): Finding {
  const { failure } = observed
  const notReady = (trouble: Trouble): Finding => ({ type: 'Ready', status: 'False', ...trouble })
  if (failure !== undefined) return notReady(failure)
  const job = failedJob(observed.jobs)
  if (job !== undefined) return notReady(job)
  const counts = countsOf(observed)
  if (counts === undefined) return notReady({ reason: 'Progressing', message: 'the workload is being made' })
  const { wanted, available, isRolledOut, paused } = counts
  if (isRolledOut && wanted === 0)
    return { type: 'Ready', status: 'True', reason: 'Stopped', message: 'stopped: replicas is 0' }
  if (isRolledOut && available >= wanted)
    return {
      type: 'Ready',
      status: 'True',
      reason: 'Available',
      message: `${available} of ${wanted} replicas are ready`,
    }
  if (paused && available >= wanted)
    return { type: 'Ready', status: 'True', reason: 'Paused', message: 'rollout.paused holds the new version back' }
  if (paused && !isRolledOut)
    return notReady({ reason: 'Paused', message: 'rollout.paused holds the new version back: set it to false' })
  return notReady(
    workloadTrouble(observed) ?? {
      reason: 'Progressing',
      message: isRolledOut
        ? `${available} of ${wanted} replicas are ready`
        : `a new version is being rolled out: ${counts.updated} of ${wanted} replicas run it`,
    },
  )
}

/** What a version needs done before or beside it was not done. */
function failedJob(jobs: readonly Job[]): Trouble | undefined {
  for (const { metadata, status } of jobs) {
    const failed = status?.conditions?.find(({ type, status: is }) => type === 'Failed' && is === 'True')
    if (failed !== undefined)
      return {
        reason: 'JobFailed',
        message: `job ${metadata.name} failed: ${failed.message ?? failed.reason ?? ''}; its log says more, and deleting the Job tries it again`,
      }
  }
  return undefined
}

interface Counts {
  wanted: number
  updated: number
  available: number
  /** Every replica is of the newest version. */
  isRolledOut: boolean
  paused: boolean
}

function countsOf({ deployment, statefulSet }: WorkloadState): Counts | undefined {
  if (deployment !== undefined) {
    const { spec, status, metadata } = deployment
    const wanted = spec?.replicas ?? 1
    const updated = status?.updatedReplicas ?? 0
    const isRolledOut =
      (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0) &&
      updated >= wanted &&
      (status?.replicas ?? 0) <= updated
    return { wanted, updated, available: status?.availableReplicas ?? 0, isRolledOut, paused: spec?.paused === true }
  }
  if (statefulSet === undefined) return undefined
  const { spec, status, metadata } = statefulSet
  const wanted = spec?.replicas ?? 1
  const updated = status?.updatedReplicas ?? 0
  const isRolledOut =
    (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0) &&
    updated >= wanted &&
    status?.currentRevision === status?.updateRevision
  return { wanted, updated, available: status?.availableReplicas ?? 0, isRolledOut, paused: false }
}

function progressingOf(observed: Observed): Finding {
  const { deployment, statefulSet } = observed
  const known =
    deployment === undefined ? undefined : deployment.status?.conditions?.find(({ type }) => type === 'Progressing')
  if (known !== undefined)
    return {
      type: 'Progressing',
      status: known.status === 'True' ? 'True' : known.status === 'False' ? 'False' : 'Unknown',
      reason: known.reason ?? 'Progressing',
      message: known.message ?? '',
    }
  if (statefulSet === undefined)
    return { type: 'Progressing', status: 'Unknown', reason: 'Waiting', message: 'no rollout has begun' }
  const counts = countsOf(observed)
  return counts?.isRolledOut === true && counts.available >= counts.wanted
    ? { type: 'Progressing', status: 'True', reason: 'RolloutComplete', message: '' }
    : { type: 'Progressing', status: 'True', reason: 'RollingOut', message: '' }
}

/** Whether somebody acts on the autoscaler: a cluster may have neither its controller nor metrics. */
function scalingOf(autoscaler: HorizontalPodAutoscaler | undefined): Finding {
  const active = autoscaler?.status?.conditions?.find(({ type }) => type === 'ScalingActive')
  if (active === undefined)
    return {
      type: 'Autoscaling',
      status: 'Unknown',
      reason: 'NotActive',
      message:
        'nothing acts on the HorizontalPodAutoscaler: this cluster has no controller for it, or no metrics; set replicas instead to scale by hand',
    }
  const status = active.status === 'True' || active.status === 'False' ? active.status : 'Unknown'
  return { type: 'Autoscaling', status, reason: active.reason ?? 'ScalingActive', message: active.message ?? '' }
}

/** `name:tag@sha256:…` of what the newest ready pod runs. */
function runningImage(service: Microservice, pods: readonly Pod[]): string | undefined {
  const statuses = newestFirst(pods).flatMap(({ status }) => status?.containerStatuses ?? [])
  const status = statuses.find(({ name, imageID }) => name === service.metadata.name && imageID !== '')
  if (status === undefined) return undefined
  const digest = /sha256:[a-f0-9]{64}/.exec(status.imageID)?.[0]
  return digest === undefined || status.image.includes('@') ? status.image : `${status.image}@${digest}`
}

/** Protocols that a browser or curl speaks. */
const webProtocols = /^(https?|kubernetes\.io\/(h2c|ws|wss))$/

export interface UrlOptions {
  /** Address of a node, for node ports. */
  nodeAddress: string | undefined
  /** Whether addresses inside the cluster are reached from here also. */
  isLocal: boolean
}

/** Where the first port of the service is reached from outside. */
export function serviceUrl(service: Service | undefined, { nodeAddress, isLocal }: UrlOptions): string | undefined {
  const port = service?.spec?.ports?.find(({ protocol }) => (protocol ?? 'TCP') === 'TCP')
  if (service === undefined || port === undefined) return undefined
  if (port.appProtocol !== undefined && !webProtocols.test(port.appProtocol)) return undefined
  const scheme = port.appProtocol === 'https' || port.appProtocol === 'kubernetes.io/wss' ? 'https' : 'http'
  const at = outsideAddress(service, port, { nodeAddress, isLocal })
  if (at === undefined) return undefined
  const usual = scheme === 'https' ? 443 : 80
  return `${scheme}://${at.host.includes(':') ? `[${at.host}]` : at.host}${at.port === usual ? '' : `:${at.port}`}`
}

function outsideAddress(
  service: Service,
  { port, nodePort }: { port: number; nodePort?: number | undefined },
  { nodeAddress, isLocal }: UrlOptions,
): { host: string; port: number } | undefined {
  const ingress = service.status?.loadBalancer?.ingress?.[0]
  const host = ingress?.ip ?? ingress?.hostname
  // Where the machine refuses the Service's own port, the address is a port of 127.0.0.1.
  if (host === '127.0.0.1') return reachableAddress(service, port)
  if (host !== undefined) return { host, port }
  if (isLocal) return reachableAddress(service, port)
  if (nodePort !== undefined && nodePort !== 0 && nodeAddress !== undefined)
    return { host: nodeAddress, port: nodePort }
  return undefined
}
