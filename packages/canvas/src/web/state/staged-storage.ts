// Edits that are not deployed outlive a reload and a restart of the server: they are kept in this browser, one entry an
// application. They are no truth about anything that runs; the cluster keeps that.

import type { Unstructured } from '@binnacle/api'
import type { CanvasDocument, StagedChange } from '@binnacle/canvas-core'

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
  else localStorage.setItem(entry, JSON.stringify([...document.staged].filter(([, change]) => !isSecret(change))))
}

function isSecret(change: StagedChange): boolean {
  return (change.type === 'delete' ? change.base : change.object).kind === 'Secret'
}

/** The document with what was staged in it before. */
export function staysStaged(document: CanvasDocument): CanvasDocument {
  const text = localStorage.getItem(entryOf(document))
  if (text === null) return document
  try {
    const entries = JSON.parse(text) as [string, StagedChange][]
    const live = new Map<string, Unstructured>(
      entries.flatMap(([key, change]) => (change.type === 'create' ? [] : [[key, change.base] as const])),
    )
    // As they were: the next news of each object carries them over to it.
    return { ...document, live, staged: new Map(entries) }
  } catch {
    // From a version of the page that kept them differently.
    localStorage.removeItem(entryOf(document))
    return document
  }
}
