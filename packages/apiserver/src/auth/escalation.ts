// Nobody may grant rights that they do not hold: writes of roles and bindings by others than system:masters are held
// against the writer's own rules, unless the verbs `escalate` or `bind` allow it.
// Upstream: pkg/registry/rbac/{escalation_check.go,*/policybased/storage.go}.

import {
  type ClusterRole,
  type KubeObject,
  type PolicyRule,
  type RoleRef,
  type UserInfo,
  deepEqual,
  forbidden,
  notFound,
} from '@binnacle/api'
import type { AdmissionPlugin, AdmissionRequest } from '../admission.ts'
import type { Reader } from '../strategy.ts'
import type { Authorizer } from './authorizer.ts'
import { quotedList, rulesText, uncoveredRules } from './rule-coverage.ts'

const group = 'rbac.authorization.k8s.io'
const roleKinds: ReadonlySet<string> = new Set([`clusterroles.${group}`, `roles.${group}`])
const bindingKinds: ReadonlySet<string> = new Set([`clusterrolebindings.${group}`, `rolebindings.${group}`])

const everything: readonly PolicyRule[] = [
  { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
  { verbs: ['*'], nonResourceURLs: ['*'] },
]

interface Grant extends KubeObject {
  rules?: PolicyRule[]
  aggregationRule?: ClusterRole['aggregationRule']
  roleRef?: RoleRef
}

/** Runs as the last mutating plugin: it judges what would be kept. */
export function rbacEscalation(authorizer: Authorizer): AdmissionPlugin {
  return {
    name: 'RBACEscalation',

    admit(request, reader) {
      const { operation, resource, subresource, user } = request
      if (operation !== 'CREATE' && operation !== 'UPDATE') return
      const isRole = roleKinds.has(resource.storageKey)
      if (subresource !== undefined || (!isRole && !bindingKinds.has(resource.storageKey))) return
      if (user.groups.includes('system:masters') || changesOwnersOnly(request)) return
      if (isRole) requireRole(authorizer, request)
      else requireBinding(authorizer, request, reader)
    },
  }
}

function requireRole(authorizer: Authorizer, request: AdmissionRequest): void {
  const { resource, name, namespace = '', user } = request
  const attributes = { verb: 'escalate', group, resource: resource.resource, subresource: '', name, namespace }
  if (authorizer.decide(attributes, user).allowed) return
  const role: Grant | undefined = request.object
  if (role === undefined) return
  requireHeld(authorizer, request, role.rules ?? [])
  const before: Grant | undefined = request.oldObject
  if (!aggregates(role) && !(before !== undefined && aggregates(before))) return
  // What an aggregation rule gathers later, nobody can foresee.
  if (uncoveredRules(authorizer.rulesOf(user, namespace), everything).length > 0)
    throw forbidden(resource, role.metadata.name ?? '', 'must have cluster-admin privileges to use the aggregationRule')
}

function aggregates({ aggregationRule }: Grant): boolean {
  return (aggregationRule?.clusterRoleSelectors ?? []).length > 0
}

function requireBinding(authorizer: Authorizer, request: AdmissionRequest, reader: Reader): void {
  const { resource, namespace = '', user } = request
  const { roleRef }: Partial<Grant> = request.object ?? {}
  // Validation says what is wrong with a reference that is none.
  if (roleRef === undefined || (roleRef.kind !== 'ClusterRole' && roleRef.kind !== 'Role')) return
  const isClusterRole = roleRef.kind === 'ClusterRole'
  const attributes = {
    verb: 'bind',
    group: roleRef.apiGroup ?? group,
    resource: isClusterRole ? 'clusterroles' : 'roles',
    subresource: '',
    name: roleRef.name,
    namespace,
  }
  if (authorizer.decide(attributes, user).allowed) return
  const role = isClusterRole
    ? reader.get<ClusterRole>(`clusterroles.${group}`, undefined, roleRef.name)
    : reader.get<ClusterRole>(`roles.${group}`, namespace, roleRef.name)
  if (role === undefined) throw notFound(resource, roleRef.name)
  requireHeld(authorizer, request, role.rules ?? [])
}

function requireHeld(
  authorizer: Authorizer,
  { resource, object, namespace = '', user }: AdmissionRequest,
  rules: readonly PolicyRule[],
): void {
  const missing = uncoveredRules(authorizer.rulesOf(user, namespace), rules)
  if (missing.length > 0) throw forbidden(resource, object?.metadata.name ?? '', grantText(user, missing))
}

function grantText({ username, groups }: UserInfo, missing: readonly PolicyRule[]): string {
  return `user ${JSON.stringify(username)} (groups=${quotedList(groups)}) is attempting to grant RBAC permissions not currently held:\n${rulesText(missing)}`
}

/** What the garbage collector changes grants nobody anything. */
function changesOwnersOnly({ object, oldObject }: AdmissionRequest): boolean {
  if (object === undefined || oldObject === undefined) return false
  const rest = ({ metadata, ...others }: KubeObject): unknown => {
    const { ownerReferences: _owners, finalizers: _finalizers, managedFields: _managed, ...kept } = metadata
    return { ...others, metadata: kept }
  }
  return deepEqual(rest(object), rest(oldObject))
}
