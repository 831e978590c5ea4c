// networking.k8s.io and discovery.k8s.io (pkg/apis/{networking,discovery}/validation).

import { field } from '../field-error.ts'
import type {
  Endpoint,
  EndpointHints,
  EndpointSlice,
  HTTPIngressPath,
  Ingress,
  IngressBackend,
  IngressClass,
  IPAddress,
  NetworkPolicy,
  NetworkPolicyPeer,
  NetworkPolicyPort,
  ServiceCIDR,
} from '../generated/kinds.ts'
import {
  isDns1123Label,
  isDns1123Subdomain,
  isQualifiedName,
  isWildcardDns1123Subdomain,
  nameIsDnsLabel,
  nameIsDnsSubdomain,
  isLabelValue,
  isPortName,
  nameIsPathSegment,
  regexError,
} from '../names.ts'
import { semanticallyEqual } from '../semantic-equality.ts'
import { validateEndpointIP } from './core.ts'
import { cidrWarnings, ipWarnings } from './ip-warnings.ts'
import {
  addInvalid,
  immutableMessage,
  isIPv4,
  isIPv6,
  isStrictSubset,
  requireValid,
  validateCanonicalIP,
  validateCIDR,
  validateEnum,
  validateImmutable,
  validateIP,
  validateLabels,
  validateLabelSelector,
  validateOptionalEnum,
  validatePortNumber,
  type FieldErrors,
} from './fields.ts'
import type { KindValidation } from './kind-validation.ts'

const protocols = ['SCTP', 'TCP', 'UDP']
/** Network policies list them in this order. */
const policyProtocols = ['TCP', 'UDP', 'SCTP']

function validatePolicyPort(errors: FieldErrors, path: string, { port, endPort, protocol }: NetworkPolicyPort): void {
  validateOptionalEnum(errors, `${path}.protocol`, protocol, policyProtocols)
  if (port == null) {
    if (endPort == null) return
    errors.push(field.invalid(`${path}.endPort`, endPort, 'may not be specified when `port` is not specified'))
    return
  }
  if (typeof port === 'string') {
    if (endPort != null) {
      errors.push(field.invalid(`${path}.endPort`, endPort, 'may not be specified when `port` is non-numeric'))
    }
    addInvalid(errors, `${path}.port`, port, isPortName(port))
    return
  }
  validatePortNumber(errors, `${path}.port`, port)
  if (endPort == null) return
  if (endPort < port) {
    errors.push(field.invalid(`${path}.endPort`, port, 'must be greater than or equal to `port`'))
  }
  validatePortNumber(errors, `${path}.endPort`, endPort)
}

function validatePeer(errors: FieldErrors, path: string, peer: NetworkPolicyPeer): void {
  validateLabelSelector(errors, `${path}.podSelector`, peer.podSelector)
  validateLabelSelector(errors, `${path}.namespaceSelector`, peer.namespaceSelector)
  const selectors = Number(peer.podSelector != null) + Number(peer.namespaceSelector != null)
  if (!peer.ipBlock) {
    if (selectors === 0) errors.push(field.required(path, 'must specify a peer'))
    return
  }
  const { cidr, except } = peer.ipBlock
  if (!cidr) errors.push(field.required(`${path}.ipBlock.cidr`, ''))
  else {
    const before = errors.length
    validateCIDR(errors, `${path}.ipBlock.cidr`, cidr)
    if (errors.length === before) validateExceptions(errors, `${path}.ipBlock.except`, { cidr, except: except ?? [] })
  }
  if (selectors > 0) errors.push(field.forbidden(path, 'may not specify both ipBlock and another peer'))
}

function validateExceptions(
  errors: FieldErrors,
  path: string,
  { cidr, except }: { cidr: string; except: readonly string[] },
): void {
  for (const [index, excluded] of except.entries()) {
    const before = errors.length
    validateCIDR(errors, `${path}[${index}]`, excluded)
    if (errors.length > before || isStrictSubset(excluded, cidr)) continue
    errors.push(field.invalid(`${path}[${index}]`, excluded, 'must be a strict subset of `cidr`'))
  }
}

