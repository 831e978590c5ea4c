// Fills in what a client left out, by kind (upstream's SetDefaults_* functions and +default tags). One function per
// kind; a kind that is not in the table has no defaults.

import type { KubeObject } from '../object.ts'
import type { ResourceInfo } from '../resource.ts'
import { formatTime } from '../time.ts'
import * as admission from './admission-registration.ts'
import { defaultHorizontalPodAutoscaler, defaultHorizontalPodAutoscalerV1 } from './autoscaling.ts'
import * as core from './core.ts'
import * as flowcontrol from './flowcontrol.ts'
import * as networking from './networking.ts'
import { defaultPod } from './pod.ts'
import { defaultBinding } from './rbac.ts'
import * as resource from './resource.ts'
import * as storage from './storage.ts'
import * as workloads from './workloads.ts'

/** Each takes the type of its own kind; the key vouches for it. */
type Defaulter = (object: never) => void

const byKind: Readonly<Record<string, Defaulter>> = {
  '/Pod': defaultPod,
  '/Secret': core.defaultSecret,
  '/Namespace': core.defaultNamespace,
  '/Node': core.defaultNode,
  '/Service': core.defaultService,
  '/Endpoints': core.defaultEndpoints,
  '/PersistentVolume': core.defaultPersistentVolume,
  '/PersistentVolumeClaim': core.defaultPersistentVolumeClaim,
  '/PodTemplate': core.defaultPodTemplateKind,
  '/ReplicationController': core.defaultReplicationController,
  '/LimitRange': core.defaultLimitRange,
  '/ResourceQuota': core.defaultResourceQuota,
  'apps/Deployment': workloads.defaultDeployment,
  'apps/ReplicaSet': workloads.defaultReplicaSet,
  'apps/DaemonSet': workloads.defaultDaemonSet,
  'apps/StatefulSet': workloads.defaultStatefulSet,
  'batch/Job': workloads.defaultJob,
  'batch/CronJob': workloads.defaultCronJob,
  'autoscaling/HorizontalPodAutoscaler': defaultHorizontalPodAutoscaler,
  'admissionregistration.k8s.io/ValidatingWebhookConfiguration': admission.defaultValidatingWebhookConfiguration,
  'admissionregistration.k8s.io/MutatingWebhookConfiguration': admission.defaultMutatingWebhookConfiguration,
  'admissionregistration.k8s.io/ValidatingAdmissionPolicy': admission.defaultAdmissionPolicy,
  'admissionregistration.k8s.io/MutatingAdmissionPolicy': admission.defaultAdmissionPolicy,
  'admissionregistration.k8s.io/ValidatingAdmissionPolicyBinding': admission.defaultAdmissionPolicyBinding,
  'admissionregistration.k8s.io/MutatingAdmissionPolicyBinding': admission.defaultAdmissionPolicyBinding,
  'discovery.k8s.io/EndpointSlice': networking.defaultEndpointSlice,
  'networking.k8s.io/Ingress': networking.defaultIngress,
  'networking.k8s.io/IngressClass': networking.defaultIngressClass,
  'networking.k8s.io/NetworkPolicy': networking.defaultNetworkPolicy,
  'networking.k8s.io/ServiceCIDR': networking.defaultServiceCIDR,
  'rbac.authorization.k8s.io/RoleBinding': defaultBinding,
  'rbac.authorization.k8s.io/ClusterRoleBinding': defaultBinding,
  'flowcontrol.apiserver.k8s.io/FlowSchema': flowcontrol.defaultFlowSchema,
  'flowcontrol.apiserver.k8s.io/PriorityLevelConfiguration': flowcontrol.defaultPriorityLevelConfiguration,
  'resource.k8s.io/ResourceClaim': resource.defaultResourceClaim,
  'resource.k8s.io/ResourceClaimTemplate': resource.defaultResourceClaimTemplate,
  'scheduling.k8s.io/PriorityClass': (object: { preemptionPolicy?: string }) => {
    object.preemptionPolicy ??= 'PreemptLowerPriority'
  },
  'storage.k8s.io/StorageClass': storage.defaultStorageClass,
  'storage.k8s.io/CSIDriver': storage.defaultCSIDriver,
  'storage.k8s.io/CSIStorageCapacity': storage.defaultCSIStorageCapacity,
  'storage.k8s.io/VolumeAttachment': storage.defaultVolumeAttachment,
  'certificates.k8s.io/CertificateSigningRequest': withStatus,
  'policy/PodDisruptionBudget': withSpecAndStatus,
}

function withStatus(object: { status?: object }): void {
  object.status ??= {}
}

function withSpecAndStatus(object: { spec?: object; status?: object }): void {
  object.spec ??= {}
  object.status ??= { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 }
}

/**
 * Fills the private draft of an object in place, templates inside workloads included, and writes its quantities in their
 * canonical form. Idempotent. Throws BadRequest for a malformed quantity, as upstream's decoder.
 */
export function applyDefaults(
  kind: Pick<ResourceInfo, 'group' | 'version' | 'kind'>,
  object: KubeObject,
  now: () => number = Date.now,
): void {
  if (kind.group === 'autoscaling' && kind.version === 'v1' && kind.kind === 'HorizontalPodAutoscaler') {
    defaultHorizontalPodAutoscalerV1(object as never)
    return
  }
  if (kind.group === 'resource.k8s.io' && kind.kind === 'ResourceSlice') {
    resource.defaultResourceSlice(object as never, formatTime(now()))
    return
  }
  byKind[`${kind.group}/${kind.kind}`]?.(object as never)
}
