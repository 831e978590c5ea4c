// StatefulSets (pkg/apis/apps/validation).

import { field } from '../field-error.ts'
import type { PodTemplateSpec, StatefulSet, StatefulSetSpec } from '../generated/kinds.ts'
import { isDns1123Label, nameIsDnsLabel } from '../names.ts'
import { semanticallyEqual } from '../semantic-equality.ts'
import { claimSpecWarnings, validateClaimSpec } from './persistent-volume-claim.ts'
import { addInvalid, validateNonNegative, type FieldErrors } from './fields.ts'
import { countOrPercent, validateAtMost100Percent, validateCountOrPercent } from './int-or-percent.ts'
import type { KindValidation } from './kind-validation.ts'
import {
  isEmptySelector,
  validateLongRunning,
  validatePodTemplate,
  validateRequiredSelector,
  validateSelected,
} from './pod-template.ts'
import { podTemplateWarnings } from './pod-warnings.ts'
import { validateAtMost, validateCounts, validateNotDecremented } from './status-counts.ts'
import { validateAnnotations } from './metadata.ts'
import { validateLabels } from './fields.ts'

const managementPolicies = ['OrderedReady', 'Parallel']
const retentions = ['Retain', 'Delete']

function validateUpdateStrategy(errors: FieldErrors, strategy: StatefulSetSpec['updateStrategy']): void {
  const path = 'spec.updateStrategy'
  const rollingUpdate = strategy?.rollingUpdate
  if (!strategy?.type) errors.push(field.required(path, ''))
  else if (strategy.type === 'OnDelete') {
    if (rollingUpdate == null) return
    // Upstream prints its internal type here, whose fields have no JSON names.
    const shown = { Partition: rollingUpdate.partition ?? 0, MaxUnavailable: rollingUpdate.maxUnavailable ?? null }
    errors.push(field.invalid(`${path}.rollingUpdate`, shown, "only allowed for updateStrategy 'RollingUpdate'"))
  } else if (strategy.type === 'RollingUpdate') {
    if (rollingUpdate == null) return
    validateNonNegative(errors, `${path}.rollingUpdate.partition`, rollingUpdate.partition)
    const value = rollingUpdate.maxUnavailable
    if (value == null) return
    const at = `${path}.rollingUpdate.maxUnavailable`
    validateCountOrPercent(errors, at, value)
    if (countOrPercent(value) === 0) errors.push(field.invalid(at, value, 'cannot be 0'))
    validateAtMost100Percent(errors, at, value)
  } else {
    const shown = { Type: strategy.type, RollingUpdate: rollingUpdate ?? null }
    errors.push(field.invalid(path, shown, "must be 'RollingUpdate' or 'OnDelete'"))
  }
}

interface Rules {
  isNew: boolean
  /** Templates that were taken by an older rule are not looked at again. */
  skipsTemplate?: boolean
}

function validateSpec(errors: FieldErrors, spec: StatefulSetSpec | null | undefined, rules: Rules): void {
  const policy = spec?.podManagementPolicy
  if (!policy) errors.push(field.required('spec.podManagementPolicy', ''))
  else if (!managementPolicies.includes(policy)) {
    errors.push(field.invalid('spec.podManagementPolicy', policy, "must be 'OrderedReady' or 'Parallel'"))
  }
  validateUpdateStrategy(errors, spec?.updateStrategy)
  const retention = spec?.persistentVolumeClaimRetentionPolicy
  for (const name of ['whenDeleted', 'whenScaled'] as const) {
    if (retention == null || retentions.includes(retention[name] ?? '')) continue
    const path = `spec.persistentVolumeClaimRetentionPolicy.${name}`
    errors.push(field.notSupported(path, retention[name] ?? '', retentions))
  }
  if (rules.isNew) {
    for (const [index, claim] of (spec?.volumeClaimTemplates ?? []).entries()) {
      validateClaimSpec(errors, `spec.volumeClaimTemplates[${index}].spec`, claim.spec)
    }
  }
  validateNonNegative(errors, 'spec.replicas', spec?.replicas)
  validateNonNegative(errors, 'spec.minReadySeconds', spec?.minReadySeconds)
  validateNonNegative(errors, 'spec.ordinals.start', spec?.ordinals?.start)
  if (rules.isNew && spec?.serviceName) {
    addInvalid(errors, 'spec.serviceName', spec.serviceName, isDns1123Label(spec.serviceName))
  }
  const selector = spec?.selector
  if (validateRequiredSelector(errors, selector, { kind: 'statefulset', unreadable: '' })) {
    if (!selector || !isEmptySelector(selector)) validateSelected(errors, spec?.template, selector)
    const template = spec && templateOfPods(spec)
    if (!rules.skipsTemplate) validatePodTemplate(errors, 'spec.template', template)
    validateLabels(errors, 'spec.template.labels', template?.metadata?.labels)
    validateAnnotations(errors, 'spec.template.annotations', template?.metadata?.annotations)
  }
  validateLongRunning(errors, 'spec.template', { template: spec?.template, owner: 'StatefulSet' })
}

