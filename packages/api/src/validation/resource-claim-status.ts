// What was allocated to a ResourceClaim, who may use it, and how its devices are (pkg/apis/resource/validation).

import { field } from '../field-error.ts'
import type {
  AllocatedDeviceStatus,
  AllocationResult,
  DeviceAllocationConfiguration,
  DeviceRequestAllocationResult,
  NetworkDeviceData,
  ResourceClaim,
  ResourceClaimConsumerReference,
} from '../generated/kinds.ts'
import { semanticallyEqual } from '../semantic-equality.ts'
import { validateNodeSelector } from './affinity.ts'
import { validateConditions } from './conditions.ts'
import {
  requestNamesOf,
  validateRequestReference,
  validateRequestReferences,
  type RequestNames,
} from './device-requests.ts'
import {
  validateBindingConditions,
  validateConfiguration,
  validateItems,
  validateLabelName,
  validatePoolName,
  validateRawObject,
} from './devices.ts'
import { requireValid, validateEnum, validateImmutable, validateInterfaceAddress, type FieldErrors } from './fields.ts'
import { utf8Length } from './metadata.ts'
import { validateDriverName } from './volume-sources.ts'

const maxConsumers = 256
const maxResults = 32
/** Those of the class and those of the claim. */
const maxConfigurations = 64
const maxConditions = 8
const maxAddresses = 16
const maxInterfaceName = 256
const maxHardwareAddress = 128

interface DeviceKey {
  driver: string
  pool: string
  device: string
  shareID?: string | undefined
}

/** A device that may be shared, as messages show it. */
function sharedDevice({ driver = '', pool = '', device = '', shareID = '' }: Partial<DeviceKey>): object {
  return { Driver: driver, Pool: pool, Device: device, ShareID: shareID }
}

export function validateResourceClaimStatus(claim: ResourceClaim, old: ResourceClaim, errors: FieldErrors): void {
  const { allocation, reservedFor, devices } = claim.status ?? {}
  validateItems(errors, 'status.reservedFor', reservedFor, {
    max: maxConsumers,
    key: ({ uid }) => uid ?? '',
    each: (at, { resource, name, uid }) => {
      requireValid(errors, `${at}.resource`, resource)
      requireValid(errors, `${at}.name`, name)
      requireValid(errors, `${at}.uid`, uid)
    },
  })
  const allocated = new Set((allocation?.devices?.results ?? []).map((result) => JSON.stringify(sharedDevice(result))))
  validateItems(errors, 'status.devices', devices, {
    key: sharedDevice,
    each: (at, device) => validateDeviceStatus(errors, at, device, allocated),
  })
  validateReservations(errors, claim, old)
  const before = old.status?.allocation
  if (before && allocation) validateImmutable(errors, 'status.allocation', allocation, before)
  else if (allocation) validateAllocation(errors, 'status.allocation', allocation, requestNamesOf(claim.spec.devices))
}

function validateReservations(errors: FieldErrors, claim: ResourceClaim, old: ResourceClaim): void {
  const path = 'status.reservedFor'
  const reserved = claim.status?.reservedFor ?? []
  if (reserved.length === 0) return
  if (!claim.status?.allocation) {
    errors.push(field.forbidden(path, 'may not be specified when `allocated` is not set'))
    return
  }
  const before: readonly ResourceClaimConsumerReference[] = old.status?.reservedFor ?? []
  const isNew = (one: ResourceClaimConsumerReference): boolean => !before.some((other) => semanticallyEqual(one, other))
  if (claim.metadata.deletionTimestamp && reserved.some(isNew)) {
    const why = 'new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set'
    errors.push(field.forbidden(path, why))
  }
}

function validateAllocation(
  errors: FieldErrors,
  path: string,
  { devices, nodeSelector }: AllocationResult,
  known: RequestNames,
): void {
  validateItems(errors, `${path}.devices.results`, devices?.results, {
    max: maxResults,
    each: (at, result) => validateResult(errors, at, result, known),
  })
  validateItems(errors, `${path}.devices.config`, devices?.config, {
    max: maxConfigurations,
    each: (at, config) => validateAllocatedConfiguration(errors, at, config, known),
  })
  if (nodeSelector) validateNodeSelector(errors, `${path}.nodeSelector`, nodeSelector)
}

function validateResult(
  errors: FieldErrors,
  path: string,
  result: Partial<DeviceRequestAllocationResult>,
  known: RequestNames,
): void {
  const { request: name = '', driver, pool, device = '', shareID } = result
  validateRequestReference(errors, `${path}.request`, { name, known })
  validateDriverName(errors, `${path}.driver`, driver)
  validatePoolName(errors, `${path}.pool`, pool)
  validateLabelName(errors, `${path}.device`, device)
  validateBindingConditions(errors, path, result)
  if (shareID != null) validateUuid(errors, `${path}.shareID`, shareID)
}

function validateAllocatedConfiguration(
  errors: FieldErrors,
  path: string,
  config: DeviceAllocationConfiguration,
  known: RequestNames,
): void {
  validateEnum(errors, `${path}.source`, config.source, ['FromClaim', 'FromClass'])
  validateRequestReferences(errors, `${path}.requests`, { names: config.requests, known })
  validateConfiguration(errors, path, config)
}

function validateDeviceStatus(
  errors: FieldErrors,
  path: string,
  status: AllocatedDeviceStatus,
  allocated: ReadonlySet<string>,
): void {
  validateDriverName(errors, `${path}.driver`, status.driver)
  validatePoolName(errors, `${path}.pool`, status.pool)
  validateLabelName(errors, `${path}.device`, status.device ?? '')
  if (status.shareID != null) validateUuid(errors, `${path}.shareID`, status.shareID)
  const device = sharedDevice(status)
  if (!allocated.has(JSON.stringify(device))) {
    errors.push(field.invalid(path, device, 'must be an allocated device in the claim'))
  }
  const count = status.conditions?.length ?? 0
  if (count > maxConditions) errors.push(field.tooMany(`${path}.conditions`, count, maxConditions))
  validateConditions(errors, `${path}.conditions`, status.conditions)
  if (status.data != null) validateRawObject(errors, `${path}.data`, status.data)
  if (status.networkData) validateNetworkData(errors, `${path}.networkData`, status.networkData)
}

function validateNetworkData(
  errors: FieldErrors,
  path: string,
  { interfaceName = '', hardwareAddress = '', ips }: NetworkDeviceData,
): void {
  if (utf8Length(interfaceName) > maxInterfaceName) {
    errors.push(field.tooLong(`${path}.interfaceName`, maxInterfaceName))
  }
  if (utf8Length(hardwareAddress) > maxHardwareAddress) {
    errors.push(field.tooLong(`${path}.hardwareAddress`, maxHardwareAddress))
  }
  validateItems(errors, `${path}.ips`, ips, {
    max: maxAddresses,
    key: (address) => address,
    each: (at, address) => validateInterfaceAddress(errors, at, address),
  })
}

const uuid = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/
/** 32 digits without hyphens can be read, too. */
const uuidLengths: ReadonlySet<number> = new Set([32, 36])

function validateUuid(errors: FieldErrors, path: string, value: string): void {
  if (uuid.test(value)) return
  const isReadable = uuid.test(value.toLowerCase()) || /^[\da-f]{32}$/i.test(value)
  const problem = uuidLengths.has(value.length) ? 'invalid UUID format' : `invalid UUID length: ${value.length}`
  const why = isReadable
    ? 'uid must be in RFC 4122 normalized form, `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx` with lowercase hexadecimal characters'
    : `error validating uid: ${problem}`
  errors.push(field.invalid(path, value, why))
}
