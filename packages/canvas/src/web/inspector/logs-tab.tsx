// Logs of the replicas of a node.

import type { Pod } from '@binnacle/api'
import type { GraphNode } from '@binnacle/canvas-core'
import type { JSX } from 'react'
import type { LogSource } from '../data/log-lines.ts'
import { watchConnection } from '../state/session.ts'
import { useCanvas } from '../state/store.ts'
import { texts } from '../texts.ts'
import { LogView } from './log-view.tsx'
import { usePods } from './pod-list.tsx'

/** Containers that have begun at least once. */
export function logSources(pods: readonly Pod[]): readonly LogSource[] {
  return pods.flatMap(({ metadata, status }) =>
    [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])]
      .filter(({ state, lastState }) => state?.running ?? state?.terminated ?? lastState?.terminated)
      .map(({ name, restartCount }) => ({
        pod: metadata.name ?? '',
        container: name,
        restarts: restartCount,
      })),
  )
}

export function LogsTab({ node }: { node: GraphNode }): JSX.Element {
  const pods = usePods(node)
  const begin = useCanvas((state) => state.logBegin)
  return (
    <LogView
      key={begin}
      begin={begin}
      streams={watchConnection()}
      namespace={node.object.metadata.namespace ?? ''}
      sources={logSources(pods)}
      nothing={texts.logs.notRunning}
    />
  )
}
