// What an expression evaluates to, as far as its text says so for certain, and fields that a struct does not have. Where
// nothing is certain the answer is undefined, and the expression is taken: types are checked again as it runs.
// Upstream: cel-go checker.

import type { CelType, CelVariables, CompileExpression } from '@binnacle/api'
import { compile } from './environment.ts'
import { parse } from './parser.ts'
import { CompileError, type Expr } from './syntax.ts'
import { UInt } from './values.ts'

/** Compiles an expression for those who keep it. */
export const checkExpression: CompileExpression = (expression, variables) => {
  try {
    compile(expression, Object.keys(variables))
    return { type: new ResultType(expression).of(parse(expression), variables) }
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) }
  }
}

type Known = CelType | undefined

const booleans: ReadonlySet<string> = new Set(
  '_||_ _&&_ !_ _==_ _!=_ _<_ _<=_ _>_ _>=_ @in has all exists exists_one existsOne startsWith endsWith contains matches hasValue'.split(
    ' ',
  ),
)
/** Functions whose name says what they make, whatever they are given. */
const conversions: Readonly<Record<string, string>> = {
  size: 'int',
  int: 'int',
  uint: 'uint',
  double: 'double',
  string: 'string',
  bool: 'bool',
  bytes: 'bytes',
  dyn: 'dyn',
}
const arithmetic: ReadonlySet<string> = new Set(['_+_', '_-_', '_*_', '_/_', '_%_'])
const numbers: ReadonlySet<Known> = new Set(['int', 'uint', 'double'])

class ResultType {
  readonly #source: string

  constructor(source: string) {
    this.#source = source
  }

  /** Throws CompileError for a field that a struct does not have. */
  of(expr: Expr, scope: CelVariables): Known {
    switch (expr.type) {
      case 'literal':
        return literalType(expr.value)
      case 'ident':
        return scope[expr.name]
      case 'select':
        return this.#select(expr, scope)
      case 'index': {
        const target = this.of(expr.target, scope)
        this.of(expr.key, scope)
        return target === 'dyn' && !expr.optional ? 'dyn' : undefined
      }
      case 'list': {
        const types = expr.items.map(({ value, optional }) => (optional ? undefined : this.of(value, scope)))
        const element = common(types)
        return typeof element === 'string' ? `list(${element})` : undefined
      }
      case 'map': {
        const keys = common(expr.entries.map(({ key }) => this.of(key, scope)))
        const values = common(expr.entries.map(({ value, optional }) => (optional ? undefined : this.of(value, scope))))
        return typeof keys === 'string' && typeof values === 'string' ? `map(${keys}, ${values})` : undefined
      }
      case 'message':
        for (const { value } of expr.fields) this.of(value, scope)
        return expr.name
      default:
        return this.#call(expr, scope)
    }
  }

  #select({ target, name, optional, at }: Expr & { type: 'select' }, scope: CelVariables): Known {
    const owner = this.of(target, scope)
    if (optional || owner === undefined) return undefined
    if (typeof owner === 'string') return owner === 'dyn' ? 'dyn' : undefined
    if (!Object.hasOwn(owner.fields, name)) throw new CompileError(this.#source, at, `undefined field '${name}'`)
    return owner.fields[name]
  }

  #call({ target, name, args }: Expr & { type: 'call' }, scope: CelVariables): Known {
    if (target !== undefined) this.of(target, scope)
    // Macros bring variables, of which nothing is known.
    const inner = { ...scope }
    for (const arg of args) if (arg.type === 'ident' && !Object.hasOwn(scope, arg.name)) inner[arg.name] = undefined
    const types = args.map((arg) => this.of(arg, inner))
    if (booleans.has(name)) return 'bool'
    if (target === undefined && arithmetic.has(name)) return arithmeticType(name, types)
    if (target === undefined && name === '-_') return numbers.has(types[0]) ? types[0] : undefined
    if (target === undefined && name === '_?_:_') return common(types.slice(1))
    return target === undefined ? conversions[name] : undefined
  }
}

function literalType(value: unknown): Known {
  if (value === null) return 'null_type'
  if (value instanceof UInt) return 'uint'
  if (value instanceof Uint8Array) return 'bytes'
  if (typeof value === 'bigint') return 'int'
  if (typeof value === 'number') return 'double'
  if (typeof value === 'boolean') return 'bool'
  return typeof value === 'string' ? 'string' : undefined
}

/** The type that all have; undefined where there are several, or none. */
function common([first, ...others]: readonly Known[]): Known {
  return others.every((other) => other === first) ? first : undefined
}

/** Numbers stay what they are; texts and bytes can be joined. */
function arithmeticType(name: string, types: readonly Known[]): Known {
  const type = common(types)
  if (numbers.has(type)) return type
  return name === '_+_' && (type === 'string' || type === 'bytes') ? type : undefined
}
