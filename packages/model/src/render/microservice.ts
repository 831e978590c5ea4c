// A Microservice as plain objects: configuration first, then the workload, then what stands around it.

import type {
  ConfigMap,
  CronJob,
  Deployment,
  HorizontalPodAutoscaler,
  Job,
  KubeObject,
  NetworkPolicy,
  PodDisruptionBudget,
  PodTemplateSpec,
  Service,
  StatefulSet,
} from '@binnacle/api'
import { configHashAnnotation, nameLabel, partOfLabel, restartedAtAnnotation } from '../group.ts'
import type { AdminJob, Microservice, MicroserviceSpec } from '../kinds/microservice.ts'
import type { Port } from '../kinds/shared.ts'
import type { RenderContext } from './context.ts'
import { defined, fileKey, objectLabels, ownedName, selectorLabels, shortHash, stableJson } from './names.ts'
import {
  filesConfigMapName,
  jobContainer,
  podSecurity,
  programContainer,
  readSources,
  sidecarContainer,
  volumesOf,
} from './pod.ts'
import { callersOf } from './wires.ts'

/** @throws RenderError where the context does not say what the service needs */
export function renderMicroservice(service: Microservice, context: RenderContext): KubeObject[] {
  const { spec } = service
  return [
    filesConfigMap(service, context),
    serviceOf(service, context),
    ...((spec.storage ?? []).length > 0
      ? [headlessServiceOf(service, context), statefulSetOf(service, context)]
      : [deploymentOf(service, context)]),
    autoscalerOf(service, context),
    disruptionBudgetOf(service, context),
    networkPolicyOf(service, context),
    ...(spec.jobs ?? []).map((job, index) => jobOf(service, job, { field: `spec.jobs[${index}]`, context })),
  ].filter((object) => object !== undefined)
}

/** The Services alone: what others need of a microservice before it can be rendered whole. */
export function microserviceServices(service: Microservice, context: RenderContext): KubeObject[] {
  return [serviceOf(service, context)].filter((object) => object !== undefined)
}

function meta(service: Microservice, { namespace }: RenderContext, name = nameOf(service)): KubeObject['metadata'] {
  return { name, namespace, labels: objectLabels(nameOf(service), service.metadata.labels?.[partOfLabel]) }
}

function nameOf({ metadata }: Microservice): string {
  return metadata.name ?? ''
}

function filesConfigMap(service: Microservice, context: RenderContext): ConfigMap | undefined {
  const written = (service.spec.files ?? []).filter(({ content }) => content !== undefined)
  if (written.length === 0) return undefined
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: meta(service, context, filesConfigMapName(nameOf(service))),
    data: Object.fromEntries(written.map(({ path, content }) => [fileKey(path), content ?? ''])),
  }
}

function servicePorts(ports: readonly Port[]): NonNullable<NonNullable<Service['spec']>['ports']> {
  return ports.map(({ name, port, protocol, appProtocol }) =>
    defined({ name, port, targetPort: name, protocol: protocol ?? 'TCP', appProtocol }),
  )
}

function serviceOf(service: Microservice, context: RenderContext): Service | undefined {
  const { ports = [], serviceType } = service.spec
  if (ports.length === 0) return undefined
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: meta(service, context),
    spec: {
      type: serviceType ?? 'ClusterIP',
      selector: selectorLabels(nameOf(service)),
      ports: servicePorts(ports),
    },
  }
}

/** A StatefulSet's pods get their names from a headless Service. */
function headlessServiceOf(service: Microservice, context: RenderContext): Service {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: meta(service, context, ownedName(nameOf(service), 'pods')),
    spec: {
      clusterIP: 'None',
      selector: selectorLabels(nameOf(service)),
      publishNotReadyAddresses: true,
      ...((service.spec.ports ?? []).length > 0 ? { ports: servicePorts(service.spec.ports ?? []) } : {}),
    },
  }
}

function podTemplate(service: Microservice, context: RenderContext): PodTemplateSpec {
  const { spec } = service
  const labels = objectLabels(nameOf(service), service.metadata.labels?.[partOfLabel])
  const annotations = templateAnnotations(service, context)
  const sidecars = (spec.sidecars ?? []).map(sidecarContainer)
  const volumes = volumesOf(service)
  return {
    metadata: { labels, ...(Object.keys(annotations).length > 0 ? { annotations } : {}) },
    spec: defined({
      ...(sidecars.length > 0 ? { initContainers: sidecars } : {}),
      containers: [programContainer(service, context)],
      ...(volumes.length > 0 ? { volumes } : {}),
      securityContext: podSecurity(spec),
      serviceAccountName: spec.serviceAccountName,
      terminationGracePeriodSeconds: spec.terminationGracePeriodSeconds,
    }),
  }
}

/** Pods read their configuration at start: what they read is part of their version. */
function templateAnnotations(service: Microservice, context: RenderContext): Record<string, string> {
  const written = (service.spec.files ?? []).flatMap(({ path, content }) =>
    content === undefined ? [] : [[path, content]],
  )
  const read = readSources(service.spec).map((source) => [source, context.revisions?.get(source) ?? ''])
  const parts = [...written, ...read]
  const restartedAt = service.metadata.annotations?.[restartedAtAnnotation]
  return {
    ...(parts.length > 0 ? { [configHashAnnotation]: shortHash(JSON.stringify(parts)) } : {}),
    ...(restartedAt === undefined ? {} : { [restartedAtAnnotation]: restartedAt }),
  }
}

/** Replicas are the autoscaler's where there is one: the field is then not ours. */
function replicasOf({ replicas, autoscaling }: MicroserviceSpec): { replicas?: number } {
  return autoscaling === undefined ? { replicas: replicas ?? 1 } : {}
}

