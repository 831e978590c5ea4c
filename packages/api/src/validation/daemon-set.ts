// DaemonSets (pkg/apis/apps/validation).

import { field } from '../field-error.ts'
import type { DaemonSet, DaemonSetSpec } from '../generated/kinds.ts'
import { validateImmutable, validateLabelSelector, validateNonNegative, type FieldErrors } from './fields.ts'
import { countOrPercent, validateAtMost100Percent, validateCountOrPercent } from './int-or-percent.ts'
import type { KindValidation } from './kind-validation.ts'
import { isEmptySelector, validateLongRunning, validatePodTemplate, validateSelected } from './pod-template.ts'
import { podTemplateWarnings } from './pod-warnings.ts'
import { validateCounts, validateNotDecremented } from './status-counts.ts'

function validateDaemonSet({ spec }: DaemonSet, errors: FieldErrors): void {
  const selector = spec?.selector
  const before = errors.length
  validateLabelSelector(errors, 'spec.selector', selector)
  const template = spec?.template
  if (errors.length === before) validateSelected(errors, template, selector)
  if (selector && isEmptySelector(selector)) {
    errors.push(field.invalid('spec.selector', selector, 'empty selector is invalid for daemonset'))
  }
  validatePodTemplate(errors, 'spec.template', template)
  validateLongRunning(errors, 'spec.template', { template, owner: 'DaemonSet' })
  validateNonNegative(errors, 'spec.minReadySeconds', spec?.minReadySeconds)
  validateUpdateStrategy(errors, spec?.updateStrategy)
  validateNonNegative(errors, 'spec.revisionHistoryLimit', spec?.revisionHistoryLimit)
}

function validateUpdateStrategy(errors: FieldErrors, strategy: DaemonSetSpec['updateStrategy']): void {
  const path = 'spec.updateStrategy'
  if (strategy?.type === 'OnDelete') return
  if (strategy?.type !== 'RollingUpdate') {
    // Upstream prints its internal type here, whose fields have no JSON names.
    const shown = { Type: strategy?.type ?? '', RollingUpdate: strategy?.rollingUpdate ?? null }
    errors.push(field.notSupported(path, shown, ['RollingUpdate', 'OnDelete']))
    return
  }
  if (strategy.rollingUpdate == null) {
    errors.push(field.required(`${path}.rollingUpdate`, ''))
    return
  }
  const { maxUnavailable = 0, maxSurge = 0 } = strategy.rollingUpdate
  const values = [
    [`${path}.rollingUpdate.maxUnavailable`, maxUnavailable],
    [`${path}.rollingUpdate.maxSurge`, maxSurge],
  ] as const
  for (const [at, value] of values) validateCountOrPercent(errors, at, value)
  for (const [at, value] of values) validateAtMost100Percent(errors, at, value)
  const [hasUnavailable, hasSurge] = [countOrPercent(maxUnavailable) !== 0, countOrPercent(maxSurge) !== 0]
  if (hasUnavailable && hasSurge) {
    const why = 'may not be set when maxUnavailable is non-zero'
    errors.push(field.invalid(`${path}.rollingUpdate.maxSurge`, maxSurge, why))
  } else if (!hasUnavailable && !hasSurge) {
    errors.push(field.required(`${path}.rollingUpdate.maxUnavailable`, 'cannot be 0 when maxSurge is 0'))
  }
}

function validateDaemonSetStatus({ status }: DaemonSet, old: DaemonSet, errors: FieldErrors): void {
  validateCounts(errors, status, [
    'currentNumberScheduled',
    'numberMisscheduled',
    'desiredNumberScheduled',
    'numberReady',
    'observedGeneration',
    'updatedNumberScheduled',
    'numberAvailable',
    'numberUnavailable',
    'collisionCount',
  ])
  const collisions = { value: status?.collisionCount, old: old.status?.collisionCount }
  validateNotDecremented(errors, 'status.collisionCount', collisions)
}

export const daemonSetValidation: KindValidation = {
  create: validateDaemonSet,
  update: (object: DaemonSet, old: DaemonSet, errors) => {
    validateImmutable(errors, 'spec.selector', object.spec?.selector, old.spec?.selector)
    validateDaemonSet(object, errors)
  },
  statusUpdate: validateDaemonSetStatus,
  warnings: (object: DaemonSet, old: DaemonSet | undefined, warnings) => {
    if (object.metadata?.generation === old?.metadata?.generation && old !== undefined) return
    podTemplateWarnings(warnings, 'spec.template', object.spec?.template)
  },
}
