// ValidatingAdmissionPolicy: CEL expressions of policies that a binding puts in force.
// Upstream: k8s.io/apiserver pkg/admission/plugin/policy/validating.

import {
  type KubeObject,
  type ValidatingAdmissionPolicy,
  type ValidatingAdmissionPolicyBinding,
  type StatusReason,
  failure,
  labelSelectorMatches,
  groupResourceString,
} from '@binnacle/api'
import type { AdmissionPlugin, AdmissionRequest } from '../admission.ts'
import { type Program, compile } from '../cel/environment.ts'
import { toCel } from '../cel/values.ts'
import type { Reader } from '../strategy.ts'

const group = 'admissionregistration.k8s.io'
const policiesKey = `validatingadmissionpolicies.${group}`
const bindingsKey = `validatingadmissionpolicybindings.${group}`

type PolicySpec = NonNullable<ValidatingAdmissionPolicy['spec']>
type Match = PolicySpec['matchConstraints']

export const validatingAdmissionPolicy: AdmissionPlugin = {
  name: 'ValidatingAdmissionPolicy',

  validate(request, reader) {
    // Policies never judge what configures admission: a wrong one could not be taken back.
    if (request.resource.group === group) return
    for (const binding of reader.list<ValidatingAdmissionPolicyBinding>(bindingsKey)) {
      const policy = reader.get<ValidatingAdmissionPolicy>(policiesKey, undefined, binding.spec?.policyName ?? '')
      if (policy?.spec === undefined || binding.spec === undefined) continue
      if (!matches(policy.spec.matchConstraints, request, reader)) continue
      if (binding.spec.matchResources != null && !matches(binding.spec.matchResources, request, reader)) continue
      for (const params of paramsOf(policy, binding, request, reader))
        judge(policy, binding, { request, reader, params })
    }
  },
}

interface Trial {
  request: AdmissionRequest
  reader: Reader
  params: KubeObject | undefined
}

function judge(
  policy: ValidatingAdmissionPolicy,
  binding: ValidatingAdmissionPolicyBinding,
  { request, reader, params }: Trial,
): void {
  const { spec } = policy
  if (spec === undefined) return
  const context = contextOf(request, reader, params)
  addVariables(context, spec)
  const isFailing = spec.failurePolicy !== 'Ignore'
  const evaluate = (expression: string): unknown => programOf(expression)(context)
  for (const { expression } of spec.matchConditions ?? []) {
    try {
      if (evaluate(expression) !== true) return
    } catch (error) {
      if (!isFailing) return
      throw denied(policy, binding, { request, message: textOf(error), reason: 'Invalid' })
    }
  }
  for (const validation of spec.validations ?? []) {
    let message: string
    try {
      if (evaluate(validation.expression) === true) continue
      message = validation.message?.trim() || `failed expression: ${validation.expression.trim()}`
      if (validation.messageExpression) {
        const made = evaluate(validation.messageExpression)
        if (typeof made === 'string' && made.trim() !== '') message = made
      }
    } catch (error) {
      if (!isFailing) continue
      message = `expression '${validation.expression}' resulted in error: ${textOf(error)}`
    }
    const actions = binding.spec?.validationActions ?? []
    if (actions.includes('Warn')) {
      request.warn(
        `Validation failed for ValidatingAdmissionPolicy '${policy.metadata.name}' with binding '${binding.metadata.name}': ${message}`,
      )
    }
    if (actions.includes('Deny'))
      throw denied(policy, binding, { request, message, reason: validation.reason ?? 'Invalid' })
  }
}

