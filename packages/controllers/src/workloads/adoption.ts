// Whether an owner may take over objects that nobody owns. Upstream: pkg/controller/controller_ref_manager.go
// (RecheckDeletionTimestamp).

import { type KubeObject, isNotFound } from '@binnacle/api'
import { type Client, type ResourceRef, objectKey, splitKey } from '@binnacle/client'

/**
 * Asks the API, not the informer, which may not know yet that the owner is being deleted or that another bears its name:
 * what is adopted then would be deleted with it.
 */
export async function mayAdopt(client: Client, ref: ResourceRef, owner: KubeObject): Promise<boolean> {
  try {
    const { metadata } = await client.get(ref, splitKey(objectKey(owner)))
    return metadata.uid === owner.metadata.uid && metadata.deletionTimestamp === undefined
  } catch (error) {
    if (isNotFound(error)) return false
    throw error
  }
}
