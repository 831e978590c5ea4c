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
  addInvalid,
  shownSelector,
  validateImmutable,
  validateLabelSelector,
  validateNonNegative,
  validateNonNegativeQuantity,
  validateOptionalEnum,
  type FieldErrors,
} from './fields.ts'
import { autoscalerValidation } from './autoscaling.ts'
import { validateConditions } from './conditions.ts'
import { validateAtMost100Percent, validateCountOrPercent } from './int-or-percent.ts'
import type { KindValidation } from './kind-validation.ts'

function validateLease({ spec }: Lease, errors: FieldErrors): void {
  const { leaseDurationSeconds: duration, leaseTransitions, preferredHolder, strategy } = spec ?? {}
  if (duration != null && duration <= 0) {
    errors.push(field.invalid('spec.leaseDurationSeconds', duration, 'must be greater than 0'))
  }
  validateNonNegative(errors, 'spec.leaseTransitions', leaseTransitions)
  if (preferredHolder && !strategy) {
    errors.push(field.forbidden('spec.preferredHolder', 'may only be specified if `strategy` is defined'))
  }
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
  validateOptionalEnum(errors, 'preemptionPolicy', preemptionPolicy, ['Never', 'PreemptLowerPriority'])
}

function validateRuntimeClass({ handler, overhead }: RuntimeClass, errors: FieldErrors): void {
  addInvalid(errors, 'handler', handler ?? '', isDns1123Label(handler ?? ''))
  for (const name in overhead?.podFixed) {
    validateNonNegativeQuantity(errors, `overhead.podFixed[${name}]`, overhead.podFixed[name] ?? '0')
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

function validateSigningRequest({ spec }: CertificateSigningRequest, errors: FieldErrors): void {
  if (!spec?.request) errors.push(field.required('spec.request', ''))
  else if (!Buffer.from(spec.request, 'base64').includes('BEGIN CERTIFICATE REQUEST')) {
    errors.push(field.invalid('spec.request', spec.request, 'PEM block type must be CERTIFICATE REQUEST'))
  }
  const usages = spec?.usages ?? []
  if (usages.length === 0) errors.push(field.required('spec.usages', ''))
  for (const [index, usage] of usages.entries()) {
    if (usages.indexOf(usage) < index) errors.push(field.duplicate(`spec.usages[${index}]`, usage))
  }
  validateSignerName(errors, 'spec.signerName', spec?.signerName ?? '')
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

function validateRevision(revision: ControllerRevision, errors: FieldErrors): void {
  if (revision.data == null) errors.push(field.required('data', 'data is mandatory'))
  validateNonNegative(errors, 'revision', revision.revision)
}

export const groupValidations: Readonly<Record<string, KindValidation>> = {
  'apps/ControllerRevision': {
    create: validateRevision,
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
    update: (object: RuntimeClass, old: RuntimeClass, errors) =>
      validateImmutable(errors, 'handler', object.handler, old.handler),
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

const admission = 'admissionregistration.k8s.io'

/** Kinds whose own validation is elsewhere or not needed, but whose updates must name the version that they replace. */
export const versionedKinds: Readonly<Record<string, KindValidation>> = Object.fromEntries(
  [
    'MutatingAdmissionPolicy',
    'MutatingAdmissionPolicyBinding',
    'MutatingWebhookConfiguration',
    'ValidatingAdmissionPolicy',
    'ValidatingAdmissionPolicyBinding',
    'ValidatingWebhookConfiguration',
  ].map((kind) => [`${admission}/${kind}`, { requiresResourceVersion: true }]),
)
