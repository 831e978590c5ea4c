// Defaults of pod volumes and persistent volume sources (pkg/apis/core/v1/defaults.go and the +default tags).

import type {
  AzureDiskVolumeSource,
  DownwardAPIVolumeFile,
  PersistentVolumeClaimSpec,
  PersistentVolumeSpec,
  ProjectedVolumeSource,
  Volume,
} from '../generated/kinds.ts'
import { imagePullPolicyOf } from './image.ts'
import { canonicalOrRefused, defaultResources } from './resource-list.ts'

const fileMode = 0o644
const hour = 3600

/** A volume without any source is an emptyDir. */
export function defaultVolume(volume: Volume): void {
  if (!hasSource(volume)) volume.emptyDir = {}
  if (volume.configMap) volume.configMap.defaultMode ??= fileMode
  if (volume.secret) volume.secret.defaultMode ??= fileMode
  if (volume.downwardAPI) {
    volume.downwardAPI.defaultMode ??= fileMode
    defaultDownwardItems(volume.downwardAPI.items)
  }
  if (volume.projected) defaultProjected(volume.projected)
  if (volume.hostPath) volume.hostPath.type ??= ''
  if (volume.emptyDir?.sizeLimit != null) volume.emptyDir.sizeLimit = canonicalOrRefused(volume.emptyDir.sizeLimit)
  if (volume.image) volume.image.pullPolicy ||= imagePullPolicyOf(volume.image.reference ?? '')
  if (volume.ephemeral?.volumeClaimTemplate) {
    volume.ephemeral.volumeClaimTemplate.spec ??= {}
    defaultClaimSpec(volume.ephemeral.volumeClaimTemplate.spec)
  }
  defaultNetworkDisk(volume)
}

function hasSource(volume: Volume): boolean {
  for (const key in volume) {
    if (key !== 'name' && volume[key as keyof Volume] != null) return true
  }
  return false
}

function defaultProjected(projected: ProjectedVolumeSource): void {
  projected.defaultMode ??= fileMode
  for (const source of projected.sources ?? []) {
    defaultDownwardItems(source.downwardAPI?.items)
    if (source.serviceAccountToken) source.serviceAccountToken.expirationSeconds ??= hour
  }
}

function defaultDownwardItems(items: DownwardAPIVolumeFile[] | null | undefined): void {
  for (const item of items ?? []) {
    if (item.fieldRef) item.fieldRef.apiVersion ||= 'v1'
    if (item.resourceFieldRef) {
      item.resourceFieldRef.divisor = canonicalOrRefused(item.resourceFieldRef.divisor ?? 0)
    }
  }
}

type NetworkDisks = Pick<Volume & PersistentVolumeSpec, 'iscsi' | 'rbd' | 'scaleIO' | 'azureDisk'>

/** Sources that pods and persistent volumes share. */
function defaultNetworkDisk(source: Volume | NetworkDisks): void {
  if (source.iscsi) source.iscsi.iscsiInterface ||= 'default'
  if (source.rbd) {
    source.rbd.pool ||= 'rbd'
    source.rbd.user ||= 'admin'
    source.rbd.keyring ||= '/etc/ceph/keyring'
  }
  if (source.scaleIO) {
    source.scaleIO.storageMode ||= 'ThinProvisioned'
    source.scaleIO.fsType ||= 'xfs'
  }
  if (source.azureDisk) defaultAzureDisk(source.azureDisk)
}

function defaultAzureDisk(disk: AzureDiskVolumeSource): void {
  disk.cachingMode ??= 'ReadWrite'
  disk.fsType ??= 'ext4'
  disk.readOnly ??= false
  disk.kind ??= 'Shared'
}

export function defaultPersistentVolumeSource(spec: PersistentVolumeSpec): void {
  if (spec.hostPath) spec.hostPath.type ??= ''
  defaultNetworkDisk(spec)
}

export function defaultClaimSpec(spec: PersistentVolumeClaimSpec): void {
  spec.volumeMode ??= 'Filesystem'
  spec.resources ??= {}
  defaultResources(spec.resources)
}
