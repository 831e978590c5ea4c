// Why Go cannot read a text as JSON, in the words of encoding/json (scanner.go): clients show them, some look for them,
// and unlike JSON.parse's own words they quote no more than one character of a text that may be secret.

const cut = 'unexpected end of JSON input'

/** undefined for valid JSON. */
export function goJsonError(text: string): string | undefined {
  return new Scanner(text).problem()
}

class Scanner {
  readonly #text: string
  #position = 0

  constructor(text: string) {
    this.#text = text
  }

  /** Without recursion: the text may be as deep as it is long. */
  problem(): string | undefined {
    const open: ('}' | ']')[] = []
    for (;;) {
      const begun = this.#begin(open)
      if (begun === 'more') continue
      if (begun !== undefined) return begun
      const ended = this.#end(open)
      if (ended !== 'more') return ended
    }
  }

  /** A whole scalar, a whole empty container, or the beginning of one: then another value has to begin. */
  #begin(open: ('}' | ']')[]): string | undefined {
    this.#skipSpace()
    const closing = this.#take('{') ? '}' : this.#take('[') ? ']' : undefined
    if (closing === undefined) return this.#scalar()
    this.#skipSpace()
    if (this.#take(closing)) return undefined
    open.push(closing)
    return closing === '}' ? (this.#key() ?? 'more') : 'more'
  }

  /** After a value: closes what ends with it. */
  #end(open: ('}' | ']')[]): string | undefined {
    for (;;) {
      this.#skipSpace()
      const closing = open.at(-1)
      if (closing === undefined) return this.#next === '' ? undefined : this.#unexpected('after top-level value')
      if (this.#take(closing)) {
        open.pop()
        continue
      }
      const isObject = closing === '}'
      if (!this.#take(',')) return this.#unexpected(isObject ? 'after object key:value pair' : 'after array element')
      return isObject ? (this.#key() ?? 'more') : 'more'
    }
  }

  get #next(): string {
    return this.#text.charAt(this.#position)
  }

  #skipSpace(): void {
    while (this.#next !== '' && ' \t\r\n'.includes(this.#next)) this.#position++
  }

  #unexpected(where: string): string {
    const character = this.#next
    if (character === '') return cut
    const quoted = character === "'" ? `'\\''` : character === '"' ? `'"'` : `'${inside(character)}'`
    return `invalid character ${quoted} ${where}`
  }

  #scalar(): string | undefined {
    switch (this.#next) {
      case '"':
        return this.#string()
      case 't':
        return this.#literal('true')
      case 'f':
        return this.#literal('false')
      case 'n':
        return this.#literal('null')
      default:
        return /[-\d]/.test(this.#next) ? this.#number() : this.#unexpected('looking for beginning of value')
    }
  }

  #key(): string | undefined {
    this.#skipSpace()
    if (this.#next !== '"') return this.#unexpected('looking for beginning of object key string')
    const found = this.#string()
    if (found !== undefined) return found
    this.#skipSpace()
    return this.#take(':') ? undefined : this.#unexpected('after object key')
  }

  #string(): string | undefined {
    this.#position++
    while (!this.#take('"')) {
      if (this.#take('\\')) {
        const found = this.#escape()
        if (found !== undefined) return found
      } else if (this.#next < ' ') return this.#unexpected('in string literal')
      else this.#position++
    }
    return undefined
  }

  #escape(): string | undefined {
    if (!this.#take('u')) {
      if (this.#next === '' || !'bfnrt\\/"'.includes(this.#next)) return this.#unexpected('in string escape code')
      this.#position++
      return undefined
    }
    for (let digit = 0; digit < 4; digit++) {
      if (!/[\da-f]/i.test(this.#next)) return this.#unexpected(String.raw`in \u hexadecimal character escape`)
      this.#position++
    }
    return undefined
  }

  #literal(word: string): string | undefined {
    for (const character of word) {
      if (!this.#take(character)) return this.#unexpected(`in literal ${word} (expecting '${character}')`)
    }
    return undefined
  }

  #number(): string | undefined {
    const isNegative = this.#take('-')
    if (!this.#take('0') && !this.#digits()) {
      return this.#unexpected(isNegative ? 'in numeric literal' : 'looking for beginning of value')
    }
    if (this.#take('.') && !this.#digits()) return this.#unexpected('after decimal point in numeric literal')
    if (this.#take('e') || this.#take('E')) {
      if (!this.#take('+')) this.#take('-')
      if (!this.#digits()) return this.#unexpected('in exponent of numeric literal')
    }
    return undefined
  }

  #digits(): boolean {
    const start = this.#position
    while (/\d/.test(this.#next)) this.#position++
    return this.#position > start
  }

  #take(character: string): boolean {
    if (this.#next !== character) return false
    this.#position++
    return true
  }
}

/** The character between quotes, control characters escaped. */
function inside(character: string): string {
  const short: Record<string, string> = {
    '\n': String.raw`\n`,
    '\r': String.raw`\r`,
    '\t': String.raw`\t`,
    '\\': '\\\\',
  }
  const code = character.charCodeAt(0)
  return short[character] ?? (code < 32 ? String.raw`\x${code.toString(16).padStart(2, '0')}` : character)
}
