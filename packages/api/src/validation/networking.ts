// networking.k8s.io and discovery.k8s.io (pkg/apis/{networking,discovery}/validation).

import { field } from '../field-error.ts'
import type {
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
  isPortName,
} from '../names.ts'
import { validateEndpointIP } from './core.ts'
import {
  addInvalid,
  isIPv4,
  isIPv6,
  requireValid,
  validateCIDR,
  validateEnum,
  validateImmutable,
  validateIP,
  validateLabelSelector,
  validateOptionalEnum,
  validatePortNumber,
  validatePortNumberOrName,
  type FieldErrors,
} from './fields.ts'
import type { KindValidation } from './kind-validation.ts'

const protocols = ['SCTP', 'TCP', 'UDP']

function validatePolicyPort(errors: FieldErrors, path: string, { port, endPort, protocol }: NetworkPolicyPort): void {
  validateOptionalEnum(errors, `${path}.protocol`, protocol, protocols)
  if (port == null) {
    if (endPort == null) return
    errors.push(field.invalid(`${path}.endPort`, endPort, 'may not be specified when `port` is not specified'))
    return
  }
  validatePortNumberOrName(errors, `${path}.port`, port)
  if (endPort == null) return
  if (typeof port === 'string') {
    errors.push(field.invalid(`${path}.endPort`, endPort, 'may not be specified when `port` is non-numeric'))
    return
  }
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
  else validateCIDR(errors, `${path}.ipBlock.cidr`, cidr)
  for (const [index, excluded] of (except ?? []).entries()) {
    validateCIDR(errors, `${path}.ipBlock.except[${index}]`, excluded)
  }
  if (selectors > 0) errors.push(field.forbidden(path, 'may not specify both ipBlock and another peer'))
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
    validateOptionalEnum(errors, `spec.policyTypes[${index}]`, type, ['Egress', 'Ingress'])
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
    errors.push(field.required(path, 'resource or service backend is required'))
  } else if (service) {
    requireValid(errors, `${path}.service.name`, service.name, nameIsDnsLabel)
    const { name = '', number = 0 } = service.port ?? {}
    if (name !== '' && number !== 0) {
      errors.push(field.invalid(path, '', 'cannot set both port name & port number'))
    } else if (name !== '') addInvalid(errors, `${path}.service.port.name`, name, isPortName(name))
    else if (number !== 0) validatePortNumber(errors, `${path}.service.port.number`, number)
    else errors.push(field.required(path, 'port name or number is required'))
  }
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
    errors.push(field.notSupported(`${path}.pathType`, pathType, ['Exact', 'Prefix', 'ImplementationSpecific']))
  }
  validateBackend(errors, `${path}.backend`, backend)
}

