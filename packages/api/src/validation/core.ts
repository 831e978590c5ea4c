// The small kinds of the core group (pkg/apis/core/validation): namespaces, endpoints, limits and quotas.

import { field } from '../field-error.ts'
import type {
  EndpointAddress,
  EndpointPort,
  Endpoints,
  LimitRange,
  LimitRangeItem,
  Namespace,
  Node,
  ResourceQuota,
} from '../generated/kinds.ts'
import { isDns1123Label, isQualifiedName, nameIsDnsLabel, nameIsDnsSubdomain } from '../names.ts'
import { compareQuantities, parseQuantity } from '../quantity.ts'
import {
  addInvalid,
  immutableMessage,
  validateEnum,
  validateIP,
  validateNonNegativeQuantity,
  validatePortNumber,
  type FieldErrors,
} from './fields.ts'
import type { KindValidation } from './kind-validation.ts'

const protocols = ['SCTP', 'TCP', 'UDP']
const standardFinalizers: ReadonlySet<string> = new Set(['kubernetes', 'orphan', 'foregroundDeletion'])

function validateNamespace({ spec }: Namespace, errors: FieldErrors): void {
  for (const finalizer of spec?.finalizers ?? []) {
    addInvalid(errors, 'spec.finalizers', finalizer, isQualifiedName(finalizer))
    if (finalizer.includes('/') || standardFinalizers.has(finalizer)) continue
    const why = 'name is neither a standard finalizer name nor is it fully qualified'
    errors.push(field.invalid('spec.finalizers', finalizer, why))
  }
}

/** The phase follows deletion: Terminating exactly while deletionTimestamp is set (ValidateNamespaceStatusUpdate). */
function validateNamespaceStatus({ metadata, status }: Namespace, _: Namespace, errors: FieldErrors): void {
  const deleted = Boolean(metadata?.deletionTimestamp)
  const phase = status?.phase ?? ''
  if (!deleted && phase !== 'Active') {
    errors.push(field.invalid('status.Phase', phase, "may only be 'Active' if `deletionTimestamp` is empty"))
  }
  if (deleted && phase !== 'Terminating') {
    errors.push(field.invalid('status.Phase', phase, "may only be 'Terminating' if `deletionTimestamp` is not empty"))
  }
}

