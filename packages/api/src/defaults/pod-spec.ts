// Defaults of a pod's spec wherever one stands: in a Pod and in the templates of the workloads
// (SetDefaults_PodSpec, _Container, _Probe, … in pkg/apis/core/v1/defaults.go and zz_generated.defaults.go).

import type {
  Container,
  EphemeralContainer,
  LifecycleHandler,
  PodSpec,
  PodTemplateSpec,
  Probe,
} from '../generated/kinds.ts'
import { imagePullPolicyOf } from './image.ts'
import { canonicalOrRefused, defaultResourceList, defaultResources } from './resource-list.ts'
import { defaultVolume } from './volumes.ts'

/** metadata and spec are structs upstream, hence always written. */
export function defaultPodTemplate(template: PodTemplateSpec): void {
  template.metadata ??= {}
  template.spec ??= { containers: [] }
  defaultPodSpec(template.spec)
}

export function defaultPodSpec(spec: PodSpec): void {
  spec.dnsPolicy ||= 'ClusterFirst'
  spec.restartPolicy ||= 'Always'
  spec.securityContext ??= {}
  spec.terminationGracePeriodSeconds ??= 30
  spec.schedulerName ||= 'default-scheduler'
  // The old and the new name of one field are kept alike (Convert_core_PodSpec_To_v1_PodSpec).
  if (spec.serviceAccountName) spec.serviceAccount = spec.serviceAccountName
  else if (spec.serviceAccount) spec.serviceAccountName = spec.serviceAccount
  for (const volume of spec.volumes ?? []) defaultVolume(volume)
  for (const container of spec.initContainers ?? []) defaultContainer(container)
  for (const container of spec.containers ?? []) defaultContainer(container)
  for (const container of spec.ephemeralContainers ?? []) defaultContainer(container)
  defaultResourceList(spec.overhead)
  defaultResources(spec.resources)
}

export function defaultContainer(container: Container | EphemeralContainer): void {
  container.imagePullPolicy ||= imagePullPolicyOf(container.image ?? '')
  container.terminationMessagePath ||= '/dev/termination-log'
  container.terminationMessagePolicy ||= 'File'
  container.resources ??= {}
  defaultResources(container.resources)
  for (const port of container.ports ?? []) port.protocol ||= 'TCP'
  for (const variable of container.env ?? []) {
    const from = variable.valueFrom
    if (!from) continue
    if (from.fieldRef) from.fieldRef.apiVersion ||= 'v1'
    if (from.fileKeyRef) from.fileKeyRef.optional ??= false
    if (from.resourceFieldRef) {
      from.resourceFieldRef.divisor = canonicalOrRefused(from.resourceFieldRef.divisor ?? 0)
    }
  }
  defaultProbe(container.livenessProbe)
  defaultProbe(container.readinessProbe)
  defaultProbe(container.startupProbe)
  defaultHandler(container.lifecycle?.postStart)
  defaultHandler(container.lifecycle?.preStop)
}

function defaultProbe(probe: Probe | null | undefined): void {
  if (!probe) return
  probe.timeoutSeconds ||= 1
  probe.periodSeconds ||= 10
  probe.successThreshold ||= 1
  probe.failureThreshold ||= 3
  defaultHandler(probe)
  if (probe.grpc) probe.grpc.service ??= ''
}

function defaultHandler(handler: Pick<LifecycleHandler, 'httpGet'> | null | undefined): void {
  if (!handler?.httpGet) return
  handler.httpGet.path ||= '/'
  handler.httpGet.scheme ||= 'HTTP'
}
