// Kinds that a person asked to see beside those that the Canvas always shows. Their names are in the address.

import { furtherKinds, kindName } from '../data/discovery.ts'
import { type LiveKind, watchNamespace } from '../data/live.ts'
import type { WatchConnection } from '../data/watch-connection.ts'
import { forget, receive, synced, useCanvas } from './store.ts'

const stops = new Map<string, () => void>()

/** Watches and shows a kind, or shows it no more. */
export function toggleKind(connection: WatchConnection, kind: LiveKind): void {
  const name = kindName(kind)
  const stop = stops.get(name)
  if (stop === undefined) stops.set(name, watch(connection, kind))
  else {
    stops.delete(name)
    stop()
    forget(kind)
  }
  tell()
}

/** Shows the kinds that the address names, once the cluster has told what they are. */
export async function showKinds(connection: WatchConnection, names: readonly string[]): Promise<void> {
  const missing = names.filter((name) => !stops.has(name))
  if (missing.length === 0) return
  const { place } = useCanvas.getState()
  const kinds = await furtherKinds()
  if (useCanvas.getState().place !== place) return
  for (const kind of kinds) if (missing.includes(kindName(kind))) stops.set(kindName(kind), watch(connection, kind))
  tell()
}

/** With the application that is left. */
export function hideKinds(): void {
  for (const stop of stops.values()) stop()
  stops.clear()
  tell()
}

function watch(connection: WatchConnection, kind: LiveKind): () => void {
  return watchNamespace(connection, {
    namespace: useCanvas.getState().place?.namespace ?? '',
    kinds: [kind],
    listener: {
      events: receive,
      synced: (told) => synced([kind], told),
      reset: forget,
      error: ({ resource }, message) => console.warn(`${resource}: ${message}`),
    },
  })
}

function tell(): void {
  useCanvas.setState({ furtherKinds: [...stops.keys()].toSorted() })
}