function validateIngress({ metadata, spec }: Ingress, errors: FieldErrors, { isNew }: { isNew: boolean }): void {
  const rules = spec?.rules ?? []
  if (rules.length === 0 && !spec?.defaultBackend) {
    errors.push(field.invalid('spec', rules, 'either `defaultBackend` or `rules` must be specified'))
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
  if (parameters.apiGroup != null) {
    addInvalid(errors, `${path}.apiGroup`, parameters.apiGroup, isDns1123Subdomain(parameters.apiGroup))
  }
  if (!parameters.kind) errors.push(field.required(`${path}.kind`, 'kind is required'))
  if (!parameters.name) errors.push(field.required(`${path}.name`, 'name is required'))
  if (parameters.scope == null) errors.push(field.required(`${path}.scope`, ''))
  else validateOptionalEnum(errors, `${path}.scope`, parameters.scope, ['Cluster', 'Namespace'])
  if (parameters.scope === 'Namespace' && !parameters.namespace) {
    errors.push(field.required(`${path}.namespace`, "`parameters.scope` is set to 'Namespace'"))
  }
  if (parameters.scope === 'Cluster' && parameters.namespace != null) {
    errors.push(field.forbidden(`${path}.namespace`, "`parameters.scope` is set to 'Cluster'"))
  }
}

function validateDomainPrefixedPath(errors: FieldErrors, path: string, value: string): void {
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
}

function validateServiceCIDR({ spec }: ServiceCIDR, errors: FieldErrors): void {
  const cidrs = spec?.cidrs ?? []
  if (cidrs.length === 0) errors.push(field.required('spec.cidrs', 'at least one CIDR required'))
  else if (cidrs.length > 2) errors.push(field.invalid('spec', cidrs, 'may only hold up to 2 values'))
  for (const [index, cidr] of cidrs.entries()) validateCIDR(errors, `spec.cidrs[${index}]`, cidr)
}

function validateIPAddress({ spec }: IPAddress, errors: FieldErrors): void {
  const parent = spec?.parentRef
  if (!parent) {
    errors.push(field.required('spec.parentRef', ''))
    return
  }
  const path = 'spec.parentRef'
  if (parent.group) addInvalid(errors, `${path}.group`, parent.group, isDns1123Subdomain(parent.group))
  if (!parent.resource) errors.push(field.required(`${path}.resource`, ''))
  if (!parent.name) errors.push(field.required(`${path}.name`, ''))
  if (parent.namespace) addInvalid(errors, `${path}.namespace`, parent.namespace, nameIsDnsLabel(parent.namespace))
}

const maxEndpoints = 1000
const maxAddresses = 100
const maxPorts = 20000

function validateEndpointSlice(slice: EndpointSlice, errors: FieldErrors): void {
  validateEnum(errors, 'addressType', slice.addressType, ['FQDN', 'IPv4', 'IPv6'])
  const endpoints = slice.endpoints ?? []
  if (endpoints.length > maxEndpoints) errors.push(field.tooMany('endpoints', endpoints.length, maxEndpoints))
  for (const [index, { addresses = [], hostname }] of endpoints.entries()) {
    const path = `endpoints[${index}]`
    if (addresses.length === 0) errors.push(field.required(`${path}.addresses`, 'must contain at least 1 address'))
    if (addresses.length > maxAddresses) {
      errors.push(field.tooMany(`${path}.addresses`, addresses.length, maxAddresses))
    }
    for (const [position, address] of addresses.entries()) {
      validateSliceAddress(errors, `${path}.addresses[${position}]`, address, slice.addressType)
    }
    if (hostname != null) addInvalid(errors, `${path}.hostname`, hostname, isDns1123Label(hostname))
  }
  validateSlicePorts(slice, errors)
}

/** Loopback addresses are taken: under the process runtime they are where pods listen. */
function validateSliceAddress(errors: FieldErrors, path: string, address: string, type: string): void {
  if (type === 'FQDN') {
    addInvalid(errors, path, address, isDns1123Subdomain(address))
    return
  }
  const fits = type === 'IPv4' ? isIPv4(address) : isIPv6(address)
  if (!fits) errors.push(field.invalid(path, address, `must be an ${type} address`))
  else if (!address.startsWith('127.')) validateEndpointIP(errors, path, address)
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
    create: validateEndpointSlice,
    update: (object: EndpointSlice, old: EndpointSlice, errors) => {
      validateEndpointSlice(object, errors)
      validateImmutable(errors, 'addressType', object.addressType, old.addressType)
    },
  },
  'networking.k8s.io/IPAddress': {
    name: (name) =>
      isIPv4(name) || isIPv6(name) ? [] : ['must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'],
    create: validateIPAddress,
    update: (object: IPAddress, old: IPAddress, errors) =>
      validateImmutable(errors, 'spec.parentRef', object.spec?.parentRef, old.spec?.parentRef),
  },
  'networking.k8s.io/Ingress': {
    create: (object: Ingress, errors) => validateIngress(object, errors, { isNew: true }),
    update: (object: Ingress, _: Ingress, errors) => validateIngress(object, errors, { isNew: false }),
    statusUpdate: validateIngressStatus,
  },
  'networking.k8s.io/IngressClass': {
    create: validateIngressClass,
    update: (object: IngressClass, old: IngressClass, errors) => {
      validateImmutable(errors, 'spec.controller', object.spec?.controller, old.spec?.controller)
      validateIngressClass(object, errors)
    },
  },
  'networking.k8s.io/NetworkPolicy': { create: validateNetworkPolicy },
  'networking.k8s.io/ServiceCIDR': {
    create: validateServiceCIDR,
    update: (object: ServiceCIDR, old: ServiceCIDR, errors) => {
      validateServiceCIDR(object, errors)
      const before = old.spec?.cidrs ?? []
      if (before.some((cidr, index) => object.spec?.cidrs?.[index] !== cidr)) {
        validateImmutable(errors, 'spec.cidrs', object.spec?.cidrs, before)
      }
    },
  },
}
