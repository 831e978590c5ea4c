// The environments of the open application. They are told in the namespace where it is at home, also while one of the
// others is looked at.

import type { WatchEvent } from '@binnacle/api'
import { type CanvasDocument, objectsOf } from '@binnacle/canvas-core'
import type { Environment } from '@binnacle/model'
import { useMemo } from 'react'
import { create } from 'zustand'
import { type LiveKind, liveKinds, watchNamespace } from '../data/live.ts'
import type { WatchConnection } from '../data/watch-connection.ts'
import { type Place, useCanvas } from './store.ts'

const kinds: readonly LiveKind[] = liveKinds.filter(({ kind }) => kind === 'Environment')

/** Those of a home that is not looked at itself, by name. */
const useTold = create<{ told: ReadonlyMap<string, Environment> }>()(() => ({ told: new Map() }))

/** Watches the environments of `home` until the returned function is called. */
export function watchEnvironments(connection: WatchConnection, home: string): () => void {
  useTold.setState({ told: new Map() })
  return watchNamespace(connection, {
    namespace: home,
    kinds,
    listener: {
      events: (batch) => useTold.setState(({ told }) => ({ told: withEvents(told, batch) })),
      synced: () => undefined,
      reset: () => useTold.setState({ told: new Map() }),
      // Who may not see them there sees none, as before the first was made.
      error: (_, message) => console.warn(`environments: ${message}`),
    },
  })
}

function withEvents(told: ReadonlyMap<string, Environment>, batch: readonly WatchEvent[]): Map<string, Environment> {
  const next = new Map(told)
  for (const { type, object } of batch) {
    const name = object.metadata.name ?? ''
    if (type === 'DELETED') next.delete(name)
    else if (isEnvironment(object)) next.set(name, object)
  }
  return next
}

function isEnvironment(object: { kind?: string | undefined }): object is Environment {
  return object.kind === 'Environment'
}

export interface Environments {
  /** Namespace where the application is at home. */
  home: string
  all: readonly Environment[]
  /** The one that is looked at. */
  here: Environment | undefined
}

export function useEnvironments(): Environments {
  const place = useCanvas((state) => state.place)
  const document = useCanvas((state) => state.editor.document)
  const told = useTold((state) => state.told)
  return useMemo(() => environmentsOf({ place, document, told }), [place, document, told])
}

/** The environment that is looked at now. */
export function environmentHere(): Environment | undefined {
  const { place, editor } = useCanvas.getState()
  return environmentsOf({ place, document: editor.document, told: useTold.getState().told }).here
}

interface Known {
  place: Place | undefined
  document: CanvasDocument
  told: ReadonlyMap<string, Environment>
}

function environmentsOf({ place, document, told }: Known): Environments {
  const known = place?.home === undefined ? objectsOf(document).values() : told.values()
  const all: Environment[] = []
  for (const object of known)
    if (isEnvironment(object) && object.spec.application === place?.application) all.push(object)
  return {
    home: place?.home ?? place?.namespace ?? '',
    all,
    here: all.find(({ spec }) => spec.cluster === undefined && spec.namespace === place?.namespace),
  }
}
