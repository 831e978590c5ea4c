// What Endpoints and EndpointSlices have in common: which pods stand behind a Service, and at which port of their address
// a service port is served. Upstream: k8s.io/endpointslice/util and FindPort of k8s.io/endpointslice/utils.go.

import { hostPortOf, hostPortsAnnotation } from '@binnacle/api'
import type { Pod, Service } from '@binnacle/api'

export const lastChangeTriggerTimeAnnotation = 'endpoints.kubernetes.io/last-change-trigger-time'
export const headlessLabel = 'service.kubernetes.io/headless'

export type ServicePort = NonNullable<NonNullable<Service['spec']>['ports']>[number]

export function podIsReady(pod: Pod): boolean {
  return pod.status?.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True') ?? false
}

export function podIsTerminal(pod: Pod): boolean {
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed'
}

/** Whether the pod has a place among the endpoints of the Services that select it. */
export function belongsInEndpoints(pod: Pod, options: { includeTerminating: boolean }): boolean {
  if (podIsTerminal(pod)) return false
  if (!pod.status?.podIP && !pod.status?.podIPs?.length) return false
  return options.includeTerminating || pod.metadata.deletionTimestamp === undefined
}

/** A pod of a headless Service that names the Service as its subdomain has a DNS name of its own. */
export function hostnameInService(pod: Pod, service: Service): string | undefined {
  const matches =
    !!pod.spec?.hostname &&
    pod.spec.subdomain === service.metadata.name &&
    pod.metadata.namespace === service.metadata.namespace
  return matches ? pod.spec?.hostname : undefined
}

/**
 * The port at which the pod's address serves a service port: the target port, found by name in the pod's containers and
 * sidecars where it is a name, and mapped by the port contract of the process runtime. Undefined where no container has it.
 */
export function portInPod(pod: Pod, servicePort: ServicePort): number | undefined {
  const protocol = servicePort.protocol ?? 'TCP'
  const target = servicePort.targetPort ?? servicePort.port
  if (typeof target === 'number') return hostPortOf(pod, target, protocol)
  const sidecars = pod.spec?.initContainers?.filter((container) => container.restartPolicy === 'Always') ?? []
  for (const container of [...(pod.spec?.containers ?? []), ...sidecars]) {
    for (const port of container.ports ?? []) {
      if (port.name === target && (port.protocol ?? 'TCP') === protocol) {
        return hostPortOf(pod, port.containerPort, protocol)
      }
    }
  }
  return undefined
}

export function isHeadless(service: Service): boolean {
  return !service.spec?.clusterIP || service.spec.clusterIP === 'None'
}

export function isIPv6(ip: string): boolean {
  return ip.includes(':')
}

/** Whether two versions of a pod may differ in what the endpoints say of it, labels apart. */
export function podEndpointChanged(pod: Pod, old: Pod): boolean {
  return (
    podIsReady(pod) !== podIsReady(old) ||
    pod.metadata.deletionTimestamp !== old.metadata.deletionTimestamp ||
    podIsTerminal(pod) !== podIsTerminal(old) ||
    pod.spec?.nodeName !== old.spec?.nodeName ||
    pod.spec?.hostname !== old.spec?.hostname ||
    pod.spec?.subdomain !== old.spec?.subdomain ||
    pod.status?.podIP !== old.status?.podIP ||
    podAddresses(pod).join() !== podAddresses(old).join() ||
    pod.metadata.annotations?.[hostPortsAnnotation] !== old.metadata.annotations?.[hostPortsAnnotation]
  )
}

/** status.podIPs, or the single podIP where only that is set. */
export function podAddresses(pod: Pod): string[] {
  const ips = pod.status?.podIPs?.flatMap(({ ip }) => (ip ? [ip] : [])) ?? []
  return ips.length === 0 && pod.status?.podIP ? [pod.status.podIP] : ips
}

/**
 * The time of the change that made new endpoints necessary, for the annotation that network programming latency is
 * measured from. Upstream: TriggerTimeTracker.
 */
export class TriggerTimes {
  readonly #services = new Map<string, { uid: string | undefined; pods: Map<string, string> }>()

  /** RFC 3339, or undefined where nothing that has a time changed since the last call for this Service. */
  changed(service: Service, pods: readonly Pod[]): string | undefined {
    const key = `${service.metadata.namespace}/${service.metadata.name}`
    const known = this.#services.get(key)
    const times = new Map<string, string>()
    let earliest: string | undefined
    for (const pod of pods) {
      const time = pod.status?.conditions?.find((condition) => condition.type === 'Ready')?.lastTransitionTime
      const name = pod.metadata.name
      if (!time || name === undefined) continue
      times.set(name, time)
      if (time > (known?.pods.get(name) ?? '') && (earliest === undefined || time < earliest)) earliest = time
    }
    const isNew = known === undefined || known.uid !== service.metadata.uid
    this.#services.set(key, { uid: service.metadata.uid, pods: times })
    return isNew ? service.metadata.creationTimestamp : earliest
  }

  forget(key: string): void {
    this.#services.delete(key)
  }
}
