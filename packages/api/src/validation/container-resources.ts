// What containers and pods ask for: resource names, amounts, requests against limits and device claims
// (ValidateContainerResourceRequirements of pkg/apis/core/validation).

import { field } from '../field-error.ts'
import type { ResourceRequirements } from '../generated/kinds.ts'
import { isDns1123Label, isQualifiedName } from '../names.ts'
import { canonicalQuantity, compareQuantities, parseQuantity, type Quantity } from '../quantity.ts'
import { addInvalid, validateNonNegativeQuantity, type FieldErrors } from './fields.ts'

const standardContainerResources: ReadonlySet<string> = new Set(['cpu', 'memory', 'ephemeral-storage'])
const wholeUnit = 1_000_000_000n
const hugePagesPrefix = 'hugepages-'

function isHugePages(name: string): boolean {
  return name.startsWith(hugePagesPrefix)
}

/** Resources of Kubernetes itself: without a prefix, or under kubernetes.io. */
function isNativeResource(name: string): boolean {
  return !name.includes('/') || name.includes('kubernetes.io/')
}

export function isExtendedResource(name: string): boolean {
  if (isNativeResource(name) || name.startsWith('requests.')) return false
  return isQualifiedName(`requests.${name}`).length === 0
}

export function isOvercommitAllowed(name: string): boolean {
  return isNativeResource(name) && !isHugePages(name)
}

/** Names without a prefix that mean something somewhere, if only in a quota. */
const standardResources: ReadonlySet<string> = new Set([
  ...standardContainerResources,
  ...['cpu', 'memory', 'ephemeral-storage', 'storage'].map((name) => `requests.${name}`),
  ...['cpu', 'memory', 'ephemeral-storage'].map((name) => `limits.${name}`),
  'pods',
  'resourcequotas',
  'services',
  'replicationcontrollers',
  'secrets',
  'configmaps',
  'persistentvolumeclaims',
  'storage',
  'services.nodeports',
  'services.loadbalancers',
])

export function validateResourceName(errors: FieldErrors, path: string, name: string): void {
  const problems = isQualifiedName(name)
  addInvalid(errors, path, name, problems)
  if (problems.length > 0 || name.includes('/') || standardResources.has(name)) return
  if (isHugePages(name) || name.startsWith('requests.hugepages-')) return
  errors.push(field.invalid(path, name, 'must be a standard resource type or fully qualified'))
}

export function validateContainerResourceName(errors: FieldErrors, path: string, name: string): void {
  validateResourceName(errors, path, name)
  if (!name.includes('/')) {
    if (standardContainerResources.has(name) || isHugePages(name)) return
    errors.push(field.invalid(path, name, 'must be a standard resource for containers'))
  } else if (!isNativeResource(name) && !isExtendedResource(name)) {
    errors.push(field.invalid(path, name, "doesn't follow extended resource name standard"))
  }
}

/** Pods as a whole can only ask for what the kubelet can enforce on their cgroup. */
function validatePodResourceName(errors: FieldErrors, path: string, name: string): void {
  const before = errors.length
  validateResourceName(errors, path, name)
  if (errors.length > before) return
  if (name === 'cpu' || name === 'memory' || isHugePages(name)) return
  errors.push(field.notSupported(path, name, ['cpu', 'hugepages-', 'memory']))
}

function validateAmount(errors: FieldErrors, path: string, name: string, value: string | number): Quantity {
  const quantity = parseQuantity(value)
  validateNonNegativeQuantity(errors, path, value)
  if (isExtendedResource(name) && quantity.nano % wholeUnit !== 0n) {
    errors.push(field.invalid(path, value, 'must be an integer'))
  }
  if (isHugePages(name) && !isMultipleOfPage(name, quantity)) {
    const why = `${canonicalQuantity(value)} is not positive integer multiple of ${name}`
    errors.push(field.invalid(path, canonicalQuantity(value), why))
  }
  return quantity
}

function isMultipleOfPage(name: string, { nano }: Quantity): boolean {
  try {
    const page = parseQuantity(name.slice(hugePagesPrefix.length)).nano
    return page > 0n && nano % page === 0n
  } catch {
    // Not a size at all: upstream says the same as of an amount that does not fit.
    return false
  }
}

export interface ResourceRules {
  /** Whether the requirements are those of the whole pod. */
  pod?: boolean
  /** spec.resourceClaims[].name */
  claims: ReadonlySet<string>
}

export function validateResources(
  errors: FieldErrors,
  path: string,
  resources: ResourceRequirements | null | undefined,
  rules: ResourceRules,
): void {
  if (!resources) return
  const { limits, requests } = resources
  const validateName = rules.pod ? validatePodResourceName : validateContainerResourceName
  for (const name in limits) {
    const at = `${path}.limits[${name}]`
    validateName(errors, at, name)
    validateAmount(errors, at, name, limits[name] ?? '0')
  }
  for (const name in requests) {
    const at = `${path}.requests[${name}]`
    const value = requests[name] ?? '0'
    validateName(errors, at, name)
    const request = validateAmount(errors, at, name, value)
    validateRequestWithinLimit(errors, path, { name, value, request, limit: limits?.[name] })
  }
  const names = [...Object.keys(limits ?? {}), ...Object.keys(requests ?? {})]
  if (names.some(isHugePages) && !names.includes('cpu') && !names.includes('memory')) {
    errors.push(field.forbidden(path, 'HugePages require cpu or memory'))
  }
  if (resources.claims) validateClaimNames(errors, `${path}.claims`, resources.claims, rules.claims)
}

interface Request {
  name: string
  value: string | number
  request: Quantity
  limit: string | number | null | undefined
}

function validateRequestWithinLimit(errors: FieldErrors, path: string, { name, value, request, limit }: Request): void {
  if (limit == null) {
    if (isOvercommitAllowed(name)) return
    errors.push(field.required(`${path}.limits`, 'Limit must be set for non overcommitable resources'))
    return
  }
  const order = compareQuantities(request, parseQuantity(limit))
  const shown = canonicalQuantity(limit)
  if (order !== 0 && !isOvercommitAllowed(name)) {
    errors.push(
      field.invalid(`${path}.requests`, canonicalQuantity(value), `must be equal to ${name} limit of ${shown}`),
    )
  } else if (order > 0) {
    const why = `must be less than or equal to ${name} limit of ${shown}`
    errors.push(field.invalid(`${path}.requests`, canonicalQuantity(value), why))
  }
}

type Claims = NonNullable<ResourceRequirements['claims']>

function validateClaimNames(errors: FieldErrors, path: string, claims: Claims, known: ReadonlySet<string>): void {
  const seen = new Set<string>()
  for (const [index, { name, request }] of claims.entries()) {
    const at = `${path}[${index}]`
    if (!name) {
      errors.push(field.required(at, ''))
      continue
    }
    if (request) addInvalid(errors, `${at}.request`, request, isDns1123Label(request))
    const key = request ? `${name}/${request}` : name
    // A whole claim and one of its requests overlap.
    const overlaps = request ? seen.has(name) : [...seen].some((other) => other.startsWith(`${name}/`))
    if (seen.has(key) || overlaps) errors.push(field.duplicate(at, seen.has(name) ? name : key))
    seen.add(key)
    if (known.has(name)) continue
    const choice = known.size === 0 ? ' which is empty' : `: ${[...known].sort().join(', ')}`
    const detail = `must be one of the names in pod.spec.resourceClaims${choice}`
    errors.push({ ...field.notFound(at, name), detail })
  }
}