function networkPolicyWarnings({ spec }: NetworkPolicy, _: unknown, warnings: string[]): void {
  const peers = [
    ...(spec?.ingress ?? []).map(({ from }, index) => ({ path: `spec.ingress[${index}].from`, list: from })),
    ...(spec?.egress ?? []).map(({ to }, index) => ({ path: `spec.egress[${index}].to`, list: to })),
  ]
  for (const { path, list } of peers) {
    for (const [index, { ipBlock }] of (list ?? []).entries()) {
      if (!ipBlock) continue
      cidrWarnings(warnings, `${path}[${index}].ipBlock.cidr`, ipBlock.cidr)
      for (const [position, excluded] of (ipBlock.except ?? []).entries()) {
        cidrWarnings(warnings, `${path}[${index}].ipBlock.except[${position}]`, excluded)
      }
    }
  }
}

function validateNetworkPolicy({ spec }: NetworkPolicy, errors: FieldErrors): void {
  validateLabelSelector(errors, 'spec.podSelector', spec?.podSelector)
  const rules = [
    ...(spec?.ingress ?? []).map(({ ports, from }, index) => ({
      path: `spec.ingress[${index}]`,
      ports,
      peers: from,
      name: 'from',
    })),
    ...(spec?.egress ?? []).map(({ ports, to }, index) => ({
      path: `spec.egress[${index}]`,
      ports,
      peers: to,
      name: 'to',
    })),
  ]
  for (const { path, ports, peers, name } of rules) {
    for (const [index, port] of (ports ?? []).entries()) validatePolicyPort(errors, `${path}.ports[${index}]`, port)
    for (const [index, peer] of (peers ?? []).entries()) validatePeer(errors, `${path}.${name}[${index}]`, peer)
  }
  const types = spec?.policyTypes ?? []
  if (types.length > 2) {
    errors.push(field.invalid('spec.policyTypes', types, 'may not specify more than two policyTypes'))
    return
  }
  for (const [index, type] of types.entries()) {
    validateOptionalEnum(errors, `spec.policyTypes[${index}]`, type, ['Ingress', 'Egress'])
  }
}

function validateHost(errors: FieldErrors, path: string, host: string): void {
  if (isIPv4(host) || isIPv6(host)) {
    errors.push(field.invalid(path, host, 'must be a DNS name, not an IP address'))
    return
  }
  addInvalid(errors, path, host, host.includes('*') ? isWildcardDns1123Subdomain(host) : isDns1123Subdomain(host))
}

function validateBackend(errors: FieldErrors, path: string, backend: IngressBackend | null | undefined): void {
  const service = backend?.service
  if (service && backend.resource) {
    errors.push(field.invalid(path, '', 'cannot set both resource and service backends'))
  } else if (!service && !backend?.resource) {
    errors.push(field.invalid(path, '', 'resource or service backend is required'))
  } else if (backend?.resource) validateLocalReference(errors, `${path}.resource`, backend.resource)
  else if (service) {
    requireValid(errors, `${path}.service.name`, service.name, nameIsDnsLabel)
    const { name = '', number = 0 } = service.port ?? {}
    if (name !== '' && number !== 0) {
      errors.push(field.invalid(path, '', 'cannot set both port name & port number'))
    } else if (name !== '') addInvalid(errors, `${path}.service.port.name`, name, isPortName(name))
    else if (number !== 0) validatePortNumber(errors, `${path}.service.port.number`, number)
    else errors.push(field.required(path, 'port name or number is required'))
  }
}

function validateLocalReference(
  errors: FieldErrors,
  path: string,
  { apiGroup, kind, name }: { apiGroup?: string | undefined; kind?: string; name?: string },
): void {
  if (apiGroup != null) addInvalid(errors, `${path}.apiGroup`, apiGroup, isDns1123Subdomain(apiGroup))
  requireValid(errors, `${path}.kind`, kind, nameIsPathSegment)
  requireValid(errors, `${path}.name`, name, nameIsPathSegment)
}

