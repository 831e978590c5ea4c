// Puts the CustomResourceDefinitions of our kinds into the cluster, and waits until it serves them.

import type { KubeObject } from '@binnacle/api'
import { type Client, type ResourceRef, customResourceDefinitions as definitionRef } from '@binnacle/client'
import { customResourceDefinitions } from '@binnacle/model'
import { fieldManager } from './context.ts'

interface Definition extends KubeObject {
  status?: { conditions?: readonly { type: string; status: string; message?: string }[] }
}

/**
 * Resolves when all of our kinds are served.
 * @throws StatusError where the cluster refuses them; Error where their names are taken by somebody else's
 */
export async function installDefinitions(client: Client, signal: AbortSignal): Promise<void> {
  const wanted = customResourceDefinitions()
  const applied = await Promise.all(
    wanted.map((definition) => client.apply<Definition>(definitionRef, definition, { fieldManager, force: true })),
  )
  await Promise.all(applied.map((definition) => established(client, definition, signal)))
}

async function established(client: Client, definition: Definition, signal: AbortSignal): Promise<void> {
  if (isEstablished(definition)) return
  const name = definition.metadata.name ?? ''
  const found = new AbortController()
  const ref: ResourceRef = definitionRef
  const batches = await client.watch<Definition>(
    ref,
    { fieldSelector: `metadata.name=${name}` },
    AbortSignal.any([signal, found.signal]),
  )
  for await (const batch of batches) {
    for (const event of batch) {
      if (event.type === 'BOOKMARK' || !isEstablished(event.object)) continue
      found.abort()
      return
    }
  }
  signal.throwIfAborted()
  throw new Error(`the cluster does not serve ${name} yet`)
}

function isEstablished({ metadata, status }: Definition): boolean {
  const conditions = status?.conditions ?? []
  const refused = conditions.find(({ type, status: is }) => type === 'NamesAccepted' && is === 'False')
  if (refused !== undefined) throw new Error(`the cluster refuses ${metadata.name}: ${refused.message ?? ''}`)
  return conditions.some(({ type, status: is }) => type === 'Established' && is === 'True')
}
