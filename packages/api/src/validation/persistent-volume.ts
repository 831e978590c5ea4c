// PersistentVolumes, and the volumes that attachments bring along (pkg/apis/core/validation, pkg/volume/validation).

import { field } from '../field-error.ts'
import type {
  CSIPersistentVolumeSource,
  FCVolumeSource,
  ISCSIPersistentVolumeSource,
  PersistentVolume,
  PersistentVolumeSpec,
  SecretReference,
} from '../generated/kinds.ts'
import { inclusiveRangeError, isDns1123Label, isDns1123Subdomain } from '../names.ts'
import { quantityValue } from '../quantity.ts'
import { semanticallyEqual } from '../semantic-equality.ts'
import { validateNodeSelector } from './affinity.ts'
import { validateNoBacksteps } from './env-vars.ts'
import { requireValid, sortedMap, validateImmutable, validateOptionalEnum, type FieldErrors } from './fields.ts'
import { goDiff } from './go-diff.ts'
import type { KindValidation } from './kind-validation.ts'
import { nodeSelectorTermWarnings } from './node-labels.ts'
import {
  validateAccessModes,
  validateClassName,
  validatePositiveBytes,
  volumeModes,
} from './persistent-volume-claim.ts'
import { validateDriverName, validateHostPath, validateNfs } from './volume-sources.ts'

/** Every source, in the order in which upstream looks at them. */
const sources = [
  'hostPath',
  'gcePersistentDisk',
  'awsElasticBlockStore',
  'glusterfs',
  'flocker',
  'nfs',
  'rbd',
  'quobyte',
  'cephfs',
  'iscsi',
  'cinder',
  'fc',
  'flexVolume',
  'azureFile',
  'vsphereVolume',
  'photonPersistentDisk',
  'portworxVolume',
  'azureDisk',
  'scaleIO',
  'local',
  'storageos',
  'csi',
] as const
type Source = (typeof sources)[number]

type SourceCheck = (errors: FieldErrors, path: string, spec: PersistentVolumeSpec, name: string) => void

/** Sources whose plug-ins are gone, or belong to a cloud, are taken as they are. */
const sourceChecks: Readonly<Partial<Record<Source, SourceCheck>>> = {
  hostPath: (errors, path, { hostPath }) => validateHostPath(errors, path, hostPath),
  nfs: (errors, path, { nfs }) => validateNfs(errors, path, nfs),
  iscsi: (errors, path, { iscsi }, name) => iscsi && validateIscsi(errors, path, iscsi, name),
  fc: (errors, path, { fc }) => fc && validateFibreChannel(errors, path, fc),
  flexVolume: (errors, path, { flexVolume }) => {
    if (!flexVolume?.driver) errors.push(field.required(`${path}.driver`, ''))
    for (const option in flexVolume?.options) {
      const domain = option.includes('/') ? option.slice(0, option.indexOf('/')) : option
      if (!/\.(?:kubernetes|k8s)\.io$/.test(`.${domain.toLowerCase()}`)) continue
      const why = 'kubernetes.io and k8s.io namespaces are reserved'
      errors.push(field.invalid(`${path}.options[${option}]`, option, why))
    }
  },
  local: (errors, path, { local, nodeAffinity }) => {
    if (local?.path) validateNoBacksteps(errors, `${path}.path`, local.path)
    else errors.push(field.required(`${path}.path`, ''))
    if (nodeAffinity) return
    const why = 'Local volume requires node affinity'
    errors.push(field.required(path.replace(/local$/, 'nodeAffinity'), why))
  },
  csi: (errors, path, { csi }) => csi && validateCsi(errors, path, csi),
}

const iscsiNames: Readonly<Record<string, RegExp>> = {
  iqn: /^iqn\.\d{4}-\d{2}\.([a-z0-9-]+\.)*[a-z0-9-]+(:[^,;*&$|\s]+)?$/,
  eui: /^eui.[a-fA-F0-9]{16}$/,
  naa: /^naa.[a-fA-F0-9]{32}$/,
}

function isIscsiName(name: string): boolean {
  return iscsiNames[name.slice(0, 3)]?.test(name) === true
}

