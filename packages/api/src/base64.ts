// Why Go cannot read a text as base64, in the words of encoding/base64: where the first byte is that does not fit.

const digit = /[A-Za-z0-9+/]/

/** undefined for standard, padded base64; line ends do not count. */
export function base64Error(text: string): string | undefined {
  if (isPlain(text)) return undefined
  const at = firstCorrupt(text)
  return at === undefined ? undefined : `illegal base64 data at input byte ${at}`
}

/** What nearly all is: whole groups without line ends, told by one pass over the text. */
function isPlain(text: string): boolean {
  if (text.length % 4 !== 0) return false
  const end = text.search(/[^A-Za-z0-9+/]/)
  return end === -1 || (end >= text.length - 2 && /^={1,2}$/.test(text.slice(end)))
}

/** Upstream: encoding/base64 decodeQuantum. */
function firstCorrupt(text: string): number | undefined {
  let position = 0
  const skipLineEnds = (): void => {
    while (/[\r\n]/.test(text.charAt(position))) position++
  }
  for (;;) {
    for (let place = 0; place < 4; place++) {
      skipLineEnds()
      const character = text.charAt(position)
      if (character === '') return place === 0 ? undefined : position - place
      position++
      if (digit.test(character)) continue
      if (character !== '=' || place < 2) return position - 1
      skipLineEnds()
      if (place === 2) {
        if (position === text.length) return position
        if (text.charAt(position) !== '=') return position - 1
        position++
        skipLineEnds()
      }
      return position < text.length ? position : undefined
    }
  }
}
