// A deploy to a protected environment goes on once its name is typed.

import { type JSX, useState } from 'react'
import { runDeploy } from '../state/deploying.ts'
import { useEnvironments } from '../state/environments.ts'
import { openDialog, stagedEdits, useCanvas } from '../state/store.ts'
import { texts } from '../texts.ts'
import { Dialog } from '../ui/dialog.tsx'

export function ProtectedDialog(): JSX.Element | undefined {
  const isOpen = useCanvas((state) => state.dialog === 'protected')
  const name = useEnvironments().here?.metadata.name
  return isOpen && name !== undefined ? <Question key={name} name={name} /> : undefined
}

function Question({ name }: { name: string }): JSX.Element {
  const [typed, setTyped] = useState('')
  const note = useCanvas((state) => state.deployNote)
  const changes = useCanvas((state) => stagedEdits(state.graph))
  const isRight = typed.trim() === name
  const deploy = (): void => {
    openDialog(undefined)
    void runDeploy({ note, confirmed: name })
  }
  return (
    <Dialog
      title={texts.environment.confirmTitle(name)}
      description={texts.environment.confirmText(changes)}
      open
      narrow
      onClose={() => openDialog(undefined)}
      footer={
        <button className="btn p big" disabled={!isRight} onClick={deploy}>
          {texts.staged.deploy}
        </button>
      }
    >
      <label className="field">
        <span className="meta">{texts.environment.confirmName(name)}</span>
        <input
          className="input"
          autoFocus
          autoComplete="off"
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
          onKeyDown={(event) => event.key === 'Enter' && isRight && deploy()}
        />
      </label>
    </Dialog>
  )
}
