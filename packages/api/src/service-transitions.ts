// What a change of a Service's type takes away when the client repeated the old value (dropTypeDependentFields in
// pkg/registry/core/service/strategy.go): a field that no longer means anything must not make the update invalid.

import type { Service, ServicePort, ServiceSpec } from './generated/kinds.ts'
import { semanticallyEqual } from './semantic-equality.ts'

function needsClusterIP({ type }: ServiceSpec): boolean {
  return type === 'ClusterIP' || needsNodePort({ type })
}

function needsNodePort({ type }: Pick<ServiceSpec, 'type'>): boolean {
  return type === 'NodePort' || type === 'LoadBalancer'
}

function needsHealthCheckNodePort(spec: ServiceSpec): boolean {
  return spec.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local'
}

function isExternallyAccessible(spec: ServiceSpec): boolean {
  return needsNodePort(spec) || (spec.type === 'ClusterIP' && (spec.externalIPs?.length ?? 0) > 0)
}

function sameNodePorts(left: ServiceSpec, right: ServiceSpec): boolean {
  const of = (ports: readonly ServicePort[] | undefined): Set<number> =>
    new Set((ports ?? []).flatMap((port) => port.nodePort || []))
  const before = of(left.ports)
  return [...of(right.ports)].every((port) => before.has(port))
}

function dropIfRepeated(fresh: ServiceSpec, old: ServiceSpec, field: keyof ServiceSpec): void {
  if (semanticallyEqual(fresh[field], old[field])) delete fresh[field]
}

export function dropTypeDependentFields(service: Service, old: Service): void {
  const spec = service.spec
  const before = old.spec
  if (!spec || !before) return
  if (needsClusterIP(before) && !needsClusterIP(spec)) {
    if (semanticallyEqual(spec.clusterIPs, before.clusterIPs) && spec.clusterIP === before.clusterIP) {
      delete spec.clusterIP
      delete spec.clusterIPs
    }
    dropIfRepeated(spec, before, 'ipFamilies')
    dropIfRepeated(spec, before, 'ipFamilyPolicy')
  }
  if (needsNodePort(before) && !needsNodePort(spec) && sameNodePorts(before, spec)) {
    for (const port of spec.ports ?? []) delete port.nodePort
  }
  if (needsHealthCheckNodePort(before) && !needsHealthCheckNodePort(spec)) {
    dropIfRepeated(spec, before, 'healthCheckNodePort')
  }
  if (before.type === 'LoadBalancer' && spec.type !== 'LoadBalancer') {
    dropIfRepeated(spec, before, 'allocateLoadBalancerNodePorts')
    dropIfRepeated(spec, before, 'loadBalancerClass')
  }
  if (isExternallyAccessible(before) && !isExternallyAccessible(spec)) {
    dropIfRepeated(spec, before, 'externalTrafficPolicy')
  }
  if (spec.type !== 'LoadBalancer') service.status = { ...service.status, loadBalancer: {} }
}
