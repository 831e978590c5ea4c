// Where nodes go: in line, at even distances, beside each other, and to which one an arrow key leads.

import type { Position, Size } from './canvas-layout.ts'

/** Of a node on the Canvas, in px (the drawn look: 232 wide). */
export const nodeSize: Size = { width: 232, height: 96 }
const gap = 40
const grid = 8

export type Direction = 'left' | 'right' | 'up' | 'down'
export type Edge = 'left' | 'center' | 'right' | 'top' | 'middle' | 'bottom'
type Places = ReadonlyMap<string, Position>

/** All nodes with one edge, or the middle, in a line. Nodes of other sizes than the usual one are named in `sizes`. */
export function align(places: Places, edge: Edge, sizes?: ReadonlyMap<string, Size>): Map<string, Position> {
  const isAcross = edge === 'left' || edge === 'center' || edge === 'right'
  const share = edge === 'left' || edge === 'top' ? 0 : edge === 'right' || edge === 'bottom' ? 1 : 0.5
  const lengthOf = (key: string): number => (sizes?.get(key) ?? nodeSize)[isAcross ? 'width' : 'height']
  const startOf = ({ x, y }: Position): number => (isAcross ? x : y)
  const starts = [...places.values()].map(startOf)
  const ends = [...places].map(([key, position]) => startOf(position) + lengthOf(key))
  const [low, high] = [Math.min(...starts), Math.max(...ends)]
  return new Map(
    [...places].map(([key, { x, y }]) => {
      const at = Math.round(low + (high - low - lengthOf(key)) * share)
      return [key, isAcross ? { x: at, y } : { x, y: at }]
    }),
  )
}

/** The same distance from each node to the next; the first and the last stay. */
export function distribute(places: Places, axis: 'x' | 'y', sizes?: ReadonlyMap<string, Size>): Map<string, Position> {
  const lengthOf = (key: string): number => (sizes?.get(key) ?? nodeSize)[axis === 'x' ? 'width' : 'height']
  const order = [...places].toSorted(([, a], [, b]) => a[axis] - b[axis])
  const [first, last] = [order[0], order.at(-1)]
  if (first === undefined || last === undefined || order.length < 3) return new Map(places)
  const whole = last[1][axis] + lengthOf(last[0]) - first[1][axis]
  const space = (whole - order.reduce((sum, [key]) => sum + lengthOf(key), 0)) / (order.length - 1)
  let at = first[1][axis]
  return new Map(
    order.map(([key, position]) => {
      const placed = { ...position, [axis]: Math.round(at) }
      at += lengthOf(key) + space
      return [key, placed]
    }),
  )
}

/** The node that an arrow key leads to: the nearest in that direction, those straight ahead before those aside. */
export function nearestNode(places: Places, from: string, direction: Direction): string | undefined {
  const at = places.get(from)
  if (at === undefined) return undefined
  let best: { key: string; distance: number } | undefined
  for (const [key, { x, y }] of places) {
    if (key === from) continue
    const [right, down] = [x - at.x, y - at.y]
    const ahead = { left: -right, right, up: -down, down }[direction]
    const aside = Math.abs(direction === 'left' || direction === 'right' ? down : right)
    if (ahead <= 0) continue
    const distance = ahead + 2 * aside
    if (best === undefined || distance < best.distance) best = { key, distance }
  }
  return best?.key
}

/** A place for a new node at or near `wanted`, where it covers no other. */
export function freePlace(places: Iterable<Position>, wanted: Position, size: Size = nodeSize): Position {
  const taken = [...places]
  const isFree = ({ x, y }: Position): boolean =>
    !taken.some(
      (other) =>
        Math.abs(other.x - x) < Math.max(size.width, nodeSize.width) + grid &&
        Math.abs(other.y - y) < Math.max(size.height, nodeSize.height) + grid,
    )
  const start = { x: Math.round(wanted.x / grid) * grid, y: Math.round(wanted.y / grid) * grid }
  // Rings around the place, each a node's size further out.
  for (let ring = 0; ring <= taken.length + 1; ring++)
    for (const [column, row] of ringSteps(ring)) {
      const place = { x: start.x + column * (nodeSize.width + gap), y: start.y + row * (nodeSize.height + gap) }
      if (isFree(place)) return place
    }
  return start
}

/** Down and to the right first: that is how people read. */
function ringSteps(ring: number): [number, number][] {
  if (ring === 0) return [[0, 0]]
  const steps: [number, number][] = []
  for (let column = -ring; column <= ring; column++)
    for (let row = -ring; row <= ring; row++)
      if (Math.max(Math.abs(column), Math.abs(row)) === ring) steps.push([column, row])
  const weight = ([column, row]: [number, number]): number =>
    (column < 0 ? 2 : 0) + (row < 0 ? 2 : 0) + (row === 0 ? 1 : 0)
  return steps.toSorted((a, b) => weight(a) - weight(b))
}
