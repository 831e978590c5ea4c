// Wires of a crowd that nobody can point at: those between nodes that are out of view or too small to read. They are drawn
// together, one path for each look, in place of an element with listeners of its own for each.

import { ViewportPortal, getBezierPath, Position, useStoreApi } from '@xyflow/react'
import { type JSX, memo, useEffect, useMemo } from 'react'
import { useTelemetry } from '../state/telemetry.ts'
import { texts } from '../texts.ts'
import { useFullNodes } from './detail.ts'
import type { FlowNode } from './flow-nodes.ts'
import type { WirePath } from './traffic-overlay.tsx'
import { type WireFlowEdge, wireColour } from './wire-edge.tsx'

export interface WireParts {
  /** Each an element of its own: they can be pointed at. */
  whole: WireFlowEdge[]
  plain: readonly WireFlowEdge[]
}

/** `dragged`: nodes that are moved now, with wires that follow them. */
export function useWireParts(edges: WireFlowEdge[], dragged: ReadonlySet<string>): WireParts {
  const full = useFullNodes()
  return useMemo(() => {
    if (full === 'all') return { whole: edges, plain: [] }
    const isNear = (key: string): boolean => full.has(key) || dragged.has(key)
    const isWhole = ({ source, target, data }: WireFlowEdge): boolean =>
      isNear(source) || isNear(target) || data?.wire.staged !== undefined
    return { whole: edges.filter(isWhole), plain: edges.filter((edge) => !isWhole(edge)) }
  }, [edges, full, dragged])
}

export interface PlainWiresProps {
  wires: readonly WireFlowEdge[]
  /** Where their ends are; the same value as long as nothing of them has moved. */
  nodes: readonly FlowNode[]
  paths: Map<string, WirePath>
}

export const PlainWires = memo(function PlainWires({ wires, nodes, paths }: PlainWiresProps): JSX.Element | undefined {
  const ends = useWireEnds(wires, nodes)
  useEffect(() => {
    for (const [id, path] of ends) paths.set(id, path)
    return () => {
      for (const [id, path] of ends) if (paths.get(id) === path) paths.delete(id)
    }
  }, [ends, paths])
  const curves = useMemo(() => new Map([...ends].map(([id, path]) => [id, curveOf(path)])), [ends])
  // Of all wires in one text: a sample draws them anew only where one has another look.
  const looks = useTelemetry(({ flows }) => wires.map(({ data }) => wireColour(flows.get(data?.flow ?? ''))).join(' '))
  const drawn = useMemo(() => {
    const colours = looks.split(' ')
    const byLook = new Map<string, { colour: string; isDrawn: boolean; d: string }>()
    for (const [index, { id, data }] of wires.entries()) {
      const colour = colours[index] ?? ''
      const isDrawn = data?.wire.isDrawn === true
      const look = `${colour} ${isDrawn}`
      byLook.set(look, { colour, isDrawn, d: `${byLook.get(look)?.d ?? ''}${curves.get(id) ?? ''}` })
    }
    return [...byLook]
  }, [wires, looks, curves])
  if (wires.length === 0) return undefined
  return (
    <ViewportPortal>
      <svg className="plain-wires" width={1} height={1} role="img" aria-label={texts.graph.wires(wires.length)}>
        {drawn.map(([look, { colour, isDrawn, d }]) => (
          <path key={look} d={d} className="wire" style={{ '--wire': colour }} data-inferred={!isDrawn} />
        ))}
      </svg>
    </ViewportPortal>
  )
})

/** Where wires begin and end, as React Flow has it of the handles. */
function useWireEnds(wires: readonly WireFlowEdge[], nodes: readonly FlowNode[]): ReadonlyMap<string, WirePath> {
  const store = useStoreApi()
  return useMemo(() => {
    const places = new Map(nodes.map(({ id, position }) => [id, position]))
    const { nodeLookup } = store.getState()
    const ends = new Map<string, WirePath>()
    for (const { id, source, target } of wires) {
      const from = places.get(source)
      const to = places.get(target)
      const out = nodeLookup.get(source)?.internals.handleBounds?.source?.[0]
      const into = nodeLookup.get(target)?.internals.handleBounds?.target?.[0]
      if (from === undefined || to === undefined || out === undefined || into === undefined) continue
      ends.set(id, {
        id,
        sourceX: from.x + out.x + out.width,
        sourceY: from.y + out.y + out.height / 2,
        targetX: to.x + into.x,
        targetY: to.y + into.y + into.height / 2,
      })
    }
    return ends
  }, [wires, nodes, store])
}

function curveOf(ends: WirePath): string {
  const [path] = getBezierPath({ ...ends, sourcePosition: Position.Right, targetPosition: Position.Left })
  return path
}
