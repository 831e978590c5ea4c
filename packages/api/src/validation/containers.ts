// Containers of all three lists: what each must have, and what only some may (validateContainerCommon and its callers
// of pkg/apis/core/validation).

import { field } from '../field-error.ts'
import type { Container, ContainerPort, EphemeralContainer, PodSpec, Volume, VolumeMount } from '../generated/kinds.ts'
import { isDns1123Label, isPortName } from '../names.ts'
import { validateResources } from './container-resources.ts'
import { validateEnv, validateEnvFrom } from './env-vars.ts'
import { requireValid, validateEnum, validateOptionalEnum, validatePortNumber, type FieldErrors } from './fields.ts'
import { validateLifecycle, validateProbe, type HookRules } from './probes.ts'
import { validateSecurityContext } from './security-context.ts'
import { validateDescendingPath } from './volumes.ts'

export interface ContainerRules extends HookRules {
  volumes: ReadonlyMap<string, Volume>
  claims: ReadonlySet<string>
  hostUsers: boolean
  podRestartPolicy: string | undefined
}

function validatePorts(errors: FieldErrors, path: string, ports: readonly ContainerPort[]): void {
  const names = new Set<string>()
  for (const [index, port] of ports.entries()) {
    const at = `${path}[${index}]`
    if (port.name) {
      const problems = isPortName(port.name)
      for (const problem of problems) errors.push(field.invalid(`${at}.name`, port.name, problem))
      if (problems.length === 0 && names.has(port.name)) errors.push(field.duplicate(`${at}.name`, port.name))
      if (problems.length === 0) names.add(port.name)
    }
    if (!port.containerPort) errors.push(field.required(`${at}.containerPort`, ''))
    else validatePortNumber(errors, `${at}.containerPort`, port.containerPort)
    if (port.hostPort) validatePortNumber(errors, `${at}.hostPort`, port.hostPort)
    validateEnum(errors, `${at}.protocol`, port.protocol, ['SCTP', 'TCP', 'UDP'])
  }
}

/** Host ports belong to one container each. `path` is that of the list. */
function validateHostPorts(errors: FieldErrors, path: string, containers: readonly Container[]): void {
  const seen = new Set<string>()
  for (const [index, { ports }] of containers.entries()) {
    for (const [position, { protocol, hostIP, hostPort }] of (ports ?? []).entries()) {
      if (!hostPort) continue
      const identity = `${protocol}/${hostIP ?? ''}/${hostPort}`
      if (seen.has(identity)) errors.push(field.duplicate(`${path}[${index}].ports[${position}].hostPort`, identity))
      seen.add(identity)
    }
  }
}

const propagations = ['Bidirectional', 'HostToContainer', 'None']
const recursions = ['Disabled', 'Enabled', 'IfPossible']

/** Errors of sub paths, propagation and recursion stand at the list, without an index, as upstream has them. */
function validateMountOptions(errors: FieldErrors, path: string, mount: VolumeMount, container: Container): void {
  const { subPath, subPathExpr, mountPropagation, recursiveReadOnly } = mount
  if (subPath) validateDescendingPath(errors, `${path}.subPath`, subPath)
  if (subPathExpr) validateDescendingPath(errors, `${path}.subPathExpr`, subPathExpr)
  validateOptionalEnum(errors, `${path}.mountPropagation`, mountPropagation, propagations)
  if (mountPropagation === 'Bidirectional' && !container.securityContext?.privileged) {
    const why = 'Bidirectional mount propagation is available only to privileged containers'
    errors.push(field.forbidden(`${path}.mountPropagation`, why))
  }
  validateOptionalEnum(errors, `${path}.recursiveReadOnly`, recursiveReadOnly, recursions)
  if (recursiveReadOnly !== 'Enabled' && recursiveReadOnly !== 'IfPossible') return
  const at = `${path}.recursiveReadOnly`
  if (!mount.readOnly) errors.push(field.forbidden(at, 'may only be specified when readOnly is true'))
  if (mountPropagation != null && mountPropagation !== 'None') {
    errors.push(field.forbidden(at, 'may only be specified when mountPropagation is None or not specified'))
  }
}

function validateMounts(errors: FieldErrors, path: string, container: Container, rules: ContainerRules): void {
  const devices = container.volumeDevices ?? []
  const seen = new Set<string>()
  for (const [index, mount] of (container.volumeMounts ?? []).entries()) {
    const at = `${path}[${index}]`
    if (!mount.name) errors.push(field.required(`${at}.name`, ''))
    if (!rules.volumes.has(mount.name)) errors.push(field.notFound(`${at}.name`, mount.name))
    if (!mount.mountPath) errors.push(field.required(`${at}.mountPath`, ''))
    if (seen.has(mount.mountPath)) errors.push(field.invalid(`${at}.mountPath`, mount.mountPath, 'must be unique'))
    seen.add(mount.mountPath)
    if (devices.some(({ name }) => name === mount.name)) {
      errors.push(field.invalid(`${at}.name`, mount.name, 'must not already exist in volumeDevices'))
    }
    if (devices.some(({ devicePath }) => devicePath === mount.mountPath)) {
      const why = 'must not already exist as a path in volumeDevices'
      errors.push(field.invalid(`${at}.mountPath`, mount.mountPath, why))
    }
    if (mount.subPath && mount.subPathExpr) {
      const why = 'subPathExpr and subPath are mutually exclusive'
      errors.push(field.invalid(`${at}.subPathExpr`, mount.subPathExpr, why))
    }
    validateMountOptions(errors, path, mount, container)
  }
}

