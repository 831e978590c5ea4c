// The canvas itself: nodes and wires of the graph in React Flow. The library draws, drags and zooms; what anything means
// is decided by the document's commands.

import {
  type GraphNode,
  type GraphWire,
  drawnWires,
  parseKey,
  standInsOf,
  wireKindOf,
  wireLabel,
} from '@binnacle/canvas-core'
import {
  type EdgeChange,
  type NodeChange,
  ReactFlow,
  type ReactFlowInstance,
  ReactFlowProvider,
  applyNodeChanges,
  useReactFlow,
} from '@xyflow/react'
import { type JSX, useCallback, useEffect, useMemo, useRef, useState } from 'react'
import { type Flow, flowKey } from '../data/traffic.ts'
import { startAdding } from '../state/adding.ts'
import { act, redoStep, select, undoStep, useCanvas } from '../state/store.ts'
import { mayAdd, mayEdit } from '../state/permissions.ts'
import { useShownNodes } from '../state/shown-nodes.ts'
import { useTelemetry } from '../state/telemetry.ts'
import { texts } from '../texts.ts'
import { Icon } from '../ui/icons.tsx'
import { useReducedMotion } from '../ui/reduced-motion.ts'
import { FrameNode, NoteNode } from './decoration-nodes.tsx'
import { useFollowDetail } from './detail.ts'
import { useFitOnce } from './fit-once.ts'
import { type FlowNode, draggedMembers, flowNodes, inHand, isResource, rounded } from './flow-nodes.ts'
import { MiniMap } from './mini-map.tsx'
import { useHeldNodes } from './held-nodes.ts'
import { useHeldPicture } from './held-picture.ts'
import { placesOf } from './places.ts'
import { PlainWires, useWireParts } from './plain-wires.tsx'
import { ResourceNode } from './resource-node.tsx'
import { useViewCentre } from './view-centre.ts'
import { useStageKeys } from './stage-keys.ts'
import { tidy } from './tidy.ts'
import { type Gesture, TrafficOverlay } from './traffic-overlay.tsx'
import { WireEdge, type WireFlowEdge } from './wire-edge.tsx'
import type { WirePath } from './wire-path.ts'
import { ledEnds, useWiring } from './wiring.ts'

const nodeTypes = { resource: ResourceNode, frame: FrameNode, note: NoteNode }
const edgeTypes = { wire: WireEdge }
const dotGap = 20
const multiSelectionKeys = ['Shift', 'Meta', 'Control']
const proOptions = { hideAttribution: true }
const nothingDragged: ReadonlySet<string> = new Set()
const noFlows: ReadonlyMap<string, Flow> = new Map<string, Flow>()

export function Stage(): JSX.Element {
  return (
    <main className="stage" aria-label={texts.graph.label}>
      <ReactFlowProvider>
        <Graph />
      </ReactFlowProvider>
    </main>
  )
}

