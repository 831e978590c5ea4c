// From a syntax tree to a function that evaluates it. Names and numbers of arguments are checked here; types at run time,
// as far as a value is of the wrong one. Upstream: cel-go interpreter, parser/macro.go, ext/comprehensions.go.

import { type CelFunction, globalFunctions, memberFunctions } from './functions.ts'
import { add, arithmetic, negate } from './operators.ts'
import { dottedName, parse } from './parser.ts'
import { CompileError, type Expr } from './syntax.ts'
import {
  type Budget,
  EvaluationError,
  Message,
  Optional,
  TypeValue,
  UInt,
  compare,
  equals,
  isMap,
  mapEntries,
  mapGet,
  mapKey,
} from './values.ts'

/** One variable and those around it. */
class Frame {
  readonly name: string
  readonly value: unknown
  readonly parent: Frame | undefined
  readonly budget: Budget
  constructor(budget: Budget, name: string, value: unknown, parent: Frame | undefined) {
    this.budget = budget
    this.name = name
    this.value = value
    this.parent = parent
  }
  with(name: string, value: unknown): Frame {
    return new Frame(this.budget, name, value, this)
  }
  get(name: string): unknown {
    // oxlint-disable-next-line typescript/no-this-alias -- the walk starts here
    let frame: Frame | undefined = this
    while (frame !== undefined && frame.name !== name) frame = frame.parent
    return frame?.value
  }
}

type Run = (frame: Frame) => unknown

export type Evaluate = (variables: Readonly<Record<string, unknown>>, budget: Budget) => unknown

/** Throws CompileError. `variables` are the names that an evaluation will bring. */
export function compileExpression(source: string, variables: readonly string[]): Evaluate {
  const run = new Compiler(source).compile(parse(source), new Set(variables))
  return (values, budget) => {
    let frame = new Frame(budget, '', undefined, undefined)
    for (const name of variables) frame = frame.with(name, values[name])
    return run(frame)
  }
}

const typeNames: Readonly<Record<string, string>> = {
  int: 'int',
  uint: 'uint',
  double: 'double',
  bool: 'bool',
  string: 'string',
  bytes: 'bytes',
  list: 'list',
  map: 'map',
  null_type: 'null_type',
  type: 'type',
  'google.protobuf.Timestamp': 'google.protobuf.Timestamp',
  'google.protobuf.Duration': 'google.protobuf.Duration',
}

type Scope = ReadonlySet<string>
type Macro = (compiler: Compiler, call: CallExpr, scope: Scope) => Run
type CallExpr = Expr & { type: 'call' }

class Compiler {
  readonly #source: string

  constructor(source: string) {
    this.#source = source
  }

  error(at: number, detail: string): CompileError {
    return new CompileError(this.#source, at, detail)
  }

  compile(expr: Expr, scope: Scope): Run {
    switch (expr.type) {
      case 'literal':
        return () => expr.value
      case 'ident':
        return this.#ident(expr.name, expr.at, scope)
      case 'select':
        return this.#select(expr, scope)
      case 'index': {
        const target = this.compile(expr.target, scope)
        const key = this.compile(expr.key, scope)
        return (frame) => {
          frame.budget.spend(1)
          return indexInto(target(frame), key(frame), expr.optional)
        }
      }
      case 'call':
        return this.#call(expr, scope)
      case 'list':
        return this.#list(expr, scope)
      case 'map':
        return this.#map(expr, scope)
      default:
        return this.#message(expr, scope)
    }
  }

  #ident(name: string, at: number, scope: Scope): Run {
    if (scope.has(name)) {
      return (frame) => {
        frame.budget.spend(1)
        return frame.get(name)
      }
    }
    const type = typeNames[name]
    if (type === undefined) throw this.error(at, `undeclared reference to '${name}' (in container '')`)
    const value = new TypeValue(type)
    return () => value
  }

