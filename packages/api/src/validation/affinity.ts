// Where pods may run: node and pod affinity, tolerations and topology spread (pkg/apis/core/validation).

import { field } from '../field-error.ts'
import type {
  Affinity,
  NodeSelector,
  NodeSelectorRequirement,
  NodeSelectorTerm,
  PodAffinityTerm,
  Toleration,
  TopologySpreadConstraint,
  WeightedPodAffinityTerm,
} from '../generated/kinds.ts'
import { isLabelValue, isQualifiedName, nameIsDnsLabel, nameIsDnsSubdomain } from '../names.ts'
import {
  addInvalid,
  validateLabelSelector,
  validateOptionalEnum,
  validatePositive,
  type FieldErrors,
} from './fields.ts'

interface NodeTermRules {
  /** Preferences may name label values that no node can have. */
  allowInvalidValues?: boolean
}

function validateNodeRequirement(
  errors: FieldErrors,
  path: string,
  requirement: NodeSelectorRequirement,
  { allowInvalidValues }: NodeTermRules,
): void {
  const { key, operator } = requirement
  const values = requirement.values ?? []
  if (operator === 'In' || operator === 'NotIn') {
    if (values.length === 0) {
      errors.push(field.required(`${path}.values`, "must be specified when `operator` is 'In' or 'NotIn'"))
    }
  } else if (operator === 'Exists' || operator === 'DoesNotExist') {
    if (values.length > 0) {
      const why = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
      errors.push(field.forbidden(`${path}.values`, why))
    }
  } else if (operator === 'Gt' || operator === 'Lt') {
    if (values.length !== 1) {
      errors.push(field.required(`${path}.values`, "must be specified single value when `operator` is 'Lt' or 'Gt'"))
    }
  } else errors.push(field.invalid(`${path}.operator`, operator ?? '', 'not a valid selector operator'))
  addInvalid(errors, `${path}.key`, key ?? '', isQualifiedName(key ?? ''))
  if (allowInvalidValues) return
  for (const [index, value] of values.entries()) {
    addInvalid(errors, `${path}.values[${index}]`, value, isLabelValue(value))
  }
}

function validateNodeFieldRequirement(errors: FieldErrors, path: string, requirement: NodeSelectorRequirement): void {
  const { key, operator } = requirement
  const values = requirement.values ?? []
  if (operator !== 'In' && operator !== 'NotIn') {
    errors.push(field.invalid(`${path}.operator`, operator ?? '', 'not a valid selector operator'))
  } else if (values.length !== 1) {
    const why = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"
    errors.push(field.required(`${path}.values`, why))
  }
  if (key !== 'metadata.name') {
    errors.push(field.invalid(`${path}.key`, key ?? '', 'not a valid field selector key'))
    return
  }
  for (const [index, value] of values.entries()) {
    addInvalid(errors, `${path}.values[${index}]`, value, nameIsDnsSubdomain(value))
  }
}

function validateNodeTerm(errors: FieldErrors, path: string, term: NodeSelectorTerm, rules: NodeTermRules = {}): void {
  for (const [index, requirement] of (term.matchExpressions ?? []).entries()) {
    validateNodeRequirement(errors, `${path}.matchExpressions[${index}]`, requirement, rules)
  }
  for (const [index, requirement] of (term.matchFields ?? []).entries()) {
    validateNodeFieldRequirement(errors, `${path}.matchFields[${index}]`, requirement)
  }
}

export function validateNodeSelector(errors: FieldErrors, path: string, selector: NodeSelector): void {
  const at = `${path}.nodeSelectorTerms`
  const terms = selector.nodeSelectorTerms ?? []
  if (terms.length === 0) errors.push(field.required(at, 'must have at least one node selector term'))
  for (const [index, term] of terms.entries()) validateNodeTerm(errors, `${at}[${index}]`, term)
}

function validateWeight(errors: FieldErrors, path: string, weight: number | undefined): void {
  if (weight == null || weight <= 0 || weight > 100) {
    errors.push(field.invalid(`${path}.weight`, weight ?? 0, 'must be in the range 1-100'))
  }
}

function validatePodTerm(errors: FieldErrors, path: string, term: PodAffinityTerm): void {
  validateLabelSelector(errors, `${path}.labelSelector`, term.labelSelector)
  validateLabelSelector(errors, `${path}.namespaceSelector`, term.namespaceSelector)
  for (const name of term.namespaces ?? []) addInvalid(errors, `${path}.namespace`, name, nameIsDnsLabel(name))
  const key = term.topologyKey ?? ''
  if (key === '') errors.push(field.required(`${path}.topologyKey`, 'can not be empty'))
  addInvalid(errors, `${path}.topologyKey`, key, isQualifiedName(key))
}

interface PodTerms {
  requiredDuringSchedulingIgnoredDuringExecution?: readonly PodAffinityTerm[] | null | undefined
  preferredDuringSchedulingIgnoredDuringExecution?: readonly WeightedPodAffinityTerm[] | null | undefined
}