function validateIscsi(errors: FieldErrors, path: string, source: ISCSIPersistentVolumeSource, volume: string): void {
  const { targetPortal, initiatorName, iqn, lun, secretRef } = source
  if (!targetPortal) errors.push(field.required(`${path}.targetPortal`, ''))
  if (initiatorName != null && `${volume}:${targetPortal}`.length > 64) {
    const why =
      'Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.'
    errors.push(field.invalid(`${path}.targetportal`, targetPortal, why))
  }
  if (!iqn) errors.push(field.required(`${path}.iqn`, ''))
  else if (!isIscsiName(iqn)) errors.push(field.invalid(`${path}.iqn`, iqn, 'must be valid format'))
  if (lun < 0 || lun > 255) errors.push(field.invalid(`${path}.lun`, lun, inclusiveRangeError(0, 255)))
  const authenticates = source.chapAuthDiscovery === true || source.chapAuthSession === true
  if (authenticates && !secretRef) errors.push(field.required(`${path}.secretRef`, ''))
  if (secretRef && !secretRef.name) errors.push(field.required(`${path}.secretRef.name`, ''))
  if (initiatorName != null && !isIscsiName(initiatorName)) {
    errors.push(field.invalid(`${path}.initiatorname`, initiatorName, 'must be valid format'))
  }
}

function validateFibreChannel(
  errors: FieldErrors,
  path: string,
  { targetWWNs = [], wwids = [], lun }: FCVolumeSource,
): void {
  if (targetWWNs.length === 0 && wwids.length === 0) {
    errors.push(field.required(`${path}.targetWWNs`, 'must specify either targetWWNs or wwids, but not both'))
  }
  if (targetWWNs.length === 0) return
  if (wwids.length > 0) {
    const why = 'targetWWNs and wwids can not be specified simultaneously'
    errors.push(field.invalid(`${path}.targetWWNs`, targetWWNs, why))
  }
  if (lun == null) errors.push(field.required(`${path}.lun`, 'lun is required if targetWWNs is specified'))
  else if (lun < 0 || lun > 255) errors.push(field.invalid(`${path}.lun`, lun, inclusiveRangeError(0, 255)))
}

function validateCsi(errors: FieldErrors, path: string, source: CSIPersistentVolumeSource): void {
  validateDriverName(errors, `${path}.driver`, source.driver)
  if (!source.volumeHandle) errors.push(field.required(`${path}.volumeHandle`, ''))
  const secrets = [
    'controllerPublishSecretRef',
    'controllerExpandSecretRef',
    'nodePublishSecretRef',
    'nodeExpandSecretRef',
  ] as const
  for (const name of secrets) {
    const reference: SecretReference | null | undefined = source[name]
    if (!reference) continue
    requireValid(errors, `${path}.${name}.name`, reference.name, isDns1123Subdomain)
    requireValid(errors, `${path}.${name}.namespace`, reference.namespace, isDns1123Label)
  }
}

interface SpecRules {
  /** Part of an attachment rather than a volume of its own. */
  inline?: boolean
  /** The volume's name. */
  name: string
}

const inlineWhy = 'may not be specified in the context of inline volumes'

