// What a collapsed frame leaves to be drawn: itself in the place of its nodes, and wires that lead to it. The document
// knows nothing of this; a wire between two nodes is one whether they are seen or not.

import type { GraphFrame, GraphNode, GraphWire } from './graph.ts'
import type { ObjectKey } from './object-key.ts'
import type { NodeState } from './status.ts'

/** Id of a frame among what is drawn; an object's key never begins so. */
export function frameId(name: string): string {
  return `frame:${name}`
}

/** For each node that is not seen the id of the frame in its place. */
export function standInsOf(frames: readonly GraphFrame[]): ReadonlyMap<ObjectKey, string> {
  const standIns = new Map<ObjectKey, string>()
  for (const { name, nodes, isCollapsed } of frames)
    if (isCollapsed === true) for (const key of nodes) standIns.set(key, frameId(name))
  return standIns
}

/** A wire as it is drawn, from node or frame to node or frame. */
export interface DrawnWire {
  /** That of the wire where it stands for one only, so that what flows over it is found. */
  readonly id: string
  readonly from: string
  readonly to: string
  /** All that it stands for; at least one. */
  readonly wires: readonly [GraphWire, ...GraphWire[]]
}

/** Wires within a collapsed frame are not drawn; those between the same two ends of which one is a frame are one. */
export function drawnWires(
  wires: readonly GraphWire[],
  standIns: ReadonlyMap<ObjectKey, string>,
): readonly DrawnWire[] {
  const drawn = new Map<string, DrawnWire>()
  for (const wire of wires) {
    const [from, to] = [standIns.get(wire.from) ?? wire.from, standIns.get(wire.to) ?? wire.to]
    const isFolded = from !== wire.from || to !== wire.to
    if (isFolded && from === to) continue
    const ends = isFolded ? `${from}→${to}` : wire.id
    const known = drawn.get(ends)
    if (known === undefined) drawn.set(ends, { id: wire.id, from, to, wires: [wire] })
    else drawn.set(ends, { id: ends, from, to, wires: [...known.wires, wire] })
  }
  return [...drawn.values()]
}

/** From what wants to be looked at first to what does not. */
const urgency: readonly NodeState[] = ['failed', 'degraded', 'progressing', 'unknown', 'staged', 'asleep', 'ready']

/** The node by whose state a frame is judged: its most urgent one. */
export function mostUrgent(nodes: readonly GraphNode[]): GraphNode | undefined {
  const rank = ({ status }: GraphNode): number => urgency.indexOf(status.state)
  return nodes.toSorted((a, b) => rank(a) - rank(b))[0]
}
