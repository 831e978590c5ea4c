// The controllers of the cluster itself, by the names that kube-controller-manager gives them.

import type { Controller } from '@binnacle/client'
import type { ControllerContext } from '../context.ts'
import { startClusterRoleAggregationController } from './cluster-role-aggregation-controller.ts'
import { startCertificateCleaner, startEventExpiryController } from './expiry-controllers.ts'
import { startDisruptionController } from './disruption-controller.ts'
import { startEndpointSliceController } from './endpoints/endpoint-slice-controller.ts'
import { startEndpointSliceMirroringController } from './endpoints/endpoint-slice-mirroring-controller.ts'
import { startEndpointsController } from './endpoints/endpoints-controller.ts'
import { startGarbageCollector } from './garbage-collector/garbage-collector.ts'
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
  'certificatesigningrequest-cleaner-controller': startCertificateCleaner,
  'event-expiry-controller': startEventExpiryController,
}
