// From the text of a CEL expression to its syntax tree, by recursive descent.

import { type Token, tokenize } from './lexer.ts'
import { CompileError, type Expr } from './syntax.ts'

/** As cel-go's parser, so that nobody makes the stack overflow. */
const maximumDepth = 250

const reserved: ReadonlySet<string> = new Set(
  'as break const continue else for function if import let loop package namespace return var void while'.split(' '),
)

const levels: readonly (readonly string[])[] = [
  ['||'],
  ['&&'],
  ['<', '<=', '>', '>=', '==', '!=', 'in'],
  ['+', '-'],
  ['*', '/', '%'],
]

export function parse(source: string): Expr {
  return new Parser(source).all()
}

class Parser {
  readonly #source: string
  readonly #tokens: readonly Token[]
  #next = 0
  #depth = 0

  constructor(source: string) {
    this.#source = source
    this.#tokens = tokenize(source)
  }

  all(): Expr {
    const expr = this.#expr()
    if (this.#peek().type !== 'end') throw this.#unexpected(`extraneous input`)
    return expr
  }

  #peek(): Token {
    return this.#tokens[this.#next] as Token
  }

  #take(): Token {
    const token = this.#peek()
    if (token.type !== 'end') this.#next++
    return token
  }

  #accept(...texts: string[]): Token | undefined {
    const token = this.#peek()
    return token.type === 'operator' && texts.includes(token.text) ? this.#take() : undefined
  }

  #expect(text: string): Token {
    const token = this.#accept(text)
    if (token === undefined) throw this.#unexpected('mismatched input', ` expecting '${text}'`)
    return token
  }

  #unexpected(what: string, wanted = ''): CompileError {
    const { text, at } = this.#peek()
    return new CompileError(this.#source, at, `Syntax error: ${what} '${text}'${wanted}`)
  }

  #expr(): Expr {
    if (++this.#depth > maximumDepth)
      throw new CompileError(this.#source, this.#peek().at, `expression recursion limit exceeded: ${maximumDepth}`)
    const condition = this.#binary(0)
    const question = this.#accept('?')
    let expr = condition
    if (question !== undefined) {
      const whenTrue = this.#binary(0)
      this.#expect(':')
      expr = { type: 'call', name: '_?_:_', args: [condition, whenTrue, this.#expr()], at: question.at }
    }
    this.#depth--
    return expr
  }

  #binary(level: number): Expr {
    const operators = levels[level]
    if (operators === undefined) return this.#unary()
    let left = this.#binary(level + 1)
    for (let token = this.#accept(...operators); token !== undefined; token = this.#accept(...operators)) {
      left = {
        type: 'call',
        name: token.text === 'in' ? '@in' : `_${token.text}_`,
        args: [left, this.#binary(level + 1)],
        at: token.at,
      }
    }
    return left
  }

  #unary(): Expr {
    const token = this.#accept('!', '-')
    if (token === undefined) return this.#member()
    const { value } = this.#peek()
    if (token.text === '-' && (typeof value === 'bigint' || typeof value === 'number')) {
      const { at } = this.#take()
      return this.#members({ type: 'literal', value: -value, at })
    }
    if (++this.#depth > maximumDepth)
      throw new CompileError(this.#source, token.at, `expression recursion limit exceeded: ${maximumDepth}`)
    const arg = this.#unary()
    this.#depth--
    return { type: 'call', name: token.text === '!' ? '!_' : '-_', args: [arg], at: token.at }
  }

  #member(): Expr {
    return this.#members(this.#primary())
  }

  #members(first: Expr): Expr {
    let expr = first
    for (;;) {
      const token = this.#accept('.', '[', '{')
      if (token === undefined) return expr
      if (token.text === '.') expr = this.#dotted(expr, token.at)
      else if (token.text === '[') {
        const optional = this.#accept('?') !== undefined
        const key = this.#expr()
        this.#expect(']')
        expr = { type: 'index', target: expr, key, optional, at: token.at }
      } else expr = this.#message(expr, token.at)
    }
  }

  #dotted(target: Expr, at: number): Expr {
    const optional = this.#accept('?') !== undefined
    const name = this.#name()
    if (optional || this.#accept('(') === undefined) return { type: 'select', target, name, optional, at }
    return { type: 'call', target, name, args: this.#arguments(), at }
  }

  /** A field's name may be a reserved word only between back quotes. */
  #name(): string {
    const token = this.#peek()
    if (token.type !== 'ident') throw this.#unexpected('mismatched input', ' expecting IDENTIFIER')
    this.#take()
    return String(token.value)
  }

  #arguments(): Expr[] {
    const args: Expr[] = []
    while (this.#accept(')') === undefined) {
      if (args.length > 0) this.#expect(',')
      args.push(this.#expr())
    }
    return args
  }

  #message(named: Expr, at: number): Expr {
    const name = dottedName(named)
    if (name === undefined) throw new CompileError(this.#source, at, `Syntax error: extraneous input '{'`)
    const fields: { name: string; value: Expr; optional: boolean }[] = []
    while (this.#accept('}') === undefined) {
      const optional = this.#accept('?') !== undefined
      const field = this.#name()
      this.#expect(':')
      fields.push({ name: field, value: this.#expr(), optional })
      if (this.#accept(',') === undefined && this.#peek().text !== '}')
        throw this.#unexpected('mismatched input', ` expecting '}'`)
    }
    return { type: 'message', name, fields, at: named.at }
  }

  #primary(): Expr {
    const token = this.#take()
    const { at } = token
    if (token.type === 'literal') {
      if (token.value === 2n ** 63n) throw new CompileError(this.#source, at, 'invalid int literal')
      return { type: 'literal', value: token.value, at }
    }
    if (token.type === 'ident') return this.#word(token)
    switch (token.type === 'operator' ? token.text : '') {
      case '(': {
        const inner = this.#expr()
        this.#expect(')')
        return inner
      }
      case '[':
        return this.#list(at)
      case '{':
        return this.#map(at)
      case '.':
        return this.#word(this.#take())
      default:
        this.#next = Math.max(0, token.type === 'end' ? this.#next : this.#next - 1)
        throw this.#unexpected(
          'mismatched input',
          ` expecting {'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}`,
        )
    }
  }

  #word({ text, value, at, type }: Token): Expr {
    if (type !== 'ident')
      throw new CompileError(this.#source, at, `Syntax error: no viable alternative at input '.${text}'`)
    if (reserved.has(text)) throw new CompileError(this.#source, at, `reserved identifier: ${text}`)
    if (this.#accept('(') !== undefined) return { type: 'call', name: text, args: this.#arguments(), at }
    return { type: 'ident', name: String(value), at }
  }

  #list(at: number): Expr {
    const items: { value: Expr; optional: boolean }[] = []
    while (this.#accept(']') === undefined) {
      const optional = this.#accept('?') !== undefined
      items.push({ value: this.#expr(), optional })
      if (this.#accept(',') === undefined && this.#peek().text !== ']')
        throw this.#unexpected('mismatched input', ` expecting ']'`)
    }
    return { type: 'list', items, at }
  }

  #map(at: number): Expr {
    const entries: { key: Expr; value: Expr; optional: boolean }[] = []
    while (this.#accept('}') === undefined) {
      const optional = this.#accept('?') !== undefined
      const key = this.#expr()
      this.#expect(':')
      entries.push({ key, value: this.#expr(), optional })
      if (this.#accept(',') === undefined && this.#peek().text !== '}')
        throw this.#unexpected('mismatched input', ` expecting '}'`)
    }
    return { type: 'map', entries, at }
  }
}

/** `a.b.c` of an identifier with selections; undefined for everything else. */
export function dottedName(expr: Expr): string | undefined {
  if (expr.type === 'ident') return expr.name
  if (expr.type !== 'select' || expr.optional) return undefined
  const owner = dottedName(expr.target)
  return owner === undefined ? undefined : `${owner}.${expr.name}`
}
