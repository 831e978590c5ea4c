// Priority: a pod's number and preemption policy come from its class; one class at most is the default.
// Upstream: plugin/pkg/admission/priority.

import { type Pod, type PriorityClass, forbidden } from '@binnacle/api'
import type { AdmissionPlugin, AdmissionRequest } from '../admission.ts'
import type { Reader } from '../strategy.ts'

const classesKey = 'priorityclasses.scheduling.k8s.io'

export const priority: AdmissionPlugin = {
  name: 'Priority',

  admit(request, reader) {
    const { operation, resource, subresource, object } = request
    if (resource.storageKey !== 'pods' || subresource || object === undefined) return
    if (operation === 'CREATE') setPriority(object, request, reader)
  },

  validate({ operation, resource, object, name }, reader) {
    if (resource.storageKey !== classesKey || (operation !== 'CREATE' && operation !== 'UPDATE')) return
    const candidate: PriorityClass | undefined = object
    if (candidate?.globalDefault !== true) return
    const other = reader
      .list<PriorityClass>(classesKey)
      .find((known) => known.globalDefault === true && known.metadata.name !== candidate.metadata.name)
    if (other === undefined) return
    const why = `PriorityClass ${other.metadata.name} is already marked as default. Only one default can exist`
    throw forbidden(resource, name || candidate.metadata.name || '', why)
  },
}

function setPriority(pod: Pod, { name }: AdmissionRequest, reader: Reader): void {
  const { spec } = pod
  if (spec === undefined) return
  const refuse = (why: string): Error =>
    forbidden({ group: '', resource: 'pods' }, name || pod.metadata.name || '', why)
  let chosen: PriorityClass | undefined
  if (spec.priorityClassName) {
    chosen = reader.get<PriorityClass>(classesKey, undefined, spec.priorityClassName)
    if (chosen === undefined) throw refuse(`no PriorityClass with name ${spec.priorityClassName} was found`)
  } else {
    for (const candidate of reader.list<PriorityClass>(classesKey)) {
      if (candidate.globalDefault === true && (chosen === undefined || (candidate.value ?? 0) < (chosen.value ?? 0)))
        chosen = candidate
    }
    if (chosen?.metadata.name !== undefined) spec.priorityClassName = chosen.metadata.name
  }
  const value = chosen?.value ?? 0
  if (spec.priority != null && spec.priority !== value) {
    throw refuse(
      `the integer value of priority (${spec.priority}) must not be provided in pod spec; priority admission controller computed ${value} from the given PriorityClass name`,
    )
  }
  spec.priority = value
  const policy = chosen?.preemptionPolicy ?? 'PreemptLowerPriority'
  if (spec.preemptionPolicy && spec.preemptionPolicy !== policy) {
    throw refuse(
      `the string value of PreemptionPolicy (${spec.preemptionPolicy}) must not be provided in pod spec; priority admission controller computed ${policy} from the given PriorityClass name`,
    )
  }
  spec.preemptionPolicy = policy
}
