// Tidy up: only when asked, in a worker, undone like any other step.

import { type GraphNode, positionsFromElk, toElkGraph } from '@binnacle/canvas-core'
import type { ElkNode } from 'elkjs/lib/elk-api.js'
import { act, toast, useCanvas } from '../state/store.ts'
import { texts } from '../texts.ts'
import { url as layoutWorker } from './layout.worker.ts?worker'

const patienceMs = 60_000

/** Lays out what is selected, or everything. */
export async function tidy(nodes: readonly GraphNode[]): Promise<void> {
  const { graph, selected } = useCanvas.getState()
  const chosen = selected.size > 1 ? nodes.filter(({ key }) => selected.has(key)) : nodes
  if (chosen.length === 0) return
  const worker = new Worker(layoutWorker)
  try {
    const laidOut = await new Promise<ElkNode>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(texts.graph.tidySlow)), patienceMs)
      worker.addEventListener('message', ({ data }: MessageEvent<{ laidOut?: ElkNode; error?: string }>) => {
        clearTimeout(timer)
        if (data.laidOut === undefined) reject(new Error(data.error ?? texts.graph.tidyFailed))
        else resolve(data.laidOut)
      })
      worker.addEventListener('error', ({ message }) => reject(new Error(message)))
      // A worker has no origin to name.
      // oxlint-disable-next-line unicorn/require-post-message-target-origin
      worker.postMessage(toElkGraph(graph, { keys: chosen.map(({ key }) => key) }))
    })
    act({ type: 'move', positions: positionsFromElk(laidOut) }, { label: texts.graph.tidy })
  } catch (error) {
    toast({
      severity: 'bad',
      title: texts.graph.tidyFailed,
      text: error instanceof Error ? error.message : String(error),
    })
  } finally {
    worker.terminate()
  }
}
