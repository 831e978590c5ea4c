// When a Job fails or succeeds before its time (pkg/apis/batch/validation).

import { field } from '../field-error.ts'
import type { JobSpec, PodFailurePolicyRule, SuccessPolicyRule } from '../generated/kinds.ts'
import { isQualifiedName } from '../names.ts'
import { addInvalid, validateNonNegative, type FieldErrors } from './fields.ts'

const maxRules = 20
const maxExitCodes = 255
const maxIndexesBytes = 64 * 1024
const actions = ['Count', 'FailIndex', 'FailJob', 'Ignore']
const operators = ['In', 'NotIn']
const conditionStatuses = ['False', 'True', 'Unknown']

export function validateFailurePolicy(errors: FieldErrors, path: string, spec: JobSpec): void {
  const rules = spec.podFailurePolicy?.rules ?? []
  if (rules.length > maxRules) errors.push(field.tooMany(`${path}.rules`, rules.length, maxRules))
  for (const [index, rule] of rules.entries()) validateFailureRule(errors, `${path}.rules[${index}]`, rule, spec)
}

function validValues(values: readonly string[]): string {
  return `valid values: [${values.map((value) => JSON.stringify(value)).join(' ')}]`
}

/** A value out of a closed set; unset, the set is named. */
function validateChoice(
  errors: FieldErrors,
  path: string,
  value: string | undefined,
  supported: readonly string[],
): void {
  if (!value) errors.push(field.required(path, validValues(supported)))
  else if (!supported.includes(value)) errors.push(field.notSupported(path, value, supported))
}

function validateFailureRule(errors: FieldErrors, path: string, rule: PodFailurePolicyRule, spec: JobSpec): void {
  const { action, onExitCodes, onPodConditions = [] } = rule
  validateChoice(errors, `${path}.action`, action, actions)
  if (action === 'FailIndex' && spec.backoffLimitPerIndex == null) {
    errors.push(field.invalid(`${path}.action`, action, 'requires the backoffLimitPerIndex to be set'))
  }
  if (onExitCodes) validateExitCodes(errors, `${path}.onExitCodes`, onExitCodes, spec)
  if (onPodConditions.length > maxRules) {
    errors.push(field.tooMany(`${path}.onPodConditions`, onPodConditions.length, maxRules))
  }
  for (const [index, { type, status }] of onPodConditions.entries()) {
    const at = `${path}.onPodConditions[${index}]`
    addInvalid(errors, `${at}.type`, type ?? '', isQualifiedName(type ?? ''))
    validateChoice(errors, `${at}.status`, status, conditionStatuses)
  }
  if (onExitCodes && onPodConditions.length > 0) {
    errors.push(field.invalidWhole(path, 'specifying both OnExitCodes and OnPodConditions is not supported'))
  } else if (!onExitCodes && onPodConditions.length === 0) {
    errors.push(field.invalidWhole(path, 'specifying one of OnExitCodes and OnPodConditions is required'))
  }
}

function validateExitCodes(
  errors: FieldErrors,
  path: string,
  { operator, containerName, values }: NonNullable<PodFailurePolicyRule['onExitCodes']>,
  { template }: JobSpec,
): void {
  validateChoice(errors, `${path}.operator`, operator, operators)
  const containers = [...(template.spec?.containers ?? []), ...(template.spec?.initContainers ?? [])]
  if (containerName != null && !containers.some(({ name }) => name === containerName)) {
    const why = 'must be one of the container or initContainer names in the pod template'
    errors.push(field.invalid(`${path}.containerName`, containerName, why))
  }
  const at = `${path}.values`
  if (values.length === 0) errors.push(field.invalid(at, values, 'at least one value is required'))
  else if (values.length > maxExitCodes) errors.push(field.tooMany(at, values.length, maxExitCodes))
  for (const [index, value] of values.entries()) {
    if (operator === 'In' && value === 0) {
      errors.push(field.invalid(`${at}[${index}]`, value, 'must not be 0 for the In operator'))
    }
    if (values.indexOf(value) < index) errors.push(field.duplicate(`${at}[${index}]`, value))
  }
  const isOrdered = values.every((value, index) => (values[index - 1] ?? value) <= value)
  if (!isOrdered) errors.push(field.invalid(at, values, 'must be ordered'))
}

export function validateSuccessPolicy(errors: FieldErrors, path: string, spec: JobSpec): void {
  const rules = spec.successPolicy?.rules ?? []
  if (spec.completionMode !== 'Indexed') {
    // Upstream prints its internal type here, whose fields have no JSON names.
    const shown = rules.map(({ succeededIndexes, succeededCount }) => ({
      SucceededIndexes: succeededIndexes ?? null,
      SucceededCount: succeededCount ?? null,
    }))
    errors.push(field.invalid(path, { Rules: shown }, 'requires indexed completion mode'))
    return
  }
  if (rules.length === 0) {
    const why = 'at least one rules must be specified when the successPolicy is specified'
    errors.push(field.required(`${path}.rules`, why))
  }
  if (rules.length > maxRules) errors.push(field.tooMany(`${path}.rules`, rules.length, maxRules))
  for (const [index, rule] of rules.entries()) {
    validateSuccessRule(errors, `${path}.rules[${index}]`, rule, spec.completions ?? 0)
  }
}

function validateSuccessRule(errors: FieldErrors, path: string, rule: SuccessPolicyRule, completions: number): void {
  const { succeededIndexes: indexes, succeededCount: count } = rule
  if (count == null && indexes == null) {
    errors.push(field.required(path, 'at least one of succeededCount or succeededIndexes must be specified'))
  }
  let total = 0
  if (indexes != null) {
    const at = `${path}.succeededIndexes`
    if (indexes.length > maxIndexesBytes) errors.push(field.tooLong(at, maxIndexesBytes))
    const read = readIndexes(indexes, completions)
    if (typeof read === 'number') total = read
    else errors.push(field.invalid(at, indexes, `error parsing succeededIndexes: ${read.problem}`))
  }
  if (count == null) return
  const at = `${path}.succeededCount`
  validateNonNegative(errors, at, count)
  if (count > completions) {
    const why = `must be less than or equal to ${completions} (the number of specified completions)`
    errors.push(field.invalid(at, count, why))
  }
  if (indexes != null && count > total) {
    const why = `must be less than or equal to ${total} (the number of indexes in the specified succeededIndexes field)`
    errors.push(field.invalid(at, count, why))
  }
}

/** How many indexes a text such as `1,3-5` names, or what is wrong with it. */
export function readIndexes(text: string, completions: number): number | { problem: string } {
  if (text === '') return 0
  let [total, last] = [0, -1]
  for (const interval of text.split(',')) {
    const ends = interval.split('-')
    if (ends.length > 2) {
      const rule = "the requirement that an index interval can have at most two parts separated by '-'"
      return { problem: `the fragment ${JSON.stringify(interval)} violates ${rule}` }
    }
    for (const end of ends) {
      if (!/^[+-]?\d+$/.test(end))
        return { problem: `cannot convert string to integer for index: ${JSON.stringify(end)}` }
      if (Number(end) >= completions) return { problem: `too large index: ${JSON.stringify(end)}` }
    }
    const [from = 0, to = from] = ends.map(Number)
    if (ends.length === 2 && from >= to) return { problem: `non-increasing order, previous: ${from}, current: ${to}` }
    if (last >= from) return { problem: `non-increasing order, previous: ${last}, current: ${from}` }
    total += to - from + 1
    last = to
  }
  return total
}
