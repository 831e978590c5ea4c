// The part of client-go's JSONPath dialect (util/jsonpath) that printer columns and field paths use: fields, quoted
// fields, indexes from either end, slices, unions, wildcards, recursive descent and filters.

/** Finds every value at the path; nothing where a key is missing. */
export type JsonPath = (root: unknown) => unknown[]

type Step = (value: unknown, found: unknown[]) => void

/** `path` with or without the braces of `{.spec.x}`. Throws a SyntaxError that says where it fails. */
export function compileJsonPath(path: string): JsonPath {
  const bare = path.startsWith('{') && path.endsWith('}') ? path.slice(1, -1) : path
  const steps = new PathParser(bare).parse()
  return (root) => {
    let values: unknown[] = [root]
    for (const step of steps) {
      const found: unknown[] = []
      for (const value of values) step(value, found)
      values = found
    }
    return values
  }
}

/** A value as kubectl prints it: strings as they are, objects and lists as JSON. */
export function jsonPathText(value: unknown): string {
  if (typeof value === 'string') return value
  return value === null ? '<nil>' : JSON.stringify(value)
}

const fieldEnd = /[.[\]]/
const sliceShape = /^(-?\d*)(?::(-?\d*))?(?::(\d*))?$/

class PathParser {
  readonly #text: string
  #position = 0

  constructor(text: string) {
    this.#text = text
  }

  parse(): Step[] {
    const steps: Step[] = []
    if (this.#text[0] === '$' || this.#text[0] === '@') this.#position = 1
    while (this.#position < this.#text.length) steps.push(this.#step())
    return steps
  }

  #step(): Step {
    const character = this.#text[this.#position]
    if (character === '[') return this.#bracket()
    if (character !== '.') return this.#fieldStep()
    this.#position++
    if (this.#text[this.#position] === '.') {
      this.#position++
      const field = this.#text[this.#position] === '[' ? undefined : this.#fieldName()
      return field === undefined ? descendants : recursive(field)
    }
    // A dot before a bracket or at the end means nothing by itself: `.[0]`, `.`.
    if (this.#position >= this.#text.length) return keep
    return this.#text[this.#position] === '[' ? this.#bracket() : this.#fieldStep()
  }

  #fieldStep(): Step {
    const name = this.#fieldName()
    return name === '*' ? children : fieldOf(name)
  }

  /** Up to the next dot or bracket; a backslash takes the next character as it is. */
  #fieldName(): string {
    let name = ''
    while (this.#position < this.#text.length) {
      const character = this.#text[this.#position] ?? ''
      if (character === '\\') {
        name += this.#text[this.#position + 1] ?? ''
        this.#position += 2
        continue
      }
      if (fieldEnd.test(character)) break
      name += character
      this.#position++
    }
    if (name === '') throw new SyntaxError(`unexpected character at ${this.#position} in "${this.#text}"`)
    return name
  }

  #bracket(): Step {
    const content = this.#bracketContent()
    if (content === '*') return children
    if (content.startsWith('?(') && content.endsWith(')')) return filter(content.slice(2, -1).trim())
    const alternatives = splitOutsideQuotes(content, ',').map((part) => selection(part.trim()))
    return (value, found) => {
      for (const alternative of alternatives) alternative(value, found)
    }
  }

  /** The text up to the matching bracket, quotes respected. */
  #bracketContent(): string {
    const start = this.#position + 1
    let depth = 0
    let quote = ''
    for (; this.#position < this.#text.length; this.#position++) {
      const character = this.#text[this.#position] ?? ''
      if (quote !== '') {
        if (character === '\\') this.#position++
        else if (character === quote) quote = ''
      } else if (character === '"' || character === "'") quote = character
      else if (character === '[') depth++
      else if (character === ']' && --depth === 0) {
        this.#position++
        return this.#text.slice(start, this.#position - 1).trim()
      }
    }
    throw new SyntaxError(`unterminated array in "${this.#text}"`)
  }
}

function keep(value: unknown, found: unknown[]): void {
  found.push(value)
}

