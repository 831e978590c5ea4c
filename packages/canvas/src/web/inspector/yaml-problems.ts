// Where in a YAML text the problems of an object stand: what is wrong with the text, and what is wrong with its fields.

import { type Problem, parsePath } from '@binnacle/canvas-core'
import { type Document, type Node, type ParsedNode, isMap, isNode, isScalar, isSeq, parseDocument } from 'yaml'

interface TextProblem {
  /** Offsets in the text. */
  from: number
  to: number
  severity: 'error' | 'warning'
  message: string
}

export function problemsInText(text: string, known: readonly Omit<Problem, 'key' | 'reason'>[]): TextProblem[] {
  const document = parseDocument(text)
  const inText = [...document.errors, ...document.warnings].map((problem) => ({
    from: Math.min(problem.pos[0], text.length),
    to: Math.min(problem.pos[1], text.length),
    severity: problem.name === 'YAMLWarning' ? ('warning' as const) : ('error' as const),
    message: problem.message,
  }))
  if (document.errors.length > 0) return inText
  return [...inText, ...known.map(({ path, severity, message }) => ({ ...rangeOf(document, path), severity, message }))]
}

/** The field at the path; of one that is not there, the nearest that would hold it. */
function rangeOf(document: Document<ParsedNode>, path: string): { from: number; to: number } {
  let node: Node | null = document.contents
  let [from, to] = [0, 0]
  for (const step of parsePath(path)) {
    const [next, start] = memberOf(node, step)
    if (next === undefined) break
    const [begin = 0, end = begin] = next.range ?? []
    from = start ?? begin
    to = Math.max(from, end)
    node = next
  }
  return { from, to }
}

/** A member, and where its name begins. Items are named by their place, or by what names them. */
function memberOf(node: Node | null, step: string): readonly [Node | undefined, number | undefined] {
  if (isMap(node)) {
    const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === step)
    const start = isScalar(pair?.key) ? pair.key.range?.[0] : undefined
    return isNode(pair?.value) ? [pair.value, start] : [undefined, undefined]
  }
  if (!isSeq(node)) return [undefined, undefined]
  const item = /^\d+$/.test(step) ? node.items[Number(step)] : node.items.find((one) => isNamed(one, step))
  return [isNode(item) ? item : undefined, undefined]
}

function isNamed(item: unknown, name: string): boolean {
  return isMap(item) && (item.get('name') === name || item.get('path') === name)
}
