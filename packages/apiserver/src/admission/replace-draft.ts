// What a patch made takes the place of the draft.

import { type KubeObject, applyDefaults, cloneJson, systemClock } from '@binnacle/api'
import type { AdmissionRequest } from '../admission.ts'

/** The draft stays the same object: whoever comes after holds it. */
export function replaceDraft({ resource, subresource }: AdmissionRequest, draft: KubeObject, made: KubeObject): void {
  const next = cloneJson(made)
  // Custom kinds, which have a schema of their own, get their defaults when they are read.
  if (!subresource && resource.jsonSchema === undefined) applyDefaults(resource, next, () => systemClock.now())
  for (const name of Object.keys(draft)) delete (draft as unknown as Record<string, unknown>)[name]
  Object.assign(draft, next)
}