const forbiddenSequences = ['//', '/./', '/../', '%2f', '%2F']
const forbiddenSuffixes = ['/..', '/.']

function validatePath(errors: FieldErrors, path: string, rule: HTTPIngressPath): void {
  const { path: text = '', pathType, backend } = rule
  if (pathType == null) errors.push(field.required(`${path}.pathType`, 'pathType must be specified'))
  else if (pathType === 'Exact' || pathType === 'Prefix') {
    if (!text.startsWith('/')) errors.push(field.invalid(`${path}.path`, text, 'must be an absolute path'))
    for (const sequence of forbiddenSequences) {
      if (text.includes(sequence)) errors.push(field.invalid(`${path}.path`, text, `must not contain '${sequence}'`))
    }
    for (const suffix of forbiddenSuffixes) {
      if (text.endsWith(suffix)) errors.push(field.invalid(`${path}.path`, text, `cannot end with '${suffix}'`))
    }
  } else if (pathType === 'ImplementationSpecific') {
    if (text !== '' && !text.startsWith('/')) {
      errors.push(field.invalid(`${path}.path`, text, 'must be an absolute path'))
    }
  } else {
    errors.push(field.notSupported(`${path}.pathType`, pathType, ['Exact', 'ImplementationSpecific', 'Prefix']))
  }
  validateBackend(errors, `${path}.backend`, backend)
}

function validateIngress({ metadata, spec }: Ingress, errors: FieldErrors, { isNew }: { isNew: boolean }): void {
  const rules = spec?.rules ?? []
  if (rules.length === 0 && !spec?.defaultBackend) {
    errors.push(field.invalid('spec', spec?.rules ?? null, 'either `defaultBackend` or `rules` must be specified'))
  }
  if (spec?.defaultBackend) validateBackend(errors, 'spec.defaultBackend', spec.defaultBackend)
  for (const [index, { host, http }] of rules.entries()) {
    const path = `spec.rules[${index}]`
    if (host) validateHost(errors, `${path}.host`, host)
    if (!http) continue
    if ((http.paths?.length ?? 0) === 0) errors.push(field.required(`${path}.http.paths`, ''))
    for (const [position, rule] of (http.paths ?? []).entries()) {
      validatePath(errors, `${path}.http.paths[${position}]`, rule)
    }
  }
  for (const [index, { hosts, secretName }] of (spec?.tls ?? []).entries()) {
    for (const [position, host] of (hosts ?? []).entries()) {
      const check = host.includes('*') ? isWildcardDns1123Subdomain : isDns1123Subdomain
      addInvalid(errors, `spec.tls[${index}].hosts[${position}]`, host, check(host))
    }
    if (secretName) addInvalid(errors, `spec.tls[${index}].secretName`, secretName, nameIsDnsSubdomain(secretName))
  }
  const ingressClass = spec?.ingressClassName
  if (ingressClass == null) return
  addInvalid(errors, 'spec.ingressClassName', ingressClass, nameIsDnsSubdomain(ingressClass))
  const annotation = metadata?.annotations?.['kubernetes.io/ingress.class']
  if (isNew && annotation !== undefined && annotation !== ingressClass) {
    const why = 'must match `ingressClassName` when both are specified'
    errors.push(field.invalid('annotations.kubernetes.io/ingress.class', annotation, why))
  }
}

function validateIngressStatus({ status }: Ingress, _: Ingress, errors: FieldErrors): void {
  for (const [index, { ip, hostname }] of (status?.loadBalancer?.ingress ?? []).entries()) {
    const path = `status.loadBalancer.ingress[${index}]`
    if (ip) validateIP(errors, `${path}.ip`, ip)
    if (!hostname) continue
    addInvalid(errors, `${path}.hostname`, hostname, isDns1123Subdomain(hostname))
    if (isIPv4(hostname) || isIPv6(hostname)) {
      errors.push(field.invalid(`${path}.hostname`, hostname, 'must be a DNS name, not an IP address'))
    }
  }
}

