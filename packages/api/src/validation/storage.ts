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
import { inclusiveRangeError, isQualifiedName, nameIsDnsSubdomain } from '../names.ts'
import { semanticallyEqual } from '../semantic-equality.ts'
import {
  addInvalid,
  immutableMessage,
  requireValid,
  validateImmutable,
  validateLabelSelector,
  validateNonNegativeQuantity,
  validateOptionalEnum,
  type FieldErrors,
} from './fields.ts'
import type { KindValidation } from './kind-validation.ts'
import { utf8Length } from './metadata.ts'
import { deprecatedNodeLabel } from './node-labels.ts'
import { validateVolumeSpec } from './persistent-volume.ts'
import { validateDriverName } from './volume-sources.ts'

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
  validateTopologies(errors, storageClass.allowedTopologies)
}

/** Each term says something else, and no term a key twice. */
function validateTopologies(errors: FieldErrors, terms: StorageClass['allowedTopologies']): void {
  const seen = new Set<string>()
  for (const [index, { matchLabelExpressions }] of (terms ?? []).entries()) {
    const path = `allowedTopologies[${index}].matchLabelExpressions`
    const expressions = new Map<string, readonly string[]>()
    for (const [position, { key, values = [] }] of (matchLabelExpressions ?? []).entries()) {
      const at = `${path}[${position}]`
      if (values.length === 0) errors.push(field.required(`${at}.values`, ''))
      for (const [place, value] of values.entries()) {
        if (values.indexOf(value) < place) errors.push(field.duplicate(`${at}.values[${place}]`, value))
      }
      addInvalid(errors, `${at}.key`, key, isQualifiedName(key))
      if (expressions.has(key)) errors.push(field.duplicate(`${at}.key`, key))
      else expressions.set(key, [...values].sort())
    }
    const identity = JSON.stringify([...expressions].sort(([left], [right]) => (left < right ? -1 : 1)))
    if (seen.has(identity)) errors.push(field.duplicate(path, ''))
    seen.add(identity)
  }
}

function storageClassWarnings({ allowedTopologies }: StorageClass, _: unknown, warnings: string[]): void {
  for (const [index, { matchLabelExpressions }] of (allowedTopologies ?? []).entries()) {
    for (const [position, { key }] of (matchLabelExpressions ?? []).entries()) {
      const message = deprecatedNodeLabel(key)
      if (message === undefined) continue
      warnings.push(`allowedTopologies[${index}].matchLabelExpressions[${position}].key: ${message}`)
    }
  }
}

function validateStorageClassUpdate(fresh: StorageClass, old: StorageClass, errors: FieldErrors): void {
  validateStorageClass(fresh, errors)
  for (const name of ['parameters', 'provisioner', 'reclaimPolicy', 'volumeBindingMode'] as const) {
    validateImmutable(errors, name, fresh[name], old[name])
  }
}

const minTokenSeconds = 600
const maxTokenSeconds = 2 ** 32
const minUpdateSeconds = 10

function validateCSIDriver({ spec }: CSIDriver, errors: FieldErrors): void {
  for (const name of ['attachRequired', 'podInfoOnMount', 'storageCapacity'] as const) {
    if (spec?.[name] == null) errors.push(field.required(`spec.${name}`, ''))
  }
  validateOptionalEnum(errors, 'spec.fsGroupPolicy', spec?.fsGroupPolicy, ['File', 'None', 'ReadWriteOnceWithFSType'])
  const requests = spec?.tokenRequests ?? []
  const audiences = new Set<string>()
  for (const [index, { audience, expirationSeconds }] of requests.entries()) {
    const path = `spec.tokenRequests[${index}]`
    if (audiences.has(audience)) {
      errors.push(field.duplicate(`${path}.audience`, audience))
      continue
    }
    audiences.add(audience)
    const problem = durationProblem(expirationSeconds)
    if (problem !== undefined) errors.push(field.invalid(`${path}.expirationSeconds`, expirationSeconds, problem))
  }
  for (const mode of spec?.volumeLifecycleModes ?? []) {
    validateOptionalEnum(errors, 'spec.volumeLifecycleModes', mode, ['Persistent', 'Ephemeral'])
  }
  const seconds = spec?.nodeAllocatableUpdatePeriodSeconds
  if (seconds != null && seconds < minUpdateSeconds) {
    const why = `must be greater than or equal to ${minUpdateSeconds} seconds`
    errors.push(field.invalid('spec.nodeAllocatableUpdatePeriodSeconds', seconds, why))
  }
  if (spec?.serviceAccountTokenInSecrets != null && requests.length === 0) {
    const why = 'serviceAccountTokenInSecrets is set but no tokenRequests are specified'
    errors.push(field.invalid('spec.serviceAccountTokenInSecrets', spec.serviceAccountTokenInSecrets, why))
  }
}

