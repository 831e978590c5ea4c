// Claims that a pod uses and volumes that a claim is bound to are not deleted under them: a finalizer holds them until the
// last user is gone. Upstream: pkg/controller/volume/{pvcprotection,pvprotection}.

import { isConflict, isNotFound } from '@binnacle/api'
import type { KubeObject, PersistentVolume, PersistentVolumeClaim, Pod } from '@binnacle/api'
import { persistentVolumeClaims, persistentVolumes, pods } from '@binnacle/client'
import type { Controller, ResourceRef } from '@binnacle/client'
import type { ControllerContext } from '../../context.ts'
import { runController } from '../run-controller.ts'
import { claimsOf } from '../../scheduler/plugins/volume-binding.ts'
import { podIsTerminal } from '../endpoints/service-pods.ts'

const claimFinalizer = 'kubernetes.io/pvc-protection'
const volumeFinalizer = 'kubernetes.io/pv-protection'

export function startClaimProtectionController(context: ControllerContext): Controller {
  const { informers } = context
  const claimInformer = informers.of<PersistentVolumeClaim>(persistentVolumeClaims)
  const podInformer = informers.of<Pod>(pods, {
    claim: (pod) => claimsOf(pod).map(({ name }) => `${pod.metadata.namespace}/${name}`),
  })
  const controller = runController(context, {
    name: 'persistentvolumeclaim-protection-controller',
    workers: 1,
    reconcile: async (key) => {
      const claim = claimInformer.get(key)
      if (!claim) return undefined
      const isUsed = podInformer.byIndex('claim', key).some((pod) => pod.spec?.nodeName && !podIsTerminal(pod))
      return protect(claim, { ref: persistentVolumeClaims, finalizer: claimFinalizer, isUsed, context })
    },
  })
  const enqueue = ({ metadata }: KubeObject): void => controller.enqueue(`${metadata.namespace}/${metadata.name}`)
  claimInformer.on({ added: enqueue, updated: enqueue })
  const enqueueClaims = (pod: Pod): void => {
    for (const { name } of claimsOf(pod)) controller.enqueue(`${pod.metadata.namespace}/${name}`)
  }
  podInformer.on({
    updated: (pod, old) => {
      if (podIsTerminal(pod) !== podIsTerminal(old)) enqueueClaims(pod)
    },
    deleted: enqueueClaims,
  })
  return controller
}

export function startVolumeProtectionController(context: ControllerContext): Controller {
  const { informers } = context
  const volumeInformer = informers.of<PersistentVolume>(persistentVolumes)
  const controller = runController(context, {
    name: 'persistentvolume-protection-controller',
    workers: 1,
    reconcile: async (name) => {
      const volume = volumeInformer.get(name)
      if (!volume) return undefined
      const isUsed = volume.status?.phase === 'Bound'
      return protect(volume, { ref: persistentVolumes, finalizer: volumeFinalizer, isUsed, context })
    },
  })
  const enqueue = ({ metadata }: KubeObject): void => controller.enqueue(metadata.name ?? '')
  volumeInformer.on({ added: enqueue, updated: enqueue })
  return controller
}

interface Protection {
  ref: ResourceRef
  finalizer: string
  isUsed: boolean
  context: ControllerContext
}

async function protect(
  object: KubeObject,
  { ref, finalizer, isUsed, context }: Protection,
): Promise<{ requeueAfterMs: number } | undefined> {
  const finalizers = object.metadata.finalizers ?? []
  const has = finalizers.includes(finalizer)
  const isGoing = object.metadata.deletionTimestamp !== undefined
  if (has === !isGoing || (isGoing && isUsed)) return undefined
  const next = isGoing ? finalizers.filter((one) => one !== finalizer) : [...finalizers, finalizer]
  try {
    await context.client.update(ref, { ...object, metadata: { ...object.metadata, finalizers: next } })
  } catch (error) {
    if (isConflict(error)) return { requeueAfterMs: 20 }
    if (!isNotFound(error)) throw error
  }
  return undefined
}
