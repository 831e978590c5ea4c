// Autoscalers (pkg/apis/autoscaling/validation).

import { field } from '../field-error.ts'
import type {
  CrossVersionObjectReference,
  HorizontalPodAutoscaler,
  HPAScalingRules,
  MetricIdentifier,
  MetricSpec,
  MetricTarget,
} from '../generated/kinds.ts'
import { isDns1123Label, nameIsPathSegment } from '../names.ts'
import { compareQuantities, parseQuantity } from '../quantity.ts'
import {
  requireValid,
  validateNonNegative,
  validateNonNegativeQuantity,
  validateOptionalEnum,
  type FieldErrors,
} from './fields.ts'
import { validateContainerResourceName } from './container-resources.ts'
import type { KindValidation } from './kind-validation.ts'

const maxPeriodSeconds = 1800
const maxWindowSeconds = 3600
const metricTypes = ['ContainerResource', 'External', 'Object', 'Pods', 'Resource']
const zero = parseQuantity('0')

/** The field of each type, in the order in which upstream looks for them. */
const sources = ['object', 'external', 'pods', 'resource', 'containerResource'] as const
const sourceOf: Readonly<Record<string, (typeof sources)[number]>> = {
  Object: 'object',
  External: 'external',
  Pods: 'pods',
  Resource: 'resource',
  ContainerResource: 'containerResource',
}

interface ReferenceRules {
  reference: CrossVersionObjectReference | null | undefined
  needsGroup: boolean
  /** References that were taken before apiVersion was looked at stay as they are. */
  anyVersion?: boolean
}

function validateReference(errors: FieldErrors, path: string, rules: ReferenceRules): void {
  const { reference, needsGroup, anyVersion } = rules
  requireValid(errors, `${path}.kind`, reference?.kind, nameIsPathSegment)
  requireValid(errors, `${path}.name`, reference?.name, nameIsPathSegment)
  if (anyVersion === true) return
  const version = reference?.apiVersion ?? ''
  const parts = version.split('/')
  if (parts.length > 2) {
    errors.push(field.invalid(`${path}.apiVersion`, version, `unexpected GroupVersion string: ${version}`))
  } else if (needsGroup && parts.length < 2 && !coreKinds.has(reference?.kind ?? '')) {
    errors.push(field.invalid(`${path}.apiVersion`, version, 'apiVersion must specify API group'))
  }
}

/** Scalable kinds of the core group, which has no name. */
const coreKinds: ReadonlySet<string> = new Set(['ReplicationController'])

function validateAutoscaler(
  { spec }: HorizontalPodAutoscaler,
  errors: FieldErrors,
  old?: HorizontalPodAutoscaler,
): void {
  const min = spec?.minReplicas
  const max = spec?.maxReplicas ?? 0
  const least = old?.spec?.minReplicas === 0 ? 0 : 1
  if (min != null && min < least) {
    errors.push(field.invalid('spec.minReplicas', min, `must be greater than or equal to ${least}`))
  }
  if (max === 0) errors.push(field.required('spec.maxReplicas', 'must be set and greater than 0'))
  else if (max < 0) errors.push(field.invalid('spec.maxReplicas', max, 'must be greater than or equal to 1'))
  if (min != null && max < min) {
    errors.push(field.invalid('spec.maxReplicas', max, 'must be greater than or equal to `minReplicas`'))
  }
  const [reference, before] = [spec?.scaleTargetRef, old?.spec?.scaleTargetRef]
  const anyVersion = before != null && before.apiVersion === reference?.apiVersion && before.kind === reference?.kind
  validateReference(errors, 'spec.scaleTargetRef', { reference, needsGroup: true, anyVersion })
  const metrics = spec?.metrics ?? []
  for (const [index, metric] of metrics.entries()) validateMetric(errors, `spec.metrics[${index}]`, metric)
  validateOldTarget(errors, spec)
  if (min === 0 && !metrics.some(({ type }) => type === 'Object' || type === 'External')) {
    const why = 'must specify at least one Object or External metric to support scaling to zero replicas'
    errors.push(field.forbidden('spec.metrics', why))
  }
  for (const name of ['scaleUp', 'scaleDown'] as const) {
    const rules = spec?.behavior?.[name]
    if (rules) validateRules(errors, `spec.behavior.${name}`, rules)
  }
}

