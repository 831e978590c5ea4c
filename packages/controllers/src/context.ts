// What every controller is given. Controllers use the API only.

import type { Clock } from '@binnacle/api'
import type { Client, EventRecorder, Informers } from '@binnacle/client'

export interface ControllerContext {
  /** Acts as the controller's own service account. */
  client: Client
  /** Shared by all controllers; what they hand out is read-only. */
  informers: Informers
  events: EventRecorder
  clock: Clock
  /** Aborts when the engine ends. */
  signal: AbortSignal
  /** PEM of the authority that signed the API server certificate, for kube-root-ca.crt. */
  caCertificate?: string
  /** Signs with that authority; throws where a request is not in order. Without it nothing is signed here. */
  signClientRequest?: SignClientRequest
  /** A try that failed, with the key it was for; it is repeated with back-off. */
  onError?: (error: unknown, key: string) => void
}

/** Makes a client certificate (PEM) for a PKCS #10 request (PEM); `now` in milliseconds. */
export type SignClientRequest = (request: {
  request: string
  keyEncipherment: boolean
  now: number
  lifetimeSeconds?: number
}) => Promise<string>
