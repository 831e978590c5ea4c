// Workloads that make pods (pkg/apis/apps/validation): their selectors select their own template and do not change.

import { field } from '../field-error.ts'
import type { DaemonSet, Deployment, PodTemplateSpec, ReplicaSet } from '../generated/kinds.ts'
import { labelSelectorMatches, type LabelSelector } from '../selectors.ts'
import {
  validateImmutable,
  validateLabels,
  validateLabelSelector,
  validateNonNegative,
  type FieldErrors,
} from './fields.ts'
import type { KindValidation } from './kind-validation.ts'
import { restartPolicies, validatePodSpec } from './pod-spec.ts'

interface Workload {
  spec?: { replicas?: number | undefined; selector?: LabelSelector; template?: PodTemplateSpec | undefined } | undefined
}

function validateWorkload({ spec }: Workload, errors: FieldErrors): void {
  validateNonNegative(errors, 'spec.replicas', spec?.replicas)
  const selector = spec?.selector
  if (!selector) errors.push(field.required('spec.selector', ''))
  else {
    validateLabelSelector(errors, 'spec.selector', selector)
    if (!selector.matchExpressions?.length && Object.keys(selector.matchLabels ?? {}).length === 0) {
      errors.push(field.invalid('spec.selector', selector, 'empty selector is invalid for deployment'))
    }
  }
  const labels = spec?.template?.metadata?.labels
  if (selector && !labelSelectorMatches(selector, labels)) {
    const why = '`selector` does not match template `labels`'
    errors.push(field.invalid('spec.template.metadata.labels', labels ?? null, why))
  }
  validateLabels(errors, 'spec.template.labels', labels)
  validatePodSpec(errors, 'spec.template.spec', spec?.template?.spec)
  const restartPolicy = spec?.template?.spec?.restartPolicy
  if (restartPolicy && restartPolicy !== 'Always' && restartPolicies.includes(restartPolicy)) {
    errors.push(field.notSupported('spec.template.spec.restartPolicy', restartPolicy, ['Always']))
  }
}

function validateWorkloadUpdate(object: Workload, old: Workload, errors: FieldErrors): void {
  validateWorkload(object, errors)
  validateImmutable(errors, 'spec.selector', object.spec?.selector, old.spec?.selector)
}

export const workloadValidations: Readonly<Record<string, KindValidation>> = {
  'apps/DaemonSet': {
    create: (object: DaemonSet, errors) => validateWorkload(object, errors),
    update: (object: DaemonSet, old: DaemonSet, errors) => validateWorkloadUpdate(object, old, errors),
  },
  'apps/Deployment': {
    create: (object: Deployment, errors) => validateWorkload(object, errors),
    update: (object: Deployment, old: Deployment, errors) => validateWorkloadUpdate(object, old, errors),
  },
  'apps/ReplicaSet': {
    create: (object: ReplicaSet, errors) => validateWorkload(object, errors),
    update: (object: ReplicaSet, old: ReplicaSet, errors) => validateWorkloadUpdate(object, old, errors),
  },
}