/** In v1 the only metric is one number; messages call it what it is in later versions. */
function validateOldTarget(errors: FieldErrors, spec: object | null | undefined): void {
  if (!spec || !('targetCPUUtilizationPercentage' in spec)) return
  const percentage = spec.targetCPUUtilizationPercentage
  if (typeof percentage !== 'number' || percentage >= 1) return
  errors.push(field.invalid('spec.metrics[0].resource.target.averageUtilization', percentage, 'must be greater than 0'))
}

function validateMetric(errors: FieldErrors, path: string, metric: MetricSpec): void {
  const { type } = metric
  const unsupported = field.notSupported(`${path}.type`, type ?? '', metricTypes)
  if (!type) errors.push(field.required(`${path}.type`, 'must specify a metric source type'))
  const expected = sourceOf[type ?? '']
  if (expected === undefined) errors.push(unsupported)
  const present = sources.filter((name) => metric[name] != null)
  if (present[0] !== undefined) validateSource(errors, `${path}.${present[0]}`, metric, present[0])
  // Said twice upstream.
  if (expected === undefined) errors.push(unsupported)
  else if (metric[expected] == null) {
    errors.push(field.required(`${path}.${expected}`, 'must populate information for the given metric source'))
  }
  if (present.length === 1) return
  for (const name of present) {
    if (name !== expected) errors.push(field.forbidden(`${path}.${name}`, 'must populate the given metric source only'))
  }
}

function validateSource(
  errors: FieldErrors,
  path: string,
  { object, external, pods, resource, containerResource }: MetricSpec,
  name: (typeof sources)[number],
): void {
  if (name === 'object') {
    validateReference(errors, `${path}.describedObject`, { reference: object?.describedObject, needsGroup: false })
    validateIdentifier(errors, `${path}.metric`, object?.metric)
    validateValues(errors, path, { target: object?.target, missing: 'must set either a target value or averageValue' })
  } else if (name === 'external') {
    validateIdentifier(errors, `${path}.metric`, external?.metric)
    const target = external?.target
    const missing = 'must set either a target value for metric or a per-pod target'
    validateValues(errors, path, { target, missing })
    if (target?.value != null && target.averageValue != null) {
      const why = 'may not set both a target value for metric and a per-pod target'
      errors.push(field.forbidden(`${path}.target.value`, why))
    }
  } else if (name === 'pods') {
    validateIdentifier(errors, `${path}.metric`, pods?.metric)
    validateTarget(errors, `${path}.target`, pods?.target)
    if (pods?.target?.averageValue == null) {
      errors.push(field.required(`${path}.target.averageValue`, 'must specify a positive target averageValue'))
    }
  } else if (name === 'resource') {
    if (!resource?.name) errors.push(field.required(`${path}.name`, 'must specify a resource name'))
    validateUtilization(errors, path, resource?.target)
  } else {
    if (!containerResource?.name) errors.push(field.required(`${path}.name`, 'must specify a resource name'))
    else validateContainerResourceName(errors, `${path}.name`, containerResource.name)
    const container = containerResource?.container
    if (!container) errors.push(field.required(`${path}.container`, 'must specify a container'))
    else requireValid(errors, `${path}.container`, container, isDns1123Label)
    validateUtilization(errors, path, containerResource?.target)
  }
}

type Target = MetricTarget | null | undefined

function validateValues(
  errors: FieldErrors,
  path: string,
  { target, missing }: { target: Target; missing: string },
): void {
  validateTarget(errors, `${path}.target`, target)
  if (target?.value == null && target?.averageValue == null) {
    errors.push(field.required(`${path}.target.averageValue`, missing))
  }
}

