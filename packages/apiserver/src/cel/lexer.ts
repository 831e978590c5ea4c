// The tokens of a CEL expression.

import { CompileError } from './syntax.ts'
import { UInt } from './values.ts'

export interface Token {
  type: 'literal' | 'ident' | 'operator' | 'end'
  text: string
  value?: unknown
  at: number
}

const space = /(?:\s|\/\/[^\n]*)+/y
const number = /(?:0x[\da-f]+u?|(?:\d+\.\d+(?:e[+-]?\d+)?|\d+e[+-]?\d+|\.\d+(?:e[+-]?\d+)?)|\d+u?)/iy
const ident = /[A-Za-z_]\w*/y
const quotedIdent = /`[\w.\-/ ]+`/y
const operator = /==|!=|<=|>=|&&|\|\||[-+*/%!<>?:.,()[\]{}]/y
const text =
  /(?:[rR][bB]?|[bB][rR]?)?(?:"""[\s\S]*?(?<!(?<!\\)\\)"""|'''[\s\S]*?(?<!(?<!\\)\\)'''|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')/y
const rawText = /(?:[rR][bB]?|[bB][rR])(?:"""[\s\S]*?"""|'''[\s\S]*?'''|"[^"\n]*"|'[^'\n]*')/y

export function tokenize(source: string): Token[] {
  const tokens: Token[] = []
  let at = 0
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at
    return pattern.exec(source)?.[0]
  }
  while (at < source.length) {
    const blank = take(space)
    if (blank !== undefined) {
      at += blank.length
      continue
    }
    const token = nextToken(source, at, take)
    tokens.push(token)
    at += token.text.length
  }
  return [...tokens, { type: 'end', text: '<EOF>', at: source.length }]
}

function nextToken(source: string, at: number, take: (pattern: RegExp) => string | undefined): Token {
  const string = take(rawText) ?? take(text)
  if (string !== undefined) return { type: 'literal', text: string, value: textValue(source, string, at), at }
  const digits = take(number)
  if (digits !== undefined) return { type: 'literal', text: digits, value: numberValue(source, digits, at), at }
  const name = take(ident)
  if (name !== undefined) return wordToken(name, at)
  const quoted = take(quotedIdent)
  if (quoted !== undefined) return { type: 'ident', text: quoted, value: quoted.slice(1, -1), at }
  const symbol = take(operator)
  if (symbol !== undefined) return { type: 'operator', text: symbol, at }
  throw new CompileError(source, at, `Syntax error: token recognition error at: '${source.slice(at, at + 1)}'`)
}

function wordToken(name: string, at: number): Token {
  switch (name) {
    case 'true':
    case 'false':
      return { type: 'literal', text: name, value: name === 'true', at }
    case 'null':
      return { type: 'literal', text: name, value: null, at }
    case 'in':
      return { type: 'operator', text: name, at }
    default:
      return { type: 'ident', text: name, value: name, at }
  }
}

function numberValue(source: string, digits: string, at: number): unknown {
  if (/^0x/i.test(digits) ? false : /[.e]/i.test(digits)) return Number(digits)
  const isUnsigned = /u$/i.test(digits)
  const value = BigInt(isUnsigned ? digits.slice(0, -1) : digits)
  // The parser joins a minus sign with what follows, so the smallest number is one above the largest here.
  if (value > (isUnsigned ? 2n ** 64n - 1n : 2n ** 63n)) throw new CompileError(source, at, 'invalid int literal')
  return isUnsigned ? new UInt(value) : value
}

const simpleEscapes: Readonly<Record<string, string>> = {
  a: '\u0007',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
}

function textValue(source: string, token: string, at: number): unknown {
  const [prefix = ''] = /^[rRbB]*/.exec(token) ?? []
  const quoted = token.slice(prefix.length)
  const width = quoted.startsWith('"""') || quoted.startsWith("'''") ? 3 : 1
  const body = quoted.slice(width, -width)
  const isBytes = /b/i.test(prefix)
  if (/r/i.test(prefix)) return isBytes ? new TextEncoder().encode(body) : body
  const parts: (string | Uint8Array)[] = []
  const escape = /\\(?:x([\da-f]{2})|u([\da-f]{4})|U([\da-f]{8})|([0-3][0-7]{2})|([\s\S]))/gi
  let from = 0
  for (const found of body.matchAll(escape)) {
    const [whole, hex, short, long, octal, letter] = found
    parts.push(body.slice(from, found.index))
    from = found.index + whole.length
    if (letter !== undefined) {
      if (!/[abfnrtv\\?"'`]/.test(letter))
        throw new CompileError(source, at, `Syntax error: unable to unescape string: ${token}`)
      parts.push(simpleEscapes[letter] ?? letter)
      continue
    }
    const code = octal === undefined ? Number.parseInt(hex ?? short ?? long ?? '', 16) : Number.parseInt(octal, 8)
    if (code > 0x10ffff) throw new CompileError(source, at, `Syntax error: unable to unescape string: ${token}`)
    const isByte = isBytes && (hex !== undefined || octal !== undefined)
    parts.push(isByte ? Uint8Array.of(code) : String.fromCodePoint(code))
  }
  parts.push(body.slice(from))
  return isBytes
    ? Uint8Array.from(parts.flatMap((part) => [...(typeof part === 'string' ? new TextEncoder().encode(part) : part)]))
    : parts.join('')
}
