// What a node may say of a pod (ValidatePodStatusUpdate of pkg/apis/core/validation).

import { field } from '../field-error.ts'
import type { Container, ContainerStatus, Pod, PodSpec, PodStatus } from '../generated/kinds.ts'
import { isDns1123Label, isIdNumber, isQualifiedName, nameIsDnsSubdomain } from '../names.ts'
import { addInvalid, isIPv4, isIPv6, validateEnum, validateImmutable, validateIP, type FieldErrors } from './fields.ts'
import { utf8Length } from './metadata.ts'

const systemConditions: ReadonlySet<string> = new Set(['PodScheduled', 'Ready', 'Initialized'])
const maxHealthMessageBytes = 1024

export function validatePodStatus(pod: Pod, old: Pod, errors: FieldErrors): void {
  const [status, before] = [pod.status ?? {}, old.status ?? {}]
  validateConditionTypes(errors, status)
  validateNomination(errors, status, old)
  const generation = status.observedGeneration ?? 0
  if (generation < 0) {
    errors.push(field.invalid('status.observedGeneration', generation, 'must be a non-negative integer'))
  }
  validateImmutable(errors, 'status.qosClass', status.qosClass, before.qosClass)
  validateTransitions(errors, status, old)
  validateClaimStatuses(errors, pod)
  validateExtendedClaims(errors, pod)
  validateAddresses(errors, 'podIPs', { addresses: status.podIPs ?? [], kept: before.podIPs ?? [] })
  const [first] = status.hostIPs ?? []
  if (first !== undefined && first.ip !== (status.hostIP ?? '')) {
    errors.push(field.invalid('status.hostIPs[0].ip', first.ip, 'must be equal to `hostIP`'))
  }
  validateAddresses(errors, 'hostIPs', { addresses: status.hostIPs ?? [], kept: before.hostIPs ?? [] })
  for (const { at, status: one } of containerStatuses(status)) validateUser(errors, `${at}.user`, one, pod.spec)
  validateAllocated(errors, pod)
}

const statusLists = ['containerStatuses', 'initContainerStatuses', 'ephemeralContainerStatuses'] as const

function containerStatuses(status: PodStatus): { at: string; status: ContainerStatus }[] {
  return statusLists.flatMap((list) =>
    (status[list] ?? []).map((one, index) => ({ at: `status.${list}[${index}]`, status: one })),
  )
}

function validateConditionTypes(errors: FieldErrors, { conditions }: PodStatus): void {
  for (const [index, { type, observedGeneration = 0 }] of (conditions ?? []).entries()) {
    const at = `status.conditions[${index}]`
    if (observedGeneration < 0) {
      errors.push(field.invalid(`${at}.observedGeneration`, observedGeneration, 'must be a non-negative integer'))
    }
    if (!systemConditions.has(type)) addInvalid(errors, `${at}.Type`, type ?? '', isQualifiedName(type ?? ''))
  }
}

function validateNomination(errors: FieldErrors, { nominatedNodeName: name }: PodStatus, old: Pod): void {
  if (!name || name === old.status?.nominatedNodeName) return
  const path = 'status.nominatedNodeName'
  addInvalid(errors, path, name, nameIsDnsSubdomain(name))
  if (old.spec?.nodeName) {
    errors.push(field.forbidden(path, 'may not be set on pods that are already bound to a node'))
  }
}

/** What has ended for good does not run again. */
function validateTransitions(errors: FieldErrors, status: PodStatus, { spec, status: before }: Pod): void {
  const all = [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])]
  const restartsAll = all.some((one) => one.restartPolicyRules?.some(({ action }) => action === 'RestartAllContainers'))
  const lists = [
    { list: 'containerStatuses', containers: spec?.containers ?? [] },
    { list: 'initContainerStatuses', containers: spec?.initContainers ?? [] },
    { list: 'ephemeralContainerStatuses', containers: [] },
  ] as const
  for (const { list, containers } of lists) {
    if (restartsAll && list !== 'ephemeralContainerStatuses') continue
    for (const [index, { name, state }] of (before?.[list] ?? []).entries()) {
      const ended = state?.terminated
      const now = status[list]?.find((one) => one.name === name)
      if (!ended || !now || now.state?.terminated) continue
      const container = containers.find((one) => one.name === name)
      if (container && spec && mayRestart(container, spec, ended.exitCode)) continue
      errors.push(field.forbidden(`status.${list}[${index}].state`, 'may not be transitioned to non-terminated state'))
    }
  }
}

