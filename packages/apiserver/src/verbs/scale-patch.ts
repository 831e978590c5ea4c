// Scale (autoscaling/v1) and its patches: it is no object of the store, yet takes the same documents.

import { type KubeObject, type ResourceRequest, applyJsonPatch, applyMergePatch } from '@binnacle/api'

export interface Scale extends KubeObject {
  spec?: { replicas?: number }
  status?: { replicas: number; selector?: string }
}

export function patchScale(current: Scale, { patchType, body }: ResourceRequest): Scale {
  const patched: unknown =
    patchType === 'application/json-patch+json' ? applyJsonPatch(current, body) : applyMergePatch(current, body)
  return patched as Scale
}
