// Wires by the mouse: drawing one from either end, and leading the end of one elsewhere. What a wire may join is the
// document's to say.

import {
  type DrawnWire,
  type GraphFrame,
  type GraphWire,
  frameId,
  legalSources,
  legalTargets,
  parseKey,
  whyNot,
} from '@binnacle/canvas-core'
import type { ReactFlowInstance, ReactFlowProps } from '@xyflow/react'
import { useMemo, useState } from 'react'
import { startAdding } from '../state/adding.ts'
import { type WireEnd, act, chooseEnd, currentDocument, leadElsewhere, useCanvas } from '../state/store.ts'
import { texts } from '../texts.ts'
import type { FlowNode } from './flow-nodes.ts'
import type { WireFlowEdge } from './wire-edge.tsx'

/** Why what was let go is no wire, where it was let go. */
export interface Refusal {
  text: string
  x: number
  y: number
}

type Handlers = Pick<
  ReactFlowProps<FlowNode, WireFlowEdge>,
  | 'onConnectStart'
  | 'onConnect'
  | 'onConnectEnd'
  | 'onReconnectStart'
  | 'onReconnect'
  | 'onReconnectEnd'
  | 'isValidConnection'
>

const refusalMs = 4000

/** The handlers are the same values for good: the library tells all its parts of each that changes. */
export function useWiring({ screenToFlowPosition }: ReactFlowInstance<FlowNode, WireFlowEdge>): {
  handlers: Handlers
  refusal: Refusal | undefined
} {
  const [refusal, setRefusal] = useState<Refusal>()
  const handlers = useMemo<Handlers>(() => {
    /** The wire whose end is dragged. */
    let led: { wire: GraphWire; end: WireEnd } | undefined
    return {
      onConnectStart(_event, { nodeId, handleType }) {
        if (nodeId === null) return
        const isBackward = handleType === 'target'
        const legal = (isBackward ? legalSources : legalTargets)(currentDocument(), nodeId)
        useCanvas.setState({ wiring: { from: nodeId, legal: new Set(legal), isBackward } })
      },
      onConnect: ({ source, target }) => connectNodes(source, target),
      onConnectEnd(event, state) {
        const { wiring } = useCanvas.getState()
        useCanvas.setState({ wiring: undefined })
        setRefusal(undefined)
        const begun = state.fromNode?.id
        if (begun === undefined || state.isValid === true) return
        const { clientX: x, clientY: y } =
          'changedTouches' in event ? (event.changedTouches[0] ?? { clientX: 0, clientY: 0 }) : event
        const over = nodeAt(x, y) ?? (state.toNode?.type === 'resource' ? state.toNode.id : undefined)
        const isBackward = wiring?.isBackward === true
        const group = over === undefined ? collapsedAt(x, y) : undefined
        if (group !== undefined) {
          const end = isBackward ? 'from' : 'to'
          // Among those in it the person chooses; the end of a wire that leads there already stays.
          if (led === undefined || !group.nodes.includes(led.wire[end]))
            chooseEnd({ end, other: begun, group, ...(led && { wire: led.wire }) })
          return
        }
        if (over === undefined) {
          // The end of a wire that is there already stays where it was.
          if (led === undefined)
            startAdding({ at: screenToFlowPosition({ x, y }), ...(isBackward ? { to: begun } : { from: begun }) })
          return
        }
        // Let go where it began, which is no wire at all.
        if (over === begun && state.toHandle?.type !== 'target') return
        const [from, to] = isBackward ? [over, begun] : [begun, over]
        if (led?.wire.from === from && led.wire.to === to) return
        const why = whyNot(currentDocument(), from, to)
        if (why !== undefined) {
          setRefusal({ text: why, x, y })
          setTimeout(() => setRefusal(undefined), refusalMs)
        } else if (led === undefined) connectNodes(from, to)
        else leadElsewhere(led.wire, led.end, over)
      },
      // The library names the end that stays.
      onReconnectStart(_event, { data }, stays) {
        led = data && { wire: data.wire, end: stays === 'target' ? 'from' : 'to' }
      },
      onReconnect(_edge, { source, target }) {
        if (led !== undefined) leadElsewhere(led.wire, led.end, led.end === 'from' ? source : target)
      },
      onReconnectEnd() {
        led = undefined
      },
      isValidConnection({ source, target }) {
        const { wiring } = useCanvas.getState()
        const other = wiring?.isBackward === true ? source : target
        return wiring?.legal.has(other) === true && source !== target
      },
    }
  }, [screenToFlowPosition])
  return { handlers, refusal }
}

function connectNodes(from: string, to: string): void {
  act({ type: 'connect', from, to }, { label: texts.graph.connectTitle(parseKey(from).name) })
}

/** The node under a point of the window: a wire may be let go anywhere on it. */
function nodeAt(x: number, y: number): string | undefined {
  const element = document.elementFromPoint(x, y)?.closest<HTMLElement>('.react-flow__node-resource')
  return element?.dataset['id']
}

/** The collapsed group under a point of the window. */
function collapsedAt(x: number, y: number): GraphFrame | undefined {
  const id = document.elementFromPoint(x, y)?.closest<HTMLElement>('.react-flow__node-frame')?.dataset['id']
  const { frames } = useCanvas.getState().graph
  return frames.find(({ name, isCollapsed }) => isCollapsed === true && frameId(name) === id)
}

/** The ends of a wire that can be led elsewhere: those at a node, not at a group in the place of several. */
export function ledEnds({ from, to, wires: [wire, ...more] }: DrawnWire): boolean | 'source' | 'target' {
  if (more.length > 0 || !wire.isDrawn || wire.staged === 'removed') return false
  if (from === wire.from) return to === wire.to || 'source'
  return to === wire.to && 'target'
}
