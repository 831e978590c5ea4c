// The side of the page: all about what is selected, trouble first.

import type { GraphNode } from '@binnacle/canvas-core'
import { Tabs } from 'radix-ui'
import { type JSX, useState } from 'react'
import { familyLooks } from '../graph/families.ts'
import { StateMark } from '../graph/node-state.tsx'
import { useNode } from '../state/figures.ts'
import { mayDo, mayEnterContainers, mayReadLogs } from '../state/permissions.ts'
import { type Tab, select, setView, useCanvas } from '../state/store.ts'
import { texts } from '../texts.ts'
import { Icon } from '../ui/icons.tsx'
import { ErrorBoundary } from '../shell/error-boundary.tsx'
import { wholeObject } from './as-yaml.ts'
import { EventList } from './event-list.tsx'
import { LogsTab } from './logs-tab.tsx'
import { Many } from './many.tsx'
import { MetricsTab } from './metrics-tab.tsx'
import { ObjectYaml } from './object-yaml.tsx'
import { Overview } from './overview.tsx'
import { SettingsTab } from './settings-tab.tsx'
import { TerminalTab } from './terminal-tab.tsx'
import { useForm } from './use-form.ts'
import { useFieldProblems } from './use-field-problems.ts'
import { VariablesTab } from './variables-tab.tsx'

const allTabs: readonly Tab[] = ['overview', 'settings', 'variables', 'logs', 'metrics', 'events', 'terminal', 'yaml']
const runningTabs: ReadonlySet<Tab> = new Set(['logs', 'metrics', 'terminal'])

function tabsOf({ kind, children, staged }: GraphNode): readonly Tab[] {
  const runs = kind === 'Pod' || children.length > 0
  return allTabs.filter((tab) => {
    if (tab === 'variables') return kind === 'Microservice'
    if (runningTabs.has(tab)) return runs
    return tab !== 'events' || staged !== 'create'
  })
}

export function Inspector(): JSX.Element | undefined {
  const selected = useCanvas((state) => state.selected)
  const [first] = selected
  const node = useNode(selected.size === 1 ? first : undefined)
  if (selected.size > 1) return <Many />
  return node === undefined ? undefined : <One key={node.key} node={node} />
}

function One({ node }: { node: GraphNode }): JSX.Element {
  const tab = useCanvas((state) => state.tab)
  const canEdit = useCanvas((state) => mayDo(state, 'update', node.object))
  const canLog = useCanvas(mayReadLogs)
  const canEnter = useCanvas(mayEnterContainers)
  const { icon, hue } = familyLooks[node.family]
  const problems = useFieldProblems(node)
  const tabs = tabsOf(node).filter((one) => (one !== 'logs' || canLog) && (one !== 'terminal' || canEnter))
  const shown = tabs.includes(tab) ? tab : 'overview'
  const form = useForm(node, shown === 'settings')
  const isTwo = useCanvas(({ isYamlBeside }) => isYamlBeside) && shown === 'settings' && form.schema !== undefined
  return (
    <aside className="side" aria-label={texts.inspector.label}>
      <Grip isTwo={isTwo} />
      <div className="hd">
        <span className="tile" style={{ '--hue': `var(${hue})` }}>
          <Icon name={icon} />
        </span>
        <div className="grow">
          <h2 className="clip">{node.title}</h2>
          <p className="clip">
            {node.kindTitle} · {node.subtitle}
          </p>
        </div>
        <StateMark node={node} full />
        <button className="btn bare icon" aria-label={texts.close} onClick={() => select([])}>
          <Icon name="close" />
        </button>
      </div>
      <Tabs.Root
        className="tabs-root"
        value={shown}
        onValueChange={(next) => setView({ tab: next as Tab, logBegin: undefined })}
        activationMode="manual"
      >
        <Tabs.List className="tabs" aria-label={texts.inspector.label}>
          {tabs.map((one) => (
            <Tabs.Trigger key={one} value={one}>
              {texts.inspector.tabs[one]}
            </Tabs.Trigger>
          ))}
        </Tabs.List>
        <Tabs.Content className="tab" value={shown}>
          {!canEdit && <p className="sec meta">{texts.inspector.readOnly}</p>}
          <ErrorBoundary key={shown}>
            {shown === 'overview' && <Overview node={node} canEdit={canEdit} />}
            {shown === 'settings' && <SettingsTab node={node} form={form} canEdit={canEdit} />}
            {shown === 'variables' && <VariablesTab node={node} canEdit={canEdit} />}
            {shown === 'logs' && <LogsTab node={node} />}
            {shown === 'metrics' && <MetricsTab node={node} />}
            {shown === 'events' && <EventList node={node} />}
            {shown === 'terminal' && <TerminalTab node={node} />}
            {shown === 'yaml' && <ObjectYaml node={node} canEdit={canEdit} problems={problems} shown={wholeObject} />}
          </ErrorBoundary>
        </Tabs.Content>
      </Tabs.Root>
    </aside>
  )
}

/** In CSS pixels. Two panes have a width of their own, so that one is as wide as before once the other is closed. */
const widths = {
  one: { variable: '--side-one', min: 340, max: 720 },
  two: { variable: '--side-two', min: 560, max: 1080 },
} as const

function keptWidth(): number {
  return Number.parseInt(getComputedStyle(document.documentElement).getPropertyValue('--side'), 10)
}

/** Drag or arrow keys: how wide the inspector is. */
function Grip({ isTwo }: { isTwo: boolean }): JSX.Element {
  const { variable, min, max } = widths[isTwo ? 'two' : 'one']
  const [dragged, setDragged] = useState<{ isTwo: boolean; width: number }>()
  const set = (next: number): void => {
    const width = Math.round(Math.max(min, Math.min(max, next)))
    setDragged({ isTwo, width })
    // On the root, so that what stands beside the inspector knows it, and the next one is as wide.
    document.documentElement.style.setProperty(variable, `${width}px`)
  }
  const width = dragged?.isTwo === isTwo ? dragged.width : keptWidth()
  return (
    <div
      className="grip"
      role="separator"
      aria-orientation="vertical"
      aria-label={texts.inspector.width}
      aria-valuemin={min}
      aria-valuemax={max}
      aria-valuenow={width}
      tabIndex={0}
      onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
      onPointerMove={(event) => event.buttons === 1 && set(window.innerWidth - event.clientX)}
      onKeyDown={(event) => {
        if (event.key === 'ArrowLeft') set(width + 24)
        if (event.key === 'ArrowRight') set(width - 24)
      }}
    />
  )
}
