// The replicas of a node, each with how it is.

import type { Pod } from '@binnacle/api'
import { type GraphNode, parseKey, statusOf } from '@binnacle/canvas-core'
import type { JSX } from 'react'
import { colourOf } from '../graph/node-state.tsx'
import { useCanvas } from '../state/store.ts'
import { useTelemetry } from '../state/telemetry.ts'
import { texts } from '../texts.ts'
import { age, bytes, cores } from '../ui/format.ts'
import { shortPod } from './log-lines.ts'

export function usePods(node: GraphNode): readonly Pod[] {
  const live = useCanvas((state) => state.editor.document.live)
  const keys = node.kind === 'Pod' ? [node.key] : node.children.filter((key) => parseKey(key).kind === 'Pod')
  return keys.flatMap((key) => (live.get(key) as Pod | undefined) ?? [])
}

export function PodList({ node }: { node: GraphNode; canEdit: boolean }): JSX.Element | undefined {
  const pods = usePods(node)
  const usage = useTelemetry((state) => state.usage)
  if (pods.length === 0) return undefined
  return (
    <section className="sec">
      <h3>{texts.inspector.pods}</h3>
      <ul className="list">
        {pods.map((pod) => {
          const { name = '', creationTimestamp } = pod.metadata
          const status = statusOf(pod as GraphNode['object'])
          const used = usage?.get(name)
          const restarts = (pod.status?.containerStatuses ?? []).reduce((sum, one) => sum + (one.restartCount ?? 0), 0)
          return (
            <li key={name} className="list-row">
              <span className="dot" style={{ color: `var(${colourOf(status.state)})` }} />
              <span className="mono clip grow" title={name}>
                {shortPod(name)}
              </span>
              <span className="meta">{status.word}</span>
              {restarts > 0 && <span className="meta">{texts.inspector.restarts(restarts)}</span>}
              {used !== undefined && (
                <span className="meta">
                  {cores(used.cpu)} · {bytes(used.bytes)}
                </span>
              )}
              {creationTimestamp !== undefined && (
                <span className="meta">{age(Date.parse(creationTimestamp), Date.now())}</span>
              )}
            </li>
          )
        })}
      </ul>
    </section>
  )
}