function validateIngressClass({ spec }: IngressClass, errors: FieldErrors): void {
  const controller = spec?.controller ?? ''
  if (controller.length > 250) errors.push(field.tooLong('spec.controller', 250))
  validateDomainPrefixedPath(errors, 'spec.controller', controller)
  const parameters = spec?.parameters
  if (!parameters) return
  const path = 'spec.parameters'
  validateLocalReference(errors, path, parameters)
  if (parameters.scope == null) errors.push(field.required(`${path}.scope`, ''))
  else validateOptionalEnum(errors, `${path}.scope`, parameters.scope, ['Cluster', 'Namespace'])
  if (parameters.scope === 'Namespace') {
    if (parameters.namespace == null) {
      errors.push(field.required(`${path}.namespace`, "`parameters.scope` is set to 'Namespace'"))
    } else addInvalid(errors, `${path}.namespace`, parameters.namespace, nameIsDnsLabel(parameters.namespace))
  }
  if (parameters.scope === 'Cluster' && parameters.namespace != null) {
    errors.push(field.forbidden(`${path}.namespace`, "`parameters.scope` is set to 'Cluster'"))
  }
}

const httpPath = "[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+"
const httpPathPattern = new RegExp(`^${httpPath}$`)

export function validateDomainPrefixedPath(errors: FieldErrors, path: string, value: string): void {
  if (value === '') {
    errors.push(field.required(path, ''))
    return
  }
  const slash = value.indexOf('/')
  if (slash <= 0 || slash === value.length - 1) {
    errors.push(field.invalid(path, value, 'must be a domain-prefixed path (such as "acme.io/foo")'))
    return
  }
  const host = value.slice(0, slash)
  addInvalid(errors, path, host, isDns1123Subdomain(host))
  const rest = value.slice(slash + 1)
  if (!httpPathPattern.test(rest)) errors.push(field.invalid(path, rest, regexError('Invalid path', httpPath)))
}

function validateServiceCIDR({ spec }: ServiceCIDR, errors: FieldErrors): void {
  const cidrs = spec?.cidrs ?? []
  const path = 'spec.cidrs'
  if (cidrs.length === 0) errors.push(field.required(path, 'at least one CIDR required'))
  // Upstream prints its internal type here, whose fields have no JSON names.
  else if (cidrs.length > 2) errors.push(field.invalid(path, { CIDRs: cidrs }, 'may only hold up to 2 values'))
  else {
    for (const [index, cidr] of cidrs.entries()) validateCIDR(errors, `${path}[${index}]`, cidr)
    const [first, second] = cidrs.map(familyOf)
    if (first === undefined || first !== second) return
    const why = 'may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64'
    errors.push(field.invalid(path, cidrs, why))
  }
}

function familyOf(cidr: string): 'IPv4' | 'IPv6' | undefined {
  const address = cidr.split('/')[0] ?? ''
  return isIPv4(address) ? 'IPv4' : isIPv6(address) ? 'IPv6' : undefined
}

/** A second family may come; nothing else changes. */
function validateServiceCIDRUpdate(object: ServiceCIDR, old: ServiceCIDR, errors: FieldErrors): void {
  const [cidrs, before] = [object.spec?.cidrs ?? [], old.spec?.cidrs ?? []]
  const gainsFamily = before.length === 1 && cidrs.length === 2
  if (cidrs.length !== before.length && !gainsFamily) {
    errors.push(field.invalid('spec.cidrs', object.spec?.cidrs ?? null, immutableMessage))
    return
  }
  for (const [index, cidr] of before.entries()) {
    if (cidr !== cidrs[index]) errors.push(field.invalid(`spec.cidrs[${index}]`, cidrs[index], immutableMessage))
  }
  if (gainsFamily) validateServiceCIDR(object, errors)
}

function validateIPAddress({ spec }: IPAddress, errors: FieldErrors): void {
  const parent = spec?.parentRef
  if (!parent) {
    errors.push(field.required('spec.parentRef', ''))
    return
  }
  const path = 'spec.parentRef'
  if (parent.group) addInvalid(errors, `${path}.group`, parent.group, isDns1123Subdomain(parent.group))
  requireValid(errors, `${path}.resource`, parent.resource, nameIsPathSegment)
  requireValid(errors, `${path}.name`, parent.name, nameIsPathSegment)
  if (parent.namespace) addInvalid(errors, `${path}.namespace`, parent.namespace, nameIsPathSegment(parent.namespace))
}