function validatePodTerms(errors: FieldErrors, path: string, terms: PodTerms | null | undefined): void {
  if (!terms) return
  const required = `${path}.requiredDuringSchedulingIgnoredDuringExecution`
  for (const [index, term] of (terms.requiredDuringSchedulingIgnoredDuringExecution ?? []).entries()) {
    validatePodTerm(errors, `${required}[${index}]`, term)
  }
  const preferred = `${path}.preferredDuringSchedulingIgnoredDuringExecution`
  for (const [index, term] of (terms.preferredDuringSchedulingIgnoredDuringExecution ?? []).entries()) {
    const at = `${preferred}[${index}]`
    validateWeight(errors, at, term.weight)
    validatePodTerm(errors, `${at}.podAffinityTerm`, term.podAffinityTerm)
  }
}

export function validateAffinity(errors: FieldErrors, path: string, affinity: Affinity): void {
  const node = affinity.nodeAffinity
  const required = node?.requiredDuringSchedulingIgnoredDuringExecution
  const at = `${path}.nodeAffinity`
  if (required) validateNodeSelector(errors, `${at}.requiredDuringSchedulingIgnoredDuringExecution`, required)
  for (const [index, term] of (node?.preferredDuringSchedulingIgnoredDuringExecution ?? []).entries()) {
    const own = `${at}.preferredDuringSchedulingIgnoredDuringExecution[${index}]`
    validateWeight(errors, own, term.weight)
    validateNodeTerm(errors, `${own}.preference`, term.preference, { allowInvalidValues: true })
  }
  validatePodTerms(errors, `${path}.podAffinity`, affinity.podAffinity)
  validatePodTerms(errors, `${path}.podAntiAffinity`, affinity.podAntiAffinity)
}

const effects = ['NoSchedule', 'PreferNoSchedule', 'NoExecute']

function validateTolerationOperator(errors: FieldErrors, path: string, { operator, value }: Toleration): void {
  const at = `${path}.operator`
  if (!operator || operator === 'Equal') {
    const problems = isLabelValue(value ?? '')
    if (problems.length > 0) errors.push(field.invalid(at, value, problems.join(';')))
  } else if (operator === 'Exists') {
    if (value) errors.push(field.invalid(at, value, "value must be empty when `operator` is 'Exists'"))
  } else if (operator === 'Lt' || operator === 'Gt') {
    // Off by default upstream (TaintTolerationComparisonOperators).
    errors.push(field.notSupported(at, operator, ['Equal', 'Exists', 'Lt', 'Gt']))
  } else errors.push(field.notSupported(at, operator, ['Equal', 'Exists']))
}

export function validateTolerations(errors: FieldErrors, path: string, tolerations: readonly Toleration[]): void {
  for (const [index, toleration] of tolerations.entries()) {
    const at = `${path}[${index}]`
    const { key, operator, effect, tolerationSeconds } = toleration
    if (key) addInvalid(errors, `${at}.key`, key, isQualifiedName(key))
    else if (operator !== 'Exists') {
      const why = 'operator must be Exists when `key` is empty, which means "match all values and all keys"'
      errors.push(field.invalid(`${at}.operator`, operator ?? '', why))
    }
    if (tolerationSeconds != null && effect !== 'NoExecute') {
      const why = "effect must be 'NoExecute' when `tolerationSeconds` is set"
      errors.push(field.invalid(`${at}.effect`, effect ?? '', why))
    }
    validateTolerationOperator(errors, at, toleration)
    if (effect) validateOptionalEnum(errors, `${at}.effect`, effect, effects)
  }
}

const scheduleActions = ['DoNotSchedule', 'ScheduleAnyway']
const inclusionPolicies = ['Honor', 'Ignore']

export function validateTopologySpread(
  errors: FieldErrors,
  path: string,
  constraints: readonly TopologySpreadConstraint[],
): void {
  for (const [index, constraint] of constraints.entries()) {
    const at = `${path}[${index}]`
    const { topologyKey, whenUnsatisfiable: action, minDomains } = constraint
    validatePositive(errors, `${at}.maxSkew`, constraint.maxSkew ?? 0)
    if (!topologyKey) errors.push(field.required(`${at}.topologyKey`, 'can not be empty'))
    validateOptionalEnum(errors, `${at}.whenUnsatisfiable`, action ?? '', scheduleActions)
    const repeats = constraints
      .slice(index + 1)
      .some((other) => other.topologyKey === topologyKey && other.whenUnsatisfiable === action)
    if (repeats) {
      errors.push(field.duplicate(`${at}.{topologyKey, whenUnsatisfiable}`, `{${topologyKey}, ${action}}`))
    }
    if (minDomains != null) {
      validatePositive(errors, `${at}.minDomains`, minDomains)
      if (action !== 'DoNotSchedule') {
        const why = `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${action}`
        errors.push(field.invalid(`${at}.minDomains`, minDomains, why))
      }
    }
    validateOptionalEnum(errors, `${at}.nodeAffinityPolicy`, constraint.nodeAffinityPolicy, inclusionPolicies)
    validateOptionalEnum(errors, `${at}.nodeTaintsPolicy`, constraint.nodeTaintsPolicy, inclusionPolicies)
    validateLabelSelector(errors, `${at}.labelSelector`, constraint.labelSelector)
  }
}
