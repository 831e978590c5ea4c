// Resources that are questions, not objects: nothing of them is kept.

import { type KubeObject, failure, methodNotAllowed } from '@binnacle/api'
import type { Call, Outcome } from '../call.ts'
import type { DispatchContext } from '../dispatch-context.ts'
import { accessReview, localAccessReview, rulesReview, selfAccessReview } from './access-reviews.ts'
import { bindingByBody } from './bindings.ts'
import { componentStatuses } from './component-statuses.ts'
import { tokenReview } from './token-review.ts'
import { wireUser } from './wire-user.ts'

export type VirtualResource = (context: DispatchContext, call: Call) => Promise<Outcome>

/** By storage key. */
export const virtualResources: Readonly<Record<string, VirtualResource>> = {
  bindings: bindingByBody,
  componentstatuses: componentStatuses,
  'localsubjectaccessreviews.authorization.k8s.io': createOnly(localAccessReview),
  'selfsubjectaccessreviews.authorization.k8s.io': createOnly(selfAccessReview),
  'selfsubjectreviews.authentication.k8s.io': createOnly(selfReview),
  'selfsubjectrulesreviews.authorization.k8s.io': createOnly(rulesReview),
  'subjectaccessreviews.authorization.k8s.io': createOnly(accessReview),
  'tokenreviews.authentication.k8s.io': createOnly(tokenReview),
}

type Review = (context: DispatchContext, call: Call) => KubeObject | Promise<KubeObject>

function createOnly(review: Review): VirtualResource {
  return async (context, call) => {
    if (call.request.verb !== 'create') throw methodNotAllowed()
    if (typeof call.request.body !== 'object' || call.request.body === null)
      throw failure('BadRequest', 'the body of the request must be an object')
    const object = await review(context, call)
    return { type: 'object', code: 201, item: { object, revision: 0 }, row: call.row }
  }
}

function selfReview(context: DispatchContext, { user }: Call): KubeObject {
  const review: KubeObject & { status: { userInfo: unknown } } = {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'SelfSubjectReview',
    metadata: { creationTimestamp: new Date(context.engine.backend.clock.now()).toISOString().replace(/\.\d+Z$/, 'Z') },
    status: { userInfo: wireUser(user) },
  }
  return review
}
