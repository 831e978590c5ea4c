// The small kinds of the core group (pkg/apis/core/validation): namespaces, endpoints and service accounts.

import { field } from '../field-error.ts'
import type { EndpointAddress, EndpointPort, Endpoints, Namespace } from '../generated/kinds.ts'
import { isDns1123Label, isQualifiedName, nameIsDnsLabel, nameIsDnsSubdomain } from '../names.ts'
import type { KubeObject } from '../object.ts'
import { addInvalid, validateEnum, validateIP, validatePortNumber, type FieldErrors } from './fields.ts'
import type { KindValidation } from './kind-validation.ts'
import { limitRangeValidation } from './limit-range.ts'
import { validateFinalizerName } from './metadata.ts'
import { nodeValidation } from './node.ts'
import { resourceQuotaValidation } from './resource-quota.ts'

const protocols = ['SCTP', 'TCP', 'UDP']

function validateNamespace({ spec }: Namespace, errors: FieldErrors): void {
  for (const finalizer of spec?.finalizers ?? []) {
    addInvalid(errors, 'spec.finalizers', finalizer, isQualifiedName(finalizer))
    validateFinalizerName(errors, 'spec.finalizers', finalizer)
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

const mountableSecrets = 'kubernetes.io/enforce-mountable-secrets'

/** Told when the annotation comes, not as long as it is there. */
function accountWarnings({ metadata }: KubeObject, old: KubeObject | undefined, warnings: string[]): void {
  if (metadata.annotations?.[mountableSecrets] === undefined) return
  if (old?.metadata.annotations?.[mountableSecrets] !== undefined) return
  const instead = 'prefer separate namespaces to isolate access to mounted secrets'
  warnings.push(`metadata.annotations[${mountableSecrets}]: deprecated in v1.32+; ${instead}`)
}

export const coreValidations: Readonly<Record<string, KindValidation>> = {
  '/Endpoints': { create: validateEndpoints },
  '/LimitRange': limitRangeValidation,
  '/Namespace': {
    name: nameIsDnsLabel,
    create: validateNamespace,
    // The spec is not replaced by updates.
    update: () => undefined,
    statusUpdate: validateNamespaceStatus,
  },
  '/Node': nodeValidation,
  '/ResourceQuota': resourceQuotaValidation,
  '/ServiceAccount': { warnings: accountWarnings },
}
