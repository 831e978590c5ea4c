// storage.k8s.io (pkg/apis/storage/validation).

import { field } from '../field-error.ts'
import type {
  CSIDriver,
  CSINode,
  CSIStorageCapacity,
  StorageClass,
  VolumeAttachment,
  VolumeAttributesClass,
} from '../generated/kinds.ts'
import { isQualifiedName, nameIsDnsSubdomain } from '../names.ts'
import {
  addInvalid,
  requireValid,
  validateImmutable,
  validateLabelSelector,
  validateNonNegativeQuantity,
  validateOptionalEnum,
  type FieldErrors,
} from './fields.ts'
import type { KindValidation } from './kind-validation.ts'
import { utf8Length } from './metadata.ts'

const maxParameters = 512
const maxParameterBytes = 256 * 1024

function validateParameters(
  errors: FieldErrors,
  parameters: Readonly<Record<string, string>> | null | undefined,
  { required }: { required: boolean },
): void {
  const path = 'parameters'
  const keys = Object.keys(parameters ?? {})
  if (keys.length > maxParameters) {
    errors.push(field.tooLong(path, maxParameters))
    return
  }
  let size = 0
  for (const key of keys) {
    if (key === '') errors.push(field.invalid(path, key, 'field can not be empty.'))
    size += utf8Length(key) + utf8Length(parameters?.[key] ?? '')
  }
  if (size > maxParameterBytes) errors.push(field.tooLong(path, maxParameterBytes))
  if (required && keys.length === 0) errors.push(field.required(path, 'must contain at least one key/value pair'))
}

function validateStorageClass(storageClass: StorageClass, errors: FieldErrors): void {
  requireValid(errors, 'provisioner', storageClass.provisioner, (name) => isQualifiedName(name.toLowerCase()))
  validateParameters(errors, storageClass.parameters, { required: false })
  validateOptionalEnum(errors, 'reclaimPolicy', storageClass.reclaimPolicy, ['Delete', 'Retain'])
  const modes = ['Immediate', 'WaitForFirstConsumer']
  if (storageClass.volumeBindingMode == null) errors.push(field.required('volumeBindingMode', ''))
  else validateOptionalEnum(errors, 'volumeBindingMode', storageClass.volumeBindingMode, modes)
}

function validateStorageClassUpdate(fresh: StorageClass, old: StorageClass, errors: FieldErrors): void {
  for (const name of ['parameters', 'provisioner', 'reclaimPolicy', 'volumeBindingMode'] as const) {
    validateImmutable(errors, name, fresh[name], old[name])
  }
}

/** A CSI driver's name: a DNS subdomain of at most 63 characters. */
function validateDriverName(errors: FieldErrors, path: string, name: string | null | undefined): void {
  if (!name) {
    errors.push(field.required(path, ''))
    return
  }
  if (name.length > 63) errors.push(field.tooLong(path, 63))
  addInvalid(errors, path, name, nameIsDnsSubdomain(name.toLowerCase()))
}

function validateCSIDriver({ metadata, spec }: CSIDriver, errors: FieldErrors): void {
  validateDriverName(errors, 'metadata.name', metadata?.name)
  for (const name of ['attachRequired', 'podInfoOnMount', 'storageCapacity'] as const) {
    if (spec?.[name] == null) errors.push(field.required(`spec.${name}`, ''))
  }
  validateOptionalEnum(errors, 'spec.fsGroupPolicy', spec?.fsGroupPolicy, ['ReadWriteOnceWithFSType', 'File', 'None'])
  for (const [index, mode] of (spec?.volumeLifecycleModes ?? []).entries()) {
    validateOptionalEnum(errors, `spec.volumeLifecycleModes[${index}]`, mode, ['Ephemeral', 'Persistent'])
  }
  const audiences = new Set<string>()
  for (const [index, { audience, expirationSeconds }] of (spec?.tokenRequests ?? []).entries()) {
    const path = `spec.tokenRequests[${index}]`
    if (audiences.has(audience)) errors.push(field.duplicate(`${path}.audience`, audience))
    audiences.add(audience)
    if (expirationSeconds != null && expirationSeconds < 600) {
      const why = 'may not specify a duration less than 10 minutes'
      errors.push(field.invalid(`${path}.expirationSeconds`, expirationSeconds, why))
    }
  }
}

function validateCSIDriverUpdate(fresh: CSIDriver, old: CSIDriver, errors: FieldErrors): void {
  validateCSIDriver(fresh, errors)
  for (const name of ['attachRequired', 'fsGroupPolicy', 'volumeLifecycleModes'] as const) {
    validateImmutable(errors, `spec.${name}`, fresh.spec?.[name], old.spec?.[name])
  }
}

