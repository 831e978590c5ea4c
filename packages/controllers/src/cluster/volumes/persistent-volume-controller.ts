// Binds claims to volumes and follows both through their phases. Thin: volumes made by hand (or by a provisioner outside),
// immediate binding and WaitForFirstConsumer. Upstream: pkg/controller/volume/persistentvolume/pv_controller.go.

import { compareQuantities, isConflict, isNotFound, labelSelectorMatches, parseQuantity } from '@binnacle/api'
import type { KubeObject, Node, PersistentVolume, PersistentVolumeClaim, Quantity, StorageClass } from '@binnacle/api'
import { nodes, persistentVolumeClaims, persistentVolumes, storageClasses } from '@binnacle/client'
import type { Controller, EventType } from '@binnacle/client'
import type { ControllerContext } from '../../context.ts'
import { runController } from '../run-controller.ts'
import { matchesNodeSelector } from '../../scheduler/node-affinity.ts'

const bindCompleted = 'pv.kubernetes.io/bind-completed'
const boundByController = 'pv.kubernetes.io/bound-by-controller'
const selectedNode = 'volume.kubernetes.io/selected-node'
const storageProvisioner = 'volume.kubernetes.io/storage-provisioner'
/** Older provisioners look for this one. */
const betaStorageProvisioner = 'volume.beta.kubernetes.io/storage-provisioner'
const noProvisioner = 'kubernetes.io/no-provisioner'
/** Milliseconds between two words about what a claim waits for. Upstream: PVClaimBinderSyncPeriod, when it looks again. */
const repeatMs = 15_000
const claimPrefix = 'claim/'
const volumePrefix = 'volume/'

export function startPersistentVolumeController(context: ControllerContext): Controller {
  const binder = new VolumeBinder(context)
  return binder.start()
}

class VolumeBinder {
  readonly #context: ControllerContext
  /** What was last said of a claim that waits, by its uid: each change of a volume looks at all of these. */
  readonly #told = new Map<string, { reason: string; at: number }>()

  constructor(context: ControllerContext) {
    this.#context = context
  }

  start(): Controller {
    const { informers } = this.#context
    const controller = runController(this.#context, {
      name: 'persistentvolume-binder-controller',
      // One at a time: two claims must not take the same volume.
      workers: 1,
      reconcile: async (key) => {
        try {
          if (key.startsWith(claimPrefix)) await this.#syncClaim(key.slice(claimPrefix.length))
          else await this.#syncVolume(key.slice(volumePrefix.length))
        } catch (error) {
          if (isNotFound(error)) return undefined
          if (!isConflict(error)) throw error
          return { requeueAfterMs: 20 }
        }
        return undefined
      },
    })
    const enqueueClaim = ({ metadata }: KubeObject): void =>
      controller.enqueue(`${claimPrefix}${metadata.namespace}/${metadata.name}`)
    const enqueueVolume = ({ metadata }: KubeObject): void => controller.enqueue(volumePrefix + metadata.name)
    const enqueueUnbound = (): void => {
      for (const claim of this.#claims.list()) if (claim.status?.phase !== 'Bound') enqueueClaim(claim)
    }
    const claimChanged = (claim: PersistentVolumeClaim): void => {
      enqueueClaim(claim)
      if (claim.spec?.volumeName) controller.enqueue(volumePrefix + claim.spec.volumeName)
    }
    const volumeChanged = (volume: PersistentVolume): void => {
      enqueueVolume(volume)
      const ref = volume.spec?.claimRef
      if (ref) controller.enqueue(`${claimPrefix}${ref.namespace}/${ref.name}`)
      else enqueueUnbound()
    }
    const claimGone = (claim: PersistentVolumeClaim): void => {
      this.#told.delete(claim.metadata.uid ?? '')
      claimChanged(claim)
    }
    this.#claims.on({ added: claimChanged, updated: claimChanged, deleted: claimGone })
    this.#volumes.on({ added: volumeChanged, updated: volumeChanged, deleted: volumeChanged })
    informers.of<StorageClass>(storageClasses).on({ added: enqueueUnbound, updated: enqueueUnbound })
    return controller
  }

