// A shell in one of the containers of a node.

import type { GraphNode } from '@binnacle/canvas-core'
import { type JSX, Suspense, useState } from 'react'
import { texts } from '../texts.ts'
import { lazyPart } from '../ui/lazy-part.ts'
import { usePods } from './pod-list.tsx'

const Terminal = lazyPart(async () => (await import('./terminal.tsx')).Terminal)

export function TerminalTab({ node }: { node: GraphNode }): JSX.Element {
  const pods = usePods(node)
  const choices = pods.flatMap((pod) =>
    (pod.status?.containerStatuses ?? [])
      .filter(({ state }) => state?.running !== undefined)
      .map(({ name }) => ({ pod: pod.metadata.name ?? '', container: name })),
  )
  const [wanted, setWanted] = useState('')
  const chosen = choices.find(({ pod, container }) => `${pod}/${container}` === wanted) ?? choices[0]
  if (chosen === undefined) return <p className="sec quiet">{texts.terminal.none}</p>
  return (
    <>
      {choices.length > 1 && (
        <div className="log-bar">
          <select
            className="select"
            aria-label={texts.terminal.pick}
            value={`${chosen.pod}/${chosen.container}`}
            onChange={(event) => setWanted(event.target.value)}
          >
            {choices.map(({ pod, container }) => (
              <option key={`${pod}/${container}`} value={`${pod}/${container}`}>
                {pod} · {container}
              </option>
            ))}
          </select>
        </div>
      )}
      <Suspense fallback={<p className="sec quiet">{texts.loading}</p>}>
        <Terminal
          key={`${chosen.pod}/${chosen.container}`}
          namespace={node.object.metadata.namespace ?? ''}
          pod={chosen.pod}
          container={chosen.container}
        />
      </Suspense>
    </>
  )
}
