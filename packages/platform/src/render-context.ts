// What `render` must know, from the informers: other resources, where Services are reached, what configuration says.

import { type ConfigMap, type KubeObject, type Secret, type Service, reachableAddress } from '@binnacle/api'
import { type Informer, configMaps, secrets, services } from '@binnacle/client'
import { type DataSource, type Microservice, type RenderContext, readSources } from '@binnacle/model'
import type { PlatformContext } from './context.ts'
import { dataSources, microservices } from './resources.ts'
import { configurationRevision } from './revisions.ts'

/** Objects that rendering reads, all namespaces. */
export interface RenderSources {
  microservices: Informer<Microservice>
  dataSources: Informer<DataSource>
  services: Informer<Service>
  configMaps: Informer<ConfigMap>
  secrets: Informer<Secret>
}

export function renderSources({ informers }: PlatformContext): RenderSources {
  return {
    microservices: informers.of<Microservice>(microservices, {
      namespace: namespaceOf,
      uses: ({ metadata, spec }) =>
        (spec.uses ?? []).map((use) => `${use.namespace ?? metadata.namespace ?? ''}/${use.name}`),
      bindings: ({ metadata, spec }) => (spec.bindings ?? []).map(({ name }) => `${metadata.namespace ?? ''}/${name}`),
      reads: ({ metadata, spec }) => readSources(spec).map((source) => `${metadata.namespace ?? ''}/${source}`),
    }),
    dataSources: informers.of<DataSource>(dataSources, { namespace: namespaceOf }),
    services: informers.of<Service>(services),
    configMaps: informers.of<ConfigMap>(configMaps),
    secrets: informers.of<Secret>(secrets),
  }
}

/** The context for all resources of a namespace, as far as the informers know. `addresses` is how pods reach Services. */
export function renderContext(
  namespace: string,
  sources: RenderSources,
  { serviceNames }: { serviceNames: boolean },
): RenderContext {
  return {
    namespace,
    microservices: byName(sources.microservices.byIndex('namespace', namespace)),
    dataSources: byName(sources.dataSources.byIndex('namespace', namespace)),
    ...(serviceNames
      ? {}
      : {
          address: (service) => {
            const found = sources.services.get(`${service.namespace}/${service.name}`)
            return found && reachableAddress(found, service.port)
          },
        }),
  }
}

/** Ports of the plain Services that a microservice uses, by the names that it uses them by. */
export function usedServices(
  { metadata, spec }: Microservice,
  sources: RenderSources,
): NonNullable<RenderContext['services']> {
  const found = new Map<string, { name?: string; port: number }[]>()
  for (const use of spec.uses ?? []) {
    const service = sources.services.get(`${use.namespace ?? metadata.namespace}/${use.name}`)
    const ports = service?.spec?.ports
    if (ports !== undefined)
      found.set(
        use.namespace === undefined ? use.name : `${use.namespace}/${use.name}`,
        ports.map(({ name, port }) => (name === undefined ? { port } : { name, port })),
      )
  }
  return found
}

/** Hashes of the configuration that a microservice reads at its start. */
export function revisionsOf(
  { metadata, spec }: Microservice,
  sources: RenderSources,
): NonNullable<RenderContext['revisions']> {
  const found = new Map<string, string>()
  for (const source of readSources(spec)) {
    const [kind = '', name = ''] = source.split('/')
    const key = `${metadata.namespace}/${name}`
    const object = kind === 'Secret' ? sources.secrets.get(key) : sources.configMaps.get(key)
    if (object !== undefined) found.set(source, configurationRevision(object))
  }
  return found
}

function byName<T extends KubeObject>(objects: readonly T[]): Map<string, T> {
  return new Map(objects.map((object) => [object.metadata.name ?? '', object]))
}

export function namespaceOf({ metadata }: KubeObject): string[] {
  return [metadata.namespace ?? '']
}
