// What is wrong with the fields of a node's object: as the page knows, as the cluster said to the last deploy, and what
// somebody else changed meanwhile.

import { type CanvasDocument, type Conflict, type GraphNode, conflictView, conflictsOf } from '@binnacle/canvas-core'
import { useMemo } from 'react'
import { shownValue } from '../dialogs/change.tsx'
import { useCanvas } from '../state/store.ts'
import { texts } from '../texts.ts'
import type { FieldProblem } from './field-problem.ts'

export function useFieldProblems({ key, problems }: GraphNode): readonly FieldProblem[] {
  const document = useCanvas((state) => state.editor.document)
  const refused = useCanvas((state) => state.deployment.problems)
  return useMemo(
    () => [
      ...problems.map(({ path, message, severity }) => ({ path, message, severity })),
      ...refused
        .filter((problem) => problem.key === key)
        .flatMap(({ fields }) => fields.map(({ path, message }) => ({ path, message, severity: 'error' as const }))),
      ...conflictsOf(document, key)
        .filter(({ path }) => path !== '')
        .map((conflict) => ({
          path: conflict.path,
          message: conflictText(document, conflict),
          severity: 'error' as const,
        })),
    ],
    [key, problems, refused, document],
  )
}

function conflictText(document: CanvasDocument, conflict: Conflict): string {
  const { theirs } = conflictView(document, conflict)
  return texts.conflict.atField(theirs.type === 'value' ? shownValue(theirs.value) : texts.conflict.deleted)
}
