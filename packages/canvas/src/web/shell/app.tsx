// The page: the start screen, or the canvas of one application with everything around it.

import { type JSX, Suspense } from 'react'
import { Stage } from '../graph/stage.tsx'
import { setView, useCanvas } from '../state/store.ts'
import { texts } from '../texts.ts'
import { lazyPart } from '../ui/lazy-part.ts'
import { Tips } from '../ui/tip.tsx'
import { Dock } from './dock.tsx'
import { Outline } from './outline.tsx'
import { Rail } from './rail.tsx'
import { TabStateFollower } from './tab-state-follower.tsx'
import { StagedBar } from './staged-bar.tsx'
import { Toasts } from './toasts.tsx'
import { TopBar } from './top-bar.tsx'

const StartPage = lazyPart(async () => (await import('./start-page.tsx')).StartPage)
// None of these is on the first screen of an application: they come while the person looks at it.
const BottomPanel = lazyPart(async () => (await import('./bottom-panel.tsx')).BottomPanel)
const Inspector = lazyPart(async () => (await import('../inspector/inspector.tsx')).Inspector)
const Dialogs = lazyPart(async () => (await import('../dialogs/dialogs.tsx')).Dialogs)
const GuideDialog = lazyPart(async () => (await import('../guide/guide-dialog.tsx')).GuideDialog)
const Tour = lazyPart(async () => (await import('./tour.tsx')).Tour)

const tourKey = 'binnacle.toured'

export function App(): JSX.Element {
  const place = useCanvas((state) => state.place)
  return (
    <>
      <Suspense>{place === undefined ? <StartPage /> : <Workspace />}</Suspense>
      <Toasts />
      <TabStateFollower />
      <Tips />
    </>
  )
}

/** Somebody else may delete what is selected here; before all is told nothing is known to be gone. */
function isSelectionThere({ selected, graph, isSynced }: ReturnType<typeof useCanvas.getState>): boolean {
  return selected.size > 0 && (!isSynced || [...selected].some((key) => graph.byKey.has(key)))
}

function Workspace(): JSX.Element {
  const isOutline = useCanvas((state) => state.isOutline)
  const hasSide = useCanvas(isSelectionThere)
  const hasPanel = useCanvas((state) => state.panel !== undefined)
  const isTouring = useCanvas((state) => state.isTouring)
  const dialog = useCanvas((state) => state.dialog)
  const isReading = useCanvas((state) => state.guide !== undefined)
  const isLost = useCanvas((state) => state.connection === 'lost')
  return (
    <div className="app" data-side={hasSide}>
      <TopBar />
      <Rail />
      <div className="stage-area">
        {isOutline ? <Outline /> : <Stage />}
        <div className="staged-anchor">
          <StagedBar />
        </div>
        {isLost && (
          <p className="lost" role="alert">
            {texts.cluster.lost}
          </p>
        )}
      </div>
      <Suspense>{hasPanel && <BottomPanel />}</Suspense>
      <Suspense fallback={<aside className="side" aria-busy="true" />}>{hasSide && <Inspector />}</Suspense>
      <Dock />
      <Suspense>{dialog !== undefined && <Dialogs />}</Suspense>
      <Suspense>{isReading && <GuideDialog />}</Suspense>
      <Suspense>
        {isTouring && (
          <Tour
            onLeave={() => {
              localStorage.setItem(tourKey, 'left')
              setView({ isTouring: false })
            }}
          />
        )}
      </Suspense>
    </div>
  )
}
