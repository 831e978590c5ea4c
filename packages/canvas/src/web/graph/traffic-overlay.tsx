// Traffic as moving dots, drawn on one canvas over the graph: density says how many requests, speed how fast they are
// answered, red diamonds which of them failed. The only thing on the page that moves by itself; it stands still while
// something is dragged, and is replaced by widths where the person wants less motion. While the picture is moved, what was
// painted moves along as it is: painting anew would cost the frames that the movement needs.

import { type ReactFlowState, type Transform, useStore, useStoreApi } from '@xyflow/react'
import { type JSX, useEffect, useRef } from 'react'
import type { Flow } from '../data/traffic.ts'
import { between } from './held-picture.ts'
import type { WirePath } from './wire-path.ts'

/** What the person's hand is doing: moving the whole picture, or nodes in it. */
export type Gesture = 'pan' | 'drag'

export interface OverlayProps {
  /** Paths of the wires, by id. Read each frame; never copied. */
  paths: ReadonlyMap<string, WirePath>
  flows: ReadonlyMap<string, Flow>
  gesture: Gesture | undefined
  still: boolean
}

const dotRadius = 2.4
const maxDots = 14
/** Of all wires together: more say nothing more, and cost frames. */
const maxDotsOfAll = 1500
/** On a short wire dots keep apart, in px of the screen. */
const dotDistance = 18
const frameMs = 1000 / 30
/** At most this part of the time goes into painting: a slow machine paints more seldom. */
const paintShare = 0.2

/** Dots on a wire: logarithmic, so that 1 and 1,000 requests a second can stand side by side. */
export function dotsFor({ requestsPerSecond, connections }: Flow): number {
  const flow = Math.max(requestsPerSecond, connections > 0 ? 0.2 : 0)
  return flow <= 0 ? 0 : Math.min(maxDots, 1 + Math.round(Math.log2(1 + flow) * 1.4))
}

/** Seconds that a dot takes along a wire: slow answers, slow dots. */
export function secondsFor({ p95Ms }: Flow): number {
  return Math.min(9, 1.6 + Math.log10(1 + (p95Ms ?? 20)) * 1.4)
}

export function TrafficOverlay({ paths, flows, gesture, still }: OverlayProps): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null)
  const store = useStoreApi()
  const width = useStore((state) => state.width)
  const height = useStore((state) => state.height)
  const latest = useRef({ paths, flows, gesture })
  latest.current = { paths, flows, gesture }

  useEffect(() => {
    const element = canvas.current
    const context = element?.getContext('2d')
    if (element === null || context === null || context === undefined || still) return undefined
    let handle = 0
    let last = 0
    let costMs = 0
    let phase = 0
    let painted = store.getState().transform
    let paintedPaths = 0
    const follow = ({ transform }: ReactFlowState): void => {
      element.style.transform = transform === painted ? '' : between(painted, transform)
    }
    const draw = (now: number): void => {
      handle = requestAnimationFrame(draw)
      const elapsed = now - last
      const { gesture: current, ...scene } = latest.current
      // In a drag nothing flows: it is painted once more, without the wires that are in the hand.
      if (current === 'drag' && scene.paths.size === paintedPaths) return
      if (current === 'pan' || elapsed < Math.max(frameMs, costMs / paintShare)) return
      last = now
      if (current === undefined) phase += Math.min(elapsed, 100) / 1000
      const began = performance.now()
      const { transform, width: w, height: h } = store.getState()
      paint(element, context, { ...scene, transform, width: w, height: h, phase })
      painted = transform
      paintedPaths = scene.paths.size
      element.style.transform = ''
      costMs = performance.now() - began
    }
    const unsubscribe = store.subscribe(follow)
    handle = requestAnimationFrame(draw)
    return () => {
      unsubscribe()
      cancelAnimationFrame(handle)
      context.clearRect(0, 0, element.width, element.height)
    }
  }, [store, still])

  return <canvas ref={canvas} className="traffic" style={{ width, height }} aria-hidden="true" />
}

interface Scene {
  paths: ReadonlyMap<string, WirePath>
  flows: ReadonlyMap<string, Flow>
  transform: Transform
  width: number
  height: number
  phase: number
}

/** A wire in px of the screen, and how many dots it would like. */
interface BusyWire {
  flow: Flow
  sx: number
  sy: number
  tx: number
  ty: number
  dots: number
}

