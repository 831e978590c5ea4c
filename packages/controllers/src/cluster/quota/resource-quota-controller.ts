// Keeps status.hard and status.used of each ResourceQuota. What an admission plugin charges at create is put right here,
// at once when something is released. Upstream: pkg/controller/resourcequota.

import { compareQuantities, isConflict, isNotFound, parseQuantity } from '@binnacle/api'
import type { KubeObject, PersistentVolumeClaim, Pod, ResourceQuota, Service } from '@binnacle/api'
import { persistentVolumeClaims, pods, resourceQuotas, services } from '@binnacle/client'
import type { Controller, Informer, ResourceRef } from '@binnacle/client'
import type { ControllerContext } from '../../context.ts'
import { runController } from '../run-controller.ts'
import { isCharged, quotaUsage } from './usage.ts'
import type { Usage } from './usage.ts'

const resyncMs = 5 * 60_000
const byNamespace = 'namespace'

export function startResourceQuotaController(context: ControllerContext): Controller {
  const { client, informers, clock } = context
  const quotaInformer = informers.of<ResourceQuota>(resourceQuotas, { [byNamespace]: namespaceOf })
  const podInformer = informers.of<Pod>(pods, { [byNamespace]: namespaceOf })
  const serviceInformer = informers.of<Service>(services, { [byNamespace]: namespaceOf })
  const claimInformer = informers.of<PersistentVolumeClaim>(persistentVolumeClaims, { [byNamespace]: namespaceOf })
  /** Informers of the resources that quotas count, by `<resource>` or `<resource>.<group>`. */
  const counted = new Map<string, Informer<KubeObject>>()

  const controller = runController(context, {
    name: 'resourcequota-controller',
    workers: 5,
    reconcile: async (key) => {
      const quota = quotaInformer.get(key)
      if (!quota) return undefined
      for (const name of countedResources(quota)) await watchResource(name)
      const namespace = quota.metadata.namespace ?? ''
      const used = quotaUsage(quota.spec ?? {}, {
        pods: podInformer.byIndex(byNamespace, namespace),
        services: serviceInformer.byIndex(byNamespace, namespace),
        claims: claimInformer.byIndex(byNamespace, namespace),
        count: (resource) => counted.get(resource)?.byIndex(byNamespace, namespace).length ?? 0,
        now: clock.now(),
      })
      const hard = quota.spec?.hard ?? {}
      if (!sameList(quota.status?.hard, hard) || !sameList(quota.status?.used, used)) {
        try {
          await client.updateStatus<ResourceQuota>(resourceQuotas, { ...quota, status: { hard: { ...hard }, used } })
        } catch (error) {
          if (isConflict(error)) return { requeueAfterMs: 20 }
          if (!isNotFound(error)) throw error
        }
      }
      return { requeueAfterMs: resyncMs }
    },
  })

  async function watchResource(name: string): Promise<void> {
    if (counted.has(name)) return
    const resource = (await client.discover()).find(({ ref }) => quotaName(ref) === name && ref.namespaced)
    if (!resource) return
    const informer = informers.of<KubeObject>(resource.ref, { [byNamespace]: namespaceOf })
    counted.set(name, informer)
    informer.on({ added: replenish, deleted: replenish })
    await informer.synced
  }

  const enqueue = ({ metadata }: ResourceQuota): void => controller.enqueue(`${metadata.namespace}/${metadata.name}`)
  const replenish = ({ metadata }: KubeObject): void => {
    for (const quota of quotaInformer.byIndex(byNamespace, metadata.namespace ?? '')) enqueue(quota)
  }
  quotaInformer.on({ added: enqueue, updated: enqueue })
  podInformer.on({
    added: replenish,
    updated: (pod, old) => {
      const now = clock.now()
      if (isCharged(pod, now) !== isCharged(old, now) || pod.metadata.generation !== old.metadata.generation) {
        replenish(pod)
      }
    },
    deleted: replenish,
  })
  for (const informer of [serviceInformer, claimInformer]) {
    informer.on({
      added: replenish,
      updated: (object: KubeObject, old: KubeObject) => {
        if (object.metadata.generation !== old.metadata.generation || !('generation' in object.metadata))
          replenish(object)
      },
      deleted: replenish,
    })
  }
  return controller
}

function namespaceOf({ metadata }: KubeObject): string[] {
  return [metadata.namespace ?? '']
}

/** Names by which the quota counts objects of a resource. */
function countedResources({ spec }: ResourceQuota): string[] {
  return Object.keys(spec?.hard ?? {}).flatMap((name) => {
    if (name.startsWith('count/')) return [name.slice('count/'.length)]
    return /^[a-z]+$/.test(name) && !['cpu', 'memory', 'pods'].includes(name) ? [name] : []
  })
}

function quotaName({ group, resource }: ResourceRef): string {
  return group === '' ? resource : `${resource}.${group}`
}

function sameList(
  a: Readonly<Record<string, string | number>> | undefined,
  b: Usage | Readonly<Record<string, string | number>> | undefined,
): boolean {
  if (a === undefined || b === undefined) return a === b
  const names = Object.keys(a)
  return (
    names.length === Object.keys(b).length &&
    names.every((name) => {
      const left = a[name]
      const right = b[name]
      return (
        left !== undefined && right !== undefined && compareQuantities(parseQuantity(left), parseQuantity(right)) === 0
      )
    })
  )
}
