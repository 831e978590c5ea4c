// Patches of a Scale, which is no object of the store: the same documents as for objects.

import { type ResourceRequest, applyJsonPatch, applyMergePatch } from '@binnacle/api'
import type { Scale } from './custom-scale.ts'

export function patchScale(current: Scale, { patchType, body }: ResourceRequest): Scale {
  const patched =
    patchType === 'application/json-patch+json' ? applyJsonPatch(current, body) : applyMergePatch(current, body)
  return patched as Scale
}
