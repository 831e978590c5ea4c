// Small groups: leases, priority and runtime classes, disruption budgets, autoscalers, certificates, revisions.

import { field } from '../field-error.ts'
import type {
  CertificateSigningRequest,
  ControllerRevision,
  Lease,
  PodDisruptionBudget,
  PriorityClass,
  RuntimeClass,
} from '../generated/kinds.ts'
import { isDns1123Label, isDns1123Subdomain, nameIsDnsSubdomain, nameIsPathSegment } from '../names.ts'
import {
  requireValid,
  validateLabels,
  shownSelector,
  validateImmutable,
  validateLabelSelector,
  validateNonNegative,
  validateOptionalEnum,
  type FieldErrors,
} from './fields.ts'
import { autoscalerValidation } from './autoscaling.ts'
import { validateTolerations } from './affinity.ts'
import { validateConditions } from './conditions.ts'
import { validateResources } from './container-resources.ts'
import { nodeSelectorWarnings } from './node-labels.ts'
import { validateAtMost100Percent, validateCountOrPercent } from './int-or-percent.ts'
import type { KindValidation } from './kind-validation.ts'

function validateLease({ spec }: Lease, errors: FieldErrors): void {
  const { leaseDurationSeconds: duration, leaseTransitions } = spec ?? {}
  if (duration != null && duration <= 0) {
    errors.push(field.invalid('spec.leaseDurationSeconds', duration, 'must be greater than 0'))
  }
  validateNonNegative(errors, 'spec.leaseTransitions', leaseTransitions)
}

const highestUserPriority = 1_000_000_000
const systemPriorities: Readonly<Record<string, number>> = {
  'system-node-critical': 2_000_001_000,
  'system-cluster-critical': 2_000_000_000,
}

function validatePriorityClass(
  { metadata, value = 0, globalDefault, preemptionPolicy }: PriorityClass,
  errors: FieldErrors,
): void {
  const name = metadata?.name ?? ''
  if (name.startsWith('system-')) {
    const expected = systemPriorities[name]
    const why =
      expected === undefined
        ? `${name} is not a known system priority class`
        : expected !== value
          ? `value of ${name} PriorityClass must be ${expected}`
          : globalDefault
            ? `globalDefault of ${name} PriorityClass must be false`
            : undefined
    if (why !== undefined) {
      const text = `priority class names with 'system-' prefix are reserved for system use only. error: ${why}`
      errors.push(field.forbidden('metadata.name', text))
    }
  } else if (value > highestUserPriority) {
    const why = `maximum allowed value of a user defined priority is ${highestUserPriority}`
    errors.push(field.forbidden('value', why))
  }
  validateOptionalEnum(errors, 'preemptionPolicy', preemptionPolicy, ['PreemptLowerPriority', 'Never'])
}

function validateRuntimeClass({ handler, overhead, scheduling }: RuntimeClass, errors: FieldErrors): void {
  requireValid(errors, 'handler', handler, isDns1123Label)
  if (overhead) validateResources(errors, 'overhead', { limits: overhead.podFixed }, { claims: new Set() })
  validateLabels(errors, 'scheduling.nodeSelector', scheduling?.nodeSelector)
  const tolerations = scheduling?.tolerations ?? []
  validateTolerations(errors, 'scheduling.tolerations', tolerations)
  const seen = new Set<string>()
  for (const [
    index,
    { key = '', operator = '', value = '', effect = '', tolerationSeconds },
  ] of tolerations.entries()) {
    // Upstream prints its internal type here, whose fields have no JSON names.
    const shown = {
      Key: key,
      Operator: operator,
      Value: value,
      Effect: effect,
      TolerationSeconds: tolerationSeconds ?? null,
    }
    const identity = JSON.stringify(shown)
    if (seen.has(identity)) errors.push(field.duplicate(`scheduling.tolerations[${index}]`, shown))
    seen.add(identity)
  }
}

function validatePodDisruptionBudget({ spec }: PodDisruptionBudget, errors: FieldErrors): void {
  if (spec?.minAvailable != null && spec.maxUnavailable != null) {
    // Upstream prints its internal type here, whose fields have no JSON names.
    const shown = {
      MinAvailable: spec.minAvailable,
      Selector: spec.selector ? shownSelector(spec.selector) : null,
      MaxUnavailable: spec.maxUnavailable,
      UnhealthyPodEvictionPolicy: spec.unhealthyPodEvictionPolicy ?? null,
    }
    errors.push(field.invalid('spec', shown, 'minAvailable and maxUnavailable cannot be both set'))
  }
  for (const name of ['minAvailable', 'maxUnavailable'] as const) {
    const value = spec?.[name]
    if (value == null) continue
    validateCountOrPercent(errors, `spec.${name}`, value)
    validateAtMost100Percent(errors, `spec.${name}`, value)
  }
  validateLabelSelector(errors, 'spec.selector', spec?.selector)
  const policies = ['AlwaysAllow', 'IfHealthyBudget']
  validateOptionalEnum(errors, 'spec.unhealthyPodEvictionPolicy', spec?.unhealthyPodEvictionPolicy, policies)
}

function validatePodDisruptionBudgetStatus({ status }: PodDisruptionBudget, _: unknown, errors: FieldErrors): void {
  validateConditions(errors, 'status.conditions', status?.conditions)
  for (const name of ['disruptionsAllowed', 'currentHealthy', 'desiredHealthy', 'expectedPods'] as const) {
    validateNonNegative(errors, `status.${name}`, status?.[name])
  }
}

