// Changes of an object brought into its YAML text: only the fields that changed are written, so that comments, the order of
// the fields and the way that values are quoted stay as a person wrote them.

import { deepEqual } from '@binnacle/api'
import { isRecord } from '@binnacle/canvas-core'
import {
  type Document,
  type Node,
  type ParsedNode,
  type YAMLMap,
  type YAMLSeq,
  isMap,
  isScalar,
  isSeq,
  parseDocument,
  stringify,
} from 'yaml'

const style = { lineWidth: 0 } as const

/** The text of an object that has none yet. */
export function yamlOf(value: unknown): string {
  return stringify(value, style)
}

export interface ValueChange {
  before: unknown
  after: unknown
}

/** The text with what changed between two values. A text that is no YAML is written anew. */
export function patchedYaml(text: string, { before, after }: ValueChange): string {
  const document = parseDocument(text)
  if (document.errors.length > 0) return yamlOf(after)
  if (deepEqual(before, after)) return text
  const contents = patchedNode(document, document.contents, { before, after })
  document.contents = contents as ParsedNode
  return document.toString(style)
}

type Parsed = Document.Parsed

/** The node with the change in it, or another one in its place. */
function patchedNode(document: Parsed, node: unknown, { before, after }: ValueChange): Node {
  if (isMap(node) && isRecord(before) && isRecord(after)) return patchedMap(document, node, before, after)
  if (isSeq(node) && Array.isArray(before) && Array.isArray(after)) return patchedList(document, node, before, after)
  if (isScalar(node) && (typeof after !== 'object' || after === null)) {
    node.value = after
    return node
  }
  return document.createNode(after)
}

type Fields = Readonly<Record<string, unknown>>

function patchedMap(document: Parsed, map: YAMLMap, before: Fields, after: Fields): YAMLMap {
  opened(map)
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const change = { before: before[name], after: after[name] }
    if (deepEqual(change.before, change.after)) continue
    const index = map.items.findIndex(({ key }) => isScalar(key) && String(key.value) === name)
    const pair = map.items[index]
    if (change.after === undefined) map.items.splice(index, index === -1 ? 0 : 1)
    else if (pair === undefined) map.add(document.createPair(name, change.after))
    else pair.value = patchedNode(document, pair.value, change)
  }
  return map
}

/** Items at the beginning and the end that are the same stay; those between are changed, taken out or put in. */
function patchedList(document: Parsed, list: YAMLSeq, before: readonly unknown[], after: readonly unknown[]): YAMLSeq {
  let begin = 0
  while (begin < before.length && begin < after.length && deepEqual(before[begin], after[begin])) begin += 1
  let end = 0
  const most = Math.min(before.length, after.length) - begin
  while (end < most && deepEqual(before.at(-1 - end), after.at(-1 - end))) end += 1
  const items = after
    .slice(begin, after.length - end)
    .map((one, index) =>
      begin + index < before.length - end
        ? patchedNode(document, list.items[begin + index], { before: before[begin + index], after: one })
        : document.createNode(one),
    )
  opened(list)
  list.items.splice(begin, before.length - end - begin, ...items)
  return list
}

/** What is empty can only stand in brackets; what is put into it begins a line of its own. */
function opened(collection: YAMLMap | YAMLSeq): void {
  if (collection.items.length === 0) collection.flow = false
}

export interface TextChange {
  from: number
  to: number
  insert: string
}

/** The one piece of the text that differs, so that a cursor and what is seen stay where they are. */
export function textChange(before: string, after: string): TextChange | undefined {
  if (before === after) return undefined
  const most = Math.min(before.length, after.length)
  let from = 0
  while (from < most && before[from] === after[from]) from += 1
  let end = 0
  while (end < most - from && before.at(-1 - end) === after.at(-1 - end)) end += 1
  return { from, to: before.length - end, insert: after.slice(from, after.length - end) }
}
