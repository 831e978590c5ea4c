// The spec of a pod, in pods and in templates (ValidatePodSpec of pkg/apis/core/validation).

import { field } from '../field-error.ts'
import type { PodDNSConfig, PodSpec } from '../generated/kinds.ts'
import {
  inclusiveRangeError,
  isDns1123Label,
  isDns1123Subdomain,
  isDns1123SubdomainWithUnderscore,
  isQualifiedName,
  nameIsDnsSubdomain,
} from '../names.ts'
import { validateAffinity, validateTolerations, validateTopologySpread } from './affinity.ts'
import { validateResources } from './container-resources.ts'
import {
  validateContainers,
  validateEphemeralContainers,
  validateInitContainers,
  type ContainerRules,
} from './containers.ts'
import {
  addInvalid,
  validateEnum,
  validateIP,
  validateLabels,
  validateOptionalEnum,
  type FieldErrors,
} from './fields.ts'
import { validatePodSecurityContext } from './security-context.ts'
import { validateVolumes } from './volumes.ts'

export const restartPolicies: readonly string[] = ['Always', 'OnFailure', 'Never']
const dnsPolicies = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None']
const maxInt32 = 0x7fff_ffff

function validateDnsConfig(errors: FieldErrors, path: string, config: PodDNSConfig): void {
  const { nameservers, searches, options } = config
  if (nameservers && nameservers.length > 3) {
    errors.push(field.invalid(`${path}.nameservers`, nameservers, 'must not have more than 3 nameservers'))
  }
  for (const [index, server] of (nameservers ?? []).entries()) {
    validateIP(errors, `${path}.nameservers[${index}]`, server)
  }
  if (searches && searches.length > 32) {
    errors.push(field.invalid(`${path}.searches`, searches, 'must not have more than 32 search paths'))
  }
  if (searches && searches.join(' ').length > 2048) {
    const why = 'must not have more than 2048 characters (including spaces) in the search list'
    errors.push(field.invalid(`${path}.searches`, searches, why))
  }
  for (const [index, search] of (searches ?? []).entries()) {
    if (search === '.') continue
    const domain = search.endsWith('.') ? search.slice(0, -1) : search
    addInvalid(errors, `${path}.searches[${index}]`, domain, isDns1123SubdomainWithUnderscore(domain))
  }
  for (const [index, { name }] of (options ?? []).entries()) {
    if (!name) errors.push(field.required(`${path}.options[${index}]`, 'must not be empty'))
  }
}

function validateDns(errors: FieldErrors, path: string, { dnsPolicy, dnsConfig }: PodSpec): void {
  const at = `${path}.dnsConfig`
  if (dnsPolicy === 'None' && !dnsConfig) {
    errors.push(field.required(at, 'must provide `dnsConfig` when `dnsPolicy` is None'))
  } else if (dnsPolicy === 'None' && !dnsConfig?.nameservers?.length) {
    const why = 'must provide at least one DNS nameserver when `dnsPolicy` is None'
    errors.push(field.required(`${at}.nameservers`, why))
  } else if (dnsConfig) validateDnsConfig(errors, at, dnsConfig)
}

export interface PodSpecRules {
  /** Whether this is a pod rather than a template. */
  isPod?: boolean
}

function validateHostNetwork(errors: FieldErrors, path: string, spec: PodSpec, { isPod }: PodSpecRules): void {
  if (!spec.hostNetwork) return
  for (const [index, { ports }] of (spec.containers ?? []).entries()) {
    for (const [position, { hostPort, containerPort }] of (ports ?? []).entries()) {
      if ((hostPort ?? 0) === containerPort || (!isPod && !hostPort)) continue
      const at = `${path}.containers[${index}].ports[${position}].hostPort`
      errors.push(field.invalid(at, hostPort ?? 0, 'must match `containerPort` when `hostNetwork` is true'))
    }
  }
}

function validateResourceClaims(errors: FieldErrors, path: string, spec: PodSpec): ReadonlySet<string> {
  const names = new Set<string>()
  for (const [index, claim] of (spec.resourceClaims ?? []).entries()) {
    const at = `${path}.resourceClaims[${index}]`
    const { name, resourceClaimName, resourceClaimTemplateName } = claim
    if (!name) errors.push(field.required(`${at}.name`, ''))
    else if (names.has(name)) errors.push(field.duplicate(`${at}.name`, name))
    else addInvalid(errors, `${at}.name`, name, isDns1123Label(name))
    if (name) names.add(name)
    if (resourceClaimName != null && resourceClaimTemplateName != null) {
      const why = 'at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified'
      errors.push(field.invalid(at, claim, why))
    } else if (resourceClaimName == null && resourceClaimTemplateName == null) {
      const why = 'must specify one of: `resourceClaimName`, `resourceClaimTemplateName`'
      errors.push(field.invalid(at, claim, why))
    }
  }
  return names
}