/** The template as pods get it: with a volume for each claim, and without the names that the controller overwrites. */
function templateOfPods({ template, volumeClaimTemplates = [] }: StatefulSetSpec): PodTemplateSpec | undefined {
  if (!template?.spec) return template
  const claimed = volumeClaimTemplates.map(({ metadata }) => metadata?.name ?? '')
  const volumes = [
    ...claimed.map((name) => ({ name, persistentVolumeClaim: { claimName: name } })),
    ...(template.spec.volumes ?? []).filter(({ name }) => !claimed.includes(name)),
  ]
  return { ...template, spec: { ...template.spec, subdomain: '', hostname: '', volumes } }
}

const changeable = [
  'replicas',
  'ordinals',
  'template',
  'updateStrategy',
  'revisionHistoryLimit',
  'persistentVolumeClaimRetentionPolicy',
  'minReadySeconds',
] as const

function validateUpdate(set: StatefulSet, old: StatefulSet, errors: FieldErrors): void {
  const earlier: FieldErrors = []
  validateSpec(earlier, old.spec, { isNew: false })
  validateSpec(errors, set.spec, { isNew: false, skipsTemplate: earlier.length > 0 })
  const [fixed, before] = [{ ...set.spec }, { ...old.spec }]
  for (const name of changeable) {
    delete fixed[name]
    delete before[name]
  }
  if (semanticallyEqual(fixed, before)) return
  const names = changeable.map((name) => `'${name}'`)
  const list = `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
  errors.push(field.forbidden('spec', `updates to statefulset spec for fields other than ${list} are forbidden`))
}

function validateStatus({ status }: StatefulSet, old: StatefulSet, errors: FieldErrors): void {
  const parts = ['readyReplicas', 'currentReplicas', 'updatedReplicas', 'availableReplicas'] as const
  validateCounts(errors, status, ['replicas', ...parts, 'observedGeneration', 'collisionCount'])
  validateAtMost(errors, status, { parts, whole: 'replicas', why: 'cannot be greater than status.replicas' })
  const why = 'cannot be greater than status.readyReplicas'
  validateAtMost(errors, status, { parts: ['availableReplicas'], whole: 'readyReplicas', why })
  const collisions = { value: status?.collisionCount, old: old.status?.collisionCount }
  validateNotDecremented(errors, 'status.collisionCount', collisions)
}

function statefulSetWarnings({ metadata, spec }: StatefulSet, old: StatefulSet | undefined, warnings: string[]): void {
  if (old === undefined || metadata?.generation !== old.metadata?.generation) {
    podTemplateWarnings(warnings, 'spec.template', spec?.template)
  }
  for (const [index, claim] of (spec?.volumeClaimTemplates ?? []).entries()) {
    const path = `spec.volumeClaimTemplates[${index}]`
    // Upstream's path is another one on update.
    claimSpecWarnings(warnings, old === undefined ? path : `${path}.Spec`, claim.spec)
  }
  if (spec?.revisionHistoryLimit != null && spec.revisionHistoryLimit < 0) {
    const why = 'a negative value retains all historical revisions; a value >= 0 is recommended'
    warnings.push(`spec.revisionHistoryLimit: ${why}`)
  }
}

export const statefulSetValidation: KindValidation = {
  name: nameIsDnsLabel,
  create: ({ spec }: StatefulSet, errors) => validateSpec(errors, spec, { isNew: true }),
  update: validateUpdate,
  statusUpdate: validateStatus,
  warnings: statefulSetWarnings,
}
