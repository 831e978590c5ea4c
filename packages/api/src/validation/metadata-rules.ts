// What kinds do differently with their metadata, found in upstream's validation functions one by one.

import type { MetadataLooks } from './metadata.ts'

/** Kinds whose updates go through the validation of a new object too. */
const looksTwice: ReadonlySet<string> = new Set([
  '/ConfigMap',
  '/Endpoints',
  '/Namespace',
  '/Node',
  '/PersistentVolume',
  '/PersistentVolumeClaim',
  '/Pod',
  '/Secret',
  '/ServiceAccount',
  'apps/ControllerRevision',
  'batch/Job',
  'networking.k8s.io/IPAddress',
  'networking.k8s.io/Ingress',
  'networking.k8s.io/IngressClass',
  'node.k8s.io/RuntimeClass',
  'rbac.authorization.k8s.io/ClusterRole',
  'rbac.authorization.k8s.io/ClusterRoleBinding',
  'rbac.authorization.k8s.io/Role',
  'rbac.authorization.k8s.io/RoleBinding',
  'resource.k8s.io/DeviceClass',
  'resource.k8s.io/ResourceClaim',
  'resource.k8s.io/ResourceClaimTemplate',
  'storage.k8s.io/CSIStorageCapacity',
  'storage.k8s.io/StorageClass',
  'storage.k8s.io/VolumeAttributesClass',
])

/** Kinds that leave their metadata to the registry. */
const neverLooks: ReadonlySet<string> = new Set(['policy/PodDisruptionBudget'])

/** Kinds and groups that take any finalizer. */
const takesAnyFinalizer: ReadonlySet<string> = new Set([
  'admissionregistration.k8s.io',
  'apiextensions.k8s.io',
  'apiregistration.k8s.io',
  'coordination.k8s.io/Lease',
  'node.k8s.io/RuntimeClass',
  'policy/PodDisruptionBudget',
])

export function metadataLooks(group: string, kind: string): MetadataLooks {
  const key = `${group}/${kind}`
  return looksTwice.has(key) ? 'twice' : neverLooks.has(key) ? 'none' : 'once'
}

export function anyFinalizer(group: string, kind: string): boolean {
  return takesAnyFinalizer.has(group) || takesAnyFinalizer.has(`${group}/${kind}`)
}
