// ResourceQuotas (pkg/apis/core/validation, pkg/registry/core/resourcequota).

import { field } from '../field-error.ts'
import type { ResourceQuota, ResourceQuotaSpec } from '../generated/kinds.ts'
import { canonicalQuantity, compareQuantities, parseQuantity } from '../quantity.ts'
import { validateResourceName } from './container-resources.ts'
import { immutableMessage, validateNonNegativeQuantity, type FieldErrors } from './fields.ts'
import type { KindValidation } from './kind-validation.ts'

const standardQuotaResources: ReadonlySet<string> = new Set([
  'cpu',
  'memory',
  'ephemeral-storage',
  'requests.cpu',
  'requests.memory',
  'requests.storage',
  'requests.ephemeral-storage',
  'limits.cpu',
  'limits.memory',
  'limits.ephemeral-storage',
  'pods',
  'resourcequotas',
  'services',
  'replicationcontrollers',
  'secrets',
  'persistentvolumeclaims',
  'configmaps',
  'services.nodeports',
  'services.loadbalancers',
])

const countedResources: ReadonlySet<string> = new Set(
  [...standardQuotaResources].filter((name) => !/(cpu|memory|storage)$/.test(name)),
)

type Amounts = ResourceQuotaSpec['hard']

function isStandard(name: string): boolean {
  return standardQuotaResources.has(name) || /^(requests\.)?hugepages-/.test(name)
}

function validateAmounts(errors: FieldErrors, path: string, amounts: Amounts | null | undefined): void {
  for (const name in amounts) {
    const at = `${path}[${name}]`
    const value = amounts[name] ?? '0'
    validateResourceName(errors, at, name)
    if (!name.includes('/') && !isStandard(name)) {
      errors.push(field.invalid(at, name, 'must be a standard resource for quota'))
    }
    validateWholeQuantity(errors, at, name, value)
  }
}

/** Things that are counted come in whole numbers. */
function validateWholeQuantity(errors: FieldErrors, path: string, name: string, value: string | number): void {
  validateNonNegativeQuantity(errors, path, value)
  const counted = countedResources.has(name) || name.startsWith('count/')
  if (counted && parseQuantity(value).nano % 1_000_000_000n !== 0n) {
    errors.push(field.invalid(path, canonicalQuantity(value), 'must be an integer'))
  }
}

const podResources = ['cpu', 'memory', 'limits.cpu', 'limits.memory', 'requests.cpu', 'requests.memory', 'pods']
const claimResources = ['persistentvolumeclaims', 'requests.storage']
/** What may be counted within each scope. */
const scopes: ReadonlyMap<string, readonly string[]> = new Map([
  ['Terminating', podResources],
  ['NotTerminating', podResources],
  ['BestEffort', ['pods']],
  ['NotBestEffort', podResources],
  ['PriorityClass', podResources],
  ['CrossNamespacePodAffinity', podResources],
  ['VolumeAttributesClass', claimResources],
])
/** Scopes that a pod is in or not, and that have no values. */
const plainScopes = ['BestEffort', 'NotBestEffort', 'Terminating', 'NotTerminating', 'CrossNamespacePodAffinity']
const conflicts = [
  ['BestEffort', 'NotBestEffort'],
  ['Terminating', 'NotTerminating'],
]

function misfits(scope: string, { hard }: ResourceQuotaSpec): number {
  const allowed = scopes.get(scope)
  return Object.keys(hard ?? {}).filter((name) => allowed && isStandard(name) && !allowed.includes(name)).length
}

function validateScopes(errors: FieldErrors, spec: ResourceQuotaSpec): void {
  const chosen = spec.scopes ?? []
  const path = 'spec.scopes'
  for (const scope of chosen) {
    if (!scopes.has(scope)) errors.push(field.invalid(path, chosen, 'unsupported scope'))
    for (let count = misfits(scope, spec); count > 0; count--) {
      errors.push(field.invalid(path, chosen, 'unsupported scope applied to resource'))
    }
  }
  validateConflicts(errors, chosen, spec)
}

function validateConflicts(errors: FieldErrors, chosen: readonly string[], spec: ResourceQuotaSpec): void {
  for (const pair of conflicts) {
    if (!pair.every((scope) => chosen.includes(scope))) continue
    errors.push(field.invalid('spec.scopes', spec.scopes ?? null, 'conflicting scopes'))
  }
}

function validateScopeSelector(errors: FieldErrors, spec: ResourceQuotaSpec): void {
  const path = 'spec.scopeSelector.matchExpressions'
  const requirements = spec.scopeSelector?.matchExpressions ?? []
  for (const { scopeName, operator, values = [] } of requirements) {
    if (!scopes.has(scopeName)) errors.push(field.invalid(`${path}.scopeName`, scopeName, 'unsupported scope'))
    for (let count = misfits(scopeName, spec); count > 0; count--) {
      errors.push(field.invalid(path, spec.scopeSelector, 'unsupported scope applied to resource'))
    }
    if (plainScopes.includes(scopeName) && operator !== 'Exists') {
      const why =
        "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity"
      errors.push(field.invalid(`${path}.operator`, operator, why))
    }
    if (operator === 'In' || operator === 'NotIn') {
      const why = "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector"
      if (values.length === 0) errors.push(field.required(`${path}.values`, why))
    } else if (operator === 'Exists' || operator === 'DoesNotExist') {
      const why = "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector"
      if (values.length > 0) errors.push(field.invalid(`${path}.values`, values, why))
    } else errors.push(field.invalid(`${path}.operator`, operator, 'not a valid selector operator'))
  }
  const names = requirements.map(({ scopeName }) => scopeName)
  validateConflicts(errors, names, spec)
}

function validateQuota({ spec }: ResourceQuota, errors: FieldErrors): void {
  validateAmounts(errors, 'spec.hard', spec?.hard)
  if (!spec) return
  validateScopes(errors, spec)
  validateScopeSelector(errors, spec)
}

function validateUpdate(quota: ResourceQuota, old: ResourceQuota, errors: FieldErrors): void {
  validateQuota(quota, errors)
  const chosen = new Set(quota.spec?.scopes)
  const before = new Set(old.spec?.scopes)
  if (chosen.size === before.size && [...chosen].every((scope) => before.has(scope))) return
  errors.push(field.invalid('spec.scopes', quota.spec?.scopes ?? null, immutableMessage))
}

function validateStatus({ metadata, status }: ResourceQuota, _: unknown, errors: FieldErrors): void {
  if (!metadata?.resourceVersion) errors.push(field.required('resourceVersion', ''))
  validateAmounts(errors, 'status.hard', status?.hard)
  validateAmounts(errors, 'status.used', status?.used)
}

const requestable = ['cpu', 'memory', 'ephemeral-storage']

function quotaWarnings({ spec }: ResourceQuota, old: ResourceQuota | undefined, warnings: string[]): void {
  if (old !== undefined) return
  const hard = spec?.hard ?? {}
  for (const resource of requestable) {
    const isBare = hard[`requests.${resource}`] === undefined && resource !== 'ephemeral-storage'
    const name = isBare ? resource : `requests.${resource}`
    const [request, limit] = [hard[name], hard[`limits.${resource}`]]
    if (request === undefined || limit === undefined) continue
    if (compareQuantities(parseQuantity(request), parseQuantity(limit)) <= 0) continue
    warnings.push(`ResourceQuota ${name} (${request}) should be less than limits.${resource} (${limit})`)
  }
}

export const resourceQuotaValidation: KindValidation = {
  create: validateQuota,
  update: validateUpdate,
  statusUpdate: validateStatus,
  warnings: quotaWarnings,
}
