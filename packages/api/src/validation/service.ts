// Service (pkg/apis/core/validation: validateService and what it calls).

import { field } from '../field-error.ts'
import type { Service, ServicePort, ServiceSpec } from '../generated/kinds.ts'
import { isDns1123Label, isDns1123Subdomain, isQualifiedName, nameIsDnsLabel } from '../names.ts'
import {
  addInvalid,
  isIPv4,
  isIPv6,
  validateCIDR,
  validateEnum,
  validateImmutable,
  validateIP,
  validateLabels,
  validateOptionalEnum,
  validatePortNumber,
  validatePortNumberOrName,
  type FieldErrors,
} from './fields.ts'
import type { KindValidation } from './kind-validation.ts'
import { validateEndpointIP } from './core.ts'
import { cidrWarnings, ipWarnings } from './ip-warnings.ts'

const protocols = ['SCTP', 'TCP', 'UDP']
const families = ['IPv4', 'IPv6']
const familyPolicies = ['PreferDualStack', 'RequireDualStack', 'SingleStack']
const distributions = ['PreferClose', 'PreferSameZone', 'PreferSameNode']
const topologyHints = 'service.kubernetes.io/topology-aware-hints'
const topologyMode = 'service.kubernetes.io/topology-mode'
const affinityMaxSeconds = 86400

function isHeadless(spec: ServiceSpec): boolean {
  return spec.clusterIPs?.length === 1 && spec.clusterIPs[0] === 'None'
}

