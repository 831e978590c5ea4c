// The releases of the application: who, when, why, what each changed, and the way back to it.

import {
  type ObjectDiff,
  objectsOf,
  parseKey,
  recordedDiff,
  recordedObjects,
  resourcesOf,
  rollbackCommands,
} from '@binnacle/canvas-core'
import type { Release } from '@binnacle/model'
import { type JSX, useMemo, useState } from 'react'
import { runDeploy } from '../state/deploying.ts'
import { mayDeploy } from '../state/permissions.ts'
import { act, currentDocument, openDialog, toast, useCanvas } from '../state/store.ts'
import { texts } from '../texts.ts'
import { Dialog } from '../ui/dialog.tsx'
import { age } from '../ui/format.ts'
import { Icon } from '../ui/icons.tsx'
import { Change } from './change.tsx'

export function ReleasesDialog(): JSX.Element {
  const isOpen = useCanvas((state) => state.dialog === 'releases')
  const live = useCanvas((state) => state.editor.document.live)
  const application = useCanvas((state) => state.place?.application)
  const releases = useMemo(() => {
    const found: Release[] = []
    for (const object of live.values()) {
      if (object.kind !== 'Release') continue
      const release = object as unknown as Release
      if (release.spec.application === application) found.push(release)
    }
    return found.toSorted((a, b) => b.spec.revision - a.spec.revision)
  }, [live, application])
  return (
    <Dialog title={texts.releases.title} open={isOpen} onClose={() => openDialog(undefined)}>
      {releases.length === 0 && <p className="quiet">{texts.releases.empty}</p>}
      <ul className="list">
        {releases.map((release, index) => (
          <ReleaseRow key={release.metadata.name} release={release} releases={releases} isNewest={index === 0} />
        ))}
      </ul>
    </Dialog>
  )
}

interface RowProps {
  release: Release
  /** All of them, newest first. */
  releases: readonly Release[]
}

function ReleaseRow({ release, releases, isNewest }: RowProps & { isNewest: boolean }): JSX.Element {
  const [isOpen, setOpen] = useState(false)
  const mayRollBack = useCanvas(mayDeploy)
  const isClean = useCanvas((state) => state.editor.document.staged.size === 0)
  const { spec, status, metadata } = release
  const deployed = status?.conditions?.find(({ type }) => type === 'Deployed')
  return (
    <li className="release">
      <div className="event">
        <Icon name="history" />
        <div className="grow">
          <b>{texts.releases.revision(spec.revision)}</b>{' '}
          <span className="meta">
            {isNewest ? texts.releases.current : deployed?.reason}
            {spec.rollbackTo !== undefined && ` · ${texts.releases.backTo(spec.rollbackTo)}`}
          </span>
          {spec.note !== undefined && <p>{spec.note}</p>}
          <p className="meta">
            {spec.resources.map((resource) => resource.metadata.name).join(', ')}
            {spec.author !== undefined && ` · ${texts.releases.by(spec.author)}`}
            {metadata.creationTimestamp !== undefined &&
              ` · ${texts.releases.ago(age(Date.parse(metadata.creationTimestamp), Date.now()))}`}
          </p>
        </div>
        <div className="release-actions">
          <button className="btn" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
            {texts.releases.changes}
          </button>
          {!isNewest && mayRollBack && (
            <>
              <button className="btn" onClick={() => stageRollback(release)}>
                {texts.releases.rollbackTo(spec.revision)}
              </button>
              {isClean && (
                <button className="btn" onClick={() => void rollBackNow(release)}>
                  {texts.releases.rollbackNow}
                </button>
              )}
            </>
          )}
        </div>
      </div>
      {isOpen && <Comparison release={release} releases={releases} />}
    </li>
  )
}

const now = 'now'

/** What the release changed; or its difference from any other, and from what is deployed now. */
function Comparison({ release, releases }: RowProps): JSX.Element {
  const before = releases.find(({ spec }) => spec.revision < release.spec.revision)
  const [against, setAgainst] = useState(String(before?.spec.revision ?? ''))
  const document = useCanvas((state) => state.editor.document)
  const others = releases.filter((one) => one !== release)
  const diffs = useMemo(() => {
    const own = resourcesOf(release)
    if (against === now)
      return recordedDiff(document, own, recordedObjects(document.live.values(), document.application))
    const other = releases.find(({ spec }) => String(spec.revision) === against)
    // Read from the older one to the newer one.
    return other !== undefined && other.spec.revision > release.spec.revision
      ? recordedDiff(document, own, resourcesOf(other))
      : recordedDiff(document, other === undefined ? [] : resourcesOf(other), own)
  }, [release, releases, against, document])
  return (
    <div className="comparison">
      <label className="meta">
        {texts.releases.against}{' '}
        <select className="select" value={against} onChange={(event) => setAgainst(event.target.value)}>
          {before === undefined && <option value="">{texts.releases.nothing}</option>}
          <option value={now}>{texts.releases.now}</option>
          {others.map(({ spec }) => (
            <option key={spec.revision} value={String(spec.revision)}>
              {texts.releases.revision(spec.revision)}
            </option>
          ))}
        </select>
      </label>
      {diffs.length === 0 && <p className="quiet">{texts.releases.identical}</p>}
      <div className="diff">
        {diffs.map((diff) => (
          <Difference key={diff.key} diff={diff} />
        ))}
      </div>
    </div>
  )
}

function Difference({ diff }: { diff: ObjectDiff }): JSX.Element {
  const { kind, name } = parseKey(diff.key)
  return (
    <section>
      <h3>
        {name} <span className="meta">{kind}</span>
      </h3>
      {diff.type !== 'update' && (
        <p className="meta">{diff.type === 'create' ? texts.staged.creates : texts.staged.deletes}</p>
      )}
      {diff.type === 'update' &&
        diff.lines.map((line) => (
          <div className="row" key={line.path}>
            <span title={line.path}>{line.label}</span>
            <Change line={line} />
          </div>
        ))}
    </section>
  )
}

/** Stages what leads back to the release, so that it is seen before it happens; one press of Deploy makes it true. */
function stageRollback(release: Release): void {
  const { revision } = release.spec
  const isStaged = stage(release)
  if (isStaged === undefined) return
  openDialog(isStaged ? 'details' : undefined)
  toast({
    severity: 'info',
    title: isStaged ? texts.staged.rolledBack(revision) : texts.releases.same(revision),
  })
}

/** In one step. A deploy that is refused leaves it staged, with what is wrong. */
async function rollBackNow(release: Release): Promise<void> {
  const isStaged = stage(release)
  if (isStaged === true) await runDeploy()
  else if (isStaged === false) toast({ severity: 'info', title: texts.releases.same(release.spec.revision) })
}

/** Whether something had to be staged; undefined where it could not be. */
function stage(release: Release): boolean | undefined {
  const { revision } = release.spec
  const document = currentDocument()
  const commands = rollbackCommands(document, release)
  if (commands.length === 0) return objectsOf(document) !== document.live
  if (!act({ type: 'batch', commands }, { label: texts.releases.rollbackTo(revision) })) return undefined
  useCanvas.setState({ rollbackTo: revision })
  return true
}
