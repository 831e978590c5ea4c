// The graph as React Flow's nodes: resources, frames around them, notes.

import {
  type Graph,
  type GraphFrame,
  type GraphNode,
  type ObjectKey,
  type Position,
  frameId,
  nodeLabel,
} from '@binnacle/canvas-core'
import type { Node } from '@xyflow/react'
import type { CSSProperties } from 'react'
import type { FrameFlowNode, NoteFlowNode } from './decoration-nodes.tsx'
import { placesOf } from './places.ts'
import type { ResourceFlowNode } from './resource-node.tsx'

export type FlowNode = ResourceFlowNode | FrameFlowNode | NoteFlowNode

export function isResource(node: Node): node is ResourceFlowNode {
  return node.type === 'resource'
}

interface NodesInput {
  shown: readonly GraphNode[]
  graph: Graph
  selected: ReadonlySet<string>
  /** Nodes that a collapsed frame hides. */
  standIns: ReadonlyMap<ObjectKey, string>
}

/** React Flow's nodes; one that shows the same as before is the same value, so that it is not drawn again. */
export function flowNodes(before: readonly FlowNode[], { shown, graph, selected, standIns }: NodesInput): FlowNode[] {
  const old = new Map(before.map((node) => [node.id, node]))
  const places = placesOf(graph, shown)
  const next: FlowNode[] = []
  for (const frame of graph.frames) {
    // One of another application of the namespace, or of nodes that are gone.
    if (!shown.some(({ group }) => group === frame.name)) continue
    const known = old.get(frameId(frame.name))
    next.push(known?.dragging === true ? known : measuredAs(known, frameNode(frame, { places, shown })))
  }
  for (const node of shown) {
    if (standIns.has(node.key)) continue
    const known = old.get(node.key)
    const position = places.get(node.key) ?? { x: 0, y: 0 }
    const isSelected = selected.has(node.key)
    if (known?.type === 'resource' && known.dragging === true) {
      next.push(known)
      continue
    }
    if (
      known?.type === 'resource' &&
      known.data.node === node &&
      known.selected === isSelected &&
      known.style !== undefined &&
      known.position.x === position.x &&
      known.position.y === position.y
    ) {
      next.push(known)
      continue
    }
    next.push({
      ...(known?.type === 'resource' ? known : {}),
      id: node.key,
      type: 'resource',
      position,
      style: standingAt(position),
      data: { node },
      selected: isSelected,
      ariaLabel: nodeLabel(node),
      ariaRole: 'group',
      domAttributes: { 'aria-roledescription': 'node', tabIndex: isSelected ? 0 : -1 },
    })
  }
  // One stop of the Tab key for the whole canvas: the selected node, or the first.
  const first = next.findIndex(isResource)
  const node = next[first]
  if (selected.size === 0 && node?.type === 'resource')
    next[first] = { ...node, domAttributes: { ...node.domAttributes, tabIndex: 0 } }
  for (const note of graph.notes) {
    const id = `note:${note.id}`
    const known = old.get(id)
    if (known?.type === 'note' && (known.data.note === note || known.dragging === true)) next.push(known)
    else {
      const fresh: NoteFlowNode = {
        id,
        type: 'note',
        position: note.position,
        data: { note },
        zIndex: 2,
        selectable: false,
      }
      next.push(measuredAs(known, fresh))
    }
  }
  return next
}

/**
 * What stands still has no transform of its own. The browser keeps what has one apart: a thousand such nodes are a thousand
 * layers, considered each time the picture moves, where those without are one.
 */
function standingAt({ x, y }: Position): CSSProperties {
  return { transform: 'none', left: x, top: y }
}

/** A node in the hand is where the library's transform has it. */
export function inHand(node: FlowNode): FlowNode {
  if (node.type !== 'resource' || node.dragging !== true || node.style === undefined) return node
  const { style: _, ...lifted } = node
  return lifted
}

/** The library hides what it has not measured: a note that is written would lose the focus with each sample of figures. */
function measuredAs<T extends FlowNode>(known: FlowNode | undefined, fresh: T): T {
  return known?.measured === undefined ? fresh : { ...fresh, measured: known.measured }
}

const framePadding = { x: 24, top: 32, bottom: 24 }
const nodeSize = { width: 232, height: 110 }
const collapsedHeight = 58

function frameNode(
  frame: GraphFrame,
  { places, shown }: { places: ReadonlyMap<string, Position>; shown: readonly GraphNode[] },
): FrameFlowNode {
  const members = shown.filter(({ group }) => group === frame.name)
  const inside = members.flatMap(({ key }) => places.get(key) ?? [])
  const left = Math.min(...inside.map(({ x }) => x))
  const top = Math.min(...inside.map(({ y }) => y))
  const common = {
    id: frameId(frame.name),
    type: 'frame',
    data: { frame, members },
    selectable: false,
    focusable: false,
  } as const
  // Dragged as one; open, it follows its nodes.
  if (frame.isCollapsed === true)
    return { ...common, position: { x: left, y: top }, width: nodeSize.width, height: collapsedHeight }
  const right = Math.max(...inside.map(({ x }) => x + nodeSize.width), left + nodeSize.width)
  const bottom = Math.max(...inside.map(({ y }) => y + nodeSize.height), top + nodeSize.height)
  return {
    ...common,
    position: { x: left - framePadding.x, y: top - framePadding.top },
    width: right - left + 2 * framePadding.x,
    height: bottom - top + framePadding.top + framePadding.bottom,
    draggable: false,
    zIndex: -1,
  }
}

/** Where the nodes of a collapsed frame stand after it was dragged. */
export function draggedMembers(
  { data: { members }, position }: FrameFlowNode,
  places: ReadonlyMap<string, Position>,
): ReadonlyMap<ObjectKey, Position> {
  const inside = members.flatMap(({ key }) => places.get(key) ?? [])
  const [left, top] = [Math.min(...inside.map(({ x }) => x)), Math.min(...inside.map(({ y }) => y))]
  return new Map(
    members.flatMap(({ key }) => {
      const at = places.get(key)
      if (at === undefined) return []
      return [[key, rounded({ x: at.x + position.x - left, y: at.y + position.y - top })] as const]
    }),
  )
}

export function rounded({ x, y }: Position): Position {
  return { x: Math.round(x), y: Math.round(y) }
}
