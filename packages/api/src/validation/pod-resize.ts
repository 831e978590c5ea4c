// Changes of what a running pod may use (ValidatePodResize of pkg/apis/core/validation).

import { field } from '../field-error.ts'
import type { Container, Pod, ResourceRequirements } from '../generated/kinds.ts'
import { podQOSClass } from '../pod-qos.ts'
import { semanticallyEqual } from '../semantic-equality.ts'
import type { FieldErrors } from './fields.ts'

type Resources = ResourceRequirements | null | undefined
type ResourceList = ResourceRequirements['limits']

const mirror = 'kubernetes.io/config.mirror'
const resizable = ['cpu', 'memory'] as const
const onlyThese = 'only cpu and memory resources are mutable'

/** Replaces all errors before it where the pod cannot be resized at all. */
export function validatePodResize(pod: Pod, old: Pod, errors: FieldErrors): void {
  const impossible =
    old.metadata?.annotations?.[mirror] !== undefined
      ? 'static pods cannot be resized'
      : old.spec?.os?.name === 'windows'
        ? 'windows pods cannot be resized'
        : undefined
  if (impossible !== undefined) {
    errors.splice(0, errors.length, field.forbidden('', impossible))
    return
  }
  if ((old.status?.qosClass ?? podQOSClass(old)) !== podQOSClass(pod)) {
    const why = 'Pod QOS Class may not change as a result of resizing'
    errors.push(field.invalid('spec', pod.status?.qosClass ?? '', why))
  }
  const running = old.status?.containerStatuses?.find(({ state }) => state?.running)
  if (running && running.resources == null) {
    errors.push(field.forbidden('spec', 'Pod running on node without support for resize'))
  }
  validatePodLevel(errors, pod, old)
  if (!validateOrder(errors, pod, old)) return
  validateContainers(errors, pod, old)
}

function validatePodLevel(errors: FieldErrors, { spec }: Pod, { spec: before }: Pod): void {
  const path = 'spec.resources'
  if (!isSet(spec?.resources) && !isSet(before?.resources)) return
  if (before?.resources && !spec?.resources) {
    errors.push(field.forbidden(path, 'pod-level resources cannot be removed'))
    return
  }
  for (const list of ['requests', 'limits'] as const) {
    if (!isRemoved(spec?.resources?.[list], before?.resources?.[list])) continue
    errors.push(field.forbidden(`${path}.${list}`, `pod-level resource ${list} cannot be removed`))
  }
  if (!semanticallyEqual(withOldAmounts(spec?.resources, before?.resources), before?.resources ?? {})) {
    errors.push(field.forbidden('spec', `${onlyThese} at pod-level`))
  }
}

function isSet(resources: Resources): boolean {
  return Object.keys({ ...resources?.requests, ...resources?.limits }).length > 0
}

/** Whether the containers are the same ones in the same order; nothing else can be compared if not. */
function validateOrder(errors: FieldErrors, { spec }: Pod, { spec: before }: Pod): boolean {
  const count = errors.length
  for (const list of ['containers', 'initContainers'] as const) {
    const [now, was] = [spec?.[list] ?? [], before?.[list] ?? []]
    if (now.length !== was.length) {
      errors.push(field.forbidden(`spec.${list}`, `${list} may not be added or removed on resize`))
      continue
    }
    for (const [index, { name }] of was.entries()) {
      if (now[index]?.name === name) continue
      errors.push(field.forbidden(`spec.${list}[${index}].name`, `${list} may not be renamed or reordered on resize`))
    }
  }
  return errors.length === count
}

function validateContainers(errors: FieldErrors, { spec }: Pod, { spec: before }: Pod): void {
  const pairs = (list: 'containers' | 'initContainers'): { now: Container; was: Container; at: string }[] =>
    (before?.[list] ?? []).map((was, index) => ({
      now: spec?.[list]?.[index] ?? was,
      was,
      at: `spec.${list}[${index}]`,
    }))
  const initContainers = pairs('initContainers')
  const containers = pairs('containers')
  for (const { now, was, at } of [...initContainers, ...containers]) {
    for (const list of ['requests', 'limits'] as const) {
      if (!isRemoved(now.resources?.[list], was.resources?.[list])) continue
      errors.push(field.forbidden(`${at}.resources.${list}`, `resource ${list} cannot be removed`))
    }
  }
  for (const { now, was } of containers) {
    if (!changesOnlyAmounts(now, was)) errors.push(field.forbidden('spec', onlyThese))
  }
  for (const { now, was, at } of initContainers) {
    if (!changesOnlyAmounts(now, was)) {
      const why = 'only cpu and memory resources for init or sidecar containers are mutable'
      errors.push(field.forbidden(at, why))
    }
    if (now.restartPolicy === 'Always' || semanticallyEqual(now, was)) continue
    for (const { restartPolicy } of now.resizePolicy ?? []) {
      if (restartPolicy !== 'RestartContainer') continue
      const why = 'non-sidecar init containers with a resize policy of RestartContainer cannot be resized'
      errors.push(field.forbidden(at, why))
    }
  }
}

function isRemoved(list: ResourceList | null | undefined, old: ResourceList | null | undefined): boolean {
  return Object.keys(old ?? {}).some((name) => list?.[name] === undefined)
}

function changesOnlyAmounts(container: Container, old: Container): boolean {
  return semanticallyEqual({ ...container, resources: withOldAmounts(container.resources, old.resources) }, old)
}

/** The new requirements with the old processor and memory; claims are dropped, as upstream does. */
function withOldAmounts(resources: Resources, old: Resources): ResourceRequirements {
  const merged = (list: 'limits' | 'requests'): ResourceList => {
    const amounts = { ...resources?.[list] }
    for (const name of resizable) {
      const amount = old?.[list]?.[name]
      if (amount === undefined) delete amounts[name]
      else amounts[name] = amount
    }
    return amounts
  }
  return { limits: merged('limits'), requests: merged('requests') }
}
