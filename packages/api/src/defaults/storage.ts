// Defaults of the storage group (pkg/apis/storage/v1/defaults.go).

import type { CSIDriver, CSIStorageCapacity, StorageClass, VolumeAttachment } from '../generated/kinds.ts'
import { canonicalOrRefused } from './resource-list.ts'
import { defaultPersistentVolumeSource } from './volumes.ts'

export function defaultStorageClass(storageClass: StorageClass): void {
  storageClass.reclaimPolicy ??= 'Delete'
  storageClass.volumeBindingMode ??= 'Immediate'
}

export function defaultCSIDriver(driver: CSIDriver): void {
  driver.spec ??= {}
  const spec = driver.spec
  spec.attachRequired ??= true
  spec.podInfoOnMount ??= false
  spec.storageCapacity ??= false
  spec.fsGroupPolicy ??= 'ReadWriteOnceWithFSType'
  if ((spec.volumeLifecycleModes?.length ?? 0) === 0) spec.volumeLifecycleModes = ['Persistent']
  spec.requiresRepublish ??= false
  spec.seLinuxMount ??= false
}

export function defaultCSIStorageCapacity(capacity: CSIStorageCapacity): void {
  if (capacity.capacity != null) capacity.capacity = canonicalOrRefused(capacity.capacity)
  if (capacity.maximumVolumeSize != null) capacity.maximumVolumeSize = canonicalOrRefused(capacity.maximumVolumeSize)
}

export function defaultVolumeAttachment(attachment: VolumeAttachment): void {
  attachment.status ??= { attached: false }
  const inline = attachment.spec?.source?.inlineVolumeSpec
  if (inline) defaultPersistentVolumeSource(inline)
}
