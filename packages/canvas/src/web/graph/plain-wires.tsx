// Wires of a crowd that nobody can point at: those between nodes that are out of view or too small to read. They are drawn
// together, one path for each look, in place of an element with listeners of its own for each.

import { ViewportPortal, useStoreApi } from '@xyflow/react'
import { type JSX, memo, useEffect, useMemo } from 'react'
import { useTelemetry } from '../state/telemetry.ts'
import { texts } from '../texts.ts'
import { useFullNodes } from './detail.ts'
import type { FlowNode } from './flow-nodes.ts'
import { type WireFlowEdge, wireToken } from './wire-edge.tsx'
import { type WirePath, wireCurve, wireEnds } from './wire-path.ts'

export interface WireParts {
  /** Each an element of its own: they can be pointed at. */
  whole: WireFlowEdge[]
  plain: readonly WireFlowEdge[]
  /** At nodes that are in the hand. */
  held: readonly WireFlowEdge[]
}

/** `dragged`: nodes that are moved now. */
export function useWireParts(edges: readonly WireFlowEdge[], dragged: ReadonlySet<string>): WireParts {
  const full = useFullNodes()
  return useMemo(() => {
    const parts = { whole: [] as WireFlowEdge[], plain: [] as WireFlowEdge[], held: [] as WireFlowEdge[] }
    for (const edge of edges) {
      const { source, target, data } = edge
      const isNear = full === 'all' || full.has(source) || full.has(target) || data?.wire.staged !== undefined
      if (dragged.has(source) || dragged.has(target)) parts.held.push(edge)
      else parts[isNear ? 'whole' : 'plain'].push(edge)
    }
    return parts
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
  const curves = useMemo(() => new Map([...ends].map(([id, path]) => [id, wireCurve(path).d])), [ends])
  // Of all wires in one text: a sample draws them anew only where one has another look.
  const looks = useTelemetry(({ flows }) => wires.map(({ data }) => wireToken(flows.get(data?.flow ?? ''))).join(' '))
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
          <path key={look} d={d} className="wire" style={{ '--wire': `var(${colour})` }} data-inferred={!isDrawn} />
        ))}
      </svg>
    </ViewportPortal>
  )
})

/** Where wires begin and end, as React Flow has it of the handles. */
function useWireEnds(wires: readonly WireFlowEdge[], nodes: readonly FlowNode[]): ReadonlyMap<string, WirePath> {
  const store = useStoreApi<FlowNode>()
  return useMemo(() => {
    const places = new Map(nodes.map(({ id, position }) => [id, position]))
    const { nodeLookup } = store.getState()
    return new Map(
      wires.flatMap((wire) => {
        const ends = wireEnds(wire, { nodeLookup, placeOf: (id) => places.get(id) })
        return ends === undefined ? [] : [[wire.id, { id: wire.id, ...ends }] as const]
      }),
    )
  }, [wires, nodes, store])
}