function deploymentOf(service: Microservice, context: RenderContext): Deployment {
  const rollout = service.spec.rollout ?? {}
  const { maxSurge, maxUnavailable } = rollout
  const stepwise = rollout.type !== 'Recreate' && (maxSurge !== undefined || maxUnavailable !== undefined)
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: meta(service, context),
    spec: defined({
      ...replicasOf(service.spec),
      selector: { matchLabels: selectorLabels(nameOf(service)) },
      strategy: defined({
        type: rollout.type ?? 'RollingUpdate',
        rollingUpdate: stepwise ? defined({ maxSurge, maxUnavailable }) : undefined,
      }),
      minReadySeconds: rollout.minReadySeconds,
      progressDeadlineSeconds: rollout.progressDeadlineSeconds,
      revisionHistoryLimit: rollout.revisionHistoryLimit,
      paused: rollout.paused,
      template: podTemplate(service, context),
    }),
  }
}

function statefulSetOf(service: Microservice, context: RenderContext): StatefulSet {
  const { spec } = service
  const rollout = spec.rollout ?? {}
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: meta(service, context),
    spec: defined({
      ...replicasOf(spec),
      serviceName: ownedName(nameOf(service), 'pods'),
      selector: { matchLabels: selectorLabels(nameOf(service)) },
      podManagementPolicy: 'Parallel',
      updateStrategy: { type: 'RollingUpdate' },
      minReadySeconds: rollout.minReadySeconds,
      revisionHistoryLimit: rollout.revisionHistoryLimit,
      template: podTemplate(service, context),
      volumeClaimTemplates: (spec.storage ?? []).map(({ name, size, storageClassName }) => ({
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        metadata: { name },
        spec: defined({
          accessModes: ['ReadWriteOnce'],
          storageClassName,
          resources: { requests: { storage: size } },
        }),
      })),
    }),
  }
}

function autoscalerOf(service: Microservice, context: RenderContext): HorizontalPodAutoscaler | undefined {
  const { autoscaling, storage = [] } = service.spec
  if (autoscaling === undefined) return undefined
  const { minReplicas, maxReplicas, cpuUtilization, memoryUtilization } = autoscaling
  const target = (name: string, averageUtilization: number): object => ({
    type: 'Resource',
    resource: { name, target: { type: 'Utilization', averageUtilization } },
  })
  const metrics = [
    ...(cpuUtilization !== undefined || memoryUtilization === undefined ? [target('cpu', cpuUtilization ?? 80)] : []),
    ...(memoryUtilization === undefined ? [] : [target('memory', memoryUtilization)]),
  ]
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: meta(service, context),
    spec: {
      scaleTargetRef: {
        apiVersion: 'apps/v1',
        kind: storage.length > 0 ? 'StatefulSet' : 'Deployment',
        name: nameOf(service),
      },
      minReplicas: minReplicas ?? 1,
      maxReplicas,
      metrics: metrics as NonNullable<NonNullable<HorizontalPodAutoscaler['spec']>['metrics']>,
    },
  }
}

function disruptionBudgetOf(service: Microservice, context: RenderContext): PodDisruptionBudget | undefined {
  const { disruption } = service.spec
  if (disruption === undefined) return undefined
  return {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: meta(service, context),
    spec: { ...disruption, selector: { matchLabels: selectorLabels(nameOf(service)) } },
  }
}

function networkPolicyOf(service: Microservice, context: RenderContext): NetworkPolicy | undefined {
  const { access, ports = [] } = service.spec
  if (access !== 'Wired') return undefined
  const callers = callersOf(nameOf(service), context)
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: meta(service, context),
    spec: {
      podSelector: { matchLabels: selectorLabels(nameOf(service)) },
      policyTypes: ['Ingress'],
      ingress:
        callers.length === 0
          ? []
          : [
              {
                from: callers.map((caller) => ({ podSelector: { matchLabels: { [nameLabel]: caller } } })),
                ports: ports.map(({ name, protocol }) => ({ port: name, protocol: protocol ?? 'TCP' })),
              },
            ],
    },
  }
}

interface JobPlace {
  field: string
  context: RenderContext
}

/** Once for each version of image, command and environment, on a schedule, or a suspended CronJob to make jobs from by hand. */
function jobOf(service: Microservice, job: AdminJob, { field, context }: JobPlace): Job | CronJob {
  const run = job.run ?? 'OnRelease'
  const container = jobContainer(service, job, { field, context })
  const labels = {
    ...objectLabels(nameOf(service), service.metadata.labels?.[partOfLabel]),
    [nameLabel]: ownedName(nameOf(service), job.name),
  }
  const volumes = volumesOf(service)
  const spec = defined({
    backoffLimit: job.backoffLimit,
    template: {
      metadata: { labels },
      spec: defined({
        restartPolicy: 'Never',
        containers: [container],
        ...(volumes.length > 0 ? { volumes } : {}),
        securityContext: podSecurity(service.spec),
        serviceAccountName: service.spec.serviceAccountName,
      }),
    },
  })
  const name = ownedName(nameOf(service), job.name)
  if (run === 'OnRelease') {
    // A Job's template cannot be changed: each version of it is a Job of its own.
    const version = shortHash(stableJson(spec))
    return {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { ...meta(service, context, ownedName(name, version)), labels },
      spec,
    }
  }
  return {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { ...meta(service, context, name.slice(0, 52)), labels },
    spec: defined({
      // A schedule is required; a suspended CronJob never runs by it.
      schedule: run === 'Manual' ? '0 0 1 1 *' : (job.schedule ?? ''),
      suspend: run === 'Manual' ? true : undefined,
      timeZone: job.timeZone,
      concurrencyPolicy: job.concurrencyPolicy,
      jobTemplate: { metadata: { labels }, spec },
    }),
  }
}