const legacySigner = 'kubernetes.io/legacy-unknown'
/** A domain of 253 characters, a slash, and 317 more. */
const maxSignerLength = 571
const keyUsages = [
  'any',
  'cert sign',
  'client auth',
  'code signing',
  'content commitment',
  'crl sign',
  'data encipherment',
  'decipher only',
  'digital signature',
  'email protection',
  'encipher only',
  'ipsec end system',
  'ipsec tunnel',
  'ipsec user',
  'key agreement',
  'key encipherment',
  'microsoft sgc',
  'netscape sgc',
  'ocsp signing',
  's/mime',
  'server auth',
  'signing',
  'timestamping',
]

function validateSigningRequest({ spec }: CertificateSigningRequest, errors: FieldErrors): void {
  const request = spec?.request ?? ''
  if (!Buffer.from(request, 'base64').includes('BEGIN CERTIFICATE REQUEST')) {
    const shown = request === '' ? null : request
    errors.push(field.invalid('spec.request', shown, 'PEM block type must be CERTIFICATE REQUEST'))
  }
  const usages = spec?.usages ?? []
  if (usages.length === 0) errors.push(field.required('spec.usages', ''))
  for (const [index, usage] of usages.entries()) {
    if (!keyUsages.includes(usage)) errors.push(field.notSupported(`spec.usages[${index}]`, usage, keyUsages))
    if (usages.indexOf(usage) < index) errors.push(field.duplicate(`spec.usages[${index}]`, usage))
  }
  const signer = spec?.signerName ?? ''
  if (signer === legacySigner) {
    const why = 'the legacy signerName is not allowed via this API version'
    errors.push(field.invalid('spec.signerName', signer, why))
  } else {
    validateSignerName(errors, 'spec.signerName', signer)
    if (signer.length > maxSignerLength) errors.push(field.tooLong('spec.signerName', maxSignerLength))
  }
  const seconds = spec?.expirationSeconds
  if (seconds != null && seconds < 600) {
    const why = 'may not specify a duration less than 600 seconds (10 minutes)'
    errors.push(field.invalid('spec.expirationSeconds', seconds, why))
  }
}

/** `domain/path`, such as kubernetes.io/kube-apiserver-client (ValidateSignerName). */
export function validateSignerName(errors: FieldErrors, path: string, signer: string): void {
  if (signer === '') {
    errors.push(field.required(path, ''))
    return
  }
  const [domain = '', name = '', ...rest] = signer.split('/')
  if (rest.length > 0 || !signer.includes('/')) {
    const why = "must be a fully qualified domain and path of the form 'example.com/signer-name'"
    errors.push(field.invalid(path, signer, why))
    return
  }
  const labels = domain.split('.')
  reportFirstBad(errors, path, { value: domain, labels, check: isDns1123Label })
  if (labels.length < 2) {
    errors.push(field.invalid(path, domain, 'should be a domain with at least two segments separated by dots'))
  }
  reportFirstBad(errors, path, { value: name, labels: name.split('.'), check: isDns1123Subdomain })
}

function reportFirstBad(
  errors: FieldErrors,
  path: string,
  { value, labels, check }: { value: string; labels: string[]; check: (label: string) => readonly string[] },
): void {
  const bad = labels.find((label) => check(label).length > 0)
  if (bad === undefined) return
  for (const message of check(bad)) {
    errors.push(field.invalid(path, value, `validating label ${JSON.stringify(bad)}: ${message}`))
  }
}

function validateRevision({ revision }: ControllerRevision, errors: FieldErrors): void {
  validateNonNegative(errors, 'revision', revision)
}

function validateRevisionData({ data }: ControllerRevision, errors: FieldErrors): void {
  if (data == null) errors.push(field.required('data', 'data is mandatory'))
  else if (typeof data !== 'object' || Array.isArray(data)) {
    errors.push(field.required('data', 'data must be a valid JSON object'))
  }
}

export const groupValidations: Readonly<Record<string, KindValidation>> = {
  'apps/ControllerRevision': {
    create: (object: ControllerRevision, errors) => {
      validateRevision(object, errors)
      validateRevisionData(object, errors)
    },
    update: (object: ControllerRevision, old: ControllerRevision, errors) => {
      validateRevision(object, errors)
      validateImmutable(errors, 'data', object.data, old.data)
    },
  },
  'autoscaling/HorizontalPodAutoscaler': autoscalerValidation,
  'certificates.k8s.io/CertificateSigningRequest': {
    name: nameIsPathSegment,
    create: validateSigningRequest,
    update: () => undefined,
  },
  'coordination.k8s.io/Lease': { requiresResourceVersion: true, create: validateLease },
  'node.k8s.io/RuntimeClass': {
    name: nameIsDnsSubdomain,
    requiresResourceVersion: true,
    create: validateRuntimeClass,
    update: (object: RuntimeClass, old: RuntimeClass, errors) => {
      validateRuntimeClass(object, errors)
      validateImmutable(errors, 'handler', object.handler, old.handler)
    },
    warnings: ({ scheduling }: RuntimeClass, _: unknown, warnings) =>
      nodeSelectorWarnings(warnings, 'scheduling.nodeSelector', scheduling?.nodeSelector),
  },
  'policy/PodDisruptionBudget': {
    requiresResourceVersion: true,
    create: validatePodDisruptionBudget,
    statusUpdate: validatePodDisruptionBudgetStatus,
  },
  'scheduling.k8s.io/PriorityClass': {
    create: validatePriorityClass,
    update: (object: PriorityClass, old: PriorityClass, errors) => {
      if (object.value !== old.value) errors.push(field.forbidden('value', 'may not be changed in an update.'))
      validateImmutable(errors, 'preemptionPolicy', object.preemptionPolicy, old.preemptionPolicy)
    },
  },
}
