// Nodes (pkg/apis/core/validation, pkg/registry/core/node).

import { field } from '../field-error.ts'
import type { Node } from '../generated/kinds.ts'
import { isLabelValue, isQualifiedName } from '../names.ts'
import { canonicalQuantity, parseQuantity } from '../quantity.ts'
import { cidrWarnings } from './ip-warnings.ts'
import {
  addInvalid,
  isIPv4,
  isIPv6,
  validateCIDR,
  validateEnum,
  validateNonNegativeQuantity,
  type FieldErrors,
} from './fields.ts'
import type { KindValidation } from './kind-validation.ts'

const taintEffects = ['NoSchedule', 'PreferNoSchedule', 'NoExecute']

/** Upstream's paths say that taints are metadata. */
function validateTaints({ spec }: Node, errors: FieldErrors): void {
  const seen = new Set<string>()
  for (const [index, { key = '', value = '', effect }] of (spec?.taints ?? []).entries()) {
    const path = `metadata.taints[${index}]`
    addInvalid(errors, `${path}.key`, key, isQualifiedName(key))
    const problems = isLabelValue(value)
    if (problems.length > 0) errors.push(field.invalid(`${path}.value`, value, problems.join(';')))
    validateEnum(errors, `${path}.effect`, effect, taintEffects)
    const identity = `${key}:${effect}`
    if (seen.has(identity)) {
      // Upstream prints its internal type here, whose fields have no JSON names.
      const shown = { Key: key, Value: value, Effect: effect, TimeAdded: null }
      const why = 'taints must be unique by key and effect pair'
      errors.push({ ...field.duplicate(path, shown), detail: why })
    }
    seen.add(identity)
  }
}

const wholeResources: ReadonlySet<string> = new Set(['pods', 'services', 'secrets', 'configmaps'])

function validateAmounts({ status }: Node, errors: FieldErrors): void {
  for (const list of ['capacity', 'allocatable'] as const) {
    for (const [name, value] of Object.entries(status?.[list] ?? {})) {
      const path = `status.${list}.${name}`
      validateNonNegativeQuantity(errors, path, value)
      const isWhole = wholeResources.has(name) || (name.includes('/') && !name.includes('kubernetes.io/'))
      if (isWhole && parseQuantity(value).nano % 1_000_000_000n !== 0n) {
        errors.push(field.invalid(path, canonicalQuantity(value), 'must be an integer'))
      }
    }
  }
}

function validatePodRanges({ spec }: Node, errors: FieldErrors): void {
  const ranges = spec?.podCIDRs ?? []
  const path = 'spec.podCIDRs'
  for (const [index, range] of ranges.entries()) validateCIDR(errors, `${path}[${index}]`, range)
  if (ranges.length < 2) return
  const addresses = ranges.map((range) => range.split('/')[0] ?? '')
  const unreadable = addresses.findIndex((address) => !isIPv4(address) && !isIPv6(address))
  if (unreadable >= 0) {
    const bad = `invalid CIDR[${unreadable}]: <nil> (invalid CIDR address: ${ranges[unreadable]})`
    errors.push(field.internal(path, `invalid PodCIDRs. failed to check with dual stack with error:${bad}`))
  }
  const isPair = unreadable < 0 && ranges.length === 2 && isIPv4(addresses[0] ?? '') !== isIPv4(addresses[1] ?? '')
  if (!isPair) errors.push(field.invalid(path, ranges, 'may specify no more than one CIDR for each IP family'))
}

function validateNode(node: Node, errors: FieldErrors): void {
  validateTaints(node, errors)
  validateAmounts(node, errors)
  validatePodRanges(node, errors)
}

/** Upstream goes through the rules of a new node and, for most of them, again through those of a change. */
function validateNodeUpdate(node: Node, old: Node, errors: FieldErrors): void {
  validateNode(node, errors)
  validateChange(node, old, errors)
}

function validateChange(node: Node, old: Node, errors: FieldErrors): void {
  validateAmounts(node, errors)
  const seen = new Set<string>()
  for (const [index, { type, address }] of (node.status?.addresses ?? []).entries()) {
    const key = JSON.stringify([type, address])
    if (seen.has(key)) errors.push(field.duplicate(`status.addresses[${index}]`, { Type: type, Address: address }))
    seen.add(key)
  }
  const [ranges, before] = [node.spec?.podCIDRs ?? [], old.spec?.podCIDRs ?? []]
  const fixed = field.forbidden('spec.podCIDRs', 'node updates may not change podCIDR except from "" to valid')
  if (before.length > 0 && ranges.length !== before.length) errors.push(fixed)
  else for (const [index, range] of before.entries()) if (range !== ranges[index]) errors.push(fixed)
  if (old.spec?.providerID && node.spec?.providerID !== old.spec.providerID) {
    errors.push(field.forbidden('spec.providerID', 'node updates may not change providerID except from "" to valid'))
  }
  validateTaints(node, errors)
  if ((node.spec?.externalID ?? '') !== (old.spec?.externalID ?? '')) {
    errors.push(field.forbidden('spec.externalID', 'may not be updated'))
  }
}

function nodeWarnings({ spec }: Node, _: unknown, warnings: string[]): void {
  if (spec?.configSource) warnings.push('spec.configSource: the feature is removed')
  if (spec?.externalID) warnings.push('spec.externalID: this field is deprecated, and is unused by Kubernetes')
  for (const [index, range] of (spec?.podCIDRs ?? []).entries()) {
    cidrWarnings(warnings, `spec.podCIDRs[${index}]`, range)
  }
}

export const nodeValidation: KindValidation = {
  create: validateNode,
  update: validateNodeUpdate,
  statusUpdate: (node: Node, old: Node, errors) => validateChange(node, old, errors),
  warnings: nodeWarnings,
}
