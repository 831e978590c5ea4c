// What belongs to an application: its resources and its releases, by the label app.kubernetes.io/part-of and by name.

import type { KubeObject } from '@binnacle/api'
import type { Informer } from '@binnacle/client'
import { type DataSource, type Microservice, type Release, partOfLabel } from '@binnacle/model'
import type { PlatformContext } from '../context.ts'
import { dataSources, microservices, releases } from '../resources.ts'

export type Member = Microservice | DataSource

export interface Members {
  releases: Informer<Release>
  /** By kind, name and namespace; undefined where there is none. */
  get(kind: string, namespace: string, name: string): Member | undefined
  /** Of the application with the key `namespace/name`. */
  of(application: string): Member[]
  /** The newest first. */
  releasesOf(application: string): Release[]
  /** Calls back with the key of the application for each change of what belongs to it. */
  onChange(enqueue: (application: string) => void): void
}

export function membersOf({ informers }: PlatformContext): Members {
  const all = [
    informers.of<Microservice>(microservices, { application: applicationOf }),
    informers.of<DataSource>(dataSources, { application: applicationOf }),
  ] as const
  const released = informers.of<Release>(releases, { application: (release) => [applicationOfRelease(release)] })
  return {
    releases: released,
    get: (kind, namespace, name) =>
      kind === 'Microservice'
        ? all[0].get(`${namespace}/${name}`)
        : kind === 'DataSource'
          ? all[1].get(`${namespace}/${name}`)
          : undefined,
    of: (application) => all.flatMap((informer): Member[] => informer.byIndex('application', application)),
    releasesOf: (application) =>
      released.byIndex('application', application).toSorted((a, b) => b.spec.revision - a.spec.revision),
    onChange: (enqueue) => {
      const tell = (object: KubeObject): void => applicationOf(object).forEach(enqueue)
      const tellBoth = (object: KubeObject, old: KubeObject): void => {
        tell(old)
        tell(object)
      }
      for (const informer of all) informer.on({ added: tell, updated: tellBoth, deleted: tell })
      const tellOfRelease = (release: Release): void => enqueue(applicationOfRelease(release))
      released.on({ added: tellOfRelease, updated: tellOfRelease, deleted: tellOfRelease })
    },
  }
}

export function applicationOfRelease({ metadata, spec }: Release): string {
  return `${metadata.namespace}/${spec.application}`
}

function applicationOf({ metadata }: KubeObject): string[] {
  const name = metadata.labels?.[partOfLabel]
  return name === undefined ? [] : [`${metadata.namespace}/${name}`]
}
