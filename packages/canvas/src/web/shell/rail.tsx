// What can be put on the canvas. Kinds that this version does not have are not hidden: they say so.

import type { JSX } from 'react'
import { addNote, startAdding } from '../state/adding.ts'
import { mayAdd } from '../state/permissions.ts'
import { openDialog, setView, useCanvas } from '../state/store.ts'
import { texts } from '../texts.ts'
import { Icon, type IconName } from '../ui/icons.tsx'

const tools: readonly { icon: IconName; hue: string; label: string; query?: string }[] = [
  { icon: 'svc', hue: '--svc', label: texts.rail.service, query: texts.rail.service },
  { icon: 'db', hue: '--db', label: texts.rail.data, query: 'data' },
  { icon: 'fn', hue: '--fn', label: texts.rail.function },
  { icon: 'gw', hue: '--gw', label: texts.rail.gateway },
  { icon: 'ev', hue: '--ev', label: texts.rail.events },
]

export function Rail(): JSX.Element {
  const isOutline = useCanvas((state) => state.isOutline)
  const canAdd = useCanvas(mayAdd)
  return (
    <nav className="rail" aria-label={texts.rail.label}>
      <button
        className="tool add"
        aria-label={texts.rail.add}
        aria-keyshortcuts="A"
        disabled={!canAdd}
        onClick={() => startAdding()}
      >
        <Icon name="plus" />
      </button>
      {tools.map(({ icon, hue, label, query }) =>
        query === undefined ? (
          <button key={label} className="tool" aria-disabled="true" data-tip={texts.rail.later(label)}>
            <Icon name={icon} />
            {label}
          </button>
        ) : (
          <button
            key={label}
            className="tool"
            style={{ '--hue': `var(${hue})` }}
            disabled={!canAdd}
            onClick={() => startAdding({ query })}
          >
            <Icon name={icon} />
            {label}
          </button>
        ),
      )}
      <button className="tool" onClick={addNote} disabled={!canAdd}>
        <Icon name="note" />
        {texts.rail.note}
      </button>
      <button className="tool" aria-pressed={isOutline} onClick={() => setView({ isOutline: !isOutline })}>
        <Icon name={isOutline ? 'map' : 'list'} />
        {isOutline ? texts.canvas : texts.rail.outline}
      </button>
      <span className="grow" />
      <button className="tool keys" onClick={() => openDialog('shortcuts')}>
        <Icon name="help" />
        {texts.rail.keys}
      </button>
    </nav>
  )
}
