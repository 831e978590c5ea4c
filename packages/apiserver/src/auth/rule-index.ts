// RBAC rules by subject, made from roles and bindings when they are first asked for after a change.

import type {
  ClusterRole,
  ClusterRoleBinding,
  KubeObject,
  PolicyRule,
  Role,
  RoleBinding,
  Subject,
  UserInfo,
} from '@binnacle/api'
import type { Store } from '@binnacle/store'
import type { AccessAttributes, ResourceAttributes } from './authorizer.ts'

const group = 'rbac.authorization.k8s.io'
const kinds = ['clusterroles', 'clusterrolebindings', 'roles', 'rolebindings'].map(
  (resource) => `${resource}.${group}/`,
)

interface Grant {
  /** undefined: everywhere. */
  namespace: string | undefined
  rules: readonly PolicyRule[]
  /** As upstream words the reason of a decision. */
  reason: string
}

export class RuleIndex {
  readonly #store: Store
  #grants: Map<string, Grant[]> | undefined

  constructor(store: Store) {
    this.#store = store
    for (const prefix of kinds) {
      store.watch({ prefix, fromRevision: store.revision, sink: { events: () => (this.#grants = undefined) } })
    }
  }

  /** The reason why a rule allows it; undefined where none does. */
  find(user: UserInfo, attributes: AccessAttributes): string | undefined {
    for (const { namespace, rules, reason } of this.#grantsOf(user)) {
      if ('path' in attributes) {
        if (namespace === undefined && rules.some((rule) => allowsPath(rule, attributes))) return reason
      } else if (namespace === undefined || namespace === attributes.namespace) {
        if (rules.some((rule) => allowsResource(rule, attributes))) return reason
      }
    }
    return undefined
  }

  list(user: UserInfo, inNamespace: string): { resourceRules: object[]; nonResourceRules: object[] } {
    const resourceRules: object[] = []
    const nonResourceRules: object[] = []
    if (user.groups.includes('system:masters')) {
      return {
        resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }],
        nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
      }
    }
    for (const { namespace, rules } of this.#grantsOf(user)) {
      if (namespace !== undefined && namespace !== inNamespace) continue
      for (const { verbs, apiGroups, resources, resourceNames, nonResourceURLs } of rules) {
        if (resources !== undefined && resources.length > 0)
          resourceRules.push({ verbs, apiGroups, resources, ...(resourceNames === undefined ? {} : { resourceNames }) })
        if (nonResourceURLs !== undefined && nonResourceURLs.length > 0)
          nonResourceRules.push({ verbs, nonResourceURLs })
      }
    }
    return { resourceRules, nonResourceRules }
  }

  rulesOf(user: UserInfo, inNamespace: string): PolicyRule[] {
    const rules: PolicyRule[] = []
    for (const grant of this.#grantsOf(user)) {
      if (grant.namespace === undefined || grant.namespace === inNamespace) rules.push(...grant.rules)
    }
    return rules
  }

  *#grantsOf({ username, groups }: UserInfo): Iterable<Grant> {
    this.#grants ??= this.#build()
    yield* this.#grants.get(`User:${username}`) ?? []
    for (const name of groups) yield* this.#grants.get(`Group:${name}`) ?? []
  }

  #build(): Map<string, Grant[]> {
    const grants = new Map<string, Grant[]>()
    const clusterRoles = new Map(this.#objects<ClusterRole>('clusterroles').map((role) => [role.metadata.name, role]))
    const roles = new Map(
      this.#objects<Role>('roles').map((role) => [`${role.metadata.namespace}/${role.metadata.name}`, role]),
    )
    const add = (
      subjects: readonly Subject[] | undefined,
      bindingNamespace: string | undefined,
      grant: Grant,
    ): void => {
      for (const subject of subjects ?? []) {
        const key = subjectKey(subject, bindingNamespace)
        const known = grants.get(key)
        if (known === undefined) grants.set(key, [grant])
        else known.push(grant)
      }
    }
    for (const { metadata, roleRef, subjects } of this.#objects<ClusterRoleBinding>('clusterrolebindings')) {
      const rules = clusterRoles.get(roleRef.name)?.rules ?? []
      const names = (subjects ?? []).map(({ kind, name }) => `${kind} ${JSON.stringify(name)}`).join(', ')
      add(subjects, undefined, {
        namespace: undefined,
        rules,
        reason: `RBAC: allowed by ClusterRoleBinding ${JSON.stringify(metadata.name)} of ClusterRole ${JSON.stringify(roleRef.name)} to ${names}`,
      })
    }
    for (const { metadata, roleRef, subjects } of this.#objects<RoleBinding>('rolebindings')) {
      const { namespace = '', name } = metadata
      const rules =
        (roleRef.kind === 'ClusterRole' ? clusterRoles.get(roleRef.name) : roles.get(`${namespace}/${roleRef.name}`))
          ?.rules ?? []
      const names = (subjects ?? []).map((subject) => `${subject.kind} ${JSON.stringify(subject.name)}`).join(', ')
      add(subjects, namespace, {
        namespace,
        rules,
        reason: `RBAC: allowed by RoleBinding ${JSON.stringify(`${name}/${namespace}`)} of ${roleRef.kind} ${JSON.stringify(roleRef.name)} to ${names}`,
      })
    }
    return grants
  }

  #objects<T extends KubeObject>(resource: string): T[] {
    return this.#store.range({ prefix: `${resource}.${group}/` }).items.map(({ object }) => object as T)
  }
}

function subjectKey({ kind, name, namespace }: Subject, bindingNamespace: string | undefined): string {
  if (kind === 'ServiceAccount') return `User:system:serviceaccount:${namespace ?? bindingNamespace ?? ''}:${name}`
  return `${kind}:${name}`
}

function allowsPath({ verbs, nonResourceURLs }: PolicyRule, { path, verb }: { path: string; verb: string }): boolean {
  if (!matches(verbs, verb)) return false
  return (nonResourceURLs ?? []).some(
    (allowed) =>
      allowed === '*' || allowed === path || (allowed.endsWith('*') && path.startsWith(allowed.slice(0, -1))),
  )
}

function allowsResource(
  rule: PolicyRule,
  { verb, group: apiGroup, resource, subresource, name }: ResourceAttributes,
): boolean {
  if (!matches(rule.verbs, verb) || !matches(rule.apiGroups ?? [], apiGroup)) return false
  const wanted = subresource === '' ? resource : `${resource}/${subresource}`
  const isResource = (rule.resources ?? []).some(
    (allowed) => allowed === '*' || allowed === wanted || (subresource !== '' && allowed === `*/${subresource}`),
  )
  if (!isResource) return false
  const names = rule.resourceNames ?? []
  return names.length === 0 || names.includes(name)
}

function matches(allowed: readonly string[], value: string): boolean {
  return allowed.includes('*') || allowed.includes(value)
}