function Graph(): JSX.Element {
  const shown = useShownNodes()
  const graph = useCanvas((state) => state.graph)
  const selected = useCanvas((state) => state.selected)
  const isSynced = useCanvas((state) => state.isSynced)
  const canEdit = useCanvas(mayEdit)
  const flow = useReactFlow<FlowNode, WireFlowEdge>()
  const isStill = useReducedMotion()
  const [gesture, setGesture] = useState<Gesture>()
  const [dragged, setDragged] = useState(nothingDragged)
  const paths = useRef(new Map<string, WirePath>())
  const drags = useRef(0)
  const [nodes, setNodes] = useState<FlowNode[]>([])
  const { handlers, refusal } = useWiring(flow)
  const standIns = useMemo(() => standInsOf(graph.frames), [graph.frames])
  useStageKeys({ flow, shown, standIns })
  useFitOnce()
  useFollowDetail({ count: shown.length, isMoved: gesture !== undefined })
  useHeldPicture(gesture === 'pan')
  useViewCentre(flow)

  useEffect(() => {
    setNodes((before) => flowNodes(before, { shown, graph, selected, standIns }))
  }, [shown, graph, selected, standIns])

  useEffect(() => {
    // What was just selected may lie under the inspector, which opens over it.
    const [key] = selected
    if (selected.size !== 1 || key === undefined) return undefined
    const frame = requestAnimationFrame(() => keepInView(key, flow, isStill))
    return () => cancelAnimationFrame(frame)
  }, [selected, flow, isStill])

  const edges = useEdges({ wires: graph.wires, nodes: shown, standIns, paths: paths.current, canEdit, isStill })
  const { whole, plain, held } = useWireParts(edges, dragged)
  const heldWires = useRef<HTMLCanvasElement>(null)
  const take = useHeldNodes({ wires: held, canvas: heldWires })
  // Wires of what is dragged are drawn apart: the others do not move.
  const settled = useRef(nodes)
  if (gesture !== 'drag') settled.current = nodes
  const wireFlows = useWireFlows(graph.wires)

  const onNodesChange = useCallback(
    (changes: NodeChange<FlowNode>[]) => {
      if (take(changes)) return
      // Selection is the page's, not the library's: it is in the address and has keys of its own.
      const own = changes.filter(({ type }) => type !== 'select' && type !== 'remove')
      if (own.length > 0) setNodes((before) => applyNodeChanges(own, before).map(inHand))
      const picks = changes.filter((change) => change.type === 'select')
      if (picks.length > 0) {
        const next = new Set(useCanvas.getState().selected)
        for (const { id, selected: isSelected } of picks) {
          if (isSelected) next.add(id)
          else next.delete(id)
        }
        select(next)
      }
    },
    [held],
  )

  // Values that stay the same: the library tells all its parts of each that changes.
  const onDragStart = useCallback((_event: unknown, _node: unknown, moved: FlowNode[]) => {
    setGesture('drag')
    setDragged(new Set(moved.map(({ id }) => id)))
  }, [])
  const onMove = useCallback((event: MouseEvent | TouchEvent | null) => {
    if (event !== null) setGesture('pan')
  }, [])
  // The page moves the picture also, while something is in the hand.
  const onMoveEnd = useCallback(() => setGesture((now) => (now === 'pan' ? undefined : now)), [])

  const onDragStop = useCallback(
    (_event: unknown, _node: unknown, moved: FlowNode[]) => {
      setGesture(undefined)
      setDragged(nothingDragged)
      drags.current += 1
      const step = { label: texts.graph.move, mergeKey: `drag:${drags.current}` }
      const places = placesOf(useCanvas.getState().graph, shown)
      const positions = new Map(
        moved.flatMap((node) => {
          if (node.type === 'frame') return [...draggedMembers(node, places)]
          return isResource(node) ? [[node.id, rounded(node.position)] as const] : []
        }),
      )
      if (positions.size > 0) act({ type: 'move', positions }, step)
      for (const node of moved) {
        if (node.type === 'note')
          act({ type: 'setNote', note: { ...node.data.note, position: rounded(node.position) } }, step)
      }
    },
    [shown],
  )

  return (
    <>
      <ReactFlow<FlowNode, WireFlowEdge>
        nodes={nodes}
        edges={whole}
        nodeTypes={nodeTypes}
        edgeTypes={edgeTypes}
        onNodesChange={onNodesChange}
        onEdgesChange={ignoreEdgeChanges}
        onNodeDragStart={onDragStart}
        onNodeDragStop={onDragStop}
        onMove={onMove}
        onMoveEnd={onMoveEnd}
        onNodeClick={(event, { id }) => {
          // The library leaves a selection of several as it is when one of them is clicked.
          if (!event.shiftKey && !event.ctrlKey && !event.metaKey && useCanvas.getState().selected.has(id)) select([id])
        }}
        onPaneClick={() => select([])}
        {...handlers}
        connectionRadius={20}
        reconnectRadius={18}
        nodesConnectable={canEdit}
        nodesDraggable={canEdit}
        deleteKeyCode={null}
        selectionKeyCode="Shift"
        multiSelectionKeyCode={multiSelectionKeys}
        disableKeyboardA11y
        nodesFocusable
        edgesFocusable={false}
        minZoom={0.1}
        maxZoom={2}
        proOptions={proOptions}
        aria-label={texts.graph.label}
      >
        <DotGrid />
        {gesture !== undefined && <div className="moving" data-gesture={gesture} />}
        {gesture === 'drag' && <canvas ref={heldWires} className="held-wires" aria-hidden="true" />}
        <PlainWires wires={plain} nodes={settled.current} paths={paths.current} />
        <TrafficOverlay paths={paths.current} flows={isStill ? noFlows : wireFlows} gesture={gesture} still={isStill} />
        {shown.length > 5 && <MiniMap />}
      </ReactFlow>
      {shown.length === 0 && isSynced && <EmptyHint />}
      <Tools onFit={() => void flow.fitView({ padding: 0.2, maxZoom: 1, duration: isStill ? 0 : 180 })} />
      {refusal !== undefined && (
        <p className="tip why-not" role="alert" style={{ left: refusal.x, top: refusal.y }}>
          {refusal.text}
        </p>
      )}
    </>
  )
}

const margin = 24

/** Moves the picture by as little as shows the whole node. */
function keepInView(key: string, flow: ReactFlowInstance<FlowNode, WireFlowEdge>, isStill: boolean): void {
  const element = document.querySelector(`.react-flow__node[data-id="${CSS.escape(key)}"]`)
  const box = element?.getBoundingClientRect()
  const stage = element?.closest('.react-flow')?.getBoundingClientRect()
  if (box === undefined || stage === undefined) return
  const dx = Math.min(0, stage.right - margin - box.right) || Math.max(0, stage.left + margin - box.left)
  const dy = Math.min(0, stage.bottom - margin - box.bottom) || Math.max(0, stage.top + margin - box.top)
  if (dx === 0 && dy === 0) return
  const { x, y, zoom } = flow.getViewport()
  void flow.setViewport({ x: x + dx, y: y + dy, zoom }, { duration: isStill ? 0 : 150 })
}

