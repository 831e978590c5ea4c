// How much is staged, what it will do, and the button that makes it true.

import { deployEffects } from '@binnacle/canvas-core'
import { type JSX, useMemo } from 'react'
import { runDeploy } from '../state/deploying.ts'
import { mayDeploy } from '../state/permissions.ts'
import { act, openDialog, stagedEdits, stagedErrors, useCanvas } from '../state/store.ts'
import { effectText } from '../state/effect-text.ts'
import { texts } from '../texts.ts'

export function StagedBar(): JSX.Element | undefined {
  const document = useCanvas((state) => state.editor.document)
  const canDeploy = useCanvas(mayDeploy)
  const phase = useCanvas((state) => state.deployment.phase)
  const count = useCanvas((state) => stagedEdits(state.graph))
  const problems = useCanvas((state) => stagedErrors(state.graph))
  const effects = useMemo(() => deployEffects(document), [document])
  if (document.staged.size === 0) return undefined
  const what = problems > 0 ? texts.staged.problems(problems) : effectText(effects)
  return (
    <section className="banner" aria-label={texts.staged.title}>
      <span className="diamond" />
      <span className="what clip" role="status">
        <b>{texts.staged.bar(count)}</b>
        {what !== '' && <span className={problems > 0 ? 'problem-text' : 'quiet'}> · {what}</span>}
      </span>
      <button className="btn big" onClick={() => openDialog('details')}>
        {texts.staged.details}
      </button>
      <button className="btn big wide" onClick={() => act({ type: 'discardAll' }, { label: texts.staged.discardAll })}>
        {texts.staged.discard}
      </button>
      <button
        className="btn big p"
        disabled={phase === 'running' || !canDeploy}
        aria-keyshortcuts="Shift+Enter"
        onClick={() => void runDeploy()}
      >
        {phase === 'running' ? texts.staged.deploying : texts.staged.deploy} <span className="kbd wide">⇧↵</span>
      </button>
    </section>
  )
}