  #select(expr: Expr & { type: 'select' }, scope: Scope): Run {
    const type = typeNames[dottedName(expr) ?? '']
    if (type !== undefined) return () => new TypeValue(type)
    const target = this.compile(expr.target, scope)
    return (frame) => {
      frame.budget.spend(1)
      return selectFrom(target(frame), expr.name, expr.optional)
    }
  }

  #list({ items }: Expr & { type: 'list' }, scope: Scope): Run {
    const runs = items.map(({ value, optional }) => ({ run: this.compile(value, scope), optional }))
    return (frame) => {
      frame.budget.spend(1 + runs.length)
      return runs.flatMap(({ run, optional }) => {
        const value = run(frame)
        return optional ? valuesOf(value) : [value]
      })
    }
  }

  #map({ entries }: Expr & { type: 'map' }, scope: Scope): Run {
    const runs = entries.map(({ key, value, optional }) => ({
      key: this.compile(key, scope),
      value: this.compile(value, scope),
      optional,
    }))
    return (frame) => {
      frame.budget.spend(1 + runs.length)
      const map = new Map<unknown, unknown>()
      for (const { key, value, optional } of runs) {
        const at = mapKey(key(frame))
        const [made] = optional ? valuesOf(value(frame)) : [value(frame)]
        if (made === undefined) continue
        if (map.has(at)) throw new EvaluationError(`Failed with repeated key`)
        map.set(at, made)
      }
      return map
    }
  }

  #message({ name, fields }: Expr & { type: 'message' }, scope: Scope): Run {
    const [root = ''] = name.split('.')
    if (root !== 'Object' && name !== 'JSONPatch')
      throw this.error(0, `undeclared reference to '${name}' (in container '')`)
    const runs = fields.map((field) => ({ ...field, run: this.compile(field.value, scope) }))
    return (frame) => {
      frame.budget.spend(1 + runs.length)
      const made = new Map<unknown, unknown>()
      for (const { name: field, optional, run } of runs) {
        const [value] = optional ? valuesOf(run(frame)) : [run(frame)]
        if (value !== undefined) made.set(field, value)
      }
      return new Message(name, made as ReadonlyMap<string, unknown>)
    }
  }

  #call(expr: CallExpr, scope: Scope): Run {
    const { target, name, args } = expr
    if (target === undefined) {
      const macro = globalMacros[name] ?? operators[name]
      if (macro !== undefined) return macro(this, expr, scope)
      return this.#function(globalFunctions[name], expr, args, scope)
    }
    const qualified = dottedName(target)
    if (qualified !== undefined && !scope.has(qualified.split('.')[0] ?? '')) {
      const full = `${qualified}.${name}`
      const macro = globalMacros[full]
      if (macro !== undefined) return macro(this, expr, scope)
      const known = globalFunctions[full]
      if (known !== undefined) return this.#function(known, expr, args, scope)
    }
    const macro = memberMacros[name]
    if (macro !== undefined && macro.arities.includes(args.length)) return macro.expand(this, expr, scope)
    return this.#function(memberFunctions[name], expr, [target, ...args], scope)
  }

  #function(
    known: CelFunction | undefined,
    { name, at }: Expr & { type: 'call' },
    args: readonly Expr[],
    scope: Scope,
  ): Run {
    if (known === undefined) throw this.error(at, `undeclared reference to '${name}' (in container '')`)
    const { arities, run } = known
    if (!arities.includes(args.length))
      throw this.error(at, `found no matching overload for '${name}' applied to ${args.length} arguments`)
    const runs = args.map((arg) => this.compile(arg, scope))
    return (frame) => {
      frame.budget.spend(1)
      const values = runs.map((each) => each(frame))
      return run(values, frame.budget)
    }
  }

  /** The name of a comprehension's variable. */
  variable(expr: Expr | undefined, at: number): string {
    if (expr?.type !== 'ident') throw this.error(expr?.at ?? at, 'argument must be a simple name')
    return expr.name
  }
}

function valuesOf(value: unknown): unknown[] {
  if (!(value instanceof Optional))
    throw new EvaluationError(`cannot initialize optional entry from non-optional value`)
  return value.hasValue ? [value.value] : []
}

