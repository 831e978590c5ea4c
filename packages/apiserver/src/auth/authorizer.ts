// Who may do what: RBAC over the objects in the store, with system:masters above all rules.
// Upstream: plugin/pkg/auth/authorizer/rbac; texts of refusals: apiserver pkg/endpoints/handlers/responsewriters.

import {
  type PolicyRule,
  type ResourceRequest,
  type StatusError,
  type UserInfo,
  failure,
  groupResourceString,
} from '@binnacle/api'
import type { RuleIndex } from './rule-index.ts'
import type { TokenVerifier } from './tokens.ts'

export interface ResourceAttributes {
  verb: string
  group: string
  resource: string
  subresource: string
  name: string
  namespace: string
}

export type AccessAttributes = ResourceAttributes | { verb: string; path: string }

export interface Decision {
  allowed: boolean
  /** Why, where it is allowed by a binding. */
  reason: string
}

const mastersGroup = 'system:masters'

export class Authorizer {
  readonly tokens: TokenVerifier
  readonly #rules: RuleIndex

  constructor(rules: RuleIndex, tokens: TokenVerifier) {
    this.#rules = rules
    this.tokens = tokens
  }

  decide(attributes: AccessAttributes, user: UserInfo): Decision {
    if (user.groups.includes(mastersGroup)) return { allowed: true, reason: '' }
    const binding = this.#rules.find(user, attributes)
    return binding === undefined ? { allowed: false, reason: '' } : { allowed: true, reason: binding }
  }

  rulesFor(user: UserInfo, namespace: string): { resourceRules: object[]; nonResourceRules: object[] } {
    return this.#rules.list(user, namespace)
  }

  /** All rules that hold for the user, there and everywhere. */
  rulesOf(user: UserInfo, namespace: string): PolicyRule[] {
    return this.#rules.rulesOf(user, namespace)
  }

  /** Throws Forbidden with upstream's text. */
  require(attributes: AccessAttributes, user: UserInfo): void {
    if (!this.decide(attributes, user).allowed) throw forbiddenRequest(attributes, user)
  }
}

/** A request for a Namespace object is a request inside that namespace (RequestInfo does the same). */
export function attributesOf(request: Omit<ResourceRequest, 'version'>): ResourceAttributes {
  const { verb, group, resource, subresource = '', name = '', namespace } = request
  const ownNamespace = group === '' && resource === 'namespaces' ? name : ''
  return { verb, group, resource, subresource, name, namespace: namespace ?? ownNamespace }
}

function forbiddenRequest(attributes: AccessAttributes, user: UserInfo): StatusError {
  if ('path' in attributes) {
    const { verb, path } = attributes
    return failure(
      'Forbidden',
      `forbidden: User ${JSON.stringify(user.username)} cannot ${verb} path ${JSON.stringify(path)}`,
      { details: {} },
    )
  }
  const { verb, group, resource, subresource, name, namespace } = attributes
  const what = subresource === '' ? resource : `${resource}/${subresource}`
  const scope =
    namespace !== '' && resource !== 'namespaces'
      ? ` in the namespace ${JSON.stringify(namespace)}`
      : ' at the cluster scope'
  const where = resource === 'namespaces' && namespace !== '' ? ` in the namespace ${JSON.stringify(namespace)}` : scope
  const quoted =
    name === ''
      ? groupResourceString({ group, resource })
      : `${groupResourceString({ group, resource })} ${JSON.stringify(name)}`
  const message = `${quoted} is forbidden: User ${JSON.stringify(user.username)} cannot ${verb} resource ${JSON.stringify(what)} in API group ${JSON.stringify(group)}${where}`
  return failure('Forbidden', message, {
    details: { ...(name === '' ? {} : { name }), ...(group === '' ? {} : { group }), kind: resource },
  })
}
