// Where the page is, search, and what applies to the whole application.

import { DropdownMenu } from 'radix-ui'
import type { JSX } from 'react'
import { objectsOf } from '@binnacle/canvas-core'
import { close, open } from '../state/session.ts'
import { openDialog, setView, useCanvas } from '../state/store.ts'
import { switchTheme } from '../state/theme.ts'
import { texts } from '../texts.ts'
import { Icon, Mark } from '../ui/icons.tsx'

interface EnvironmentLike {
  metadata: { name?: string }
  spec?: { namespace?: string; application?: string; promotesFrom?: string }
}

export function TopBar(): JSX.Element {
  const place = useCanvas((state) => state.place)
  const context = useCanvas((state) => state.context)
  const connection = useCanvas((state) => state.connection)
  const revision = useCanvas((state) => newestRevision(state.editor.document.live.values()))
  const isOpen = connection === 'open'
  return (
    <header className="top">
      <div className="mark">
        <Mark />
      </div>
      <nav className="crumb" aria-label={texts.applications}>
        <button className="quiet wide" onClick={() => close()}>
          {texts.applications}
        </button>
        <span className="wide" aria-hidden="true">
          /
        </span>
        <h1 className="clip">{place?.application}</h1>
      </nav>
      <EnvironmentPill name={context?.name ?? ''} isOpen={isOpen} />
      <span className="grow" />
      <button className="pill search" onClick={() => openDialog('palette')} aria-keyshortcuts="Control+K">
        <Icon name="find" />
        <span className="wide grow clip left">{texts.search}</span>
        <span className="kbd wide">Ctrl K</span>
      </button>
      <span className="grow wide" />
      <button className="pill wide" onClick={() => openDialog('releases')}>
        <Icon name="history" size={14} />
        {revision === 0 ? texts.releases.none : texts.releases.pill(revision)}
      </button>
      <MoreMenu />
    </header>
  )
}

/** The environment that is looked at, and the others of the application. */
function EnvironmentPill({ name, isOpen }: { name: string; isOpen: boolean }): JSX.Element {
  const place = useCanvas((state) => state.place)
  const document = useCanvas((state) => state.editor.document)
  const environments = [...objectsOf(document).values()].filter(
    (object) => object.kind === 'Environment',
  ) as unknown as EnvironmentLike[]
  const here = environments.find(({ spec }) => spec?.namespace === place?.namespace)
  const label = `${here?.metadata.name ?? place?.namespace ?? ''} · ${name}`
  const state = (
    <>
      <span className="dot" style={{ color: isOpen ? 'var(--ok)' : 'var(--warn)' }} />
      <span className="clip">{isOpen ? label : texts.cluster.reconnecting}</span>
    </>
  )
  if (environments.length === 0)
    return (
      <span className="pill" role="status">
        {state}
      </span>
    )
  return (
    <DropdownMenu.Root>
      <DropdownMenu.Trigger className="pill" aria-label={`${texts.environment.pick}: ${label}`}>
        {state}
        <Icon name="down" size={12} />
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className="menu" align="start" sideOffset={4}>
          {environments.map(({ metadata, spec }) => (
            <DropdownMenu.Item
              key={metadata.name}
              onSelect={() =>
                open({ application: spec?.application ?? place?.application ?? '', namespace: spec?.namespace ?? '' })
              }
            >
              <span className="grow">{metadata.name}</span>
              <span className="meta">{spec?.namespace}</span>
            </DropdownMenu.Item>
          ))}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  )
}

function MoreMenu(): JSX.Element {
  return (
    <DropdownMenu.Root>
      <DropdownMenu.Trigger className="btn icon bare" aria-label={texts.more}>
        <Icon name="more" />
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className="menu" align="end" sideOffset={4}>
          <DropdownMenu.Item onSelect={() => openDialog('releases')}>
            <Icon name="history" />
            {texts.releases.title}
          </DropdownMenu.Item>
          <DropdownMenu.Item onSelect={() => openDialog('import')}>
            <Icon name="download" />
            {texts.start.import}
          </DropdownMenu.Item>
          <DropdownMenu.Item onSelect={() => switchTheme()}>
            <Icon name="sun" />
            {texts.palette.theme}
          </DropdownMenu.Item>
          <DropdownMenu.Separator className="separator" />
          <DropdownMenu.Item onSelect={() => openDialog('shortcuts')}>
            <Icon name="help" />
            {texts.palette.shortcuts}
          </DropdownMenu.Item>
          <DropdownMenu.Item onSelect={() => setView({ isTouring: true })}>
            <Icon name="play" />
            {texts.palette.tour}
          </DropdownMenu.Item>
          <DropdownMenu.Item onSelect={() => close()}>
            <Icon name="list" />
            {texts.applications}
          </DropdownMenu.Item>
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  )
}

function newestRevision(objects: Iterable<{ kind?: string | undefined; spec?: unknown }>): number {
  let newest = 0
  for (const { kind, spec } of objects) {
    if (kind === 'Release') newest = Math.max(newest, (spec as { revision?: number } | undefined)?.revision ?? 0)
  }
  return newest
}
