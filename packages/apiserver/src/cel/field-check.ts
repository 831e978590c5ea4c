// Fields that a rule names but the schema does not have: found when the definition is made, not when the rule runs.
// Upstream: apiextensions-apiserver pkg/apiserver/schema/cel (the declared types of self and oldSelf).

import { type Props, itemsOf, preservesUnknown, valuesOf } from '../custom/structural-schema.ts'
import { parse } from './parser.ts'
import { CompileError, type Expr } from './syntax.ts'

/** What is known of a value; undefined: nothing, so everything is allowed. */
type Known = { props: Props; isResource: boolean } | undefined
type Scope = ReadonlyMap<string, Known>

/** Throws CompileError. `isResource`: the whole object, which has metadata without its schema saying so. */
export function checkFields(source: string, props: Props, isResource: boolean, escape: (name: string) => string): void {
  const self: Known = { props, isResource }
  new FieldCheck(source, escape).visit(
    parse(source),
    new Map<string, Known>([
      ['self', self],
      ['oldSelf', self],
    ]),
  )
}

/** Macros whose variables stand for an element of what they are called on. */
const overElements: ReadonlySet<string> = new Set([
  'all',
  'exists',
  'exists_one',
  'existsOne',
  'map',
  'filter',
  'sortBy',
])

/** What an expression may read of metadata. */
const metadataProps: Props = {
  type: 'object',
  properties: { name: { type: 'string' }, generateName: { type: 'string' } },
}

class FieldCheck {
  readonly #source: string
  readonly #escape: (name: string) => string

  constructor(source: string, escape: (name: string) => string) {
    this.#source = source
    this.#escape = escape
  }

  visit(expr: Expr, scope: Scope): Known {
    switch (expr.type) {
      case 'literal':
        return undefined
      case 'ident':
        return scope.get(expr.name)
      case 'select': {
        const owner = this.visit(expr.target, scope)
        return expr.optional ? undefined : this.#field(owner, expr.name, expr.at)
      }
      case 'index': {
        const owner = this.visit(expr.target, scope)
        this.visit(expr.key, scope)
        return expr.optional ? undefined : elementOf(owner)
      }
      case 'call':
        return this.#call(expr, scope)
      case 'list':
        for (const { value } of expr.items) this.visit(value, scope)
        return undefined
      case 'map':
        for (const { key, value } of expr.entries) for (const each of [key, value]) this.visit(each, scope)
        return undefined
      default:
        for (const { value } of expr.fields) this.visit(value, scope)
        return undefined
    }
  }

  #field(owner: Known, name: string, at: number): Known {
    if (owner === undefined) return undefined
    const { props } = owner
    const isResource = owner.isResource || props['x-kubernetes-embedded-resource'] === true
    if (isResource && (name === 'apiVersion' || name === 'kind')) return undefined
    if (isResource && name === 'metadata') return { props: metadataProps, isResource: false }
    if (props.type !== 'object' || preservesUnknown(props)) return undefined
    const values = valuesOf(props)
    if (values !== undefined) return { props: values, isResource: false }
    const property = Object.entries(props.properties ?? {}).find(([key]) => this.#escape(key) === name)?.[1]
    if (property === undefined) throw new CompileError(this.#source, at, `undefined field '${name}'`)
    return { props: property, isResource: false }
  }

  #call({ target, name, args }: Expr & { type: 'call' }, scope: Scope): Known {
    const owner = target === undefined ? undefined : this.visit(target, scope)
    const [variable, ...bodies] = args
    if (target !== undefined && variable?.type === 'ident' && overElements.has(name) && args.length === 2) {
      const element = owner?.props.type === 'array' ? elementOf(owner) : undefined
      for (const body of bodies) this.visit(body, new Map([...scope, [variable.name, element]]))
      return name === 'filter' ? owner : undefined
    }
    // Other macros bring variables of which nothing is known.
    const names = args.flatMap((arg) =>
      arg.type === 'ident' && !scope.has(arg.name) ? [[arg.name, undefined] as const] : [],
    )
    for (const arg of args) this.visit(arg, new Map<string, Known>([...scope, ...names]))
    return undefined
  }
}

function elementOf(owner: Known): Known {
  const element = owner === undefined ? undefined : (itemsOf(owner.props) ?? valuesOf(owner.props))
  return element && { props: element, isResource: false }
}