function validateDevices(errors: FieldErrors, path: string, container: Container, rules: ContainerRules): void {
  const mounts = container.volumeMounts ?? []
  const names = new Set<string>()
  const paths = new Set<string>()
  for (const [index, { name, devicePath }] of (container.volumeDevices ?? []).entries()) {
    const at = `${path}[${index}]`
    const volume = rules.volumes.get(name)
    if (!name) errors.push(field.required(`${at}.name`, ''))
    if (names.has(name)) errors.push(field.invalid(`${at}.name`, name, 'must be unique'))
    if (!volume) errors.push(field.notFound(`${at}.name`, name))
    else if (!volume.persistentVolumeClaim && !volume.ephemeral) {
      const why = 'can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode'
      errors.push(field.invalid(`${at}.name`, name, why))
    }
    if (!devicePath) errors.push(field.required(`${at}.devicePath`, ''))
    if (paths.has(devicePath)) errors.push(field.invalid(`${at}.devicePath`, devicePath, 'must be unique'))
    if (devicePath?.split('/').includes('..')) {
      errors.push(field.invalid(`${at}.devicePath`, devicePath, "can not contain backsteps ('..')"))
    } else paths.add(devicePath)
    if (mounts.some((mount) => mount.name === name)) {
      errors.push(field.invalid(`${at}.name`, name, 'must not already exist in volumeMounts'))
    }
    if (mounts.some(({ mountPath }) => mountPath === devicePath)) {
      errors.push(field.invalid(`${at}.devicePath`, devicePath, 'must not already exist as a path in volumeMounts'))
    }
    if (name) names.add(name)
  }
}

/** Errors stand at the list, except for duplicates. */
function validateResizePolicy(errors: FieldErrors, path: string, container: Container, rules: ContainerRules): void {
  const seen = new Set<string>()
  for (const [index, { resourceName, restartPolicy }] of (container.resizePolicy ?? []).entries()) {
    if (seen.has(resourceName)) errors.push(field.duplicate(`${path}[${index}]`, resourceName))
    seen.add(resourceName)
    validateEnum(errors, path, resourceName, ['cpu', 'memory'])
    validateEnum(errors, path, restartPolicy, ['NotRequired', 'RestartContainer'])
    if (rules.podRestartPolicy === 'Never' && restartPolicy !== 'NotRequired') {
      const why = "must be 'NotRequired' when pod `restartPolicy` is 'Never'"
      errors.push(field.invalid(path, restartPolicy, why))
    }
  }
}

function validateCommon(errors: FieldErrors, path: string, container: Container, rules: ContainerRules): void {
  requireValid(errors, `${path}.name`, container.name, isDns1123Label)
  if (!container.image) errors.push(field.required(`${path}.image`, ''))
  const messages = ['File', 'FallbackToLogsOnError']
  validateEnum(errors, `${path}.terminationMessagePolicy`, container.terminationMessagePolicy, messages)
  if (container.ports) validatePorts(errors, `${path}.ports`, container.ports)
  if (container.env) validateEnv(errors, `${path}.env`, container.env)
  if (container.envFrom) validateEnvFrom(errors, `${path}.envFrom`, container.envFrom)
  validateMounts(errors, `${path}.volumeMounts`, container, rules)
  validateDevices(errors, `${path}.volumeDevices`, container, rules)
  validateEnum(errors, `${path}.imagePullPolicy`, container.imagePullPolicy, ['Always', 'IfNotPresent', 'Never'])
  validateResources(errors, `${path}.resources`, container.resources, rules)
  validateResizePolicy(errors, `${path}.resizePolicy`, container, rules)
  validateSecurityContext(errors, `${path}.securityContext`, container.securityContext, rules)
}

const restartActions = ['Restart', 'RestartAllContainers']

function validateRestartPolicy(errors: FieldErrors, path: string, container: Container): void {
  const { restartPolicy, restartPolicyRules: rules = [] } = container
  if (restartPolicy == null) {
    if (rules && rules.length > 0) {
      errors.push(field.required(`${path}.restartPolicy`, 'must specify restartPolicy when restart rules are used'))
    }
  } else validateOptionalEnum(errors, `${path}.restartPolicy`, restartPolicy, ['Always', 'Never', 'OnFailure'])
  if (!rules) return
  if (rules.length > 20) errors.push(field.tooMany(`${path}.restartPolicyRules`, rules.length, 20))
  for (const [index, { action, exitCodes }] of rules.entries()) {
    const at = `${path}.restartPolicyRules[${index}]`
    if (!restartActions.includes(action)) errors.push(field.notSupported(`${at}.action`, action, restartActions))
    if (!exitCodes) {
      errors.push(field.required(`${at}.exitCodes`, 'must be specified'))
      continue
    }
    validateOptionalEnum(errors, `${at}.exitCodes.operator`, exitCodes.operator, ['In', 'NotIn'])
    const count = exitCodes.values?.length ?? 0
    if (count > 255) errors.push(field.tooMany(`${at}.exitCodes.values`, count, 255))
  }
}

