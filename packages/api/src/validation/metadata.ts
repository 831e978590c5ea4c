// Validation of metadata, the same for all kinds (k8s.io/apimachinery pkg/api/validation/objectmeta.go).

import { field } from '../field-error.ts'
import { isQualifiedName, nameIsDnsLabel, nameIsPathSegment, type NameCheck } from '../names.ts'
import type { ManagedFieldsEntry, ObjectMeta, OwnerReference } from '../object.ts'
import { addInvalid, validateImmutable, validateLabels, type FieldErrors } from './fields.ts'

const totalAnnotationSizeLimit = 256 * 1024

/** Bytes in UTF-8; only texts that might reach a limit are worth counting exactly. */
export function utf8Length(text: string): number {
  return Buffer.byteLength(text)
}

export function validateAnnotations(
  errors: FieldErrors,
  path: string,
  annotations: Readonly<Record<string, string>> | null | undefined,
): void {
  let size = 0
  for (const key in annotations) {
    addInvalid(errors, path, key, isQualifiedName(key.toLowerCase()))
    size += utf8Length(key) + utf8Length(annotations[key] ?? '')
  }
  if (size > totalAnnotationSizeLimit) errors.push(field.tooLong(path, totalAnnotationSizeLimit))
}

function validateOwnerReferences(errors: FieldErrors, references: readonly OwnerReference[]): void {
  const path = 'metadata.ownerReferences'
  let controller = ''
  for (const reference of references) {
    if (!versionOf(reference.apiVersion)) {
      errors.push(field.invalid(`${path}.apiVersion`, reference.apiVersion ?? '', 'version must not be empty'))
    }
    for (const name of ['kind', 'name', 'uid'] as const) {
      if (!reference[name]) errors.push(field.invalid(`${path}.${name}`, reference[name] ?? '', 'must not be empty'))
    }
    if (reference.apiVersion === 'v1' && reference.kind === 'Event') {
      errors.push(field.invalid(path, reference, '/v1, Kind=Event is disallowed from being an owner'))
    }
    if (reference.controller !== true) continue
    const name = `${reference.kind}/${reference.name}`
    if (controller === '') controller = name
    else {
      const why = `Only one reference can have Controller set to true. Found "true" in references for ${controller} and ${name}`
      errors.push(field.invalid(path, references, why))
    }
  }
}

function versionOf(apiVersion: string | undefined): string {
  return apiVersion?.slice(apiVersion.indexOf('/') + 1) ?? ''
}

function validateFinalizers(errors: FieldErrors, finalizers: readonly string[]): void {
  const path = 'metadata.finalizers'
  for (const finalizer of finalizers) addInvalid(errors, path, finalizer, isQualifiedName(finalizer))
  if (finalizers.includes('orphan') && finalizers.includes('foregroundDeletion')) {
    errors.push(field.invalid(path, finalizers, 'finalizer orphan and foregroundDeletion cannot be both set'))
  }
}

const unprintable = /[\p{C}]/u

function validateManagedFields(errors: FieldErrors, entries: readonly ManagedFieldsEntry[]): void {
  for (const [index, entry] of entries.entries()) {
    const path = `metadata.managedFields[${index}]`
    if (entry.operation !== 'Apply' && entry.operation !== 'Update') {
      errors.push(field.invalid(`${path}.operation`, entry.operation ?? '', 'must be `Apply` or `Update`'))
    }
    if (entry.fieldsType && entry.fieldsType !== 'FieldsV1') {
      errors.push(field.invalid(`${path}.fieldsType`, entry.fieldsType, 'must be `FieldsV1`'))
    }
    validateFieldManager(errors, `${path}.manager`, entry.manager ?? '')
    if ((entry.subresource?.length ?? 0) > 256) errors.push(field.tooLong(`${path}.subresource`, 256))
  }
}

/** The name under which a client writes: at most 128 printable characters. */
export function validateFieldManager(errors: FieldErrors, path: string, manager: string): void {
  if (manager.length > 128) errors.push(field.tooLong(path, 128))
  if (!unprintable.test(manager)) return
  for (const [position, character] of Array.from(manager).entries()) {
    if (!unprintable.test(character)) continue
    const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')
    errors.push(field.invalid(path, manager, `invalid character U+${code} (at position ${position})`))
  }
}

const standardFinalizers: ReadonlySet<string> = new Set(['kubernetes', 'orphan', 'foregroundDeletion'])

/** Finalizers of built-in kinds name a domain, or are well known. */
export function validateFinalizerName(errors: FieldErrors, path: string, finalizer: string): void {
  if (finalizer.includes('/') || standardFinalizers.has(finalizer)) return
  const why = 'name is neither a standard finalizer name nor is it fully qualified'
  errors.push(field.invalid(path, finalizer, why))
}