function mayRestart(container: Container, { restartPolicy }: PodSpec, exitCode: number): boolean {
  const rule = container.restartPolicyRules?.find(({ exitCodes }) => {
    const isListed = exitCodes?.values?.includes(exitCode) === true
    return exitCodes?.operator === 'In' ? isListed : exitCodes?.operator === 'NotIn' && !isListed
  })
  if (container.restartPolicy != null && rule?.action === 'Restart') return true
  const policy = container.restartPolicy ?? restartPolicy ?? 'Always'
  return policy === 'Always' || (policy === 'OnFailure' && exitCode !== 0)
}

function validateClaimStatuses(errors: FieldErrors, { spec, status }: Pod): void {
  const seen = new Set<string>()
  for (const [index, { name, resourceClaimName }] of (status?.resourceClaimStatuses ?? []).entries()) {
    const at = `status.resourceClaimStatuses[${index}]`
    if (!spec?.resourceClaims?.some((claim) => claim.name === name)) {
      errors.push(field.invalid(`${at}.name`, name, 'must match the name of an entry in `spec.resourceClaims`'))
    }
    if (seen.has(name)) errors.push(field.duplicate(`${at}.name`, name))
    seen.add(name)
    if (resourceClaimName != null) {
      addInvalid(errors, `${at}.resourceClaimName`, resourceClaimName, nameIsDnsSubdomain(resourceClaimName))
    }
  }
}

function validateExtendedClaims(errors: FieldErrors, { spec, status }: Pod): void {
  const extended = status?.extendedResourceClaimStatus
  if (!extended) return
  const path = 'status.extendedResourceClaimStatus'
  const containers = [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])]
  const mappings = extended.requestMappings ?? []
  if (mappings.length === 0) {
    errors.push(field.required(`${path}.requestMappings`, 'at least one request mapping is required'))
  }
  const seen = new Set<string>()
  for (const [index, { containerName, resourceName, requestName }] of mappings.entries()) {
    const at = `${path}.requestMappings[${index}]`
    const container = containers.findLast(({ name }) => name === containerName)
    if (!container) {
      const why = 'must match the name of an entry in spec.initContainers.name or spec.containers.name'
      errors.push(field.invalid(`${at}.containerName`, containerName, why))
    } else if (container.resources?.requests?.[resourceName] === undefined) {
      const why =
        'must match the extended resource name of an entry in spec.initContainers.resources.requests or spec.containers.resources.requests'
      errors.push(field.invalid(`${at}.resourceName`, resourceName, why))
    }
    addInvalid(errors, `${path}.requestName`, requestName, isDns1123Label(requestName))
    const key = JSON.stringify([containerName, resourceName, requestName])
    if (seen.has(key)) {
      errors.push(
        field.duplicate(`${at}.containerName`, containerName),
        field.duplicate(`${at}.resourceName`, resourceName),
        field.duplicate(`${at}.requestName`, requestName),
      )
    }
    seen.add(key)
  }
  const name = extended.resourceClaimName
  if (!name) errors.push(field.required(`${path}.resourceClaimName`, ''))
  else addInvalid(errors, `${path}.resourceClaimName`, name, nameIsDnsSubdomain(name))
}

type Address = { ip?: string }

