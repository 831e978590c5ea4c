// How deep JSON nests, known before it is parsed: what walks the value afterwards does so on the stack.

/** encoding/json refuses deeper nesting. */
export const maxJsonDepth = 10_000

/** Deepest nesting of braces and brackets, without building anything. */
export function jsonDepth(text: string): number {
  let depth = 0
  let deepest = 0
  let inString = false
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (inString) {
      if (code === 0x5c) index++
      else if (code === 0x22) inString = false
    } else if (code === 0x22) inString = true
    else if (code === 0x7b || code === 0x5b) deepest = Math.max(deepest, ++depth)
    else if (code === 0x7d || code === 0x5d) depth--
  }
  return deepest
}
