// CertificateSigningRequests: who asked is written down by the server; /approval writes the conditions Approved and
// Denied only. Upstream: pkg/registry/certificates/certificates/strategy.go.

import { type CertificateSigningRequest, type KubeObject, formatTime } from '@binnacle/api'
import type { Strategy, WriteContext } from '../strategy.ts'

export const certificateSigningRequests: Strategy = {
  prepareForCreate(object, { user }) {
    const { spec } = object as CertificateSigningRequest
    if (spec === undefined) return
    spec.username = user.username
    spec.groups = [...user.groups]
    if (user.uid) spec.uid = user.uid
    else delete spec.uid
    const extra: Record<string, string[]> = {}
    for (const [key, values] of Object.entries(user.extra ?? {})) extra[key] = [...values]
    if (Object.keys(extra).length > 0) spec.extra = extra
    else delete spec.extra
  },

  prepareForUpdate(object, old, context) {
    if (context.subresource === 'status')
      keepDecision(object as CertificateSigningRequest, old as CertificateSigningRequest)
    if (context.subresource === 'approval') keepAllButConditions(object, old, context)
  },
}

function isDecision({ type }: { type: string }): boolean {
  return type === 'Approved' || type === 'Denied'
}

function keepDecision(request: CertificateSigningRequest, old: CertificateSigningRequest): void {
  const kept = (old.status?.conditions ?? []).filter(isDecision)
  const given = (request.status?.conditions ?? []).filter((condition) => !isDecision(condition))
  if (kept.length + given.length > 0) request.status = { ...request.status, conditions: [...kept, ...given] }
}

function keepAllButConditions(object: KubeObject, old: KubeObject, { backend }: WriteContext): void {
  const request = object as CertificateSigningRequest
  const before = old as CertificateSigningRequest
  const now = formatTime(backend.clock.now())
  const conditions = (request.status?.conditions ?? []).map((condition) => ({
    ...condition,
    status: condition.status ?? 'True',
    lastUpdateTime: condition.lastUpdateTime ?? now,
    lastTransitionTime: condition.lastTransitionTime ?? now,
  }))
  request.spec = before.spec
  request.status = { ...before.status, ...(conditions.length === 0 ? {} : { conditions }) }
}