function selectFrom(target: unknown, name: string, optional: boolean): unknown {
  if (target instanceof Optional) return target.hasValue ? asOptional(fieldOf(target.value, name)) : target
  const value = fieldOf(target, name)
  if (optional) return asOptional(value)
  if (value === undefined) throw new EvaluationError(`no such key: ${name}`)
  return value
}

function asOptional(value: unknown): Optional {
  return value === undefined ? Optional.none : new Optional(value)
}

function fieldOf(target: unknown, name: string): unknown {
  if (target instanceof Message) return target.fields.get(name)
  if (!isMap(target)) throw new EvaluationError('no such overload')
  return mapGet(target, name)
}

function indexInto(target: unknown, key: unknown, optional: boolean): unknown {
  if (target instanceof Optional) return target.hasValue ? indexInto(target.value, key, true) : target
  let value: unknown
  if (Array.isArray(target)) {
    const index =
      typeof key === 'bigint' || typeof key === 'number'
        ? Number(key)
        : key instanceof UInt
          ? Number(key.value)
          : undefined
    if (index === undefined) throw new EvaluationError('no such overload')
    value = (target as readonly unknown[])[index]
    if (value === undefined && !optional) throw new EvaluationError(`index out of bounds: ${index}`)
  } else if (isMap(target)) {
    value = mapGet(target, key)
    if (value === undefined && !optional) throw new EvaluationError(`no such key: ${String(key)}`)
  } else throw new EvaluationError('no such overload')
  return optional ? asOptional(value) : value
}

function bool(value: unknown): boolean {
  if (typeof value !== 'boolean') throw new EvaluationError('no such overload')
  return value
}

/** An error on one side does not matter where the other one decides; `decisive` is the value that does. */
function logical(decisive: boolean): Macro {
  return (compiler, { args }, scope) => {
    const [left, right] = args.map((arg) => compiler.compile(arg, scope)) as [Run, Run]
    return (frame) => {
      let first: EvaluationError | undefined
      try {
        if (bool(left(frame)) === decisive) return decisive
      } catch (error) {
        if (!(error instanceof EvaluationError)) throw error
        first = error
      }
      const second = bool(right(frame))
      if (second !== decisive && first !== undefined) throw first
      return second
    }
  }
}

function binary(apply: (left: unknown, right: unknown, budget: Budget) => unknown): Macro {
  return (compiler, { args }, scope) => {
    const [left, right] = args.map((arg) => compiler.compile(arg, scope)) as [Run, Run]
    return (frame) => {
      frame.budget.spend(1)
      return apply(left(frame), right(frame), frame.budget)
    }
  }
}

function ordered(accepts: (order: number) => boolean): Macro {
  return binary((left, right, budget) => {
    const order = compare(left, right, budget)
    if (order === undefined) throw new EvaluationError('no such overload')
    return accepts(order)
  })
}

function contains(item: unknown, collection: unknown, budget: Budget): boolean {
  if (Array.isArray(collection)) return collection.some((candidate) => equals(candidate, item, budget))
  if (isMap(collection)) return mapGet(collection, item) !== undefined
  throw new EvaluationError('no such overload')
}

const operators: Readonly<Record<string, Macro>> = {
  '_||_': logical(true),
  '_&&_': logical(false),
  '_==_': binary(equals),
  '_!=_': binary((left, right, budget) => !equals(left, right, budget)),
  '_<_': ordered((order) => order < 0),
  '_<=_': ordered((order) => order <= 0),
  '_>_': ordered((order) => order > 0),
  '_>=_': ordered((order) => order >= 0),
  '@in': binary(contains),
  '_+_': binary(add),
  '_-_': binary((left, right) => arithmetic('-', left, right)),
  '_*_': binary((left, right) => arithmetic('*', left, right)),
  '_/_': binary((left, right) => arithmetic('/', left, right)),
  '_%_': binary((left, right) => arithmetic('%', left, right)),
  '!_': (compiler, { args }, scope) => {
    const [run] = args.map((arg) => compiler.compile(arg, scope)) as [Run]
    return (frame) => !bool(run(frame))
  },
  '-_': (compiler, { args }, scope) => {
    const [run] = args.map((arg) => compiler.compile(arg, scope)) as [Run]
    return (frame) => negate(run(frame))
  },
  '_?_:_': (compiler, { args }, scope) => {
    const [condition, whenTrue, whenFalse] = args.map((arg) => compiler.compile(arg, scope)) as [Run, Run, Run]
    return (frame) => (bool(condition(frame)) ? whenTrue(frame) : whenFalse(frame))
  },
}