function paint(element: HTMLCanvasElement, context: CanvasRenderingContext2D, scene: Scene): void {
  const { width, height, transform, phase } = scene
  const ratio = Math.min(2, window.devicePixelRatio)
  if (element.width !== Math.round(width * ratio) || element.height !== Math.round(height * ratio)) {
    element.width = Math.round(width * ratio)
    element.height = Math.round(height * ratio)
  }
  context.setTransform(ratio, 0, 0, ratio, 0, 0)
  context.clearRect(0, 0, width, height)
  const wires = busyWires(scene)
  if (wires.length === 0) return
  const share = Math.min(1, maxDotsOfAll / wires.reduce((sum, { dots }) => sum + dots, 0))
  const zoom = transform[2]
  const radius = dotRadius * Math.max(0.6, Math.min(1.2, zoom))
  const { good, bad, size } = stamps(radius, ratio)
  for (const { flow, sx, sy, tx, ty, dots } of wires) {
    const count = Math.max(1, Math.floor(dots * share))
    const bend = Math.max(40 * zoom, Math.abs(tx - sx) / 2)
    const failing = Math.ceil(flow.errorShare * count)
    const seconds = secondsFor(flow)
    for (let dot = 0; dot < count; dot++) {
      const at = (phase / seconds + dot / count) % 1
      const rest = 1 - at
      // The same cubic curve as the wire's.
      const a = rest * rest * rest
      const b = 3 * rest * rest * at
      const c = 3 * rest * at * at
      const d = at * at * at
      const x = a * sx + b * (sx + bend) + c * (tx - bend) + d * tx
      const y = a * sy + b * sy + c * ty + d * ty
      context.drawImage(dot < failing ? bad : good, x - size / 2, y - size / 2, size, size)
    }
  }
}

/** The wires on the screen with traffic. */
function busyWires({ paths, flows, transform: [x, y, zoom], width, height }: Scene): BusyWire[] {
  const wires: BusyWire[] = []
  for (const [id, flow] of flows) {
    const path = paths.get(id)
    const wanted = path === undefined ? 0 : dotsFor(flow)
    if (path === undefined || wanted === 0) continue
    const sx = path.sourceX * zoom + x
    const sy = path.sourceY * zoom + y
    const tx = path.targetX * zoom + x
    const ty = path.targetY * zoom + y
    if (Math.max(sx, tx) < 0 || Math.min(sx, tx) > width || Math.max(sy, ty) < 0 || Math.min(sy, ty) > height) continue
    const length = Math.hypot(tx - sx, ty - sy)
    wires.push({ flow, sx, sy, tx, ty, dots: Math.max(1, Math.min(wanted, Math.floor(length / dotDistance))) })
  }
  return wires
}

interface Stamps {
  good: HTMLCanvasElement
  bad: HTMLCanvasElement
  /** Side of a stamp, in px of the screen. */
  size: number
}

let stamped: { key: string; stamps: Stamps } | undefined

/** A dot and a diamond, drawn once: stamping is many times cheaper than drawing curves. */
function stamps(radius: number, ratio: number): Stamps {
  const key = `${document.documentElement.dataset['theme'] ?? ''} ${radius} ${ratio}`
  if (stamped?.key === key) return stamped.stamps
  const style = getComputedStyle(document.documentElement)
  const size = Math.ceil(radius * 3.4) + 2
  const made = {
    good: stamp({ size, ratio, colour: style.getPropertyValue('--ok') }, (context) =>
      context.arc(size / 2, size / 2, radius, 0, Math.PI * 2),
    ),
    bad: stamp({ size, ratio, colour: style.getPropertyValue('--bad') }, (context) =>
      diamond(context, { centre: size / 2, reach: radius * 1.7 }),
    ),
    size,
  }
  stamped = { key, stamps: made }
  return made
}

function stamp(
  { size, ratio, colour }: { size: number; ratio: number; colour: string },
  outline: (context: CanvasRenderingContext2D) => void,
): HTMLCanvasElement {
  const element = document.createElement('canvas')
  element.width = size * ratio
  element.height = size * ratio
  const context = element.getContext('2d')
  if (context === null) return element
  context.scale(ratio, ratio)
  context.fillStyle = colour
  context.beginPath()
  outline(context)
  context.fill()
  return element
}

function diamond(context: CanvasRenderingContext2D, { centre, reach }: { centre: number; reach: number }): void {
  context.moveTo(centre, centre - reach)
  context.lineTo(centre + reach, centre)
  context.lineTo(centre, centre + reach)
  context.lineTo(centre - reach, centre)
  context.closePath()
}
