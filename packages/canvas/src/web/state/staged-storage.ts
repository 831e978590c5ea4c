// Edits that are not deployed outlive a reload and a restart of the server: they are kept in this browser, one entry an
// application. They are no truth about anything that runs; the cluster keeps that.

import type { Unstructured } from '@binnacle/api'
import { type CanvasDocument, type ObjectKey, type Place, type StagedChange, placeOf } from '@binnacle/canvas-core'

const prefix = 'binnacle.staged.'

function entryOf({ namespace, application }: CanvasDocument): string {
  return `${prefix}${namespace}/${application ?? ''}`
}

let pending: CanvasDocument | undefined

/** Kept when the page has a moment: typing must not wait for the disk. */
export function keepStaged(document: CanvasDocument): void {
  if (pending === undefined) queueMicrotask(flush)
  pending = document
}

function flush(): void {
  const document = pending
  pending = undefined
  if (document === undefined) return
  const entry = entryOf(document)
  if (document.staged.size === 0) localStorage.removeItem(entry)
  // Values of Secrets never lie in a browser's storage.
  else localStorage.setItem(entry, JSON.stringify(entriesOf(document)))
}

/** What is staged of an object, and of a new one, which has no annotation yet, where it stands. */
type Entry = [ObjectKey, StagedChange, Place?]

function entriesOf({ staged, layout }: CanvasDocument): Entry[] {
  return [...staged]
    .filter(([, change]) => !isSecret(change))
    .map(([key, change]) => {
      const place = change.type === 'create' ? layout.places.get(key) : undefined
      return place === undefined ? [key, change] : [key, change, place]
    })
}

function isSecret(change: StagedChange): boolean {
  return (change.type === 'delete' ? change.base : change.object).kind === 'Secret'
}

/** The document with what was staged in it before. */
export function staysStaged(document: CanvasDocument): CanvasDocument {
  const text = localStorage.getItem(entryOf(document))
  if (text === null) return document
  try {
    const entries = JSON.parse(text) as Entry[]
    const live = new Map<string, Unstructured>(
      entries.flatMap(([key, change]) => (change.type === 'create' ? [] : [[key, change.base] as const])),
    )
    // As they were: the next news of each object carries them over to it.
    const staged = new Map(entries.map(([key, change]) => [key, change]))
    const places = new Map(
      entries.map(([key, change, place = {}]) => [key, change.type === 'create' ? place : placeOf(change.base)]),
    )
    return { ...document, live, staged, layout: { ...document.layout, places } }
  } catch {
    // From a version of the page that kept them differently.
    localStorage.removeItem(entryOf(document))
    return document
  }
}
