// Pods and the workloads that make them (pkg/apis/{core,apps}/validation): what every pod template must have, and that
// selectors select their own template and do not change.

import { field } from '../field-error.ts'
import type { Container, DaemonSet, Deployment, Pod, PodSpec, PodTemplateSpec, ReplicaSet } from '../generated/kinds.ts'
import { isDns1123Label, isPortName } from '../names.ts'
import { labelSelectorMatches, type LabelSelector } from '../selectors.ts'
import {
  addInvalid,
  requireValid,
  validateEnum,
  validateImmutable,
  validateLabels,
  validateLabelSelector,
  validateNonNegative,
  validateNonNegativeQuantity,
  validatePortNumber,
  type FieldErrors,
} from './fields.ts'
import type { KindValidation } from './kind-validation.ts'

const restartPolicies = ['Always', 'Never', 'OnFailure']

function validateContainers(errors: FieldErrors, spec: PodSpec, path: string): void {
  const names = new Set<string>()
  const volumes = new Set((spec.volumes ?? []).map(({ name }) => name))
  if ((spec.containers?.length ?? 0) === 0) errors.push(field.required(`${path}.containers`, ''))
  for (const list of ['containers', 'initContainers'] as const) {
    for (const [index, container] of (spec[list] ?? []).entries()) {
      const at = `${path}.${list}[${index}]`
      requireValid(errors, `${at}.name`, container.name, isDns1123Label)
      if (names.has(container.name)) errors.push(field.duplicate(`${at}.name`, container.name))
      names.add(container.name)
      validateContainer(errors, at, container, volumes)
    }
  }
}

function validateContainer(
  errors: FieldErrors,
  path: string,
  container: Container,
  volumes: ReadonlySet<string>,
): void {
  if (!container.image) errors.push(field.required(`${path}.image`, ''))
  else if (container.image.trim() !== container.image) {
    errors.push(field.invalid(`${path}.image`, container.image, 'must not have leading or trailing whitespace'))
  }
  for (const [index, port] of (container.ports ?? []).entries()) {
    const at = `${path}.ports[${index}]`
    if (port.name) addInvalid(errors, `${at}.name`, port.name, isPortName(port.name))
    if (!port.containerPort) errors.push(field.required(`${at}.containerPort`, ''))
    else validatePortNumber(errors, `${at}.containerPort`, port.containerPort)
    validateEnum(errors, `${at}.protocol`, port.protocol, ['SCTP', 'TCP', 'UDP'])
  }
  for (const [index, mount] of (container.volumeMounts ?? []).entries()) {
    const at = `${path}.volumeMounts[${index}]`
    if (!mount.name) errors.push(field.required(`${at}.name`, ''))
    else if (!volumes.has(mount.name)) errors.push(field.notFound(`${at}.name`, mount.name))
    if (!mount.mountPath) errors.push(field.required(`${at}.mountPath`, ''))
  }
  for (const list of ['limits', 'requests'] as const) {
    const amounts = container.resources?.[list]
    for (const name in amounts) {
      validateNonNegativeQuantity(errors, `${path}.resources.${list}[${name}]`, amounts[name] ?? '0')
    }
  }
  validateEnum(errors, `${path}.imagePullPolicy`, container.imagePullPolicy, ['Always', 'IfNotPresent', 'Never'])
}

export function validatePodSpec(errors: FieldErrors, path: string, spec: PodSpec | undefined): void {
  if (!spec) {
    errors.push(field.required(path, ''))
    return
  }
  const names = new Set<string>()
  for (const [index, { name }] of (spec.volumes ?? []).entries()) {
    requireValid(errors, `${path}.volumes[${index}].name`, name, isDns1123Label)
    if (names.has(name)) errors.push(field.duplicate(`${path}.volumes[${index}].name`, name))
    names.add(name)
  }
  validateContainers(errors, spec, path)
  validateEnum(errors, `${path}.restartPolicy`, spec.restartPolicy, restartPolicies)
  validateLabels(errors, `${path}.nodeSelector`, spec.nodeSelector)
}

function validatePodUpdate(pod: Pod, old: Pod, errors: FieldErrors): void {
  validatePodSpec(errors, 'spec', pod.spec)
  validateImmutable(errors, 'spec.nodeName', pod.spec?.nodeName, old.spec?.nodeName)
}

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
  '/Pod': {
    create: (object: Pod, errors) => validatePodSpec(errors, 'spec', object.spec),
    update: validatePodUpdate,
  },
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
