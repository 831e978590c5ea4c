// Where the middle of what is seen lies on the canvas: something that is added without a place is put there.

import type { Position } from '@binnacle/canvas-core'
import type { ReactFlowInstance } from '@xyflow/react'
import { useEffect } from 'react'

let read: (() => Position | undefined) | undefined

/** Undefined while there is no canvas, but the outline. */
export function viewCentre(): Position | undefined {
  return read?.()
}

export function useViewCentre({
  screenToFlowPosition,
}: Pick<ReactFlowInstance<never, never>, 'screenToFlowPosition'>): void {
  useEffect(() => {
    read = () => {
      const box = document.querySelector('.stage')?.getBoundingClientRect()
      return box && screenToFlowPosition({ x: box.x + box.width / 2, y: box.y + box.height / 2 })
    }
    return () => {
      read = undefined
    }
  }, [screenToFlowPosition])
}
