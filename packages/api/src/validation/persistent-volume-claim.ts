// Claims of storage (pkg/apis/core/validation, pkg/api/persistentvolumeclaim).

import { field } from '../field-error.ts'
import type { PersistentVolumeClaim, PersistentVolumeClaimSpec } from '../generated/kinds.ts'
import { isDns1123Subdomain, isQualifiedName, nameIsDnsLabel, nameIsDnsSubdomain } from '../names.ts'
import { compareQuantities, parseQuantity, quantityValue } from '../quantity.ts'
import { semanticallyEqual } from '../semantic-equality.ts'
import {
  addInvalid,
  validateImmutable,
  validateLabelSelector,
  validateOptionalEnum,
  type FieldErrors,
} from './fields.ts'
import { fractionalByteWarning } from './fractional-bytes.ts'
import { goDiff } from './go-diff.ts'
import type { KindValidation } from './kind-validation.ts'

export const accessModes: readonly string[] = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod']
export const volumeModes: readonly string[] = ['Block', 'Filesystem']
const resizeStatuses = [
  'ControllerResizeInProgress',
  'ControllerResizeInfeasible',
  'NodeResizeInProgress',
  'NodeResizeInfeasible',
  'NodeResizePending',
]
const oldClass = 'volume.beta.kubernetes.io/storage-class'
const zero = parseQuantity('0')

type Spec = PersistentVolumeClaimSpec | null | undefined

/** `mode` is what all volumes can do, and ReadWriteOncePod goes with nothing else. */
export function validateAccessModes(errors: FieldErrors, path: string, modes: readonly string[]): void {
  for (const mode of modes) {
    if (!accessModes.includes(mode)) errors.push(field.notSupported(path, mode, accessModes))
  }
  const others = modes.some((mode) => mode !== 'ReadWriteOncePod' && accessModes.includes(mode))
  if (modes.includes('ReadWriteOncePod') && others) {
    errors.push(field.forbidden(path, 'may not use ReadWriteOncePod with other access modes'))
  }
}

/** A positive amount of whole bytes. */
export function validatePositiveBytes(errors: FieldErrors, path: string, value: string | number): void {
  const quantity = parseQuantity(value)
  if (compareQuantities(quantity, zero) <= 0)
    errors.push(field.invalid(path, String(value), 'must be greater than zero'))
}

export function validateClaimSpec(errors: FieldErrors, path: string, spec: Spec): void {
  const modes = spec?.accessModes ?? []
  if (modes.length === 0) errors.push(field.required(`${path}.accessModes`, 'at least 1 access mode is required'))
  validateLabelSelector(errors, `${path}.selector`, spec?.selector)
  validateAccessModes(errors, `${path}.accessModes`, modes)
  const storage = spec?.resources?.requests?.['storage']
  if (storage === undefined) errors.push(field.required(`${path}.resources[storage]`, ''))
  else validatePositiveBytes(errors, `${path}.resources[storage]`, storage)
  validateClassName(errors, `${path}.storageClassName`, spec?.storageClassName)
  validateOptionalEnum(errors, `${path}.volumeMode`, spec?.volumeMode, volumeModes)
  validateSources(errors, path, spec)
  validateClassName(errors, `${path}.volumeAttributesClassName`, spec?.volumeAttributesClassName)
}

export function validateClassName(errors: FieldErrors, path: string, name: string | null | undefined): void {
  if (name) addInvalid(errors, path, name, nameIsDnsSubdomain(name))
}

interface Source {
  apiGroup?: string | undefined
  kind?: string
  name?: string
  namespace?: string | undefined
}