function ignoreEdgeChanges(_changes: EdgeChange<WireFlowEdge>[]): void {
  // Wires are removed by commands; their selection is their ends'.
}

interface EdgesInput {
  wires: readonly GraphWire[]
  nodes: readonly GraphNode[]
  standIns: ReadonlyMap<string, string>
  paths: Map<string, WirePath>
  canEdit: boolean
  isStill: boolean
}

/** An edge, or all of them, that shows the same as before is the same value, so that it is not drawn again. */
function useEdges({ wires, nodes, standIns, paths, canEdit, isStill }: EdgesInput): WireFlowEdge[] {
  const before = useRef<WireFlowEdge[]>([])
  return useMemo(() => {
    const keys = new Set(nodes.map(({ key }) => key))
    const shown = wires.filter(({ from, to }) => keys.has(from) && keys.has(to))
    const old = new Map(before.current.map((edge) => [edge.id, edge]))
    const edges = drawnWires(shown, standIns).map((drawn): WireFlowEdge => {
      const { id, from, to } = drawn
      const [wire, ...more] = drawn.wires
      const known = old.get(id)
      if (
        more.length === 0 &&
        known?.data?.wire === wire &&
        known.source === from &&
        known.target === to &&
        known.data.isStill === isStill &&
        known.data.canEdit === canEdit
      )
        return known
      const isOne = more.length === 0
      return {
        id,
        type: 'wire',
        source: from,
        target: to,
        focusable: false,
        reconnectable: canEdit && ledEnds(drawn),
        ariaLabel: [wire, ...more].map((one) => wireLabel(one, wireKindOf(one.kind)?.verb ?? '')).join(', '),
        data: {
          wire: isOne ? wire : { ...wire, label: texts.graph.wires(more.length + 1) },
          // Of several there is no one figure.
          flow: isOne ? flowOf(wire) : '',
          paths,
          canEdit: canEdit && isOne,
          isStill,
        },
      }
    })
    const isSame = edges.length === old.size && edges.every((edge, index) => edge === before.current[index])
    if (!isSame) before.current = edges
    return before.current
  }, [wires, nodes, standIns, paths, canEdit, isStill])
}

function flowOf({ from, to }: GraphWire): string {
  return flowKey(parseKey(from).name, parseKey(to).name)
}

/** The flows of the wires that are drawn, by the wire's id. */
function useWireFlows(wires: readonly GraphWire[]): ReadonlyMap<string, Flow> {
  const flows = useTelemetry((state) => state.flows)
  return useMemo(() => {
    const byWire = new Map<string, Flow>()
    for (const wire of wires) {
      const flow = wire.staged === undefined ? flows.get(flowOf(wire)) : undefined
      if (flow !== undefined) byWire.set(wire.id, flow)
    }
    return byWire
  }, [flows, wires])
}

/** The dots are a background image of the pane: nothing to lay out or paint per frame but one element. */
function DotGrid(): JSX.Element {
  return <div className="dots" style={{ '--gap': `${dotGap}px` }} aria-hidden="true" />
}

function EmptyHint(): JSX.Element {
  const canAdd = useCanvas(mayAdd)
  return (
    <div className="hint-empty">
      <div>
        <h2>{texts.graph.empty}</h2>
        <p className="quiet">{canAdd ? texts.graph.emptyText : texts.inspector.readOnly}</p>
        {canAdd && (
          <button className="btn p big" onClick={() => startAdding()}>
            {texts.rail.add}
          </button>
        )}
      </div>
    </div>
  )
}

function Tools({ onFit }: { onFit: () => void }): JSX.Element {
  const flow = useReactFlow()
  const shown = useShownNodes()
  const canUndo = useCanvas((state) => state.editor.past.length > 0)
  const canRedo = useCanvas((state) => state.editor.future.length > 0)
  const buttons = [
    ['undo', texts.graph.undo, undoStep, canUndo],
    ['redo', texts.graph.redo, redoStep, canRedo],
    ['plus', texts.graph.zoomIn, () => void flow.zoomIn(), true],
    ['minus', texts.graph.zoomOut, () => void flow.zoomOut(), true],
    ['fit', texts.graph.fit, onFit, true],
    ['tidy', texts.graph.tidy, () => void tidy(shown), shown.length > 0],
  ] as const
  return (
    <div className="tools" role="toolbar" aria-orientation="vertical" aria-label={texts.graph.tools}>
      {buttons.map(([icon, label, run, isEnabled]) => (
        <button key={icon} aria-label={label} title={label} disabled={!isEnabled} onClick={run}>
          <Icon name={icon} />
        </button>
      ))}
    </div>
  )
}