function denied(
  policy: ValidatingAdmissionPolicy,
  binding: ValidatingAdmissionPolicyBinding,
  { request, message, reason }: { request: AdmissionRequest; message: string; reason: string },
): Error {
  const { resource, object } = request
  const name = request.name || object?.metadata.name || ''
  const why = `ValidatingAdmissionPolicy '${policy.metadata.name}' with binding '${binding.metadata.name}' denied request: ${message}`
  const details = { name, group: resource.group, kind: resource.resource, causes: [{ message: why }] }
  return failure(reason as StatusReason, `${groupResourceString(resource)} "${name}" is forbidden: ${why}`, { details })
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

const programs = new Map<string, Program>()

function programOf(expression: string): Program {
  let program = programs.get(expression)
  if (program === undefined) programs.set(expression, (program = compile(expression)))
  return program
}

function contextOf(request: AdmissionRequest, reader: Reader, params: KubeObject | undefined): Record<string, unknown> {
  const { operation, resource, subresource = '', namespace = '', name, user, dryRun } = request
  const described = {
    operation,
    kind: { group: resource.group, version: resource.version, kind: resource.kind },
    resource: { group: resource.group, version: resource.version, resource: resource.resource },
    subResource: subresource,
    name,
    namespace,
    userInfo: { username: user.username, groups: [...user.groups], uid: user.uid ?? '', extra: user.extra ?? {} },
    dryRun,
  }
  return {
    object: toCel(request.object ?? null),
    oldObject: toCel(request.oldObject ?? null),
    request: described,
    params: toCel(params ?? null),
    namespaceObject: toCel(namespace === '' ? null : (reader.get('namespaces', undefined, namespace) ?? null)),
  }
}

/** Each is worked out on first use, and may use those before it. */
function addVariables(context: Record<string, unknown>, { variables = [] }: PolicySpec): void {
  const values: Record<string, unknown> = {}
  context['variables'] = values
  for (const { name, expression } of variables) {
    let known: { value: unknown } | undefined
    Object.defineProperty(values, name, {
      enumerable: true,
      get: () => (known ??= { value: programOf(expression)(context) }).value,
    })
  }
}

function paramsOf(
  { spec }: ValidatingAdmissionPolicy,
  binding: ValidatingAdmissionPolicyBinding,
  request: AdmissionRequest,
  reader: Reader,
): (KubeObject | undefined)[] {
  const kind = spec?.paramKind
  const reference = binding.spec?.paramRef
  if (kind == null || reference == null) return [undefined]
  // Only core kinds are kept under their plural alone; kinds of groups under `<plural>.<group>`.
  const [groupName = ''] = kind.apiVersion?.includes('/') === true ? kind.apiVersion.split('/') : ['']
  const plural = `${(kind.kind ?? '').toLowerCase()}s`
  const storageKey = groupName === '' ? plural : `${plural}.${groupName}`
  const namespace = reference.namespace ?? request.namespace
  const candidates = [...reader.list(storageKey, namespace), ...reader.list(storageKey)]
  const found = candidates.filter(({ metadata }) =>
    reference.name
      ? metadata.name === reference.name && (metadata.namespace === undefined || metadata.namespace === namespace)
      : labelSelectorMatches(reference.selector, metadata.labels),
  )
  const unique = [...new Set(found)]
  if (unique.length > 0) return unique
  if (reference.parameterNotFoundAction === 'Allow') return []
  throw failure(
    'Invalid',
    `failed to configure binding: no params found for policy binding with \`Deny\` parameterNotFoundAction`,
  )
}

function matches(match: Match, request: AdmissionRequest, reader: Reader): boolean {
  if (match == null) return true
  const { namespace, object, oldObject, resource } = request
  if (match.namespaceSelector != null && namespace) {
    const labels = reader.get('namespaces', undefined, namespace)?.metadata.labels
    if (!labelSelectorMatches(match.namespaceSelector, labels)) return false
  }
  if (match.objectSelector != null) {
    const isSelected = [object, oldObject].some(
      (candidate) => candidate !== undefined && labelSelectorMatches(match.objectSelector, candidate.metadata.labels),
    )
    if (!isSelected) return false
  }
  const named = (names: readonly string[] | undefined): boolean =>
    (names?.length ?? 0) === 0 || names?.includes(request.name || object?.metadata.name || '') === true
  const has = (list: readonly string[] | undefined, value: string): boolean =>
    list === undefined || list.includes('*') || list.includes(value)
  const path = request.subresource ? `${resource.resource}/${request.subresource}` : resource.resource
  const applies = (rule: NonNullable<NonNullable<Match>['resourceRules']>[number]): boolean =>
    has(rule.operations, request.operation) &&
    has(rule.apiGroups, resource.group) &&
    has(rule.apiVersions, resource.version) &&
    (has(rule.resources, path) || rule.resources?.includes('*/*') === true) &&
    named(rule.resourceNames)
  if (match.excludeResourceRules?.some(applies) === true) return false
  return match.resourceRules === undefined || match.resourceRules.length === 0
    ? true
    : match.resourceRules.some(applies)
}
