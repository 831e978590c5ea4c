// The picture fits the screen when an application is opened; from then on the view is the person's.

import { useNodesInitialized, useReactFlow } from '@xyflow/react'
import { useEffect, useRef } from 'react'
import { useCanvas } from '../state/store.ts'

export function useFitOnce(): void {
  const flow = useReactFlow()
  const isMeasured = useNodesInitialized()
  const isSynced = useCanvas((state) => state.isSynced)
  const isDone = useRef(false)
  useEffect(() => {
    if (isDone.current || !isMeasured || !isSynced) return
    isDone.current = true
    // Who has zoomed already is looking at something.
    if (flow.getZoom() !== 1) return
    void flow.fitView({ padding: 0.2, maxZoom: 1 })
  }, [flow, isMeasured, isSynced])
}
