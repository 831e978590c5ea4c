// Nodes in the hand: their elements are moved directly and the wires at them are drawn on a canvas, once a frame, and the
// library and the page hear where they are when they are let go. By way of React all nodes would be compared for each
// movement of the mouse, and each changed line of an SVG has the browser consider all others.

import { type NodeChange, type NodePositionChange, type XYPosition, useStoreApi } from '@xyflow/react'
import { type RefObject, useLayoutEffect, useMemo, useRef } from 'react'
import { useTelemetry } from '../state/telemetry.ts'
import type { FlowNode } from './flow-nodes.ts'
import { type WireFlowEdge, wireToken } from './wire-edge.tsx'
import { type WireEnds, wireCurve, wireEnds } from './wire-path.ts'

interface HeldNodesInput {
  /** At nodes in the hand. */
  wires: readonly WireFlowEdge[]
  /** Over the whole picture; there while nodes are in the hand. */
  canvas: RefObject<HTMLCanvasElement | null>
}

/** Takes changes over that only say where nodes in the hand are, and answers whether it did: the first of a drag is not. */
export function useHeldNodes({ wires, canvas }: HeldNodesInput): (changes: readonly NodeChange<FlowNode>[]) => boolean {
  const store = useStoreApi<FlowNode>()
  const held = useRef(wires)
  held.current = wires
  const hand = useMemo(() => {
    const places = new Map<string, XYPosition>()
    let frame = 0
    const drawNow = (): void => {
      frame = 0
      const { domNode, nodeLookup, transform, width, height } = store.getState()
      for (const [id, { x, y }] of places) {
        const element = domNode?.querySelector<HTMLElement>(`.react-flow__node[data-id="${CSS.escape(id)}"]`)
        if (element !== null && element !== undefined) element.style.transform = `translate(${x}px, ${y}px)`
      }
      const context = canvas.current?.getContext('2d')
      if (context === null || context === undefined) return
      const [x, y, zoom] = transform
      const ratio = Math.min(2, window.devicePixelRatio)
      resize(context.canvas, Math.round(width * ratio), Math.round(height * ratio))
      context.setTransform(ratio * zoom, 0, 0, ratio * zoom, ratio * x, ratio * y)
      for (const wire of held.current) {
        const ends = wireEnds(wire, { nodeLookup, placeOf: (id) => places.get(id) })
        if (ends !== undefined) stroke(context, wire, ends)
      }
    }
    return {
      draw: drawNow,
      take: (changes: readonly NodeChange<FlowNode>[]) => {
        const moves = changes.filter(isPlace)
        const isHeld =
          moves.length === changes.length &&
          moves.every(({ id, dragging }) => dragging === true && store.getState().nodeLookup.get(id)?.dragging === true)
        for (const { id, position } of moves) if (position !== undefined) places.set(id, position)
        if (isHeld) {
          if (frame === 0) frame = requestAnimationFrame(drawNow)
          return true
        }
        // Let go: what was drawn last is what React will have, even where that is what it had at first.
        cancelAnimationFrame(frame)
        if (frame !== 0) drawNow()
        places.clear()
        return false
      },
    }
  }, [store, canvas])
  useLayoutEffect(() => {
    if (wires.length === 0) return undefined
    hand.draw()
    // At the edge of the window the picture moves under the hand.
    return store.subscribe((now, before) => {
      if (now.transform !== before.transform) hand.draw()
    })
  }, [store, hand, wires])
  return hand.take
}

function isPlace(change: NodeChange<FlowNode>): change is NodePositionChange {
  return change.type === 'position'
}

/** Makes it empty. */
function resize(canvas: HTMLCanvasElement, width: number, height: number): void {
  if (canvas.width !== width) canvas.width = width
  if (canvas.height !== height) canvas.height = height
  const context = canvas.getContext('2d')
  context?.resetTransform()
  context?.clearRect(0, 0, width, height)
}

/** As wire-edge.tsx and its styles draw it. */
function stroke(context: CanvasRenderingContext2D, { data }: WireFlowEdge, ends: WireEnds): void {
  const wire = data?.wire
  const token = wire?.staged === 'added' ? '--staged' : wireToken(useTelemetry.getState().flows.get(data?.flow ?? ''))
  context.strokeStyle = getComputedStyle(context.canvas).getPropertyValue(token)
  context.lineWidth = 1.5
  context.setLineDash(wire?.staged === 'added' ? [4, 4] : wire?.isDrawn === false ? [1, 4] : [])
  context.stroke(new Path2D(wireCurve(ends).d))
}
