// RuntimeClass: overhead and node selection of a pod come from its class. Upstream: plugin/pkg/admission/runtimeclass.

import { type Pod, type RuntimeClass, deepEqual, forbidden } from '@binnacle/api'
import type { AdmissionPlugin } from '../admission.ts'

export const runtimeClass: AdmissionPlugin = {
  name: 'RuntimeClass',

  admit({ operation, resource, subresource, object, name }, reader) {
    if (operation !== 'CREATE' || resource.storageKey !== 'pods' || subresource) return
    const pod: Pod | undefined = object
    if (pod?.spec === undefined) return
    const refuse = (why: string): Error =>
      forbidden({ group: '', resource: 'pods' }, name || pod.metadata.name || '', why)
    const { runtimeClassName } = pod.spec
    if (!runtimeClassName) {
      if (Object.keys(pod.spec.overhead ?? {}).length > 0)
        throw refuse('pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead')
      return
    }
    const chosen = reader.get<RuntimeClass>('runtimeclasses.node.k8s.io', undefined, runtimeClassName)
    if (chosen === undefined) throw refuse(`pod rejected: RuntimeClass "${runtimeClassName}" not found`)
    const fixed = chosen.overhead?.podFixed
    if (fixed === undefined && Object.keys(pod.spec.overhead ?? {}).length > 0) {
      throw refuse('pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead')
    }
    if (fixed !== undefined) {
      if (pod.spec.overhead !== undefined && !deepEqual(pod.spec.overhead, fixed)) {
        throw refuse("pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead")
      }
      pod.spec.overhead = { ...fixed }
    }
    const { nodeSelector = {}, tolerations = [] } = chosen.scheduling ?? {}
    for (const [key, value] of Object.entries(nodeSelector)) {
      const given = pod.spec.nodeSelector?.[key]
      if (given !== undefined && given !== value) {
        throw refuse(
          'conflict: runtimeClass.scheduling.nodeSelector[' +
            key +
            '] = ' +
            value +
            '; pod.spec.nodeSelector[' +
            key +
            '] = ' +
            given,
        )
      }
    }
    if (Object.keys(nodeSelector).length > 0) pod.spec.nodeSelector = { ...pod.spec.nodeSelector, ...nodeSelector }
    const known = pod.spec.tolerations ?? []
    const added = tolerations.filter((toleration) => !known.some((existing) => deepEqual(existing, toleration)))
    if (added.length > 0) pod.spec.tolerations = [...known, ...added.map((toleration) => ({ ...toleration }))]
  },
}
