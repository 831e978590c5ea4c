// No request but a watch takes longer than a minute, or than its client says.
// Upstream: apiserver pkg/endpoints/filters/request_deadline.go, pkg/server/filters/timeout.go.

import { type Clock, badRequest, timeout } from '@binnacle/api'

const maxMs = 60_000
const unitMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
}

/** The query's `timeout`, a duration of Go such as `1m30s`. Throws BadRequest for one that is none. */
export function requestTimeoutMs(query: URLSearchParams): number {
  const text = query.get('timeout') ?? ''
  if (text === '') return maxMs
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g)]
  if (parts.map(([part]) => part).join('') !== text && text !== '0') {
    throw badRequest(`invalid timeout specified in the request URL - time: invalid duration ${JSON.stringify(text)}`)
  }
  const wanted = parts.reduce((sum, [, count, unit = '']) => sum + Number(count) * (unitMs[unit] ?? 0), 0)
  return wanted === 0 ? maxMs : Math.min(wanted, maxMs)
}

/** Rejects with 504 when the work is not done in time; what it still does has no effect on the answer. */
export async function withinTime<T>(work: Promise<T>, ms: number, clock: Clock): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>()
  const cancel = clock.after(ms, () => reject(timeout('request did not complete within the allotted timeout', 0)))
  try {
    return await Promise.race([work, promise])
  } finally {
    cancel()
  }
}
