// The status of validating admission policies (pkg/controller/validatingadmissionpolicystatus).

import { type ValidatingAdmissionPolicy, deepEqual } from '@binnacle/api'
import type { Strategy } from '../strategy.ts'

/** Types are checked as expressions run; what a controller of its own finds upstream is therefore never a warning. */
export const validatingAdmissionPolicies: Strategy = {
  prepareForCreate(object) {
    const policy = object as ValidatingAdmissionPolicy
    policy.status = { observedGeneration: policy.metadata.generation ?? 1, typeChecking: {} }
  },
  prepareForUpdate(object, old, { subresource }) {
    if (subresource !== undefined) return
    const policy = object as ValidatingAdmissionPolicy
    if (deepEqual(policy.spec, (old as ValidatingAdmissionPolicy).spec)) return
    policy.status = { ...policy.status, observedGeneration: policy.metadata.generation ?? 1, typeChecking: {} }
  },
}
