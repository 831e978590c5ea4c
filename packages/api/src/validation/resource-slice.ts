// ResourceSlice: the devices that a driver offers (pkg/apis/resource/validation).

import { field } from '../field-error.ts'
import type {
  CounterSet,
  Device,
  DeviceAttribute,
  DeviceCounterConsumption,
  ResourcePool,
  ResourceSlice,
  ResourceSliceSpec,
} from '../generated/kinds.ts'
import { isDns1123Label, nameIsDnsSubdomain } from '../names.ts'
import { semanticallyEqual } from '../semantic-equality.ts'
import { validateNodeSelector } from './affinity.ts'
import { validateDeviceCapacity } from './device-capacity.ts'
import {
  validateBindingConditions,
  validateDeviceQualifiedName,
  validateItems,
  validateLabelName,
  validatePoolName,
  validateTaint,
} from './devices.ts'
import { addInvalid, requireValid, validateImmutable, type FieldErrors } from './fields.ts'
import type { KindValidation } from './kind-validation.ts'
import { utf8Length } from './metadata.ts'
import { validateDriverName } from './volume-sources.ts'

const maxDevices = 128
/** Where devices have taints or draw on counters. */
const maxAdvancedDevices = 64
const maxCounterSets = 8
const maxCounters = 32
const maxConsumptions = 2
const maxTaints = 16
const maxProperties = 32
const maxAttributeBytes = 64

/** As a client may send it: with less than the type asks for. */
interface Sliced {
  spec?: Partial<ResourceSliceSpec>
}

function validateSlice({ spec = {} }: Sliced, errors: FieldErrors, old?: ResourceSliceSpec): void {
  const { driver, pool, nodeName, devices, sharedCounters, perDeviceNodeSelection } = spec
  validateDriverName(errors, 'spec.driver', driver)
  validatePool(errors, 'spec.pool', pool)
  if (old) {
    validateImmutable(errors, 'spec.pool.name', pool?.name ?? '', old.pool.name)
    validateImmutable(errors, 'spec.driver', driver ?? '', old.driver)
    validateImmutable(errors, 'spec.nodeName', nodeName, old.nodeName)
  }
  validateSlicePlace(errors, 'spec', spec)
  if (sharedCounters != null && devices != null) {
    errors.push(field.invalid('spec', '', 'only one of `sharedCounters` or `devices` is allowed'))
  }
  const isAdvanced = (devices ?? []).some(
    ({ taints, consumesCounters }) => (taints ?? []).length > 0 || (consumesCounters ?? []).length > 0,
  )
  const before = new Map((old?.devices ?? []).map((device) => [device.name, device]))
  validateItems(errors, 'spec.devices', devices, {
    max: isAdvanced ? maxAdvancedDevices : maxDevices,
    key: ({ name }) => name ?? '',
    each: (at, device) => {
      validateDevice(errors, at, device, before.get(device.name))
      validateDevicePlace(errors, at, device, perDeviceNodeSelection === true)
      validateBindingConditions(errors, at, device)
    },
  })
  validateItems(errors, 'spec.sharedCounters', sharedCounters, {
    max: maxCounterSets,
    key: ({ name }) => name ?? '',
    each: (at, counters) => validateCounterSet(errors, at, counters),
  })
}

function validatePool(errors: FieldErrors, path: string, pool: Partial<ResourcePool> | undefined): void {
  const { name, resourceSliceCount = 0, generation = 0 } = pool ?? {}
  validatePoolName(errors, `${path}.name`, name)
  if (resourceSliceCount <= 0) {
    errors.push(field.invalid(`${path}.resourceSliceCount`, resourceSliceCount, 'must be greater than zero'))
  }
  if (generation < 0) {
    errors.push(field.invalid(`${path}.generation`, generation, 'must be greater than or equal to zero'))
  }
}

interface Place {
  nodeName?: string | undefined
  nodeSelector?: ResourceSliceSpec['nodeSelector']
  allNodes?: boolean | undefined
}

/** Says which fields of the place are set, in quotes. */
function validatePlace(
  errors: FieldErrors,
  path: string,
  { nodeName, nodeSelector, allNodes }: Place,
  emptyName: string,
): string[] {
  const set: string[] = []
  if (nodeName === '') errors.push(field.invalid(`${path}.nodeName`, '', emptyName))
  else if (nodeName != null) {
    set.push('`nodeName`')
    addInvalid(errors, `${path}.nodeName`, nodeName, nameIsDnsSubdomain(nodeName))
  }
  if (nodeSelector != null) {
    set.push('`nodeSelector`')
    validateNodeSelector(errors, `${path}.nodeSelector`, nodeSelector)
  }
  if (allNodes === true) set.push('`allNodes`')
  return set
}

function requireTrue(errors: FieldErrors, path: string, value: boolean | null | undefined): void {
  if (value === false) errors.push(field.invalid(path, false, 'must be either unset or set to true'))
}

