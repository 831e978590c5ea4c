// Admission policies and their bindings (pkg/apis/admissionregistration/validation).

import { field } from '../field-error.ts'
import type {
  AuditAnnotation,
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
  Mutation,
  ParamKind,
  ParamRef,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
  Validation,
  Variable,
} from '../generated/kinds.ts'
import { isDns1035Label, isDns1123Subdomain, isQualifiedName, nameIsDnsSubdomain, nameIsPathSegment } from '../names.ts'
import { semanticallyEqual } from '../semantic-equality.ts'
import {
  failurePolicies,
  reinvocationPolicies,
  requestVariables,
  validateMatchConditions,
  validateMatchResources,
} from './admission-rules.ts'
import { validateConditions } from './conditions.ts'
import {
  type CelType,
  type CelVariables,
  type CompileExpression,
  type ExpressionRules,
  validateExpression,
} from './expressions.ts'
import { addInvalid, requireValid, validateEnum, validateLabelSelector, type FieldErrors } from './fields.ts'
import type { KindValidation } from './kind-validation.ts'
import { utf8Length } from './metadata.ts'

const reasons = ['Forbidden', 'Invalid', 'RequestEntityTooLarge']
const actions = ['Audit', 'Deny', 'Warn']
const mutableOperations = ['*', 'CONNECT', 'CREATE', 'UPDATE']
const patchTypes = ['ApplyConfiguration', 'JSONPatch']
const maxAuditAnnotations = 20
const maxValueExpressionBytes = 5 * 1024
const celIdentifier = /^[_a-zA-Z]\w*$/
const celReserved: ReadonlySet<string> = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(
    ' ',
  ),
)

type Policy = ValidatingAdmissionPolicy | MutatingAdmissionPolicy
type PolicySpec = NonNullable<Policy['spec']>
type Binding = ValidatingAdmissionPolicyBinding | MutatingAdmissionPolicyBinding

/** What the expressions of one policy are compiled with. */
type Compiling = Omit<ExpressionRules, 'returns'>

interface PolicyRules {
  /** Conditions that are as they were, of the same parameters, are not looked at again. */
  old?: PolicySpec | undefined
  isMutating: boolean
  compile: CompileExpression
}

/** What both kinds of policy begin with; returns what their other expressions may use. */
function validatePolicySpec(errors: FieldErrors, spec: PolicySpec, rules: PolicyRules): Compiling {
  const { old, isMutating, compile } = rules
  validateEnum(errors, 'spec.failurePolicy', spec.failurePolicy, failurePolicies)
  if (spec.paramKind) validateParamKind(errors, 'spec.paramKind', spec.paramKind)
  if (spec.matchConstraints) {
    validateMatchResources(errors, 'spec.matchConstraints', spec.matchConstraints)
    if (!spec.matchConstraints.resourceRules?.length) {
      errors.push(field.required('spec.matchConstraints.resourceRules', ''))
    }
  } else errors.push(field.required('spec.matchConstraints', ''))
  if (isMutating) {
    validateMutableOperations(errors, 'spec.matchConstraints', spec.matchConstraints?.resourceRules)
  }
  const variables = spec.paramKind ? { ...requestVariables, params: 'dyn' } : requestVariables
  const conditions = spec.matchConditions
  const isChecked = !old || !semanticallyEqual([spec.paramKind, conditions], [old.paramKind, old.matchConditions])
  if (isChecked) validateMatchConditions(errors, 'spec.matchConditions', { conditions, compile, variables })
  // Upstream declares `variables` only where there are some, except for what mutates.
  if (!isMutating && !spec.variables?.length) return { compile, variables }
  return { compile, variables: withDeclared(errors, spec, { compile, variables }) }
}

