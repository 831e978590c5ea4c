// ValidatingAdmissionPolicy: CEL expressions of policies that a binding puts in force.
// Upstream: k8s.io/apiserver pkg/admission/plugin/policy/validating.

import {
  type KubeObject,
  type StatusReason,
  type ValidatingAdmissionPolicy,
  type ValidatingAdmissionPolicyBinding,
  failure,
  groupResourceString,
} from '@binnacle/api'
import type { AdmissionPlugin } from '../admission.ts'
import { type Hit, PolicyRun, hits, paramsOf, textOf } from './policy.ts'

type ValidatingHit = Hit<ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding>

interface Denial {
  message: string
  reason: string
}

export const validatingAdmissionPolicy: AdmissionPlugin = {
  name: 'ValidatingAdmissionPolicy',

  /** All policies are asked before the first one's denial is answered, so that all warnings are given. */
  validate(request, reader) {
    let first: Error | undefined
    for (const hit of hits<ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding>(
      'validating',
      request,
      reader,
    )) {
      const denials = judge(hit)
      if (first === undefined && denials[0] !== undefined) first = denied(hit, denials[0])
    }
    if (first !== undefined) throw first
  },
}

function judge(hit: ValidatingHit): Denial[] {
  const isFailing = hit.policy.spec?.failurePolicy !== 'Ignore'
  let params: (KubeObject | undefined)[]
  try {
    params = paramsOf(hit)
  } catch (error) {
    return isFailing ? [{ message: `failed to configure binding: ${textOf(error)}`, reason: 'Invalid' }] : []
  }
  return params.flatMap((param) => enforce(hit, violations(hit, param)))
}

/** What the expressions find, whatever the binding makes of it. */
function violations(hit: ValidatingHit, params: KubeObject | undefined): Denial[] {
  const { spec } = hit.policy
  const isFailing = spec?.failurePolicy !== 'Ignore'
  const run = new PolicyRun(hit, params)
  try {
    if (!run.meetsConditions()) return []
  } catch (error) {
    return isFailing ? [{ message: textOf(error), reason: 'Invalid' }] : []
  }
  const found: Denial[] = []
  for (const { expression, message, messageExpression, reason = 'Invalid' } of spec?.validations ?? []) {
    try {
      if (run.evaluate(expression) === true) continue
      const said = messageExpression ? madeMessage(run, messageExpression) : undefined
      found.push({ message: said ?? (message?.trim() || `failed expression: ${expression.trim()}`), reason })
    } catch (error) {
      if (isFailing)
        found.push({ message: `expression '${expression}' resulted in error: ${textOf(error)}`, reason: 'Invalid' })
    }
  }
  return found
}

function madeMessage(run: PolicyRun, expression: string): string | undefined {
  try {
    const made = run.evaluate(expression)
    return typeof made === 'string' && made.trim() !== '' && !made.includes('\n') && made.length <= 5 * 1024
      ? made.trim()
      : undefined
  } catch {
    // As upstream: a message that cannot be made gives way to the fixed one.
    return undefined
  }
}

/** Warns where the binding says so, and returns what is to be denied. Audit has nowhere to go: there is no audit log. */
function enforce({ policy, binding, request }: ValidatingHit, found: readonly Denial[]): readonly Denial[] {
  const actions = binding.spec?.validationActions ?? []
  if (actions.includes('Warn')) {
    for (const { message } of found) {
      request.warn(
        `Validation failed for ValidatingAdmissionPolicy '${policy.metadata.name}' with binding '${binding.metadata.name}': ${message}`,
      )
    }
  }
  return actions.includes('Deny') ? found : []
}

function denied({ policy, binding, request }: ValidatingHit, { message, reason }: Denial): Error {
  const { resource, object } = request
  const name = request.name || object?.metadata.name || ''
  const why = `ValidatingAdmissionPolicy '${policy.metadata.name}' with binding '${binding.metadata.name}' denied request: ${message}`
  const details = { name, group: resource.group, kind: resource.resource, causes: [{ message: why }] }
  return failure(reason as StatusReason, `${groupResourceString(resource)} "${name}" is forbidden: ${why}`, { details })
}
