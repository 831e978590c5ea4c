// A graph for ELK (elkjs) and its answer as positions. ELK itself runs in a worker of the page: this is data in and out.

import type { Position, Size } from './canvas-layout.ts'
import { nodeSize } from './arrange.ts'
import type { Graph } from './graph.ts'
import type { ObjectKey } from './object-key.ts'

/** The part of ELK's JSON that is written and read. */
export interface ElkNode {
  id: string
  x?: number
  y?: number
  width?: number
  height?: number
  layoutOptions?: Record<string, string>
  children?: ElkNode[]
  edges?: { id: string; sources: string[]; targets: string[] }[]
}

export interface ElkOptions {
  /** Only these nodes; all where absent. */
  keys?: readonly ObjectKey[]
  sizes?: ReadonlyMap<ObjectKey, Size>
  direction?: 'RIGHT' | 'DOWN'
}

const framePrefix = 'frame:'
/** Px around the nodes of a frame; its title stands above them. */
const padding = '[top=48,left=24,bottom=24,right=24]'

/** Layered from callers to what they need; the order of the nodes stays where it can, so that a picture is known again. */
export function toElkGraph(graph: Graph, { keys, sizes, direction = 'RIGHT' }: ElkOptions = {}): ElkNode {
  const chosen = new Set(keys ?? graph.byKey.keys())
  const nodes = graph.nodes.filter(({ key }) => chosen.has(key))
  const elkNode = (key: ObjectKey): ElkNode => ({ id: key, ...(sizes?.get(key) ?? nodeSize) })
  const shown = nodes.toSorted((a, b) => (a.position?.y ?? 0) - (b.position?.y ?? 0))
  const frames = new Map<string, ElkNode>()
  const top: ElkNode[] = []
  for (const { key, group } of shown) {
    if (group === undefined) {
      top.push(elkNode(key))
      continue
    }
    let frame = frames.get(group)
    if (frame === undefined) {
      frame = { id: framePrefix + group, children: [], layoutOptions: { 'elk.padding': padding } }
      frames.set(group, frame)
      top.push(frame)
    }
    frame.children?.push(elkNode(key))
  }
  return {
    id: 'root',
    layoutOptions: {
      'elk.algorithm': 'layered',
      'elk.direction': direction,
      'elk.hierarchyHandling': 'INCLUDE_CHILDREN',
      'elk.layered.considerModelOrder.strategy': 'NODES_AND_EDGES',
      'elk.layered.spacing.nodeNodeBetweenLayers': '80',
      'elk.spacing.nodeNode': '40',
      'elk.spacing.componentComponent': '64',
      'elk.separateConnectedComponents': 'true',
      'elk.edgeRouting': 'ORTHOGONAL',
    },
    children: top,
    edges: graph.wires
      .filter(({ from, to, staged }) => chosen.has(from) && chosen.has(to) && staged !== 'removed')
      .map(({ id, from, to }) => ({ id, sources: [from], targets: [to] })),
  }
}

/** Positions of the nodes, with the upper left one at `origin`. Frames are not in it: they follow their nodes. */
export function positionsFromElk(laidOut: ElkNode, origin: Position = { x: 0, y: 0 }): Map<ObjectKey, Position> {
  const positions = new Map<ObjectKey, Position>()
  const walk = ({ children = [] }: ElkNode, x: number, y: number): void => {
    for (const child of children) {
      const at = { x: Math.round(x + (child.x ?? 0)), y: Math.round(y + (child.y ?? 0)) }
      if (child.id.startsWith(framePrefix)) walk(child, at.x, at.y)
      else positions.set(child.id, at)
    }
  }
  walk(laidOut, origin.x, origin.y)
  return positions
}