  get #claims() {
    return this.#context.informers.of<PersistentVolumeClaim>(persistentVolumeClaims)
  }

  get #volumes() {
    return this.#context.informers.of<PersistentVolume>(persistentVolumes)
  }

  async #syncClaim(key: string): Promise<void> {
    const claim = this.#claims.get(key)
    if (!claim) return
    const volumeName = claim.spec?.volumeName
    if (claim.metadata.annotations?.[bindCompleted] !== undefined) await this.#syncBoundClaim(claim)
    else if (volumeName) await this.#bindToNamed(claim, volumeName)
    else await this.#findVolume(claim)
  }

  async #syncBoundClaim(claim: PersistentVolumeClaim): Promise<void> {
    const volume = this.#volumes.get(claim.spec?.volumeName ?? '')
    if (!volume) {
      await this.#lose(claim, 'ClaimLost', 'Bound claim has lost its PersistentVolume. Data on the volume is lost!')
    } else if (!volume.spec?.claimRef || isFor(volume, claim)) {
      await this.#bind(claim, volume)
    } else {
      const message = 'Two claims are bound to the same volume, this one is bound incorrectly'
      await this.#lose(claim, 'ClaimMisbound', message)
    }
  }

  async #bindToNamed(claim: PersistentVolumeClaim, volumeName: string): Promise<void> {
    const volume = this.#volumes.get(volumeName)
    const isFree = volume !== undefined && (!volume.spec?.claimRef || isFor(volume, claim))
    if (volume && isFree) {
      await this.#bind(claim, volume)
      return
    }
    if (volume) {
      const message = `volume "${volumeName}" already bound to a different claim.`
      this.#tell(claim, { type: 'Warning', reason: 'FailedBinding', message })
    }
    await this.#setClaimPhase(claim, 'Pending')
  }

  async #findVolume(claim: PersistentVolumeClaim): Promise<void> {
    const { informers } = this.#context
    const className = claim.spec?.storageClassName
    const storageClass = className ? informers.of<StorageClass>(storageClasses).get(className) : undefined
    const nodeName = claim.metadata.annotations?.[selectedNode]
    const waits = storageClass?.volumeBindingMode === 'WaitForFirstConsumer' && nodeName === undefined
    // A volume that names the claim is for it even when the class waits.
    const volume = smallestFitting(claim, this.#volumes.list(), {
      reservedOnly: waits,
      node: nodeName === undefined ? undefined : informers.of<Node>(nodes).get(nodeName),
    })
    if (volume) {
      await this.#bind(claim, volume)
      return
    }
    if (waits) {
      const message = 'waiting for first consumer to be created before binding'
      this.#tell(claim, { type: 'Normal', reason: 'WaitForFirstConsumer', message })
    } else if (storageClass && storageClass.provisioner !== noProvisioner) {
      if (claim.metadata.annotations?.[storageProvisioner] !== storageClass.provisioner) {
        const { provisioner } = storageClass
        await this.#annotate(claim, { [betaStorageProvisioner]: provisioner, [storageProvisioner]: provisioner })
        return
      }
      const message =
        `Waiting for a volume to be created either by the external provisioner '${storageClass.provisioner}' or manually by the system administrator. ` +
        'If volume creation is delayed, please verify that the provisioner is running and correctly registered.'
      this.#tell(claim, { type: 'Normal', reason: 'ExternalProvisioning', message })
    } else if (className && !storageClass) {
      const message = `storageclass.storage.k8s.io "${className}" not found`
      this.#tell(claim, { type: 'Warning', reason: 'ProvisioningFailed', message })
    } else {
      const message = 'no persistent volumes available for this claim and no storage class is set'
      this.#tell(claim, { type: 'Normal', reason: 'FailedBinding', message })
    }
    await this.#setClaimPhase(claim, 'Pending')
  }

  #tell(claim: PersistentVolumeClaim, { type, reason, message }: Told): void {
    const { clock, events } = this.#context
    const { uid = '' } = claim.metadata
    const last = this.#told.get(uid)
    if (last?.reason === reason && clock.now() - last.at < repeatMs) return
    this.#told.set(uid, { reason, at: clock.now() })
    events.record(claim, type, reason, message)
  }

  /** In upstream's order, each step repeatable: the volume's reference, its phase, the claim's reference, its status. */
  async #bind(claim: PersistentVolumeClaim, volume: PersistentVolume): Promise<void> {
    const { client } = this.#context
    const { name = '', namespace = '', uid } = claim.metadata
    let boundVolume = volume
    if (volume.spec?.claimRef?.uid !== uid) {
      const annotations = volume.spec?.claimRef ? {} : { [boundByController]: 'yes' }
      boundVolume = await client.update<PersistentVolume>(persistentVolumes, {
        ...volume,
        metadata: withAnnotations(volume, annotations),
        spec: {
          ...volume.spec,
          claimRef: {
            apiVersion: 'v1',
            kind: 'PersistentVolumeClaim',
            namespace,
            name,
            uid,
            resourceVersion: claim.metadata.resourceVersion,
          },
        },
      })
    }
    await this.#setVolumePhase(boundVolume, 'Bound')
    let boundClaim = claim
    const volumeName = volume.metadata.name ?? ''
    if (claim.spec?.volumeName !== volumeName || claim.metadata.annotations?.[bindCompleted] === undefined) {
      const annotations: Record<string, string> = { [bindCompleted]: 'yes' }
      if (claim.spec?.volumeName !== volumeName) annotations[boundByController] = 'yes'
      boundClaim = await client.update<PersistentVolumeClaim>(persistentVolumeClaims, {
        ...claim,
        metadata: withAnnotations(claim, annotations),
        spec: { ...claim.spec, volumeName },
      })
    }
    const { accessModes, capacity } = volume.spec ?? {}
    const { status } = boundClaim
    if (status?.phase === 'Bound' && JSON.stringify(status.capacity) === JSON.stringify(capacity)) return
    await client.updateStatus<PersistentVolumeClaim>(persistentVolumeClaims, {
      ...boundClaim,
      status: { ...status, phase: 'Bound', ...(accessModes ? { accessModes } : {}), ...(capacity ? { capacity } : {}) },
    })
  }

  async #syncVolume(name: string): Promise<void> {
    const volume = this.#volumes.get(name)
    if (!volume) return
    const ref = volume.spec?.claimRef
    if (!ref) {
      await this.#setVolumePhase(volume, 'Available')
      return
    }
    if (!ref.uid) {
      // Reserved by hand; the claim's own step binds it.
      await this.#setVolumePhase(volume, 'Available')
      return
    }
    const claim = this.#claims.get(`${ref.namespace}/${ref.name}`)
    if (claim?.metadata.uid === ref.uid) {
      if (claim?.spec?.volumeName === name) await this.#setVolumePhase(volume, 'Bound')
      return
    }
    // The claim is gone, or another one took its name.
    await this.#release(volume)
  }

  async #release(volume: PersistentVolume): Promise<void> {
    const { events } = this.#context
    if (volume.spec?.persistentVolumeReclaimPolicy === 'Delete' && volume.status?.phase !== 'Failed') {
      const message = 'error getting deleter volume plugin for volume: no deletable volume plugin matched'
      if (!volume.metadata.annotations?.['pv.kubernetes.io/provisioned-by']) {
        events.record(volume, 'Warning', 'VolumeFailedDelete', message)
        await this.#setVolumePhase(volume, 'Failed', message)
        return
      }
    }
    if (volume.status?.phase !== 'Failed') await this.#setVolumePhase(volume, 'Released')
  }

  async #lose(claim: PersistentVolumeClaim, reason: string, message: string): Promise<void> {
    if (claim.status?.phase === 'Lost') return
    await this.#setClaimPhase(claim, 'Lost')
    this.#context.events.record(claim, 'Warning', reason, message)
  }

  async #setClaimPhase(claim: PersistentVolumeClaim, phase: 'Pending' | 'Lost'): Promise<void> {
    if (claim.status?.phase === phase) return
    await this.#context.client.updateStatus<PersistentVolumeClaim>(persistentVolumeClaims, {
      ...claim,
      status: { phase },
    })
  }

  async #setVolumePhase(
    volume: PersistentVolume,
    phase: 'Available' | 'Bound' | 'Released' | 'Failed',
    message?: string,
  ): Promise<void> {
    if (volume.status?.phase === phase) return
    await this.#context.client.updateStatus<PersistentVolume>(persistentVolumes, {
      ...volume,
      status: { ...volume.status, phase, ...(message === undefined ? {} : { message }) },
    })
  }

  async #annotate(claim: PersistentVolumeClaim, annotations: Record<string, string>): Promise<void> {
    const metadata = withAnnotations(claim, annotations)
    await this.#context.client.update<PersistentVolumeClaim>(persistentVolumeClaims, { ...claim, metadata })
  }
}

