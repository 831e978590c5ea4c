// Namespaces: held by spec.finalizers until their content is gone. Upstream: pkg/registry/core/namespace.

import { type KubeObject, type Namespace, conflict, notFound, staleObject } from '@binnacle/api'
import type { Strategy, SubresourceCall } from '../strategy.ts'
import { writeObject } from './write-object.ts'

const nameLabel = 'kubernetes.io/metadata.name'

export const namespaces: Strategy = {
  prepareForCreate: label,
  prepareForUpdate: label,

  markDeleted(object) {
    const namespace = object as Namespace
    namespace.status = { ...namespace.status, phase: 'Terminating' }
  },

  isHeld: (object) => ((object as Namespace).spec?.finalizers?.length ?? 0) > 0,

  subresources: { finalize },
}

function label({ metadata }: KubeObject): void {
  if (metadata.name) metadata.labels = { ...metadata.labels, [nameLabel]: metadata.name }
}

/** PUT of the Namespace whose spec.finalizers replace the kept ones; the last one removed lets a deleted Namespace go. */
async function finalize(call: SubresourceCall): Promise<KubeObject> {
  const body = call.request.body as Namespace
  return writeObject(call, (current) => {
    const namespace = current as Namespace | undefined
    if (namespace === undefined) throw notFound(call.resource, call.name)
    const wanted = body.metadata.resourceVersion
    if (wanted && wanted !== namespace.metadata.resourceVersion) throw conflict(call.resource, call.name, staleObject)
    const spec = { ...namespace.spec, finalizers: body.spec?.finalizers ?? [] }
    const next: Namespace = { ...namespace, spec }
    const isDone = spec.finalizers.length === 0 && (namespace.metadata.finalizers?.length ?? 0) === 0
    return isDone && namespace.metadata.deletionTimestamp !== undefined ? { remove: true, lastState: next } : { put: next }
  })
}