function nameIsCanonicalIP(name: string): readonly string[] {
  const errors: FieldErrors = []
  validateCanonicalIP(errors, 'metadata.name', name)
  return errors.map(({ detail }) => detail)
}

const maxEndpoints = 1000
const maxHints = 8
const maxAddresses = 100
const maxPorts = 20000

const addressTypes = ['FQDN', 'IPv4', 'IPv6']

function validateEndpointSlice(slice: EndpointSlice, errors: FieldErrors): void {
  validateEnum(errors, 'addressType', slice.addressType, addressTypes)
  const endpoints = slice.endpoints ?? []
  if (endpoints.length > maxEndpoints) errors.push(field.tooMany('endpoints', endpoints.length, maxEndpoints))
  else {
    for (const [index, endpoint] of endpoints.entries()) {
      validateEndpoint(errors, `endpoints[${index}]`, endpoint, slice.addressType)
    }
  }
  validateSlicePorts(slice, errors)
}

function validateEndpoint(errors: FieldErrors, path: string, endpoint: Endpoint, type: string): void {
  const { addresses, hostname, nodeName, deprecatedTopology, hints } = endpoint
  const count = addresses?.length ?? 0
  if (count === 0) errors.push(field.required(`${path}.addresses`, 'must contain at least 1 address'))
  if (count > maxAddresses) errors.push(field.tooMany(`${path}.addresses`, count, maxAddresses))
  for (const [position, address] of (addresses ?? []).entries()) {
    validateSliceAddress(errors, `${path}.addresses`, { address, position, type })
  }
  if (nodeName != null) addInvalid(errors, `${path}.nodeName`, nodeName, nameIsDnsSubdomain(nodeName))
  validateLabels(errors, `${path}.deprecatedTopology`, deprecatedTopology)
  if (hostname != null) addInvalid(errors, `${path}.hostname`, hostname, isDns1123Label(hostname))
  if (hints) validateHints(errors, `${path}.hints`, hints)
}

function validateHints(errors: FieldErrors, path: string, hints: EndpointHints): void {
  const lists = [
    { name: 'forZones', items: hints.forZones ?? [], check: isLabelValue },
    { name: 'forNodes', items: hints.forNodes ?? [], check: nameIsDnsSubdomain },
  ]
  for (const { name: list, items, check } of lists) {
    if (items.length > maxHints) {
      errors.push(field.tooMany(`${path}.${list}`, items.length, maxHints))
      return
    }
    const seen = new Set<string>()
    for (const [index, { name }] of items.entries()) {
      const at = `${path}.${list}[${index}].name`
      if (seen.has(name)) errors.push(field.duplicate(at, name))
      seen.add(name)
      addInvalid(errors, at, name, check(name))
    }
  }
}

/** Loopback addresses are taken: under the process runtime they are where pods listen. */
function validateSliceAddress(
  errors: FieldErrors,
  path: string,
  { address, position, type }: { address: string; position: number; type: string },
): void {
  const at = `${path}[${position}]`
  if (type === 'FQDN') validateFullDomain(errors, at, address)
  // Addresses of a type that nobody knows are not looked at.
  if (type !== 'IPv4' && type !== 'IPv6') return
  const before = errors.length
  if (type === 'IPv4') validateIP(errors, at, address)
  else validateCanonicalIP(errors, at, address)
  if (errors.length > before) return
  const fits = type === 'IPv4' ? isIPv4(address) : isIPv6(address)
  if (!fits) errors.push(field.invalid(path, address, `must be an ${type} address`))
  if (!address.startsWith('127.')) validateEndpointIP(errors, at, address)
}

