// What validation asks of CEL. The compiler is in a layer above, which passes it in; without one, nothing is compiled.

import { field } from '../field-error.ts'
import type { FieldErrors } from './fields.ts'

/** A type as cel-go prints it, or the fields of a struct. */
export type CelType = string | CelStruct

export interface CelStruct {
  /** Undefined stands for a field of which no more is known. */
  readonly fields: Readonly<Record<string, CelType | undefined>>
}

/** The variables that an expression may use; those of an undefined type may be anything. */
export type CelVariables = Readonly<Record<string, CelType | undefined>>

export interface CompiledExpression {
  /** Why it does not compile, in the words of cel-go. */
  problem?: string
  /** What it evaluates to, where that is certain. */
  type?: CelType | undefined
}

export type CompileExpression = (expression: string, variables: CelVariables) => CompiledExpression

export const compileNothing: CompileExpression = () => ({})

export interface ExpressionRules {
  compile: CompileExpression
  variables: CelVariables
  /** Types of which the expression must have one. */
  returns: readonly string[]
}

/** Upstream: k8s.io/apiserver pkg/admission/plugin/cel/compile.go. */
export function validateExpression(
  errors: FieldErrors,
  path: string,
  { expression, compile, variables, returns }: ExpressionRules & { expression: string },
): void {
  const { problem, type } = compile(expression, variables)
  if (problem !== undefined) errors.push(field.invalid(path, expression, `compilation failed: ${problem}`))
  else if (typeof type === 'string' && !returns.includes(type)) {
    const wanted = returns.length === 1 ? returns.join() : `one of [${returns.join(' ')}]`
    errors.push(field.invalid(path, expression, `must evaluate to ${wanted} but got ${type}`))
  }
}
