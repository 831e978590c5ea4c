// The port contract of the process runtime: its pods share one address, so each container port is served on a host port
// that the node agent found free and recorded in an annotation. Whoever turns a container port into an address
// (Endpoints, EndpointSlices, probes, proxies, port-forward) asks here. Pods without the annotation are as usual.

import type { ObjectMeta } from './object.ts'

/** On a Pod: JSON object from `<containerPort>/<protocol>` to the host port that serves it, such as `{"8080/TCP":41234}`. */
export const hostPortsAnnotation = 'binnacle.dev/host-ports'

/** From `<containerPort>/<protocol>` to host port. */
export type HostPorts = ReadonlyMap<string, number>

const none: HostPorts = new Map()

/** Objects from a store or an informer are frozen and shared, so one parse per version of the annotations is enough. */
const parsed = new WeakMap<Record<string, string>, HostPorts>()

function parse(text: string): HostPorts {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    // A hand-written annotation must not take an endpoint away: what cannot be read maps nothing.
    return none
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return none
  const ports = new Map<string, number>()
  for (const [key, port] of Object.entries(value)) {
    if (typeof port === 'number' && Number.isInteger(port) && port > 0 && port < 65536) ports.set(key, port)
  }
  return ports
}

/** All host ports of a pod; empty where the runtime gives pods addresses of their own. */
export function hostPortsOf(pod: { metadata: ObjectMeta }): HostPorts {
  const annotations = pod.metadata.annotations
  const text = annotations?.[hostPortsAnnotation]
  if (annotations === undefined || text === undefined) return none
  if (!Object.isFrozen(annotations)) return parse(text)
  let ports = parsed.get(annotations)
  if (ports === undefined) {
    ports = parse(text)
    parsed.set(annotations, ports)
  }
  return ports
}

/** The port at which the pod's address serves `containerPort`: the mapped host port, or the container port itself. */
export function hostPortOf(pod: { metadata: ObjectMeta }, containerPort: number, protocol = 'TCP'): number {
  return hostPortsOf(pod).get(hostPortKey(containerPort, protocol)) ?? containerPort
}

/** `8080/TCP` */
export function hostPortKey(containerPort: number, protocol: string): string {
  return `${containerPort}/${protocol}`
}

/** The annotation's value, keys in order so that an unchanged mapping is an unchanged object. */
export function formatHostPorts(ports: HostPorts): string {
  return JSON.stringify(Object.fromEntries([...ports].sort(([a], [b]) => (a < b ? -1 : 1))))
}
