// Which Services select a pod, so that a pod's change reaches exactly those, batched by the work queue.

import type { Pod, Service } from '@binnacle/api'
import { pods, services } from '@binnacle/client'
import type { Informer, Informers } from '@binnacle/client'
import { podEndpointChanged } from './service-pods.ts'

const byNamespace = 'namespace'

export interface ServicePods {
  services: Informer<Service>
  /** The pods that a Service selects. */
  select(service: Service): Pod[]
}

/** Subscribes to Services and pods; `enqueue` gets the key of each Service whose endpoints may have changed. */
export function watchServicePods(informers: Informers, enqueue: (key: string) => void): ServicePods {
  const namespaceOf = ({ metadata }: { metadata: { namespace?: string | undefined } }): string[] => [
    metadata.namespace ?? '',
  ]
  const serviceInformer = informers.of<Service>(services, { [byNamespace]: namespaceOf })
  const podInformer = informers.of<Pod>(pods, { [byNamespace]: namespaceOf })
  const keyOf = ({ metadata }: Service): string => `${metadata.namespace}/${metadata.name}`
  const enqueueServicesOf = (pod: Pod): void => {
    for (const service of serviceInformer.byIndex(byNamespace, pod.metadata.namespace ?? '')) {
      if (selects(service, pod)) enqueue(keyOf(service))
    }
  }
  serviceInformer.on({
    added: (service) => enqueue(keyOf(service)),
    updated: (service) => enqueue(keyOf(service)),
    deleted: (service) => enqueue(keyOf(service)),
  })
  podInformer.on({
    added: enqueueServicesOf,
    updated: (pod, old) => {
      const relabelled = JSON.stringify(pod.metadata.labels) !== JSON.stringify(old.metadata.labels)
      if (!relabelled && !podEndpointChanged(pod, old)) return
      enqueueServicesOf(pod)
      if (relabelled) enqueueServicesOf(old)
    },
    deleted: enqueueServicesOf,
  })
  return {
    services: serviceInformer,
    select: (service) =>
      podInformer.byIndex(byNamespace, service.metadata.namespace ?? '').filter((pod) => selects(service, pod)),
  }
}

/** A Service without selector selects nothing: its endpoints are made by hand. */
function selects(service: Service, pod: Pod): boolean {
  const selector = service.spec?.selector
  if (selector === undefined || service.metadata.namespace !== pod.metadata.namespace) return false
  const labels = pod.metadata.labels ?? {}
  for (const key in selector) if (labels[key] !== selector[key]) return false
  return true
}
