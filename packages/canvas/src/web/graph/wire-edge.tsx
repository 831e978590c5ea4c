// A wire: 1.5 px, coloured by the health of what flows, named only where it is looked at or fails.

import type { GraphWire } from '@binnacle/canvas-core'
import { BaseEdge, type Edge, EdgeLabelRenderer, type EdgeProps, getBezierPath } from '@xyflow/react'
import { type JSX, memo, useEffect, useState } from 'react'
import type { Flow } from '../data/traffic.ts'
import { act } from '../state/store.ts'
import { useTelemetry } from '../state/telemetry.ts'
import { texts } from '../texts.ts'
import { milliseconds, percent, rate } from '../ui/format.ts'
import { Icon } from '../ui/icons.tsx'
import type { WirePath } from './traffic-overlay.tsx'

export type WireFlowEdge = Edge<
  { wire: GraphWire; flow: string; paths: Map<string, WirePath>; canEdit: boolean; isStill: boolean },
  'wire'
>

/** Above this share of failed requests a wire says so unasked. */
const failingShare = 0.01

export const WireEdge = memo(function WireEdge(props: EdgeProps<WireFlowEdge>): JSX.Element {
  const { id, sourceX, sourceY, targetX, targetY, sourcePosition, targetPosition, selected, data } = props
  const [isHovered, setHovered] = useState(false)
  const flow = useTelemetry((state) => state.flows.get(data?.flow ?? ''))
  const [path, labelX, labelY] = getBezierPath({ sourceX, sourceY, sourcePosition, targetX, targetY, targetPosition })
  const paths = data?.paths
  useEffect(() => {
    paths?.set(id, { id, sourceX, sourceY, targetX, targetY })
    return () => {
      paths?.delete(id)
    }
  }, [paths, id, sourceX, sourceY, targetX, targetY])
  if (data === undefined) return <BaseEdge path={path} />
  const { wire } = data
  const isFailing = flow !== undefined && flow.errorShare >= failingShare
  const isLooked = selected === true || isHovered
  const colour = isFailing ? 'var(--bad)' : flow !== undefined ? 'var(--ok)' : 'var(--line-2)'
  return (
    <>
      <g onPointerEnter={() => setHovered(true)} onPointerLeave={() => setHovered(false)}>
        <path
          d={path}
          className="wire"
          style={{ '--wire': colour, ...(data.isStill && flow !== undefined ? { strokeWidth: widthOf(flow) } : {}) }}
          data-staged={wire.staged === 'added'}
          data-removed={wire.staged === 'removed'}
          data-inferred={!wire.isDrawn}
          data-selected={isLooked}
        />
        <path d={path} fill="none" stroke="transparent" strokeWidth={16} />
      </g>
      {(isLooked || isFailing) && (
        <EdgeLabelRenderer>
          <span
            className={isFailing ? 'lbl bad nopan' : 'lbl nopan'}
            style={{ transform: `translate(-50%, -50%) translate(${labelX}px, ${labelY}px)` }}
            onPointerEnter={() => setHovered(true)}
            onPointerLeave={() => setHovered(false)}
          >
            {labelText(wire, flow, isLooked)}
            {isLooked && data.canEdit && wire.isDrawn && wire.staged !== 'removed' && (
              <button
                className="btn bare icon small"
                aria-label={texts.graph.removeWire}
                onClick={() => {
                  const [first] = wire.wires
                  if (first !== undefined) act({ type: 'disconnect', wire: first }, { label: texts.graph.removeWire })
                }}
              >
                <Icon name="close" size={12} />
              </button>
            )}
          </span>
        </EdgeLabelRenderer>
      )}
    </>
  )
})

function labelText(wire: GraphWire, flow: Flow | undefined, isLooked: boolean): string {
  if (flow === undefined) return wire.label ?? wire.wires[0]?.reason ?? texts.figures.noTraffic
  if (!isLooked) return texts.figures.errors(percent(flow.errorShare))
  if (flow.protocol !== 'http') return `${flow.connections} ${texts.figures.connections}`
  return [
    rate(flow.requestsPerSecond),
    texts.figures.errors(percent(flow.errorShare)),
    ...(flow.p95Ms === undefined ? [] : [`${milliseconds(flow.p95Ms)} ${texts.figures.p95}`]),
  ].join(' · ')
}

/** Where nothing moves, width says what density would. */
function widthOf({ requestsPerSecond }: Flow): number {
  return Math.min(7, 1.5 + Math.log2(1 + requestsPerSecond) * 0.6)
}