function validateSources(errors: FieldErrors, path: string, spec: Spec): void {
  const { dataSource, dataSourceRef } = spec ?? {}
  if (dataSource) validateSource(errors, `${path}.dataSource`, dataSource)
  if (dataSourceRef) validateSource(errors, `${path}.dataSourceRef`, dataSourceRef)
  if (!dataSource || !dataSourceRef) return
  // What upstream prints here is the path itself, a struct without public fields.
  if (dataSourceRef.namespace) {
    errors.push(field.invalid(path, {}, 'may not be specified when dataSourceRef.namespace is specified'))
    return
  }
  const same = (['apiGroup', 'kind', 'name'] as const).every((name) => dataSource[name] === dataSourceRef[name])
  if (!same) errors.push(field.invalid(path, {}, 'must match dataSourceRef'))
}

function validateSource(errors: FieldErrors, path: string, { apiGroup, kind, name, namespace }: Source): void {
  if (!name) errors.push(field.required(`${path}.name`, ''))
  if (!kind) errors.push(field.required(`${path}.kind`, ''))
  if (apiGroup) addInvalid(errors, `${path}.apiGroup`, apiGroup, isDns1123Subdomain(apiGroup))
  else if (kind !== 'PersistentVolumeClaim') {
    const why = "must be 'PersistentVolumeClaim' when referencing the default apiGroup"
    errors.push(field.invalid(path, kind ?? '', why))
  }
  if (namespace) addInvalid(errors, `${path}.namespace`, namespace, nameIsDnsLabel(namespace))
}

/** The change of class from the annotation of old, or from nothing, to the field is permitted. */
function permitsClass(claim: PersistentVolumeClaim, old: PersistentVolumeClaim): boolean {
  const [name, before] = [claim.spec?.storageClassName, old.spec?.storageClassName]
  if (name == null || before != null) return false
  const annotated = old.metadata?.annotations?.[oldClass]
  return annotated === undefined || annotated === name
}

function validateUpdate(claim: PersistentVolumeClaim, old: PersistentVolumeClaim, errors: FieldErrors): void {
  validateClaimSpec(errors, 'spec', claim.spec)
  const [spec, before] = [{ ...claim.spec }, { ...old.spec }]
  if (!before.volumeName) take(before, spec, 'volumeName')
  const [annotation, annotationBefore] = [claim, old].map(({ metadata }) => metadata?.annotations?.[oldClass] ?? '')
  const permitted = permitsClass(claim, old)
  if (annotation !== annotationBefore && !(permitted && annotation === '')) {
    validateImmutable(errors, `metadata.annotations[${oldClass}]`, annotation, annotationBefore)
  }
  if (permitted) take(spec, before, 'storageClassName')
  const [size, sizeBefore] = [claim, old].map((one) => one.spec?.resources?.requests?.['storage'] ?? '0')
  if (claim.status?.phase === 'Bound') {
    take(spec, before, 'volumeAttributesClassName')
    if (spec.resources?.requests && sizeBefore !== undefined) {
      spec.resources = { ...spec.resources, requests: { ...spec.resources.requests, storage: sizeBefore } }
    }
  }
  if (!semanticallyEqual(spec, before)) {
    const why =
      'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims'
    errors.push(field.forbidden('spec', `${why}\n${goDiff(internalSpec(before), internalSpec(spec))}`))
  }
  const [now, previous] = [parseQuantity(size ?? '0'), parseQuantity(sizeBefore ?? '0')]
  const provided = parseQuantity(old.status?.capacity?.['storage'] ?? '0')
  if (compareQuantities(now, previous) < 0 && compareQuantities(now, provided) <= 0) {
    const why = 'field can not be less than status.capacity'
    errors.push(field.forbidden('spec.resources.requests.storage', why))
  }
  validateImmutable(errors, 'volumeMode', claim.spec?.volumeMode, old.spec?.volumeMode)
  validateAttributesClassKept(errors, claim, old)
}