/** Two labels or more; a dot at the end says that nothing follows. */
function validateFullDomain(errors: FieldErrors, path: string, address: string): void {
  if (address === '') {
    errors.push(field.required(path, ''))
    return
  }
  const name = address.replace(/\.$/, '')
  const problems = isDns1123Subdomain(name)
  if (problems.length > 0) errors.push(field.invalid(path, name, problems.join(',')))
  else if (!name.includes('.')) {
    errors.push(field.invalid(path, name, 'should be a domain with at least two segments separated by dots'))
  }
}

function endpointSliceWarnings(slice: EndpointSlice, old: EndpointSlice | undefined, warnings: string[]): void {
  if (old === undefined && slice.addressType === 'FQDN') {
    warnings.push('spec.addressType: FQDN endpoints are deprecated')
  }
  if (slice.addressType === 'FQDN') return
  for (const [index, { addresses }] of (slice.endpoints ?? []).entries()) {
    for (const [position, address] of (addresses ?? []).entries()) {
      ipWarnings(warnings, `endpoints[${index}].addresses[${position}]`, address)
    }
  }
}

function validateSlicePorts({ ports }: EndpointSlice, errors: FieldErrors): void {
  if ((ports?.length ?? 0) > maxPorts) errors.push(field.tooMany('ports', ports?.length ?? 0, maxPorts))
  const names = new Set<string>()
  for (const [index, { name = '', protocol, appProtocol }] of (ports ?? []).entries()) {
    const path = `ports[${index}]`
    if (name !== '') addInvalid(errors, `${path}.name`, name, isDns1123Label(name))
    if (names.has(name)) errors.push(field.duplicate(`${path}.name`, name))
    names.add(name)
    validateEnum(errors, `${path}.protocol`, protocol, protocols)
    if (appProtocol != null) addInvalid(errors, `${path}.appProtocol`, appProtocol, isQualifiedName(appProtocol))
  }
}

export const networkingValidations: Readonly<Record<string, KindValidation>> = {
  'discovery.k8s.io/EndpointSlice': {
    warnings: endpointSliceWarnings,
    create: validateEndpointSlice,
    update: (object: EndpointSlice, old: EndpointSlice, errors) => {
      validateEndpointSlice(object, errors)
      validateImmutable(errors, 'addressType', object.addressType, old.addressType)
    },
  },
  'networking.k8s.io/IPAddress': {
    name: nameIsCanonicalIP,
    create: validateIPAddress,
    update: (object: IPAddress, old: IPAddress, errors) => {
      if (semanticallyEqual(object.spec?.parentRef, old.spec?.parentRef)) return
      const { group = '', resource, namespace = '', name } = object.spec?.parentRef ?? { resource: '', name: '' }
      // Upstream prints its internal type here, whose fields have no JSON names.
      const shown = { Group: group, Resource: resource, Namespace: namespace, Name: name }
      errors.push(field.invalid('spec.parentRef', object.spec?.parentRef ? shown : null, immutableMessage))
    },
  },
  'networking.k8s.io/Ingress': {
    create: (object: Ingress, errors) => validateIngress(object, errors, { isNew: true }),
    update: (object: Ingress, _: Ingress, errors) => validateIngress(object, errors, { isNew: false }),
    statusUpdate: validateIngressStatus,
    warnings: ({ metadata, spec }: Ingress, old: Ingress | undefined, warnings) => {
      const key = 'kubernetes.io/ingress.class'
      if (old !== undefined || metadata?.annotations?.[key] === undefined || spec?.ingressClassName != null) return
      warnings.push(`annotation "${key}" is deprecated, please use 'spec.ingressClassName' instead`)
    },
  },
  'networking.k8s.io/IngressClass': {
    create: validateIngressClass,
    update: (object: IngressClass, old: IngressClass, errors) => {
      validateImmutable(errors, 'spec.controller', object.spec?.controller, old.spec?.controller)
      validateIngressClass(object, errors)
    },
  },
  'networking.k8s.io/NetworkPolicy': { create: validateNetworkPolicy, warnings: networkPolicyWarnings },
  'networking.k8s.io/ServiceCIDR': {
    create: validateServiceCIDR,
    update: validateServiceCIDRUpdate,
  },
}
