// Deployments, ReplicaSets and ReplicationControllers (pkg/apis/apps/validation, pkg/apis/core/validation).

import { field } from '../field-error.ts'
import type { Deployment, DeploymentSpec, ReplicaSet, ReplicationController } from '../generated/kinds.ts'
import { isDns1123Label } from '../names.ts'
import { validateImmutable, validateNonNegative, type FieldErrors } from './fields.ts'
import { countOrPercent, validateAtMost100Percent, validateCountOrPercent } from './int-or-percent.ts'
import type { KindValidation } from './kind-validation.ts'
import {
  podTemplateValidation,
  validateLongRunning,
  validatePodTemplate,
  validateRequiredSelector,
  validateSelected,
  isEmptySelector,
} from './pod-template.ts'
import { podTemplateWarnings } from './pod-warnings.ts'
import { validateAtMost, validateCounts, validateNotDecremented } from './status-counts.ts'

/** What a Deployment and a ReplicaSet have in common (ValidatePodTemplateSpecForReplicaSet). */
function validateTemplate(errors: FieldErrors, spec: ReplicaSet['spec'] | Deployment['spec']): void {
  const usable = validateRequiredSelector(errors, spec?.selector, {
    kind: 'deployment',
    unreadable: 'invalid label selector',
  })
  if (!usable) return
  const template = spec?.template
  if (!spec?.selector || !isEmptySelector(spec.selector)) validateSelected(errors, template, spec?.selector)
  validatePodTemplate(errors, 'spec.template', template)
  validateLongRunning(errors, 'spec.template', { template, owner: 'ReplicaSet' })
}

function validateStrategy(errors: FieldErrors, { strategy }: DeploymentSpec): void {
  const path = 'spec.strategy'
  const rollingUpdate = strategy?.rollingUpdate
  if (strategy?.type === 'Recreate') {
    if (rollingUpdate == null) return
    errors.push(field.forbidden(`${path}.rollingUpdate`, "may not be specified when strategy `type` is 'Recreate'"))
  } else if (strategy?.type === 'RollingUpdate') {
    if (rollingUpdate == null) {
      errors.push(field.required(`${path}.rollingUpdate`, 'this should be defaulted and never be nil'))
      return
    }
    const { maxUnavailable = 0, maxSurge = 0 } = rollingUpdate
    validateCountOrPercent(errors, `${path}.rollingUpdate.maxUnavailable`, maxUnavailable)
    validateCountOrPercent(errors, `${path}.rollingUpdate.maxSurge`, maxSurge)
    if (countOrPercent(maxUnavailable) === 0 && countOrPercent(maxSurge) === 0) {
      const why = 'may not be 0 when `maxSurge` is 0'
      errors.push(field.invalid(`${path}.rollingUpdate.maxUnavailable`, maxUnavailable, why))
    }
    validateAtMost100Percent(errors, `${path}.rollingUpdate.maxUnavailable`, maxUnavailable)
  } else {
    // Upstream prints its internal type here, whose fields have no JSON names.
    const shown = { Type: strategy?.type ?? '', RollingUpdate: rollingUpdate ?? null }
    errors.push(field.notSupported(path, shown, ['Recreate', 'RollingUpdate']))
  }
}

function validateDeployment({ spec }: Deployment, errors: FieldErrors): void {
  validateNonNegative(errors, 'spec.replicas', spec?.replicas)
  validateTemplate(errors, spec)
  validateStrategy(errors, spec ?? { selector: {}, template: {} })
  const minReady = spec?.minReadySeconds ?? 0
  validateNonNegative(errors, 'spec.minReadySeconds', minReady)
  validateNonNegative(errors, 'spec.revisionHistoryLimit', spec?.revisionHistoryLimit)
  const deadline = spec?.progressDeadlineSeconds
  if (deadline == null) return
  validateNonNegative(errors, 'spec.progressDeadlineSeconds', deadline)
  if (deadline <= minReady) {
    errors.push(field.invalid('spec.progressDeadlineSeconds', deadline, 'must be greater than minReadySeconds'))
  }
}

function validateDeploymentStatus({ status }: Deployment, old: Deployment, errors: FieldErrors): void {
  validateCounts(errors, status, [
    'observedGeneration',
    'replicas',
    'updatedReplicas',
    'readyReplicas',
    'availableReplicas',
    'unavailableReplicas',
    'terminatingReplicas',
    'collisionCount',
  ])
  const parts = ['updatedReplicas', 'readyReplicas', 'availableReplicas'] as const
  validateAtMost(errors, status, { parts, whole: 'replicas', why: 'cannot be greater than status.replicas' })
  validateAvailable(errors, status)
  const collisions = { value: status?.collisionCount, old: old.status?.collisionCount }
  validateNotDecremented(errors, 'status.collisionCount', collisions)
}

