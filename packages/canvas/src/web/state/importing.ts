// What was pasted or dropped, as staged nodes. The mapping itself is canvas-core's, the same as the command line's; it is
// loaded when it is first needed.

import { texts } from '../texts.ts'
import { act, currentDocument, select, useCanvas } from './store.ts'

export interface ImportOutcome {
  unmapped: readonly { path: string; why: string }[]
  problem?: string
}

export async function importText(text: string): Promise<ImportOutcome> {
  const { place } = useCanvas.getState()
  if (place === undefined) return { unmapped: [], problem: texts.graph.pasteBad }
  const { importResources } = await import('@binnacle/canvas-core/import')
  const { objects, unmapped, problem } = importResources(text, place)
  if (problem !== undefined) return { unmapped, problem }
  const document = currentDocument()
  const commands = objects.map((object) => ({ type: 'addResource', object: object }) as const)
  if (commands.length > 0 && act({ type: 'batch', commands }, { label: texts.start.import }))
    select([...currentDocument().staged.keys()].filter((key) => !document.staged.has(key)))
  return { unmapped }
}
