// Who may do what: RBAC over the objects in the store, with system:masters above all rules.
// Upstream: plugin/pkg/auth/authorizer/rbac; texts of refusals: apiserver pkg/endpoints/handlers/responsewriters.

import { type ResourceInfo, type ResourceRequest, type UserInfo, failure, groupResourceString } from '@binnacle/api'
import type { RuleIndex } from './rule-index.ts'
import type { TokenVerifier } from './tokens.ts'

export type AccessAttributes =
  | { verb: string; group: string; resource: string; subresource: string; name: string; namespace: string }
  | { verb: string; path: string }

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

  /** Throws Forbidden with upstream's text. */
  async requireAllowed(request: ResourceRequest, info: ResourceInfo, user: UserInfo): Promise<void> {
    const attributes = {
      verb: request.verb,
      group: info.group,
      resource: info.resource,
      subresource: request.subresource ?? '',
      name: request.name ?? '',
      namespace:
        info.namespaced || info.resource === 'namespaces' ? (request.namespace ?? namespaceOf(info, request)) : '',
    }
    if (this.decide(attributes, user).allowed) return
    throw forbiddenRequest(attributes, user)
  }

  requirePath(path: string, verb: string, user: UserInfo): void {
    if (this.decide({ path, verb }, user).allowed) return
    throw failure(
      'Forbidden',
      `forbidden: User ${JSON.stringify(user.username)} cannot ${verb} path ${JSON.stringify(path)}`,
      { details: {} },
    )
  }
}

/** A request for a Namespace object is a request inside that namespace (RequestInfo does the same). */
function namespaceOf(info: ResourceInfo, request: ResourceRequest): string {
  return info.group === '' && info.resource === 'namespaces' ? (request.name ?? '') : ''
}

export function forbiddenRequest(
  attributes: Extract<AccessAttributes, { resource: string }>,
  user: UserInfo,
): ReturnType<typeof failure> {
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
