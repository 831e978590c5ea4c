// Where a Service is really reached. Where the machine refuses a Service's own address or port (no loopback address
// beyond 127.0.0.1, a port below 1024 without privilege), the proxy listens on a free port of 127.0.0.1 and records it
// on the Service; who hands out addresses (environment variables, status, the Canvas) asks here.

import type { ObjectMeta } from './object.ts'

/** On a Service: JSON object from `<port>/<protocol>` to `<address>:<port>`, such as `{"80/TCP":"127.0.0.1:41234"}`. */
export const reachableAtAnnotation = 'binnacle.dev/reachable-at'

export interface ReachableAddress {
  host: string
  port: number
}

interface ServiceLike {
  metadata: ObjectMeta
  spec?: { clusterIP?: string | undefined } | undefined
}

/** The address that works for one port of the Service: its own, unless the annotation says otherwise. */
export function reachableAddress(service: ServiceLike, port: number, protocol = 'TCP'): ReachableAddress | undefined {
  const mapped = mappedAddresses(service)[`${port}/${protocol}`]
  if (mapped !== undefined) {
    const colon = mapped.lastIndexOf(':')
    return { host: mapped.slice(0, colon), port: Number(mapped.slice(colon + 1)) }
  }
  const clusterIP = service.spec?.clusterIP
  return clusterIP === undefined || clusterIP === '' || clusterIP === 'None' ? undefined : { host: clusterIP, port }
}

function mappedAddresses(service: ServiceLike): Record<string, string> {
  const text = service.metadata.annotations?.[reachableAtAnnotation]
  if (text === undefined) return {}
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null) return {}
    return Object.fromEntries(
      Object.entries(value).filter(([, address]) => typeof address === 'string' && address.includes(':')),
    )
  } catch {
    // Written by hand and broken: the Service's own address is the best guess.
    return {}
  }
}
