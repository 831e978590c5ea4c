// DefaultTolerationSeconds: pods stay five minutes on a node that is not ready or not reached.
// Upstream: plugin/pkg/admission/defaulttolerationseconds.

import type { Pod } from '@binnacle/api'
import type { AdmissionPlugin } from '../admission.ts'

const keys = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'] as const

export const defaultTolerationSeconds: AdmissionPlugin = {
  name: 'DefaultTolerationSeconds',

  admit({ operation, resource, subresource, object }) {
    if (resource.storageKey !== 'pods' || subresource || (operation !== 'CREATE' && operation !== 'UPDATE')) return
    const pod: Pod | undefined = object
    if (pod?.spec === undefined) return
    for (const key of keys) {
      const isTolerated = pod.spec.tolerations?.some(
        (toleration) =>
          (!toleration.key || toleration.key === key) && (!toleration.effect || toleration.effect === 'NoExecute'),
      )
      if (isTolerated) continue
      const added = { key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 } as const
      pod.spec.tolerations = [...(pod.spec.tolerations ?? []), added]
    }
  },
}
