// What webhooks and policies of admission have in common: which requests they want to see
// (pkg/apis/admissionregistration/validation).

import { field } from '../field-error.ts'
import type { MatchCondition, MatchResources, NamedRuleWithOperations, RuleWithOperations } from '../generated/kinds.ts'
import { isQualifiedName, nameIsPathSegment } from '../names.ts'
import { type CelType, type CelVariables, type CompileExpression, validateExpression } from './expressions.ts'
import { addInvalid, requireValid, validateEnum, validateLabelSelector, type FieldErrors } from './fields.ts'

export const failurePolicies: readonly string[] = ['Fail', 'Ignore']
export const matchPolicies: readonly string[] = ['Equivalent', 'Exact']
export const reinvocationPolicies: readonly string[] = ['IfNeeded', 'Never']
const operations = ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE']
const scopes = ['*', 'Cluster', 'Namespaced']
const maxMatchConditions = 64

const kindFields = { group: 'string', version: 'string', kind: 'string' }
const resourceFields = { group: 'string', version: 'string', resource: 'string' }

/** The variable `request` of expressions (BuildRequestType of k8s.io/apiserver pkg/admission/plugin/cel). */
const request: CelType = {
  fields: {
    kind: { fields: kindFields },
    resource: { fields: resourceFields },
    subResource: 'string',
    requestKind: { fields: kindFields },
    requestResource: { fields: resourceFields },
    requestSubResource: 'string',
    name: 'string',
    namespace: 'string',
    operation: 'string',
    userInfo: {
      fields: { username: 'string', uid: 'string', groups: 'list(string)', extra: 'map(string, list(string))' },
    },
    dryRun: 'bool',
    options: 'dyn',
  },
}

/** What all expressions about a request may use. */
export const requestVariables: CelVariables = { object: 'dyn', oldObject: 'dyn', request, namespaceObject: undefined }

export function validateRule(errors: FieldErrors, path: string, rule: RuleWithOperations): void {
  const wanted = rule.operations ?? []
  requireAlone(errors, `${path}.operations`, { values: wanted, what: 'operations' })
  for (const [index, operation] of wanted.entries()) {
    if (operations.includes(operation)) continue
    errors.push(field.notSupported(`${path}.operations[${index}]`, operation, operations))
  }
  requireAlone(errors, `${path}.apiGroups`, { values: rule.apiGroups ?? [], what: 'API groups' })
  const versions = rule.apiVersions ?? []
  requireAlone(errors, `${path}.apiVersions`, { values: versions, what: 'API versions' })
  for (const [index, version] of versions.entries()) {
    if (version === '') errors.push(field.required(`${path}.apiVersions[${index}]`, ''))
  }
  validateResourceNames(errors, `${path}.resources`, rule.resources ?? [])
  if (rule.scope != null && !scopes.includes(rule.scope)) {
    errors.push(field.notSupported(`${path}.scope`, rule.scope, scopes))
  }
}

/** At least one value, and an asterisk only by itself. */
function requireAlone(
  errors: FieldErrors,
  path: string,
  { values, what }: { values: readonly string[]; what: string },
): void {
  if (values.length === 0) errors.push(field.required(path, ''))
  if (values.length > 1 && values.includes('*')) {
    errors.push(field.invalid(path, values, `if '*' is present, must not specify other ${what}`))
  }
}

/** `pods`, `pods/status`, and asterisks on either side; none may say what another one says already. */
function validateResourceNames(errors: FieldErrors, path: string, resources: readonly string[]): void {
  if (resources.length === 0) errors.push(field.required(path, ''))
  const allSubresourcesOf = new Set<string>()
  const subresourceOfAll = new Set<string>()
  let lastIsPlain = false
  for (const [index, name] of resources.entries()) {
    const at = `${path}[${index}]`
    const slash = name.indexOf('/')
    if (name === '') errors.push(field.required(at, ''))
    // As upstream, which remembers the last one only.
    else if (slash === -1) lastIsPlain = name !== '*'
    else {
      const [resource, subresource] = [name.slice(0, slash), name.slice(slash + 1)]
      if (allSubresourcesOf.has(resource)) {
        errors.push(field.invalid(at, name, `if '${resource}/*' is present, must not specify ${name}`))
      }
      if (subresourceOfAll.has(subresource)) {
        errors.push(field.invalid(at, name, `if '*/${subresource}' is present, must not specify ${name}`))
      }
      if (subresource === '*') allSubresourcesOf.add(resource)
      if (resource === '*') subresourceOfAll.add(subresource)
    }
  }
  if (resources.length > 1 && resources.includes('*/*')) {
    errors.push(field.invalid(path, resources, "if '*/*' is present, must not specify other resources"))
  }
  if (resources.includes('*') && lastIsPlain) {
    const why = "if '*' is present, must not specify other resources without subresources"
    errors.push(field.invalid(path, resources, why))
  }
}

export function validateMatchResources(
  errors: FieldErrors,
  path: string,
  match: MatchResources | null | undefined,
): void {
  if (!match) return
  validateEnum(errors, `${path}.matchPolicy`, match.matchPolicy, matchPolicies)
  for (const name of ['namespaceSelector', 'objectSelector'] as const) {
    if (match[name] == null) errors.push(field.required(`${path}.${name}`, ''))
    else validateLabelSelector(errors, `${path}.${name}`, match[name])
  }
  for (const name of ['resourceRules', 'excludeResourceRules'] as const) {
    for (const [index, rule] of (match[name] ?? []).entries())
      validateNamedRule(errors, `${path}.${name}[${index}]`, rule)
  }
}

function validateNamedRule(errors: FieldErrors, path: string, rule: NamedRuleWithOperations): void {
  const names = rule.resourceNames ?? []
  for (const [index, name] of names.entries()) {
    const at = `${path}.resourceNames[${index}]`
    addInvalid(errors, at, name, nameIsPathSegment(name))
    if (names.indexOf(name) < index) errors.push(field.duplicate(at, name))
  }
  validateRule(errors, path, rule)
}

export interface MatchConditionRules {
  compile: CompileExpression
  variables: CelVariables
}

export function validateMatchConditions(
  errors: FieldErrors,
  path: string,
  {
    conditions,
    compile,
    variables,
  }: MatchConditionRules & { conditions: readonly MatchCondition[] | null | undefined },
): void {
  const given = conditions ?? []
  if (given.length > maxMatchConditions) errors.push(field.tooMany(path, given.length, maxMatchConditions))
  const seen = new Set<string>()
  for (const [index, condition] of given.entries()) {
    const at = `${path}[${index}]`
    const name = condition.name ?? ''
    const expression = (condition.expression ?? '').trim()
    if (expression === '') errors.push(field.required(`${at}.expression`, ''))
    else validateExpression(errors, `${at}.expression`, { expression, compile, variables, returns: ['bool'] })
    requireValid(errors, `${at}.name`, name, isQualifiedName)
    if (name !== '' && seen.has(name)) errors.push(field.duplicate(`${at}.name`, name))
    seen.add(name)
  }
}
