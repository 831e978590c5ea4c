// What the Service proxy has seen, as plain data that crosses threads.

export interface ServiceReference {
  namespace: string
  name: string
  /** The Service's port, not the one of its pods. */
  port: number
}

export interface PodReference {
  namespace: string
  name: string
  uid: string
}

/**
 * Who opened the connections: a container of ours; `outside`, a process that is no container of ours; `unknown` where
 * it could not be found out (it was gone before it could be looked at, its files may not be read, another platform).
 */
export type TrafficSource = { pod: PodReference; container: string } | 'outside' | 'unknown'

/** `http` is HTTP/1.x; all else over TCP, HTTP/2 and TLS too, is `tcp`. */
export type TrafficProtocol = 'http' | 'tcp' | 'udp'

export interface LatencyHistogram {
  /** Upper bounds in milliseconds, inclusive; the same for every edge. */
  buckets: readonly number[]
  /** Responses in each bucket (not cumulative); one more than `buckets`, for those above the last bound. */
  counts: readonly number[]
  /** Of all responses, in milliseconds. */
  sum: number
}

/**
 * Counts since the proxy started or, for an edge that was forgotten meanwhile, since it came back: like a counter of
 * Prometheus, one that is smaller than before has begun again.
 *
 * A connection is counted when its caller is known and its first byte has passed, or when it has ended.
 */
export interface TrafficEdge {
  source: TrafficSource
  service: ServiceReference
  protocol: TrafficProtocol
  requests: number
  /**
   * Responses by status code, interim ones (1xx) except 101 left out. `0`, as Envoy has it: the connection ended without
   * an answer. What `requests` is more than all of these is under way, or was lost sight of.
   */
  codes: Readonly<Record<string, number>>
  /** From a request's last byte to its response's first. */
  latencyMs: LatencyHistogram
  /** From the caller to the Service. */
  bytesIn: number
  /** From the Service to the caller. */
  bytesOut: number
  /** For UDP: flows. */
  connectionsOpened: number
  connectionsOpen: number
  /** Connections that no backend accepted, datagrams for which there was none. No byte says that these were HTTP. */
  failures: number
}

export interface TrafficSnapshot {
  /** Milliseconds since the epoch. */
  at: number
  edges: readonly TrafficEdge[]
}
