// Where the page is, search, and what applies to the whole application.

import { type JSX, Suspense } from 'react'
import { useEnvironments } from '../state/environments.ts'
import { close } from '../state/session.ts'
import { openDialog, useCanvas } from '../state/store.ts'
import { texts } from '../texts.ts'
import { Icon, Mark } from '../ui/icons.tsx'
import { lazyPart } from '../ui/lazy-part.ts'

// Menus bring code of their own along that nothing on the first screen needs.
const EnvironmentMenu = lazyPart(async () => (await import('./menus.tsx')).EnvironmentMenu)
const MoreMenu = lazyPart(async () => (await import('./menus.tsx')).MoreMenu)

export function TopBar(): JSX.Element {
  const place = useCanvas((state) => state.place)
  const context = useCanvas((state) => state.context)
  const isOpen = useCanvas((state) => state.connection !== 'lost')
  const revision = useCanvas((state) => newestRevision(state.editor.document.live.values()))
  return (
    <header className="top">
      <div className="mark">
        <Mark />
      </div>
      <nav className="crumb" aria-label={texts.applications}>
        <button className="quiet path" onClick={() => close()}>
          {texts.applications}
        </button>
        <span className="path" aria-hidden="true">
          /
        </span>
        <h1 className="clip">{place?.application}</h1>
      </nav>
      <EnvironmentPill name={context?.name ?? ''} isOpen={isOpen} />
      <span className="grow" />
      <button className="pill search" aria-keyshortcuts="Control+K" onClick={() => openDialog('palette')}>
        <Icon name="find" />
        <span className="words grow clip left">{texts.search}</span>
        <span className="kbd wide">Ctrl K</span>
      </button>
      <span className="grow wide" />
      <button className="pill wide" onClick={() => openDialog('releases')}>
        <Icon name="history" size={14} />
        {revision === 0 ? texts.releases.none : texts.releases.pill(revision)}
      </button>
      <Suspense
        fallback={
          <span className="btn icon bare">
            <Icon name="more" />
          </span>
        }
      >
        <MoreMenu />
      </Suspense>
    </header>
  )
}

/** The environment that is looked at, and the others of the application. */
function EnvironmentPill({ name, isOpen }: { name: string; isOpen: boolean }): JSX.Element {
  const namespace = useCanvas((state) => state.place?.namespace)
  const environments = useEnvironments()
  const label = `${environments.here?.metadata.name ?? namespace ?? ''} · ${name}`
  const state = (
    <>
      <span className="dot" style={{ color: isOpen ? 'var(--ok)' : 'var(--warn)' }} />
      <span className="clip">{isOpen ? label : texts.cluster.reconnecting}</span>
    </>
  )
  const still = (
    <span className="pill" role="status">
      {state}
    </span>
  )
  if (environments.all.length === 0) return still
  return (
    <Suspense fallback={still}>
      <EnvironmentMenu label={label} environments={environments}>
        {state}
      </EnvironmentMenu>
    </Suspense>
  )
}

function newestRevision(objects: Iterable<{ kind?: string | undefined; spec?: unknown }>): number {
  let newest = 0
  for (const { kind, spec } of objects) {
    if (kind === 'Release') newest = Math.max(newest, (spec as { revision?: number } | undefined)?.revision ?? 0)
  }
  return newest
}
