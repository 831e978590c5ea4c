// A reference for every built-in resource of a Kubernetes 1.36 API server, at its preferred version.

import type { ResourceRef } from './client.ts'

function cluster(group: string, version: string, resource: string): ResourceRef {
  return { group, version, resource, namespaced: false }
}

function namespaced(group: string, version: string, resource: string): ResourceRef {
  return { group, version, resource, namespaced: true }
}

export const componentStatuses: ResourceRef = cluster('', 'v1', 'componentstatuses')
export const configMaps: ResourceRef = namespaced('', 'v1', 'configmaps')
export const endpoints: ResourceRef = namespaced('', 'v1', 'endpoints')
export const events: ResourceRef = namespaced('', 'v1', 'events')
export const limitRanges: ResourceRef = namespaced('', 'v1', 'limitranges')
export const namespaces: ResourceRef = cluster('', 'v1', 'namespaces')
export const nodes: ResourceRef = cluster('', 'v1', 'nodes')
export const persistentVolumeClaims: ResourceRef = namespaced('', 'v1', 'persistentvolumeclaims')
export const persistentVolumes: ResourceRef = cluster('', 'v1', 'persistentvolumes')
export const pods: ResourceRef = namespaced('', 'v1', 'pods')
export const podTemplates: ResourceRef = namespaced('', 'v1', 'podtemplates')
export const replicationControllers: ResourceRef = namespaced('', 'v1', 'replicationcontrollers')
export const resourceQuotas: ResourceRef = namespaced('', 'v1', 'resourcequotas')
export const secrets: ResourceRef = namespaced('', 'v1', 'secrets')
export const serviceAccounts: ResourceRef = namespaced('', 'v1', 'serviceaccounts')
export const services: ResourceRef = namespaced('', 'v1', 'services')
export const mutatingAdmissionPolicies: ResourceRef = cluster(
  'admissionregistration.k8s.io',
  'v1',
  'mutatingadmissionpolicies',
)
export const mutatingAdmissionPolicyBindings: ResourceRef = cluster(
  'admissionregistration.k8s.io',
  'v1',
  'mutatingadmissionpolicybindings',
)
export const mutatingWebhookConfigurations: ResourceRef = cluster(
  'admissionregistration.k8s.io',
  'v1',
  'mutatingwebhookconfigurations',
)
export const validatingAdmissionPolicies: ResourceRef = cluster(
  'admissionregistration.k8s.io',
  'v1',
  'validatingadmissionpolicies',
)
export const validatingAdmissionPolicyBindings: ResourceRef = cluster(
  'admissionregistration.k8s.io',
  'v1',
  'validatingadmissionpolicybindings',
)
export const validatingWebhookConfigurations: ResourceRef = cluster(
  'admissionregistration.k8s.io',
  'v1',
  'validatingwebhookconfigurations',
)
export const customResourceDefinitions: ResourceRef = cluster('apiextensions.k8s.io', 'v1', 'customresourcedefinitions')
export const apiServices: ResourceRef = cluster('apiregistration.k8s.io', 'v1', 'apiservices')
export const controllerRevisions: ResourceRef = namespaced('apps', 'v1', 'controllerrevisions')
export const daemonSets: ResourceRef = namespaced('apps', 'v1', 'daemonsets')
export const deployments: ResourceRef = namespaced('apps', 'v1', 'deployments')
export const replicaSets: ResourceRef = namespaced('apps', 'v1', 'replicasets')
export const statefulSets: ResourceRef = namespaced('apps', 'v1', 'statefulsets')
export const selfSubjectReviews: ResourceRef = cluster('authentication.k8s.io', 'v1', 'selfsubjectreviews')
export const tokenReviews: ResourceRef = cluster('authentication.k8s.io', 'v1', 'tokenreviews')
export const localSubjectAccessReviews: ResourceRef = namespaced(
  'authorization.k8s.io',
  'v1',
  'localsubjectaccessreviews',
)
export const selfSubjectAccessReviews: ResourceRef = cluster('authorization.k8s.io', 'v1', 'selfsubjectaccessreviews')
export const selfSubjectRulesReviews: ResourceRef = cluster('authorization.k8s.io', 'v1', 'selfsubjectrulesreviews')
export const subjectAccessReviews: ResourceRef = cluster('authorization.k8s.io', 'v1', 'subjectaccessreviews')
export const horizontalPodAutoscalers: ResourceRef = namespaced('autoscaling', 'v2', 'horizontalpodautoscalers')
export const cronJobs: ResourceRef = namespaced('batch', 'v1', 'cronjobs')
export const jobs: ResourceRef = namespaced('batch', 'v1', 'jobs')
export const certificateSigningRequests: ResourceRef = cluster(
  'certificates.k8s.io',
  'v1',
  'certificatesigningrequests',
)
export const leases: ResourceRef = namespaced('coordination.k8s.io', 'v1', 'leases')
export const endpointSlices: ResourceRef = namespaced('discovery.k8s.io', 'v1', 'endpointslices')
export const flowSchemas: ResourceRef = cluster('flowcontrol.apiserver.k8s.io', 'v1', 'flowschemas')
export const priorityLevelConfigurations: ResourceRef = cluster(
  'flowcontrol.apiserver.k8s.io',
  'v1',
  'prioritylevelconfigurations',
)
export const ingressClasses: ResourceRef = cluster('networking.k8s.io', 'v1', 'ingressclasses')
export const ingresses: ResourceRef = namespaced('networking.k8s.io', 'v1', 'ingresses')
export const ipAddresses: ResourceRef = cluster('networking.k8s.io', 'v1', 'ipaddresses')
export const networkPolicies: ResourceRef = namespaced('networking.k8s.io', 'v1', 'networkpolicies')
export const serviceCIDRs: ResourceRef = cluster('networking.k8s.io', 'v1', 'servicecidrs')
export const runtimeClasses: ResourceRef = cluster('node.k8s.io', 'v1', 'runtimeclasses')
export const podDisruptionBudgets: ResourceRef = namespaced('policy', 'v1', 'poddisruptionbudgets')
export const clusterRoleBindings: ResourceRef = cluster('rbac.authorization.k8s.io', 'v1', 'clusterrolebindings')
export const clusterRoles: ResourceRef = cluster('rbac.authorization.k8s.io', 'v1', 'clusterroles')
export const roleBindings: ResourceRef = namespaced('rbac.authorization.k8s.io', 'v1', 'rolebindings')
export const roles: ResourceRef = namespaced('rbac.authorization.k8s.io', 'v1', 'roles')
export const deviceClasses: ResourceRef = cluster('resource.k8s.io', 'v1', 'deviceclasses')
export const resourceClaims: ResourceRef = namespaced('resource.k8s.io', 'v1', 'resourceclaims')
export const resourceClaimTemplates: ResourceRef = namespaced('resource.k8s.io', 'v1', 'resourceclaimtemplates')
export const resourceSlices: ResourceRef = cluster('resource.k8s.io', 'v1', 'resourceslices')
export const priorityClasses: ResourceRef = cluster('scheduling.k8s.io', 'v1', 'priorityclasses')
export const csiDrivers: ResourceRef = cluster('storage.k8s.io', 'v1', 'csidrivers')
export const csiNodes: ResourceRef = cluster('storage.k8s.io', 'v1', 'csinodes')
export const csiStorageCapacities: ResourceRef = namespaced('storage.k8s.io', 'v1', 'csistoragecapacities')
export const storageClasses: ResourceRef = cluster('storage.k8s.io', 'v1', 'storageclasses')
export const volumeAttachments: ResourceRef = cluster('storage.k8s.io', 'v1', 'volumeattachments')
export const volumeAttributesClasses: ResourceRef = cluster('storage.k8s.io', 'v1', 'volumeattributesclasses')