/** The policy's own variables, of which each may use those before it. */
function withDeclared(errors: FieldErrors, spec: PolicySpec, { compile, variables }: Compiling): CelVariables {
  const fields: Record<string, CelType | undefined> = {}
  const declared: readonly Partial<Variable>[] = spec.variables ?? []
  for (const [index, { name = '', expression = '' }] of declared.entries()) {
    const path = `spec.variables[${index}]`
    if (name.trim() === '') errors.push(field.required(`${path}.name`, 'name is not specified'))
    else if (!celIdentifier.test(name) || celReserved.has(name)) {
      errors.push(field.invalid(`${path}.name`, name, 'must be a valid CEL identifier'))
    }
    if (expression.trim() === '') errors.push(field.required(`${path}.expression`, 'expression is not specified'))
    else {
      const { problem, type } = compile(expression, { ...variables, variables: { fields } })
      if (problem !== undefined) {
        errors.push(field.invalid(`${path}.expression`, expression, `compilation failed: ${problem}`))
      }
      fields[name] = type
    }
  }
  return { ...variables, variables: { fields } }
}

function validateParamKind(errors: FieldErrors, path: string, { apiVersion = '', kind = '' }: ParamKind): void {
  const at = `${path}.apiVersion`
  const parts = apiVersion === '/' ? ['', ''] : apiVersion.split('/')
  if (apiVersion === '') errors.push(field.required(at, ''))
  else if (parts.length > 2) {
    errors.push(field.invalid(at, apiVersion, `unexpected GroupVersion string: ${apiVersion}`))
  } else {
    const [group, version = ''] = parts.length === 1 ? ['', ...parts] : parts
    if (group) addJoined(errors, at, { value: group, problems: isDns1123Subdomain(group) })
    if (version === '') errors.push(field.invalid(at, apiVersion, 'version must be specified'))
    else addJoined(errors, at, { value: version, problems: isDns1035Label(version) })
  }
  if (kind === '') errors.push(field.required(`${path}.kind`, ''))
  else {
    const prefix = 'may have mixed case, but should otherwise match: '
    addJoined(errors, `${path}.kind`, { value: kind, problems: isDns1035Label(kind.toLowerCase()), prefix })
  }
}

function addJoined(
  errors: FieldErrors,
  path: string,
  { value, problems, prefix = '' }: { value: string; problems: readonly string[]; prefix?: string },
): void {
  if (problems.length > 0) errors.push(field.invalid(path, value, prefix + problems.join(',')))
}

function validateValidatingPolicy(
  { metadata, spec = {} }: ValidatingAdmissionPolicy,
  errors: FieldErrors,
  rules: PolicyRules,
): void {
  const compiling = validatePolicySpec(errors, spec, rules)
  const annotations = spec.auditAnnotations ?? []
  if (!spec.validations?.length && annotations.length === 0) {
    const why = 'validations or auditAnnotations must contain at least one item'
    errors.push(field.required('spec.validations', why), field.required('spec.auditAnnotations', why))
    return
  }
  for (const [index, validation] of (spec.validations ?? []).entries()) {
    validateValidation(errors, `spec.validations[${index}]`, { validation, compiling })
  }
  if (annotations.length > maxAuditAnnotations) {
    const why = `must not have more than ${maxAuditAnnotations} auditAnnotations`
    errors.push(field.invalid('spec.auditAnnotations', annotations, why))
  }
  for (const [index, annotation] of annotations.entries()) {
    const path = `spec.auditAnnotations[${index}]`
    validateAuditAnnotation(errors, path, { annotation, policy: metadata.name ?? '', compiling })
    if (annotations.findIndex(({ key }) => key === annotation.key) < index) {
      errors.push(field.duplicate(`${path}.key`, annotation.key))
    }
  }
}

