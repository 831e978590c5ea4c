// What the user may do in a namespace: a SelfSubjectRulesReview, so that what is refused anyway is not offered.

import { ask } from './kube-api.ts'

interface Rule {
  verbs: readonly string[]
  apiGroups?: readonly string[]
  resources?: readonly string[]
}

export interface Access {
  can(verb: string, resource: { group: string; resource: string }): boolean
}

export async function accessIn(namespace: string): Promise<Access> {
  const review = await ask<{ status?: { resourceRules?: Rule[]; incomplete?: boolean } }>(
    '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews',
    {
      method: 'POST',
      body: { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectRulesReview', spec: { namespace } },
    },
  )
  const rules = review.status?.resourceRules ?? []
  // Where an authorizer cannot list its rules, the server is asked at the time and its refusal is shown.
  const incomplete = review.status?.incomplete === true
  const has = (list: readonly string[] | undefined, value: string): boolean =>
    list?.some((one) => one === '*' || one === value) === true
  return {
    can: (verb, { group, resource }) =>
      incomplete ||
      rules.some((rule) => has(rule.verbs, verb) && has(rule.apiGroups, group) && has(rule.resources, resource)),
  }
}
