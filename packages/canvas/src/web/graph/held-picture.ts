// While the picture is moved by hand, what is painted moves along as it is: the viewport stays as it was when the movement
// began, and the pane around it is moved, which is the compositor's work alone. A viewport that is scaled and moved itself
// would be painted anew for each frame.

import { type ReactFlowState, type Transform, useStoreApi } from '@xyflow/react'
import { useLayoutEffect } from 'react'

export function useHeldPicture(isMoved: boolean): void {
  const store = useStoreApi()
  useLayoutEffect(() => {
    const { domNode, transform: held } = store.getState()
    const pane = domNode?.querySelector<HTMLElement>('.react-flow__pane')
    const viewport = pane?.querySelector<HTMLElement>('.react-flow__viewport')
    if (!isMoved || pane === null || pane === undefined || viewport === null || viewport === undefined) return undefined
    const [x, y, zoom] = held
    viewport.style.setProperty('--held', `translate(${x}px, ${y}px) scale(${zoom})`)
    viewport.dataset['held'] = ''
    const follow = ({ transform }: ReactFlowState): void => {
      pane.style.transform = between(held, transform)
    }
    const unsubscribe = store.subscribe(follow)
    return () => {
      unsubscribe()
      pane.style.transform = ''
      viewport.style.removeProperty('--held')
      delete viewport.dataset['held']
    }
  }, [store, isMoved])
}

/** What takes a picture that was painted at `from` to where it belongs at `to`. */
export function between(from: Transform, to: Transform): string {
  const scale = to[2] / from[2]
  return `translate3d(${to[0] - from[0] * scale}px, ${to[1] - from[1] * scale}px, 0) scale(${scale})`
}
