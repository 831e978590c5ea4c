// Wires by the mouse: drawing one from either end, and leading the end of one elsewhere. What a wire may join is the
// document's to say.

import { type GraphWire, legalSources, legalTargets, parseKey, whyNot } from '@binnacle/canvas-core'
import type { ReactFlowInstance, ReactFlowProps } from '@xyflow/react'
import { useMemo, useState } from 'react'
import { startAdding } from '../state/adding.ts'
import { act, currentDocument, leadElsewhere, useCanvas } from '../state/store.ts'
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
    let led: GraphWire | undefined
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
        const over = nodeAt(x, y) ?? state.toNode?.id
        const isBackward = wiring?.isBackward === true
        if (over === undefined) {
          // The end of a wire that is there already stays where it was.
          if (led === undefined)
            startAdding({ at: screenToFlowPosition({ x, y }), ...(isBackward ? { to: begun } : { from: begun }) })
          return
        }
        // Let go where it began, which is no wire at all.
        if (over === begun && state.toHandle?.type !== 'target') return
        const [from, to] = isBackward ? [over, begun] : [begun, over]
        if (led?.to === to) return
        const why = whyNot(currentDocument(), from, to)
        if (why !== undefined) {
          setRefusal({ text: why, x, y })
          setTimeout(() => setRefusal(undefined), refusalMs)
        } else if (led === undefined) connectNodes(from, to)
        else leadElsewhere(led, to)
      },
      onReconnectStart(_event, { data }) {
        led = data?.wire
      },
      onReconnect: (_edge, { target }) => leadElsewhere(led, target),
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
