// ELK, off the main thread. Asked with a graph in ELK's JSON, answers with the same graph laid out.

import ELK, { type ElkNode } from 'elkjs/lib/elk.bundled.js'

const elk = new ELK()

self.addEventListener('message', ({ data }: MessageEvent<ElkNode>) => {
  elk.layout(data).then(
    (laidOut) => answer({ laidOut }),
    (error: unknown) => answer({ error: error instanceof Error ? error.message : String(error) }),
  )
})

function answer(message: { laidOut: ElkNode } | { error: string }): void {
  // A worker's messages have no origin to name.
  // oxlint-disable-next-line unicorn/require-post-message-target-origin
  self.postMessage(message)
}
