// Logs or events of the whole application, or the ports that are forwarded, under the canvas.

import type { Pod } from '@binnacle/api'
import { nameLabel } from '@binnacle/model'
import type { JSX } from 'react'
import { useShownNodes } from '../state/shown-nodes.ts'
import { EventList } from '../inspector/event-list.tsx'
import { LogView } from '../inspector/log-view.tsx'
import { logSources } from '../inspector/logs-tab.tsx'
import { watchConnection } from '../state/session.ts'
import { type Panel, setView, useCanvas } from '../state/store.ts'
import { texts } from '../texts.ts'
import { Icon } from '../ui/icons.tsx'
import { ForwardList } from './forward-list.tsx'

const titles: Readonly<Record<Panel, string>> = {
  logs: texts.logs.all,
  events: texts.events.title,
  ports: texts.forwards.title,
}

export function BottomPanel(): JSX.Element | undefined {
  const panel = useCanvas((state) => state.panel)
  if (panel === undefined) return undefined
  const title = titles[panel]
  return (
    <section className="panel" aria-label={title}>
      <header>
        <h2 className="grow">{title}</h2>
        <button className="btn bare icon small" aria-label={texts.close} onClick={() => setView({ panel: undefined })}>
          <Icon name="close" size={13} />
        </button>
      </header>
      {panel === 'logs' ? (
        <AllLogs />
      ) : (
        <div className="tab" tabIndex={0}>
          {panel === 'events' ? <EventList /> : <ForwardList />}
        </div>
      )}
    </section>
  )
}

function AllLogs(): JSX.Element {
  const live = useCanvas((state) => state.editor.document.live)
  const nodes = useShownNodes()
  const names = new Set(nodes.map(({ title }) => title))
  const pods: Pod[] = []
  for (const object of live.values()) {
    if (object.kind === 'Pod' && names.has(object.metadata.labels?.[nameLabel] ?? '')) pods.push(object)
  }
  const namespace = useCanvas((state) => state.place?.namespace ?? '')
  return (
    <LogView
      streams={watchConnection()}
      namespace={namespace}
      sources={logSources(pods)}
      nothing={texts.logs.notRunning}
    />
  )
}
