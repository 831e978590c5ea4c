// A new name for a node; wires follow. And a name for a frame around several.

import { parseKey, renameProblem } from '@binnacle/canvas-core'
import { type JSX, useId, useState } from 'react'
import { act, currentDocument, openDialog, select, useCanvas } from '../state/store.ts'
import { texts } from '../texts.ts'
import { Dialog } from '../ui/dialog.tsx'
import { Icon } from '../ui/icons.tsx'

export function RenameDialog(): JSX.Element | undefined {
  const dialog = useCanvas((state) => state.dialog)
  const selected = useCanvas((state) => state.selected)
  const [first] = selected
  if ((dialog !== 'rename' && dialog !== 'group') || first === undefined) return undefined
  const isRename = dialog === 'rename'
  return (
    <NameDialog
      key={first + dialog}
      title={isRename ? texts.inspector.rename : texts.graph.group}
      initial={isRename ? parseKey(first).name : ''}
      problemOf={isRename ? (name) => renameProblem(currentDocument(), first, name) : undefined}
      onDone={(name) => {
        if (isRename) {
          if (act({ type: 'renameResource', key: first, name }, { label: texts.inspector.rename }))
            select([first.replace(/[^/]+$/, name)])
        } else act({ type: 'setGroup', keys: [...selected], group: name }, { label: texts.graph.group })
        openDialog(undefined)
      }}
    />
  )
}

function NameDialog({
  title,
  initial,
  problemOf,
  onDone,
}: {
  title: string
  initial: string
  /** What is wrong with a name. */
  problemOf: ((name: string) => string | undefined) | undefined
  onDone: (name: string) => void
}): JSX.Element {
  const [name, setName] = useState(initial)
  const id = useId()
  const isNew = name.trim() !== '' && name.trim() !== initial
  const problem = isNew ? problemOf?.(name.trim()) : undefined
  const isGood = isNew && problem === undefined
  return (
    <Dialog
      title={title}
      open
      narrow
      onClose={() => openDialog(undefined)}
      footer={
        <button className="btn p big" disabled={!isGood} onClick={() => onDone(name.trim())}>
          {texts.apply}
        </button>
      }
    >
      <div className="field">
        <input
          className="input"
          aria-label={title}
          aria-invalid={problem !== undefined}
          aria-describedby={id}
          autoFocus
          value={name}
          onChange={(event) => setName(event.target.value)}
          onKeyDown={(event) => event.key === 'Enter' && isGood && onDone(name.trim())}
        />
        <div id={id} role="alert">
          {problem !== undefined && (
            <p className="problem error">
              <Icon name="bad" />
              {problem}
            </p>
          )}
        </div>
      </div>
    </Dialog>
  )
}