function validateFinalizerNames(errors: FieldErrors, { finalizers }: ObjectMeta): void {
  for (const [index, finalizer] of (finalizers ?? []).entries()) {
    validateFinalizerName(errors, `metadata.finalizers[${index}]`, finalizer)
  }
}

export interface MetadataRules {
  namespaced: boolean
  /** The name rule of the kind. */
  name: NameCheck
  /** Which finalizers there may be; absent: those of built-in kinds. */
  anyFinalizer?: boolean | undefined
}

/** Metadata of a new object; its name has been generated. */
export function validateMetadata(errors: FieldErrors, metadata: ObjectMeta, rules: MetadataRules): void {
  if (metadata.generateName) {
    addInvalid(errors, 'metadata.generateName', metadata.generateName, rules.name(metadata.generateName, true))
  }
  if (!metadata.name) errors.push(field.required('metadata.name', 'name or generateName is required'))
  else addInvalid(errors, 'metadata.name', metadata.name, rules.name(metadata.name, false))
  if (!rules.namespaced) {
    if (metadata.namespace) errors.push(field.forbidden('metadata.namespace', 'not allowed on this type'))
  } else if (!metadata.namespace) errors.push(field.required('metadata.namespace', ''))
  else addInvalid(errors, 'metadata.namespace', metadata.namespace, nameIsDnsLabel(metadata.namespace))
  if ((metadata.generation ?? 0) < 0) {
    errors.push(field.invalid('metadata.generation', metadata.generation, 'must be greater than or equal to 0'))
  }
  validateLabelsAndOwners(errors, metadata)
  if (metadata.finalizers) validateFinalizers(errors, metadata.finalizers)
  if (metadata.managedFields) validateManagedFields(errors, metadata.managedFields)
  if (rules.anyFinalizer !== true) validateFinalizerNames(errors, metadata)
}

function validateLabelsAndOwners(errors: FieldErrors, metadata: ObjectMeta): void {
  validateLabels(errors, 'metadata.labels', metadata.labels)
  validateAnnotations(errors, 'metadata.annotations', metadata.annotations)
  if (metadata.ownerReferences) validateOwnerReferences(errors, metadata.ownerReferences)
}

const immutableMetadata = [
  'name',
  'namespace',
  'uid',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
] as const

export interface MetadataUpdateRules extends MetadataRules {
  /** Whether the kind refuses updates without resourceVersion (AllowUnconditionalUpdate is false). */
  requiresResourceVersion: boolean
  /** How often the kind's own validation looks at what was looked at for all kinds: see MetadataLooks. */
  looks: MetadataLooks
}

/**
 * The registry looks at the metadata of every changed object, as of a new one and as of a change. Most kinds look at the
 * change once more (`once`), some also at the whole again (`twice`), one not at all. What is wrong is told each time.
 */
export type MetadataLooks = 'none' | 'once' | 'twice'

export function validateMetadataUpdate(
  errors: FieldErrors,
  metadata: ObjectMeta,
  old: ObjectMeta,
  rules: MetadataUpdateRules,
): void {
  const changes: FieldErrors = []
  validateChange(changes, { metadata, old }, rules)
  validateMetadata(errors, metadata, { ...rules, name: nameIsPathSegment, anyFinalizer: true })
  errors.push(...changes)
  if (rules.looks === 'none') return
  errors.push(...changes)
  if (rules.anyFinalizer !== true) validateFinalizerNames(errors, metadata)
  if (rules.looks === 'twice') validateMetadata(errors, metadata, rules)
}

function validateChange(
  errors: FieldErrors,
  { metadata, old }: { metadata: ObjectMeta; old: ObjectMeta },
  rules: MetadataUpdateRules,
): void {
  if (old.deletionTimestamp) {
    const added = (metadata.finalizers ?? []).filter((finalizer) => !old.finalizers?.includes(finalizer)).sort()
    if (added.length > 0) {
      const list = added.map((finalizer) => JSON.stringify(finalizer)).join(', ')
      const why = `no new finalizers can be added if the object is being deleted, found new finalizers []string{${list}}`
      errors.push(field.forbidden('metadata.finalizers', why))
    }
  }
  if (rules.requiresResourceVersion && !metadata.resourceVersion) {
    errors.push(field.invalid('metadata.resourceVersion', '', 'must be specified for an update'))
  }
  if ((metadata.generation ?? 0) < (old.generation ?? 0)) {
    errors.push(field.invalid('metadata.generation', metadata.generation ?? 0, 'must not be decremented'))
  }
  for (const name of immutableMetadata) {
    if (metadata[name] !== old[name]) validateImmutable(errors, `metadata.${name}`, metadata[name], old[name])
  }
  validateLabelsAndOwners(errors, metadata)
  if (metadata.managedFields) validateManagedFields(errors, metadata.managedFields)
}