export function validateVolumeSpec(
  errors: FieldErrors,
  path: string,
  spec: PersistentVolumeSpec | null | undefined,
  { inline = false, name }: SpecRules,
): void {
  if (inline) {
    if (spec?.claimRef) errors.push(field.forbidden(`${path}.claimRef`, inlineWhy))
    if (Object.keys(spec?.capacity ?? {}).length > 0) errors.push(field.forbidden(`${path}.capacity`, inlineWhy))
    if (!spec?.csi) errors.push(field.required(`${path}.csi`, 'has to be specified in the context of inline volumes'))
  }
  const modes = spec?.accessModes ?? []
  if (modes.length === 0) errors.push(field.required(`${path}.accessModes`, ''))
  validateAccessModes(errors, `${path}.accessModes`, modes)
  if (!inline) validateCapacity(errors, `${path}.capacity`, spec?.capacity)
  const policy = spec?.persistentVolumeReclaimPolicy
  const policyPath = `${path}.persistentVolumeReclaimPolicy`
  if (inline && policy && policy !== 'Retain') {
    errors.push(field.forbidden(policyPath, 'may only be Retain in the context of inline volumes'))
  } else if (!inline && policy) validateOptionalEnum(errors, policyPath, policy, ['Delete', 'Recycle', 'Retain'])
  const affinity = spec?.nodeAffinity
  if (affinity && inline) errors.push(field.forbidden(`${path}.nodeAffinity`, inlineWhy))
  else if (affinity?.required) validateNodeSelector(errors, `${path}.nodeAffinity.required`, affinity.required)
  else if (affinity)
    errors.push(field.required(`${path}.nodeAffinity.required`, 'must specify required node constraints'))
  validateSource(errors, path, spec, name)
  const isRoot = /^\/+(?:\.?\/*)*$/.test(spec?.hostPath?.path ?? '')
  if (isRoot && policy === 'Recycle') {
    errors.push(field.forbidden(policyPath, "may not be 'recycle' for a hostPath mount of '/'"))
  }
  if (inline && spec?.storageClassName) errors.push(field.forbidden(`${path}.storageClassName`, inlineWhy))
  else validateClassName(errors, `${path}.storageClassName`, spec?.storageClassName)
  if (!inline) validateOptionalEnum(errors, `${path}.volumeMode`, spec?.volumeMode, volumeModes)
  else if (spec?.volumeMode != null && spec.volumeMode !== 'Filesystem') {
    const why = 'may not specify volumeMode other than Filesystem in the context of inline volumes'
    errors.push(field.forbidden(`${path}.volumeMode`, why))
  }
  validateAttributesClass(errors, path, spec)
}

function validateCapacity(errors: FieldErrors, path: string, capacity: PersistentVolumeSpec['capacity']): void {
  const names = Object.keys(capacity ?? {})
  if (names.length === 0) errors.push(field.required(path, ''))
  if (capacity?.['storage'] === undefined || names.length > 1) {
    errors.push(field.notSupported(path, capacity ? sortedMap(capacity) : null, ['storage']))
  }
  for (const [name, value] of Object.entries(capacity ?? {})) {
    const amount = quantityValue(value)
    if (amount < 0) errors.push(field.invalid(`${path}[${name}]`, amount, 'must be a valid resource quantity'))
    validatePositiveBytes(errors, `${path}[${name}]`, value)
  }
}

function validateSource(
  errors: FieldErrors,
  path: string,
  spec: PersistentVolumeSpec | null | undefined,
  volume: string,
): void {
  const present = sources.filter((name) => spec?.[name] != null)
  const [first, ...others] = present
  if (first === undefined || !spec) {
    errors.push(field.required(path, 'must specify a volume type'))
    return
  }
  sourceChecks[first]?.(errors, `${path}.${first}`, spec, volume)
  for (const name of others) errors.push(field.forbidden(`${path}.${name}`, 'may not specify more than 1 volume type'))
}

function validateAttributesClass(
  errors: FieldErrors,
  path: string,
  spec: PersistentVolumeSpec | null | undefined,
): void {
  const name = spec?.volumeAttributesClassName
  if (name == null) return
  if (name === '') errors.push(field.required(`${path}.volumeAttributesClassName`, 'an empty string is disallowed'))
  else validateClassName(errors, `${path}.volumeAttributesClassName`, name)
  if (spec?.csi) return
  errors.push(field.required(`${path}.csi`, 'has to be specified when using volumeAttributesClassName'))
}

const mountOptions = 'volume.beta.kubernetes.io/mount-options'
const takesMountOptions: readonly Source[] = [
  'gcePersistentDisk',
  'awsElasticBlockStore',
  'glusterfs',
  'nfs',
  'rbd',
  'quobyte',
  'iscsi',
  'cinder',
  'cephfs',
  'azureFile',
  'vsphereVolume',
  'azureDisk',
  'photonPersistentDisk',
]

function validateVolume({ metadata, spec }: PersistentVolume, errors: FieldErrors): void {
  validateVolumeSpec(errors, 'spec', spec, { name: metadata?.name ?? '' })
  if (metadata?.annotations?.[mountOptions] === undefined) return
  if (takesMountOptions.some((name) => spec?.[name] != null)) return
  const why = 'may not specify mount options for this volume type'
  errors.push(field.forbidden(`metadata.annotations.${mountOptions}`, why))
}

function sourceOf(spec: PersistentVolumeSpec | null | undefined): Record<string, unknown> {
  return Object.fromEntries(sources.map((name) => [name, spec?.[name] ?? null]))
}

/** The source never changes, but for a secret for expansion that was missing. */
function validateUpdate(volume: PersistentVolume, old: PersistentVolume, errors: FieldErrors): void {
  validateVolume(volume, errors)
  // Upstream looks at the whole once for the volume and once for its change.
  validateVolumeSpec(errors, 'spec', volume.spec, { name: volume.metadata?.name ?? '' })
  const [source, before] = [sourceOf(volume.spec), sourceOf(old.spec)]
  const csi = volume.spec?.csi
  if (csi && old.spec?.csi && !old.spec.csi.controllerExpandSecretRef) {
    const { controllerExpandSecretRef: _, ...rest } = csi
    source['csi'] = rest
  }
  if (!semanticallyEqual(source, before)) {
    const why = `spec.persistentvolumesource is immutable after creation\n${goDiff(before, source)}`
    errors.push(field.forbidden('spec.persistentvolumesource', why))
  }
  validateImmutable(errors, 'volumeMode', volume.spec?.volumeMode, old.spec?.volumeMode)
  validateNodeAffinityKept(errors, volume, old)
  if (old.spec?.volumeAttributesClassName != null && volume.spec?.volumeAttributesClassName == null) {
    const why = 'update from non-nil value to nil is forbidden'
    errors.push(field.forbidden('spec.volumeAttributesClassName', why))
  }
}

function validateNodeAffinityKept(
  errors: FieldErrors,
  { spec }: PersistentVolume,
  { spec: before }: PersistentVolume,
): void {
  if (!before?.nodeAffinity || semanticallyEqual(spec?.nodeAffinity, before.nodeAffinity)) return
  const why = 'field is immutable, except for updating from beta label to GA'
  errors.push(field.invalid('nodeAffinity', spec?.nodeAffinity ?? null, why))
}

const deprecatedSources: readonly (readonly [source: Source, shown: string, message: string])[] = [
  ['cephfs', 'cephfs', 'deprecated in v1.28, non-functional in v1.31+'],
  ['photonPersistentDisk', 'photonPersistentDisk', 'deprecated in v1.11, non-functional in v1.16+'],
  ['scaleIO', 'scaleIO', 'deprecated in v1.16, non-functional in v1.22+'],
  ['storageos', 'storageOS', 'deprecated in v1.22, non-functional in v1.25+'],
  ['glusterfs', 'glusterfs', 'deprecated in v1.25, non-functional in v1.26+'],
  ['rbd', 'rbd', 'deprecated in v1.28, non-functional in v1.31+'],
]

function volumeWarnings({ metadata, spec }: PersistentVolume, _: unknown, warnings: string[]): void {
  const annotations = metadata?.annotations ?? {}
  const storageClass = 'volume.beta.kubernetes.io/storage-class'
  if (storageClass in annotations) {
    warnings.push(
      `metadata.annotations[${storageClass}]: deprecated since v1.8; use "storageClassName" attribute instead`,
    )
  }
  if (mountOptions in annotations) {
    warnings.push(`metadata.annotations[${mountOptions}]: deprecated since v1.31; use "mountOptions" attribute instead`)
  }
  if (spec?.persistentVolumeReclaimPolicy === 'Recycle') {
    const instead = 'Instead, the recommended approach is to use dynamic provisioning.'
    warnings.push(`spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. ${instead}`)
  }
  for (const [index, term] of (spec?.nodeAffinity?.required?.nodeSelectorTerms ?? []).entries()) {
    const path = `spec.nodeAffinity.required.nodeSelectorTerms[${index}]`
    nodeSelectorTermWarnings(warnings, path, { term, checksValues: false })
  }
  for (const [source, shown, message] of deprecatedSources) {
    if (spec?.[source] != null) warnings.push(`spec.${shown}: ${message}`)
  }
}

export const persistentVolumeValidation: KindValidation = {
  create: validateVolume,
  update: validateUpdate,
  warnings: volumeWarnings,
}
