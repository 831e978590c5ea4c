// Whether the pod's claims are bound, or can be where it lands (WaitForFirstConsumer).
// Upstream: pkg/scheduler/framework/plugins/{volumebinding,volumerestrictions}; the binding itself is the PV controller's.

import { compareQuantities, parseQuantity } from '@binnacle/api'
import type { PersistentVolume, PersistentVolumeClaim, Pod, Quantity } from '@binnacle/api'
import { matchesNodeSelector } from '../node-affinity.ts'
import type { NodeInfo } from '../node-info.ts'
import { unresolvable } from '../plugin.ts'
import type { ClusterView, FilterPlugin, Rejection } from '../plugin.ts'

/** A provisioner that never makes volumes: claims of its classes wait for volumes made by hand. */
const noProvisioner = 'kubernetes.io/no-provisioner'
export const selectedNodeAnnotation = 'volume.kubernetes.io/selected-node'

export interface PodClaim {
  /** Name of the claim. */
  name: string
  /** Of a generic ephemeral volume: the claim must belong to the pod. */
  ephemeral: boolean
}

export function claimsOf(pod: Pod): PodClaim[] {
  return (pod.spec?.volumes ?? []).flatMap((volume): PodClaim[] => {
    if (volume.persistentVolumeClaim) return [{ name: volume.persistentVolumeClaim.claimName, ephemeral: false }]
    if (volume.ephemeral) return [{ name: `${pod.metadata.name}-${volume.name}`, ephemeral: true }]
    return []
  })
}

export const volumeBinding: FilterPlugin = {
  name: 'VolumeBinding',
  events: ['node', 'volume', 'podRemoved'],
  prepare({ pod }, view) {
    const claims = claimsOf(pod)
    if (claims.length === 0) return undefined
    const bound: PersistentVolumeClaim[] = []
    const delayed: PersistentVolumeClaim[] = []
    let immediate = false
    for (const { name, ephemeral } of claims) {
      const claim = view.claim(pod.metadata.namespace ?? '', name)
      if (!claim) {
        return unresolvable(
          ephemeral
            ? `waiting for ephemeral volume controller to create the persistentvolumeclaim "${name}"`
            : `persistentvolumeclaim "${name}" not found`,
        )
      }
      if (claim.status?.phase === 'Lost') {
        return unresolvable(
          `persistentvolumeclaim "${name}" bound to non-existent persistentvolume "${claim.spec?.volumeName}"`,
        )
      }
      if (claim.metadata.deletionTimestamp !== undefined) {
        return unresolvable(`persistentvolumeclaim "${name}" is being deleted`)
      }
      if (isFullyBound(claim)) bound.push(claim)
      else if (isDelayed(claim, view)) delayed.push(claim)
      else immediate = true
    }
    if (immediate) return unresolvable('pod has unbound immediate PersistentVolumeClaims')
    return (node) => checkBound(node, bound, view) ?? checkDelayed(node, delayed, view)
  },
}

export function isFullyBound(claim: PersistentVolumeClaim): boolean {
  return !!claim.spec?.volumeName && claim.metadata.annotations?.['pv.kubernetes.io/bind-completed'] !== undefined
}

export function isDelayed(claim: PersistentVolumeClaim, view: ClusterView): boolean {
  const name = claim.spec?.storageClassName
  return !!name && !claim.spec?.volumeName && view.storageClass(name)?.volumeBindingMode === 'WaitForFirstConsumer'
}

function checkBound(
  node: NodeInfo,
  claims: readonly PersistentVolumeClaim[],
  view: ClusterView,
): Rejection | undefined {
  for (const claim of claims) {
    const volume = view.volume(claim.spec?.volumeName ?? '')
    if (!volume) return unresolvable('node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)')
    if (!volumeFitsNode(volume, node)) return unresolvable("node(s) didn't match PersistentVolume's node affinity")
  }
  return undefined
}

function checkDelayed(
  node: NodeInfo,
  claims: readonly PersistentVolumeClaim[],
  view: ClusterView,
): Rejection | undefined {
  const chosen = new Set<string>()
  for (const claim of claims) {
    const selected = claim.metadata.annotations?.[selectedNodeAnnotation]
    if (selected !== undefined && selected !== node.name) {
      return unresolvable("node(s) didn't match PersistentVolume's node affinity")
    }
    const volume = findVolume(claim, { view, node, taken: chosen })
    if (volume) {
      chosen.add(volume.metadata.name ?? '')
      continue
    }
    const provisioner = view.storageClass(claim.spec?.storageClassName ?? '')?.provisioner
    if (!provisioner || provisioner === noProvisioner) {
      return unresolvable("node(s) didn't find available persistent volumes to bind")
    }
  }
  return undefined
}

export function volumeFitsNode(volume: PersistentVolume, { node }: NodeInfo): boolean {
  const required = volume.spec?.nodeAffinity?.required
  return required === undefined || matchesNodeSelector(required, node)
}

/** The smallest free volume of the claim's class that the node can reach. */
export function findVolume(
  claim: PersistentVolumeClaim,
  { view, node, taken }: { view: ClusterView; node: NodeInfo; taken: ReadonlySet<string> },
): PersistentVolume | undefined {
  const wanted = parseQuantity(claim.spec?.resources?.requests?.['storage'] ?? '0')
  let best: PersistentVolume | undefined
  for (const volume of view.volumes()) {
    if (taken.has(volume.metadata.name ?? '') || volume.spec?.claimRef || volume.metadata.deletionTimestamp) continue
    if ((volume.spec?.storageClassName ?? '') !== (claim.spec?.storageClassName ?? '')) continue
    if (volume.status?.phase !== 'Available' && volume.status?.phase !== undefined) continue
    if (!claim.spec?.accessModes?.every((mode) => volume.spec?.accessModes?.includes(mode))) continue
    const capacity = capacityOf(volume)
    if (compareQuantities(capacity, wanted) < 0 || !volumeFitsNode(volume, node)) continue
    if (!best || compareQuantities(capacity, capacityOf(best)) < 0) best = volume
  }
  return best
}

function capacityOf({ spec }: PersistentVolume): Quantity {
  return parseQuantity(spec?.capacity?.['storage'] ?? '0')
}

/** ReadWriteOncePod claims that another pod of the cluster uses. Upstream: VolumeRestrictions. */
export const volumeRestrictions: FilterPlugin = {
  name: 'VolumeRestrictions',
  events: ['podRemoved', 'volume'],
  prepare({ pod, uid }, view) {
    const namespace = pod.metadata.namespace ?? ''
    const exclusive = claimsOf(pod).filter(({ name }) =>
      view.claim(namespace, name)?.spec?.accessModes?.includes('ReadWriteOncePod'),
    )
    if (exclusive.length === 0) return undefined
    for (const node of view.nodes.values()) {
      for (const other of node.pods.values()) {
        if (other.uid === uid || other.pod.metadata.namespace !== namespace) continue
        const names = new Set(claimsOf(other.pod).map(({ name }) => name))
        if (exclusive.some(({ name }) => names.has(name))) {
          return {
            reasons: [
              'node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod',
            ],
            unresolvable: false,
          }
        }
      }
    }
    return undefined
  },
}
