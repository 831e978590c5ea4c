// CEL expressions, ready to run: compiled once, and with a limit on what a run may cost, so that whoever may write an
// expression cannot stall the server. Limits: k8s.io/apiserver pkg/apis/cel/config.go.

import { type Evaluate, compileExpression } from './compiler.ts'
import { Budget, EvaluationError } from './values.ts'

/** What one expression may cost. */
export const perCallLimit = 1_000_000
/** What all expressions of one object, or of one policy, may cost together. */
export const totalLimit = 10_000_000

/** Throws EvaluationError, or CostExceeded. `total` is what the caller shares among several runs. */
export type Program = (variables: Readonly<Record<string, unknown>>, total?: Budget) => unknown

/** Programs are kept by their text; those of definitions that have gone go when there are too many. */
const kept = new Map<string, Program>()
const keptAtMost = 10_000

/** Throws an Error that says what does not parse, or names what is not declared. */
export function compile(expression: string, variables: readonly string[]): Program {
  const key = `${variables.join()}\n${expression}`
  const known = kept.get(key)
  if (known !== undefined) return known
  const program = limited(compileExpression(expression, variables))
  if (kept.size >= keptAtMost) kept.clear()
  kept.set(key, program)
  return program
}

function limited(evaluate: Evaluate): Program {
  return (variables, total = new Budget(totalLimit)) => {
    const limit = Math.min(perCallLimit, total.left)
    const budget = new Budget(limit)
    try {
      return evaluate(variables, budget)
    } catch (error) {
      // Deeply nested values may exhaust the stack of a comparison; anything else is a fault of the server's own.
      if (error instanceof RangeError) throw new EvaluationError('expression is too deep to evaluate', { cause: error })
      throw error
    } finally {
      total.spend(Math.min(limit - budget.left, total.left))
    }
  }
}
