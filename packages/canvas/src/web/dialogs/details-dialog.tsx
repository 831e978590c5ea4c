// What is staged, field by field, with a way to take back each line, what the cluster says to it, and what will roll.

import {
  type CanvasDocument,
  type DiffLine,
  type ObjectDiff,
  type ObjectKey,
  allConflicts,
  conflictsOf,
  deployEffects,
  diffOf,
  parseKey,
} from '@binnacle/canvas-core'
import { type JSX, useEffect, useState } from 'react'
import { type DeployProblem, checkDeploy } from '../state/deploy.ts'
import { runDeploy } from '../state/deploying.ts'
import { effectText } from '../state/effect-text.ts'
import { act, openDialog, useCanvas } from '../state/store.ts'
import { texts } from '../texts.ts'
import { Dialog } from '../ui/dialog.tsx'
import { Change } from './change.tsx'
import { ConflictRow } from './conflict-row.tsx'
import { Icon } from '../ui/icons.tsx'

export function DetailsDialog(): JSX.Element {
  const isOpen = useCanvas((state) => state.dialog === 'details')
  return (
    <Dialog
      title={texts.staged.title}
      description={texts.staged.description}
      open={isOpen}
      onClose={() => openDialog(undefined)}
      footer={<Footer />}
    >
      {isOpen && <Body />}
    </Dialog>
  )
}

function Body(): JSX.Element {
  const document = useCanvas((state) => state.editor.document)
  const problems = useCanvas((state) => state.deployment.problems)
  const isDeploying = useCanvas((state) => state.deployment.phase === 'running')
  const [answered, setAnswered] = useState<CanvasDocument['staged']>()
  const diffs = diffOf(document)
  useEffect(() => {
    // What is being written is not asked for once more: what was to be deleted is not there by then.
    if (isDeploying) return undefined
    // Asked a moment after the last edit, and again with each.
    const ended = new AbortController()
    const timer = setTimeout(() => {
      void tellProblems(document, ended.signal).then(() => ended.signal.aborted || setAnswered(document.staged))
    }, 300)
    return () => {
      ended.abort()
      clearTimeout(timer)
    }
  }, [document, isDeploying])
  if (diffs.length === 0) return <p className="quiet">{texts.staged.empty}</p>
  return (
    <div className="diff">
      <Outlook document={document} isAnswered={answered === document.staged} isRefused={problems.length > 0} />
      {diffs.map((diff) => (
        <section key={diff.key}>
          <h3>
            <span className="diamond" />
            {parseKey(diff.key).name} <span className="meta">{parseKey(diff.key).kind}</span>
            <span className="grow" />
            <button
              className="btn"
              onClick={() => act({ type: 'discard', key: diff.key }, { label: texts.staged.discard })}
            >
              {texts.staged.discard}
            </button>
          </h3>
          <Problems objectKey={diff.key} refused={problems} />
          <Conflicts objectKey={diff.key} document={document} />
          {/* Whether there is a change at all is what is asked first. */}
          {!conflictsOf(document, diff.key).some(({ path }) => path === '') && <Lines diff={diff} />}
        </section>
      ))}
      {problems
        .filter(({ key }) => key === '')
        .map(({ message }) => (
          <p key={message} className="problem" role="alert">
            <Icon name="bad" />
            {message}
          </p>
        ))}
    </div>
  )
}

function Conflicts({ objectKey, document }: { objectKey: ObjectKey; document: CanvasDocument }): JSX.Element {
  return (
    <>
      {conflictsOf(document, objectKey).map((conflict) => (
        <ConflictRow key={conflict.path} conflict={conflict} />
      ))}
    </>
  )
}

/** What the deploy will do, and whether the cluster would take it. */
function Outlook({ document, isAnswered, isRefused }: OutlookProps): JSX.Element {
  const effects = deployEffects(document)
  const text = effectText(effects)
  // What is not decided was not asked for.
  const good = allConflicts(document).length > 0 ? texts.staged.undecided : texts.staged.good
  return (
    <div className="outlook">
      {text !== '' && (
        <p title={effects.flatMap(({ objects }) => objects).join(', ')}>
          <Icon name="run" size={14} /> {text}
        </p>
      )}
      <p role="status" className={isAnswered && isRefused ? 'problem-text' : 'meta'}>
        {!isAnswered ? texts.staged.checking : isRefused ? texts.staged.refused : good}
      </p>
    </div>
  )
}

interface OutlookProps {
  document: CanvasDocument
  isAnswered: boolean
  isRefused: boolean
}

/** What the page knows to be wrong, and what the cluster says beside it. */
function Problems({ objectKey, refused }: { objectKey: ObjectKey; refused: readonly DeployProblem[] }): JSX.Element {
  const known = useCanvas((state) => state.graph.problems.get(objectKey)) ?? []
  const told = refused
    .filter(({ key }) => key === objectKey)
    .flatMap(({ message, fields }) => (fields.length === 0 ? [{ path: '', message }] : fields))
    .filter((one) => !known.some(({ path, message }) => path === one.path || one.message.endsWith(message)))
    .map((problem) => ({ ...problem, severity: 'error' as const }))
  return (
    <>
      {[...known, ...told].map(({ path, message, severity }) => (
        <p key={path + message} className={`problem ${severity}`} role="alert">
          <Icon name={severity === 'error' ? 'bad' : 'warn'} />
          <span>
            {path !== '' && <code className="mono">{path}</code>} {message}
          </span>
        </p>
      ))}
    </>
  )
}

async function tellProblems(document: CanvasDocument, signal: AbortSignal): Promise<void> {
  const problems = await checkDeploy(document)
  if (!signal.aborted) useCanvas.setState(({ deployment }) => ({ deployment: { ...deployment, problems } }))
}

function Lines({ diff }: { diff: ObjectDiff }): JSX.Element {
  if (diff.type !== 'update')
    return <p className="meta">{diff.type === 'create' ? texts.staged.creates : texts.staged.deletes}</p>
  return (
    <>
      {diff.lines.map((line) => (
        <Line key={line.path} line={line} diff={diff} />
      ))}
    </>
  )
}

function Line({ line, diff }: { line: DiffLine; diff: ObjectDiff }): JSX.Element {
  return (
    <div className="row">
      <span title={line.path}>{line.label}</span>
      <Change line={line} />
      <button
        className="btn bare icon small"
        aria-label={texts.staged.discardLine(line.label)}
        onClick={() => act({ type: 'discard', key: diff.key, path: line.path }, { label: texts.staged.discard })}
      >
        <Icon name="close" size={12} />
      </button>
    </div>
  )
}

function Footer(): JSX.Element {
  const staged = useCanvas((state) => state.editor.document.staged.size)
  const phase = useCanvas((state) => state.deployment.phase)
  const [note, setNote] = useState('')
  return (
    <>
      <input
        className="input"
        value={note}
        placeholder={texts.staged.note}
        aria-label={texts.staged.note}
        onChange={(event) => setNote(event.target.value)}
      />
      <button
        className="btn big"
        disabled={staged === 0}
        onClick={() => act({ type: 'discardAll' }, { label: texts.staged.discardAll })}
      >
        {texts.staged.discardAll}
      </button>
      <button
        className="btn p big"
        disabled={staged === 0 || phase === 'running'}
        onClick={() => void runDeploy({ note })}
      >
        {phase === 'running' ? texts.staged.deploying : texts.staged.deploy}
      </button>
    </>
  )
}
