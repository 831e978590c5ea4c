// Positions, frames and notes go into annotations a moment after they changed. They are no edits of anything that runs,
// so they are neither staged nor deployed; another browser sees them as soon as the API has them.

import type { Unstructured } from '@binnacle/api'
import {
  type CanvasDocument,
  applicationKey,
  formatFramesAndNotes,
  formatPosition,
  framesAndNotes,
  placeOf,
  samePlace,
} from '@binnacle/canvas-core'
import { canvasAnnotation, groupAnnotation, positionAnnotation } from '@binnacle/model'
import { isKubeError, kube, pathOf } from '../data/kube-api.ts'
import { resourceOf } from '../data/resources.ts'
import { toast, useCanvas } from './store.ts'

const restMs = 250

/** Saves until the returned function is called. */
export function startLayoutSaver(): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined
  let saving: Promise<void> = Promise.resolve()
  const stop = useCanvas.subscribe((state, before) => {
    if (state.editor.document.layout === before.editor.document.layout || !state.isSynced) return
    clearTimeout(timer)
    timer = setTimeout(() => {
      saving = saving.then(() => save(useCanvas.getState().editor.document)).catch(told)
    }, restMs)
  })
  return () => {
    clearTimeout(timer)
    stop()
  }
}

/** Who may not write positions sees his own until he reloads: said once, not at every drag. */
function told(error: unknown): void {
  if (!isKubeError(error)) throw error
  toast({ severity: 'info', title: error.message })
}

async function save(document: CanvasDocument): Promise<void> {
  const changed = [...document.layout.places].filter(([key, place]) => {
    const object = document.live.get(key)
    return object !== undefined && !samePlace(place, placeOf(object))
  })
  await Promise.all(
    changed.map(([key, { position, group }]) =>
      annotate(document.live.get(key), {
        [positionAnnotation]: position === undefined ? null : formatPosition(position),
        [groupAnnotation]: group ?? null,
      }),
    ),
  )
  const key = applicationKey(document)
  const application = key === undefined ? undefined : document.live.get(key)
  const noted = formatFramesAndNotes(withoutEmptyNotes(document.layout))
  if (application !== undefined && noted !== formatFramesAndNotes(framesAndNotes(application)))
    await annotate(application, { [canvasAnnotation]: noted ?? null })
}

/** A note that is being begun is nobody else's business yet. */
function withoutEmptyNotes({
  frames,
  notes,
}: CanvasDocument['layout']): Pick<CanvasDocument['layout'], 'frames' | 'notes'> {
  return { frames, notes: new Map([...notes].filter(([, { text }]) => text !== '')) }
}

async function annotate(
  object: Unstructured | undefined,
  annotations: Readonly<Record<string, string | null>>,
): Promise<void> {
  if (object === undefined) return
  const { namespace, name = '' } = object.metadata
  await kube.mergePatch(pathOf(resourceOf(object), { namespace, name }), { metadata: { annotations } })
}
