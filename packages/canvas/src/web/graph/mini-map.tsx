// The whole graph in a corner, and where the picture is in it. One canvas: the library's own map has an element and a
// subscription for each node, which a thousand of them pay for with each movement. What the picture shows is an element over
// it, so that a movement of the picture paints nothing here.

import { type ReactFlowState, useReactFlow, useStoreApi } from '@xyflow/react'
import { type JSX, type PointerEvent, useEffect, useRef } from 'react'
import { texts } from '../texts.ts'
import type { FlowNode } from './flow-nodes.ts'
import { colourOf } from './node-state.tsx'

const width = 200
const height = 150
/** Around the whole, as a part of it. */
const margin = 0.08
/** Smaller marks are not seen. */
const leastMark = 2

interface Box {
  left: number
  top: number
  right: number
  bottom: number
}

/** From the graph to the map: `(x - left) * scale`. */
interface Projection {
  left: number
  top: number
  scale: number
}

/** After the last movement: only then the map makes room for a picture that has left the graph. */
const settleMs = 150

export function MiniMap(): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null)
  const frame = useRef<HTMLDivElement>(null)
  const projection = useRef<Projection>({ left: 0, top: 0, scale: 1 })
  const store = useStoreApi<FlowNode>()
  const flow = useReactFlow()

  useEffect(() => {
    const context = canvas.current?.getContext('2d')
    if (context === null || context === undefined) return undefined
    let handle = 0
    let timer = 0
    const draw = (): void => {
      handle = 0
      projection.current = paint(context, store.getState())
      placeView()
    }
    const ask = (): void => {
      if (handle === 0) handle = requestAnimationFrame(draw)
    }
    const placeView = (): void => {
      if (frame.current === null) return
      const { left, top, scale } = projection.current
      const view = viewOf(store.getState())
      const [w, h] = [(view.right - view.left) * scale, (view.bottom - view.top) * scale]
      frame.current.style.width = `${w}px`
      frame.current.style.height = `${h}px`
      frame.current.style.transform = `translate(${(view.left - left) * scale}px, ${(view.top - top) * scale}px)`
    }
    const unsubscribe = store.subscribe((now, before) => {
      if (now.nodes !== before.nodes || now.width !== before.width) ask()
      if (now.transform === before.transform) return
      placeView()
      clearTimeout(timer)
      timer = window.setTimeout(ask, settleMs)
    })
    const themes = new MutationObserver(ask)
    themes.observe(document.documentElement, { attributeFilter: ['data-theme'] })
    ask()
    return () => {
      unsubscribe()
      themes.disconnect()
      clearTimeout(timer)
      cancelAnimationFrame(handle)
    }
  }, [store])

  const goTo = (event: PointerEvent<HTMLElement>): void => {
    const box = event.currentTarget.getBoundingClientRect()
    const { left, top, scale } = projection.current
    const x = (event.clientX - box.left) / scale + left
    const y = (event.clientY - box.top) / scale + top
    void flow.setCenter(x, y, { zoom: flow.getZoom() })
  }
  return (
    <div
      className="mini-map"
      style={{ width, height }}
      role="img"
      aria-label={texts.graph.map}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId)
        goTo(event)
      }}
      onPointerMove={(event) => {
        if (event.buttons === 1) goTo(event)
      }}
    >
      <canvas ref={canvas} style={{ width, height }} />
      <div ref={frame} className="mini-map-view" />
    </div>
  )
}

function paint(context: CanvasRenderingContext2D, state: ReactFlowState<FlowNode>): Projection {
  const ratio = Math.min(2, window.devicePixelRatio)
  const { canvas } = context
  if (canvas.width !== width * ratio) {
    canvas.width = width * ratio
    canvas.height = height * ratio
  }
  const marks = marksOf(state)
  const projection = projectionOf([viewOf(state), ...marks.map(({ box }) => box)])
  const { left, top, scale } = projection
  context.setTransform(ratio, 0, 0, ratio, 0, 0)
  context.clearRect(0, 0, width, height)
  const style = getComputedStyle(document.documentElement)
  for (const { box, colour } of marks) {
    context.fillStyle = style.getPropertyValue(colour)
    context.fillRect(
      (box.left - left) * scale,
      (box.top - top) * scale,
      Math.max(leastMark, (box.right - box.left) * scale),
      Math.max(leastMark, (box.bottom - box.top) * scale),
    )
  }
  return projection
}

function viewOf({ transform: [x, y, zoom], width: w, height: h }: ReactFlowState<FlowNode>): Box {
  return { left: -x / zoom, top: -y / zoom, right: (w - x) / zoom, bottom: (h - y) / zoom }
}

function marksOf({ nodeLookup }: ReactFlowState<FlowNode>): { box: Box; colour: string }[] {
  const marks: { box: Box; colour: string }[] = []
  for (const { internals, measured } of nodeLookup.values()) {
    const { userNode } = internals
    if (userNode.type !== 'resource') continue
    const { x, y } = internals.positionAbsolute
    const box = { left: x, top: y, right: x + (measured.width ?? 0), bottom: y + (measured.height ?? 0) }
    marks.push({ box, colour: colourOf(userNode.data.node.status.state) })
  }
  return marks
}

function projectionOf(boxes: readonly Box[]): Projection {
  const whole = { left: Infinity, top: Infinity, right: -Infinity, bottom: -Infinity }
  for (const box of boxes) {
    whole.left = Math.min(whole.left, box.left)
    whole.top = Math.min(whole.top, box.top)
    whole.right = Math.max(whole.right, box.right)
    whole.bottom = Math.max(whole.bottom, box.bottom)
  }
  const [w, h] = [whole.right - whole.left, whole.bottom - whole.top]
  const scale = Math.min(width / (w * (1 + 2 * margin)), height / (h * (1 + 2 * margin)))
  return { left: whole.left - (width / scale - w) / 2, top: whole.top - (height / scale - h) / 2, scale }
}
