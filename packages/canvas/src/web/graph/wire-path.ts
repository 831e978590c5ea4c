// Where a wire lies: from the right side of one node to the left side of another, as a curve.

import { type InternalNode, Position, type XYPosition, getBezierPath } from '@xyflow/react'
import type { FlowNode } from './flow-nodes.ts'

/** In the graph's own coordinates. */
export interface WireEnds {
  sourceX: number
  sourceY: number
  targetX: number
  targetY: number
}

export interface WirePath extends WireEnds {
  id: string
}

interface Places {
  nodeLookup: ReadonlyMap<string, InternalNode<FlowNode>>
  /** Where a node is; undefined: where the library has it. */
  placeOf: (id: string) => XYPosition | undefined
}

/** undefined as long as an end has not been measured. */
export function wireEnds(
  { source, target }: { source: string; target: string },
  { nodeLookup, placeOf }: Places,
): WireEnds | undefined {
  const from = nodeLookup.get(source)?.internals
  const to = nodeLookup.get(target)?.internals
  const out = from?.handleBounds?.source?.[0]
  const into = to?.handleBounds?.target?.[0]
  if (from === undefined || to === undefined || out === undefined || into === undefined) return undefined
  const begin = placeOf(source) ?? from.positionAbsolute
  const end = placeOf(target) ?? to.positionAbsolute
  return {
    sourceX: begin.x + out.x + out.width,
    sourceY: begin.y + out.y + out.height / 2,
    targetX: end.x + into.x,
    targetY: end.y + into.y + into.height / 2,
  }
}

/** The curve in SVG's words, and where its label is. */
export function wireCurve(ends: WireEnds): { d: string; labelX: number; labelY: number } {
  const [d, labelX, labelY] = getBezierPath({ ...ends, sourcePosition: Position.Right, targetPosition: Position.Left })
  return { d, labelX, labelY }
}
