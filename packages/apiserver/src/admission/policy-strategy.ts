// Admission policies: their expressions must compile before they are kept.
// Upstream: pkg/apis/admissionregistration/validation, pkg/controller/validatingadmissionpolicystatus.

import {
  type FieldError,
  type KubeObject,
  type MutatingAdmissionPolicy,
  type ValidatingAdmissionPolicy,
  deepEqual,
  field,
  invalid,
} from '@binnacle/api'
import { compile } from '../cel/environment.ts'
import type { Strategy } from '../strategy.ts'
import { type PolicySpec, policyVariables, registrationGroup, textOf } from './policy.ts'

type Expressions = readonly (readonly [path: string, expression: string | undefined])[]

function compileErrors(spec: PolicySpec, expressions: Expressions): FieldError[] {
  const names = policyVariables(spec)
  return expressions.flatMap(([path, expression]) => {
    if (expression === undefined) return []
    if (expression.trim() === '') return [field.required(path, 'expression is not specified')]
    try {
      compile(expression, names)
      return []
    } catch (error) {
      return [field.invalid(path, expression, `compilation failed: ${textOf(error)}`)]
    }
  })
}

function sharedExpressions({ variables = [], matchConditions = [] }: PolicySpec): Expressions {
  return [
    ...variables.map(({ expression }, index) => [`spec.variables[${index}].expression`, expression] as const),
    ...matchConditions.map(
      ({ expression }, index) => [`spec.matchConditions[${index}].expression`, expression] as const,
    ),
  ]
}

function refuse(kind: string, object: KubeObject, errors: readonly FieldError[]): void {
  if (errors.length > 0) throw invalid({ group: registrationGroup, kind }, object.metadata.name ?? '', [...errors])
}

function checkValidating(object: KubeObject): void {
  const { spec } = object as ValidatingAdmissionPolicy
  if (spec === undefined) return
  const expressions: Expressions = [
    ...sharedExpressions(spec),
    ...(spec.validations ?? []).flatMap(({ expression, messageExpression }, index) => [
      [`spec.validations[${index}].expression`, expression] as const,
      [`spec.validations[${index}].messageExpression`, messageExpression || undefined] as const,
    ]),
    ...(spec.auditAnnotations ?? []).map(
      ({ valueExpression }, index) => [`spec.auditAnnotations[${index}].valueExpression`, valueExpression] as const,
    ),
  ]
  refuse('ValidatingAdmissionPolicy', object, compileErrors(spec, expressions))
}

function checkMutating(object: KubeObject): void {
  const { spec } = object as MutatingAdmissionPolicy
  if (spec === undefined) return
  const expressions: Expressions = [
    ...sharedExpressions(spec),
    ...(spec.mutations ?? []).flatMap(({ applyConfiguration, jsonPatch }, index) => [
      [`spec.mutations[${index}].applyConfiguration.expression`, applyConfiguration?.expression] as const,
      [`spec.mutations[${index}].jsonPatch.expression`, jsonPatch?.expression] as const,
    ]),
  ]
  refuse('MutatingAdmissionPolicy', object, compileErrors(spec, expressions))
}

/** Types are checked as expressions run; what a controller of its own finds upstream is therefore never a warning. */
export const validatingAdmissionPolicies: Strategy = {
  prepareForCreate(object) {
    checkValidating(object)
    const policy = object as ValidatingAdmissionPolicy
    policy.status = { observedGeneration: policy.metadata.generation ?? 1, typeChecking: {} }
  },
  prepareForUpdate(object, old, { subresource }) {
    if (subresource !== undefined) return
    const policy = object as ValidatingAdmissionPolicy
    if (deepEqual(policy.spec, (old as ValidatingAdmissionPolicy).spec)) return
    checkValidating(object)
    policy.status = { ...policy.status, observedGeneration: policy.metadata.generation ?? 1, typeChecking: {} }
  },
}

export const mutatingAdmissionPolicies: Strategy = {
  prepareForCreate: checkMutating,
  prepareForUpdate(object, old) {
    if (!deepEqual((object as MutatingAdmissionPolicy).spec, (old as MutatingAdmissionPolicy).spec))
      checkMutating(object)
  },
}
