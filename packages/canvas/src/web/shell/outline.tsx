// The same model as a tree: for screen readers, small screens, and whoever prefers a list.

import { parseKey } from '@binnacle/canvas-core'
import type { JSX, KeyboardEvent } from 'react'
import { familyLooks } from '../graph/families.ts'
import { StateMark } from '../graph/node-state.tsx'
import { useShownNodes } from '../state/shown-nodes.ts'
import { select, useCanvas } from '../state/store.ts'
import { texts } from '../texts.ts'
import { Icon } from '../ui/icons.tsx'

export function Outline(): JSX.Element {
  const nodes = useShownNodes()
  const wires = useCanvas((state) => state.graph.wires)
  const selected = useCanvas((state) => state.selected)
  const byKind = new Map<string, typeof nodes>()
  for (const node of nodes) byKind.set(node.kind, [...(byKind.get(node.kind) ?? []), node])
  const [firstSelected = nodes[0]?.key] = selected
  return (
    <div className="outline">
      {nodes.length === 0 && <p className="quiet">{texts.outline.empty}</p>}
      <ul role="tree" aria-label={texts.outline.title} onKeyDown={moveFocus}>
        {[...byKind].map(([kind, members]) => (
          <li key={kind} role="none">
            <div className="meta" aria-hidden="true">
              {kind}
            </div>
            <ul role="group" aria-label={kind}>
              {members.map((node) => {
                const uses = wires.filter(({ from }) => from === node.key).map(({ to }) => parseKey(to).name)
                return (
                  <li
                    key={node.key}
                    role="treeitem"
                    aria-selected={selected.has(node.key)}
                    tabIndex={node.key === firstSelected ? 0 : -1}
                    onClick={() => select([node.key])}
                    onKeyDown={(event) => (event.key === 'Enter' || event.key === ' ') && select([node.key])}
                  >
                    <span className="tile small" style={{ '--hue': `var(${familyLooks[node.family].hue})` }}>
                      <Icon name={familyLooks[node.family].icon} />
                    </span>
                    <b>{node.title}</b>
                    <span className="meta clip grow">
                      {node.subtitle}
                      {uses.length > 0 && ` · ${texts.outline.wiresTo(uses.join(', '))}`}
                    </span>
                    <StateMark node={node} />
                  </li>
                )
              })}
            </ul>
          </li>
        ))}
      </ul>
    </div>
  )
}

function moveFocus(event: KeyboardEvent<HTMLElement>): void {
  if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return
  const items = [...event.currentTarget.querySelectorAll<HTMLElement>('[role=treeitem]')]
  const at = items.indexOf(document.activeElement as HTMLElement)
  items[at + (event.key === 'ArrowDown' ? 1 : -1)]?.focus()
  event.preventDefault()
  event.stopPropagation()
}
