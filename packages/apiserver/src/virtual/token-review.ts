// TokenReview: who a bearer token stands for. Upstream: pkg/registry/authentication/tokenreview.

import { type KubeObject, badRequest } from '@binnacle/api'
import type { Call } from '../call.ts'
import type { DispatchContext } from '../dispatch-context.ts'
import { wireUser } from './wire-user.ts'

interface TokenReview extends KubeObject {
  spec?: { token?: string; audiences?: string[] }
  status?: unknown
}

export async function tokenReview({ authorizer }: DispatchContext, { request, row }: Call): Promise<KubeObject> {
  const review = request.body as TokenReview
  const { token = '', audiences } = review.spec ?? {}
  if (token === '') throw badRequest(`token is required for TokenReview in authentication`)
  const found = await authorizer.tokens.verify(token, audiences)
  const answered: TokenReview = {
    ...review,
    apiVersion: row.apiVersion,
    kind: row.info.kind,
    metadata: review.metadata ?? {},
    status:
      'error' in found
        ? { user: {}, error: found.error }
        : { authenticated: true, user: wireUser(found.user), audiences: found.audiences },
  }
  return answered
}
