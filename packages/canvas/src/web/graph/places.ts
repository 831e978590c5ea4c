// Where nodes stand that nobody has put anywhere: in columns by the direction of their wires, below what stands already.
// The same graph gives the same places, so that every viewer sees the same; nothing is saved until a person moves it.

import type { Graph, GraphNode, Position } from '@binnacle/canvas-core'

const columnWidth = 340
const rowHeight = 150

export function placesOf({ wires }: Graph, nodes: readonly GraphNode[]): ReadonlyMap<string, Position> {
  const places = new Map<string, Position>()
  const loose: GraphNode[] = []
  for (const node of nodes) {
    if (node.position === undefined) loose.push(node)
    else places.set(node.key, node.position)
  }
  if (loose.length === 0) return places
  const top = places.size === 0 ? 80 : Math.max(...[...places.values()].map(({ y }) => y)) + rowHeight * 1.3
  const columns = columnsOf(new Set(loose.map(({ key }) => key)), wires)
  const rows = new Map<number, number>()
  for (const { key } of loose.toSorted((a, b) => (a.title < b.title ? -1 : 1))) {
    const column = columns.get(key) ?? 0
    const row = rows.get(column) ?? 0
    rows.set(column, row + 1)
    // Long columns of what has no wires wrap, so that they can be seen at all.
    const wrapped = Math.floor(row / 12)
    places.set(key, {
      x: 60 + (column + wrapped) * columnWidth,
      y: top + (row % 12) * rowHeight + (column % 2) * 24,
    })
  }
  return places
}

/** Longest way from a node that nothing leads to; circles end where they were entered. */
function columnsOf(keys: ReadonlySet<string>, wires: Graph['wires']): ReadonlyMap<string, number> {
  const outgoing = new Map<string, string[]>()
  const incoming = new Set<string>()
  for (const { from, to } of wires) {
    if (!keys.has(from) || !keys.has(to)) continue
    outgoing.set(from, [...(outgoing.get(from) ?? []), to])
    incoming.add(to)
  }
  const columns = new Map<string, number>()
  const visit = (key: string, column: number, path: ReadonlySet<string>): void => {
    if (path.has(key) || (columns.get(key) ?? -1) >= column) return
    columns.set(key, column)
    for (const next of outgoing.get(key) ?? []) visit(next, column + 1, new Set([...path, key]))
  }
  for (const key of keys) if (!incoming.has(key)) visit(key, 0, new Set())
  for (const key of keys) if (!columns.has(key)) visit(key, 0, new Set())
  return columns
}