/** Addresses that no endpoint can have (ValidateEndpointIP). */
export function validateEndpointIP(errors: FieldErrors, path: string, ip: string): void {
  const address = ip.toLowerCase()
  if (address === '0.0.0.0' || address === '::') errors.push(field.invalid(path, ip, `may not be unspecified (${ip})`))
  else if (address.startsWith('127.') || address === '::1') {
    errors.push(field.invalid(path, ip, 'may not be in the loopback range (127.0.0.0/8, ::1/128)'))
  } else if (address.startsWith('169.254.') || /^fe[89ab]/.test(address)) {
    errors.push(field.invalid(path, ip, 'may not be in the link-local range (169.254.0.0/16, fe80::/10)'))
  } else if (address.startsWith('224.0.0.') || address.startsWith('ff02:')) {
    errors.push(field.invalid(path, ip, 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)'))
  }
}

/** Loopback endpoints are taken: under the process runtime they are where pods listen. */
function validateEndpointAddress(errors: FieldErrors, path: string, address: EndpointAddress): void {
  const before = errors.length
  validateIP(errors, `${path}.ip`, address.ip)
  const isAddress = errors.length === before
  if (address.hostname) addInvalid(errors, `${path}.hostname`, address.hostname, isDns1123Label(address.hostname))
  if (address.nodeName != null) {
    addInvalid(errors, `${path}.nodeName`, address.nodeName, nameIsDnsSubdomain(address.nodeName))
  }
  if (!isAddress) errors.push(field.invalid(`${path}.ip`, address.ip, 'must be a valid IP address'))
  else if (!address.ip.startsWith('127.')) validateEndpointIP(errors, `${path}.ip`, address.ip)
}

function validateEndpoints({ subsets }: Endpoints, errors: FieldErrors): void {
  for (const [index, { addresses = [], notReadyAddresses = [], ports = [] }] of (subsets ?? []).entries()) {
    const path = `subsets[${index}]`
    if (addresses.length + notReadyAddresses.length === 0) {
      errors.push(field.required(path, 'must specify `addresses` or `notReadyAddresses`'))
    }
    for (const [position, address] of addresses.entries()) {
      validateEndpointAddress(errors, `${path}.addresses[${position}]`, address)
    }
    for (const [position, address] of notReadyAddresses.entries()) {
      validateEndpointAddress(errors, `${path}.notReadyAddresses[${position}]`, address)
    }
    for (const [position, port] of ports.entries()) {
      validateEndpointPort(errors, `${path}.ports[${position}]`, port, ports.length > 1)
    }
  }
}

function validateEndpointPort(errors: FieldErrors, path: string, port: EndpointPort, requireName: boolean): void {
  if (port.name) addInvalid(errors, `${path}.name`, port.name, isDns1123Label(port.name))
  else if (requireName) errors.push(field.required(`${path}.name`, ''))
  validatePortNumber(errors, `${path}.port`, port.port ?? 0)
  validateEnum(errors, `${path}.protocol`, port.protocol, protocols)
  if (port.appProtocol != null) {
    addInvalid(errors, `${path}.appProtocol`, port.appProtocol, isQualifiedName(port.appProtocol))
  }
}

function validateLimitRange({ spec }: LimitRange, errors: FieldErrors): void {
  const types = new Set<string>()
  for (const [index, item] of (spec?.limits ?? []).entries()) {
    const path = `spec.limits[${index}]`
    addInvalid(errors, `${path}.type`, item.type, isQualifiedName(item.type ?? ''))
    if (types.has(item.type)) errors.push(field.duplicate(`${path}.type`, item.type))
    types.add(item.type)
    validateLimitRangeItem(errors, path, item)
  }
}

function validateLimitRangeItem(errors: FieldErrors, path: string, item: LimitRangeItem): void {
  if (item.type === 'Pod') {
    const why = "may not be specified when `type` is 'Pod'"
    if (Object.keys(item.default ?? {}).length > 0) errors.push(field.forbidden(`${path}.default`, why))
    if (Object.keys(item.defaultRequest ?? {}).length > 0) errors.push(field.forbidden(`${path}.defaultRequest`, why))
  }
  const hasStorage = item.min?.['storage'] != null || item.max?.['storage'] != null
  if (item.type === 'PersistentVolumeClaim' && !hasStorage) {
    const why = 'either minimum or maximum storage value is required, but neither was provided'
    errors.push(field.required(`${path}.limits`, why))
  }
  const lists = { max: item.max, min: item.min, default: item.default, defaultRequest: item.defaultRequest }
  const resources = new Set(Object.values(lists).flatMap((list) => Object.keys(list ?? {})))
  for (const [name, list] of Object.entries({ ...lists, maxLimitRequestRatio: item.maxLimitRequestRatio })) {
    for (const resource in list) addInvalid(errors, `${path}.${name}[${resource}]`, resource, isQualifiedName(resource))
  }
  for (const resource of resources) validateLimitOrder(errors, path, item, resource)
}

type LimitName = 'min' | 'max' | 'default' | 'defaultRequest'

/** Each pair: the lower, the higher, where the error stands, and how both are called in it. */
const limitOrders: readonly {
  low: LimitName
  high: LimitName
  at: LimitName
  shown: LimitName
  names: [string, string]
}[] = [
  { low: 'min', high: 'max', at: 'min', shown: 'min', names: ['min', 'max'] },
  {
    low: 'min',
    high: 'defaultRequest',
    at: 'defaultRequest',
    shown: 'defaultRequest',
    names: ['min', 'default request'],
  },
  {
    low: 'defaultRequest',
    high: 'max',
    at: 'defaultRequest',
    shown: 'defaultRequest',
    names: ['default request', 'max'],
  },
  {
    low: 'defaultRequest',
    high: 'default',
    at: 'defaultRequest',
    shown: 'defaultRequest',
    names: ['default request', 'default limit'],
  },
  { low: 'min', high: 'default', at: 'default', shown: 'min', names: ['min', 'default'] },
  { low: 'default', high: 'max', at: 'default', shown: 'max', names: ['default', 'max'] },
]

function validateLimitOrder(errors: FieldErrors, path: string, item: LimitRangeItem, resource: string): void {
  for (const { low, high, at, shown, names } of limitOrders) {
    const lower = item[low]?.[resource]
    const higher = item[high]?.[resource]
    if (lower == null || higher == null) continue
    if (compareQuantities(parseQuantity(lower), parseQuantity(higher)) <= 0) continue
    const why = `${names[0]} value ${lower} is greater than ${names[1]} value ${higher}`
    errors.push(field.invalid(`${path}.${at}[${resource}]`, item[shown]?.[resource], why))
  }
}

const standardQuotaResources: ReadonlySet<string> = new Set([
  'cpu',
  'memory',
  'ephemeral-storage',
  'requests.cpu',
  'requests.memory',
  'requests.storage',
  'requests.ephemeral-storage',
  'limits.cpu',
  'limits.memory',
  'limits.ephemeral-storage',
  'pods',
  'resourcequotas',
  'services',
  'replicationcontrollers',
  'secrets',
  'persistentvolumeclaims',
  'configmaps',
  'services.nodeports',
  'services.loadbalancers',
])

const countedResources: ReadonlySet<string> = new Set(
  [...standardQuotaResources].filter((name) => !/(cpu|memory|storage)$/.test(name)),
)

function validateResourceQuota({ spec }: ResourceQuota, errors: FieldErrors): void {
  for (const name in spec?.hard) {
    const path = `spec.hard[${name}]`
    const value = spec.hard[name] ?? '0'
    addInvalid(errors, path, name, isQualifiedName(name))
    const isStandard = standardQuotaResources.has(name) || /^(requests\.)?hugepages-/.test(name)
    if (!name.includes('/') && !isStandard) {
      errors.push(field.invalid(path, name, 'must be a standard resource for quota'))
    }
    validateNonNegativeQuantity(errors, path, value)
    const counted = countedResources.has(name) || name.startsWith('count/')
    if (counted && parseQuantity(value).nano % 1_000_000_000n !== 0n) {
      errors.push(field.invalid(path, value, 'must be an integer'))
    }
  }
}

function validateResourceQuotaUpdate(quota: ResourceQuota, old: ResourceQuota, errors: FieldErrors): void {
  validateResourceQuota(quota, errors)
  const scopes = quota.spec?.scopes ?? []
  const before = old.spec?.scopes ?? []
  if (scopes.length === before.length && scopes.every((scope) => before.includes(scope))) return
  errors.push(field.invalid('spec.scopes', scopes, immutableMessage))
}

const taintEffects = ['NoExecute', 'NoSchedule', 'PreferNoSchedule']

function validateNode({ spec }: Node, errors: FieldErrors): void {
  const seen = new Set<string>()
  for (const [index, { key, value, effect }] of (spec?.taints ?? []).entries()) {
    const path = `spec.taints[${index}]`
    addInvalid(errors, `${path}.key`, key, isQualifiedName(key ?? ''))
    validateEnum(errors, `${path}.effect`, effect, taintEffects)
    const identity = `${key}:${effect}`
    if (seen.has(identity)) errors.push(field.duplicate(path, { key, value, effect }))
    seen.add(identity)
  }
}

function validateNodeUpdate(node: Node, old: Node, errors: FieldErrors): void {
  validateNode(node, errors)
  const before = old.spec?.podCIDRs ?? []
  if (before.length > 0 && String(node.spec?.podCIDRs ?? []) !== String(before)) {
    const why = 'node updates may not change podCIDR except from "" to valid'
    errors.push(field.forbidden('spec.podCIDRs', why))
  }
  if (old.spec?.providerID && node.spec?.providerID !== old.spec.providerID) {
    errors.push(field.forbidden('spec.providerID', 'node updates may not change providerID except from "" to valid'))
  }
}

export const coreValidations: Readonly<Record<string, KindValidation>> = {
  '/Endpoints': { create: validateEndpoints },
  '/LimitRange': { create: validateLimitRange },
  '/Namespace': {
    name: nameIsDnsLabel,
    create: validateNamespace,
    // The spec is not replaced by updates.
    update: () => undefined,
    statusUpdate: validateNamespaceStatus,
  },
  '/Node': { create: validateNode, update: validateNodeUpdate },
  '/ResourceQuota': { create: validateResourceQuota, update: validateResourceQuotaUpdate },
}
