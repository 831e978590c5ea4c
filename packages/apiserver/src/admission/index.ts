// The plugins that are on by default, in upstream's order (pkg/kubeapiserver/options/plugins.go).

import type { AdmissionPlugin } from '../admission.ts'
import { defaultTolerationSeconds } from './default-toleration-seconds.ts'
import { limitRanger } from './limit-ranger.ts'
import { namespaceLifecycle } from './namespace-lifecycle.ts'
import {
  defaultIngressClass,
  defaultStorageClass,
  persistentVolumeClaimResize,
  storageObjectInUseProtection,
  taintNodesByCondition,
} from './object-protection.ts'
import { mutatingAdmissionPolicy } from './mutating-admission-policy.ts'
import { priority } from './priority.ts'
import { resourceQuota } from './resource-quota.ts'
import { runtimeClass } from './runtime-class.ts'
import { serviceAccount } from './service-account.ts'
import { unsupportedAdmission } from './unsupported-admission.ts'
import { validatingAdmissionPolicy } from './validating-admission-policy.ts'
import { mutatingAdmissionWebhook, validatingAdmissionWebhook } from './webhooks.ts'

export function defaultPlugins(): readonly AdmissionPlugin[] {
  return [
    namespaceLifecycle,
    limitRanger,
    serviceAccount,
    taintNodesByCondition,
    priority,
    defaultTolerationSeconds,
    defaultStorageClass,
    storageObjectInUseProtection,
    persistentVolumeClaimResize,
    runtimeClass,
    defaultIngressClass,
    unsupportedAdmission,
    mutatingAdmissionPolicy,
    mutatingAdmissionWebhook,
    validatingAdmissionPolicy,
    validatingAdmissionWebhook,
    resourceQuota,
  ]
}
