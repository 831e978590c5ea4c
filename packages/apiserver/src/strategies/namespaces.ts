// Namespaces: held by spec.finalizers until their content is gone. Upstream: pkg/registry/core/namespace.

import type { KubeObject, Namespace } from '@binnacle/api'
import type { Strategy } from '../strategy.ts'

const nameLabel = 'kubernetes.io/metadata.name'

export const namespaces: Strategy = {
  prepareForCreate: label,

  prepareForUpdate(object, old, { subresource }) {
    if (subresource === 'finalize') keepAllButFinalizers(object, old)
    label(object)
  },

  markDeleted(object) {
    const namespace: Namespace = object
    namespace.status = { ...namespace.status, phase: 'Terminating' }
    // Namespaces know no grace period.
    delete object.metadata.deletionGracePeriodSeconds
  },

  isHeld: (object) => ((object as Namespace).spec?.finalizers?.length ?? 0) > 0,
}

function label({ metadata }: KubeObject): void {
  if (metadata.name) metadata.labels = { ...metadata.labels, [nameLabel]: metadata.name }
}

/** namespaceFinalizeStrategy: the status stays; the last finalizer removed lets a deleted Namespace go. */
function keepAllButFinalizers(object: Namespace, old: Namespace): void {
  if (old.status === undefined) delete object.status
  else object.status = old.status
}
