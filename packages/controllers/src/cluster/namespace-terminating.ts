// The API server refuses creates in a namespace that is going; a controller has nothing to do there then.

import { isForbidden, StatusError } from '@binnacle/api'

/** Upstream: errors.HasStatusCause(err, v1.NamespaceTerminatingCause). */
export function isTerminating(error: unknown): boolean {
  return (
    isForbidden(error) &&
    error instanceof StatusError &&
    (error.status.details?.causes?.some(({ reason }) => reason === 'NamespaceTerminating') ?? false)
  )
}
