// Lines of logs as the parts of the inspector have them, and how pods are told apart in them.

import { useEffect, useMemo, useState, useSyncExternalStore } from 'react'
import { LogFollower, type LogLine, type LogSource } from '../data/log-lines.ts'
import type { TextStreams } from '../data/text-streams.ts'

interface LinesInput {
  namespace: string
  sources: readonly LogSource[]
  /** Of the containers before their last restart. */
  previous?: boolean
  /** Of each source, at the beginning. */
  tailLines?: number
}

/** Lines of the sources as they come, until the part that asks is gone. */
export function useLines(
  streams: TextStreams,
  { namespace, sources, previous = false, tailLines }: LinesInput,
): { follower: LogFollower; lines: readonly LogLine[] } {
  const [store] = useState(() => {
    const listeners = new Set<() => void>()
    return {
      listeners,
      notify: () => {
        for (const listener of listeners) listener()
      },
    }
  })
  const follower = useMemo(
    () => new LogFollower({ streams, namespace, previous, tailLines, changed: store.notify }),
    [streams, namespace, previous, tailLines, store],
  )
  useEffect(() => () => follower.close(), [follower])
  const wanted = sources.map(({ pod, container, restarts }) => `${pod}/${container}/${restarts}`).join(' ')
  useEffect(() => {
    follower.follow(sources)
    // The sources are named by `wanted`; the list itself is made anew with each event.
    // oxlint-disable-next-line react-hooks/exhaustive-deps
  }, [follower, wanted])
  const lines = useSyncExternalStore(
    (listener) => {
      store.listeners.add(listener)
      return () => store.listeners.delete(listener)
    },
    () => follower.lines,
  )
  return { follower, lines }
}

const hues = ['--fn', '--db', '--svc', '--gw', '--ev', '--ok', '--run'] as const

/** A colour token for each pod. */
export function podHues(sources: readonly LogSource[]): ReadonlyMap<string, string> {
  const pods = [...new Set(sources.map(({ pod }) => pod))].toSorted()
  return new Map(pods.map((pod, index) => [pod, hues[index % hues.length] ?? '--fn']))
}

/** `api-7c9fd-x2k4q` → `7c9fd-x2k4q` cut to what tells replicas apart. */
export function shortPod(name: string): string {
  const parts = name.split('-')
  return parts.length > 2
    ? parts
        .slice(-2)
        .map((part) => part.slice(0, 5))
        .join('-')
    : name
}
