// A wire: 1.5 px, coloured by the health of what flows, named only where it is looked at or fails.

import type { GraphWire } from '@binnacle/canvas-core'
import { BaseEdge, type Edge, EdgeLabelRenderer, type EdgeProps } from '@xyflow/react'
import { type JSX, memo, useEffect, useState } from 'react'
import type { Flow } from '../data/traffic.ts'
import { act } from '../state/store.ts'
import { showErrors } from '../state/trouble.ts'
import { useTelemetry } from '../state/telemetry.ts'
import { texts } from '../texts.ts'
import { milliseconds, percent, rate } from '../ui/format.ts'
import { Icon } from '../ui/icons.tsx'
import { type WirePath, wireCurve } from './wire-path.ts'

export type WireFlowEdge = Edge<
  { wire: GraphWire; flow: string; paths: Map<string, WirePath>; canEdit: boolean; isStill: boolean },
  'wire'
>

/** Above this share of failed requests a wire says so unasked. */
const failingShare = 0.01

export const WireEdge = memo(function WireEdge(props: EdgeProps<WireFlowEdge>): JSX.Element {
  const { id, sourceX, sourceY, targetX, targetY, selected, data } = props
  const [isHovered, setHovered] = useState(false)
  // A new sample draws a wire anew only where it changes what the wire shows.
  const health = useTelemetry((state) => healthOf(state.flows.get(data?.flow ?? '')))
  const width = useTelemetry((state) => (data?.isStill === true ? widthOf(state.flows.get(data.flow)) : undefined))
  const { d: path, labelX, labelY } = wireCurve({ sourceX, sourceY, targetX, targetY })
  const paths = data?.paths
  useEffect(() => {
    const own = { id, sourceX, sourceY, targetX, targetY }
    paths?.set(id, own)
    return () => {
      // It may be drawn elsewhere by now.
      if (paths?.get(id) === own) paths.delete(id)
    }
  }, [paths, id, sourceX, sourceY, targetX, targetY])
  if (data === undefined) return <BaseEdge path={path} />
  const { wire } = data
  const isFailing = health === 'failing'
  const isLooked = selected === true || isHovered
  return (
    <>
      <g onPointerEnter={() => setHovered(true)} onPointerLeave={() => setHovered(false)}>
        <path
          d={path}
          className="wire"
          style={{ '--wire': `var(${colours[health]})`, ...(width === undefined ? {} : { strokeWidth: width }) }}
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
            {isFailing ? (
              <button data-tip={texts.graph.showErrors} onClick={() => showErrors(wire.to)}>
                <LabelText wire={wire} flowKey={data.flow} isLooked={isLooked} />
              </button>
            ) : (
              <LabelText wire={wire} flowKey={data.flow} isLooked={isLooked} />
            )}
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

type Health = 'quiet' | 'good' | 'failing'

const colours: Readonly<Record<Health, string>> = {
  quiet: '--line-2',
  good: '--ok',
  failing: '--bad',
}

/** Of the colour of a wire with such a flow. */
export function wireToken(flow: Flow | undefined): string {
  return colours[healthOf(flow)]
}

function healthOf(flow: Flow | undefined): Health {
  if (flow === undefined) return 'quiet'
  return flow.errorShare >= failingShare ? 'failing' : 'good'
}

interface LabelProps {
  wire: GraphWire
  flowKey: string
  isLooked: boolean
}

function LabelText({ wire, flowKey, isLooked }: LabelProps): string {
  const flow = useTelemetry((state) => state.flows.get(flowKey))
  const isMeasured = useTelemetry((state) => state.hasTraffic)
  if (flow !== undefined) return flowText(flow, isLooked)
  return wire.label ?? wire.wires[0]?.reason ?? (isMeasured ? texts.figures.noTraffic : texts.figures.notMeasured)
}

function flowText(flow: Flow, isLooked: boolean): string {
  if (!isLooked) return texts.figures.errors(percent(flow.errorShare))
  if (flow.protocol !== 'http') return `${flow.connections} ${texts.figures.connections}`
  return [
    rate(flow.requestsPerSecond),
    texts.figures.errors(percent(flow.errorShare)),
    ...(flow.p95Ms === undefined ? [] : [`${milliseconds(flow.p95Ms)} ${texts.figures.p95}`]),
  ].join(' · ')
}

/** Where nothing moves, width says what density would. */
function widthOf(flow: Flow | undefined): number | undefined {
  return flow === undefined ? undefined : Math.min(7, 1.5 + Math.log2(1 + flow.requestsPerSecond) * 0.6)
}
