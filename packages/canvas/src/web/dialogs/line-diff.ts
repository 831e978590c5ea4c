// Two texts line by line.

export interface DiffedLine {
  text: string
  type: 'same' | 'added' | 'removed'
}

/** The longest lines in common stay; quadratic, for the value of a field. */
export function lineDiff(before: readonly string[], after: readonly string[]): DiffedLine[] {
  // common[i][j]: how many lines the ends from i and from j have in common.
  const common = Array.from({ length: before.length + 1 }, () => Array.from({ length: after.length + 1 }, () => 0))
  const at = (i: number, j: number): number => common[i]?.[j] ?? 0
  for (let i = before.length - 1; i >= 0; i -= 1) {
    const row = common[i] ?? []
    for (let j = after.length - 1; j >= 0; j -= 1)
      row[j] = before[i] === after[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1))
  }
  const lines: DiffedLine[] = []
  let [i, j] = [0, 0]
  while (i < before.length || j < after.length) {
    const [was, is] = [before[i], after[j]]
    if (was !== undefined && was === is) {
      lines.push({ text: was, type: 'same' })
      i += 1
      j += 1
    } else if (was !== undefined && (is === undefined || at(i + 1, j) >= at(i, j + 1))) {
      lines.push({ text: was, type: 'removed' })
      i += 1
    } else {
      lines.push({ text: is ?? '', type: 'added' })
      j += 1
    }
  }
  return lines
}
