// What is wrong with the fields of a node's object: as the page knows, and as the cluster said to the last deploy.

import type { GraphNode } from '@binnacle/canvas-core'
import { useMemo } from 'react'
import { useCanvas } from '../state/store.ts'
import type { FieldProblem } from './field-problem.ts'

export function useFieldProblems({ key, problems }: GraphNode): readonly FieldProblem[] {
  const refused = useCanvas((state) => state.deployment.problems)
  return useMemo(
    () => [
      ...problems.map(({ path, message, severity }) => ({ path, message, severity })),
      ...refused
        .filter((problem) => problem.key === key)
        .flatMap(({ fields }) => fields.map(({ path, message }) => ({ path, message, severity: 'error' as const }))),
    ],
    [key, problems, refused],
  )
}
