// Responses that are read as they come: logs that are followed. They share the page's one WebSocket, since browsers allow
// six connections to a host and each replica's log would hold one.

import type { Status } from '@binnacle/api'

export interface StreamListener {
  text(chunk: string): void
  end(): void
  error(status: Partial<Status>): void
}

export interface Stream {
  stop(): void
}

export interface TextStreams {
  /** Opens `path` of the API server. */
  open(path: string, listener: StreamListener): Stream
}
