// What stands on the canvas without being an object: frames around nodes, and notes.

import type { Note } from '@binnacle/canvas-core'
import { type Node, type NodeProps, useStore } from '@xyflow/react'
import { type JSX, memo, useEffect, useRef, useState } from 'react'
import { mayEdit } from '../state/permissions.ts'
import { act, useCanvas } from '../state/store.ts'
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