function validateUtilization(errors: FieldErrors, path: string, target: Target): void {
  validateTarget(errors, `${path}.target`, target)
  if (target?.averageUtilization == null && target?.averageValue == null) {
    const why = 'must set either a target raw value or a target utilization'
    errors.push(field.required(`${path}.target.averageUtilization`, why))
  } else if (target.averageUtilization != null && target.averageValue != null) {
    const why = 'may not set both a target raw value and a target utilization'
    errors.push(field.forbidden(`${path}.target.averageValue`, why))
  }
}

function validateTarget(errors: FieldErrors, path: string, target: Target): void {
  const type = target?.type ?? ''
  if (type === '') errors.push(field.required(`${path}.type`, 'must specify a metric target type'))
  if (!['Utilization', 'Value', 'AverageValue'].includes(type)) {
    errors.push(field.invalid(`${path}.type`, type, 'must be either Utilization, Value, or AverageValue'))
  }
  for (const name of ['value', 'averageValue'] as const) {
    const value = target?.[name]
    if (value != null && compareQuantities(parseQuantity(value), zero) <= 0) {
      errors.push(field.invalid(`${path}.${name}`, String(value), 'must be positive'))
    }
  }
  const utilization = target?.averageUtilization
  if (utilization != null && utilization < 1) {
    errors.push(field.invalid(`${path}.averageUtilization`, utilization, 'must be greater than 0'))
  }
}

function validateIdentifier(errors: FieldErrors, path: string, metric: MetricIdentifier | null | undefined): void {
  if (!metric?.name) errors.push(field.required(`${path}.name`, 'must specify a metric name'))
  else requireValid(errors, `${path}.name`, metric.name, nameIsPathSegment)
}

function validateRules(errors: FieldErrors, path: string, rules: HPAScalingRules): void {
  const window = rules.stabilizationWindowSeconds
  const windowPath = `${path}.stabilizationWindowSeconds`
  if (window != null && window < 0) {
    errors.push(field.invalid(windowPath, window, 'must be greater than or equal to zero'))
  }
  if (window != null && window > maxWindowSeconds) {
    errors.push(field.invalid(windowPath, window, `must be less than or equal to ${maxWindowSeconds}`))
  }
  validateOptionalEnum(errors, `${path}.selectPolicy`, rules.selectPolicy, ['Disabled', 'Max', 'Min'])
  const policies = rules.policies ?? []
  if (policies.length === 0) errors.push(field.required(`${path}.policies`, 'must specify at least one Policy'))
  for (const [index, { type, value = 0, periodSeconds = 0 }] of policies.entries()) {
    const at = `${path}.policies[${index}]`
    validateOptionalEnum(errors, `${at}.type`, type ?? '', ['Percent', 'Pods'])
    if (value <= 0) errors.push(field.invalid(`${at}.value`, value, 'must be greater than zero'))
    if (periodSeconds <= 0)
      errors.push(field.invalid(`${at}.periodSeconds`, periodSeconds, 'must be greater than zero'))
    if (periodSeconds > maxPeriodSeconds) {
      const why = `must be less than or equal to ${maxPeriodSeconds}`
      errors.push(field.invalid(`${at}.periodSeconds`, periodSeconds, why))
    }
  }
  if (rules.tolerance != null) validateNonNegativeQuantity(errors, `${path}.tolerance`, rules.tolerance)
}

export const autoscalerValidation: KindValidation = {
  create: (object: HorizontalPodAutoscaler, errors) => validateAutoscaler(object, errors),
  update: (object: HorizontalPodAutoscaler, old: HorizontalPodAutoscaler, errors) =>
    validateAutoscaler(object, errors, old),
  statusUpdate: ({ status }: HorizontalPodAutoscaler, _: unknown, errors) => {
    validateNonNegative(errors, 'status.currentReplicas', status?.currentReplicas)
    validateNonNegative(errors, 'status.desiredReplicas', status?.desiredReplicas)
  },
}