function validateCSINode({ spec }: CSINode, errors: FieldErrors): void {
  const names = new Set<string>()
  for (const [index, driver] of (spec?.drivers ?? []).entries()) {
    const path = `spec.drivers[${index}]`
    validateDriverName(errors, `${path}.name`, driver.name)
    if (names.has(driver.name)) errors.push(field.duplicate(`${path}.name`, driver.name))
    names.add(driver.name)
    if (!driver.nodeID) errors.push(field.required(`${path}.nodeID`, ''))
    else if (driver.nodeID.length > 192) {
      errors.push(field.invalid(`${path}.nodeID`, driver.nodeID, 'must be 192 characters or less'))
    }
    for (const key of driver.topologyKeys ?? []) addInvalid(errors, path, key, isQualifiedName(key))
    const count = driver.allocatable?.count
    if (count != null && count < 0) {
      errors.push(field.invalid(`${path}.allocatable.count`, count, 'must be greater than or equal to 0'))
    }
  }
}

function validateCSIStorageCapacity(capacity: CSIStorageCapacity, errors: FieldErrors): void {
  validateLabelSelector(errors, 'nodeTopology', capacity.nodeTopology)
  requireValid(errors, 'storageClassName', capacity.storageClassName, nameIsDnsSubdomain)
  for (const name of ['capacity', 'maximumVolumeSize'] as const) {
    const value = capacity[name]
    if (value != null) validateNonNegativeQuantity(errors, name, value)
  }
}

function validateCSIStorageCapacityUpdate(
  fresh: CSIStorageCapacity,
  old: CSIStorageCapacity,
  errors: FieldErrors,
): void {
  validateCSIStorageCapacity(fresh, errors)
  validateImmutable(errors, 'nodeTopology', fresh.nodeTopology, old.nodeTopology)
  validateImmutable(errors, 'storageClassName', fresh.storageClassName, old.storageClassName)
}

function validateVolumeAttachment({ spec }: VolumeAttachment, errors: FieldErrors): void {
  requireValid(errors, 'spec.attacher', spec?.attacher, (name) => isQualifiedName(name.toLowerCase()))
  const source = spec?.source
  if (source?.persistentVolumeName == null && !source?.inlineVolumeSpec) {
    errors.push(field.required('spec.source', 'must specify exactly one of inlineVolumeSpec and persistentVolumeName'))
  } else if (source.persistentVolumeName != null && source.inlineVolumeSpec) {
    errors.push(field.forbidden('spec.source', 'must specify exactly one of inlineVolumeSpec and persistentVolumeName'))
  } else if (source.persistentVolumeName != null) {
    const path = 'spec.source.persistentVolumeName'
    requireValid(errors, path, source.persistentVolumeName, nameIsDnsSubdomain)
  }
  requireValid(errors, 'spec.nodeName', spec?.nodeName, nameIsDnsSubdomain)
}

function validateVolumeAttributesClass(attributes: VolumeAttributesClass, errors: FieldErrors): void {
  validateDriverName(errors, 'driverName', attributes.driverName)
  validateParameters(errors, attributes.parameters, { required: true })
}

export const storageValidations: Readonly<Record<string, KindValidation>> = {
  'storage.k8s.io/CSIDriver': {
    requiresResourceVersion: true,
    create: validateCSIDriver,
    update: validateCSIDriverUpdate,
  },
  'storage.k8s.io/CSINode': { requiresResourceVersion: true, create: validateCSINode },
  'storage.k8s.io/CSIStorageCapacity': {
    requiresResourceVersion: true,
    create: validateCSIStorageCapacity,
    update: validateCSIStorageCapacityUpdate,
  },
  'storage.k8s.io/StorageClass': { create: validateStorageClass, update: validateStorageClassUpdate },
  'storage.k8s.io/VolumeAttachment': {
    requiresResourceVersion: true,
    create: validateVolumeAttachment,
    update: (fresh: VolumeAttachment, old: VolumeAttachment, errors) =>
      validateImmutable(errors, 'spec', fresh.spec, old.spec),
  },
  'storage.k8s.io/VolumeAttributesClass': {
    create: validateVolumeAttributesClass,
    update: (fresh: VolumeAttributesClass, old: VolumeAttributesClass, errors) => {
      validateImmutable(errors, 'driverName', fresh.driverName, old.driverName)
      validateImmutable(errors, 'parameters', fresh.parameters, old.parameters)
    },
  },
}
