// Templates of pods, in workloads and on their own (ValidatePodTemplateSpec of pkg/apis/core/validation).

import { field } from '../field-error.ts'
import type { PodTemplate, PodTemplateSpec } from '../generated/kinds.ts'
import { type LabelSelector, labelSelectorMatches } from '../selectors.ts'
import { shownSelector, sortedMap, validateLabels, validateLabelSelector, type FieldErrors } from './fields.ts'
import type { KindValidation } from './kind-validation.ts'
import { validateAnnotations } from './metadata.ts'
import { validatePodSpec } from './pod-spec.ts'

type Template = PodTemplateSpec | null | undefined

export function validatePodTemplate(errors: FieldErrors, path: string, template: Template): void {
  validateLabels(errors, `${path}.labels`, template?.metadata?.labels)
  validateAnnotations(errors, `${path}.annotations`, template?.metadata?.annotations)
  validatePodSpec(errors, `${path}.spec`, template?.spec)
  if (template?.spec?.ephemeralContainers?.length) {
    errors.push(field.forbidden(`${path}.spec.ephemeralContainers`, 'ephemeral containers not allowed in pod template'))
  }
}

/** Refuses a selector that is not there, selects everything or cannot be read; says whether it can be used. */
export function validateRequiredSelector(
  errors: FieldErrors,
  selector: LabelSelector | null | undefined,
  { kind, unreadable }: { kind: string; unreadable: string },
): boolean {
  const path = 'spec.selector'
  if (!selector) {
    errors.push(field.required(path, ''))
    return true
  }
  const before = errors.length
  validateLabelSelector(errors, path, selector)
  const isReadable = errors.length === before
  if (isEmptySelector(selector))
    errors.push(field.invalid(path, shownSelector(selector), `empty selector is invalid for ${kind}`))
  if (!isReadable) errors.push(field.invalid(path, shownSelector(selector), unreadable))
  return isReadable
}

export function isEmptySelector(selector: LabelSelector): boolean {
  return !selector.matchExpressions?.length && Object.keys(selector.matchLabels ?? {}).length === 0
}

/** A selector that is not there selects nothing. */
export function validateSelected(
  errors: FieldErrors,
  template: Template,
  selector: LabelSelector | null | undefined,
): void {
  const labels = template?.metadata?.labels
  if (selector && labelSelectorMatches(selector, labels)) return
  const why = '`selector` does not match template `labels`'
  errors.push(field.invalid('spec.template.metadata.labels', labels ? sortedMap(labels) : null, why))
}

/** Pods of a controller are started again and again; `path` is that of the template. */
export function validateLongRunning(
  errors: FieldErrors,
  path: string,
  { template, owner }: { template: Template; owner: string },
): void {
  const policy = template?.spec?.restartPolicy ?? ''
  if (policy !== 'Always') errors.push(field.notSupported(`${path}.spec.restartPolicy`, policy, ['Always']))
  if (template?.spec?.activeDeadlineSeconds != null) {
    const why = `activeDeadlineSeconds in ${owner} is not Supported`
    errors.push(field.forbidden(`${path}.spec.activeDeadlineSeconds`, why))
  }
}

export const podTemplateValidation: KindValidation = {
  create: ({ template }: PodTemplate, errors) => validatePodTemplate(errors, 'template', template),
}
