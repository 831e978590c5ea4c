// What stands on the canvas without being an object: frames around nodes, and notes.

import { type GraphFrame, type GraphNode, type Note, mostUrgent } from '@binnacle/canvas-core'
import { Handle, type Node, type NodeProps, Position, useStore } from '@xyflow/react'
import { type JSX, memo, useEffect, useRef, useState } from 'react'
import { mayEdit } from '../state/permissions.ts'
import { act, useCanvas } from '../state/store.ts'
import { texts } from '../texts.ts'
import { Icon } from '../ui/icons.tsx'
import { StateMark } from './node-state.tsx'

export type FrameFlowNode = Node<{ frame: GraphFrame; members: readonly GraphNode[] }, 'frame'>
export type NoteFlowNode = Node<{ note: Note }, 'note'>

export const FrameNode = memo(function FrameNode({ data }: NodeProps<FrameFlowNode>): JSX.Element {
  const { frame, members } = data
  if (frame.isCollapsed === true) return <CollapsedFrame frame={frame} members={members} />
  return (
    <div className="frame">
      <FrameTitle frame={frame} />
    </div>
  )
})

/** In the place of its nodes: how many there are, and how the one is that has to be looked at first. */
function CollapsedFrame({ frame, members }: FrameFlowNode['data']): JSX.Element {
  const urgent = mostUrgent(members)
  const hasSelected = useCanvas((state) => members.some(({ key }) => state.selected.has(key)))
  const target = useCanvas(({ wiring }) => {
    if (wiring === undefined || members.some(({ key }) => key === wiring.from)) return undefined
    return members.some(({ key }) => wiring.legal.has(key)) ? 'legal' : 'illegal'
  })
  return (
    <article
      className="n folded"
      data-selected={hasSelected}
      data-staged={members.some(({ staged }) => staged !== undefined)}
      data-target={target}
    >
      <Handle type="target" position={Position.Left} isConnectable={false} aria-hidden="true" />
      <header>
        <div className="grow">
          <div className="line">
            <FrameTitle frame={frame} />
            {urgent !== undefined && <StateMark node={urgent} />}
          </div>
          <p className="clip">
            {texts.graph.members(members.length)} · {members.map(({ title }) => title).join(', ')}
          </p>
        </div>
      </header>
      <Handle type="source" position={Position.Right} isConnectable={false} aria-hidden="true" />
    </article>
  )
}

function FrameTitle({ frame: { name, title = name, isCollapsed = false } }: { frame: GraphFrame }): JSX.Element {
  const canEdit = useCanvas(mayEdit)
  const label = isCollapsed ? texts.graph.expand : texts.graph.collapse
  return (
    <div className="frame-title nodrag">
      <button
        aria-expanded={!isCollapsed}
        data-tip={label}
        onClick={() => act({ type: 'collapseGroup', name, isCollapsed: !isCollapsed }, { label })}
      >
        <Icon name={isCollapsed ? 'chevron' : 'down'} size={12} />
        <span className="clip">{title}</span>
      </button>
      {canEdit && (
        <button
          aria-label={texts.graph.ungroup(title)}
          onClick={() => act({ type: 'removeFrame', name }, { label: texts.graph.ungroup(title) })}
        >
          <Icon name="close" size={10} />
        </button>
      )}
    </div>
  )
}

export const NoteNode = memo(function NoteNode({ id, data }: NodeProps<NoteFlowNode>): JSX.Element {
  const { note } = data
  const [draft, setDraft] = useState(note.text)
  const [isEditing, setEditing] = useState(note.text === '')
  const field = useRef<HTMLTextAreaElement>(null)
  // Until its size is known the library keeps a node hidden, and what is hidden takes no focus.
  const isMeasured = useStore(({ nodeLookup }) => nodeLookup.get(id)?.measured.width !== undefined)
  useEffect(() => {
    if (isEditing && isMeasured) field.current?.focus()
  }, [isEditing, isMeasured])
  const canEdit = useCanvas(mayEdit)
  const remove = (): void => void act({ type: 'removeNote', id: note.id }, { label: texts.graph.removeNote })
  const save = (): void => {
    setEditing(false)
    if (draft.trim() === '') remove()
    else if (draft !== note.text) act({ type: 'setNote', note: { ...note, text: draft } }, { label: texts.rail.note })
  }
  return (
    <div className="sticky">
      {canEdit && !isEditing && (
        <button className="btn bare icon small nodrag" aria-label={texts.graph.removeNote} onClick={remove}>
          <Icon name="close" size={12} />
        </button>
      )}
      {isEditing ? (
        <textarea
          className="nodrag"
          aria-label={texts.graph.note}
          ref={field}
          value={draft}
          onChange={(event) => setDraft(event.target.value)}
          onBlur={save}
          onKeyDown={(event) => event.key === 'Escape' && event.currentTarget.blur()}
        />
      ) : (
        <button
          className="note-text"
          onDoubleClick={() => setEditing(canEdit)}
          onKeyDown={(event) => {
            if (event.key === 'Enter') setEditing(canEdit)
            else if (event.key === 'Delete' || event.key === 'Backspace') remove()
          }}
        >
          <Icon name="note" size={12} /> {note.text}
        </button>
      )}
    </div>
  )
})