const probes = ['livenessProbe', 'readinessProbe', 'startupProbe'] as const

function validateHooks(errors: FieldErrors, path: string, container: Container, rules: ContainerRules): void {
  if (container.lifecycle) validateLifecycle(errors, `${path}.lifecycle`, container.lifecycle, rules)
  for (const name of probes) {
    if (container[name]) validateProbe(errors, path, container[name], { ...rules, name })
  }
}

export function validateContainers(errors: FieldErrors, path: string, spec: PodSpec, rules: ContainerRules): void {
  const at = `${path}.containers`
  const containers = spec.containers ?? []
  if (containers.length === 0) {
    errors.push(field.required(at, ''))
    return
  }
  const names = new Set<string>()
  for (const [index, container] of containers.entries()) {
    const own = `${at}[${index}]`
    validateCommon(errors, own, container, rules)
    if (names.has(container.name)) errors.push(field.duplicate(`${own}.name`, container.name))
    names.add(container.name)
    validateHooks(errors, own, container, rules)
    validateRestartPolicy(errors, own, container)
  }
  validateHostPorts(errors, at, containers)
}

export function validateInitContainers(errors: FieldErrors, path: string, spec: PodSpec, rules: ContainerRules): void {
  const at = `${path}.initContainers`
  const names = new Set((spec.containers ?? []).map(({ name }) => name))
  for (const [index, container] of (spec.initContainers ?? []).entries()) {
    const own = `${at}[${index}]`
    validateCommon(errors, own, container, rules)
    validateRestartPolicy(errors, own, container)
    if (names.has(container.name)) errors.push(field.duplicate(`${own}.name`, container.name))
    else if (container.name) names.add(container.name)
    // Init containers run one by one, so that ports collide only within one.
    validateHostPorts(errors, at, [container])
    if (container.restartPolicy === 'Always') {
      validateHooks(errors, own, container, rules)
      continue
    }
    for (const name of ['lifecycle', ...probes] as const) {
      if (!container[name]) continue
      const why = 'may not be set for init containers without restartPolicy=Always'
      errors.push(field.forbidden(`${own}.${name}`, why))
    }
    for (const [position, { restartPolicy }] of (container.resizePolicy ?? []).entries()) {
      if (restartPolicy !== 'RestartContainer') continue
      const why = "must not be set to 'RestartContainer' for non-sidecar initContainers"
      errors.push(field.invalid(`${own}.resizePolicy[${position}].restartPolicy`, restartPolicy, why))
    }
  }
}

const forbiddenForEphemeral = [
  'ports',
  'resources',
  'resizePolicy',
  'restartPolicy',
  'restartPolicyRules',
  ...probes,
  'lifecycle',
] as const

function isSet(value: unknown): boolean {
  return value != null && (typeof value !== 'object' || Object.keys(value).length > 0)
}

function validateEphemeralOnly(errors: FieldErrors, path: string, container: EphemeralContainer): void {
  const why = 'cannot be set for an Ephemeral Container'
  for (const name of forbiddenForEphemeral) {
    if (isSet(container[name])) errors.push(field.forbidden(`${path}.${name}`, why))
  }
  for (const [index, mount] of (container.volumeMounts ?? []).entries()) {
    for (const name of ['subPath', 'subPathExpr'] as const) {
      if (mount[name]) errors.push(field.forbidden(`${path}.volumeMounts[${index}].${name}`, why))
    }
  }
}

export function validateEphemeralContainers(
  errors: FieldErrors,
  path: string,
  spec: PodSpec,
  rules: ContainerRules,
): void {
  const others = new Set([...(spec.containers ?? []), ...(spec.initContainers ?? [])].map(({ name }) => name))
  const names = new Set(others)
  for (const [index, container] of (spec.ephemeralContainers ?? []).entries()) {
    const at = `${path}.ephemeralContainers[${index}]`
    validateCommon(errors, at, container, rules)
    validateImageText(errors, at, container)
    if (names.has(container.name)) errors.push(field.duplicate(`${at}.name`, container.name))
    names.add(container.name)
    const target = container.targetContainerName
    if (target && !others.has(target)) errors.push(field.notFound(`${at}.targetContainerName`, target))
    validateEphemeralOnly(errors, at, container)
  }
}

/** Only for pods: templates may hold images with blanks, which something else replaces. */
export function validateImageText(errors: FieldErrors, path: string, { image }: Pick<Container, 'image'>): void {
  if (image && image.trim() !== image) {
    errors.push(field.invalid(`${path}.image`, image, 'must not have leading or trailing whitespace'))
  }
}