function validateValidation(
  errors: FieldErrors,
  path: string,
  { validation, compiling }: { validation: Partial<Validation>; compiling: Compiling },
): void {
  const { expression = '', messageExpression = '', message = '', reason } = validation
  if (expression.trim() === '') errors.push(field.required(`${path}.expression`, 'expression is not specified'))
  else validateExpression(errors, `${path}.expression`, { expression, ...compiling, returns: ['bool'] })
  if (messageExpression.trim() !== '') {
    const rules = { expression: messageExpression, ...compiling, returns: ['string'] }
    validateExpression(errors, `${path}.messageExpression`, rules)
  } else if (messageExpression !== '') {
    errors.push(field.invalid(`${path}.messageExpression`, messageExpression, 'must be non-empty if specified'))
  }
  if (message !== '' && message.trim() === '') {
    errors.push(field.invalid(`${path}.message`, message, 'must be non-empty if specified'))
  } else if (/[\n\r]/.test(message.trim())) {
    errors.push(field.invalid(`${path}.message`, message, 'must not contain line breaks'))
  }
  if (reason != null && !reasons.includes(reason)) errors.push(field.notSupported(`${path}.reason`, reason, reasons))
}

function validateAuditAnnotation(
  errors: FieldErrors,
  path: string,
  { annotation, policy, compiling }: { annotation: Partial<AuditAnnotation>; policy: string; compiling: Compiling },
): void {
  const { key = '', valueExpression = '' } = annotation
  if (policy === '') errors.push(field.invalid(`${path}.key`, key, 'requires metadata.name be non-empty'))
  else addInvalid(errors, `${path}.key`, `${policy}/${key}`, isQualifiedName(`${policy}/${key}`))
  const expression = valueExpression.trim()
  const at = `${path}.valueExpression`
  if (expression === '') errors.push(field.required(at, 'valueExpression is not specified'))
  else if (utf8Length(expression) > maxValueExpressionBytes) {
    errors.push(field.required(at, `must not exceed ${maxValueExpressionBytes} bytes in length`))
  } else validateExpression(errors, at, { expression, ...compiling, returns: ['string', 'null_type'] })
}

function validateMutatingPolicy({ spec = {} }: MutatingAdmissionPolicy, errors: FieldErrors, rules: PolicyRules): void {
  const compiling = validatePolicySpec(errors, spec, rules)
  if (!spec.mutations?.length) {
    errors.push(field.required('spec.mutations', 'mutations must contain at least one item'))
  }
  for (const [index, mutation] of (spec.mutations ?? []).entries()) {
    validateMutation(errors, `spec.mutations[${index}]`, { mutation, compiling })
  }
  validateEnum(errors, 'spec.reinvocationPolicy', spec.reinvocationPolicy, reinvocationPolicies)
}

/** Nothing mutates what is deleted. */
function validateMutableOperations(
  errors: FieldErrors,
  path: string,
  rules: NonNullable<PolicySpec['matchConstraints']>['resourceRules'],
): void {
  for (const operation of (rules ?? []).flatMap(({ operations }) => operations ?? [])) {
    if (mutableOperations.includes(operation)) continue
    errors.push(field.notSupported(`${path}.resourceRules.operations`, operation, mutableOperations))
  }
}

function validateMutation(
  errors: FieldErrors,
  path: string,
  { mutation, compiling }: { mutation: Partial<Mutation>; compiling: Compiling },
): void {
  const { patchType = '' } = mutation
  validateEnum(errors, `${path}.patchType`, patchType, patchTypes)
  if (!patchTypes.includes(patchType)) return
  const [own, other, type] =
    patchType === 'JSONPatch'
      ? (['jsonPatch', 'applyConfiguration', 'list(JSONPatch)'] as const)
      : (['applyConfiguration', 'jsonPatch', 'Object'] as const)
  const chosen = mutation[own]
  if (chosen) {
    const expression = (chosen.expression ?? '').trim()
    const at = `${path}.${own}.expression`
    if (expression === '') errors.push(field.required(at, ''))
    else validateExpression(errors, at, { expression, ...compiling, returns: [type] })
  } else errors.push(field.required(`${path}.${own}`, `must be specified when patchType is ${patchType}`))
  if (mutation[other]) {
    errors.push(field.invalid(`${path}.${other}`, `{${other}}`, `must not be specified when patchType is ${patchType}`))
  }
}

