// Validation: every field error at once, with upstream's paths and messages (pkg/apis/*/validation). One file per kind
// or group fills in a KindValidation under `group/Kind`; metadata is checked for all kinds alike, custom ones too.

import type { FieldError } from '../field-error.ts'
import { nameIsDnsSubdomain } from '../names.ts'
import type { KubeObject } from '../object.ts'
import type { ResourceInfo } from '../resource.ts'
import {
  mutatingAdmissionPolicyBindingValidation,
  mutatingAdmissionPolicyValidation,
  validatingAdmissionPolicyBindingValidation,
  validatingAdmissionPolicyValidation,
} from './admission-policies.ts'
import { webhookConfigurationValidation } from './admission-webhooks.ts'
import { batchValidations } from './batch.ts'
import { configValidations } from './config.ts'
import { coreValidations } from './core.ts'
import { daemonSetValidation } from './daemon-set.ts'
import { eventValidations } from './events.ts'
import { type CompileExpression, compileNothing } from './expressions.ts'
import { flowControlValidations } from './flow-control.ts'
import { groupValidations } from './groups.ts'
import type { KindValidation } from './kind-validation.ts'
import { type MetadataUpdateRules, validateMetadata, validateMetadataUpdate } from './metadata.ts'
import { anyFinalizer, metadataLooks } from './metadata-rules.ts'
import { networkingValidations } from './networking.ts'
import { persistentVolumeClaimValidation } from './persistent-volume-claim.ts'
import { persistentVolumeValidation } from './persistent-volume.ts'
import { podValidation } from './pod.ts'
import { rbacValidations } from './rbac.ts'
import { deviceClassValidation, resourceClaimTemplateValidation, resourceClaimValidation } from './resource-claim.ts'
import { resourceSliceValidation } from './resource-slice.ts'
import { serviceValidation } from './service.ts'
import { statefulSetValidation } from './stateful-set.ts'
import { storageValidations } from './storage.ts'
import { workloadValidations } from './workloads.ts'

export type { CelType, CelVariables, CompiledExpression, CompileExpression } from './expressions.ts'
export type { KindValidation } from './kind-validation.ts'
export { validateFieldManager } from './metadata.ts'
export { validateServiceAddresses } from './service.ts'

const byKind: Readonly<Record<string, KindValidation>> = {
  ...batchValidations,
  ...configValidations,
  ...coreValidations,
  ...eventValidations,
  ...flowControlValidations,
  ...groupValidations,
  ...networkingValidations,
  ...rbacValidations,
  ...storageValidations,
  ...workloadValidations,
  '/PersistentVolume': persistentVolumeValidation,
  '/PersistentVolumeClaim': persistentVolumeClaimValidation,
  '/Pod': podValidation,
  '/Service': serviceValidation,
  'admissionregistration.k8s.io/MutatingAdmissionPolicy': mutatingAdmissionPolicyValidation,
  'admissionregistration.k8s.io/MutatingAdmissionPolicyBinding': mutatingAdmissionPolicyBindingValidation,
  'admissionregistration.k8s.io/MutatingWebhookConfiguration': webhookConfigurationValidation,
  'admissionregistration.k8s.io/ValidatingAdmissionPolicy': validatingAdmissionPolicyValidation,
  'admissionregistration.k8s.io/ValidatingAdmissionPolicyBinding': validatingAdmissionPolicyBindingValidation,
  'admissionregistration.k8s.io/ValidatingWebhookConfiguration': webhookConfigurationValidation,
  'apps/DaemonSet': daemonSetValidation,
  'apps/StatefulSet': statefulSetValidation,
  'resource.k8s.io/DeviceClass': deviceClassValidation,
  'resource.k8s.io/ResourceClaim': resourceClaimValidation,
  'resource.k8s.io/ResourceClaimTemplate': resourceClaimTemplateValidation,
  'resource.k8s.io/ResourceSlice': resourceSliceValidation,
}

type Kind = Pick<ResourceInfo, 'group' | 'kind' | 'namespaced'>

/** Kinds that are not in the table, custom ones among them. */
const anyKind: KindValidation = {}

function validationOf(kind: Kind): KindValidation {
  return byKind[`${kind.group}/${kind.kind}`] ?? anyKind
}

/** Built-in kinds whose updates must say which version they replace; custom kinds all must. */
export function requiresResourceVersion(kind: Kind): boolean {
  const isBuiltIn = !kind.group.includes('.') || kind.group.endsWith('.k8s.io')
  return validationOf(kind).requiresResourceVersion ?? !isBuiltIn
}

function metadataRules(kind: Kind): MetadataUpdateRules {
  return {
    namespaced: kind.namespaced,
    name: validationOf(kind).name ?? nameIsDnsSubdomain,
    requiresResourceVersion: requiresResourceVersion(kind),
    looks: metadataLooks(kind.group, kind.kind),
    anyFinalizer: anyFinalizer(kind.group, kind.kind),
  }
}

/** Everything that is wrong with a new object; an empty list where nothing is. `compile`: for its CEL expressions. */
export function validateCreate(
  kind: Kind,
  object: KubeObject,
  compile: CompileExpression = compileNothing,
): FieldError[] {
  const errors: FieldError[] = []
  const rules = metadataRules(kind)
  const validation = validationOf(kind)
  if (rules.looks !== 'none') validateMetadata(errors, object.metadata, rules)
  validation.create?.(object as never, errors, compile)
  // What the kind does not look at is looked at for all kinds, once the rest is good.
  if (rules.looks === 'none' && errors.length === 0) validateMetadata(errors, object.metadata, rules)
  return errors
}

/** Everything that is wrong with a replaced object, or with the change itself. `old` is not changed. */
export function validateUpdate(
  kind: Kind,
  object: KubeObject,
  old: KubeObject,
  { subresource, compile = compileNothing }: { subresource?: string | undefined; compile?: CompileExpression } = {},
): FieldError[] {
  const errors: FieldError[] = []
  const validation = validationOf(kind)
  validateMetadataUpdate(errors, object.metadata, old.metadata, metadataRules(kind))
  const viaSubresource = subresource === undefined ? undefined : validation.subresources?.[subresource]
  if (viaSubresource) viaSubresource(object as never, old as never, errors)
  else if (validation.update) validation.update(object as never, old as never, errors, compile)
  else validation.create?.(object as never, errors, compile)
  return errors
}

/** Everything that is wrong with a new status; the spec was restored before. */
export function validateStatusUpdate(kind: Kind, object: KubeObject, old: KubeObject): FieldError[] {
  const errors: FieldError[] = []
  validateMetadataUpdate(errors, object.metadata, old.metadata, { ...metadataRules(kind), looks: 'once' })
  validationOf(kind).statusUpdate?.(object as never, old as never, errors)
  return errors
}

/** What a client is told in Warning headers although the write is accepted. */
export function warningsFor(kind: Kind, object: KubeObject, old?: KubeObject): string[] {
  const warnings: string[] = []
  validationOf(kind).warnings?.(object as never, old as never, warnings)
  return warnings
}
