// RBAC (pkg/apis/rbac/validation).

import { field } from '../field-error.ts'
import type {
  ClusterRole,
  ClusterRoleBinding,
  PolicyRule,
  Role,
  RoleBinding,
  RoleRef,
  Subject,
} from '../generated/kinds.ts'
import { nameIsDnsSubdomain, nameIsPathSegment } from '../names.ts'
import { semanticallyEqual } from '../semantic-equality.ts'
import { addInvalid, validateLabelSelector, type FieldErrors } from './fields.ts'
import type { KindValidation } from './kind-validation.ts'

const group = 'rbac.authorization.k8s.io'

function validateRules(rules: readonly PolicyRule[], namespaced: boolean, errors: FieldErrors): void {
  for (const [index, rule] of rules.entries()) {
    const path = `rules[${index}]`
    const urls = rule.nonResourceURLs ?? []
    if ((rule.verbs?.length ?? 0) === 0) {
      errors.push(field.required(`${path}.verbs`, 'verbs must contain at least one value'))
    }
    if (urls.length > 0) {
      const at = `${path}.nonResourceURLs`
      if (namespaced) errors.push(field.invalid(at, urls, 'namespaced rules cannot apply to non-resource URLs'))
      if (rule.apiGroups?.length || rule.resources?.length || rule.resourceNames?.length) {
        errors.push(field.invalid(at, urls, 'rules cannot apply to both regular resources and non-resource URLs'))
      }
      continue
    }
    if ((rule.apiGroups?.length ?? 0) === 0) {
      errors.push(field.required(`${path}.apiGroups`, 'resource rules must supply at least one api group'))
    }
    if ((rule.resources?.length ?? 0) === 0) {
      errors.push(field.required(`${path}.resources`, 'resource rules must supply at least one resource'))
    }
  }
}

function validateClusterRole(role: ClusterRole, errors: FieldErrors): void {
  validateRules(role.rules ?? [], false, errors)
  if (!role.aggregationRule) return
  const path = 'aggregationRule.clusterRoleSelectors'
  const selectors = role.aggregationRule.clusterRoleSelectors ?? []
  if (selectors.length === 0) {
    errors.push(field.required(path, 'at least one clusterRoleSelector required if aggregationRule is non-nil'))
  }
  for (const [index, selector] of selectors.entries()) validateLabelSelector(errors, `${path}[${index}]`, selector)
}

type Binding = RoleBinding | ClusterRoleBinding

function validateBinding(binding: Binding, namespaced: boolean, errors: FieldErrors): void {
  const reference: Partial<RoleRef> = binding.roleRef ?? {}
  const { apiGroup = '', kind = '', name = '' } = reference
  if (apiGroup !== group) errors.push(field.notSupported('roleRef.apiGroup', apiGroup, [group]))
  const kinds = namespaced ? ['Role', 'ClusterRole'] : ['ClusterRole']
  if (!kinds.includes(kind)) errors.push(field.notSupported('roleRef.kind', kind, kinds))
  if (name === '') errors.push(field.required('roleRef.name', ''))
  else addInvalid(errors, 'roleRef.name', name, nameIsPathSegment(name))
  for (const [index, subject] of (binding.subjects ?? []).entries()) {
    validateSubject(errors, `subjects[${index}]`, subject, namespaced)
  }
}

function validateSubject(errors: FieldErrors, path: string, subject: Subject, namespaced: boolean): void {
  const apiGroup = subject.apiGroup ?? ''
  if (!subject.name) errors.push(field.required(`${path}.name`, ''))
  switch (subject.kind) {
    case 'ServiceAccount':
      if (subject.name) addInvalid(errors, `${path}.name`, subject.name, nameIsDnsSubdomain(subject.name))
      if (apiGroup !== '') errors.push(field.notSupported(`${path}.apiGroup`, apiGroup, ['']))
      if (!namespaced && !subject.namespace) errors.push(field.required(`${path}.namespace`, ''))
      break
    case 'User':
    case 'Group':
      if (apiGroup !== group) errors.push(field.notSupported(`${path}.apiGroup`, apiGroup, [group]))
      break
    default:
      errors.push(field.notSupported(`${path}.kind`, subject.kind ?? '', ['ServiceAccount', 'User', 'Group']))
  }
}

function validateRoleRefKept(binding: Binding, old: Binding, errors: FieldErrors): void {
  if (semanticallyEqual(binding.roleRef, old.roleRef)) return
  const { apiGroup, kind, name } = binding.roleRef
  // Upstream prints its internal type here, whose fields have no JSON names.
  errors.push(field.invalid('roleRef', { APIGroup: apiGroup, Kind: kind, Name: name }, 'cannot change roleRef'))
}

export const rbacValidations: Readonly<Record<string, KindValidation>> = {
  [`${group}/Role`]: {
    name: nameIsPathSegment,
    create: (object: Role, errors) => validateRules(object.rules ?? [], true, errors),
  },
  [`${group}/ClusterRole`]: { name: nameIsPathSegment, create: validateClusterRole },
  [`${group}/RoleBinding`]: {
    name: nameIsPathSegment,
    create: (object: RoleBinding, errors) => validateBinding(object, true, errors),
    update: (object: RoleBinding, old: RoleBinding, errors) => {
      validateBinding(object, true, errors)
      validateRoleRefKept(object, old, errors)
    },
  },
  [`${group}/ClusterRoleBinding`]: {
    name: nameIsPathSegment,
    create: (object: ClusterRoleBinding, errors) => validateBinding(object, false, errors),
    update: (object: ClusterRoleBinding, old: ClusterRoleBinding, errors) => {
      validateBinding(object, false, errors)
      validateRoleRefKept(object, old, errors)
    },
  },
}