/** In the shape of upstream's internal type, which its messages show. */
function internalSpec(spec: PersistentVolumeClaimSpec): object {
  const source = (of: Source | null | undefined, more: object): object | null =>
    of ? { APIGroup: of.apiGroup ?? null, Kind: of.kind ?? '', Name: of.name ?? '', ...more } : null
  return {
    AccessModes: spec.accessModes ?? null,
    Selector: spec.selector ?? null,
    Resources: { Limits: spec.resources?.limits ?? null, Requests: spec.resources?.requests ?? null },
    VolumeName: spec.volumeName ?? '',
    StorageClassName: spec.storageClassName ?? null,
    VolumeMode: spec.volumeMode ?? null,
    DataSource: source(spec.dataSource, {}),
    DataSourceRef: source(spec.dataSourceRef, { Namespace: spec.dataSourceRef?.namespace ?? null }),
    VolumeAttributesClassName: spec.volumeAttributesClassName ?? null,
  }
}

function take(
  target: PersistentVolumeClaimSpec,
  source: PersistentVolumeClaimSpec,
  name: keyof PersistentVolumeClaimSpec,
): void {
  if (source[name] === undefined) delete target[name]
  else Object.assign(target, { [name]: source[name] })
}

/** A class that was applied can be replaced, not taken away. */
function validateAttributesClassKept(
  errors: FieldErrors,
  claim: PersistentVolumeClaim,
  old: PersistentVolumeClaim,
): void {
  const name = claim.spec?.volumeAttributesClassName
  if (old.status?.currentVolumeAttributesClassName == null || name === old.spec?.volumeAttributesClassName || name)
    return
  const what = name == null ? 'nil' : 'empty string'
  const why = `update to ${what} is forbidden when status.currentVolumeAttributesClassName is not nil`
  errors.push(field.forbidden('spec.volumeAttributesClassName', why))
}

function validateStatus({ metadata, status }: PersistentVolumeClaim, _: unknown, errors: FieldErrors): void {
  if (!metadata?.resourceVersion) errors.push(field.required('resourceVersion', ''))
  for (const [name, value] of Object.entries(status?.capacity ?? {})) {
    validateNotNegative(errors, `status.capacity[${name}]`, value)
  }
  for (const [name, value] of Object.entries(status?.allocatedResourceStatuses ?? {})) {
    const path = 'status.allocatedResourceStatuses'
    validateResourceKey(errors, path, name)
    if (!resizeStatuses.includes(value)) errors.push(field.notSupported(path, name, resizeStatuses))
  }
  for (const [name, value] of Object.entries(status?.allocatedResources ?? {})) {
    const before = errors.length
    validateResourceKey(errors, 'status.allocatedResources', name)
    if (errors.length === before) validateNotNegative(errors, `status.allocatedResources[${name}]`, value)
  }
}

function validateNotNegative(errors: FieldErrors, path: string, value: string | number): void {
  const amount = quantityValue(value)
  if (amount < 0) errors.push(field.invalid(path, amount, 'must be a valid resource quantity'))
}

function validateResourceKey(errors: FieldErrors, path: string, name: string): void {
  const problems = isQualifiedName(name)
  addInvalid(errors, path, name, problems)
  const isNative = !name.includes('/') || name.includes('kubernetes.io/')
  if (problems.length === 0 && isNative && name !== 'storage') {
    errors.push(field.notSupported(path, name, ['storage']))
  }
}

export function claimSpecWarnings(warnings: string[], path: string, spec: Spec): void {
  fractionalByteWarning(warnings, `${path}.resources.requests[storage]`, spec?.resources?.requests?.['storage'])
  fractionalByteWarning(warnings, `${path}.resources.limits[storage]`, spec?.resources?.limits?.['storage'])
}

function claimWarnings({ metadata, spec }: PersistentVolumeClaim, _: unknown, warnings: string[]): void {
  if (metadata?.annotations?.[oldClass] !== undefined) {
    const message = 'deprecated since v1.8; use "storageClassName" attribute instead'
    warnings.push(`metadata.annotations[${oldClass}]: ${message}`)
  }
  claimSpecWarnings(warnings, 'spec', spec)
}

export const persistentVolumeClaimValidation: KindValidation = {
  create: ({ spec }: PersistentVolumeClaim, errors) => validateClaimSpec(errors, 'spec', spec),
  update: validateUpdate,
  statusUpdate: validateStatus,
  warnings: claimWarnings,
}
