// The nodes of the application that is looked at: a namespace may hold several.

import type { GraphNode } from '@binnacle/canvas-core'
import { partOfLabel } from '@binnacle/model'
import { useMemo } from 'react'
import { useCanvas } from './store.ts'

/** What belongs to this application, or to none. */
export function useShownNodes(): readonly GraphNode[] {
  const nodes = useCanvas((state) => state.graph.nodes)
  const application = useCanvas((state) => state.place?.application)
  return useMemo(
    () =>
      nodes.filter(({ object }) => {
        const partOf = object.metadata.labels?.[partOfLabel]
        return partOf === undefined || partOf === application
      }),
    [nodes, application],
  )
}