interface Available {
  availableReplicas?: number | undefined
  readyReplicas?: number | undefined
}

function validateAvailable(errors: FieldErrors, status: Available | null | undefined): void {
  const why = 'cannot be greater than readyReplicas'
  validateAtMost(errors, status, { parts: ['availableReplicas'], whole: 'readyReplicas', why })
}

function validateReplicaSet({ spec }: ReplicaSet, errors: FieldErrors): void {
  validateNonNegative(errors, 'spec.replicas', spec?.replicas)
  validateNonNegative(errors, 'spec.minReadySeconds', spec?.minReadySeconds)
  validateTemplate(errors, spec)
}

function validateReplicaCounts({ status }: ReplicaSet | ReplicationController, errors: FieldErrors): void {
  const parts = ['fullyLabeledReplicas', 'readyReplicas', 'availableReplicas'] as const
  validateCounts(errors, status, ['replicas', ...parts, 'observedGeneration'])
  if (status && 'terminatingReplicas' in status) validateCounts(errors, status, ['terminatingReplicas'])
  validateAtMost(errors, status, { parts, whole: 'replicas', why: 'cannot be greater than status.replicas' })
  validateAvailable(errors, status)
}

function validateReplicationController({ spec }: ReplicationController, errors: FieldErrors): void {
  validateNonNegative(errors, 'spec.minReadySeconds', spec?.minReadySeconds)
  const selector = spec?.selector ?? {}
  const isEmpty = Object.keys(selector).length === 0
  if (isEmpty) errors.push(field.required('spec.selector', ''))
  if (spec?.replicas == null) errors.push(field.required('spec.replicas', ''))
  else validateNonNegative(errors, 'spec.replicas', spec.replicas)
  const template = spec?.template
  if (template == null) {
    errors.push(field.required('spec.template', ''))
    return
  }
  if (!isEmpty) validateSelected(errors, template, { matchLabels: selector })
  validatePodTemplate(errors, 'spec.template', template)
  validateLongRunning(errors, 'spec.template', { template, owner: 'ReplicationController' })
}

/** For kinds whose name becomes that of their pods. */
export function podNameWarning(name: string | undefined, warnings: string[]): void {
  const problems = isDns1123Label(name ?? '')
  if (problems.length === 0) return
  const why = 'this is used in Pod names and hostnames, which can result in surprising behavior'
  warnings.push(`metadata.name: ${why}; a DNS label is recommended: [${problems.join(' ')}]`)
}

type Owner = Deployment | ReplicaSet | ReplicationController

/** An update is looked at when it changed the spec. */
function ownerWarnings(object: Owner, old: Owner | undefined, warnings: string[]): void {
  if (old === undefined) podNameWarning(object.metadata?.name, warnings)
  else if (object.metadata?.generation === old.metadata?.generation) return
  podTemplateWarnings(warnings, 'spec.template', object.spec?.template)
}

export const workloadValidations: Readonly<Record<string, KindValidation>> = {
  '/PodTemplate': {
    ...podTemplateValidation,
    warnings: ({ template }, _, warnings) => podTemplateWarnings(warnings, 'template', template),
  },
  '/ReplicationController': {
    create: validateReplicationController,
    statusUpdate: (object: ReplicationController, _: unknown, errors) => validateReplicaCounts(object, errors),
    warnings: ownerWarnings,
  },
  'apps/Deployment': {
    create: validateDeployment,
    update: (object: Deployment, old: Deployment, errors) => {
      validateDeployment(object, errors)
      validateImmutable(errors, 'spec.selector', object.spec?.selector, old.spec?.selector)
    },
    statusUpdate: validateDeploymentStatus,
    warnings: ownerWarnings,
  },
  'apps/ReplicaSet': {
    create: validateReplicaSet,
    update: (object: ReplicaSet, old: ReplicaSet, errors) => {
      validateReplicaSet(object, errors)
      validateImmutable(errors, 'spec.selector', object.spec?.selector, old.spec?.selector)
    },
    statusUpdate: (object: ReplicaSet, _: unknown, errors) => validateReplicaCounts(object, errors),
    warnings: ownerWarnings,
  },
}
