// A node: what it is, how it is, the two figures that matter for its kind, and one line of trouble when there is any.

import type { GraphNode } from '@binnacle/canvas-core'
import { Handle, type Node, type NodeProps, Position } from '@xyflow/react'
import { type JSX, memo, useMemo } from 'react'
import { podsOf, useFigures } from '../state/figures.ts'
import { showTrouble } from '../state/trouble.ts'
import { useCanvas } from '../state/store.ts'
import { texts } from '../texts.ts'
import { bytes, cores, milliseconds, percent, rate } from '../ui/format.ts'
import { Icon } from '../ui/icons.tsx'
import { useDetail } from './detail.ts'
import { familyLooks } from './families.ts'
import { StateMark } from './node-state.tsx'
import { Sparkline } from './sparkline.tsx'

export type ResourceFlowNode = Node<{ node: GraphNode }, 'resource'>

/** Names of so many letters fit without being cut. */
const unclipped = 12

export const ResourceNode = memo(function ResourceNode({ data, selected }: NodeProps<ResourceFlowNode>): JSX.Element {
  const { node } = data
  const { icon, hue } = familyLooks[node.family]
  const detail = useDetail(node.key)
  const target = useCanvas((state) => targetOf(state.wiring, node.key))
  const isPlain = detail === 'plain'
  return (
    <article
      className="n"
      data-selected={selected}
      data-staged={node.staged !== undefined}
      data-removed={node.staged === 'delete'}
      data-target={target}
    >
      {isPlain ? <PlainHandle type="target" /> : <WireHandle type="target" />}
      <header>
        <span className="tile" style={{ '--hue': `var(${hue})` }}>
          {!isPlain && <Icon name={icon} />}
        </span>
        <div className="grow">
          <div className="line">
            <h3 className={isPlain && node.title.length <= unclipped ? 'grow' : 'clip grow'}>{node.title}</h3>
            <StateMark node={node} plain={isPlain} />
          </div>
          {detail === 'full' && (
            <p className="clip" data-tip={node.subtitle}>
              {node.subtitle}
            </p>
          )}
        </div>
      </header>
      {detail === 'full' && <NodeFigures node={node} />}
      {detail === 'full' && <TroubleLine node={node} />}
      {/* Wires that are read from fields start also at nodes from which none can be drawn. */}
      {isPlain || !canWire(node) ? <PlainHandle type="source" isSeen={canWire(node)} /> : <WireHandle type="source" />}
    </article>
  )
})

type HandleType = 'source' | 'target'

const sides: Readonly<Record<HandleType, Position>> = { target: Position.Left, source: Position.Right }

/** Only the pointer draws from here: others connect by the list that C opens. */
function WireHandle({ type }: { type: HandleType }): JSX.Element {
  return <Handle type={type} position={sides[type]} aria-hidden="true" />
}

/** Only what React Flow measures to know where wires end: each of its own handles looks at each change of the view. */
function PlainHandle({ type, isSeen = true }: { type: HandleType; isSeen?: boolean }): JSX.Element {
  const side = sides[type]
  const className = `react-flow__handle react-flow__handle-${side} ${type}`
  return <span className={isSeen ? className : `${className} unseen`} data-handlepos={side} />
}

function canWire({ kind }: GraphNode): boolean {
  return kind === 'Microservice'
}

function targetOf(
  wiring: { from: string; legal: ReadonlySet<string> } | undefined,
  key: string,
): 'legal' | 'illegal' | undefined {
  if (wiring === undefined || wiring.from === key) return undefined
  return wiring.legal.has(key) ? 'legal' : 'illegal'
}

function NodeFigures({ node }: { node: GraphNode }): JSX.Element | undefined {
  const figures = useFigures(node)
  const pods = useMemo(() => podsOf(node), [node])
  if (node.staged === 'create') return undefined
  const pairs: [string, string][] = []
  if (figures.requestsPerSecond !== undefined && figures.p95Ms !== undefined)
    pairs.push(
      [rate(figures.requestsPerSecond), texts.figures.errors(percent(figures.errorShare ?? 0))],
      [milliseconds(figures.p95Ms), texts.figures.p95],
    )
  else if (figures.connections !== undefined && figures.connections > 0)
    pairs.push([String(figures.connections), texts.figures.connections])
  if (figures.cpu !== undefined && pairs.length < 2 && figures.bytes !== undefined) {
    pairs.push([bytes(figures.bytes), texts.figures.memory])
    if (pairs.length < 2) pairs.unshift([cores(figures.cpu), texts.figures.cpu])
  }
  if (pairs.length === 0) return undefined
  return (
    <div className="m">
      <Sparkline pods={pods} />
      {pairs.map(([value, label]) => (
        <div key={label}>
          <b>{value}</b>
          {label}
        </div>
      ))}
    </div>
  )
}

function TroubleLine({ node }: { node: GraphNode }): JSX.Element | undefined {
  const problem = node.problems.find(({ severity }) => severity === 'error') ?? node.problems[0]
  const isTrouble = node.status.state === 'failed' || node.status.state === 'degraded'
  const text =
    node.staged !== undefined && problem !== undefined ? problem.message : isTrouble ? node.status.message : undefined
  if (text === undefined) return undefined
  const isWarning =
    node.staged !== undefined && problem !== undefined
      ? problem.severity === 'warning'
      : node.status.state === 'degraded'
  return (
    <button
      className={isWarning ? 'trouble warning nodrag' : 'trouble nodrag'}
      tabIndex={-1}
      onClick={(event) => {
        event.stopPropagation()
        showTrouble(node)
      }}
    >
      <Icon name={isWarning ? 'warn' : 'bad'} size={13} />
      <span className="clip" data-tip={text}>
        {text}
      </span>
    </button>
  )
}
