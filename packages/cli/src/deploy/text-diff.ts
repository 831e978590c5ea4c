// The difference of two texts as lines, with some that are the same around it: what `diff -u` shows. Myers' greedy
// algorithm, "An O(ND) Difference Algorithm and Its Variations" (1986).

import { styleText } from 'node:util'

/** Lines that are the same around each change. */
const context = 3

type Line = { mark: ' ' | '-' | '+'; text: string }

/** Empty where the texts are the same. */
export function unifiedDiff(before: string, after: string): string[] {
  const lines = diffLines(linesOf(before), linesOf(after))
  const changed = lines.flatMap(({ mark }, index) => (mark === ' ' ? [] : [index]))
  const shown = new Set(changed.flatMap((index) => nearby(index, lines.length)))
  const result: string[] = []
  lines.forEach(({ mark, text }, index) => {
    if (!shown.has(index)) return
    if (index > 0 && !shown.has(index - 1)) result.push('  …')
    result.push(`${mark} ${text}`)
  })
  return result
}

/** Red and green, where the stream is a terminal that wants colours. */
export function coloured(lines: readonly string[], stream: NodeJS.WritableStream): string[] {
  return lines.map((line) =>
    line.startsWith('+')
      ? styleText('green', line, { stream })
      : line.startsWith('-')
        ? styleText('red', line, { stream })
        : line,
  )
}

function linesOf(text: string): string[] {
  return text === '' ? [] : text.replace(/\n$/, '').split('\n')
}

function nearby(index: number, length: number): number[] {
  const from = Math.max(0, index - context)
  return Array.from({ length: Math.min(length, index + context + 1) - from }, (_, offset) => from + offset)
}

function diffLines(before: readonly string[], after: readonly string[]): Line[] {
  const trace = shortestEdits(before, after)
  const lines: Line[] = []
  let [x, y] = [before.length, after.length]
  for (let edits = trace.length - 1; edits >= 0; edits--) {
    const furthest = trace[edits] ?? new Map<number, number>()
    const k = x - y
    const isDown = k === -edits || (k !== edits && at(furthest, k - 1) < at(furthest, k + 1))
    const previousX = edits === 0 ? 0 : at(furthest, isDown ? k + 1 : k - 1)
    const previousY = edits === 0 ? 0 : previousX - (isDown ? k + 1 : k - 1)
    while (x > previousX && y > previousY) {
      lines.push({ mark: ' ', text: before[--x] ?? '' })
      y--
    }
    if (edits === 0) break
    if (isDown) lines.push({ mark: '+', text: after[--y] ?? '' })
    else lines.push({ mark: '-', text: before[--x] ?? '' })
  }
  return lines.toReversed()
}

const at = (furthest: ReadonlyMap<number, number>, k: number): number => furthest.get(k) ?? -1

/** For each number of edits, how far each diagonal was reached before them. */
function shortestEdits(before: readonly string[], after: readonly string[]): Map<number, number>[] {
  const trace: Map<number, number>[] = []
  const furthest = new Map([[1, 0]])
  for (let edits = 0; edits <= before.length + after.length; edits++) {
    trace.push(new Map(furthest))
    for (let k = -edits; k <= edits; k += 2) {
      const isDown = k === -edits || (k !== edits && at(furthest, k - 1) < at(furthest, k + 1))
      let x = isDown ? at(furthest, k + 1) : at(furthest, k - 1) + 1
      while (x < before.length && x - k < after.length && before[x] === after[x - k]) x++
      furthest.set(k, x)
      if (x >= before.length && x - k >= after.length) return trace
    }
  }
  return trace
}
