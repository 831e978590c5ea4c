// Pods of our resources and the warnings about them: what status messages are made from.

import type { Event, Pod } from '@binnacle/api'
import { Informer, type InformerOptions, events, objectKey, pods } from '@binnacle/client'
import { managedBy, managedByLabel, nameLabel } from '@binnacle/model'
import type { PlatformContext } from './context.ts'

export class PodWatch {
  readonly #pods: Informer<Pod>
  readonly #warnings: Informer<Event>

  constructor({ client, clock, signal, onError }: PlatformContext) {
    const common: Pick<InformerOptions<Pod>, 'client' | 'clock'> = { client, clock }
    this.#pods = new Informer<Pod>({
      ...common,
      ref: pods,
      labelSelector: `${managedByLabel}=${managedBy}`,
      indexers: { resource: (pod) => [resourceKeyOf(pod) ?? ''] },
      onError: (error) => onError(error, 'informer pods'),
    })
    this.#warnings = new Informer<Event>({
      ...common,
      ref: events,
      fieldSelector: 'type=Warning',
      indexers: { subject: ({ involvedObject: { kind, namespace, name } }) => [`${kind} ${namespace}/${name}`] },
      onError: (error) => onError(error, 'informer events'),
    })
    this.#pods.start(signal)
    this.#warnings.start(signal)
  }

  async synced(): Promise<void> {
    await Promise.all([this.#pods.synced, this.#warnings.synced])
  }

  /** Calls back with the key of the resource for each change of one of its pods, and for each new warning about it. */
  onChange(enqueue: (key: string) => void): void {
    const tell = (pod: Pod): void => {
      const key = resourceKeyOf(pod)
      if (key !== undefined) enqueue(key)
    }
    this.#pods.on({ added: tell, updated: tell, deleted: tell })
    const tellOfWarning = ({ involvedObject }: Event): void => {
      const { kind, namespace, name } = involvedObject
      if (kind === 'Pod') {
        const pod = this.#pods.get(`${namespace}/${name}`)
        if (pod !== undefined) tell(pod)
      } else if (kind === 'StatefulSet') enqueue(`${namespace}/${name}`)
    }
    this.#warnings.on({ added: tellOfWarning, updated: tellOfWarning })
  }

  /** Pods of the resource that are not being deleted. */
  podsOf(key: string): Pod[] {
    return this.#pods.byIndex('resource', key).filter(({ metadata }) => metadata.deletionTimestamp === undefined)
  }

  /** Warnings about one object, the newest last. */
  warningsOf(kind: string, object: Pick<Pod, 'metadata'>): Event[] {
    return this.#warnings
      .byIndex('subject', `${kind} ${objectKey(object)}`)
      .filter(({ involvedObject }) => involvedObject.uid === undefined || involvedObject.uid === object.metadata.uid)
      .toSorted((a, b) => ((a.lastTimestamp ?? '') < (b.lastTimestamp ?? '') ? -1 : 1))
  }
}

function resourceKeyOf({ metadata }: Pod): string | undefined {
  const name = metadata.labels?.[nameLabel]
  return name === undefined ? undefined : `${metadata.namespace}/${name}`
}