function validateService(service: Service, errors: FieldErrors): void {
  validateTopologyAnnotations(service, errors)
  const spec = service.spec ?? {}
  const ports = spec.ports ?? []
  if (ports.length === 0 && !isHeadless(spec) && spec.type !== 'ExternalName') {
    errors.push(field.required('spec.ports', ''))
  }
  validateType(spec, errors)
  const names = new Set<string>()
  for (const [index, port] of ports.entries()) validatePort(errors, `spec.ports[${index}]`, port, { spec, names })
  validateLabels(errors, 'spec.selector', spec.selector)
  validateEnum(errors, 'spec.sessionAffinity', spec.sessionAffinity, ['ClientIP', 'None'])
  validateAffinityConfig(spec, errors)
  validateClusterIPs(spec, errors)
  for (const [index, ip] of (spec.externalIPs ?? []).entries()) {
    const before = errors.length
    validateIP(errors, `spec.externalIPs[${index}]`, ip)
    if (errors.length === before) validateEndpointIP(errors, `spec.externalIPs[${index}]`, ip)
  }
  validateEnum(errors, 'spec.type', spec.type, ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'])
  validatePortCombinations(spec, errors)
  validateSourceRanges(spec, errors)
  if (spec.allocateLoadBalancerNodePorts != null && spec.type !== 'LoadBalancer') {
    const path = 'spec.allocateLoadBalancerNodePorts'
    errors.push(field.forbidden(path, "may only be used when `type` is 'LoadBalancer'"))
  }
  if (spec.loadBalancerClass != null) {
    if (spec.type === 'LoadBalancer') {
      addInvalid(errors, 'spec.loadBalancerClass', spec.loadBalancerClass, isQualifiedName(spec.loadBalancerClass))
    } else errors.push(field.forbidden('spec.loadBalancerClass', "may only be used when `type` is 'LoadBalancer'"))
  }
  validateTrafficPolicies(spec, errors)
  const distribution = spec.trafficDistribution
  if (distribution != null && !distributions.includes(distribution)) {
    errors.push(field.notSupported('spec.trafficDistribution', distribution, distributions))
  }
}

function validateTopologyAnnotations({ metadata }: Service, errors: FieldErrors): void {
  const [hints, mode] = [metadata?.annotations?.[topologyHints], metadata?.annotations?.[topologyMode]]
  if (hints === undefined || mode === undefined || hints === mode) return
  const why = `must match annotations[${topologyHints}] when both are specified`
  errors.push(field.invalid(`metadata.annotations[${topologyMode}]`, mode, why))
}

function validateType(spec: ServiceSpec, errors: FieldErrors): void {
  if (spec.type === 'LoadBalancer' || spec.type === 'NodePort') {
    if (isHeadless(spec)) {
      errors.push(field.invalid('spec.clusterIPs[0]', 'None', `may not be set to 'None' for ${spec.type} services`))
    }
    return
  }
  if (spec.type !== 'ExternalName') return
  const message = 'may not be set for ExternalName services'
  if ((spec.clusterIPs?.length ?? 0) > 0) errors.push(field.forbidden('spec.clusterIPs', message))
  if ((spec.ipFamilies?.length ?? 0) > 0) errors.push(field.forbidden('spec.ipFamilies', message))
  if (spec.ipFamilyPolicy != null) errors.push(field.forbidden('spec.ipFamilyPolicy', message))
  const name = (spec.externalName ?? '').replace(/\.$/, '')
  if (name === '') errors.push(field.required('spec.externalName', ''))
  else addInvalid(errors, 'spec.externalName', name, isDns1123Subdomain(name))
}

function validatePort(
  errors: FieldErrors,
  path: string,
  port: ServicePort,
  { spec, names }: { spec: ServiceSpec; names: Set<string> },
): void {
  if (!port.name) {
    if ((spec.ports?.length ?? 0) > 1) errors.push(field.required(`${path}.name`, ''))
  } else {
    addInvalid(errors, `${path}.name`, port.name, isDns1123Label(port.name))
    if (names.has(port.name)) errors.push(field.duplicate(`${path}.name`, port.name))
    names.add(port.name)
  }
  validatePortNumber(errors, `${path}.port`, port.port ?? 0)
  validateEnum(errors, `${path}.protocol`, port.protocol, protocols)
  validatePortNumberOrName(errors, `${path}.targetPort`, port.targetPort ?? port.port ?? 0)
  if (port.appProtocol != null) {
    addInvalid(errors, `${path}.appProtocol`, port.appProtocol, isQualifiedName(port.appProtocol))
  }
}

function validateAffinityConfig(spec: ServiceSpec, errors: FieldErrors): void {
  const path = 'spec.sessionAffinityConfig'
  if (spec.sessionAffinity === 'None' && spec.sessionAffinityConfig) {
    errors.push(field.forbidden(path, 'must not be set when session affinity is None'))
  }
  if (spec.sessionAffinity !== 'ClientIP') return
  const seconds = spec.sessionAffinityConfig?.clientIP?.timeoutSeconds
  if (!spec.sessionAffinityConfig) errors.push(field.required(path, 'when session affinity type is ClientIP'))
  else if (!spec.sessionAffinityConfig.clientIP) {
    errors.push(field.required(`${path}.clientIP`, 'when session affinity type is ClientIP'))
  } else if (seconds == null) {
    errors.push(field.required(`${path}.clientIP.timeoutSeconds`, 'when session affinity type is ClientIP'))
  } else if (seconds <= 0 || seconds > affinityMaxSeconds) {
    const message = `must be greater than 0 and less than ${affinityMaxSeconds}`
    errors.push(field.invalid(`${path}.clientIP.timeoutSeconds`, seconds, message))
  }
}

/** Addresses, families and policy must fit one another (ValidateServiceClusterIPsRelatedFields). */
function validateClusterIPs(spec: ServiceSpec, errors: FieldErrors): void {
  if (spec.type === 'ExternalName') return
  const ips = spec.clusterIPs ?? []
  const chosen = spec.ipFamilies ?? []
  for (const [index, family] of chosen.entries()) {
    if (!families.includes(family)) errors.push(field.notSupported(`spec.ipFamilies[${index}]`, family, families))
    else if (chosen.indexOf(family) < index) errors.push(field.duplicate(`spec.ipFamilies[${index}]`, family))
  }
  validateOptionalEnum(errors, 'spec.ipFamilyPolicy', spec.ipFamilyPolicy, familyPolicies)
  if (spec.clusterIP && ips.length === 0) {
    errors.push(field.required('spec.clusterIPs', ''))
  } else if (ips.length > 0 && ips[0] !== (spec.clusterIP ?? '')) {
    errors.push(field.invalid('spec.clusterIPs', ips, 'first value must match `clusterIP`'))
  }
  for (const [index, ip] of ips.entries()) {
    const path = `spec.clusterIPs[${index}]`
    if (index === 0 && ip === 'None') {
      if (ips.length > 1) errors.push(field.invalid(path, ip, "'None' must be the first and only value"))
      return
    }
    const before = errors.length
    validateIP(errors, path, ip)
    if (errors.length > before) return
    const family = chosen[index]
    if ((family === 'IPv4' && !isIPv4(ip)) || (family === 'IPv6' && !isIPv6(ip))) {
      errors.push(field.invalid(path, ip, `expected an ${family} value as indicated by \`ipFamilies[${index}]\``))
    }
  }
  if (ips.length > 2) errors.push(field.invalid('spec.clusterIPs', ips, 'may only hold up to 2 values'))
  const [first, second] = ips
  if (ips.length === 2 && first !== undefined && second !== undefined && isIPv4(first) === isIPv4(second)) {
    errors.push(field.invalid('spec.clusterIPs', ips, 'may specify no more than one IP for each IP family'))
  }
}

function validatePortCombinations(spec: ServiceSpec, errors: FieldErrors): void {
  const nodePorts = new Set<string>()
  const ports = new Set<string>()
  for (const [index, { port, protocol, nodePort }] of (spec.ports ?? []).entries()) {
    const path = `spec.ports[${index}]`
    if (nodePort) {
      if (spec.type === 'ClusterIP') {
        errors.push(field.forbidden(`${path}.nodePort`, "may not be used when `type` is 'ClusterIP'"))
      }
      const key = `${protocol}:${nodePort}`
      if (nodePorts.has(key)) errors.push(field.duplicate(`${path}.nodePort`, nodePort))
      nodePorts.add(key)
    }
    const key = `${protocol}:${port}`
    if (ports.has(key)) {
      // Upstream prints its internal type here, whose fields have no JSON names.
      const shown = { Name: '', Protocol: protocol, AppProtocol: null, Port: port, TargetPort: 0, NodePort: 0 }
      errors.push(field.duplicate(path, shown))
    }
    ports.add(key)
  }
}

function validateSourceRanges(spec: ServiceSpec, errors: FieldErrors): void {
  const ranges = spec.loadBalancerSourceRanges ?? []
  if (ranges.length === 0) return
  if (spec.type !== 'LoadBalancer') {
    errors.push(field.forbidden('spec.LoadBalancerSourceRanges', "may only be used when `type` is 'LoadBalancer'"))
  }
  for (const [index, range] of ranges.entries()) {
    validateCIDR(errors, `spec.LoadBalancerSourceRanges[${index}]`, range.trim())
  }
}

function validateTrafficPolicies(spec: ServiceSpec, errors: FieldErrors): void {
  const exposed = spec.type === 'NodePort' || spec.type === 'LoadBalancer'
  const external = exposed || (spec.type === 'ClusterIP' && (spec.externalIPs?.length ?? 0) > 0)
  if (external) validateEnum(errors, 'spec.externalTrafficPolicy', spec.externalTrafficPolicy, ['Cluster', 'Local'])
  else if (spec.externalTrafficPolicy) {
    const why = 'may only be set for externally-accessible services'
    errors.push(field.invalid('spec.externalTrafficPolicy', spec.externalTrafficPolicy, why))
  }
  const checked = spec.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local'
  if (spec.healthCheckNodePort && !checked) {
    const why = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"
    errors.push(field.invalid('spec.healthCheckNodePort', spec.healthCheckNodePort, why))
  } else if (spec.healthCheckNodePort) validatePortNumber(errors, 'spec.healthCheckNodePort', spec.healthCheckNodePort)
  if (spec.internalTrafficPolicy == null && (exposed || spec.type === 'ClusterIP')) {
    errors.push(field.required('spec.internalTrafficPolicy', ''))
  }
  validateOptionalEnum(errors, 'spec.internalTrafficPolicy', spec.internalTrafficPolicy, ['Cluster', 'Local'])
}

function validateUpdate(service: Service, old: Service, errors: FieldErrors): void {
  const spec = service.spec ?? {}
  const before = old.spec ?? {}
  validateClusterIPChange(spec, before, errors)
  if (spec.type === 'LoadBalancer' && before.type === 'LoadBalancer') {
    if (spec.loadBalancerClass !== before.loadBalancerClass) {
      errors.push(field.invalid('spec.loadBalancerClass', spec.loadBalancerClass, 'may not change once set'))
    }
  }
  if (before.healthCheckNodePort && spec.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local') {
    validateImmutable(errors, 'spec.healthCheckNodePort', spec.healthCheckNodePort, before.healthCheckNodePort)
  }
  validateService(service, errors)
}

/** The first address and family never change; the second may come and go with the policy. */
function validateClusterIPChange(spec: ServiceSpec, old: ServiceSpec, errors: FieldErrors): void {
  if (spec.type === 'ExternalName' || old.type === 'ExternalName') return
  if (isHeadless(spec) && isHeadless(old)) return
  const ips = spec.clusterIPs ?? []
  const before = old.clusterIPs ?? []
  const changed = 'may not change once set'
  if (before.length === ips.length) {
    for (const [index, ip] of before.entries()) {
      if (ip !== ips[index]) errors.push(field.invalid(`spec.clusterIPs[${index}]`, ips, changed))
    }
    return
  }
  if (before.length > ips.length && ips.length === 0) {
    errors.push(field.invalid('spec.clusterIPs[0]', ips, 'primary clusterIP can not be unset'))
  }
  if (before.length > 0 && ips.length > 0 && ips[0] !== before[0]) {
    errors.push(field.invalid('spec.clusterIPs[0]', ips, changed))
  }
  if (before.length > ips.length && ips.length === 1 && spec.ipFamilyPolicy !== 'SingleStack') {
    const why = "must be set to 'SingleStack' when releasing the secondary clusterIP"
    errors.push(field.invalid('spec.ipFamilyPolicy', spec.ipFamilyPolicy, why))
  }
}

function validateStatus(service: Service, errors: FieldErrors): void {
  if (service.spec?.type !== 'LoadBalancer' && service.status?.loadBalancer?.ingress?.length) {
    errors.push(field.forbidden('status.loadBalancer.ingress', "may only be used when `spec.type` is 'LoadBalancer'"))
    return
  }
  for (const [index, { ip, hostname, ipMode }] of (service.status?.loadBalancer?.ingress ?? []).entries()) {
    const path = `status.loadBalancer.ingress[${index}]`
    if (ip) validateIP(errors, `${path}.ip`, ip)
    if (ip && ipMode == null) errors.push(field.required(`${path}.ipMode`, 'must be specified when `ip` is set'))
    else if (!ip && ipMode != null) {
      errors.push(field.forbidden(`${path}.ipMode`, 'may not be specified when `ip` is not set'))
    } else validateOptionalEnum(errors, `${path}.ipMode`, ipMode, ['Proxy', 'VIP'])
    if (!hostname) continue
    addInvalid(errors, `${path}.hostname`, hostname, isDns1123Subdomain(hostname))
    if (isIPv4(hostname) || isIPv6(hostname)) {
      errors.push(field.invalid(`${path}.hostname`, hostname, 'must be a DNS name, not an IP address'))
    }
  }
}

/** Looser things that are taken (pkg/api/service/warnings.go). */
function serviceWarnings({ metadata, spec = {} }: Service, _: unknown, warnings: string[]): void {
  if (metadata?.annotations?.[topologyHints] !== undefined) {
    warnings.push(`annotation ${topologyHints} is deprecated, please use ${topologyMode} instead`)
  }
  const headless = spec.type === 'ClusterIP' && spec.clusterIP === 'None'
  const isNamed = spec.type === 'ExternalName'
  if (!headless) {
    for (const [index, ip] of (spec.clusterIPs ?? []).entries()) ipWarnings(warnings, `spec.clusterIPs[${index}]`, ip)
  }
  const externalIPs = spec.externalIPs ?? []
  if (headless) {
    if (spec.loadBalancerIP) warnings.push('spec.loadBalancerIP is ignored for headless services')
    if (externalIPs.length > 0) warnings.push('spec.externalIPs is ignored for headless services')
    if (spec.sessionAffinity !== 'None') warnings.push('spec.SessionAffinity is ignored for headless services')
  }
  for (const [index, ip] of externalIPs.entries()) ipWarnings(warnings, `spec.externalIPs[${index}]`, ip)
  if (externalIPs.length > 0 && !headless && !isNamed) {
    warnings.push('spec.externalIPs is deprecated and may no longer be implemented in some clusters')
  }
  ipWarnings(warnings, 'spec.loadBalancerIP', spec.loadBalancerIP)
  for (const [index, range] of (spec.loadBalancerSourceRanges ?? []).entries()) {
    cidrWarnings(warnings, `spec.loadBalancerSourceRanges[${index}]`, range)
  }
  if (isNamed && externalIPs.length > 0) {
    warnings.push('spec.externalIPs is ignored when spec.type is "ExternalName"')
  }
  if (!isNamed && spec.externalName) {
    warnings.push('spec.externalName is ignored when spec.type is not "ExternalName"')
  }
  if (spec.trafficDistribution === 'PreferClose') {
    warnings.push('spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"')
  }
}

/** What is wrong with addresses, families and policy, which are settled before the rest is looked at. */
export function validateServiceAddresses(spec: ServiceSpec): FieldErrors {
  const errors: FieldErrors = []
  validateClusterIPs(spec, errors)
  return errors
}

export const serviceValidation: KindValidation = {
  warnings: serviceWarnings,
  // RelaxedServiceNameValidation: a digit may come first, since 1.36.
  name: nameIsDnsLabel,
  create: validateService,
  update: validateUpdate,
  statusUpdate: (object: Service, _: Service, errors) => validateStatus(object, errors),
}