function validateBinding({ spec }: Binding, errors: FieldErrors): void {
  requireValid(errors, 'spec.policyName', spec?.policyName, nameIsDnsSubdomain)
  if (spec?.paramRef) validateParamRef(errors, 'spec.paramRef', spec.paramRef)
  validateMatchResources(errors, 'spec.matchResources', spec?.matchResources)
}

function validateParamRef(errors: FieldErrors, path: string, reference: ParamRef): void {
  const { name, selector, parameterNotFoundAction: action } = reference
  const exclusive = 'name and selector are mutually exclusive'
  if (name) {
    addInvalid(errors, `${path}.name`, name, nameIsPathSegment(name))
    if (selector) errors.push(field.forbidden(`${path}.name`, exclusive))
  }
  if (selector) {
    validateLabelSelector(errors, `${path}.selector`, selector)
    if (name) errors.push(field.forbidden(`${path}.selector`, exclusive))
  }
  if (!name && !selector) errors.push(field.required(path, 'one of name or selector must be specified'))
  validateEnum(errors, `${path}.parameterNotFoundAction`, action, ['Deny', 'Allow'])
}

function validateActions({ spec }: ValidatingAdmissionPolicyBinding, errors: FieldErrors): void {
  const path = 'spec.validationActions'
  const given = spec?.validationActions ?? []
  for (const [index, action] of given.entries()) {
    if (!actions.includes(action)) errors.push(field.notSupported(`${path}[${index}]`, action, actions))
    if (given.indexOf(action) < index) errors.push(field.duplicate(`${path}[${index}]`, action))
  }
  if (given.includes('Deny') && given.includes('Warn')) {
    const why =
      'must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)'
    errors.push(field.invalid(path, given, why))
  }
  if (given.length === 0) errors.push(field.required(path, 'at least one validation action is required'))
}

function validateStatus({ status }: ValidatingAdmissionPolicy, _: unknown, errors: FieldErrors): void {
  for (const [index, warning] of (status?.typeChecking?.expressionWarnings ?? []).entries()) {
    const path = `status.typeChecking.expressionWarnings[${index}]`
    if (!warning.warning) errors.push(field.required(`${path}.warning`, ''))
    if (!warning.fieldRef?.trim()) errors.push(field.required(`${path}.fieldRef`, ''))
  }
  validateConditions(errors, 'status.conditions', status?.conditions)
}

const versioned = { requiresResourceVersion: true }

export const validatingAdmissionPolicyValidation: KindValidation = {
  ...versioned,
  create: (policy: ValidatingAdmissionPolicy, errors, compile) =>
    validateValidatingPolicy(policy, errors, { isMutating: false, compile }),
  update: (policy: ValidatingAdmissionPolicy, old: ValidatingAdmissionPolicy, errors, compile) =>
    validateValidatingPolicy(policy, errors, { isMutating: false, old: old.spec, compile }),
  statusUpdate: validateStatus,
}

export const mutatingAdmissionPolicyValidation: KindValidation = {
  ...versioned,
  create: (policy: MutatingAdmissionPolicy, errors, compile) =>
    validateMutatingPolicy(policy, errors, { isMutating: true, compile }),
  update: (policy: MutatingAdmissionPolicy, old: MutatingAdmissionPolicy, errors, compile) =>
    validateMutatingPolicy(policy, errors, { isMutating: true, old: old.spec, compile }),
}

export const validatingAdmissionPolicyBindingValidation: KindValidation = {
  ...versioned,
  create(binding: ValidatingAdmissionPolicyBinding, errors) {
    validateBinding(binding, errors)
    validateActions(binding, errors)
  },
}

export const mutatingAdmissionPolicyBindingValidation: KindValidation = {
  ...versioned,
  create(binding: MutatingAdmissionPolicyBinding, errors) {
    validateBinding(binding, errors)
    validateMutableOperations(errors, 'spec.matchResources', binding.spec?.matchResources?.resourceRules)
  },
}
