// The releases of the application: who, when, why, what they were, and the way back to each.

import { type Command, asNew, keyOf, objectsOf, sameContent } from '@binnacle/canvas-core'
import { type Release, partOfLabel } from '@binnacle/model'
import { type JSX, useMemo } from 'react'
import { act, currentDocument, openDialog, toast, useCanvas } from '../state/store.ts'
import { texts } from '../texts.ts'
import { Dialog } from '../ui/dialog.tsx'
import { age } from '../ui/format.ts'
import { Icon } from '../ui/icons.tsx'

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
          <ReleaseRow key={release.metadata.name} release={release} isNewest={index === 0} />
        ))}
      </ul>
    </Dialog>
  )
}

function ReleaseRow({ release, isNewest }: { release: Release; isNewest: boolean }): JSX.Element {
  const { spec, status, metadata } = release
  const deployed = status?.conditions?.find(({ type }) => type === 'Deployed')
  return (
    <li className="event">
      <Icon name="history" />
      <div className="grow">
        <b>r{spec.revision}</b>{' '}
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
      {!isNewest && (
        <button className="btn" onClick={() => rollBack(release)}>
          {texts.releases.rollbackTo(spec.revision)}
        </button>
      )}
    </li>
  )
}

/** Stages what leads back to the release, so that it is seen before it happens; one press of Deploy makes it true. */
export function rollBack(release: Release): void {
  const document = currentDocument()
  const { application, resources, revision } = release.spec
  const wanted = new Map(resources.map((resource) => [keyOf(resource), resource]))
  const commands: Command[] = []
  const now = objectsOf(document)
  for (const [key, object] of wanted) {
    const known = now.get(key)
    if (known === undefined) commands.push({ type: 'addResource', object: asNew(object) })
    else if (!sameContent(known, object)) commands.push({ type: 'replaceResource', key, object })
  }
  for (const [key, { kind, metadata }] of now) {
    const isOurs = kind === 'Microservice' || kind === 'DataSource'
    if (isOurs && metadata.labels?.[partOfLabel] === application && !wanted.has(key))
      commands.push({ type: 'removeResource', key })
  }
  if (commands.length > 0 && !act({ type: 'batch', commands }, { label: texts.releases.rollbackTo(revision) })) return
  useCanvas.setState({ rollbackTo: revision })
  openDialog(commands.length > 0 ? 'details' : undefined)
  toast({
    severity: 'info',
    title: commands.length > 0 ? texts.staged.rolledBack(revision) : texts.releases.same(revision),
  })
}
