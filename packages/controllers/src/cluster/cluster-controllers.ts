// The controllers of the cluster itself, by the names that kube-controller-manager gives them.

import type { Controller } from '@binnacle/client'
import type { ControllerContext } from '../context.ts'
import { startCertificateSigningController } from './certificate-signing-controller.ts'
import { startClusterRoleAggregationController } from './cluster-role-aggregation-controller.ts'
import { startCertificateCleaner, startEventExpiryController } from './expiry-controllers.ts'
import { startDisruptionController } from './disruption-controller.ts'
import { startEndpointSliceController } from './endpoints/endpoint-slice-controller.ts'
import { startEndpointSliceMirroringController } from './endpoints/endpoint-slice-mirroring-controller.ts'
import { startEndpointsController } from './endpoints/endpoints-controller.ts'
import { startGarbageCollector } from './garbage-collector/garbage-collector.ts'
import { startAutoscalerNotices, startNetworkPolicyNotices } from './inert-kinds.ts'
import { startNamespaceController } from './namespace-controller.ts'
import { startNodeLifecycleController } from './node-lifecycle/node-lifecycle-controller.ts'
import { startTaintEvictionController } from './node-lifecycle/taint-eviction-controller.ts'
import { startPodGarbageCollector } from './pod-garbage-collector.ts'
import { startResourceQuotaController } from './quota/resource-quota-controller.ts'
import { startRootCACertPublisher } from './root-ca-publisher.ts'
import { startServiceAccountController } from './service-account-controller.ts'
import { startServiceAccountTokenController } from './service-account-token-controller.ts'
import { startPersistentVolumeController } from './volumes/persistent-volume-controller.ts'
import {
  startClaimProtectionController,
  startVolumeProtectionController,
} from './volumes/volume-protection-controllers.ts'

export const clusterControllers: Readonly<Record<string, (context: ControllerContext) => Controller>> = {
  'serviceaccount-controller': startServiceAccountController,
  'serviceaccount-token-controller': startServiceAccountTokenController,
  'root-ca-certificate-publisher-controller': startRootCACertPublisher,
  'namespace-controller': startNamespaceController,
  'garbage-collector-controller': startGarbageCollector,
  'endpoints-controller': startEndpointsController,
  'endpointslice-controller': startEndpointSliceController,
  'endpointslice-mirroring-controller': startEndpointSliceMirroringController,
  'node-lifecycle-controller': startNodeLifecycleController,
  'taint-eviction-controller': startTaintEvictionController,
  'pod-garbage-collector-controller': startPodGarbageCollector,
  'disruption-controller': startDisruptionController,
  'resourcequota-controller': startResourceQuotaController,
  'persistentvolume-binder-controller': startPersistentVolumeController,
  'persistentvolumeclaim-protection-controller': startClaimProtectionController,
  'persistentvolume-protection-controller': startVolumeProtectionController,
  'clusterrole-aggregation-controller': startClusterRoleAggregationController,
  'certificatesigningrequest-signing-controller': startCertificateSigningController,
  'certificatesigningrequest-cleaner-controller': startCertificateCleaner,
  'event-expiry-controller': startEventExpiryController,
  'networkpolicy-notice': startNetworkPolicyNotices,
  'horizontal-pod-autoscaler-notice': startAutoscalerNotices,
}

/**
 * Whom each controller acts as: the accounts for which the API server has roles (`system:controller:<account>`).
 * Upstream: bootstrappolicy/controller_policy.go.
 */
export const clusterControllerUsers: Readonly<Record<string, string>> = {
  'serviceaccount-controller': account('service-account-controller'),
  // Upstream's runs with the manager's own credentials, since no account may ask for the tokens of others.
  'serviceaccount-token-controller': 'system:kube-controller-manager',
  'root-ca-certificate-publisher-controller': account('root-ca-cert-publisher'),
  'namespace-controller': account('namespace-controller'),
  'garbage-collector-controller': account('generic-garbage-collector'),
  'endpoints-controller': account('endpoint-controller'),
  'endpointslice-controller': account('endpointslice-controller'),
  'endpointslice-mirroring-controller': account('endpointslicemirroring-controller'),
  'node-lifecycle-controller': account('node-controller'),
  'taint-eviction-controller': account('node-controller'),
  'pod-garbage-collector-controller': account('pod-garbage-collector'),
  'disruption-controller': account('disruption-controller'),
  'resourcequota-controller': account('resourcequota-controller'),
  'persistentvolume-binder-controller': account('persistent-volume-binder'),
  'persistentvolumeclaim-protection-controller': account('pvc-protection-controller'),
  'persistentvolume-protection-controller': account('pv-protection-controller'),
  'clusterrole-aggregation-controller': account('clusterrole-aggregation-controller'),
  'certificatesigningrequest-signing-controller': account('certificate-controller'),
  'certificatesigningrequest-cleaner-controller': account('certificate-controller'),
  // Deletes what is left over, as the garbage collector does.
  'event-expiry-controller': account('generic-garbage-collector'),
  'horizontal-pod-autoscaler-notice': account('horizontal-pod-autoscaler'),
}

function account(name: string): string {
  return `system:serviceaccount:kube-system:${name}`
}