function durationProblem(seconds: number | null | undefined): string | undefined {
  if (seconds == null) return undefined
  if (seconds < minTokenSeconds) return 'may not specify a duration less than 10 minutes'
  return seconds > maxTokenSeconds ? 'may not specify a duration larger than 2^32 seconds' : undefined
}

function validateCSIDriverUpdate(fresh: CSIDriver, old: CSIDriver, errors: FieldErrors): void {
  validateCSIDriver(fresh, errors)
  // The first of them has another name in upstream's path.
  validateImmutable(errors, 'spec.attachedRequired', fresh.spec?.attachRequired, old.spec?.attachRequired)
  const modes = (driver: CSIDriver): unknown => driver.spec?.volumeLifecycleModes
  validateImmutable(errors, 'spec.volumeLifecycleModes', modes(fresh), modes(old))
}

function validateCSINode({ spec }: CSINode, errors: FieldErrors): void {
  const names = new Set<string>()
  for (const [index, driver] of (spec?.drivers ?? []).entries()) {
    const path = `spec.drivers[${index}]`
    validateDriverName(errors, `${path}.name`, driver.name)
    if (!driver.nodeID) errors.push(field.required(`${path}.nodeID`, ''))
    else if (driver.nodeID.length > 256) {
      errors.push(field.invalid(`${path}.nodeID`, driver.nodeID, 'must be 256 characters or less'))
    }
    const count = driver.allocatable?.count
    if (count != null && count < 0) {
      errors.push(field.invalid(`${path}.allocatable.count`, count, 'must be greater than or equal to 0'))
    }
    if (names.has(driver.name)) errors.push(field.duplicate(`${path}.name`, driver.name))
    names.add(driver.name)
    const keys = driver.topologyKeys ?? []
    for (const [position, key] of keys.entries()) {
      if (key === '') errors.push(field.required(path, ''))
      if (keys.indexOf(key) < position) errors.push(field.duplicate(path, key))
      addInvalid(errors, path, key, isQualifiedName(key))
    }
  }
}

/** A driver may come, go and tell another number of volumes; the rest of it stays. */
function validateCSINodeUpdate(fresh: CSINode, old: CSINode, errors: FieldErrors): void {
  validateCSINode(fresh, errors)
  for (const driver of fresh.spec?.drivers ?? []) {
    const before = old.spec?.drivers?.find(({ name }) => name === driver.name)
    const same = before && semanticallyEqual({ ...driver, allocatable: null }, { ...before, allocatable: null })
    if (!before || same) continue
    // Upstream prints its internal type here, whose fields have no JSON names.
    const shown = {
      Name: driver.name,
      NodeID: driver.nodeID,
      TopologyKeys: driver.topologyKeys ?? null,
      Allocatable: null,
    }
    errors.push(field.invalid('spec.drivers', shown, immutableMessage))
  }
}

