// Manifests or a Compose file become nodes; what could not be mapped is listed.

import { type JSX, useState } from 'react'
import { type ImportOutcome, importText } from '../state/importing.ts'
import { openDialog, useCanvas } from '../state/store.ts'
import { texts } from '../texts.ts'
import { Dialog } from '../ui/dialog.tsx'
import { Icon } from '../ui/icons.tsx'

export function ImportDialog(): JSX.Element {
  const isOpen = useCanvas((state) => state.dialog === 'import')
  const [text, setText] = useState('')
  const [outcome, setOutcome] = useState<ImportOutcome>()
  const leave = (): void => {
    setText('')
    setOutcome(undefined)
    openDialog(undefined)
  }
  return (
    <Dialog
      title={texts.start.importTitle}
      description={texts.start.importHint}
      open={isOpen}
      onClose={leave}
      footer={
        <>
          <label className="btn big">
            <Icon name="download" size={14} />
            {texts.start.file}
            <input
              type="file"
              className="sr"
              accept=".yaml,.yml,.json"
              multiple
              onChange={(event) => {
                const files = [...(event.target.files ?? [])]
                void Promise.all(files.map((file) => file.text())).then((parts) => setText(parts.join('\n---\n')))
              }}
            />
          </label>
          <span className="grow" />
          <button
            className="btn p big"
            disabled={text.trim() === ''}
            onClick={() =>
              void importText(text).then((found) =>
                found.unmapped.length === 0 && found.problem === undefined ? leave() : setOutcome(found),
              )
            }
          >
            {texts.start.import}
          </button>
        </>
      }
    >
      <textarea
        className="area mono"
        rows={14}
        aria-label={texts.start.importHint}
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      {outcome?.problem !== undefined && (
        <p className="problem" role="alert">
          <Icon name="bad" />
          {outcome.problem}
        </p>
      )}
      {outcome !== undefined && outcome.unmapped.length > 0 && (
        <section role="status">
          <h3>{texts.start.unmapped(outcome.unmapped.length)}</h3>
          <ul className="list">
            {outcome.unmapped.map(({ path, why }) => (
              <li key={path + why} className="event">
                <code className="mono">{path}</code>
                <span className="quiet">{why}</span>
              </li>
            ))}
          </ul>
        </section>
      )}
    </Dialog>
  )
}