function validateGates(errors: FieldErrors, path: string, spec: PodSpec): void {
  for (const [index, { conditionType }] of (spec.readinessGates ?? []).entries()) {
    const at = `${path}.readinessGates[${index}].conditionType`
    addInvalid(errors, at, conditionType, isQualifiedName(conditionType ?? ''))
  }
  const seen = new Set<string>()
  for (const [index, { name }] of (spec.schedulingGates ?? []).entries()) {
    const at = `${path}.schedulingGates[${index}]`
    addInvalid(errors, at, name, isQualifiedName(name ?? ''))
    if (seen.has(name)) errors.push(field.duplicate(at, name))
    seen.add(name)
  }
}

function validateNames(errors: FieldErrors, path: string, spec: PodSpec): void {
  for (const name of ['serviceAccountName', 'nodeName'] as const) {
    const value = spec[name]
    if (value) addInvalid(errors, `${path}.${name}`, value, nameIsDnsSubdomain(value))
  }
  const deadline = spec.activeDeadlineSeconds
  if (deadline != null && (deadline < 1 || deadline > maxInt32)) {
    errors.push(field.invalid(`${path}.activeDeadlineSeconds`, deadline, inclusiveRangeError(1, maxInt32)))
  }
  for (const name of ['hostname', 'subdomain'] as const) {
    const value = spec[name]
    if (value) addInvalid(errors, `${path}.${name}`, value, isDns1123Label(value))
  }
}

function validateHostAliases(errors: FieldErrors, path: string, spec: PodSpec): void {
  for (const [index, { ip, hostnames }] of (spec.hostAliases ?? []).entries()) {
    const at = `${path}.hostAliases[${index}]`
    validateIP(errors, `${at}.ip`, ip)
    for (const [position, name] of (hostnames ?? []).entries()) {
      addInvalid(errors, `${at}.hostnames[${position}]`, name, isDns1123Subdomain(name))
    }
  }
}

function validatePolicies(errors: FieldErrors, path: string, spec: PodSpec): void {
  if (spec.priorityClassName) {
    addInvalid(errors, `${path}.priorityClassName`, spec.priorityClassName, nameIsDnsSubdomain(spec.priorityClassName))
  }
  if (spec.runtimeClassName != null) {
    addInvalid(errors, `${path}.runtimeClassName`, spec.runtimeClassName, nameIsDnsSubdomain(spec.runtimeClassName))
  }
  const policies = ['PreemptLowerPriority', 'Never']
  validateOptionalEnum(errors, `${path}.preemptionPolicy`, spec.preemptionPolicy, policies)
  if (spec.overhead) {
    validateResources(errors, `${path}.overhead`, { limits: spec.overhead }, { claims: new Set() })
  }
  if (spec.os) validateEnum(errors, `${path}.os.name`, spec.os.name, ['linux', 'windows'])
}

export function validatePodSpec(
  errors: FieldErrors,
  path: string,
  spec: PodSpec | null | undefined,
  rules: PodSpecRules = {},
): void {
  if (!spec) {
    errors.push(field.required(`${path}.containers`, ''))
    return
  }
  if (spec.terminationGracePeriodSeconds == null) {
    errors.push(field.required(`${path}.terminationGracePeriodSeconds`, ''))
  }
  const containerRules: ContainerRules = {
    volumes: validateVolumes(errors, `${path}.volumes`, spec.volumes),
    claims: validateResourceClaims(errors, path, spec),
    hostUsers: spec.hostUsers !== false,
    podRestartPolicy: spec.restartPolicy ?? undefined,
    gracePeriod: spec.terminationGracePeriodSeconds,
    os: spec.os,
  }
  validateContainers(errors, path, spec, containerRules)
  validateInitContainers(errors, path, spec, containerRules)
  validateEphemeralContainers(errors, path, spec, containerRules)
  validateResources(errors, `${path}.resources`, spec.resources, { pod: true, claims: containerRules.claims })
  validateHostNetwork(errors, path, spec, rules)
  validateEnum(errors, `${path}.restartPolicy`, spec.restartPolicy, restartPolicies)
  validateEnum(errors, `${path}.dnsPolicy`, spec.dnsPolicy, dnsPolicies)
  validateLabels(errors, `${path}.nodeSelector`, spec.nodeSelector)
  validatePodSecurityContext(errors, path, spec)
  if (spec.affinity) validateAffinity(errors, `${path}.affinity`, spec.affinity)
  validateDns(errors, path, spec)
  validateGates(errors, path, spec)
  if (spec.topologySpreadConstraints) {
    validateTopologySpread(errors, `${path}.topologySpreadConstraints`, spec.topologySpreadConstraints)
  }
  validateNames(errors, path, spec)
  if (spec.tolerations) validateTolerations(errors, `${path}.tolerations`, spec.tolerations)
  validateHostAliases(errors, path, spec)
  validatePolicies(errors, path, spec)
}
