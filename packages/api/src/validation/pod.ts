// Pods: what creates and updates add to the checks of their spec (ValidatePodCreate, ValidatePodUpdate and
// ValidatePodStatusUpdate of pkg/apis/core/validation).

import { field } from '../field-error.ts'
import type { Container, Pod, PodSpec } from '../generated/kinds.ts'
import { inclusiveRangeError, isDns1123Label } from '../names.ts'
import { semanticallyEqual } from '../semantic-equality.ts'
import { validateImageText } from './containers.ts'
import type { FieldErrors } from './fields.ts'
import { goDiff } from './go-diff.ts'
import type { KindValidation } from './kind-validation.ts'
import { validatePodSpec } from './pod-spec.ts'
import { validatePodResize } from './pod-resize.ts'
import { validatePodStatus } from './pod-status.ts'
import { podWarnings } from './pod-warnings.ts'

function validatePod({ spec }: Pod, errors: FieldErrors): void {
  validatePodSpec(errors, 'spec', spec, { isPod: true })
  for (const list of ['containers', 'initContainers'] as const) {
    for (const [index, container] of (spec?.[list] ?? []).entries()) {
      validateImageText(errors, `spec.${list}[${index}]`, container)
    }
  }
}

function validatePodCreate(pod: Pod, errors: FieldErrors): void {
  validatePod(pod, errors)
  if (pod.spec?.ephemeralContainers?.length) {
    errors.push(field.forbidden('spec.ephemeralContainers', 'cannot be set on create'))
  }
  if (pod.spec?.nodeName && pod.spec.schedulingGates?.length) {
    const why = 'cannot be set until all schedulingGates have been cleared'
    errors.push(field.forbidden('spec.nodeName', why))
  }
}

const updatable = [
  '`spec.containers[*].image`',
  '`spec.initContainers[*].image`',
  '`spec.activeDeadlineSeconds`',
  '`spec.tolerations` (only additions to existing tolerations)',
  '`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
].join(',')

function validateDeadline(errors: FieldErrors, spec: PodSpec, old: PodSpec): void {
  const path = 'spec.activeDeadlineSeconds'
  const deadline = spec.activeDeadlineSeconds
  const before = old.activeDeadlineSeconds
  if (deadline == null) {
    if (before != null) errors.push(field.invalid(path, null, 'must not update from a positive integer to nil value'))
  } else if (deadline < 0 || deadline > 0x7fff_ffff) {
    errors.push(field.invalid(path, deadline, inclusiveRangeError(0, 0x7fff_ffff)))
  } else if (before != null && before < deadline) {
    errors.push(field.invalid(path, deadline, 'must be less than or equal to previous value'))
  }
}

/** Tolerations may be added, and the seconds of existing ones may change. */
function validateTolerationsKept(errors: FieldErrors, spec: PodSpec, old: PodSpec): void {
  for (const before of old.tolerations ?? []) {
    const isKept = spec.tolerations?.some(({ tolerationSeconds, ...now }) =>
      semanticallyEqual({ ...now, tolerationSeconds }, { ...before, tolerationSeconds }),
    )
    if (isKept) continue
    const why = 'existing toleration can not be modified except its tolerationSeconds'
    errors.push(field.forbidden('spec.tolerations', why))
    return
  }
}

function validateGatesOnlyRemoved(errors: FieldErrors, spec: PodSpec, old: PodSpec): void {
  for (const [index, { name }] of (spec.schedulingGates ?? []).entries()) {
    if (old.schedulingGates?.some((gate) => gate.name === name)) continue
    const why = `only deletion is allowed, but found new scheduling gate '${name}'`
    errors.push(field.forbidden(`spec.schedulingGates[${index}].name`, why))
  }
}

function withImagesOf(
  containers: readonly Container[] | undefined,
  old: readonly Container[] | undefined,
): Container[] {
  return (containers ?? []).map((container, index) => ({ ...container, image: old?.[index]?.image }))
}

/** The new spec with all that may change as it was before. A gated pod may still gain node selectors. */
function withoutPermittedChanges(spec: PodSpec, old: PodSpec): PodSpec {
  const grace = spec.terminationGracePeriodSeconds === 1 && (old.terminationGracePeriodSeconds ?? 0) < 0
  const keptSelector = Object.entries(old.nodeSelector ?? {}).every(
    ([key, value]) => spec.nodeSelector?.[key] === value,
  )
  return {
    ...spec,
    containers: withImagesOf(spec.containers, old.containers),
    initContainers: withImagesOf(spec.initContainers, old.initContainers),
    activeDeadlineSeconds: old.activeDeadlineSeconds,
    schedulingGates: old.schedulingGates,
    tolerations: old.tolerations,
    ...(grace ? { terminationGracePeriodSeconds: old.terminationGracePeriodSeconds } : {}),
    ...(old.schedulingGates?.length && keptSelector ? { nodeSelector: old.nodeSelector } : {}),
  }
}

function validatePodUpdate(pod: Pod, before: Pod, errors: FieldErrors): void {
  const { spec } = pod
  const old = before.spec
  // Most updates are of metadata; what was checked when it was written need not be checked again.
  if (!spec || !old || semanticallyEqual(spec, old)) return
  validatePod(pod, errors)
  for (const list of ['containers', 'initContainers'] as const) {
    if ((spec[list]?.length ?? 0) === (old[list]?.length ?? 0)) continue
    errors.push(field.forbidden(`spec.${list}`, 'pod updates may not add or remove containers'))
    return
  }
  validateDeadline(errors, spec, old)
  validateTolerationsKept(errors, spec, old)
  validateGatesOnlyRemoved(errors, spec, old)
  const rest = withoutPermittedChanges(spec, old)
  if (semanticallyEqual(rest, old)) return
  const why = `pod updates may not change fields other than ${updatable}\n${goDiff(old, rest)}`
  errors.push(field.forbidden('spec', why))
}

const recheck = (pod: Pod, _: Pod, errors: FieldErrors): void => validatePod(pod, errors)

/** Updates are left alone: few are made by people, and many by programs. */
function podCreateWarnings(pod: Pod, old: Pod | undefined, warnings: string[]): void {
  if (old !== undefined) return
  const problems = isDns1123Label(pod.metadata?.name ?? '')
  if (problems.length > 0) {
    const why = "this is used in the Pod's hostname, which can result in surprising behavior"
    warnings.push(`metadata.name: ${why}; a DNS label is recommended: [${problems.join(' ')}]`)
  }
  podWarnings(warnings, '', { spec: pod.spec, metadata: pod.metadata })
}

export const podValidation: KindValidation = {
  warnings: podCreateWarnings,
  create: validatePodCreate,
  update: validatePodUpdate,
  statusUpdate: validatePodStatus,
  // What of the spec these may change is settled before by the strategy.
  subresources: {
    ephemeralcontainers: recheck,
    resize: (pod: Pod, old: Pod, errors) => {
      validatePod(pod, errors)
      validatePodResize(pod, old, errors)
    },
  },
}