function validateSlicePlace(errors: FieldErrors, path: string, spec: Partial<ResourceSliceSpec>): void {
  const set = validatePlace(errors, path, spec, 'must be either unset or set to a non-empty string')
  const terms = spec.nodeSelector?.nodeSelectorTerms ?? []
  if (spec.nodeSelector != null && terms.length !== 1) {
    const why = 'must have exactly one node selector term'
    errors.push(field.invalid(`${path}.nodeSelector.nodeSelectorTerms`, terms, why))
  }
  requireTrue(errors, `${path}.allNodes`, spec.allNodes)
  if (spec.perDeviceNodeSelection === true) set.push('`perDeviceNodeSelection`')
  requireTrue(errors, `${path}.perDeviceNodeSelection`, spec.perDeviceNodeSelection)
  const only = 'exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required'
  if (set.length === 0) errors.push(field.required(path, only))
  else if (set.length > 1) {
    errors.push(field.invalid(path, `{${set.join(', ')}}`, `${only}, but multiple fields are set`))
  }
}

function validateDevicePlace(errors: FieldErrors, path: string, device: Device, isPerDevice: boolean): void {
  if (!isPerDevice) {
    if (device.nodeName == null && device.nodeSelector == null && device.allNodes == null) return
    const why =
      '`nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in the ResourceSlice spec'
    errors.push(field.invalid(path, null, why))
    return
  }
  const set = validatePlace(errors, path, device, 'must not be empty')
  requireTrue(errors, `${path}.allNodes`, device.allNodes)
  const only =
    'exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when `perDeviceNodeSelection` is set to true in the ResourceSlice spec'
  if (set.length === 0) errors.push(field.required(path, only))
  else if (set.length > 1) errors.push(field.invalid(path, `{${set.join(', ')}}`, only))
}

function validateDevice(errors: FieldErrors, path: string, device: Device, old: Device | undefined): void {
  const { attributes = {}, capacity = {}, taints } = device
  validateLabelName(errors, `${path}.name`, device.name ?? '')
  const count = Object.keys(attributes).length + Object.keys(capacity).length
  if (count > maxProperties) {
    const why = `the total number of attributes and capacities must not exceed ${maxProperties}`
    errors.push(field.invalid(path, count, why))
  }
  for (const [name, attribute] of Object.entries(attributes)) {
    validateDeviceQualifiedName(errors, `${path}.attributes`, name)
    validateAttribute(errors, `${path}.attributes[${name}]`, attribute)
  }
  for (const [name, amount] of Object.entries(capacity)) {
    const rules = { isShared: device.allowMultipleAllocations === true }
    validateDeviceQualifiedName(errors, `${path}.capacity`, name)
    validateDeviceCapacity(errors, `${path}.capacity[${name}]`, amount, rules)
  }
  // What was there before may be as it was.
  if (!old || !semanticallyEqual(old.taints, taints)) {
    const each = (at: string, taint: NonNullable<typeof taints>[number]): void => validateTaint(errors, at, taint)
    validateItems(errors, `${path}.taints`, taints, { max: maxTaints, each })
  }
  validateItems(errors, `${path}.consumesCounters`, device.consumesCounters, {
    max: maxConsumptions,
    key: ({ counterSet }) => counterSet ?? '',
    each: (at, { counterSet, counters }: Partial<DeviceCounterConsumption>) => {
      requireValid(errors, `${at}.counterSet`, counterSet, isDns1123Label)
      validateCounters(errors, `${at}.counters`, counters)
    },
  })
}

const identifier = String.raw`(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)`
const semanticVersion = new RegExp(
  String.raw`^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-${identifier}(\.${identifier})*)?(\+[0-9a-zA-Z-]+(\.[0-9a-zA-Z-]+)*)?$`,
)

function validateAttribute(errors: FieldErrors, path: string, attribute: DeviceAttribute): void {
  const { int, bool, string, version } = attribute
  if (string != null && utf8Length(string) > maxAttributeBytes) {
    errors.push(field.tooLong(`${path}.string`, maxAttributeBytes))
  }
  if (version != null) {
    const at = `${path}.version`
    const why = 'must be a string compatible with semver.org spec 2.0.0'
    if (!semanticVersion.test(version)) errors.push(field.invalid(at, version, why))
    if (utf8Length(version) > maxAttributeBytes) errors.push(field.tooLong(at, maxAttributeBytes))
  }
  const count = [int, bool, string, version].filter((value) => value != null).length
  if (count === 1) return
  // Lists of values are behind a feature gate that is off.
  const lists = { IntValues: null, BoolValues: null, StringValues: null, VersionValues: null }
  const shown = {
    IntValue: int ?? null,
    BoolValue: bool ?? null,
    StringValue: string ?? null,
    VersionValue: version ?? null,
    ...lists,
  }
  errors.push(field.invalid(path, count === 0 ? '' : shown, 'exactly one value must be specified'))
}

function validateCounterSet(errors: FieldErrors, path: string, { name, counters }: Partial<CounterSet>): void {
  requireValid(errors, `${path}.name`, name, isDns1123Label)
  validateCounters(errors, `${path}.counters`, counters)
}

function validateCounters(errors: FieldErrors, path: string, counters: CounterSet['counters'] | undefined): void {
  const names = Object.keys(counters ?? {})
  if (names.length === 0) errors.push(field.required(path, ''))
  else if (names.length > maxCounters) errors.push(field.tooMany(path, names.length, maxCounters))
  else for (const name of names) addInvalid(errors, path, name, isDns1123Label(name))
}

export const resourceSliceValidation: KindValidation = {
  create: (slice: ResourceSlice, errors) => validateSlice(slice, errors),
  update: (slice: ResourceSlice, old: ResourceSlice, errors) => validateSlice(slice, errors, old.spec),
}
