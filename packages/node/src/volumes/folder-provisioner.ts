// Makes volumes for claims of the class `standard`: a folder of this machine each, as rancher's local-path provisioner
// does. A claim waits for its first pod; what becomes of the folder afterwards is the class's reclaim policy. Sizes are
// noted and not enforced. Upstream: sig-storage-lib-external-provisioner's controller.

import { chmod, mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import {
  type Clock,
  type KubeObject,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type StorageClass,
  isAlreadyExists,
  isNotFound,
} from '@binnacle/api'
import {
  type Client,
  type Controller,
  type EventRecorder,
  type Informers,
  objectKey,
  persistentVolumeClaims,
  persistentVolumes,
  startController,
  storageClasses,
} from '@binnacle/client'

const provisioner = 'binnacle.dev/folder'
const provisionedBy = 'pv.kubernetes.io/provisioned-by'
const selectedNode = 'volume.kubernetes.io/selected-node'
const volumePrefix = 'volume/'

export interface FolderProvisionerOptions {
  client: Client
  /** Not started by this. */
  informers: Informers
  events: EventRecorder
  clock: Clock
  /** Holds one folder for each volume. */
  directory: string
  nodeName: string
  onError?: (error: unknown, key: string) => void
}

/** The class that claims get which name none. */
export const standardStorageClass: StorageClass = {
  apiVersion: 'storage.k8s.io/v1',
  kind: 'StorageClass',
  metadata: { name: 'standard', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
  provisioner,
  reclaimPolicy: 'Delete',
  volumeBindingMode: 'WaitForFirstConsumer',
}

export function startFolderProvisioner(options: FolderProvisionerOptions): Controller {
  const { client, informers, events, clock, directory, nodeName, onError } = options
  const claims = informers.of<PersistentVolumeClaim>(persistentVolumeClaims)
  const volumes = informers.of<PersistentVolume>(persistentVolumes)
  const classes = informers.of<StorageClass>(storageClasses)

  const controller = startController({
    name: 'folder-provisioner',
    clock,
    ...(onError === undefined ? {} : { onError }),
    reconcile: (key) =>
      key.startsWith(volumePrefix) ? reclaim(key.slice(volumePrefix.length)) : provision(claims.get(key)),
  })

  async function provision(claim: PersistentVolumeClaim | undefined): Promise<void> {
    if (claim === undefined || claim.metadata.deletionTimestamp !== undefined || claim.spec?.volumeName) return
    const storageClass = classes.get(claim.spec?.storageClassName ?? '')
    if (storageClass?.provisioner !== provisioner) return
    const waits = storageClass.volumeBindingMode === 'WaitForFirstConsumer'
    if (waits && claim.metadata.annotations?.[selectedNode] !== nodeName) return
    const refusal = unsupported(claim)
    if (refusal !== undefined) {
      events.record(claim, 'Warning', 'ProvisioningFailed', refusal)
      return
    }
    const volume = volumeFor(claim, storageClass, { directory, nodeName })
    // Made before; the claim only does not name it yet.
    if (volumes.get(volume.metadata.name ?? '') !== undefined) return
    const begun = `External provisioner is provisioning volume for claim "${objectKey(claim)}"`
    events.record(claim, 'Normal', 'Provisioning', begun)
    const path = join(directory, volume.metadata.name ?? '')
    await mkdir(path, { recursive: true })
    // Programs of any user may be given it.
    await chmod(path, 0o777)
    try {
      await client.create(persistentVolumes, volume)
    } catch (error) {
      if (!isAlreadyExists(error)) throw error
      return
    }
    const message = `Successfully provisioned volume ${volume.metadata.name}`
    events.record(claim, 'Normal', 'ProvisioningSucceeded', message)
  }

  async function reclaim(name: string): Promise<void> {
    const volume = volumes.get(name)
    if (volume?.metadata.annotations?.[provisionedBy] !== provisioner || volume.status?.phase !== 'Released') return
    if (volume.spec?.persistentVolumeReclaimPolicy !== 'Delete') return
    // By the name that was given here: what the object says its path is, anyone may have written.
    if (/^pvc-[0-9a-f-]+$/.test(name)) await rm(join(directory, name), { recursive: true, force: true })
    try {
      await client.delete(persistentVolumes, { name })
    } catch (error) {
      if (!isNotFound(error)) throw error
    }
  }

  const enqueueClaim = (claim: KubeObject): void => controller.enqueue(objectKey(claim))
  const enqueueVolume = (volume: KubeObject): void => controller.enqueue(`${volumePrefix}${volume.metadata.name}`)
  claims.on({ added: enqueueClaim, updated: enqueueClaim })
  volumes.on({ added: enqueueVolume, updated: enqueueVolume })
  const enqueueAll = (): void => claims.list().forEach(enqueueClaim)
  classes.on({ added: enqueueAll, updated: enqueueAll })
  return controller
}

function unsupported({ spec }: PersistentVolumeClaim): string | undefined {
  if (spec?.volumeMode === 'Block') return 'block volumes are not made here: use volumeMode Filesystem'
  if (spec?.dataSource !== undefined || spec?.dataSourceRef !== undefined)
    return 'volumes are not made from other volumes or snapshots here: leave out dataSource'
  if (spec?.selector !== undefined) return 'claims with a selector take volumes that exist: leave out the selector'
  return undefined
}

function volumeFor(
  claim: PersistentVolumeClaim,
  storageClass: StorageClass,
  { directory, nodeName }: { directory: string; nodeName: string },
): PersistentVolume {
  const { name, namespace, uid } = claim.metadata
  const volumeName = `pvc-${uid}`
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: volumeName, annotations: { [provisionedBy]: provisioner } },
    spec: {
      accessModes: claim.spec?.accessModes ?? ['ReadWriteOnce'],
      capacity: { storage: claim.spec?.resources?.requests?.['storage'] ?? '0' },
      claimRef: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', name, namespace, uid },
      hostPath: { path: join(directory, volumeName), type: 'DirectoryOrCreate' },
      nodeAffinity: {
        required: {
          nodeSelectorTerms: [
            { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [nodeName] }] },
          ],
        },
      },
      persistentVolumeReclaimPolicy: storageClass.reclaimPolicy ?? 'Delete',
      storageClassName: storageClass.metadata.name ?? '',
      volumeMode: 'Filesystem',
    },
  }
}
