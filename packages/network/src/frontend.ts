// The data plane's configuration, as plain data that crosses to its thread: where to listen and whom to connect to.

import type { ServiceReference, TrafficSnapshot } from './traffic/snapshot.ts'
import type { WorkloadContainer } from './traffic/traffic-meter.ts'

export interface Backend {
  address: string
  port: number
}

export interface Frontend {
  /** `<namespace>/<service>:<port>/<protocol>@<role>`; stable over changes of backends. */
  id: string
  service: ServiceReference
  address: string
  port: number
  protocol: 'TCP' | 'UDP'
  backends: readonly Backend[]
  /** Seconds for which a client keeps its backend (ClientIP affinity); absent: none. */
  affinitySeconds?: number
  /** What to do where the address or port is refused: nothing, or a free port of 127.0.0.1. */
  fallback: boolean
}

/** What its thread is started with. */
export interface ProxyWorkerData {
  /** Name of the environment variable that holds the id of the container a process belongs to. */
  marker: string
}

/** What the data plane is told. */
export type ProxyCommand =
  | { type: 'configure'; set: readonly Frontend[]; remove: readonly string[] }
  | { type: 'names'; names: DnsNames; zone: string }
  | { type: 'listenDns'; address: string; port: number }
  | { type: 'traffic' }
  | { type: 'whose'; question: number; answer: WorkloadAnswer }
  | { type: 'close' }

/** What it says back. */
export type ProxyReport =
  /** `code` is set where this is not the address asked for, and says why (EACCES, EADDRNOTAVAIL, EADDRINUSE). */
  | { type: 'listening'; id: string; address: string; port: number; code?: string }
  | { type: 'failed'; id: string; code: string }
  | { type: 'dns'; address: string; port: number; code?: string }
  | { type: 'traffic'; snapshot: TrafficSnapshot }
  /** Asks for an answer of the same number. */
  | ({ type: 'whose'; question: number } & ({ containerId: string } | { podUid: string }))
  | { type: 'error'; error: unknown }
  | { type: 'closed' }

/** Nothing where there is no such container or pod. */
export interface WorkloadAnswer {
  container?: WorkloadContainer
  hasPod?: boolean
}

/** DNS records by lower-case name without the trailing dot. */
export type DnsNames = Readonly<Record<string, DnsRecords>>

export interface DnsRecords {
  /** IPv4 addresses. */
  a?: readonly string[]
  cname?: string
  srv?: readonly { port: number; target: string }[]
}
