// The bottom edge: logs and events of the whole application, forwarded ports, and how much there is.

import type { JSX } from 'react'
import { useShownNodes } from '../state/shown-nodes.ts'
import { mayForwardPorts } from '../state/permissions.ts'
import { type Panel, setView, useCanvas } from '../state/store.ts'
import { texts } from '../texts.ts'

export function Dock(): JSX.Element {
  const panel = useCanvas((state) => state.panel)
  const hasStaged = useCanvas((state) => state.editor.document.staged.size > 0)
  const canForward = useCanvas(mayForwardPorts)
  const nodes = useShownNodes()
  const failing = nodes.filter(({ status }) => status.state === 'failed' || status.state === 'degraded').length
  const toggle = (next: Panel): void => setView({ panel: panel === next ? undefined : next })
  return (
    <footer className="dock" aria-label={texts.dock.label}>
      <button aria-expanded={panel === 'logs'} onClick={() => toggle('logs')}>
        {texts.dock.logs}
      </button>
      <button aria-expanded={panel === 'events'} onClick={() => toggle('events')}>
        {texts.dock.events}
      </button>
      {canForward && (
        <button aria-expanded={panel === 'ports'} onClick={() => toggle('ports')}>
          {texts.dock.forwards}
        </button>
      )}
      <span className="grow" />
      <span className="fact" role="status">
        {texts.dock.objects(nodes.length)}
        {failing > 0 && <span className="problem-text"> · {texts.dock.failing(failing)}</span>}
      </span>
      <span className="fact wide">{hasStaged ? texts.dock.stagedState : texts.dock.saved}</span>
    </footer>
  )
}