interface Told {
  type: EventType
  reason: string
  message: string
}

function withAnnotations(object: KubeObject, annotations: Record<string, string>): KubeObject['metadata'] {
  return { ...object.metadata, annotations: { ...object.metadata.annotations, ...annotations } }
}

function isFor(volume: PersistentVolume, { metadata }: PersistentVolumeClaim): boolean {
  const ref = volume.spec?.claimRef
  return ref?.namespace === metadata.namespace && ref?.name === metadata.name && (!ref?.uid || ref.uid === metadata.uid)
}

/** Upstream: FindMatchingVolume of k8s.io/component-helpers/storage/volume. */
function smallestFitting(
  claim: PersistentVolumeClaim,
  volumes: readonly PersistentVolume[],
  { reservedOnly, node }: { reservedOnly: boolean; node: Node | undefined },
): PersistentVolume | undefined {
  const wanted = parseQuantity(claim.spec?.resources?.requests?.['storage'] ?? '0')
  let best: PersistentVolume | undefined
  for (const volume of volumes) {
    if (volume.metadata.deletionTimestamp !== undefined || compareQuantities(capacityOf(volume), wanted) < 0) continue
    if ((volume.spec?.volumeMode ?? 'Filesystem') !== (claim.spec?.volumeMode ?? 'Filesystem')) continue
    if (!claim.spec?.accessModes?.every((mode) => volume.spec?.accessModes?.includes(mode))) continue
    if (volume.spec?.claimRef) {
      if (isFor(volume, claim)) return volume
      continue
    }
    if (reservedOnly || volume.status?.phase !== 'Available') continue
    if ((volume.spec?.storageClassName ?? '') !== (claim.spec?.storageClassName ?? '')) continue
    if (claim.spec.selector && !labelSelectorMatches(claim.spec.selector, volume.metadata.labels ?? {})) continue
    const required = volume.spec?.nodeAffinity?.required
    if (node && required && !matchesNodeSelector(required, node)) continue
    if (!best || compareQuantities(capacityOf(volume), capacityOf(best)) < 0) best = volume
  }
  return best
}

function capacityOf({ spec }: PersistentVolume): Quantity {
  return parseQuantity(spec?.capacity?.['storage'] ?? '0')
}
