// All objects or none, as far as a user can tell: every object is first tried on the server (dry run), then applied in
// order; where one fails, those before it are put back as they were.

import { type Unstructured, isNotFound } from '@binnacle/api'
import type { Client, ObjectKey } from '@binnacle/client'
import { apiVersion } from '@binnacle/model'
import type { Planned } from './plan.ts'
import { refusal, refusalLines } from './server-errors.ts'

export const fieldManager = 'binnacle-deploy'

export interface Applied extends Planned {
  /** As it was; undefined where there was none. */
  before: Unstructured | undefined
  after: Unstructured
}

/**
 * The objects as they would be, and as they are.
 * @throws CliError with a line for each field that the server refuses, of all objects
 */
export async function tryObjects(client: Client, plan: readonly Planned[]): Promise<Applied[]> {
  const results: Applied[] = []
  const refused: string[] = []
  for (const planned of plan) {
    try {
      const before = await liveObject(client, planned)
      results.push({ ...planned, before, after: await applyObject(client, planned, { before, dryRun: true }) })
    } catch (error) {
      refused.push(...refusalLines(planned, error))
    }
  }
  if (refused.length > 0) throw refusal(refused, '; nothing was changed')
  return results
}

export interface Transaction {
  readonly applied: readonly Applied[]
  /** Puts everything back as it was before. Resolves to what could not be put back. */
  undo(): Promise<string[]>
}

/** @throws CliError where the server refuses one; those before it are put back then */
export async function applyObjects(client: Client, plan: readonly Planned[]): Promise<Transaction> {
  const applied: Applied[] = []
  const undo = async (): Promise<string[]> => {
    const failed: string[] = []
    for (const one of applied.splice(0).toReversed()) {
      try {
        await putBack(client, one)
      } catch (error) {
        failed.push(`${nameOf(one)} could not be put back: ${error instanceof Error ? error.message : String(error)}`)
      }
    }
    return failed
  }
  for (const planned of plan) {
    try {
      const before = await liveObject(client, planned)
      applied.push({ ...planned, before, after: await applyObject(client, planned, { before }) })
    } catch (error) {
      const lines = refusalLines(planned, error)
      throw refusal([...lines, ...(await undo())], '; what was applied before is put back')
    }
  }
  return { applied, undo }
}

export async function liveObject(client: Client, planned: Planned): Promise<Unstructured | undefined> {
  return client.get<Unstructured>(planned.ref, keyOf(planned)).catch((error: unknown) => {
    if (isNotFound(error)) return undefined
    throw error
  })
}

interface ApplyMode {
  before: Unstructured | undefined
  dryRun?: boolean
}

async function applyObject(client: Client, planned: Planned, { before, dryRun }: ApplyMode): Promise<Unstructured> {
  const { ref, object } = planned
  const options = { fieldManager, ...(dryRun === true ? { dryRun: ['All'] } : {}) }
  const removed = removedAlternatives(object, before)
  if (removed !== undefined) {
    // Apply cannot remove what another manager set: the two alternatives change places in one patch.
    const patched = await client.patch<Unstructured>(ref, keyOf(planned), {
      type: 'application/merge-patch+json',
      body: { spec: { ...(object['spec'] as object), ...removed } },
      ...options,
    })
    if (dryRun === true) return patched
  }
  return client.patch<Unstructured>(ref, keyOf(planned), {
    type: 'application/apply-patch+yaml',
    body: object,
    force: true,
    fieldValidation: 'Strict',
    ...options,
  })
}

/** Fields of our kinds of which only one of two may be set. */
const alternatives = [
  ['image', 'build'],
  ['build', 'image'],
  ['replicas', 'autoscaling'],
  ['autoscaling', 'replicas'],
] as const

function removedAlternatives(object: Unstructured, before: Unstructured | undefined): Record<string, null> | undefined {
  if (object.apiVersion !== apiVersion || before === undefined) return undefined
  const wanted = object['spec'] as Record<string, unknown>
  const live = before['spec'] as Record<string, unknown>
  const removed = alternatives.filter(([set, other]) => wanted[set] !== undefined && live[other] !== undefined)
  return removed.length === 0 ? undefined : Object.fromEntries(removed.map(([, other]) => [other, null]))
}

async function putBack(client: Client, { ref, object, before, after }: Applied): Promise<void> {
  const key = keyOf({ object })
  if (before === undefined) {
    await client.delete(ref, key, { preconditions: { uid: after.metadata.uid ?? '' }, propagationPolicy: 'Background' })
    return
  }
  // Whatever came after ours wins: it would have another version.
  const { metadata } = await client.update<Unstructured>(
    ref,
    { ...before, metadata: { ...before.metadata, resourceVersion: after.metadata.resourceVersion } },
    { fieldManager },
  )
  // An update that changes fields owns them. One that changes nothing takes the owners as they are said.
  const { resourceVersion } = metadata
  await client.update(ref, { ...before, metadata: { ...before.metadata, resourceVersion } }, { fieldManager })
}

export function keyOf({ object }: { object: Unstructured }): ObjectKey {
  const { name = '', namespace } = object.metadata
  return { name, ...(namespace === undefined ? {} : { namespace }) }
}

/** `Microservice/web`. */
export function nameOf({ object }: { object: Unstructured }): string {
  return `${object.kind}/${object.metadata.name}`
}