function validateCSIStorageCapacity(capacity: CSIStorageCapacity, errors: FieldErrors): void {
  validateLabelSelector(errors, 'nodeTopology', capacity.nodeTopology)
  const storageClass = capacity.storageClassName ?? ''
  addInvalid(errors, 'storageClassName', storageClass, nameIsDnsSubdomain(storageClass))
  if (capacity.capacity != null) validateNonNegativeQuantity(errors, 'capacity', capacity.capacity)
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
  validateDriverName(errors, 'spec.attacher', spec?.attacher)
  const path = 'spec.source'
  const { persistentVolumeName: volume, inlineVolumeSpec: inline } = spec?.source ?? {}
  const onlyOne = 'must specify exactly one of inlineVolumeSpec and persistentVolumeName'
  if (volume == null && !inline) errors.push(field.required(path, onlyOne))
  else if (volume != null && inline) errors.push(field.forbidden(path, onlyOne))
  else if (volume === '') {
    errors.push(field.required(`${path}.persistentVolumeName`, 'must specify non empty persistentVolumeName'))
  } else if (inline) validateVolumeSpec(errors, `${path}.inlineVolumeSpec`, inline, { inline: true, name: '' })
  const node = spec?.nodeName ?? ''
  addInvalid(errors, 'spec.nodeName', node, nameIsDnsSubdomain(node))
  if (volume != null) addInvalid(errors, `${path}.persistentVolumeName`, volume, nameIsDnsSubdomain(volume))
}

function validateVolumeAttachmentUpdate(fresh: VolumeAttachment, old: VolumeAttachment, errors: FieldErrors): void {
  validateVolumeAttachment(fresh, errors)
  if (semanticallyEqual(fresh.spec, old.spec)) return
  const { attacher, nodeName, source } = fresh.spec
  // Upstream prints its internal type here, whose fields have no JSON names.
  const shown = {
    Attacher: attacher,
    Source: {
      PersistentVolumeName: source.persistentVolumeName ?? null,
      InlineVolumeSpec: source.inlineVolumeSpec ?? null,
    },
    NodeName: nodeName,
  }
  errors.push(field.invalid('spec', shown, immutableMessage))
}

const maxMetadataBytes = 256 * 1024
const maxErrorBytes = 1024

function validateVolumeAttachmentStatus({ status }: VolumeAttachment, _: unknown, errors: FieldErrors): void {
  const metadata = Object.entries(status?.attachmentMetadata ?? {})
  const size = metadata.reduce((sum, [key, value]) => sum + utf8Length(key) + utf8Length(value), 0)
  if (size > maxMetadataBytes) errors.push(field.tooLong('status.attachmentMetadata', maxMetadataBytes))
  for (const name of ['attachError', 'detachError'] as const) {
    const error = status?.[name]
    if (utf8Length(error?.message ?? '') > maxErrorBytes) {
      // The limit that upstream names is that of the metadata.
      errors.push(field.tooLong(`status.${name}.message`, maxMetadataBytes))
    }
    const code = error?.errorCode
    if (code != null && code < 0) {
      errors.push(field.invalid(`status.${name}.errorCode`, code, inclusiveRangeError(0, 0x7fff_ffff)))
    }
  }
}

function validateVolumeAttributesClass(attributes: VolumeAttributesClass, errors: FieldErrors): void {
  requireValid(errors, 'driverName', attributes.driverName, (name) => isQualifiedName(name.toLowerCase()))
  validateParameters(errors, attributes.parameters, { required: true })
}

export const storageValidations: Readonly<Record<string, KindValidation>> = {
  'storage.k8s.io/CSIDriver': {
    requiresResourceVersion: true,
    create: validateCSIDriver,
    update: validateCSIDriverUpdate,
  },
  'storage.k8s.io/CSINode': { requiresResourceVersion: true, create: validateCSINode, update: validateCSINodeUpdate },
  'storage.k8s.io/CSIStorageCapacity': {
    requiresResourceVersion: true,
    create: validateCSIStorageCapacity,
    update: validateCSIStorageCapacityUpdate,
  },
  'storage.k8s.io/StorageClass': {
    create: validateStorageClass,
    update: validateStorageClassUpdate,
    warnings: storageClassWarnings,
  },
  'storage.k8s.io/VolumeAttachment': {
    requiresResourceVersion: true,
    create: validateVolumeAttachment,
    update: validateVolumeAttachmentUpdate,
    statusUpdate: validateVolumeAttachmentStatus,
  },
  'storage.k8s.io/VolumeAttributesClass': {
    create: validateVolumeAttributesClass,
    update: (fresh: VolumeAttributesClass, old: VolumeAttributesClass, errors) => {
      for (const name of ['driverName', 'parameters'] as const) {
        if (semanticallyEqual(fresh[name], old[name])) continue
        errors.push(field.forbidden(name, `updates to ${name} are forbidden.`))
      }
    },
  },
}
