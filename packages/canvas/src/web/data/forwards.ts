// Ports that the Canvas's server forwards: what /forwards tells and takes.

import { askCanvas } from './kube-api.ts'

export interface ForwardTarget {
  kind: 'Pod' | 'Service'
  namespace: string
  name: string
  /** Of the pod or the Service. */
  port: number
}

/** One of `GET /forwards` (see src/server/port-forward.ts). */
export interface Forward extends ForwardTarget {
  id: string
  /** On 127.0.0.1. */
  localPort: number
  state: 'Listening' | 'Ended'
  /** That are open now. */
  connections: number
  /** Where the newest connection led. */
  pod?: string
  /** Why it ended, or what the newest connection failed of. */
  message?: string
}

export const forwardsApi = {
  list: async (): Promise<readonly Forward[]> => (await askCanvas<{ items: readonly Forward[] }>('/forwards')).items,
  start: (request: ForwardTarget & { localPort?: number }): Promise<Forward> =>
    askCanvas<Forward>('/forwards', { method: 'POST', body: request }),
  stop: (id: string): Promise<Forward> => askCanvas<Forward>(`/forwards/${id}`, { method: 'DELETE' }),
}

export function addressOf({ localPort }: Forward): string {
  return `127.0.0.1:${localPort}`
}
