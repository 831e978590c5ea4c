// Which nodes say all that they have to say: those that are large enough to be read, and of a crowd only those in view.
// Figures change with every sample; what nobody can read is not drawn for it.

import { useStoreApi } from '@xyflow/react'
import { useLayoutEffect } from 'react'
import { create } from 'zustand'

/** Below this zoom a node is its tile, name and state. */
const detailZoom = 0.5
/** Up to so many nodes all are drawn in full, in view or not. */
const crowd = 100
/** How far beyond the edges nodes are drawn in full already, as a part of the width and height. */
const ahead = 0.25
const periodMs = 100

/**
 * `full`: all that a node has to say. `brief`: tile, name and state. `plain`: the same without what costs the browser a
 * layer to consider each time the picture changes (icons, clips, handles that can be drawn from): 1,000 nodes of those are
 * 10,000 parts, and a frame of theirs takes 30 ms.
 */
export type Detail = 'full' | 'brief' | 'plain'

const useDetails = create<{ nodes: 'all' | ReadonlySet<string>; isCrowd: boolean }>()(() => ({
  nodes: 'all',
  isCrowd: false,
}))
const none: ReadonlySet<string> = new Set()

export function useDetail(key: string): Detail {
  return useDetails(({ nodes, isCrowd }) => {
    if (nodes === 'all' || nodes.has(key)) return 'full'
    return isCrowd ? 'plain' : 'brief'
  })
}

/** The nodes of a crowd that say all that they have to say; `all` where there is no crowd. */
export function useFullNodes(): 'all' | ReadonlySet<string> {
  return useDetails(({ nodes, isCrowd }) => (isCrowd ? nodes : 'all'))
}

export interface FollowOptions {
  /** Of nodes in the graph. */
  count: number
  /** The picture or something in it is moved by hand: all stays as detailed as it is until that ends. */
  isMoved: boolean
}

/** Keeps up with what is in view. */
export function useFollowDetail({ count, isMoved }: FollowOptions): void {
  const store = useStoreApi()
  const isCrowd = count > crowd
  useLayoutEffect(() => () => useDetails.setState({ nodes: 'all', isCrowd: false }), [])
  useLayoutEffect(() => {
    if (isMoved) return undefined
    let timer = 0
    const look = (): void => {
      timer = 0
      const { transform, width, height, nodeLookup } = store.getState()
      const [x, y, zoom] = transform
      const nodes =
        zoom < detailZoom
          ? none
          : isCrowd
            ? inView(nodeLookup, {
                left: (-x - width * ahead) / zoom,
                top: (-y - height * ahead) / zoom,
                right: (width * (1 + ahead) - x) / zoom,
                bottom: (height * (1 + ahead) - y) / zoom,
              })
            : 'all'
      const before = useDetails.getState()
      if (!isSame(nodes, before.nodes) || before.isCrowd !== isCrowd) useDetails.setState({ nodes, isCrowd })
    }
    look()
    const unsubscribe = store.subscribe((now, before) => {
      if (now.transform === before.transform && now.nodes === before.nodes && now.width === before.width) return
      if (timer === 0) timer = window.setTimeout(look, periodMs)
    })
    return () => {
      unsubscribe()
      clearTimeout(timer)
    }
  }, [store, isCrowd, isMoved])
}

interface Placed {
  id: string
  internals: { positionAbsolute: { x: number; y: number } }
  measured: { width?: number; height?: number }
}

function inView(
  nodes: ReadonlyMap<string, Placed>,
  { left, top, right, bottom }: { left: number; top: number; right: number; bottom: number },
): ReadonlySet<string> {
  const keys = new Set<string>()
  for (const { id, internals, measured } of nodes.values()) {
    const { x, y } = internals.positionAbsolute
    if (x < right && x + (measured.width ?? 0) > left && y < bottom && y + (measured.height ?? 0) > top) keys.add(id)
  }
  return keys
}

function isSame(a: 'all' | ReadonlySet<string>, b: 'all' | ReadonlySet<string>): boolean {
  if (a === 'all' || b === 'all') return a === b
  return a.size === b.size && [...a].every((key) => b.has(key))
}