/** One of each family at most; what was there before is not looked at. */
function validateAddresses(
  errors: FieldErrors,
  name: 'podIPs' | 'hostIPs',
  { addresses, kept }: { addresses: readonly Address[]; kept: readonly Address[] },
): void {
  const path = `status.${name}`
  const ips = addresses.map(({ ip }) => ip ?? '')
  for (const [index, ip] of ips.entries()) {
    if (!kept.some((one) => one.ip === ip)) validateIP(errors, `${path}[${index}]`, ip)
  }
  if (ips.length < 2) return
  const unreadable = ips.findIndex((ip) => !isIPv4(ip) && !isIPv6(ip))
  if (unreadable >= 0) {
    const why = `failed to check for dual stack with error:invalid IP[${unreadable}]: <nil> (${ips[unreadable]})`
    errors.push(field.internal(path, why))
  }
  const isPair = ips.length === 2 && unreadable < 0 && isIPv4(ips[0] ?? '') !== isIPv4(ips[1] ?? '')
  if (isPair) return
  // Upstream prints its internal type here, whose fields have no JSON names.
  const shown = ips.map((IP) => ({ IP }))
  errors.push(field.invalid(path, shown, 'may specify no more than one IP for each IP family'))
}

function validateUser(errors: FieldErrors, path: string, { user }: ContainerStatus, spec: PodSpec | undefined): void {
  if (!user?.linux) return
  if (spec?.os?.name === 'windows') {
    errors.push(field.forbidden(`${path}.linux`, 'cannot be set for a windows pod'))
    return
  }
  const { uid, gid, supplementalGroups } = user.linux
  addInvalid(errors, `${path}.linux.uid`, uid, isIdNumber(uid))
  addInvalid(errors, `${path}.linux.gid`, gid, isIdNumber(gid))
  for (const [index, group] of (supplementalGroups ?? []).entries()) {
    addInvalid(errors, `${path}.linux.supplementalGroups[${index}]`, group, isIdNumber(group))
  }
}

function validateAllocated(errors: FieldErrors, { spec, status }: Pod): void {
  const lists = [
    { list: 'containerStatuses', containers: spec?.containers ?? [] },
    { list: 'initContainerStatuses', containers: spec?.initContainers ?? [] },
  ] as const
  for (const { list, containers } of lists) {
    for (const [index, one] of (status?.[list] ?? []).entries()) {
      const container = containers.find(({ name }) => name === one.name)
      validateHealth(errors, `status.${list}[${index}].allocatedResourcesStatus`, one, container)
    }
  }
  for (const [index, one] of (status?.ephemeralContainerStatuses ?? []).entries()) {
    if (!one.allocatedResourcesStatus?.length) continue
    const path = `status.ephemeralContainerStatuses[${index}].allocatedResourcesStatus`
    errors.push(field.forbidden(path, 'must not be specified in container status'))
  }
}

function validateHealth(
  errors: FieldErrors,
  path: string,
  { allocatedResourcesStatus }: ContainerStatus,
  container: Container | undefined,
): void {
  for (const [index, { name, resources }] of (allocatedResourcesStatus ?? []).entries()) {
    const isClaim = name.startsWith('claim:')
    if (container && !asksFor(container, name)) {
      const why = isClaim
        ? "must match one of the container's resource claims in a format 'claim:<claimName>/<request>' or 'claim:<claimName>' if request is empty"
        : "must match one of the container's resource requests"
      errors.push(field.invalid(`${path}[${index}].name`, name, why))
    }
    const seen = new Set<string>()
    for (const [position, { resourceID, health, message }] of (resources ?? []).entries()) {
      const at = `${path}[${index}].resources[${position}]`
      const healths = ['Healthy', 'Unhealthy', 'Unknown']
      if (!health) errors.push(field.notSupported(`${at}.health`, '', healths))
      else validateEnum(errors, `${at}.health`, health, healths)
      if (message === '') errors.push(field.required(`${at}.message`, 'must be non-empty if specified'))
      else if (message != null && utf8Length(message) > maxHealthMessageBytes) {
        errors.push(field.tooLong(`${at}.message`, maxHealthMessageBytes))
      }
      if (seen.has(resourceID)) errors.push(field.duplicate(`${at}.resourceID`, resourceID))
      seen.add(resourceID)
    }
  }
}

function asksFor({ resources }: Container, name: string): boolean {
  if (!name.startsWith('claim:')) return resources?.requests?.[name] !== undefined
  return (resources?.claims ?? []).some((claim) => {
    return name === `claim:${claim.name}${claim.request ? `/${claim.request}` : ''}`
  })
}
