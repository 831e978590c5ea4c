// Conditions of our resources, and writing them only where they say something new.

import { type Clock, formatTime, isNotFound, semanticallyEqual } from '@binnacle/api'
import type { Client, EventRecorder, ResourceRef } from '@binnacle/client'
import type { Condition, Resource } from '@binnacle/model'
import { fieldManager } from './context.ts'

/** What a controller found out, without the time. */
export interface Finding {
  type: string
  status: 'True' | 'False' | 'Unknown'
  reason: string
  message: string
}

/** Characters of a message; what is longer is read in the log. */
const longest = 4096

/** The findings as conditions: the time stays where the status does. */
export function conditionsOf(
  resource: Resource<string, unknown, { conditions?: Condition[] }>,
  findings: readonly Finding[],
  clock: Clock,
): Condition[] {
  const before = resource.status?.conditions ?? []
  return findings.map((finding) => {
    const known = before.find(({ type }) => type === finding.type)
    return {
      ...finding,
      message: finding.message.slice(0, longest),
      observedGeneration: resource.metadata.generation ?? 0,
      lastTransitionTime:
        known !== undefined && known.status === finding.status ? known.lastTransitionTime : formatTime(clock.now()),
    }
  })
}

export function conditionOf(
  resource: { status?: { conditions?: readonly Condition[] } | undefined },
  type: string,
): Condition | undefined {
  return resource.status?.conditions?.find((condition) => condition.type === type)
}

/** Whether the controller has seen the newest spec and found the resource usable. */
export function isReady(resource: Resource<string, unknown, { conditions?: Condition[] }>): boolean {
  const ready = conditionOf(resource, 'Ready')
  return ready?.status === 'True' && (ready.observedGeneration ?? 0) >= (resource.metadata.generation ?? 0)
}

/** Reasons of what is on its way: neither a warning nor a failure. */
export const passingReasons: ReadonlySet<string> = new Set(['Progressing', 'Building', 'BindingPending', 'UsePending'])

/** An event where the resource became ready, ceased to be, or is not for another reason than before. */
export function tellOfReady(
  events: EventRecorder,
  resource: Resource<string, unknown, { conditions?: Condition[] }>,
  conditions: readonly Condition[] | undefined,
): void {
  const before = conditionOf(resource, 'Ready')
  const ready = conditions?.find(({ type }) => type === 'Ready')
  if (ready === undefined || (before?.status === ready.status && before.reason === ready.reason)) return
  const type = ready.status === 'True' || passingReasons.has(ready.reason) ? 'Normal' : 'Warning'
  events.record(resource, type, ready.reason, ready.message)
}

/** Applies the status where it differs from what is known. Fields that are left out go away. */
export async function writeStatus<S extends object>(
  client: Client,
  ref: ResourceRef,
  { resource, status }: { resource: Resource<string, unknown, S>; status: S },
): Promise<boolean> {
  if (semanticallyEqual(resource.status ?? {}, status)) return false
  const { apiVersion, kind, metadata } = resource
  const { namespace, name, uid } = metadata
  try {
    await client.apply(
      ref,
      { apiVersion, kind, metadata: { namespace, name, uid }, status } as Resource<string, unknown, S>,
      { fieldManager, force: true, subresource: 'status' },
    )
  } catch (error) {
    // Deleted meanwhile.
    if (!isNotFound(error)) throw error
  }
  return true
}
