// Traffic as moving dots, drawn on one canvas over the graph: density says how many requests, speed how fast they are
// answered, red diamonds which of them failed. The only thing on the page that moves by itself; it stands still while
// something is dragged, and is replaced by widths where the person wants less motion.

import { useStore } from '@xyflow/react'
import { type JSX, useEffect, useRef } from 'react'
import type { Flow } from '../data/traffic.ts'

/** A wire as it lies on the screen, in the graph's own coordinates. */
export interface WirePath {
  id: string
  sourceX: number
  sourceY: number
  targetX: number
  targetY: number
}

export interface OverlayProps {
  /** Paths of the wires, by id. Read each frame; never copied. */
  paths: ReadonlyMap<string, WirePath>
  flows: ReadonlyMap<string, Flow>
  paused: boolean
  still: boolean
}

const dotRadius = 2.4
const maxDots = 14
const frameMs = 1000 / 30

/** Dots on a wire: logarithmic, so that 1 and 1,000 requests a second can stand side by side. */
export function dotsFor({ requestsPerSecond, connections }: Flow): number {
  const flow = Math.max(requestsPerSecond, connections > 0 ? 0.2 : 0)
  return flow <= 0 ? 0 : Math.min(maxDots, 1 + Math.round(Math.log2(1 + flow) * 1.4))
}

/** Seconds that a dot takes along a wire: slow answers, slow dots. */
export function secondsFor({ p95Ms }: Flow): number {
  return Math.min(9, 1.6 + Math.log10(1 + (p95Ms ?? 20)) * 1.4)
}

export function TrafficOverlay({ paths, flows, paused, still }: OverlayProps): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null)
  const transform = useStore((state) => state.transform)
  const width = useStore((state) => state.width)
  const height = useStore((state) => state.height)
  const latest = useRef({ paths, flows, transform, width, height })
  latest.current = { paths, flows, transform, width, height }

  useEffect(() => {
    const element = canvas.current
    const context = element?.getContext('2d')
    if (element === null || context === null || context === undefined || still) return undefined
    let handle = 0
    let last = 0
    let phase = 0
    const draw = (now: number): void => {
      handle = requestAnimationFrame(draw)
      const elapsed = now - last
      if (elapsed < frameMs) return
      last = now
      if (!paused) phase += Math.min(elapsed, 100) / 1000
      paint(element, context, { ...latest.current, phase })
    }
    handle = requestAnimationFrame(draw)
    return () => {
      cancelAnimationFrame(handle)
      context.clearRect(0, 0, element.width, element.height)
    }
  }, [paused, still])

  return <canvas ref={canvas} className="traffic" style={{ width, height }} aria-hidden="true" />
}

interface Scene {
  paths: ReadonlyMap<string, WirePath>
  flows: ReadonlyMap<string, Flow>
  transform: readonly [number, number, number]
  width: number
  height: number
  phase: number
}

function paint(element: HTMLCanvasElement, context: CanvasRenderingContext2D, scene: Scene): void {
  const { width, height, transform, paths, flows, phase } = scene
  const ratio = Math.min(2, window.devicePixelRatio)
  if (element.width !== Math.round(width * ratio) || element.height !== Math.round(height * ratio)) {
    element.width = Math.round(width * ratio)
    element.height = Math.round(height * ratio)
  }
  context.setTransform(ratio, 0, 0, ratio, 0, 0)
  context.clearRect(0, 0, width, height)
  if (flows.size === 0) return
  const style = getComputedStyle(element)
  const good = style.getPropertyValue('--ok')
  const bad = style.getPropertyValue('--bad')
  const [x, y, zoom] = transform
  const radius = dotRadius * Math.max(0.6, Math.min(1.2, zoom))
  const goodPath = new Path2D()
  const badPath = new Path2D()
  for (const [id, flow] of flows) {
    const path = paths.get(id)
    const count = path === undefined ? 0 : dotsFor(flow)
    if (path === undefined || count === 0) continue
    const sx = path.sourceX * zoom + x
    const sy = path.sourceY * zoom + y
    const tx = path.targetX * zoom + x
    const ty = path.targetY * zoom + y
    if (Math.max(sx, tx) < 0 || Math.min(sx, tx) > width || Math.max(sy, ty) < 0 || Math.min(sy, ty) > height) continue
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
      const dx = a * sx + b * (sx + bend) + c * (tx - bend) + d * tx
      const dy = a * sy + b * sy + c * ty + d * ty
      if (dot < failing) diamond(badPath, dx, dy, radius * 1.7)
      else {
        goodPath.moveTo(dx + radius, dy)
        goodPath.arc(dx, dy, radius, 0, Math.PI * 2)
      }
    }
  }
  for (const [colour, path] of [
    [good, goodPath],
    [bad, badPath],
  ] as const) {
    context.fillStyle = colour
    // A canvas fills a path here, no array.
    // oxlint-disable-next-line unicorn/no-array-fill-with-reference-type
    context.fill(path)
  }
}

function diamond(path: Path2D, x: number, y: number, size: number): void {
  path.moveTo(x, y - size)
  path.lineTo(x + size, y)
  path.lineTo(x, y + size)
  path.lineTo(x - size, y)
  path.closePath()
}
