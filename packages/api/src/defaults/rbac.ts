// Defaults of role bindings (pkg/apis/rbac/v1/defaults.go).

import type { ClusterRoleBinding, RoleBinding } from '../generated/kinds.ts'

const group = 'rbac.authorization.k8s.io'

export function defaultBinding(binding: RoleBinding | ClusterRoleBinding): void {
  if (binding.roleRef) binding.roleRef.apiGroup ||= group
  for (const subject of binding.subjects ?? []) {
    if (subject.kind === 'User' || subject.kind === 'Group') subject.apiGroup ||= group
  }
}
