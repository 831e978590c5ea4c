// What rendering must know beside the resource itself. Whoever renders (a controller, `binnacle export`, the Canvas's
// diff) says it as data, so that the same input always gives the same objects.

import type { DataSource } from '../kinds/data-source.ts'
import type { Microservice } from '../kinds/microservice.ts'

export interface ServiceAddress {
  host: string
  port: number
}

/** User name and password of a data source. */
export interface Credentials {
  username: string
  password: string
}

export interface RenderContext {
  /** Namespace of the objects. */
  namespace: string
  /** The other resources of the namespace, by name: ports of services that are used, types of data sources. */
  microservices?: ReadonlyMap<string, Microservice>
  dataSources?: ReadonlyMap<string, DataSource>
  /** Ports of plain Services that are used, by name. */
  services?: ReadonlyMap<string, readonly { name?: string; port: number }[]>
  /** Image that a resource runs, by its name: what was built, or the reference with its digest. */
  images?: ReadonlyMap<string, string>
  /** Hashes of ConfigMaps and Secrets, by `ConfigMap/<name>` and `Secret/<name>`: pods roll when one that they read changes. */
  revisions?: ReadonlyMap<string, string>
  /**
   * Address under which pods reach a Service, where DNS names do not do: undefined while it is not known.
   * DNS names where absent.
   */
  address?: (service: { namespace: string; name: string; port: number }) => ServiceAddress | undefined
  /** Credentials of data sources, by name. Their binding Secrets are rendered only with these. */
  credentials?: ReadonlyMap<string, Credentials>
  /** Image under which programs of this machine run, where data sources are programs and not images. */
  programImage?: string
  /** Folder of each program of this machine that was found, by its name: `redis-server` → `/usr/bin`. */
  programs?: ReadonlyMap<string, string>
}