function fieldOf(name: string): Step {
  return (value, found) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return
    if (Object.hasOwn(value, name)) found.push((value as Record<string, unknown>)[name])
  }
}

function children(value: unknown, found: unknown[]): void {
  if (typeof value === 'object' && value !== null) found.push(...Object.values(value))
}

function descendants(value: unknown, found: unknown[]): void {
  found.push(value)
  if (typeof value !== 'object' || value === null) return
  for (const child of Object.values(value)) descendants(child, found)
}

function recursive(name: string): Step {
  const pick = name === '*' ? children : fieldOf(name)
  return (value, found) => {
    const all: unknown[] = []
    descendants(value, all)
    for (const each of all) pick(each, found)
  }
}

/** One entry of a bracket: a quoted field, an index or a slice. */
function selection(text: string): Step {
  if (/^(['"]).*\1$/s.test(text)) return fieldOf(unquote(text))
  const match = sliceShape.exec(text)
  if (!match || text === '') throw new SyntaxError(`invalid array index ${text}`)
  const [, first = '', last, step] = match
  if (last === undefined) return elementAt(Number(first))
  return (value, found) => {
    if (!Array.isArray(value)) return
    const stride = step ? Number(step) : 1
    if (stride < 1) return
    const end = last === '' ? value.length : Number(last)
    const slice: unknown[] = value.slice(first === '' ? 0 : Number(first), end)
    for (let index = 0; index < slice.length; index += stride) found.push(slice[index])
  }
}

function elementAt(index: number): Step {
  return (value, found) => {
    if (!Array.isArray(value)) return
    const at = index < 0 ? value.length + index : index
    if (at >= 0 && at < value.length) found.push(value[at])
  }
}

function unquote(text: string): string {
  return text.slice(1, -1).replace(/\\(.)/gs, '$1')
}

function splitOutsideQuotes(text: string, separator: string): string[] {
  const parts: string[] = []
  let quote = ''
  let start = 0
  for (let index = 0; index < text.length; index++) {
    const character = text[index] ?? ''
    if (quote !== '') {
      if (character === '\\') index++
      else if (character === quote) quote = ''
    } else if (character === '"' || character === "'") quote = character
    else if (character === separator) {
      parts.push(text.slice(start, index))
      start = index + 1
    }
  }
  parts.push(text.slice(start))
  return parts
}

type Operand = (element: unknown) => unknown

const comparison = /^(.*?)\s*(==|!=|<=|>=|<|>)\s*(.*)$/s

/** `?(@.type=="Ready")` or `?(@.ready)`: the elements for which it holds. */
function filter(expression: string): Step {
  const match = comparison.exec(expression)
  const left = operand(match ? (match[1] ?? '') : expression)
  const right = match ? operand(match[3] ?? '') : undefined
  const operator = match?.[2] ?? ''
  return (value, found) => {
    if (typeof value !== 'object' || value === null) return
    for (const element of Object.values(value)) {
      const actual = left(element)
      if (right ? compares(actual, operator, right(element)) : actual !== undefined) found.push(element)
    }
  }
}

function operand(text: string): Operand {
  if (text.startsWith('@') || text.startsWith('.')) {
    const path = compileJsonPath(text)
    return (element) => path(element)[0]
  }
  if (/^(['"]).*\1$/s.test(text)) {
    const constant = unquote(text)
    return () => constant
  }
  if (text === 'true' || text === 'false') return () => text === 'true'
  const number = Number(text)
  if (text === '' || Number.isNaN(number)) throw new SyntaxError(`unrecognized identifier ${text}`)
  return () => number
}

function compares(left: unknown, operator: string, right: unknown): boolean {
  if (left === undefined || right === undefined) return false
  if (operator === '==') return left === right
  if (operator === '!=') return left !== right
  if (typeof left !== typeof right || (typeof left !== 'number' && typeof left !== 'string')) return false
  const ordered = left as string
  const bound = right as string
  switch (operator) {
    case '<':
      return ordered < bound
    case '<=':
      return ordered <= bound
    case '>':
      return ordered > bound
    default:
      return ordered >= bound
  }
}
