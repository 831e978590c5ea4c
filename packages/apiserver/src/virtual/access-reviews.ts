// SubjectAccessReview and its relatives: the authorizer, asked by name. Upstream: pkg/registry/authorization.

import { type KubeObject, type UserInfo, badRequest, field, invalid } from '@binnacle/api'
import type { AccessAttributes } from '../auth/authorizer.ts'
import type { Call } from '../call.ts'
import type { DispatchContext } from '../dispatch-context.ts'

interface ReviewSpec {
  resourceAttributes?: {
    namespace?: string
    verb?: string
    group?: string
    version?: string
    resource?: string
    subresource?: string
    name?: string
  }
  nonResourceAttributes?: { path?: string; verb?: string }
  user?: string
  groups?: string[]
  uid?: string
  extra?: Record<string, string[]>
}

interface Review extends KubeObject {
  spec: ReviewSpec
}

export function accessReview(context: DispatchContext, call: Call): KubeObject {
  const review = reviewOf(call)
  return answer(context, review, subjectOf(review, call))
}

export function selfAccessReview(context: DispatchContext, call: Call): KubeObject {
  return answer(context, reviewOf(call), call.user)
}

export function localAccessReview(context: DispatchContext, call: Call): KubeObject {
  const review = reviewOf(call)
  if (review.spec.resourceAttributes?.namespace !== call.request.namespace) {
    throw invalid({ group: call.row.info.group, kind: '' }, '', [
      field.invalid(
        'spec.resourceAttributes.namespace',
        review.spec.resourceAttributes?.namespace ?? '',
        'must match metadata.namespace',
      ),
    ])
  }
  return answer(context, review, subjectOf(review, call))
}

export function rulesReview({ authorizer }: DispatchContext, call: Call): KubeObject {
  const { spec } = call.request.body as { spec?: { namespace?: string } }
  const namespace = spec?.namespace ?? ''
  if (namespace === '') throw badRequest('no namespace on request')
  const { resourceRules, nonResourceRules } = authorizer.rulesFor(call.user, namespace)
  const review: KubeObject & Record<string, unknown> = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectRulesReview',
    metadata: {},
    spec: {},
    status: { resourceRules, nonResourceRules, incomplete: false },
  }
  return review
}

function reviewOf({ request, row }: Call): Review {
  const review = request.body as Review
  const { resourceAttributes, nonResourceAttributes } = review.spec ?? {}
  if ((resourceAttributes === undefined) === (nonResourceAttributes === undefined)) {
    const detail =
      resourceAttributes === undefined
        ? 'exactly one of nonResourceAttributes or resourceAttributes must be specified'
        : 'cannot be specified in combination with resourceAttributes'
    const path = resourceAttributes === undefined ? 'spec.resourceAttributes' : 'spec.nonResourceAttributes'
    throw invalid({ group: row.info.group, kind: '' }, '', [field.invalid(path, null, detail)])
  }
  return review
}

function subjectOf({ spec }: Review, { row }: Call): UserInfo {
  if (!spec.user && (spec.groups?.length ?? 0) === 0) {
    throw invalid({ group: row.info.group, kind: '' }, '', [
      field.invalid('spec.user', spec.user ?? '', 'at least one of user or group must be specified'),
    ])
  }
  return {
    username: spec.user ?? '',
    groups: spec.groups ?? [],
    ...(spec.uid === undefined ? {} : { uid: spec.uid }),
    ...(spec.extra === undefined ? {} : { extra: spec.extra }),
  }
}

function answer({ authorizer }: DispatchContext, review: Review, user: UserInfo): KubeObject {
  const decision = authorizer.decide(attributesOf(review.spec), user)
  const answered: KubeObject & Record<string, unknown> = {
    ...review,
    metadata: review.metadata ?? {},
    status: { allowed: decision.allowed, ...(decision.reason === '' ? {} : { reason: decision.reason }) },
  }
  return answered
}

function attributesOf({ resourceAttributes, nonResourceAttributes }: ReviewSpec): AccessAttributes {
  if (resourceAttributes === undefined) {
    return { verb: nonResourceAttributes?.verb ?? '', path: nonResourceAttributes?.path ?? '' }
  }
  const { verb = '', group = '', resource = '', subresource = '', name = '', namespace = '' } = resourceAttributes
  return { verb, group, resource, subresource, name, namespace }
}