const globalMacros: Readonly<Record<string, Macro>> = {
  has: (compiler, { args, at }, scope) => {
    const [tested] = args
    if (args.length !== 1 || tested?.type !== 'select') throw compiler.error(at, 'invalid argument to has() macro')
    const target = compiler.compile(tested.target, scope)
    return (frame) => {
      const value = target(frame)
      if (value instanceof Optional) return value.hasValue && fieldOf(value.value, tested.name) !== undefined
      return fieldOf(value, tested.name) !== undefined
    }
  },
  'cel.bind': (compiler, { args, at }, scope) => {
    const [named, init, body] = args
    if (init === undefined || body === undefined) throw compiler.error(at, 'cel.bind() takes three arguments')
    const name = compiler.variable(named, at)
    const value = compiler.compile(init, scope)
    const run = compiler.compile(body, new Set([...scope, name]))
    return (frame) => run(frame.with(name, value(frame)))
  },
}

interface MemberMacro {
  arities: readonly number[]
  expand: Macro
}

/** Calls `visit` with a frame for each element until it says to stop. */
type Loop = (
  frame: Frame,
  visit: (inner: Frame, element: { first: unknown; second: unknown; isList: boolean }) => boolean,
) => void

interface Comprehension {
  loop: Loop
  /** The expressions after the variables. */
  bodies: readonly Run[]
}

function comprehension(
  compiler: Compiler,
  { target, args, at }: CallExpr,
  scope: Scope,
  variables: 1 | 2,
): Comprehension {
  if (target === undefined) throw compiler.error(at, 'a comprehension needs a range')
  const range = compiler.compile(target, scope)
  const names = args.slice(0, variables).map((arg) => compiler.variable(arg, at))
  const [first = '', second] = names
  const inner = new Set([...scope, ...names])
  const bodies = args.slice(variables).map((arg) => compiler.compile(arg, inner))
  const loop: Loop = (frame, visit) => {
    const collection = range(frame)
    const isList = Array.isArray(collection)
    if (!isList && !isMap(collection)) throw new EvaluationError('no such overload')
    const elements: Iterable<[unknown, unknown]> = isList
      ? (collection as readonly unknown[]).entries()
      : mapEntries(collection)
    for (const [key, value] of elements) {
      frame.budget.spend(1)
      const place = isList ? BigInt(key as number) : key
      const element = second === undefined ? (isList ? value : place) : place
      const once = frame.with(first, element)
      const both = second === undefined ? once : once.with(second, value)
      if (!visit(both, { first: element, second: value, isList })) return
    }
  }
  return { loop, bodies }
}

/** `all` and `exists`: an element's error counts only where no other element decides. */
function quantifier(decisive: boolean): MemberMacro {
  return {
    arities: [2, 3],
    expand: (compiler, call, scope) => {
      const { loop, bodies } = comprehension(compiler, call, scope, call.args.length === 3 ? 2 : 1)
      const [test] = bodies as [Run]
      return (frame) => {
        let isDecided = false
        let failed: EvaluationError | undefined
        loop(frame, (inner) => {
          try {
            isDecided = bool(test(inner)) === decisive
          } catch (error) {
            if (!(error instanceof EvaluationError)) throw error
            failed ??= error
          }
          return !isDecided
        })
        if (!isDecided && failed !== undefined) throw failed
        return isDecided ? decisive : !decisive
      }
    },
  }
}

