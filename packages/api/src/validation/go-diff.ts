// Two values as upstream shows how they differ: a unified diff of their indented JSON (apimachinery pkg/util/diff).

const context = 3

/** Each value in the shape of upstream's internal type: all its fields, under their Go names. */
export function goDiff(before: unknown, after: unknown): string {
  return unifiedDiff(indentedLines(before), indentedLines(after))
}

function indentedLines(value: unknown): string[] {
  return JSON.stringify(value, undefined, 1).split('\n')
}

interface Line {
  mark: ' ' | '-' | '+'
  text: string
}

function unifiedDiff(before: readonly string[], after: readonly string[]): string {
  const lines = linesOf(before, after)
  const shown = lines.map((_, index) => {
    return lines.slice(Math.max(0, index - context), index + context + 1).some(({ mark }) => mark !== ' ')
  })
  let text = ''
  let [oldLine, newLine] = [1, 1]
  for (let index = 0; index < lines.length;) {
    if (!shown[index]) {
      // Only lines that both have are left out.
      oldLine++
      newLine++
      index++
      continue
    }
    const end = shown.indexOf(false, index)
    const hunk = lines.slice(index, end === -1 ? undefined : end)
    const oldLength = hunk.filter(({ mark }) => mark !== '+').length
    const newLength = hunk.filter(({ mark }) => mark !== '-').length
    text += `@@ -${oldLine},${oldLength} +${newLine},${newLength} @@\n`
    text += hunk.map((line) => `${line.mark}${line.text}\n`).join('')
    oldLine += oldLength
    newLine += newLength
    index += hunk.length
  }
  return text
}

/** The longest common subsequence, with what is gone before what has come. */
function linesOf(before: readonly string[], after: readonly string[]): Line[] {
  const lengths = Array.from({ length: before.length + 1 }, () => new Uint32Array(after.length + 1))
  const lengthAt = (row: number, column: number): number => lengths[row]?.[column] ?? 0
  for (let row = before.length - 1; row >= 0; row--) {
    for (let column = after.length - 1; column >= 0; column--) {
      const length =
        before[row] === after[column]
          ? lengthAt(row + 1, column + 1) + 1
          : Math.max(lengthAt(row + 1, column), lengthAt(row, column + 1))
      lengths[row]?.fill(length, column, column + 1)
    }
  }
  const lines: Line[] = []
  let [row, column] = [0, 0]
  while (row < before.length || column < after.length) {
    const [old = '', fresh = ''] = [before[row], after[column]]
    if (row < before.length && column < after.length && old === fresh) {
      lines.push({ mark: ' ', text: old })
      row++
      column++
    } else if (
      row < before.length &&
      (column === after.length || lengthAt(row + 1, column) >= lengthAt(row, column + 1))
    ) {
      lines.push({ mark: '-', text: old })
      row++
    } else {
      lines.push({ mark: '+', text: fresh })
      column++
    }
  }
  return lines
}
