// Deletes what nobody reads any more: events an hour after they were last written (upstream gives them a lease in etcd),
// and signing requests that are settled or forgotten (pkg/controller/certificates/cleaner).

import { isNotFound } from '@binnacle/api'
import type { CertificateSigningRequest, Event, KubeObject } from '@binnacle/api'
import { certificateSigningRequests, events } from '@binnacle/client'
import type { Controller, ResourceRef } from '@binnacle/client'
import type { ControllerContext } from '../context.ts'
import { runController } from './run-controller.ts'

const minuteMs = 60_000
const eventTtlMs = 60 * minuteMs
const settledRequestTtlMs = 60 * minuteMs
const pendingRequestTtlMs = 24 * 60 * minuteMs
/** Deletes between two turns of the event loop, so that a flood of events ends without holding anybody up. */
const batchSize = 100

export function startEventExpiryController(context: ControllerContext): Controller {
  return startSweep(context, {
    name: 'event-expiry-controller',
    ref: events,
    periodMs: 5 * minuteMs,
    isExpired: (event: Event, now) => now - lastWritten(event) > eventTtlMs,
  })
}

export function startCertificateCleaner(context: ControllerContext): Controller {
  return startSweep(context, {
    name: 'certificatesigningrequest-cleaner-controller',
    ref: certificateSigningRequests,
    periodMs: 60 * minuteMs,
    isExpired: isExpiredRequest,
  })
}

function lastWritten({ lastTimestamp, eventTime, series, metadata }: Event): number {
  const times = [lastTimestamp, eventTime, series?.lastObservedTime, metadata.creationTimestamp]
  return Math.max(0, ...times.flatMap((time) => (time ? [Date.parse(time)] : [])))
}

function isExpiredRequest({ status, metadata }: CertificateSigningRequest, now: number): boolean {
  const conditions = status?.conditions ?? []
  const age = (time: string | undefined): number => now - Date.parse(time ?? metadata.creationTimestamp ?? '')
  const settled = conditions.filter(({ type }) => type === 'Approved' || type === 'Denied' || type === 'Failed')
  if (settled.length === 0) return age(undefined) > pendingRequestTtlMs
  const isApprovedOnly = settled.every(({ type }) => type === 'Approved')
  // Approved but not signed: a signer outside may take as long as for a pending one.
  if (isApprovedOnly && !status?.certificate) return age(undefined) > pendingRequestTtlMs
  return settled.some(({ lastUpdateTime }) => age(lastUpdateTime ?? undefined) > settledRequestTtlMs)
}

interface Sweep<T> {
  name: string
  ref: ResourceRef
  periodMs: number
  isExpired: (object: T, now: number) => boolean
}

/** Lists now and then rather than watching: these kinds are many, and nothing waits for them to go. */
function startSweep<T extends KubeObject>(
  context: ControllerContext,
  { name, ref, periodMs, isExpired }: Sweep<T>,
): Controller {
  const { client, clock } = context
  const controller = runController(context, {
    name,
    workers: 1,
    reconcile: async (_key, signal) => {
      const now = clock.now()
      const expired = (await client.list<T>(ref)).items.filter((object) => isExpired(object, now))
      for (let from = 0; from < expired.length && !signal.aborted; from += batchSize) {
        await Promise.all(expired.slice(from, from + batchSize).map(remove))
      }
      return { requeueAfterMs: periodMs }
    },
  })

  async function remove({ metadata: { name: objectName = '', namespace, uid } }: T): Promise<void> {
    const key = namespace === undefined ? { name: objectName } : { name: objectName, namespace }
    try {
      await client.delete(ref, key, uid === undefined ? {} : { preconditions: { uid } })
    } catch (error) {
      if (!isNotFound(error)) throw error
    }
  }

  controller.enqueueAfter('sweep', periodMs)
  return controller
}