const existsOne: MemberMacro = {
  arities: [2, 3],
  expand: (compiler, call, scope) => {
    const { loop, bodies } = comprehension(compiler, call, scope, call.args.length === 3 ? 2 : 1)
    const [test] = bodies as [Run]
    return (frame) => {
      let found = 0
      loop(frame, (inner) => {
        if (bool(test(inner))) found++
        return true
      })
      return found === 1
    }
  },
}

/** `map`, `filter` and `transformList`: what is collected for each element that passes. */
function collecting(arities: readonly number[], variables: 1 | 2, isFilter = false): MemberMacro {
  return {
    arities,
    expand: (compiler, call, scope) => {
      const { loop, bodies } = comprehension(compiler, call, scope, variables)
      const [test, make] = isFilter ? [bodies[0], undefined] : bodies.length === 2 ? bodies : [undefined, bodies[0]]
      return (frame) => {
        const made: unknown[] = []
        loop(frame, (inner, { first }) => {
          if (test === undefined || bool(test(inner))) made.push(make === undefined ? first : make(inner))
          return true
        })
        return made
      }
    },
  }
}

function transformMap(insert: (made: Map<unknown, unknown>, key: unknown, value: unknown) => void): MemberMacro {
  return {
    arities: [3, 4],
    expand: (compiler, call, scope) => {
      const { loop, bodies } = comprehension(compiler, call, scope, 2)
      const [test, make] = (bodies.length === 2 ? bodies : [undefined, bodies[0]]) as [Run | undefined, Run]
      return (frame) => {
        const made = new Map<unknown, unknown>()
        loop(frame, (inner, { first }) => {
          if (test === undefined || bool(test(inner))) insert(made, mapKey(first), make(inner))
          return true
        })
        return made
      }
    },
  }
}

function insertEntries(made: Map<unknown, unknown>, _key: unknown, value: unknown): void {
  if (!isMap(value)) throw new EvaluationError('no such overload')
  for (const [key, member] of mapEntries(value)) {
    if (made.has(mapKey(key))) throw new EvaluationError(`insert failed: key ${String(key)} already exists`)
    made.set(mapKey(key), member)
  }
}

function optionalMap(isFlat: boolean): MemberMacro {
  return {
    arities: [2],
    expand: (compiler, { target, args, at }, scope) => {
      const [named, body] = args
      if (target === undefined || body === undefined) throw compiler.error(at, 'optMap() takes two arguments')
      const name = compiler.variable(named, at)
      const optional = compiler.compile(target, scope)
      const run = compiler.compile(body, new Set([...scope, name]))
      return (frame) => {
        const given = optional(frame)
        if (!(given instanceof Optional)) throw new EvaluationError('no such overload')
        if (!given.hasValue) return given
        const made = run(frame.with(name, given.value))
        return isFlat ? made : new Optional(made)
      }
    },
  }
}

const sortBy: MemberMacro = {
  arities: [2],
  expand: (compiler, call, scope) => {
    const { loop, bodies } = comprehension(compiler, call, scope, 1)
    const [key] = bodies as [Run]
    return (frame) => {
      const keyed: { item: unknown; key: unknown }[] = []
      loop(frame, (inner, { first }) => keyed.push({ item: first, key: key(inner) }) > 0)
      frame.budget.spend(keyed.length * Math.ceil(Math.log2(keyed.length + 1)))
      keyed.sort((a, b) => {
        const order = compare(a.key, b.key, frame.budget)
        if (order === undefined) throw new EvaluationError('no such overload')
        return order
      })
      return keyed.map(({ item }) => item)
    }
  },
}

const memberMacros: Readonly<Record<string, MemberMacro>> = {
  all: quantifier(false),
  exists: quantifier(true),
  exists_one: existsOne,
  existsOne,
  map: collecting([2, 3], 1),
  filter: collecting([2], 1, true),
  transformList: collecting([3, 4], 2),
  transformMap: transformMap((made, key, value) => made.set(key, value)),
  transformMapEntry: transformMap(insertEntries),
  optMap: optionalMap(false),
  optFlatMap: optionalMap(true),
  sortBy,
}
