// Claims of class WaitForFirstConsumer are bound when it is known where their pod goes.

import type { PersistentVolumeClaim, Pod } from '@binnacle/api'
import { persistentVolumeClaims } from '@binnacle/client'
import type { Client } from '@binnacle/client'
import type { ClusterView } from './plugin.ts'
import { claimsOf, isDelayed, isFullyBound, selectedNodeAnnotation } from './plugins/volume-binding.ts'

/**
 * Tells the PV controller where the pod goes, for claims that waited to know. True where there was something to tell; the
 * pod is then not bound yet. Upstream: volumeBinder.bindAPIUpdate.
 */
export async function selectNodeForClaims(
  pod: Pod,
  { node, view, client }: { node: string; view: ClusterView; client: Client },
): Promise<boolean> {
  const namespace = pod.metadata.namespace ?? ''
  let waiting = false
  for (const { name } of claimsOf(pod)) {
    const claim = view.claim(namespace, name)
    if (!claim || isFullyBound(claim) || !isDelayed(claim, view)) continue
    waiting = true
    if (claim.metadata.annotations?.[selectedNodeAnnotation] === node) continue
    await client.patch<PersistentVolumeClaim>(
      persistentVolumeClaims,
      { namespace, name },
      {
        type: 'application/merge-patch+json',
        body: { metadata: { annotations: { [selectedNodeAnnotation]: node } } },
      },
    )
  }
  return waiting
}
