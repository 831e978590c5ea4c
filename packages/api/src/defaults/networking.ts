// Defaults of networking.k8s.io and discovery.k8s.io (pkg/apis/{networking,discovery}/v1/defaults.go).

import type { EndpointSlice, Ingress, IngressClass, NetworkPolicy, ServiceCIDR } from '../generated/kinds.ts'

export function defaultNetworkPolicy(policy: NetworkPolicy): void {
  policy.spec ??= {}
  const spec = policy.spec
  spec.podSelector ??= {}
  for (const rule of spec.ingress ?? []) {
    for (const port of rule.ports ?? []) port.protocol ??= 'TCP'
  }
  for (const rule of spec.egress ?? []) {
    for (const port of rule.ports ?? []) port.protocol ??= 'TCP'
  }
  if ((spec.policyTypes?.length ?? 0) > 0) return
  spec.policyTypes = (spec.egress?.length ?? 0) > 0 ? ['Ingress', 'Egress'] : ['Ingress']
}

export function defaultIngress(ingress: Ingress): void {
  ingress.spec ??= {}
  ingress.status ??= {}
  ingress.status.loadBalancer ??= {}
}

export function defaultIngressClass(ingressClass: IngressClass): void {
  ingressClass.spec ??= {}
  if (ingressClass.spec.parameters) ingressClass.spec.parameters.scope ??= 'Cluster'
}

export function defaultServiceCIDR(cidr: ServiceCIDR): void {
  cidr.spec ??= {}
  cidr.status ??= {}
}

export function defaultEndpointSlice(slice: EndpointSlice): void {
  slice.endpoints ??= []
  for (const endpoint of slice.endpoints) endpoint.conditions ??= {}
  for (const port of slice.ports ?? []) {
    port.name ??= ''
    port.protocol ??= 'TCP'
  }
}
