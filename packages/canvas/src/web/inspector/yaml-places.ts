// Where in a YAML text a field stands, and which field stands at a place in it.

import { type FieldPath, fieldPath, itemPath, parsePath } from '@binnacle/canvas-core'
import { type Document, type Node, type Pair, isMap, isNode, isScalar, isSeq } from 'yaml'

/** Offsets in the text. */
export interface TextRange {
  from: number
  to: number
}

/** The field at the path; of one that is not there, the nearest that would hold it. */
export function rangeOf(document: Document.Parsed, path: FieldPath): TextRange {
  let node: Node | null = document.contents
  let range: TextRange = { from: 0, to: 0 }
  for (const step of parsePath(path)) {
    const [next, start] = memberOf(node, step)
    if (next === undefined) break
    const [begin = 0, end = begin] = next.range ?? []
    range = { from: start ?? begin, to: Math.max(start ?? begin, end) }
    node = next
  }
  return range
}

/** The innermost field at the offset, items of lists by their place; '' outside of all. */
export function pathAt(document: Document.Parsed, offset: number): FieldPath {
  let node: Node | null = document.contents
  let path: FieldPath = ''
  for (;;) {
    if (isMap(node)) {
      const pair: Pair | undefined = node.items.findLast(({ key }) => beginsBefore(key, offset))
      if (!isScalar(pair?.key)) return path
      path = fieldPath(path, String(pair.key.value))
      node = isNode(pair.value) ? pair.value : null
    } else if (isSeq(node)) {
      const index = node.items.findLastIndex((item) => beginsBefore(item, offset))
      if (index === -1) return path
      path = itemPath(path, index)
      const item = node.items[index]
      node = isNode(item) ? item : null
    } else return path
  }
}

function beginsBefore(node: unknown, offset: number): boolean {
  return isNode(node) && (node.range?.[0] ?? Infinity) <= offset
}

/** A member, and where its name begins. Items are named by their place, or by what names them. */
function memberOf(node: Node | null, step: string): readonly [Node | undefined, number | undefined] {
  if (isMap(node)) {
    const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === step)
    const start = isScalar(pair?.key) ? pair.key.range?.[0] : undefined
    return isNode(pair?.value) ? [pair.value, start] : [undefined, undefined]
  }
  if (!isSeq(node)) return [undefined, undefined]
  const item =
    node.items.find((one) => isNamed(one, step)) ?? (/^\d+$/.test(step) ? node.items[Number(step)] : undefined)
  return [isNode(item) ? item : undefined, undefined]
}

function isNamed(item: unknown, name: string): boolean {
  return isMap(item) && (item.get('name') === name || item.get('path') === name)
}
