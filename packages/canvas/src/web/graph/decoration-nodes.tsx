// What stands on the canvas without being an object: frames around nodes, and notes.

import type { Note } from '@binnacle/canvas-core'
import type { Node, NodeProps } from '@xyflow/react'
import { type JSX, memo, useState } from 'react'
import { act } from '../state/store.ts'
import { texts } from '../texts.ts'
import { Icon } from '../ui/icons.tsx'

export type FrameFlowNode = Node<{ title: string }, 'frame'>
export type NoteFlowNode = Node<{ note: Note }, 'note'>

export const FrameNode = memo(function FrameNode({ data }: NodeProps<FrameFlowNode>): JSX.Element {
  return (
    <div className="frame">
      <span>{data.title}</span>
    </div>
  )
})

export const NoteNode = memo(function NoteNode({ data }: NodeProps<NoteFlowNode>): JSX.Element {
  const { note } = data
  const [draft, setDraft] = useState(note.text)
  const [isEditing, setEditing] = useState(note.text === '')
  const save = (): void => {
    setEditing(false)
    if (draft.trim() === '') act({ type: 'removeNote', id: note.id }, { label: texts.rail.note })
    else if (draft !== note.text) act({ type: 'setNote', note: { ...note, text: draft } }, { label: texts.rail.note })
  }
  return (
    <div className="sticky">
      {isEditing ? (
        <textarea
          className="nodrag"
          aria-label={texts.graph.note}
          autoFocus
          value={draft}
          onChange={(event) => setDraft(event.target.value)}
          onBlur={save}
          onKeyDown={(event) => event.key === 'Escape' && event.currentTarget.blur()}
        />
      ) : (
        <button
          className="note-text"
          onDoubleClick={() => setEditing(true)}
          onKeyDown={(event) => event.key === 'Enter' && setEditing(true)}
        >
          <Icon name="note" size={12} /> {note.text}
        </button>
      )}
    </div>
  )
})
