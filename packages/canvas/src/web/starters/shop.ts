// The Shop as resources: a web page, an API, a worker and a cache, wired. Their sources are in examples/shop.

import type { Unstructured } from '@binnacle/api'
import { apiVersion, type MicroserviceSpec, partOfLabel } from '@binnacle/model'

interface StarterResource {
  object: Unstructured
  position: { x: number; y: number }
}

const http = { name: 'http', port: 80, targetPort: 8080 } as const
const health = {
  readiness: { httpGet: { path: '/healthz', port: 'http' }, periodSeconds: 1 },
  liveness: { httpGet: { path: '/healthz', port: 'http' }, periodSeconds: 5 },
}
const resources = { requests: { cpu: '20m', memory: '48Mi' } }

const services: readonly { name: string; x: number; y: number; spec: Omit<MicroserviceSpec, 'build' | 'image'> }[] = [
  {
    name: 'web',
    x: 40,
    y: 160,
    spec: { ports: [http], serviceType: 'LoadBalancer', uses: [{ name: 'api' }], replicas: 2, health, resources },
  },
  { name: 'api', x: 380, y: 160, spec: { ports: [http], uses: [{ name: 'cache' }], replicas: 2, health, resources } },
  { name: 'worker', x: 380, y: 340, spec: { uses: [{ name: 'cache' }], replicas: 1, resources } },
  { name: 'cache', x: 720, y: 240, spec: { ports: [{ ...http, port: 8080 }], replicas: 1, health, resources } },
]

export function shopResources({
  application,
  namespace,
}: {
  application: string
  namespace: string
}): readonly StarterResource[] {
  return services.map(({ name, x, y, spec }) => ({
    position: { x, y },
    object: {
      apiVersion,
      kind: 'Microservice',
      metadata: { name, namespace, labels: { [partOfLabel]: application } },
      spec: { build: { context: `shop/${name}`, tag: '1.0.0' }, ...spec },
    },
  }))
}
